"""Dead letters: things that could not be absorbed, and genuine deliveries that are none.

Both lie where they died, a notice in the inbox and a delivery in its log, until a person retries
or drops them. Later hints revive a dead notice without anybody's doing: see storage/notices.py.
Reading what was kept of them is not done here: see ledgerwire/deadletters.py.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from storage.database import Connection, Database, changed_rows
from storage.deliveries import StoredDelivery, store_deliveries
from storage.notices import NOTICE_CHANNEL, NewNotice, add_notices
from unified.ids import RemoteId, TenantId

NOTICE, DELIVERY = "notice", "delivery"
UNNAMED = "unreadable-"  #: begins the remote id of a thing whose own id could not be read


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter, without its content.

    Attributes:
        key: names it to the functions here: "{tenant}/{endpoint}/{remote id}" or the id of a
            delivery.
        kind: "notice" or "delivery" (a genuine body that can't be parsed).
        size: bytes of content kept, as stored.
    """

    key: str
    kind: str
    died_at: datetime
    tenant_id: TenantId | None
    endpoint: str | None
    remote_id: str | None
    attempts: int
    error_code: str | None
    error: str | None
    size: int


_NOTICES = """
SELECT tenant_id || '/' || endpoint || '/' || remote_id AS key, 'notice' AS kind, died_at,
       tenant_id, endpoint, remote_id, attempts, error_code, error,
       coalesce(octet_length(raw), 0) AS size
  FROM notice
 WHERE state = 'dead' AND ($1::uuid IS NULL OR tenant_id = $1)
   AND ($3::text IS NULL OR tenant_id || '/' || endpoint || '/' || remote_id = $3)
 ORDER BY died_at DESC LIMIT $2
"""
_DELIVERIES = """
SELECT id::text AS key, 'delivery' AS kind, received_at AS died_at, NULL::uuid AS tenant_id,
       NULL AS endpoint, NULL AS remote_id, 0 AS attempts, 'unreadable' AS error_code,
       'a genuine delivery that is not one Xero documents' AS error,
       coalesce(octet_length(body), 0) AS size
  FROM delivery WHERE outcome = 'unreadable' AND ($2::text IS NULL OR id::text = $2)
 ORDER BY received_at DESC LIMIT $1
"""
_REVIVE = """
UPDATE notice
   SET state = 'due', died_at = NULL, attempts = 0, outages = 0, stale_reads = 0,
       origin = 'retry', due_at = $4, version = nextval('notice_version')
 WHERE state = 'dead' AND tenant_id::text = $1 AND endpoint = $2 AND remote_id = $3
"""


async def dead_letters(
    db: Database, tenant_id: TenantId | None = None, *, limit: int = 1_000
) -> list[DeadLetter]:
    """The newest dead letters first; of one tenant, or of all with the unreadable deliveries."""
    rows: list[asyncpg.Record] = await db.fetch(_NOTICES, tenant_id, limit, None)
    if tenant_id is None:
        rows = rows + await db.fetch(_DELIVERIES, limit, None)
    letters = [DeadLetter(**dict(row.items())) for row in rows]
    return sorted(letters, key=lambda letter: letter.died_at, reverse=True)[:limit]


async def dead_letter(db: Database, key: str) -> DeadLetter | None:
    """The dead letter of this key, if there is one."""
    if _thing(key) is not None:
        row = await db.fetchrow(_NOTICES, None, 1, key)
    else:
        row = await db.fetchrow(_DELIVERIES, 1, key)
    return None if row is None else DeadLetter(**dict(row.items()))


async def dead_content(db: Database, key: str) -> bytes | None:
    """What was kept of a dead letter: Xero's JSON of a notice's thing, a delivery's body; None
    if nothing was, or the key names nothing dead. Holds other people's books: never log it."""
    if (thing := _thing(key)) is not None:
        packed = await db.fetchval(
            """SELECT raw FROM notice WHERE state = 'dead' AND tenant_id::text = $1
                  AND endpoint = $2 AND remote_id = $3""",
            *thing,
        )
        return zlib.decompress(packed) if packed else None
    body: bytes | None = await db.fetchval(
        "SELECT body FROM delivery WHERE outcome = 'unreadable' AND id::text = $1", key
    )
    return body


async def retry_dead(db: Database, keys: Sequence[str], *, now: datetime) -> int:
    """Let dead notices be due again at `now` (business time), with no attempt counted; returns
    how many there were. Unreadable deliveries can't be retried: they would read the same."""
    revived = 0
    async with db.transaction() as conn:
        for thing in sorted(thing for key in keys if (thing := _thing(key)) is not None):
            revived += changed_rows(await conn.execute(_REVIVE, *thing, now))
        await conn.execute("SELECT pg_notify($1, '')", NOTICE_CHANNEL)
    return revived


async def name_dead(db: Database, key: str, remote_id: RemoteId, *, now: datetime) -> bool:
    """What is dead under this key turned out to be `remote_id`: let that be read, alone, instead.

    False if nothing is dead under the key (any more).
    """
    thing = _thing(key)
    if thing is None:
        return False
    async with db.transaction() as conn:
        if not await _drop_thing(conn, thing):
            return False
        tenant_id, endpoint, _ = thing
        await conn.execute(_REVIVE, tenant_id, endpoint, remote_id, now)
        named = NewNotice(endpoint=endpoint, remote_id=remote_id, origin="retry", single_read=True)
        await add_notices(conn, TenantId(tenant_id), [named], now=now)
    return True


async def take_delivery(db: Database, delivery: StoredDelivery, *, now: datetime) -> str | None:
    """A delivery that could not be read can be now: store it anew, with what it hints at.

    Returns its outcome, None if it was not (or no longer) kept as unreadable.
    """
    async with db.transaction() as conn:
        tag = await conn.execute(
            "DELETE FROM delivery WHERE outcome = 'unreadable' AND id = $1", delivery.id
        )
        if not changed_rows(tag):
            return None
        [stored] = await store_deliveries(conn, [delivery], now=now)
    return stored.outcome


async def drop_dead(db: Database, keys: Sequence[str]) -> int:
    """Forget dead letters for good; returns how many there were."""
    dropped = 0
    async with db.transaction() as conn:
        for thing in sorted(thing for key in keys if (thing := _thing(key)) is not None):
            dropped += await _drop_thing(conn, thing)
        tag = await conn.execute(
            "DELETE FROM delivery WHERE outcome = 'unreadable' AND id::text = ANY($1::text[])",
            [key for key in keys if _thing(key) is None],
        )
        dropped += changed_rows(tag)
    return dropped


async def _drop_thing(conn: Connection, thing: tuple[str, str, str]) -> int:
    tag = await conn.execute(
        """DELETE FROM notice WHERE state = 'dead' AND tenant_id::text = $1 AND endpoint = $2
              AND remote_id = $3""",
        *thing,
    )
    return changed_rows(tag)


def _thing(key: str) -> tuple[str, str, str] | None:
    tenant_id, _, rest = key.partition("/")
    endpoint, _, remote_id = rest.partition("/")
    return (tenant_id, endpoint, remote_id) if remote_id else None
