"""The outbox as the relay reads it: committed events and announcements that Kafka has not yet
acknowledged. The relay marks rows, it never deletes them; the janitor does after their time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from unified.ids import TenantId

MOST_BYTES = 16 * 1024 * 1024  #: of events in one batch, whose last one may go beyond


@dataclass(frozen=True, slots=True)
class UnrelayedEvent:
    """One event, ready to be sent to its resource's event and state topics."""

    position: int
    tenant_id: TenantId
    resource: str
    entity_id: str
    op: str
    cause: str
    value: bytes
    state: bytes | None
    headers: str  #: JSON list of [name, text]
    received_at: datetime | None
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class UnrelayedAnnouncement:
    """One message of the control or dead-letter topic."""

    position: int
    topic: str
    tenant_id: TenantId | None
    key: str
    kind: str
    value: bytes


async def shards_with_work(db: Database, shards: Sequence[int]) -> list[int]:
    """Which of these shards hold something that Kafka has not acknowledged."""
    rows = await db.fetch(
        """SELECT s FROM unnest($1::smallint[]) AS s
            WHERE EXISTS (SELECT 1 FROM event WHERE shard = s AND relayed_at IS NULL)
               OR EXISTS (SELECT 1 FROM announcement WHERE shard = s AND relayed_at IS NULL)""",
        list(shards),
    )
    return [row["s"] for row in rows]


# Lengths are read without the values themselves.
_UNRELAYED = """
WITH next AS (
  SELECT position, sum(octet_length(value) + coalesce(octet_length(state), 0))
                     OVER (ORDER BY position) AS upto,
         octet_length(value) + coalesce(octet_length(state), 0) AS size
    FROM event WHERE shard = $1 AND relayed_at IS NULL ORDER BY position LIMIT $2
)
SELECT e.position, e.tenant_id, e.resource, e.entity_id, e.op, e.cause, e.value, e.state,
       e.headers, e.received_at, e.committed_at
  FROM next JOIN event e USING (position)
 WHERE next.upto - next.size < $3
 ORDER BY e.position
"""


async def unrelayed_events(
    db: Database, shard: int, *, limit: int, most_bytes: int = MOST_BYTES
) -> list[UnrelayedEvent]:
    """The shard's oldest unacknowledged events, in the order in which they were committed: up to
    `limit` of them, and fewer once they hold `most_bytes`."""
    rows = await db.fetch(_UNRELAYED, shard, limit, most_bytes)
    return [UnrelayedEvent(**dict(row.items())) for row in rows]


async def unrelayed_announcements(
    db: Database, shard: int, *, limit: int
) -> list[UnrelayedAnnouncement]:
    """The shard's oldest unacknowledged announcements."""
    rows = await db.fetch(
        """SELECT position, topic, tenant_id, key, kind, value
             FROM announcement WHERE shard = $1 AND relayed_at IS NULL
            ORDER BY position LIMIT $2""",
        shard,
        limit,
    )
    return [UnrelayedAnnouncement(**dict(row.items())) for row in rows]


async def mark_relayed(
    db: Database, *, events: Sequence[int], announcements: Sequence[int]
) -> None:
    """Kafka has acknowledged these positions."""
    async with db.transaction() as conn:
        if events:
            await conn.execute(
                """UPDATE event SET relayed_at = clock_timestamp()
                    WHERE position = ANY($1::bigint[])""",
                list(events),
            )
        if announcements:
            await conn.execute(
                """UPDATE announcement SET relayed_at = clock_timestamp()
                    WHERE position = ANY($1::bigint[])""",
                list(announcements),
            )


async def unrelayed_count(db: Database) -> int:
    """How many events and announcements wait for Kafka, over all shards."""
    count: int = await db.fetchval(
        """SELECT (SELECT count(*) FROM event WHERE relayed_at IS NULL)
                + (SELECT count(*) FROM announcement WHERE relayed_at IS NULL)"""
    )
    return count
