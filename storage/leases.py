"""Leases: one process at a time works for a tenant, sends a relay shard or does a duty.

Real time, by the database's clock. Each taking raises the fencing token; whoever writes under a
lease checks the token in the same transaction, so a process that slept through its lease and
wakes late changes nothing. An ended lease needs no rescuer: it is simply free.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Connection, Database, changed_rows
from storage.errors import LeaseLost
from unified.ids import TenantId

LEASE_CHANNEL = "ledgerwire_lease"  #: NOTIFY payload: the name of a lease that was given back
TENANT_LEASE = timedelta(seconds=30)
NAMED_LEASE = timedelta(seconds=30)
LIVE_START = timedelta(minutes=1)  #: a change that was announced can't wait like a sweep can


@dataclass(frozen=True, slots=True)
class TenantLease:
    """The right to work for one tenant until the lease ends, unless renewed."""

    tenant_id: TenantId
    owner: str
    fencing: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one named duty, such as "relay.3" or "janitor"."""

    name: str
    owner: str
    fencing: int


# A walk over the tenants that have due notices: each step jumps to the next tenant in the index,
# so a flood of one tenant costs no more than a single notice of another. OFFSET 0 keeps the look
# into each tenant's row by its key: without statistics (many tenants linked at once) the planner
# would compare every waiting tenant with every row.
_TAKE = """
WITH RECURSIVE hinted(tenant_id) AS (
  (SELECT tenant_id FROM notice WHERE state = 'due' ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT n.tenant_id FROM notice n
           WHERE n.state = 'due' AND n.tenant_id > h.tenant_id ORDER BY n.tenant_id LIMIT 1)
    FROM hinted h WHERE h.tenant_id IS NOT NULL
), work(tenant_id, since, live) AS (
  SELECT h.tenant_id, first.due_at, true
    FROM hinted h
   CROSS JOIN LATERAL (SELECT n.due_at FROM notice n
                        WHERE n.tenant_id = h.tenant_id AND n.state = 'due'
                        ORDER BY n.due_at LIMIT 1) AS first
   WHERE first.due_at <= $1::timestamptz
  UNION ALL
  SELECT tenant_id, sweep_due_at, false FROM cursor WHERE sweep_due_at <= $1::timestamptz
), waiting AS (
  SELECT tenant_id, min(since) AS since, bool_or(live) AS live FROM work GROUP BY tenant_id
), willing AS (
  SELECT w.tenant_id, w.since,
         CASE WHEN w.live THEN t.served_at - $6::interval ELSE t.served_at END AS turn
    FROM waiting w
   CROSS JOIN LATERAL (SELECT served_at FROM tenant
                        WHERE id = w.tenant_id AND state = 'linked' AND id <> ALL($5::uuid[])
                          AND (blocked_until IS NULL OR blocked_until <= $1::timestamptz)
                       OFFSET 0) AS t
   WHERE NOT EXISTS (SELECT 1 FROM app_budget WHERE blocked_until > $1::timestamptz)
), free AS (
  SELECT t.id
    FROM tenant t JOIN willing w ON w.tenant_id = t.id
   WHERE t.lease_until IS NULL OR t.lease_until < clock_timestamp()
   ORDER BY w.turn, w.since, t.id
   LIMIT $4
     FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE tenant
   SET lease_owner = $2, lease_until = clock_timestamp() + $3::interval, fencing = fencing + 1,
       served_at = clock_timestamp()
  FROM free WHERE tenant.id = free.id
RETURNING tenant.id, tenant.fencing
"""

