"""What is read by schedule alone: an organisation's reports, how often, and of which contacts.

A schedule is a cursor: it has no row where it is off, which it is until somebody sets it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Connection, Database
from storage.notices import NOTICE_CHANNEL
from unified.ids import RemoteId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One endpoint's snapshots; instants are business time.

    Attributes:
        of: remote ids of what is taken.
        taken_at: the last one; None: none was.
        unsupported_reason: why Xero does not let us read it; None: it does, or unasked.
    """

    endpoint: str
    every: timedelta
    of: tuple[RemoteId, ...]
    due_at: datetime
    taken_at: datetime | None
    unsupported_reason: str | None


async def schedules(db: Database | Connection, tenant_id: TenantId) -> dict[str, Schedule]:
    """The snapshots that are on, by endpoint."""
    rows = await db.fetch(
        """SELECT endpoint, snapshot_every, snapshot_of, sweep_due_at, last_swept_at,
                  unsupported_reason
             FROM cursor WHERE tenant_id = $1 AND snapshot_every IS NOT NULL ORDER BY endpoint""",
        tenant_id,
    )
    return {
        row["endpoint"]: Schedule(
            endpoint=row["endpoint"],
            every=row["snapshot_every"],
            of=tuple(RemoteId(each) for each in row["snapshot_of"]),
            due_at=row["sweep_due_at"],
            taken_at=row["last_swept_at"],
            unsupported_reason=row["unsupported_reason"],
        )
        for row in rows
    }


async def schedule_snapshots(
    db: Database, tenant_id: TenantId, endpoint: str, *, every: timedelta,
    of: Collection[str], now: datetime,
) -> None:  # fmt: skip
    """Turn snapshots of an endpoint on, or change how often and of what; one is due now. Tells the
    handlers."""
    await db.execute(
        """WITH asked AS (
             INSERT INTO cursor (tenant_id, endpoint, sweep_due_at, backfill_state, snapshot_every,
                                 snapshot_of)
             VALUES ($1, $2, $3, 'done', $4, $5)
                 ON CONFLICT (tenant_id, endpoint) DO UPDATE
                SET sweep_due_at = least(cursor.sweep_due_at, excluded.sweep_due_at),
                    snapshot_every = excluded.snapshot_every, snapshot_of = excluded.snapshot_of
             RETURNING 1
           )
           SELECT pg_notify($6, $1::uuid::text) FROM asked LIMIT 1""",
        tenant_id,
        endpoint,
        now,
        every,
        sorted(of),
        NOTICE_CHANNEL,
    )


async def stop_snapshots(db: Database, tenant_id: TenantId, endpoints: Sequence[str]) -> int:
    """Turn snapshots of these endpoints off; what was taken stays. Returns how many were on."""
    rows = await db.fetch(
        """DELETE FROM cursor
            WHERE tenant_id = $1 AND endpoint = ANY($2::text[]) AND snapshot_every IS NOT NULL
        RETURNING 1""",
        tenant_id,
        list(endpoints),
    )
    return len(rows)


async def snapshots_asked(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, next_at: datetime
) -> None:
    """What is due of an endpoint has been asked for; the next is due at `next_at`."""
    await conn.execute(
        """UPDATE cursor SET sweep_due_at = $3, failures = 0
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        next_at,
    )


async def snapshot_taken(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, now: datetime
) -> bool:
    """A snapshot was read; whether Xero had refused the endpoint until then."""
    return bool(
        await conn.fetchval(
            """WITH before AS (
                 SELECT unsupported_reason FROM cursor WHERE tenant_id = $1 AND endpoint = $2)
               UPDATE cursor SET since = $3, last_swept_at = $3, unsupported_reason = NULL,
                      unsupported_since = NULL
                 FROM before
                WHERE tenant_id = $1 AND endpoint = $2
            RETURNING before.unsupported_reason IS NOT NULL""",
            tenant_id,
            endpoint,
            now,
        )
    )


async def account_types(db: Database, tenant_id: TenantId) -> dict[str, str]:
    """Unified types of the accounts that the mirror knows, by remote id."""
    rows = await db.fetch(
        """SELECT remote_id, type FROM record
            WHERE tenant_id = $1 AND resource = 'account' AND type IS NOT NULL""",
        tenant_id,
    )
    return {row["remote_id"]: row["type"] for row in rows}
