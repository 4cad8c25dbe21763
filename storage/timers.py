"""What will become true by time alone: at most one waiting rule per record, by calendar day.

The day is one of the organisation's own calendar; the clock turns it into an instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from storage.database import Connection
from unified.ids import RemoteId, TenantId


@dataclass(frozen=True, slots=True)
class TimerRow:
    """The next rule of one record."""

    remote_id: RemoteId
    rule: str | None  #: None: nothing waits any more
    due_on: date | None


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A rule whose day has come."""

    resource: str
    remote_id: RemoteId
    rule: str
    due_on: date


_SET = """
WITH gone AS (
DELETE FROM timer WHERE tenant_id = $1 AND resource = $2 AND remote_id = ANY($6::text[])
)
INSERT INTO timer (tenant_id, resource, remote_id, rule, due_on)
SELECT $1, $2, t.remote_id, t.rule, t.due_on
  FROM unnest($3::text[], $4::text[], $5::date[]) AS t(remote_id, rule, due_on)
 ORDER BY t.remote_id
    ON CONFLICT (tenant_id, resource, remote_id) DO UPDATE
   SET rule = excluded.rule, due_on = excluded.due_on
"""


async def set_timers(
    conn: Connection, tenant_id: TenantId, resource: str, rows: Sequence[TimerRow]
) -> None:
    """Replace the waiting rules of these records."""
    waiting = sorted((row for row in rows if row.rule is not None), key=lambda row: row.remote_id)
    gone = [row.remote_id for row in rows if row.rule is None]
    if rows:
        await conn.execute(
            _SET,
            tenant_id,
            resource,
            [row.remote_id for row in waiting],
            [row.rule for row in waiting],
            [row.due_on for row in waiting],
            gone,
        )


async def due_timers(
    conn: Connection, tenant_id: TenantId, *, today: date, limit: int
) -> list[DueTimer]:
    """Rules whose day is `today` or was missed, oldest first."""
    rows = await conn.fetch(
        """SELECT resource, remote_id, rule, due_on FROM timer
            WHERE tenant_id = $1 AND due_on <= $2 ORDER BY due_on, remote_id LIMIT $3""",
        tenant_id,
        today,
        limit,
    )
    return [DueTimer(**dict(row.items())) for row in rows]
