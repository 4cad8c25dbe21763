"""The tenant's row as the lock that puts all its writers in one order, and the events they append.

Every transaction that changes a tenant's mirror starts with `lock_tenant`: it serialises writers,
refuses tenants that are not linked and workers whose lease was taken over, and hands out the
numbers that events carry. Nothing here compares or normalizes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Connection
from storage.errors import LeaseLost, TenantNotLinked
from unified.ids import ConnectionId, EntityId, EventId, TenantId

EVENT_CHANNEL = "ledgerwire_event"  #: NOTIFY payload: the relay shard


@dataclass(frozen=True, slots=True)
class LockedTenant:
    """What an absorbing transaction needs to know of its tenant."""

    id: TenantId
    name: str | None
    connection_id: ConnectionId
    shard: int
    epoch: int
    tenant_sequence: int  #: the last one given out
    linked_at: datetime  #: business time
    listens_since: datetime  #: business time: from when on its webhooks make notices
    business_date: date | None  #: in the organisation's own zone; None until it is known
    base_currency: str | None
    time_zone: str | None  #: IANA name
    short_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One change event to append, with the value of the state topic beside it."""

    tenant_sequence: int
    event_id: EventId
    resource: str
    entity_id: EntityId
    sequence: int
    op: str
    cause: str
    value: bytes  #: event JSON without timing.published_at
    state: bytes | None  #: the unified record; None is a tombstone
    headers: bytes  #: JSON list of [name, text]
    received_at: datetime | None  #: real time of the webhook's receipt


_LOCK = """
SELECT id, name, connection_id, shard, epoch, tenant_sequence, linked_at, business_date,
       base_currency, time_zone, short_code, state, fencing,
       coalesce(listens_since, linked_at) AS listens_since
  FROM tenant WHERE id = $1 FOR NO KEY UPDATE
"""

# One round trip: the tenant's row is locked meanwhile.
_APPEND = """
WITH appended AS (
INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource, entity_id,
                   sequence, op, cause, value, state, headers, received_at)
SELECT $1, $2, $3, e.tenant_sequence, e.event_id, e.resource, e.entity_id, e.sequence, e.op,
       e.cause, e.value, e.state, e.headers::json, e.received_at
  FROM unnest($4::bigint[], $5::uuid[], $6::text[], $7::uuid[], $8::bigint[], $9::text[],
              $10::text[], $11::bytea[], $12::bytea[], $13::text[], $14::timestamptz[])
       WITH ORDINALITY
    AS e(tenant_sequence, event_id, resource, entity_id, sequence, op, cause, value, state,
         headers, received_at, place)
 ORDER BY e.place
), moved AS (
UPDATE tenant SET tenant_sequence = $15 WHERE id = $2
)
SELECT pg_notify($16, $17)
"""


async def lock_tenant(
    conn: Connection, tenant_id: TenantId, *, fencing: int | None
) -> LockedTenant:
    """Take the tenant's row for the rest of the transaction.

    The lock keeps every other absorbing transaction out, but not the receiver: what it inserts
    refers to the tenant's key alone, which `FOR UPDATE` would make it wait for.

    `fencing` is the token of the caller's lease; None for callers that work without one.

    Raises:
        TenantNotLinked: the tenant is unknown, or in a state in which nothing may be absorbed.
        LeaseLost: somebody else has leased the tenant since.
    """
    return await locked(conn, tenant_id, states=("linked", "needs_reauth"), fencing=fencing)


async def locked(
    conn: Connection,
    tenant_id: TenantId,
    *,
    states: Collection[str],
    fencing: int | None = None,
) -> LockedTenant:
    """Take the tenant's row, if it is in one of these states.

    Raises: as `lock_tenant`.
    """
    row = await conn.fetchrow(_LOCK, tenant_id)
    if row is None or row["state"] not in states:
        raise TenantNotLinked(tenant_id, "unknown" if row is None else row["state"])
    if fencing is not None and row["fencing"] != fencing:
        raise LeaseLost(tenant_id)
    return LockedTenant(
        id=TenantId(row["id"]),
        name=row["name"],
        connection_id=ConnectionId(row["connection_id"]),
        shard=row["shard"],
        epoch=row["epoch"],
        tenant_sequence=row["tenant_sequence"],
        linked_at=row["linked_at"],
        listens_since=row["listens_since"],
        business_date=row["business_date"],
        base_currency=row["base_currency"],
        time_zone=row["time_zone"],
        short_code=row["short_code"],
    )


async def append_events(conn: Connection, tenant: LockedTenant, rows: Sequence[EventRow]) -> None:
    """Append events in the order given, move the tenant's sequence, and wake the relay."""
    if not rows:
        return
    await conn.execute(
        _APPEND,
        tenant.shard,
        tenant.id,
        tenant.epoch,
        [row.tenant_sequence for row in rows],
        [row.event_id for row in rows],
        [row.resource for row in rows],
        [row.entity_id for row in rows],
        [row.sequence for row in rows],
        [row.op for row in rows],
        [row.cause for row in rows],
        [row.value for row in rows],
        [row.state for row in rows],
        [row.headers.decode() for row in rows],
        [row.received_at for row in rows],
        rows[-1].tenant_sequence,
        EVENT_CHANNEL,
        str(tenant.shard),
    )


async def learn_organisation(
    conn: Connection,
    tenant_id: TenantId,
    *,
    name: str | None,
    base_currency: str | None,
    time_zone: str | None,
    short_code: str | None,
) -> None:
    """Keep what other records need from the organisation, in the tenant's own row."""
    await conn.execute(
        """UPDATE tenant SET name = coalesce($2, name), base_currency = $3, time_zone = $4,
                  short_code = $5 WHERE id = $1""",
        tenant_id,
        name,
        base_currency,
        time_zone,
        short_code,
    )


async def announce(  # noqa: PLR0913  # a message and where it goes
    conn: Connection, tenant_id: TenantId | None, *, shard: int, kind: str, topic: str, key: str,
    value: bytes,
) -> None:  # fmt: skip
    """Queue one message of the control or dead-letter topic; it leaves with the relay."""
    await conn.execute(
        """INSERT INTO announcement (shard, topic, tenant_id, key, kind, value)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        shard,
        topic,
        tenant_id,
        key,
        kind,
        value,
    )
    await conn.execute("SELECT pg_notify($1, $2)", EVENT_CHANNEL, str(shard))
