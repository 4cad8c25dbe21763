"""Everything that is encrypted, encrypted again under the first key.

Row by row in transactions of their own, so it may be cut off anywhere and begun anew: what was
done is merely done again. Whoever refreshes a token set meanwhile waits for its row, or is waited
for. What no key opens is left as it is and counted.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from storage.database import Database
from storage.errors import SecretsUnreadable
from storage.secrets import SecretBox


@dataclass(frozen=True, slots=True)
class Rotated:
    """One secret that was looked at."""

    kind: str  #: "authorization" or "link_attempt"
    id: str  #: of the token set; empty for an attempt to link
    done: bool  #: False: none of the keys opens it


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where secrets of one kind stand."""

    kind: str
    keys: str
    lock: str
    store: str


_PLACES = (
    _Kept(
        "authorization",
        'SELECT id FROM "authorization" ORDER BY id',
        'SELECT tokens FROM "authorization" WHERE id = $1 FOR UPDATE',
        'UPDATE "authorization" SET tokens = $2 WHERE id = $1',
    ),
    _Kept(
        "link_attempt",
        "SELECT state_hash FROM link_attempt ORDER BY state_hash",
        "SELECT verifier FROM link_attempt WHERE state_hash = $1 FOR UPDATE",
        "UPDATE link_attempt SET verifier = $2 WHERE state_hash = $1",
    ),
)


async def count_secrets(db: Database) -> int:
    """How many secrets are kept."""
    count: int = await db.fetchval(
        """SELECT (SELECT count(*) FROM "authorization") + (SELECT count(*) FROM link_attempt)"""
    )
    return count


async def rotate_secrets(db: Database, box: SecretBox) -> AsyncGenerator[Rotated]:
    """Encrypt every token set and link verifier again, telling each as it is done."""
    for place in _PLACES:
        for row in await db.fetch(place.keys):
            done = await _rotated(db, box, place, row[0])
            if done is not None:
                name = row[0] if isinstance(row[0], str) else ""
                yield Rotated(place.kind, name, done)


async def _rotated(db: Database, box: SecretBox, place: _Kept, key: object) -> bool | None:
    async with db.transaction() as conn:
        sealed: bytes | None = await conn.fetchval(place.lock, key)
        if sealed is None:
            return None  # it is gone by now
        try:
            again = box.rotate(sealed)
        except SecretsUnreadable:
            return False
        await conn.execute(place.store, key, again)
    return True
