"""All operations that write: in one list, for the catalogue."""

from api.here import Api
from api.operation import Operation
from api.writing.records import writing_operations
from api.writing.uploads import upload_operations
from unified.resources import KINDS


def write_operations(api: Api) -> list[Operation]:
    """Making, changing, removing, commands, and files."""
    return [*writing_operations(api, KINDS), *upload_operations(api)]
