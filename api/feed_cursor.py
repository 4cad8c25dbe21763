"""Places in the change feed, as callers hold them: opaque text, signed, good for ever.

A cursor says how far each organisation was read, so it grows with them: 39 letters each. It is no
secret: whoever holds it has seen the events up to there. What a cursor that is too old means is
told in `feed_reading.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from api.problems import Problem
from api.sealed import seal, unseal
from storage.feed import Place
from storage.secrets import SecretBox
from unified.ids import TenantId

_PURPOSE: Final = b"feed cursor"
_VERSION: Final = 1
_EPOCH_BYTES: Final = 7  #: microseconds, until the year 4253
_SEQUENCE_BYTES: Final = 6
_EACH: Final = 16 + _EPOCH_BYTES + _SEQUENCE_BYTES


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """A place in the feed.

    Attributes:
        places: how far each organisation was read.
        whole: these were all organisations that the caller saw then, so another one is newer.
    """

    places: Mapping[TenantId, Place] = field(default_factory=dict)
    whole: bool = False


def write_cursor(cursor: FeedCursor, box: SecretBox) -> str:
    """The text for callers."""
    content = bytes((_VERSION, cursor.whole)) + b"".join(
        _packed(tenant_id, *place) for tenant_id, place in sorted(cursor.places.items())
    )
    return seal(content, _PURPOSE, box)


def read_cursor(text: str, box: SecretBox) -> FeedCursor:
    """The cursor of a text.

    Raises:
        Problem: `cursor_unreadable`.
    """
    content = unseal(text, _PURPOSE, box)
    if content[0] != _VERSION:
        raise Problem("cursor_unreadable", "The cursor is of a version that is not known here.")
    pieces = [content[at : at + _EACH] for at in range(2, len(content), _EACH)]
    return FeedCursor(dict(map(_unpacked, pieces)), whole=bool(content[1]))


def _packed(tenant_id: TenantId, epoch: int, sequence: int) -> bytes:
    return (
        bytes.fromhex(tenant_id.replace("-", ""))
        + epoch.to_bytes(_EPOCH_BYTES)
        + sequence.to_bytes(_SEQUENCE_BYTES)
    )


def _unpacked(piece: bytes) -> tuple[TenantId, Place]:
    epoch = int.from_bytes(piece[16 : 16 + _EPOCH_BYTES])
    sequence = int.from_bytes(piece[16 + _EPOCH_BYTES :])
    return TenantId(str(UUID(bytes=piece[:16]))), Place(epoch, sequence)
