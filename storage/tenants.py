"""Organisations: linking them, linking them again, and how they are.

What makes a tenant's numbers (epoch, sequence) is set here at its first link; from then on its
row is moved by absorbing transactions (storage/absorbing.py), by its states
(storage/tenant_states.py), its leases (storage/leases.py) and its calls (storage/calls.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg

from storage.database import Connection, Database
from storage.errors import TenantNotLinked, UnknownTenant
from storage.notices import NOTICE_CHANNEL
from storage.tenant_states import LEFT, move
from unified.ids import ConnectionId, TenantId
from unified.partition import relay_shard

_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """One organisation that a consent covers.

    Attributes:
        xero_connection_id: Xero's id of the connection, needed to remove it.
        external_id: the caller's own name for it; None keeps the one known.
        verified: that name is the word of whoever runs this, not of a person at a browser. What
            nobody vouches for never takes the place of what somebody did.
    """

    tenant_id: TenantId
    authorization_id: str
    name: str | None = None
    xero_connection_id: str | None = None
    external_id: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """What linking did.

    Attributes:
        first: it was never linked before, or was erased: it starts from nothing.
        changed: it was not linked until now.
    """

    tenant_id: TenantId
    connection_id: ConnectionId
    first: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSummary:
    """How one organisation is.

    Attributes:
        linked_at, synced_to, swept_at, blocked_until: business time; synced_to is how far every
            endpoint has been read, None until all backfills have begun.
        backfills_left: endpoints whose backfill has not ended, but for those that Xero refuses.
        due, dead: notices waiting, and dead letters.
        minute_remaining, day_remaining: calls left, as Xero last told at limits_at.
    """

    id: TenantId
    name: str | None
    external_id: str | None
    external_id_verified: bool
    connection_id: ConnectionId
    xero_connection_id: str | None
    authorization_id: str | None
    state: str
    state_reason: str | None
    state_since: datetime
    linked_at: datetime
    epoch: int
    tenant_sequence: int
    base_currency: str | None
    time_zone: str | None
    synced_to: datetime | None
    swept_at: datetime | None
    backfills_left: int
    due: int
    dead: int
    minute_remaining: int | None
    day_remaining: int | None
    limits_at: datetime | None
    blocked_until: datetime | None
    blocked_by: str | None


_SUMMARY = """
SELECT t.id, t.name, t.external_id, t.external_id_verified, t.connection_id,
       t.xero_connection_id, t.authorization_id, t.state, t.state_reason, t.state_since,
       t.linked_at, t.epoch, t.tenant_sequence,
       t.base_currency, t.time_zone, c.synced_to, c.swept_at,
       coalesce(c.backfills_left, 0) AS backfills_left, n.due, n.dead, t.minute_remaining,
       t.day_remaining, t.limits_at, t.blocked_until, t.blocked_by
  FROM tenant t
  LEFT JOIN LATERAL (
       SELECT CASE WHEN bool_and(since IS NOT NULL) THEN min(since) END AS synced_to,
              min(last_swept_at) AS swept_at,
              count(*) FILTER (WHERE backfill_state <> 'done') AS backfills_left
         FROM cursor WHERE tenant_id = t.id AND unsupported_reason IS NULL
                       AND snapshot_every IS NULL) AS c ON true
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'due') AS due,
              count(*) FILTER (WHERE state = 'dead') AS dead
         FROM notice WHERE tenant_id = t.id) AS n ON true
