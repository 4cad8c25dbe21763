"""Where tenants' calendars stand, for the clock: found in a time that does not grow with tenants.

The clock looks twice a second, and hardly ever has a tenant to turn. So an index answers by time
zone whose business date lags, and a mark in the tenant's row tells whose due timers were not all
worked off, where a date moved without them or a process was killed between two chunks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from storage.database import Connection, Database
from unified.ids import TenantId


@dataclass(frozen=True, slots=True)
class TenantCalendar:
    """One calendar that is to be turned, or whose due timers are left."""

    tenant_id: TenantId
    time_zone: str | None
    business_date: date


_ZONES = """
WITH RECURSIVE zones(zone) AS (
  (SELECT coalesce(time_zone, 'UTC') FROM tenant
    WHERE state IN ('linked', 'needs_reauth') AND business_date IS NOT NULL ORDER BY 1 LIMIT 1)
  UNION ALL
  SELECT (SELECT coalesce(time_zone, 'UTC') FROM tenant
           WHERE state IN ('linked', 'needs_reauth') AND business_date IS NOT NULL
             AND coalesce(time_zone, 'UTC') > zones.zone ORDER BY 1 LIMIT 1)
    FROM zones WHERE zone IS NOT NULL
)
SELECT zone FROM zones WHERE zone IS NOT NULL
"""

_BEHIND = """
SELECT t.id, t.time_zone, t.business_date
  FROM unnest($1::text[], $2::date[]) AS z(zone, today)
 CROSS JOIN LATERAL (SELECT id, time_zone, business_date FROM tenant
                      WHERE coalesce(time_zone, 'UTC') = z.zone AND business_date < z.today
                        AND state IN ('linked', 'needs_reauth') AND business_date IS NOT NULL
                     OFFSET 0) AS t
UNION
SELECT id, time_zone, business_date
  FROM tenant
 WHERE calendar_open AND state IN ('linked', 'needs_reauth') AND business_date IS NOT NULL
"""


async def calendar_zones(db: Database) -> list[str]:
    """Time zones of the linked tenants whose organisation has been read; UTC where it has none."""
    return [row["zone"] for row in await db.fetch(_ZONES)]


async def calendars_to_turn(db: Database, todays: Mapping[str, date]) -> list[TenantCalendar]:
    """Linked tenants of these zones whose date is before their zone's, and all with an open one."""
    rows = await db.fetch(_BEHIND, list(todays), list(todays.values()))
    return [TenantCalendar(row["id"], row["time_zone"], row["business_date"]) for row in rows]


async def move_business_date(conn: Connection, tenant_id: TenantId, day: date) -> bool:
    """Let the tenant's business date advance to `day`; False if it is there or beyond already.

    The calendar is open from then on: what was due by that day is still to be worked off.
    """
    moved: bool | None = await conn.fetchval(
        """UPDATE tenant SET business_date = $2, calendar_open = true
            WHERE id = $1 AND (business_date IS NULL OR business_date < $2) RETURNING true""",
        tenant_id,
        day,
    )
    return bool(moved)


async def close_calendar(conn: Connection, tenant_id: TenantId, day: date) -> None:
    """All that was due by `day` has been worked off, in this transaction or before."""
    await conn.execute(
        """UPDATE tenant SET calendar_open = false
            WHERE id = $1 AND calendar_open AND business_date <= $2""",
        tenant_id,
        day,
    )
