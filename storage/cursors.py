"""How far each endpoint of a tenant has been read: sweeps by time, the backfill by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from storage.database import Connection, Database
from storage.notices import NOTICE_CHANNEL
from unified.ids import TenantId


@dataclass(frozen=True, slots=True)
class Cursor:
    """The reading state of one endpoint of one tenant; instants are business time."""

    endpoint: str
    since: datetime | None  #: everything stamped up to here has been absorbed
    sweep_due_at: datetime
    changes_per_hour: float
    last_swept_at: datetime | None
    backfill_state: str  #: pending, running or done
    backfill_complete: bool  #: a complete, unlimited backfill has ended
    backfill_page: int  #: pages absorbed
    backfill_read: int  #: things read
    backfill_total: int | None  #: things Xero counted, once known
    backfill_started_at: datetime | None
    backfill_since: datetime | None  #: the backfill was asked to leave out what is older
    failures: int  #: steps that failed since the last one that did not
    backfill_listed: bool  #: the backfill has listed all; what is read by itself is being read
    unsupported_reason: str | None  #: why Xero does not let us read it; None: it does, or unasked
    unsupported_since: datetime | None
    backfill_walks: int  #: times that the backfill has begun at the first page


_COLUMNS = """endpoint, since, sweep_due_at, changes_per_hour, last_swept_at, backfill_state,
       backfill_complete, backfill_page, backfill_read, backfill_total, backfill_started_at,
       backfill_since, failures, backfill_listed, unsupported_reason, unsupported_since,
       backfill_walks"""


def _cursor(row: asyncpg.Record) -> Cursor:
    return Cursor(**dict(row.items()))


async def cursors(db: Database | Connection, tenant_id: TenantId) -> dict[str, Cursor]:
    """All cursors of a tenant by endpoint path."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM cursor WHERE tenant_id = $1",  # noqa: S608  # constant columns
        tenant_id,
    )
    return {row["endpoint"]: _cursor(row) for row in rows}


async def backfill_complete(conn: Connection, tenant_id: TenantId, endpoint: str) -> bool:
    """Whether a complete, unlimited backfill of this endpoint has ended."""
    return bool(
        await conn.fetchval(
            "SELECT backfill_complete FROM cursor WHERE tenant_id = $1 AND endpoint = $2",
            tenant_id,
            endpoint,
        )
    )


async def backfill_started(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, now: datetime
) -> None:
    """A backfill begins (or begins again): later sweeps read from here on."""
    await conn.execute(
        """UPDATE cursor SET backfill_state = 'running', backfill_started_at = $3,
                  backfill_walks = CASE backfill_state WHEN 'running' THEN backfill_walks + 1
                                                       ELSE 1 END,
                  backfill_page = 0, backfill_read = 0, backfill_total = NULL,
                  backfill_listed = false, backfill_ended_at = NULL,
                  since = least(coalesce(since, $3), $3)
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        now,
    )


async def backfill_advanced(  # noqa: PLR0913  # one page's facts
    conn: Connection, tenant_id: TenantId, endpoint: str, *, page: int, read: int,
    total: int | None, clock_lead: timedelta, listed: bool = False,
) -> None:  # fmt: skip
    """Page `page` (or all up to the number `page`, where the endpoint goes on by numbers) has been
    absorbed; `read` things were on it, `total` are said to exist. Where another backfill was asked
    for meanwhile, nothing is noted: that one begins at its first page.

    `listed` says that all of it was on lists by now, and the rest is reads of single things.
    `clock_lead` is how far our clock may be ahead of Xero's: sweeps start that much earlier.
    """
    await conn.execute(
        """UPDATE cursor SET backfill_page = $3, backfill_read = backfill_read + $4,
                  backfill_total = coalesce($5, backfill_total), failures = 0,
                  unsupported_reason = NULL, unsupported_since = NULL,
                  since = least(since, backfill_started_at - $6::interval),
                  backfill_listed = backfill_listed OR $7
            WHERE tenant_id = $1 AND endpoint = $2 AND backfill_state = 'running'""",
        tenant_id,
        endpoint,
        page,
        read,
        total,
        clock_lead,
        listed,
    )


async def backfill_ended(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, now: datetime, sweep_due_at: datetime
) -> None:
    """A backfill has ended; the first sweep is due at `sweep_due_at`. The endpoint is known in full
    from here on, unless this backfill left out what is older than a date. One that was asked for
    while this one ran is still to be done."""
    await conn.execute(
        """UPDATE cursor SET backfill_state = 'done',
                  backfill_complete = backfill_complete OR backfill_since IS NULL,
                  backfill_ended_at = $3, sweep_due_at = $4
            WHERE tenant_id = $1 AND endpoint = $2 AND backfill_state = 'running'""",
        tenant_id,
        endpoint,
        now,
        sweep_due_at,
    )


async def swept(  # noqa: PLR0913  # what one sweep leaves behind
    conn: Connection, tenant_id: TenantId, endpoint: str, *, since: datetime | None,
    now: datetime, sweep_due_at: datetime, changes_per_hour: float, page: int | None = None,
) -> None:  # fmt: skip
    """A sweep has ended: all stamped up to `since` is absorbed; None: no more than before. One that
    was asked for since it began (at `now`) stays due.

    `page` is the number up to which all is absorbed, where the endpoint goes on by numbers.
    """
    await conn.execute(
        """UPDATE cursor SET since = greatest(since, $3), last_swept_at = $4,
                  sweep_due_at = CASE WHEN sweep_due_at > $4 THEN least(sweep_due_at, $5)
                                      ELSE $5 END,
                  changes_per_hour = $6, failures = 0, backfill_page = coalesce($7, backfill_page),
                  unsupported_reason = NULL, unsupported_since = NULL
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        since,
        now,
        sweep_due_at,
        changes_per_hour,
        page,
    )


