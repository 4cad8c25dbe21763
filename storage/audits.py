"""Where the walk through an endpoint's complete list stands, in the row of its cursor.

Kept apart from `storage.cursors`, which is about what changed: an audit reads what is there. What
it means that something is not there is for handlers.absence to say.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Connection, Database
from storage.notices import NOTICE_CHANNEL
from unified.ids import TenantId

FIRST_AFTER = timedelta(days=1)  #: from the end of a backfill, which was a complete list, too


@dataclass(frozen=True, slots=True)
class Audit:
    """How far one endpoint of one tenant has been audited; business time but for `asked_at`."""

    endpoint: str
    due_at: datetime | None  #: None: never, for its backfill was none of everything
    started_at: datetime | None  #: None: no walk is under way
    asked_at: datetime | None  #: database clock, before its first page was asked for
    page: int  #: pages walked
    read: int  #: things read
    total: int | None  #: things Xero counted, once known
    audited_at: datetime | None  #: begin of the last walk that was complete


# An endpoint whose backfill left out what is old is not known in full, so nothing can be compared.
_AUDITS = """
SELECT endpoint,
       CASE WHEN backfill_complete AND backfill_state = 'done'
            THEN coalesce(audit_due_at, backfill_ended_at + $2::interval, sweep_due_at)
        END AS due_at,
       audit_started_at AS started_at, audit_asked_at AS asked_at, audit_page AS page,
       audit_read AS read, audit_total AS total, audited_at
  FROM cursor WHERE tenant_id = $1
"""


async def audits(db: Database | Connection, tenant_id: TenantId) -> dict[str, Audit]:
    """All audits of a tenant by endpoint path."""
    rows = await db.fetch(_AUDITS, tenant_id, FIRST_AFTER)
    return {row["endpoint"]: Audit(**dict(row.items())) for row in rows}


async def audit_started(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, now: datetime, asked_at: datetime
) -> None:
    """A walk begins, or begins again; `asked_at` is the database's time."""
    await conn.execute(
        """UPDATE cursor SET audit_started_at = $3, audit_asked_at = $4, audit_page = 0,
                  audit_read = 0, audit_total = NULL
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        now,
        asked_at,
    )


async def audit_advanced(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, page: int, read: int, total: int | None
) -> None:
    """Page `page` has been compared; `read` things were on it, `total` are said to exist."""
    await conn.execute(
        """UPDATE cursor SET audit_page = $3, audit_read = audit_read + $4,
                  audit_total = coalesce($5, audit_total), failures = 0
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        page,
        read,
        total,
    )


async def audit_ended(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, audited_at: datetime, due_at: datetime
) -> None:
    """A walk that began at `audited_at` was complete; the next one is due at `due_at`, or before,
    where somebody has asked for it since."""
    await conn.execute(
        """UPDATE cursor SET audited_at = $3, audit_started_at = NULL, audit_asked_at = NULL,
                  audit_due_at = CASE WHEN audit_due_at > $3 THEN least(audit_due_at, $4)
                                      ELSE $4 END
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        audited_at,
        due_at,
    )


async def ask_for_audit(
    db: Database, tenant_id: TenantId, endpoints: Sequence[str], *, now: datetime
) -> None:
    """Let complete lists of these endpoints be walked now, from their first page, failed ones too,
    and tell the handlers."""
    await db.execute(
        """WITH asked AS (
             UPDATE cursor SET audit_due_at = $3, audit_started_at = NULL, audit_asked_at = NULL,
                    sweep_due_at = $3, failures = 0
              WHERE tenant_id = $1::uuid AND endpoint = ANY($2::text[]) RETURNING 1
           )
           SELECT pg_notify($4, $1::uuid::text) FROM asked LIMIT 1""",
        tenant_id,
        sorted(endpoints),
        now,
        NOTICE_CHANNEL,
    )


async def note_listed(
    conn: Connection,
    tenant_id: TenantId,
    resource: str,
    listed: Collection[str],
    *,
    asked_at: datetime,
) -> None:
    """These stood in a list that was asked for at `asked_at` (database clock), whatever became of
    what it said of them."""
    await conn.execute(
        """UPDATE record SET listed_at = $4, missed_lists = 0
            WHERE tenant_id = $1 AND resource = $2 AND remote_id = ANY($3::text[])
              AND answered_at < $4""",
        tenant_id,
        resource,
        sorted(listed),
        asked_at,
    )
