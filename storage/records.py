"""The mirror: what was last known of each thing, read and written under the tenant's lock.

Nothing here decides whether something changed: `handlers.absorb` does. Functions that write expect
a connection inside a transaction that holds the tenant's row (`storage.absorbing.lock_tenant`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from storage.database import Connection, Database
from unified.ids import EntityId, RemoteId, TenantId


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """One row of the mirror, as far as comparing needs it."""

    remote_id: RemoteId
    unified: dict[str, Any]  #: the record as last published, volatile fields as last read
    fingerprint: bytes
    sequence: int
    completeness: str
    updated_at: datetime | None  #: Xero's own stamp
    asked_at: datetime  #: database clock, before the request left
    answered_at: datetime  #: database clock, after its answer came
    first_seen_at: datetime
    changed_at: datetime
    is_deleted: bool
    endpoint: str | None  #: where it was read last; None: before that was kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One row to insert or replace, because the content differs from what was known."""

    remote_id: RemoteId
    id: EntityId
    unified: bytes
    raw: bytes | None  #: zlib-compressed JSON of Xero's answer
    raw_read: str | None
    fingerprint: bytes
    sequence: int
    completeness: str
    updated_at: datetime | None
    asked_at: datetime
    answered_at: datetime
    first_seen_at: datetime
    changed_at: datetime
    status: str | None
    type: str | None
    number: str | None
    contact_remote_id: str | None
    issue_date: date | None
    due_date: date | None
    is_deleted: bool
    endpoint: str  #: the source it came from
    contact_id: EntityId | None = None
    parent_id: EntityId | None = None
    payment_status: str | None = None
    is_overdue: bool = False
    facet: str | None = None
    created_at: datetime | None = None  #: Xero's own stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRow:
    """One row whose content was confirmed: clocks move, volatile fields are replaced if given."""

    remote_id: RemoteId
    unified: bytes | None  #: None: nothing in it moved
    raw: bytes | None  #: None: keep the stored one
    updated_at: datetime | None
    asked_at: datetime
    answered_at: datetime


_FIELDS = """remote_id, unified, fingerprint, sequence, completeness, updated_at, asked_at,
       answered_at, first_seen_at, changed_at, is_deleted, endpoint"""

_KNOWN = f"""
SELECT {_FIELDS} FROM record
 WHERE tenant_id = $1 AND resource = $2 AND remote_id = ANY($3::text[])
"""  # noqa: S608  # constants, not input

_ALL = f"""
SELECT {_FIELDS} FROM record
 WHERE tenant_id = $1 AND resource = $2 AND NOT is_deleted ORDER BY remote_id
"""  # noqa: S608  # constants, not input

_BY_ID = f"""
SELECT resource, {_FIELDS} FROM record WHERE tenant_id = $1 AND id = $2
"""  # noqa: S608  # constants, not input

