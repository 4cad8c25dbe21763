"""What waits in the tables, in a few figures: for metrics and alerts, not for deciding anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Database
from unified.topics import RELAY_SHARDS


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits at one moment, over all organisations.

    Attributes:
        notices: due now, of organisations that may be read now.
        notice_age: how long the oldest of these has been due, in business time.
        dead_letters: things that were buried; unreadable deliveries do not count.
        events: committed and not acknowledged by Kafka.
        event_age: how long the oldest of these has waited, in real time.
        tenants: organisations by state; every state is named.
    """

    notices: int
    notice_age: timedelta
    dead_letters: int
    events: int
    event_age: timedelta
    tenants: Mapping[str, int]


# The oldest event of a shard is the one with the lowest position: one look into the index for each.
_BACKLOG = """
WITH readable AS (
  SELECT id FROM tenant
   WHERE state = 'linked' AND (blocked_until IS NULL OR blocked_until <= $1)
), due AS (
  SELECT count(*) AS notices, min(n.due_at) AS since
    FROM notice n JOIN readable t ON t.id = n.tenant_id
   WHERE n.state = 'due' AND n.due_at <= $1
), unsent AS (
  SELECT min(oldest.committed_at) AS since
    FROM generate_series(0, $2 - 1) AS shards(shard)
   CROSS JOIN LATERAL (SELECT e.committed_at FROM event e
                        WHERE e.shard = shards.shard AND e.relayed_at IS NULL
                        ORDER BY e.position LIMIT 1) AS oldest
)
SELECT due.notices, coalesce($1 - due.since, interval '0') AS notice_age,
       (SELECT count(*) FROM notice WHERE state = 'dead') AS dead_letters,
       (SELECT count(*) FROM event WHERE relayed_at IS NULL) AS events,
       coalesce(clock_timestamp() - unsent.since, interval '0') AS event_age
  FROM due, unsent
"""

_STATES = ("linked", "needs_reauth", "disconnected", "vanished", "erasing", "erased")


async def backlog(db: Database, *, now: datetime) -> Backlog:
    """Look at what waits; `now` is business time."""
    row = await db.fetchrow(_BACKLOG, now, RELAY_SHARDS)
    assert row is not None  # noqa: S101  # an aggregate has a row
    counted = await db.fetch("SELECT state, count(*) AS tenants FROM tenant GROUP BY state")
    found = {each["state"]: each["tenants"] for each in counted}
    tenants = {state: found.get(state, 0) for state in _STATES}
    return Backlog(**dict(row.items()), tenants=tenants)
