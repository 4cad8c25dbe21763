"""The log of what callers did: table `audit`. Who, what, whose, when and how it ended; no payload.

An act is written down before it is done, so that nothing is done without a trace: one that has no
status was begun, and nobody knows how it ended. The log outlives key and organisation, and erasing
an organisation leaves it, since it holds ids alone. Real time.

The slow reading of lists that is called audit everywhere else is storage/audits.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from storage.database import Database
from unified.ids import TenantId

ACTORS: Final = ("key", "command", "person")
MOST_ENTITY_IDS: Final = 50  #: a batch may hold no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something about to be done.

    Attributes:
        operation: its name in the API description, such as `create_invoice`, or a command's.
        key_id: the key it is done with; None: by `actor` `command` or `person`.
        actor: `key`, `command` or `person` (at a browser, while linking).
        tenant_id: whose books; None: nobody's.
        entity: the kind of thing, such as `invoice`.
        entity_ids: which things, as far as they are known before.
    """

    operation: str
    key_id: str | None = None
    actor: str = "key"
    tenant_id: TenantId | None = None
    entity: str | None = None
    entity_ids: Sequence[str] = ()
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAct:
    """An act as it stands in the log.

    Attributes:
        position: grows with time; the newest is the highest.
        status: of the answer, or with which a command ended; None: nobody knows how it ended.
        code: of the problem that was answered, if one was.
    """

    position: int
    at: datetime
    ended_at: datetime | None
    actor: str
    key_id: str | None
    operation: str
    tenant_id: TenantId | None
    entity: str | None
    entity_ids: tuple[str, ...]
    request_id: str | None
    status: int | None
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which acts to read; None: all.

    Attributes:
        seen_by: id of a key and the organisations it may name: only these, and its own acts.
        before: only what stands before this position.
    """

    seen_by: tuple[str, Collection[TenantId]] | None = None
    tenant_id: TenantId | None = None
    key_id: str | None = None
    operation: str | None = None
    since: datetime | None = None
    before: int | None = None


_BEGIN = """
INSERT INTO audit (actor, key_id, operation, tenant_id, entity, entity_ids, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING position
"""
# What matters stands there already; how it ended may be lost in a power cut.
_END = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE audit
   SET ended_at = clock_timestamp(), status = $2, code = $3, entity = coalesce($4, entity),
       entity_ids = CASE WHEN cardinality($5::text[]) > 0 THEN $5::text[] ELSE entity_ids END,
       tenant_id = coalesce($6, tenant_id)
  FROM quick WHERE position = $1
"""
_READ = """
SELECT position, at, ended_at, actor, key_id, operation, tenant_id, entity, entity_ids, request_id,
       status, code
  FROM audit
 WHERE ($1::text IS NULL OR key_id = $1 OR tenant_id = ANY ($2::uuid[]))
   AND ($3::uuid IS NULL OR tenant_id = $3)
   AND ($4::text IS NULL OR key_id = $4)
   AND ($5::text IS NULL OR operation = $5)
   AND ($6::timestamptz IS NULL OR at >= $6)
   AND ($7::bigint IS NULL OR position < $7)
 ORDER BY position DESC LIMIT $8
"""


async def begin_act(db: Database, act: Act) -> int:
    """Write down what is about to be done; returns its position, for `end_act`."""
    position: int = await db.fetchval(
        _BEGIN,
        act.actor,
        act.key_id,
        act.operation,
        act.tenant_id,
        act.entity,
        list(act.entity_ids)[:MOST_ENTITY_IDS],
        act.request_id,
    )
    return position


async def note_act(db: Database, act: Act, *, status: int) -> None:
    """Write down what was done in one go: for what changes nothing but the database."""
    await end_act(db, await begin_act(db, act), status=status)


async def end_act(  # noqa: PLR0913  # how it ended; all keywords
    db: Database,
    position: int,
    *,
    status: int,
    code: str | None = None,
    tenant_id: TenantId | None = None,
    entity: str | None = None,
    entity_ids: Sequence[str] = (),
) -> None:
    """Write down how it ended, and what it turned out to be about."""
    ids = list(entity_ids)[:MOST_ENTITY_IDS]
    await db.execute(_END, position, status, code, entity, ids, tenant_id)


async def acts(db: Database, wanted: Wanted, *, limit: int) -> list[WrittenAct]:
    """Up to `limit` acts, the newest first."""
    key_id, visible = wanted.seen_by or (None, ())
    rows = await db.fetch(
        _READ,
        key_id,
        list(visible),
        wanted.tenant_id,
        wanted.key_id,
        wanted.operation,
        wanted.since,
        wanted.before,
        limit,
    )
    return [_written(row) for row in rows]


def _written(row: asyncpg.Record) -> WrittenAct:
    told = dict(row.items())
    return WrittenAct(**{**told, "entity_ids": tuple(told["entity_ids"])})