"""


async def link_tenant(
    db: Database, link: NewLink, *, endpoints: Sequence[str], now: datetime
) -> Linked:
    """Link an organisation, for the first time or again; `now` is business time.

    The first time it gets its epoch (microseconds UTC), its relay shard and a cursor for each of
    `endpoints` with its backfill pending. Later it keeps all of these and gets cursors for new
    endpoints; it gets a new connection id unless the connection was there all the time. Sweeps
    of a tenant that comes back are due at once, since nobody looked meanwhile; so is whatever Xero
    did not let us read, since this consent may.

    Raises:
        TenantNotLinked: the tenant is being erased.
    """
    async with db.transaction() as conn:
        await conn.execute(
            """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch,
                                   call_tokens_at)
               VALUES ($1, $2, $3, 'erased', $4, 0, $4) ON CONFLICT (id) DO NOTHING""",
            link.tenant_id,
            relay_shard(link.tenant_id),
            str(uuid4()),
            now,
        )
        row = await conn.fetchrow(
            "SELECT state, epoch, connection_id, xero_connection_id, external_id_verified"
            " FROM tenant WHERE id = $1 FOR UPDATE",
            link.tenant_id,
        )
        if row is None or row["state"] == "erasing":
            raise TenantNotLinked(link.tenant_id, "erasing")
        linked = await _write(conn, link, row, now)
        await _add_cursors(conn, link.tenant_id, endpoints, now)
        if linked.changed:
            await move(conn, link.tenant_id, "linked", reason=None)
    return linked


async def _write(conn: Connection, link: NewLink, row: asyncpg.Record, now: datetime) -> Linked:
    first = row["state"] == "erased"
    anew = first or row["state"] in LEFT or row["xero_connection_id"] != link.xero_connection_id
    connection_id = ConnectionId(str(uuid4()) if anew else row["connection_id"])
    await conn.execute(
        """UPDATE tenant
              SET name = coalesce($2, name),
                  external_id = CASE WHEN $9 THEN $3 ELSE external_id END,
                  external_id_verified = CASE WHEN $9 THEN $10 ELSE external_id_verified END,
                  authorization_id = $4, xero_connection_id = $5, connection_id = $6,
                  listens_since = CASE WHEN $7 THEN $8 ELSE listens_since END
            WHERE id = $1""",
        link.tenant_id,
        link.name,
        link.external_id,
        link.authorization_id,
        link.xero_connection_id,
        connection_id,
        first or row["state"] in LEFT,  # until now its webhooks made no notices
        now,
        link.external_id is not None and (link.verified or not row["external_id_verified"]),
        link.verified,
    )
    if first:
        await conn.execute(
            "UPDATE tenant SET epoch = $2, tenant_sequence = 0, linked_at = $3 WHERE id = $1",
            link.tenant_id,
            max(_microseconds(now), row["epoch"] + 1),
            now,
        )
    else:
        await conn.execute(
            """UPDATE cursor SET sweep_due_at = least(sweep_due_at, $2)
                WHERE tenant_id = $1 AND ($3 OR unsupported_reason IS NOT NULL)""",
            link.tenant_id,
            now,
            row["state"] != "linked",
        )
    return Linked(link.tenant_id, connection_id, first, changed=row["state"] != "linked")


async def _add_cursors(
    conn: Connection, tenant_id: TenantId, endpoints: Sequence[str], now: datetime
) -> None:
    await conn.execute(
        """INSERT INTO cursor (tenant_id, endpoint, sweep_due_at)
           SELECT $1, endpoint, $3 FROM unnest($2::text[]) AS endpoint ORDER BY endpoint
               ON CONFLICT DO NOTHING""",
        tenant_id,
        list(endpoints),
        now,
    )


async def carry_endpoints(db: Database, endpoints: Sequence[str], *, now: datetime) -> int:
    """Give organisations that were linked before these endpoints were carried their cursors, with
    a backfill pending, and tell the handlers; returns how many cursors there are more.

    Where nobody holds the organisation's consent any more, linking it again does the same.
    """
    added: int = await db.fetchval(
        """WITH added AS (
             INSERT INTO cursor (tenant_id, endpoint, sweep_due_at)
             SELECT t.id, e.endpoint, $2
               FROM tenant t CROSS JOIN unnest($1::text[]) AS e(endpoint)
              WHERE t.state = 'linked'
                AND NOT EXISTS (SELECT FROM cursor c
                                 WHERE c.tenant_id = t.id AND c.endpoint = e.endpoint)
              ORDER BY t.id, e.endpoint
                 ON CONFLICT DO NOTHING RETURNING tenant_id
           ), told AS (SELECT pg_notify($3, '') FROM added LIMIT 1)
           SELECT (SELECT count(*) FROM added) + 0 * (SELECT count(*) FROM told)""",
        sorted(endpoints),
        now,
        NOTICE_CHANNEL,
    )
    return added


async def tenant(db: Database, tenant_id: TenantId) -> TenantSummary:
    """How one organisation is. Raises UnknownTenant."""
    row = await db.fetchrow(_SUMMARY + " WHERE t.id = $1", tenant_id)
    if row is None:
        raise UnknownTenant(tenant_id)
    return TenantSummary(**dict(row.items()))


async def tenants(db: Database) -> list[TenantSummary]:
    """How every organisation is, by name."""
    rows = await db.fetch(_SUMMARY + " ORDER BY t.name, t.id")
    return [TenantSummary(**dict(row.items())) for row in rows]


async def tenants_named(
    db: Database,
    *,
    among: Collection[TenantId] | None = None,
    external_id: str | None = None,
    states: Collection[str],
    after: tuple[str, TenantId] | None = None,
    limit: int,
) -> list[TenantId]:
    """Up to `limit` organisations in these states, by name and id, from beyond `after` on.

    Args:
        among: only these; None: all.
        after: name ("" where there is none) and id of the last one before.
    """
    rows = await db.fetch(
        """SELECT id FROM tenant
            WHERE ($1::uuid[] IS NULL OR id = ANY ($1)) AND ($2::text IS NULL OR external_id = $2)
              AND state = ANY ($3::text[])
              AND ($4::text IS NULL OR (coalesce(name, ''), id) > ($4, $5::uuid))
            ORDER BY coalesce(name, ''), id LIMIT $6""",
        None if among is None else list(among),
        external_id,
        list(states),
        *(after or (None, None)),
        limit,
    )
    return [TenantId(row["id"]) for row in rows]


async def summaries(db: Database, tenant_ids: Sequence[TenantId]) -> list[TenantSummary]:
    """How these organisations are, in their order; without those that are not known."""
    rows = await db.fetch(_SUMMARY + " WHERE t.id = ANY ($1::uuid[])", list(tenant_ids))
    found = {row["id"]: TenantSummary(**dict(row.items())) for row in rows}
    return [found[each] for each in tenant_ids if each in found]


async def consented_scopes(
    db: Database, tenant_ids: Sequence[TenantId]
) -> dict[TenantId, tuple[str, ...]]:
    """What the consents of these organisations cover, as Xero told."""
    rows = await db.fetch(
        """SELECT t.id, a.scopes FROM tenant t JOIN "authorization" a ON a.id = t.authorization_id
            WHERE t.id = ANY ($1::uuid[])""",
        list(tenant_ids),
    )
    return {TenantId(row["id"]): tuple(row["scopes"]) for row in rows}


async def living_tenants(db: Database, tenant_ids: Sequence[TenantId]) -> set[TenantId]:
    """Those of these organisations that are linked, or wait for a consent."""
    rows = await db.fetch(
        """SELECT id FROM tenant
            WHERE id = ANY ($1::uuid[]) AND state IN ('linked', 'needs_reauth')""",
        list(tenant_ids),
    )
    return {TenantId(row["id"]) for row in rows}


async def tenants_of_authorization(db: Database, authorization_id: str) -> list[TenantId]:
    """The linked (or waiting for consent) tenants that one token set covers."""
    rows = await db.fetch(
        """SELECT id FROM tenant
            WHERE authorization_id = $1 AND state IN ('linked', 'needs_reauth') ORDER BY id""",
        authorization_id,
    )
    return [TenantId(row["id"]) for row in rows]


async def bump_epoch(db: Database, tenant_id: TenantId, *, now: datetime) -> int:
    """Start a new epoch, which orders after every earlier one; returns it.

    Mandatory after a restore from backup, where numbers could be given out twice.
    Raises UnknownTenant.
    """
    epoch: int | None = await db.fetchval(
        """UPDATE tenant SET epoch = greatest(epoch + 1, $2) WHERE id = $1 RETURNING epoch""",
        tenant_id,
        _microseconds(now),
    )
    if epoch is None:
        raise UnknownTenant(tenant_id)
    return epoch


def _microseconds(instant: datetime) -> int:
    return (instant - _START) // timedelta(microseconds=1)
