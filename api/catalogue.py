"""Every operation of the api, in one list."""

from api.acts import act_operations
from api.capabilities import capability_operations
from api.feed import feed_operations
from api.here import Api
from api.keys import key_operations
from api.link_sessions import link_session_operations
from api.operation import Operation
from api.proxy import proxy_operations
from api.reading.operations import reading_operations
from api.tenants import tenant_operations
from api.writing.operations import write_operations


def catalogue(api: Api) -> list[Operation]:
    """All operations; ids and addresses are unique."""
    operations = [
        *tenant_operations(api),
        *link_session_operations(api),
        *key_operations(api),
        *act_operations(api),
        *reading_operations(api),
        *write_operations(api),
        *feed_operations(api),
        *proxy_operations(api),
    ]
    return [*operations, *capability_operations(api, operations)]
