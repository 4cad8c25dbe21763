"""What may be asked of the change feed: its parameters, read and held to what the key may see."""

from typing import Final
from uuid import UUID

from api.feed_cursor import FeedCursor, read_cursor
from api.feed_events import KIND_OF_TYPE, KINDS_OF_RESOURCE
from api.feed_reading import FeedReader, Selection
from api.operation import Asked
from api.parameters import Parameter
from api.problems import Problem, bad_request
from storage.secrets import SecretBox
from unified.ids import TenantId

BEGINNING: Final = "beginning"
NOW: Final = "now"
LONGEST_WAIT_S: Final = 60
USUAL_LIMIT: Final = 100
MOST: Final = 500
LAST_EVENT_ID: Final = "Last-Event-ID"
TENANT_HEADER: Final = "X-Tenant-Id"


def _types(text: str) -> frozenset[str]:
    """Kinds of one type, or of several with commas between."""
    try:
        return frozenset(KIND_OF_TYPE[each] for each in text.split(","))
    except KeyError as unknown:
        raise ValueError(f"{unknown.args[0]!r} is no type of event") from None


def _resources(text: str) -> frozenset[str]:
    try:
        return frozenset().union(*(KINDS_OF_RESOURCE[each] for each in text.split(",")))
    except KeyError as unknown:
        raise ValueError(f"{unknown.args[0]!r} is no resource") from None


def _tenants(text: str) -> frozenset[TenantId]:
    try:
        return frozenset(TenantId(str(UUID(each))) for each in text.split(","))
    except ValueError:
        raise ValueError("is no uuid") from None


def _number(least: int, most: int, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else -1
    if not least <= number <= most:
        raise ValueError(f"is no number from {least} to {most}")
    return number


FILTERS: Final = (
    Parameter(
        name="types",
        about="Only events of this type, or these: as in CloudEvents, or in short.",
        schema={"type": "string", "enum": list(KIND_OF_TYPE)},
        read=_types,
        repeated=True,
        example="invoice.updated",
    ),
    Parameter(
        name="resources",
        about="Only events of this resource, or these.",
        schema={"type": "string", "enum": list(KINDS_OF_RESOURCE)},
        read=_resources,
        repeated=True,
        example="invoices",
    ),
    Parameter(
        name="tenants",
        about="Only events of this organisation, or these; else of all that the key may see.",
        schema={"type": "string", "format": "uuid"},
        read=_tenants,
        repeated=True,
    ),
    Parameter(
        name=TENANT_HEADER,
        where="header",
        about="The same as `tenants`, for one organisation.",
        schema={"type": "string", "format": "uuid"},
    ),
)
_AFTER: Final = (
    "The cursor from which to go on. Or `beginning`: whatever is kept; or `now`: what comes after "
    "this request."
)
AFTER: Final = Parameter(
    name="after",
    about=_AFTER,
    schema={"type": "string", "minLength": 1, "default": BEGINNING},
    default=BEGINNING,
    example=BEGINNING,
)
STREAM_AFTER: Final = Parameter(
    name="after",
    about=f"{_AFTER} `{LAST_EVENT_ID}` goes before it.",
    schema={"type": "string", "minLength": 1, "default": NOW},
    default=NOW,
    example=NOW,
)
RESUME: Final = Parameter(
    name=LAST_EVENT_ID,
    where="header",
    about="The `id` of the last event seen: browsers send it by themselves.",
    schema={"type": "string"},
)
LIMIT: Final = Parameter(
    name="limit",
    about="How many events at most; fewer come where they are large.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL_LIMIT},
    read=lambda text: _number(1, MOST, text),
    default=USUAL_LIMIT,
    example=50,
)
WAIT: Final = Parameter(
    name="wait",
    about="Where there is no event yet, wait for one: so many seconds at most.",
    schema={"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_S, "default": 0},
    read=lambda text: _number(0, LONGEST_WAIT_S, text),
    default=0,
    example=0,
)


def selection_of(asked: Asked) -> Selection:
    """Which events are asked for.

    Raises:
        Problem: `tenant_unknown`, `bad_request`.
    """
    tenants = frozenset().union(*asked.query["tenants"])
    header = asked.request.headers.get(TENANT_HEADER)
    if header is not None:
        try:
            named = _tenants(header)
        except ValueError as error:
            raise bad_request(TENANT_HEADER, str(error)) from None
        if tenants and not named <= tenants:
            raise bad_request(TENANT_HEADER, "is not among ?tenants")
        tenants = named
    if not all(asked.caller.sees(each) for each in tenants):
        raise Problem("tenant_unknown", "No such organisation is known to this key.")
    types = frozenset().union(*asked.query["types"])
    resources = frozenset().union(*asked.query["resources"])
    kinds = types & resources if types and resources else types | resources
    filtered = bool(asked.query["types"] or asked.query["resources"])
    return Selection(tenants=tenants or None, kinds=kinds if filtered else None)


async def place_of(
    asked: Asked, text: str, selection: Selection, *, reader: FeedReader, box: SecretBox
) -> FeedCursor:
    """Where to go on.

    Raises:
        Problem: `cursor_unreadable`, `cursor_of_another_list`, `too_many_tenants`.
        StorageError.
    """
    if text == BEGINNING:
        return FeedCursor()
    if text == NOW:
        return await reader.end(asked.caller, selection)
    cursor = read_cursor(text, box)
    if not all(asked.caller.sees(each) for each in cursor.places):
        detail = "The cursor was made for organisations that this key does not see."
        raise Problem("cursor_of_another_list", detail)
    return cursor
