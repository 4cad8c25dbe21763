"""Every operation of the api, in one list."""

from api.here import Api
from api.operation import Operation
from api.tenants import tenant_operations


def catalogue(api: Api) -> list[Operation]:
    """All operations; ids and addresses are unique."""
    return [
        *tenant_operations(api),
    ]
