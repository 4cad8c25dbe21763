"""Places in a list, as callers hold them: opaque, signed, bound to the list they were made for, and
good for a day.

A place is the value by which the list is ordered and the id of the record where a page ended, so it
stands still whatever changes around it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec

from api.problems import Problem
from api.sealed import seal, unseal
from storage.listing import Place
from storage.secrets import SecretBox
from unified.ids import EntityId, TenantId

LIFE: Final = timedelta(days=1)  #: business time
_PURPOSE: Final = b"list cursor"
_VERSION: Final = 1
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class _Sealed(msgspec.Struct, array_like=True):
    version: int
    made_at: int  # seconds
    list_of: bytes
    backwards: bool
    value: str
    id: bytes
    live_at: int | None  # milliseconds, rounded down


_SEALED: Final = msgspec.msgpack.Decoder(_Sealed)


@dataclass(frozen=True, slots=True)
class ListName:
    """A list that cursors are made for, by a digest of all that makes it that list."""

    digest: bytes

    @classmethod
    def of(cls, tenant_id: TenantId, words: Iterable[str]) -> "ListName":
        """The list of an organisation with this address, these filters and this order."""
        told = msgspec.json.encode([tenant_id, *words])
        return cls(blake2b(told, digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Going:
    """From where a page goes on, and which way.

    Attributes:
        live_at: business time up to which Xero itself was asked for the list's first page; None:
            the mirror alone was.
    """

    place: Place
    backwards: bool
    live_at: datetime | None = None


def write_cursor(going: Going, name: ListName, box: SecretBox, *, now: datetime) -> str:
    """The text for callers; `now` is business time."""
    sealed = _Sealed(
        _VERSION,
        int(now.timestamp()),
        name.digest,
        going.backwards,
        going.place.value,
        bytes.fromhex(going.place.id.replace("-", "")),
        None if going.live_at is None else (going.live_at - _START) // _MILLISECOND,
    )
    content = msgspec.msgpack.encode(sealed)
    return seal(content, _PURPOSE, box)


def read_cursor(text: str, name: ListName, box: SecretBox, *, now: datetime) -> Going:
    """The place of a text.

    Raises:
        Problem: `cursor_unreadable`, `cursor_of_another_list`, `cursor_expired`.
    """
    sealed = _SEALED.decode(unseal(text, _PURPOSE, box))
    if sealed.list_of != name.digest:
        detail = "The cursor was made for another organisation, address, filter or order."
        raise Problem("cursor_of_another_list", detail)
    made_at = datetime.fromtimestamp(sealed.made_at, UTC)
    if sealed.version != _VERSION or now - made_at > LIFE:
        raise Problem("cursor_expired", "The cursor is more than a day old.")
    digits = sealed.id.hex()
    entity_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    live_at = None if sealed.live_at is None else _START + sealed.live_at * _MILLISECOND
    return Going(Place(sealed.value, EntityId(entity_id)), sealed.backwards, live_at)
