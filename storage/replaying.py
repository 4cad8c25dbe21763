"""Committed events read again in their order, to be published once more.

Nothing is marked here: what Kafka has acknowledged stays acknowledged. Events that it has not are
left out, since the relay is about to send them.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from unified.ids import TenantId

PAGE = 500  #: events held at a time


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event as it was committed; see storage/relay.py for the columns."""

    tenant_sequence: int
    epoch: int
    resource: str
    entity_id: str
    value: bytes
    headers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which events of a tenant: of one resource, committed at or after an instant (real time);
    None: of all, from the first one kept. `upto` is the last position looked at."""

    resource: str | None = None
    since: datetime | None = None
    upto: int


_CHOSEN = """
  FROM event
 WHERE tenant_id = $1 AND relayed_at IS NOT NULL AND position <= $2
   AND ($3::text IS NULL OR resource = $3) AND ($4::timestamptz IS NULL OR committed_at >= $4)
"""
_PAGE = (
    """
SELECT tenant_sequence, epoch, resource, entity_id, value, headers"""
    + _CHOSEN
    + """
   AND (epoch, tenant_sequence) > ($5, $6)
 ORDER BY epoch, tenant_sequence LIMIT $7
"""
)


async def newest_position(db: Database) -> int:
    """The position of the newest event; 0 where there is none."""
    newest: int = await db.fetchval("SELECT coalesce(max(position), 0) FROM event")
    return newest


async def count_selected(db: Database, tenant_id: TenantId, chosen: Selection) -> int:
    """How many events are chosen."""
    query = "SELECT count(*)" + _CHOSEN
    count: int = await db.fetchval(query, tenant_id, chosen.upto, chosen.resource, chosen.since)
    return count


async def selected(
    db: Database, tenant_id: TenantId, chosen: Selection, *, page: int = PAGE
) -> AsyncGenerator[list[Replayed]]:
    """The chosen events in the order of their commit, some at a time."""
    epoch = sequence = -1
    while True:
        rows = await db.fetch(
            _PAGE, tenant_id, chosen.upto, chosen.resource, chosen.since, epoch, sequence, page
        )
        if not rows:
            return
        yield [Replayed(**dict(row.items())) for row in rows]
        epoch, sequence = rows[-1]["epoch"], rows[-1]["tenant_sequence"]
