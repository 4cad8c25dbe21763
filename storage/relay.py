"""The outbox as the relay reads it: committed events and announcements that Kafka has not yet
acknowledged. The relay marks rows, it never deletes them; the janitor does after their time."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import asyncpg

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


@dataclass(frozen=True, slots=True)
class Unrelayed:
    """The oldest unacknowledged rows of a shard, in the order in which they were committed."""

    events: tuple[UnrelayedEvent, ...] = ()
    announcements: tuple[UnrelayedAnnouncement, ...] = ()

    def __len__(self) -> int:
        return len(self.events) + len(self.announcements)


# Lengths are read without the values themselves. Events and announcements come in one go, since
# each round trip is time in which a change waits.
_NEXT = """
next AS (
  SELECT position, sum(octet_length(value) + coalesce(octet_length(state), 0))
                     OVER (ORDER BY position) AS upto,
         octet_length(value) + coalesce(octet_length(state), 0) AS size
    FROM event WHERE shard = $1 AND relayed_at IS NULL{event_besides} ORDER BY position LIMIT $2
), announced AS (
  SELECT position FROM announcement
   WHERE shard = $1 AND relayed_at IS NULL{announcement_besides} ORDER BY position LIMIT $2
)
SELECT e.position, e.tenant_id, e.resource, e.entity_id, e.op, e.cause, e.value, e.state,
       e.headers, e.received_at, e.committed_at, NULL AS topic, NULL AS key, NULL AS kind
  FROM next JOIN event e USING (position)
 WHERE next.upto - next.size < $3
 UNION ALL
SELECT a.position, a.tenant_id, NULL, NULL, NULL, NULL, a.value, NULL, NULL, NULL, NULL,
       a.topic, a.key, a.kind
  FROM announced JOIN announcement a USING (position)
 ORDER BY topic NULLS FIRST, position
"""
_FIRST = "WITH" + _NEXT.format(event_besides="", announcement_besides="")

# What is marked here is still unmarked to the rest of the statement, so it is left out by name.
# Marks may get lost in a power cut, for which nobody need wait: their events are sent again.
_MARK_AND_NEXT = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
marked_events AS (
  UPDATE event SET relayed_at = clock_timestamp() FROM quick WHERE position = ANY($4::bigint[])
), marked_announcements AS (
  UPDATE announcement SET relayed_at = clock_timestamp() FROM quick
   WHERE position = ANY($5::bigint[])
),""" + _NEXT.format(  # noqa: S608  # constants of this module, not input
    event_besides=" AND position <> ALL($4::bigint[])",
    announcement_besides=" AND position <> ALL($5::bigint[])",
)

_OF_EVENTS = tuple(field.name for field in fields(UnrelayedEvent))
_OF_ANNOUNCEMENTS = tuple(field.name for field in fields(UnrelayedAnnouncement))


async def unrelayed(
    db: Database, shard: int, *, limit: int, most_bytes: int = MOST_BYTES
) -> Unrelayed:
    """What to send next: up to `limit` events, fewer once they hold `most_bytes`, and up to
    `limit` announcements."""
    return _unrelayed(await db.fetch(_FIRST, shard, limit, most_bytes))


async def mark_relayed(
    db: Database, shard: int, sent: Unrelayed, *, limit: int, most_bytes: int = MOST_BYTES
) -> Unrelayed:
    """Kafka has acknowledged these; returns what to send next, as `unrelayed` would."""
    rows = await db.fetch(
        _MARK_AND_NEXT,
        shard,
        limit,
        most_bytes,
        [event.position for event in sent.events],
        [message.position for message in sent.announcements],
    )
    return _unrelayed(rows)


def _unrelayed(rows: Sequence[asyncpg.Record]) -> Unrelayed:
    return Unrelayed(
        tuple(
            UnrelayedEvent(**{name: row[name] for name in _OF_EVENTS})
            for row in rows
            if row["topic"] is None
        ),
        tuple(
            UnrelayedAnnouncement(**{name: row[name] for name in _OF_ANNOUNCEMENTS})
            for row in rows
            if row["topic"] is not None
        ),
    )


async def unrelayed_count(db: Database) -> int:
    """How many events and announcements wait for Kafka, over all shards."""
    count: int = await db.fetchval(
        """SELECT (SELECT count(*) FROM event WHERE relayed_at IS NULL)
                + (SELECT count(*) FROM announcement WHERE relayed_at IS NULL)"""
    )
    return count
