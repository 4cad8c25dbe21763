"""The inbox: what may have changed and is still to be looked at, one row per thing of a tenant.

The receiver writes hints through `storage.deliveries`; this module is the handlers' side: read
what is due, finish, wait, bury. A row's `version` comes from one global sequence and moves with
each hint, so finishing what was read never swallows a hint that came meanwhile.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import asyncpg

from storage.database import Connection, Database
from unified.ids import RemoteId, TenantId

NOTICE_CHANNEL = "ledgerwire_notice"  #: NOTIFY payload: see `whom_to_wake`
MOST_NAMED = 200  #: tenants in one payload, which has to stay below 8,000 bytes
UNREADABLE = "unreadable"  #: error code of a thing that Xero shows and we can't absorb


def whom_to_wake(tenant_ids: Collection[str]) -> str:
    """A NOTIFY payload: the tenants' ids with commas between; empty, which means anybody, where
    they are too many."""
    return ",".join(sorted(tenant_ids)) if len(tenant_ids) <= MOST_NAMED else ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that may have changed."""

    endpoint: str  #: path, such as "Invoices"
    remote_id: RemoteId
    version: int
    origin: str
    created_hint: bool  #: some hint said CREATE
    hinted_at: datetime | None  #: business time of the newest hint
    received_at: datetime  #: real time of the newest hint's receipt
    delivery_id: str | None
    first_sequence: int | None
    last_sequence: int | None
    coalesced: int  #: hints that this row stands for
    single_read: bool  #: only a read of its own will do
    stale_reads: int  #: reads that came back older than the hint
    attempts: int  #: tries that Xero, or what it answered, refused
    outages: int = 0  #: times in a row that Xero gave no usable answer; they use no attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """Something to look at that no webhook announced."""

    endpoint: str
    remote_id: RemoteId
    origin: str  #: sweep, write, linked, stale or retry
    single_read: bool = False
    wait: timedelta = timedelta(0)  #: business time until it is due


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """A notice to look at again later."""

    notice: Notice
    due_at: datetime  #: business time
    attempts: int
    stale_reads: int
    single_read: bool
    outages: int = 0
    error_code: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buried:
    """A thing that can't be absorbed until a person has looked at it."""

    endpoint: str
    remote_id: RemoteId
    version: int | None  #: newest hint that the read answered; None: whatever was hinted
    error_code: str
    error: str  #: a sentence without payload or secret
    raw: bytes | None  #: zlib-compressed JSON, if there was any


NOTICE_COLUMNS = """endpoint, remote_id, version, origin, created_hint, hinted_at, received_at,
       delivery_id, first_sequence, last_sequence, coalesced, single_read, stale_reads, attempts,
       outages"""

_DUE = f"""
SELECT {NOTICE_COLUMNS} FROM notice
 WHERE tenant_id = $1 AND state = 'due' AND due_at <= $2
 ORDER BY due_at, remote_id LIMIT $3
"""  # noqa: S608  # a constant of this module, not input

_OF = f"""
SELECT {NOTICE_COLUMNS} FROM notice
 WHERE tenant_id = $1 AND endpoint = $2 AND remote_id = ANY($3::text[])
"""  # noqa: S608  # a constant of this module, not input