# The order keeps the look into each tenant's notices to the first one in the index: asked whether
# any is due, the planner reads everybody's.
_TAKE_NAMED = """
WITH free AS (
  SELECT t.id
    FROM tenant t
   WHERE t.id = ANY($5::uuid[]) AND t.state = 'linked'
     AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
     AND (t.blocked_until IS NULL OR t.blocked_until <= $1::timestamptz)
     AND NOT EXISTS (SELECT 1 FROM app_budget WHERE blocked_until > $1::timestamptz)
     AND least((SELECT n.due_at FROM notice n WHERE n.tenant_id = t.id AND n.state = 'due'
                 ORDER BY n.due_at LIMIT 1),
               (SELECT min(c.sweep_due_at) FROM cursor c WHERE c.tenant_id = t.id))
         <= $1::timestamptz
   ORDER BY t.served_at, t.id
   LIMIT $4
     FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE tenant
   SET lease_owner = $2, lease_until = clock_timestamp() + $3::interval, fencing = fencing + 1,
       served_at = clock_timestamp()
  FROM free WHERE tenant.id = free.id
RETURNING tenant.id, tenant.fencing
"""

_TAKE_ONE = """
UPDATE tenant
   SET lease_owner = $2, lease_until = clock_timestamp() + $3::interval, fencing = fencing + 1
 WHERE id = $1 AND state IN ('linked', 'needs_reauth')
   AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING fencing
"""


async def take_tenants(
    db: Database,
    owner: str,
    *,
    now: datetime,
    limit: int = 1,
    life: timedelta = TENANT_LEASE,
    besides: Sequence[TenantId] = (),
) -> list[TenantLease]:
    """Lease up to `limit` linked tenants that have work due at `now` (business time).

    Work is a due notice, or a cursor whose next step (sweep or backfill page) is due. Whoever was
    leased longest ago comes first, so that no crowd of busy tenants keeps another one waiting;
    those with notices get a start of `LIVE_START` on the others. Tenants that Xero told to wait
    are left out (all of them, if it told the app), and so are those that `besides` names.
    """
    rows = await db.fetch(_TAKE, now, owner, life, limit, list(besides), LIVE_START)
    return [TenantLease(TenantId(row["id"]), owner, row["fencing"]) for row in rows]


async def take_named_tenants(
    db: Database,
    owner: str,
    tenant_ids: Sequence[TenantId],
    *,
    now: datetime,
    limit: int,
    life: timedelta = TENANT_LEASE,
) -> list[TenantLease]:
    """The same among these alone: without a walk over all that wait, so for who has places left."""
    rows = await db.fetch(_TAKE_NAMED, now, owner, life, limit, list(tenant_ids))
    return [TenantLease(TenantId(row["id"]), owner, row["fencing"]) for row in rows]


async def take_tenant(
    db: Database, tenant_id: TenantId, owner: str, *, life: timedelta = TENANT_LEASE
) -> TenantLease | None:
    """Lease this tenant, whatever is due; None while somebody else has it or it is not linked."""
    fencing: int | None = await db.fetchval(_TAKE_ONE, tenant_id, owner, life)
    return None if fencing is None else TenantLease(tenant_id, owner, fencing)


async def renew_tenant(db: Database, lease: TenantLease, *, life: timedelta = TENANT_LEASE) -> None:
    """Let the lease end `life` from now. Raises LeaseLost when somebody has taken it since."""
    tag = await db.execute(
        """UPDATE tenant SET lease_until = clock_timestamp() + $4::interval
            WHERE id = $1 AND lease_owner = $2 AND fencing = $3""",
        lease.tenant_id,
        lease.owner,
        lease.fencing,
        life,
    )
    if not changed_rows(tag):
        raise LeaseLost(f"the lease of tenant {lease.tenant_id} has passed to somebody else")


async def release_tenant(db: Database, lease: TenantLease) -> None:
    """Give the lease back; nothing if it has passed to somebody else."""
    # Nobody need wait for the disk: a lease that a power cut leaves behind ends by itself.
    await db.execute(
        """WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
           UPDATE tenant SET lease_owner = NULL, lease_until = NULL FROM quick
            WHERE id = $1 AND lease_owner = $2 AND fencing = $3""",
        lease.tenant_id,
        lease.owner,
        lease.fencing,
    )


async def clear_ended_leases(db: Database) -> int:
    """Take the marks of ended leases off the tenants' rows; returns how many there were.

    Ended leases are free in any case; this only lets the rows say so.
    """
    tag = await db.execute(
        """UPDATE tenant SET lease_owner = NULL, lease_until = NULL
            WHERE id IN (SELECT id FROM tenant WHERE lease_until < clock_timestamp()
                          ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)"""
    )
    return changed_rows(tag)


