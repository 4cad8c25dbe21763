"""What a delivery says: hints for the inbox, and everything in it that makes none, by reason.

Pure. Xero (webhooks overview): a delivery holds events of several organisations and categories,
thin ones, and new categories, types and keys appear without notice. So nothing here refuses a
delivery for what it does not know: it is counted, and the delivery is kept as it came.
`resourceUrl` is never looked at: what to fetch follows from category and id alone.

Whether a tenant is linked is not decided here but in the transaction that stores the hints.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from storage.deliveries import Hint
from unified.ids import RemoteId, TenantId
from unified.resources import by_category

_ENVELOPE_KEYS = frozenset({"events", "firstEventSequence", "lastEventSequence", "entropy"})
_EVENT_KEYS = frozenset(
    {
        "resourceUrl",
        "resourceId",
        "tenantId",
        "tenantType",
        "eventCategory",
        "eventType",
        "eventDateUtc",
        "data",
    }
)
# Every category Xero has told of. One that no resource of ours carries is left alone on purpose;
# any other is news that somebody should read about.
_KNOWN_CATEGORIES = frozenset(
    {"CONTACT", "INVOICE", "SUBSCRIPTION", "CREDITNOTE", "PREPAYMENT", "OVERPAYMENT", "PAYMENT"}
)
_KNOWN_TYPES = ("CREATE", "UPDATE")  # a tuple: what is compared with it may not be hashable
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LARGEST_SEQUENCE = 2**63 - 1  # what the database can hold; Xero promises 31 bits

# A stamp outside of these is some program's "never"; reckoning with it would leave the calendar.
_FIRST_YEAR, _LAST_YEAR = 2000, 9000

_DECODER = msgspec.json.Decoder()


class Oddity(StrEnum):
    """Why something in a delivery is counted; the first three make no notice."""

    UNKNOWN_CATEGORY = "unknown_category"  # Xero never told of it
    NOT_CARRIED = "not_carried"  # known, such as SUBSCRIPTION, and no resource of ours
    BAD_EVENT = "bad_event"  # not an object, or without usable ids
    UNKNOWN_TYPE = "unknown_type"  # neither CREATE nor UPDATE: a hint all the same
    UNKNOWN_FIELD = "unknown_field"  # an event or delivery with a new key: a hint all the same


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One genuine delivery, read.

    Attributes:
        first_sequence, last_sequence: as numbered by Xero, per subscription; None if unusable.
        event_count: events in it, whatever became of them.
        hints: what may have changed, one per event that says so.
        ignored: how many events had which oddity.
        unreadable: it is not a delivery at all, and only its bytes are worth keeping.
    """

    first_sequence: int | None = None
    last_sequence: int | None = None
    event_count: int = 0
    hints: tuple[Hint, ...] = ()
    ignored: Mapping[str, int] = {}  # each gets its own
    unreadable: bool = False

    @property
    def is_validation(self) -> bool:
        """Whether it is a call of Xero's intent-to-receive check: no events, numbers 0."""
        numbers = (self.first_sequence, self.last_sequence)
        return not self.unreadable and self.event_count == 0 and numbers == (0, 0)


_UNREADABLE = Delivery(unreadable=True)


def read_delivery(body: bytes) -> Delivery:
    """Read a genuine delivery's body; never fails, since sending it again could not mend it."""
    try:
        envelope = _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _UNREADABLE
    events = envelope.get("events") if isinstance(envelope, dict) else None
    if not isinstance(events, list):
        return _UNREADABLE
    oddities: dict[str, int] = {}
    if not envelope.keys() <= _ENVELOPE_KEYS:
        _count(Oddity.UNKNOWN_FIELD, oddities)
    hints = [hint for event in events if (hint := _hint(event, oddities)) is not None]
    return Delivery(
        first_sequence=_sequence(envelope.get("firstEventSequence")),
        last_sequence=_sequence(envelope.get("lastEventSequence")),
        event_count=len(events),
        hints=tuple(hints),
        ignored=oddities,
    )


def _count(oddity: Oddity, oddities: dict[str, int]) -> None:
    oddities[oddity] = oddities.get(oddity, 0) + 1


def _hint(event: Any, oddities: dict[str, int]) -> Hint | None:
    if not isinstance(event, dict):
        _count(Oddity.BAD_EVENT, oddities)
        return None
    if not event.keys() <= _EVENT_KEYS:
        _count(Oddity.UNKNOWN_FIELD, oddities)
    category = event.get("eventCategory")
    if not isinstance(category, str):
        _count(Oddity.BAD_EVENT, oddities)
        return None
    resource = by_category(category)
    if resource is None:
        known = category in _KNOWN_CATEGORIES
        _count(Oddity.NOT_CARRIED if known else Oddity.UNKNOWN_CATEGORY, oddities)
        return None
    tenant_id, remote_id = _uuid(event.get("tenantId")), _uuid(event.get("resourceId"))
    if tenant_id is None or remote_id is None:
        _count(Oddity.BAD_EVENT, oddities)
        return None
    event_type = event.get("eventType")
    if event_type not in _KNOWN_TYPES:
        _count(Oddity.UNKNOWN_TYPE, oddities)
    return Hint(
        tenant_id=TenantId(tenant_id),
        endpoint=resource.endpoint.path,
        remote_id=RemoteId(remote_id),
        created=event_type == "CREATE",
        hinted_at=_instant(event.get("eventDateUtc")),
    )


def _uuid(value: Any) -> str | None:
    """Our spelling of an id, lower case with hyphens; None if it is not one."""
    if not isinstance(value, str):
        return None
    text = value.lower()
    return text if _UUID.fullmatch(text) else None


def _sequence(value: Any) -> int | None:
    usable = type(value) is int and 0 <= value <= _LARGEST_SEQUENCE  # a bool is an int, too
    return value if usable else None


def _instant(value: Any) -> datetime | None:
    """Read `eventDateUtc`: UTC by its name, though it comes without a zone."""
    if not isinstance(value, str):
        return None
    try:
        stamp = datetime.fromisoformat(value)
        instant = stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):  # no date at all, or one outside the calendar
        return None
    return instant if _FIRST_YEAR <= instant.year <= _LAST_YEAR else None