# What has died is asked for again, as if a webhook had told of it, or nobody would ever learn what
# lists, schedules and other things say of it. But what can't be read reads the same however often
# others name it: that takes a list, which comes seldom, a caller, or Xero's own word.
_ADD = f"""
INSERT INTO notice (tenant_id, endpoint, remote_id, origin, single_read, received_at, due_at)
SELECT $1, n.endpoint, n.remote_id, n.origin, n.single_read, clock_timestamp(), n.due_at
  FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::bool[])
    AS n(due_at, endpoint, remote_id, origin, single_read)
    ON CONFLICT (tenant_id, endpoint, remote_id) DO UPDATE
   SET version = nextval('notice_version'),
       single_read = notice.single_read OR excluded.single_read,
       origin = CASE notice.state WHEN 'dead' THEN excluded.origin ELSE notice.origin END,
       due_at = CASE notice.state WHEN 'dead' THEN excluded.due_at
                                  ELSE least(notice.due_at, excluded.due_at) END,
       coalesced = CASE notice.state WHEN 'dead' THEN 0 ELSE notice.coalesced END + 1,
       attempts = CASE notice.state WHEN 'dead' THEN 0 ELSE notice.attempts END,
       raw = CASE notice.state WHEN 'dead' THEN NULL ELSE notice.raw END,
       state = 'due', died_at = NULL
 WHERE notice.state = 'due' OR excluded.origin NOT IN ('linked', 'stale')
    OR notice.error_code <> '{UNREADABLE}'
"""  # noqa: S608  # a constant of this module, not input

# In the order of their bytes, as the receiver's statement takes them.
_HOLD = """
SELECT 1 FROM notice
 WHERE tenant_id = $1
   AND (endpoint, remote_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))
 ORDER BY endpoint COLLATE "C", remote_id COLLATE "C" FOR NO KEY UPDATE
"""

_FINISH = """
DELETE FROM notice USING unnest($2::text[], $3::text[], $4::bigint[])
       AS f(endpoint, remote_id, version)
 WHERE notice.tenant_id = $1 AND notice.endpoint = f.endpoint
   AND notice.remote_id = f.remote_id AND notice.version = f.version
"""

_POSTPONE = """
UPDATE notice
   SET due_at = p.due_at, attempts = p.attempts, stale_reads = p.stale_reads,
       single_read = p.single_read, outages = p.outages, error_code = p.error_code, error = p.error
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::int[], $7::smallint[],
              $8::bool[], $9::int[], $10::text[], $11::text[])
    AS p(endpoint, remote_id, version, due_at, attempts, stale_reads, single_read, outages,
         error_code, error)
 WHERE notice.tenant_id = $1 AND notice.endpoint = p.endpoint
   AND notice.remote_id = p.remote_id AND notice.version = p.version
"""

_BURY = """
INSERT INTO notice AS n (tenant_id, endpoint, remote_id, origin, received_at, due_at, state,
                         died_at, error_code, error, raw, attempts)
VALUES ($1, $2, $3, 'sweep', clock_timestamp(), clock_timestamp(), 'dead', clock_timestamp(),
        $5, $6, $7, 1)
    ON CONFLICT (tenant_id, endpoint, remote_id) DO UPDATE
   SET state = 'dead', died_at = clock_timestamp(), error_code = excluded.error_code,
       error = excluded.error, raw = coalesce(excluded.raw, n.raw), attempts = n.attempts + 1,
       outages = 0
 WHERE $4::bigint IS NULL OR n.version <= $4
RETURNING true
"""


_NAMES = tuple(field.name for field in fields(Notice))


def notice_of(row: asyncpg.Record) -> Notice:
    """A row that has `NOTICE_COLUMNS`, among others."""
    return Notice(**{name: row[name] for name in _NAMES})


async def due_notices(
    db: Database | Connection, tenant_id: TenantId, *, now: datetime, limit: int
) -> list[Notice]:
    """Notices due at `now` (business time), longest due first."""
    return [notice_of(row) for row in await db.fetch(_DUE, tenant_id, now, limit)]


async def notices_of(
    conn: Connection, tenant_id: TenantId, endpoint: str, remote_ids: Sequence[str]
) -> dict[RemoteId, Notice]:
    """The notices, due, waiting or dead, for these things."""
    rows = await conn.fetch(_OF, tenant_id, endpoint, list(remote_ids))
    return {row["remote_id"]: notice_of(row) for row in rows}