_UPSERT = """
INSERT INTO record (tenant_id, resource, remote_id, id, unified, raw, raw_fetched_at, raw_read,
                    fingerprint, sequence, completeness, updated_at, asked_at, answered_at,
                    first_seen_at, changed_at, verified_at, status, type, number,
                    contact_remote_id, issue_date, due_date, is_deleted, endpoint,
                    contact_id, parent_id, payment_status, is_overdue, facet, created_at)
SELECT $1, $2, r.remote_id, r.id, r.unified::json, r.raw,
       CASE WHEN r.raw IS NULL THEN NULL ELSE r.answered_at END, r.raw_read,
       r.fingerprint, r.sequence, r.completeness, r.updated_at, r.asked_at, r.answered_at,
       r.first_seen_at, r.changed_at, r.answered_at, r.status, r.type, r.number,
       r.contact_remote_id, r.issue_date, r.due_date, r.is_deleted, r.endpoint,
       r.contact_id, r.parent_id, r.payment_status, r.is_overdue, r.facet, r.created_at
  FROM unnest($3::text[], $4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::bytea[],
              $9::bigint[], $10::text[], $11::timestamptz[], $12::timestamptz[],
              $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[],
              $18::text[], $19::text[], $20::date[], $21::date[], $22::bool[], $23::text[],
              $24::uuid[], $25::uuid[], $26::text[], $27::bool[], $28::text[], $29::timestamptz[])
    AS r(remote_id, id, unified, raw, raw_read, fingerprint, sequence, completeness, updated_at,
         asked_at, answered_at, first_seen_at, changed_at, status, type, number,
         contact_remote_id, issue_date, due_date, is_deleted, endpoint,
         contact_id, parent_id, payment_status, is_overdue, facet, created_at)
    ON CONFLICT (tenant_id, resource, remote_id) DO UPDATE
   SET unified = excluded.unified, raw = coalesce(excluded.raw, record.raw),
       raw_fetched_at = coalesce(excluded.raw_fetched_at, record.raw_fetched_at),
       raw_read = coalesce(excluded.raw_read, record.raw_read),
       fingerprint = excluded.fingerprint, sequence = excluded.sequence,
       completeness = excluded.completeness, updated_at = excluded.updated_at,
       asked_at = excluded.asked_at, answered_at = excluded.answered_at,
       changed_at = excluded.changed_at, verified_at = excluded.verified_at,
       status = excluded.status, type = excluded.type, number = excluded.number,
       contact_remote_id = excluded.contact_remote_id, issue_date = excluded.issue_date,
       due_date = excluded.due_date, is_deleted = excluded.is_deleted,
       endpoint = excluded.endpoint, missed_lists = 0,
       contact_id = excluded.contact_id, parent_id = excluded.parent_id,
       payment_status = excluded.payment_status, is_overdue = excluded.is_overdue,
       facet = excluded.facet, created_at = excluded.created_at
"""

_VERIFY = """
UPDATE record
   SET unified = coalesce(v.unified::json, record.unified), raw = coalesce(v.raw, record.raw),
       raw_fetched_at = CASE WHEN v.raw IS NULL THEN raw_fetched_at ELSE v.answered_at END,
       updated_at = coalesce(v.updated_at, record.updated_at),
       asked_at = greatest(record.asked_at, v.asked_at),
       answered_at = greatest(record.answered_at, v.answered_at),
       verified_at = greatest(record.verified_at, v.answered_at),
       missed_lists = 0
  FROM unnest($3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::timestamptz[],
              $8::timestamptz[])
    AS v(remote_id, unified, raw, updated_at, asked_at, answered_at)
 WHERE record.tenant_id = $1 AND record.resource = $2 AND record.remote_id = v.remote_id
"""

_LACKING_ROLE = """
SELECT DISTINCT remote_id FROM record JOIN unnest($2::text[], $3::text[]) AS w(id, role)
       ON record.remote_id = w.id
 WHERE tenant_id = $1 AND resource = 'contact' AND remote_id = ANY($2::text[])
   AND NOT (unified::jsonb -> 'roles') ? w.role
"""


def known_of(row: asyncpg.Record) -> KnownRecord:
    """A row that has all fields of `KnownRecord`."""
    return KnownRecord(
        remote_id=RemoteId(row["remote_id"]),
        unified=msgspec.json.decode(row["unified"]),
        fingerprint=row["fingerprint"],
        sequence=row["sequence"],
        completeness=row["completeness"],
        updated_at=row["updated_at"],
        asked_at=row["asked_at"],
        answered_at=row["answered_at"],
        first_seen_at=row["first_seen_at"],
        changed_at=row["changed_at"],
        is_deleted=row["is_deleted"],
        endpoint=row["endpoint"],
    )


async def known_records(
    conn: Connection, tenant_id: TenantId, resource: str, remote_ids: Sequence[str]
) -> dict[RemoteId, KnownRecord]:
    """The mirror's rows for these ids; ids it does not hold are left out."""
    rows = await conn.fetch(_KNOWN, tenant_id, resource, list(remote_ids))
    return {row["remote_id"]: known_of(row) for row in rows}


