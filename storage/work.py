"""What there is to do for one tenant and what doing it needs to know, in one round trip: its due
notices, its context, and the moment and the notice version before which nothing was asked."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Database
from storage.errors import TenantNotLinked
from storage.notices import NOTICE_COLUMNS, Notice, notice_of
from unified.ids import ConnectionId, TenantId
from unified.resource import TenantContext


@dataclass(frozen=True, slots=True)
class Work:
    """One look at a tenant.

    Attributes:
        notices: due ones, longest due first.
        mark: the newest notice version given out: each notice up to it was hinted before now.
        looked_at: by the database's clock.
        slow_due_at: business time of the next sweep or backfill page; None where there is none.
    """

    context: TenantContext
    notices: tuple[Notice, ...]
    mark: int
    looked_at: datetime
    slow_due_at: datetime | None


# Before the first version is given out, last_value is what that one will be.
_LOOK = f"""
SELECT t.connection_id, t.base_currency, t.short_code, t.time_zone, t.business_date, t.state,
       clock_timestamp() AS looked_at,
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM notice_version) AS mark,
       (SELECT min(sweep_due_at) FROM cursor WHERE tenant_id = $1) AS slow_due_at,
       n.*
  FROM tenant t
  LEFT JOIN LATERAL (SELECT {NOTICE_COLUMNS} FROM notice
                      WHERE tenant_id = $1 AND notice.state = 'due' AND due_at <= $2
                      ORDER BY due_at, remote_id LIMIT $3) AS n ON true
 WHERE t.id = $1
"""  # noqa: S608  # constants, not input


async def look(
    db: Database | Connection, tenant_id: TenantId, *, now: datetime, limit: int
) -> Work:
    """What is due at `now` (business time), at most `limit` notices of it.

    Raises:
        TenantNotLinked: it is unknown, or in a state in which nothing may be read for it.
    """
    rows = await db.fetch(_LOOK, tenant_id, now, limit)
    state = rows[0]["state"] if rows else "unknown"
    if state != "linked":
        raise TenantNotLinked(tenant_id, state)
    first = rows[0]
    return Work(
        context=TenantContext(
            tenant_id=tenant_id,
            connection_id=ConnectionId(first["connection_id"]),
            base_currency=first["base_currency"],
            short_code=first["short_code"],
            time_zone=first["time_zone"],
            business_date=first["business_date"],
        ),
        notices=tuple(notice_of(row) for row in rows if row["remote_id"] is not None),
        mark=first["mark"],
        looked_at=first["looked_at"],
        slow_due_at=first["slow_due_at"],
    )
