"""The linked organisations at a glance, from the database alone."""

from typing import Any

from ledgerwire.installation import open_installation
from ledgerwire.settings import Settings
from storage.database import Database
from unified.clock import Clock
from unified.codecs import instant_text

_OVERVIEW = """
SELECT t.id AS tenant_id, t.name, t.external_id, t.state, t.state_reason,
       to_char(t.state_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS state_since,
       t.business_date::text AS business_date, t.day_remaining, t.blocked_by,
       to_char(t.blocked_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS blocked_until,
       (SELECT count(*) FROM notice n WHERE n.tenant_id = t.id AND n.state = 'due') AS notices_due,
       (SELECT count(*) FROM notice n
         WHERE n.tenant_id = t.id AND n.state = 'dead') AS notices_dead,
       (SELECT count(*) FROM event e
         WHERE e.tenant_id = t.id AND e.relayed_at IS NULL) AS events_unrelayed,
       (SELECT string_agg(c.endpoint || ' ' || c.backfill_state || CASE
                 WHEN c.backfill_total IS NULL THEN ''
                 ELSE ' ' || c.backfill_read || '/' || c.backfill_total END, ', '
               ORDER BY c.endpoint)
          FROM cursor c WHERE c.tenant_id = t.id AND c.backfill_state <> 'done') AS backfill,
       (SELECT to_char(min(greatest(c.last_swept_at, c.backfill_ended_at)) AT TIME ZONE 'UTC',
                       'YYYY-MM-DD"T"HH24:MI:SS"Z"')
          FROM cursor c WHERE c.tenant_id = t.id) AS verified_since
  FROM tenant t ORDER BY t.name, t.id
"""


async def overview(settings: Settings) -> list[dict[str, Any]]:
    """One row per organisation: state and since when, freshness, limits left, what waits."""
    async with open_installation(settings, connections=2, broker=False) as here:
        return await overview_of(here.db, here.clock)


async def overview_of(db: Database, clock: Clock) -> list[dict[str, Any]]:
    """The same for a database that is open already; a limit that has passed is left out."""
    rows = [dict(row.items()) for row in await db.fetch(_OVERVIEW)]
    now = instant_text(clock.now())
    for row in rows:
        row["backfill"] = row["backfill"] or "done"
        if row["blocked_until"] is None or row["blocked_until"] <= now:
            row["blocked_by"] = row["blocked_until"] = None
    return rows