async def unsupported(  # what was refused, and when to ask again
    conn: Connection, tenant_id: TenantId, endpoint: str, *, reason: str, now: datetime,
    ask_again_at: datetime,
) -> None:  # fmt: skip
    """Xero does not let us read this endpoint of this organisation, for a reason; it is asked again
    when it is said to be, or a new consent was given."""
    await conn.execute(
        """UPDATE cursor SET unsupported_reason = $3, failures = 0, sweep_due_at = $5,
                  unsupported_since = coalesce(unsupported_since, $4)
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        reason,
        now,
        ask_again_at,
    )


async def postpone_sweep(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, sweep_due_at: datetime, failures: int
) -> None:
    """A step failed, `failures` in a row by now: let the next one (of a sweep or a backfill) wait
    until then."""
    await conn.execute(
        """UPDATE cursor SET sweep_due_at = $3, failures = $4
            WHERE tenant_id = $1 AND endpoint = $2""",
        tenant_id,
        endpoint,
        sweep_due_at,
        failures,
    )


async def bring_sweeps_forward(
    db: Database, endpoints: Sequence[str], *, now: datetime, spread_s: float,
    tenant_id: TenantId | None = None,
) -> int:  # fmt: skip
    """Make one sweep of each of these endpoints due between `now` and `now + spread_s` seconds,
    evenly spread over the tenants (or of one tenant), but of none that Xero refuses; returns how
    many were brought forward.

    One that was due already is due from `now`: it may be under way, and have read its list before
    what is looked for happened, so it must come again (see `swept`).
    """
    rows = await db.fetch(
        """UPDATE cursor SET sweep_due_at = CASE
                  WHEN cursor.sweep_due_at <= $2::timestamptz THEN $2
                  ELSE least(cursor.sweep_due_at, $2::timestamptz + make_interval(secs =>
                      $3 * (abs(hashtext(cursor.tenant_id::text)::bigint) % 1000) / 1e3))
                  END
             FROM tenant
            WHERE tenant.id = cursor.tenant_id AND tenant.state IN ('linked','needs_reauth')
              AND cursor.endpoint = ANY($1::text[]) AND ($4::uuid IS NULL OR tenant.id = $4)
              AND cursor.unsupported_reason IS NULL
        RETURNING 1""",
        list(endpoints),
        now,
        spread_s,
        tenant_id,
    )
    return len(rows)


async def ask_for_backfill(
    db: Database,
    tenant_id: TenantId,
    endpoints: Mapping[str, datetime | None],
    *,
    now: datetime,
) -> None:
    """Let these endpoints be read from their beginning, now, and tell the handlers.

    Each endpoint comes with the instant before which what Xero stamped is left out; None reads
    everything. An endpoint that was never read for this tenant gets its cursor.
    """
    paths = sorted(endpoints)
    await db.execute(
        """WITH asked AS (
             INSERT INTO cursor (tenant_id, endpoint, sweep_due_at, backfill_since)
             SELECT $1::uuid, endpoint, $4, since
               FROM unnest($2::text[], $3::timestamptz[]) AS wanted(endpoint, since)
                 ON CONFLICT (tenant_id, endpoint) DO UPDATE
                SET backfill_state = 'pending', backfill_page = 0, backfill_read = 0,
                    backfill_total = NULL, backfill_started_at = NULL, backfill_ended_at = NULL,
                    backfill_listed = false,
                    backfill_since = excluded.backfill_since, failures = 0,
                    unsupported_reason = NULL, unsupported_since = NULL,
                    sweep_due_at = excluded.sweep_due_at
             RETURNING 1
           )
           SELECT pg_notify($5, $1::uuid::text) FROM asked LIMIT 1""",
        tenant_id,
        paths,
        [endpoints[path] for path in paths],
        now,
        NOTICE_CHANNEL,
    )


async def sweep_at_once(
    conn: Connection, tenant_id: TenantId, endpoint: str, *, now: datetime
) -> None:
    """Let an endpoint that was read once be swept next, where Xero does not refuse it, and once
    more if a sweep is under way."""
    await conn.execute(
        """UPDATE cursor SET sweep_due_at = $3
            WHERE tenant_id = $1 AND endpoint = $2 AND backfill_state = 'done'
              AND unsupported_reason IS NULL""",
        tenant_id,
        endpoint,
        now,
    )


async def ask_for_sweep(
    db: Database, tenant_id: TenantId, endpoints: Sequence[str], *, now: datetime
) -> None:
    """Let these endpoints of one tenant be swept now, failed ones too, and tell the handlers."""
    await db.execute(
        """WITH asked AS (
             UPDATE cursor SET sweep_due_at = $3, failures = 0
              WHERE tenant_id = $1::uuid AND endpoint = ANY($2::text[]) RETURNING 1
           )
           SELECT pg_notify($4, $1::uuid::text) FROM asked LIMIT 1""",
        tenant_id,
        sorted(endpoints),
        now,
        NOTICE_CHANNEL,
    )