async def all_known(conn: Connection, tenant_id: TenantId, resource: str) -> list[KnownRecord]:
    """The mirror's rows of a resource that has few, such as accounts, but for removed ones."""
    return [known_of(row) for row in await conn.fetch(_ALL, tenant_id, resource)]


async def restate_records(
    conn: Connection, tenant_id: TenantId, resource: str, records: Mapping[RemoteId, bytes]
) -> None:
    """Replace what is stored of these where only volatile fields moved, by no read of their own."""
    if not records:
        return
    await conn.execute(
        """UPDATE record SET unified = r.unified::json
             FROM unnest($3::text[], $4::text[]) AS r(remote_id, unified)
            WHERE tenant_id = $1 AND resource = $2 AND record.remote_id = r.remote_id""",
        tenant_id,
        resource,
        list(records),
        [unified.decode() for unified in records.values()],
    )


async def record_of(
    db: Database, tenant_id: TenantId, entity_id: EntityId
) -> tuple[str, KnownRecord] | None:
    """What is known under a unified id, and the name of its resource; None: nothing is."""
    row = await db.fetchrow(_BY_ID, tenant_id, entity_id)
    return None if row is None else (row["resource"], known_of(row))


async def write_records(
    conn: Connection, tenant_id: TenantId, resource: str, rows: Sequence[RecordRow]
) -> None:
    """Insert or replace rows; one row per remote id, written in key order so batches can't lock
    each other out."""
    if not rows:
        return
    rows = sorted(rows, key=lambda row: row.remote_id)
    await conn.execute(
        _UPSERT,
        tenant_id,
        resource,
        [row.remote_id for row in rows],
        [row.id for row in rows],
        [row.unified.decode() for row in rows],
        [row.raw for row in rows],
        [row.raw_read for row in rows],
        [row.fingerprint for row in rows],
        [row.sequence for row in rows],
        [row.completeness for row in rows],
        [row.updated_at for row in rows],
        [row.asked_at for row in rows],
        [row.answered_at for row in rows],
        [row.first_seen_at for row in rows],
        [row.changed_at for row in rows],
        [row.status for row in rows],
        [row.type for row in rows],
        [row.number for row in rows],
        [row.contact_remote_id for row in rows],
        [row.issue_date for row in rows],
        [row.due_date for row in rows],
        [row.is_deleted for row in rows],
        [row.endpoint for row in rows],
        [row.contact_id for row in rows],
        [row.parent_id for row in rows],
        [row.payment_status for row in rows],
        [row.is_overdue for row in rows],
        [row.facet for row in rows],
        [row.created_at for row in rows],
    )


async def verify_records(
    conn: Connection, tenant_id: TenantId, resource: str, rows: Sequence[VerifiedRow]
) -> None:
    """Move the clocks of rows whose content was confirmed, never back: a slow answer may come
    after a quicker and later one."""
    if not rows:
        return
    rows = sorted(rows, key=lambda row: row.remote_id)
    await conn.execute(
        _VERIFY,
        tenant_id,
        resource,
        [row.remote_id for row in rows],
        [None if row.unified is None else row.unified.decode() for row in rows],
        [row.raw for row in rows],
        [row.updated_at for row in rows],
        [row.asked_at for row in rows],
        [row.answered_at for row in rows],
    )


async def contacts_lacking_role(
    conn: Connection, tenant_id: TenantId, wanted: Sequence[tuple[str, str]]
) -> list[RemoteId]:
    """Which of these contacts the mirror does not yet show in a role: (remote id, `customer` or
    `vendor`)."""
    if not wanted:
        return []
    remote_ids, roles = zip(*wanted, strict=True)
    rows = await conn.fetch(_LACKING_ROLE, tenant_id, list(remote_ids), list(roles))
    return [row["remote_id"] for row in rows]
