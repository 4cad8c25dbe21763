"""Forgetting an organisation: its mirror, what was said of it, its tokens. The numbers stay.

The state `erasing` and its new fencing token come first (storage.tenant_states), so that nothing
is brought back by who worked for it. What to say of each erased thing is `handlers.eraser`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.absorbing import LockedTenant, locked
from storage.database import Connection, Database, changed_rows
from storage.tenant_states import move
from unified.ids import EntityId, RemoteId, TenantId

ERASURE = "erasure"  #: cause of its events, by which they are told from those that hold content
CHUNK = 5_000  #: rows per transaction

_LEFT = """
SELECT resource, endpoint, remote_id, id, sequence FROM record
 WHERE tenant_id = $1 ORDER BY resource, remote_id LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class ErasedRecord:
    """What is left to say of a record: that it was there."""

    resource: str
    endpoint: str | None
    remote_id: RemoteId
    id: EntityId
    sequence: int  #: of its last event


@dataclass(frozen=True, slots=True)
class Left:
    """What of an organisation is still to be erased.

    Attributes:
        events: with content, that Kafka has not acknowledged.
    """

    records: int
    events: int


async def left_to_erase(db: Database, tenant_id: TenantId) -> Left:
    """How much of an organisation is still there."""
    row = await db.fetchrow(
        """SELECT (SELECT count(*) FROM record WHERE tenant_id = $1) AS records,
                  (SELECT count(*) FROM event WHERE tenant_id = $1 AND relayed_at IS NULL
                                                AND cause <> $2) AS events""",
        tenant_id,
        ERASURE,
    )
    return Left(0, 0) if row is None else Left(*row.values())


async def erasing_tenants(db: Database) -> list[TenantId]:
    """Organisations that are to be forgotten and are not yet."""
    rows = await db.fetch("SELECT id FROM tenant WHERE state = 'erasing' ORDER BY id")
    return [TenantId(row["id"]) for row in rows]


async def lock_erasing(conn: Connection, tenant_id: TenantId) -> LockedTenant:
    """Take the row of an organisation that is being erased for the rest of the transaction.

    Raises:
        TenantNotLinked: it is not, or no more.
    """
    return await locked(conn, tenant_id, states=("erasing",))


async def records_left(conn: Connection, tenant_id: TenantId, *, limit: int) -> list[ErasedRecord]:
    """Some records that are still there."""
    return [ErasedRecord(*row.values()) for row in await conn.fetch(_LEFT, tenant_id, limit)]


async def drop_records(
    conn: Connection, tenant_id: TenantId, records: Sequence[ErasedRecord]
) -> None:
    """Delete these records and what waits for them."""
    resources = [each.resource for each in records]
    remote_ids = [each.remote_id for each in records]
    for table in ("record", "timer"):
        await conn.execute(
            f"""DELETE FROM {table} USING unnest($2::text[], $3::text[]) AS d(resource, remote_id)
                 WHERE {table}.tenant_id = $1 AND {table}.resource = d.resource
                   AND {table}.remote_id = d.remote_id""",  # noqa: S608  # constants above
            tenant_id,
            resources,
            remote_ids,
        )


async def drop_traces(db: Database, tenant_id: TenantId) -> int:
    """Delete everything else that holds content: notices, cursors, answers to writes, and events
    and messages that Kafka has; returns how many events with content wait for Kafka still, and must
    not be lost. Messages that wait are for `drop_late_announcements`."""
    for table in ("notice", "timer", "cursor", "idempotency"):
        await db.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant_id)  # noqa: S608  # constants above
    while changed_rows(
        await db.execute(
            """DELETE FROM event WHERE position IN (
                 SELECT position FROM event
                  WHERE tenant_id = $1 AND relayed_at IS NOT NULL AND cause <> $2 LIMIT $3)""",
            tenant_id,
            ERASURE,
            CHUNK,
        )
    ):
        pass
    await db.execute(
        """DELETE FROM link_session WHERE tenant_id = $1
               OR linked @> jsonb_build_array(jsonb_build_object('tenant_id', $1::text))""",
        tenant_id,
    )
    await db.execute(
        "DELETE FROM announcement WHERE tenant_id = $1 AND relayed_at NOTNULL", tenant_id
    )
    return (await left_to_erase(db, tenant_id)).events


async def erased(db: Database, tenant_id: TenantId) -> bool:
    """Forget the organisation's name and tokens, and say that it is done; False if something of it
    is there yet."""
    async with db.transaction() as conn:
        await lock_erasing(conn, tenant_id)
        if await conn.fetchval(
            """SELECT EXISTS (SELECT FROM record WHERE tenant_id = $1)
                   OR EXISTS (SELECT FROM event WHERE tenant_id = $1 AND cause <> $2)""",
            tenant_id,
            ERASURE,
        ):
            return False
        held = await conn.fetchval(
            """WITH was AS (SELECT authorization_id FROM tenant WHERE id = $1)
               UPDATE tenant SET name = NULL, external_id = NULL,
                      external_id_verified = false, authorization_id = NULL,
                      xero_connection_id = NULL, base_currency = NULL, time_zone = NULL,
                      short_code = NULL, business_date = NULL
                 FROM was WHERE id = $1 RETURNING was.authorization_id""",
            tenant_id,
        )
        await conn.execute(
            """DELETE FROM "authorization" WHERE id = $1
                  AND NOT EXISTS (SELECT FROM tenant WHERE authorization_id = $1)""",
            held,
        )
        await conn.execute("DELETE FROM idempotency WHERE tenant_id = $1", tenant_id)
        await move(conn, tenant_id, "erased", reason=None)
    return True


async def drop_late_announcements(db: Database) -> int:
    """Delete the messages that named an organisation and that Kafka did not have yet while it was
    being erased; returns how many. For the janitor."""
    return changed_rows(
        await db.execute(
            """DELETE FROM announcement USING tenant
                WHERE tenant.id = tenant_id AND state = 'erased' AND relayed_at NOTNULL"""
        )
    )