async def add_notices(
    conn: Connection, tenant_id: TenantId, notices: Sequence[NewNotice], *, now: datetime
) -> None:
    """Queue things to look at; a thing that is queued already is hinted once more, a dead one
    revived, except where it can't be read and only other things speak of it."""
    unique = {(notice.endpoint, notice.remote_id): notice for notice in notices}
    if not unique:
        return
    rows = [unique[key] for key in sorted(unique)]
    await conn.execute(
        _ADD,
        tenant_id,
        [now + row.wait for row in rows],
        [row.endpoint for row in rows],
        [row.remote_id for row in rows],
        [row.origin for row in rows],
        [row.single_read for row in rows],
    )
    await conn.execute("SELECT pg_notify($1, $2)", NOTICE_CHANNEL, tenant_id)


async def hold_notices(
    conn: Connection, tenant_id: TenantId, keys: Iterable[tuple[str, str]]
) -> None:
    """Lock the rows of these (endpoint, remote id) for the rest of the transaction, in the order
    in which the receiver takes them: for transactions that touch notices by several statements,
    whose own order would let the two wait for each other."""
    unique = sorted(set(keys))
    if len(unique) > 1:
        endpoints, remote_ids = zip(*unique, strict=True)
        await conn.execute(_HOLD, tenant_id, list(endpoints), list(remote_ids))


async def finish_notices(conn: Connection, tenant_id: TenantId, notices: Sequence[Notice]) -> None:
    """Drop these notices, except any that was hinted again since it was read."""
    if not notices:
        return
    rows = sorted(notices, key=lambda notice: (notice.endpoint, notice.remote_id))
    await conn.execute(
        _FINISH,
        tenant_id,
        [row.endpoint for row in rows],
        [row.remote_id for row in rows],
        [row.version for row in rows],
    )


async def drop_notices(conn: Connection, tenant_id: TenantId, endpoint: str) -> None:
    """Forget what waits of an endpoint, because nothing of it can be read; dead letters stay."""
    await conn.execute(
        "DELETE FROM notice WHERE tenant_id = $1 AND endpoint = $2 AND state = 'due'",
        tenant_id,
        endpoint,
    )


async def last_notice_due(db: Database, tenant_id: TenantId, endpoint: str) -> datetime | None:
    """When the last of what is still to be read of an endpoint is due; None: nothing is."""
    last: datetime | None = await db.fetchval(
        "SELECT max(due_at) FROM notice WHERE tenant_id = $1 AND endpoint = $2 AND state = 'due'",
        tenant_id,
        endpoint,
    )
    return last


async def postpone_notices(
    conn: Database | Connection, tenant_id: TenantId, rows: Sequence[Postponed]
) -> None:
    """Let notices wait; one that was hinted again since keeps its newer due time."""
    if not rows:
        return
    rows = sorted(rows, key=lambda row: (row.notice.endpoint, row.notice.remote_id))
    await conn.execute(
        _POSTPONE,
        tenant_id,
        [row.notice.endpoint for row in rows],
        [row.notice.remote_id for row in rows],
        [row.notice.version for row in rows],
        [row.due_at for row in rows],
        [row.attempts for row in rows],
        [row.stale_reads for row in rows],
        [row.single_read for row in rows],
        [row.outages for row in rows],
        [row.error_code for row in rows],
        [row.error for row in rows],
    )


async def bury_notice(conn: Connection, tenant_id: TenantId, buried: Buried) -> bool:
    """Keep a thing that can't be absorbed as a dead letter; False if it was hinted again since."""
    done: bool | None = await conn.fetchval(
        _BURY,
        tenant_id,
        buried.endpoint,
        buried.remote_id,
        buried.version,
        buried.error_code,
        buried.error,
        buried.raw,
    )
    return bool(done)


async def newest_notice_version(db: Database) -> int:
    """The newest version given out so far: every notice up to it was hinted before now."""
    # Before the first one is given out, last_value is what that one will be.
    version: int = await db.fetchval(
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM notice_version"
    )
    return version