async def take_lease(
    db: Database, name: str, owner: str, *, life: timedelta = NAMED_LEASE
) -> Lease | None:
    """Take a named lease if it is free, or held under the same owner name; None otherwise."""
    fencing: int | None = await db.fetchval(
        """INSERT INTO lease AS l (name, owner, until)
           VALUES ($1, $2, clock_timestamp() + $3::interval)
               ON CONFLICT (name) DO UPDATE
              SET owner = excluded.owner, until = excluded.until, fencing = l.fencing + 1
            WHERE l.until < clock_timestamp() OR l.owner = excluded.owner
           RETURNING fencing""",
        name,
        owner,
        life,
    )
    return None if fencing is None else Lease(name, owner, fencing)


async def renew_lease(db: Database, lease: Lease, *, life: timedelta = NAMED_LEASE) -> None:
    """Let the lease end `life` from now. Raises LeaseLost when somebody has taken it since, or it
    was given back."""
    if await renew_leases(db, [lease], life=life):
        raise LeaseLost(f"the lease {lease.name} has passed to somebody else")


async def renew_leases(
    db: Database, leases: Sequence[Lease], *, life: timedelta = NAMED_LEASE
) -> list[Lease]:
    """Let these end `life` from now; returns those that somebody has taken since, or that were
    given back."""
    rows = await db.fetch(
        """UPDATE lease SET until = clock_timestamp() + $4::interval
             FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held(name, owner, fencing)
            WHERE lease.name = held.name AND lease.owner = held.owner
              AND lease.fencing = held.fencing AND lease.until > '-infinity'
           RETURNING lease.name""",
        [lease.name for lease in leases],
        [lease.owner for lease in leases],
        [lease.fencing for lease in leases],
        life,
    )
    renewed = {row["name"] for row in rows}
    return [lease for lease in leases if lease.name not in renewed]


async def free_leases(db: Database, names: Sequence[str], owner: str) -> list[str]:
    """Which of these `owner` could take now, in the order given."""
    rows = await db.fetch(
        """SELECT w.name FROM unnest($1::text[]) WITH ORDINALITY AS w(name, place)
            WHERE NOT EXISTS (SELECT 1 FROM lease l WHERE l.name = w.name AND l.owner <> $2
                                                      AND l.until >= clock_timestamp())
            ORDER BY w.place""",
        list(names),
        owner,
    )
    return [row["name"] for row in rows]


async def holders(db: Database, prefix: str) -> list[str]:
    """Who holds leases now whose names begin with `prefix`, in the order of their names."""
    rows = await db.fetch(
        """SELECT DISTINCT owner FROM lease
            WHERE starts_with(name, $1) AND until >= clock_timestamp() ORDER BY owner""",
        prefix,
    )
    return [row["owner"] for row in rows]


async def release_lease(db: Database, lease: Lease) -> None:
    """Give the lease back and tell whoever listens on LEASE_CHANNEL; nothing if it has passed to
    somebody else."""
    # The row stays, so that its fencing token never starts over.
    await db.execute(
        """WITH freed AS (UPDATE lease SET until = '-infinity'
                           WHERE name = $1 AND owner = $2 AND fencing = $3 RETURNING name)
           SELECT pg_notify($4, name) FROM freed""",
        lease.name,
        lease.owner,
        lease.fencing,
        LEASE_CHANNEL,
    )


async def check_lease(conn: Connection, lease: Lease) -> None:
    """Hold the lease's row for the rest of the transaction.

    Raises LeaseLost when somebody has taken it since.
    """
    held = await conn.fetchval(
        "SELECT true FROM lease WHERE name = $1 AND owner = $2 AND fencing = $3 FOR SHARE",
        lease.name,
        lease.owner,
        lease.fencing,
    )
    if not held:
        raise LeaseLost(f"the lease {lease.name} has passed to somebody else")
