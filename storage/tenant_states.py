"""An organisation's states and how they change, each change said on the control topic.

linked ⇄ needs_reauth; both → disconnected (by us) or vanished (by Xero); any of these → linked
again by storage/tenants.py. Nothing is deleted: notices and the mirror stay, unless it is asked
for: any → erasing → erased (storage/erasure.py).

Changing a state locks the row FOR UPDATE, which waits for whoever relies on the state: absorbing
transactions, and deliveries on their way in.
"""

from collections.abc import Set
from datetime import datetime

import asyncpg
import msgspec
import structlog

from storage.absorbing import announce
from storage.database import Connection, Database
from storage.errors import UnknownTenant
from unified.codecs import instant_text
from unified.ids import TenantId

log = structlog.get_logger(__name__)

LEFT = ("disconnected", "vanished")  #: states in which the link is gone
_REMOVED = {"disconnected": "disconnected", "vanished": "disconnected", "erased": "erased"}
_ALLOWED = {
    "needs_reauth": ("linked",),
    "linked": ("needs_reauth",),
    "disconnected": ("linked", "needs_reauth", "vanished"),
    "vanished": ("linked", "needs_reauth"),
    "erasing": ("linked", "needs_reauth", "disconnected", "vanished"),
}


async def state_of(db: Database, tenant_id: TenantId) -> str | None:
    """How an organisation is: "linked" and the like; None: no such organisation."""
    state: str | None = await db.fetchval("SELECT state FROM tenant WHERE id = $1", tenant_id)
    return state


async def change_state(db: Database, tenant_id: TenantId, state: str, *, reason: str) -> bool:
    """Bring a tenant into `state`; False if it is there already or must not go there from here.

    `reason` is a word or sentence for people; it goes to the control topic.

    Raises:
        UnknownTenant: there is no such tenant.
    """
    async with db.transaction() as conn:
        row = await conn.fetchrow("SELECT state FROM tenant WHERE id = $1 FOR UPDATE", tenant_id)
        if row is None:
            raise UnknownTenant(tenant_id)
        if row["state"] not in _ALLOWED[state]:
            return False
        await move(conn, tenant_id, state, reason=reason)
    return True


async def authorization_died(
    db: Database, authorization_id: str, *, generation: int, reason: str
) -> list[TenantId]:
    """A token set is dead: it and its linked tenants need a new consent; returns those tenants.

    Nothing happens if the set is of another generation by now: a consent or refresh was quicker.
    """
    async with db.transaction() as conn:
        died = await conn.fetchval(
            """UPDATE "authorization"
                  SET state = 'needs_reauth', state_reason = $3, state_since = clock_timestamp(),
                      refresh_claim = NULL, refresh_claimed_until = NULL
                WHERE id = $1 AND generation = $2 AND state = 'active' RETURNING true""",
            authorization_id,
            generation,
            reason,
        )
        if not died:
            return []
        rows = await conn.fetch(
            """SELECT id FROM tenant WHERE authorization_id = $1 AND state = 'linked'
                ORDER BY id FOR UPDATE""",
            authorization_id,
        )
        for row in rows:
            await move(conn, row["id"], "needs_reauth", reason=reason)
    log.warning("authorization_died", authorization_id=authorization_id, tenants=len(rows))
    return [row["id"] for row in rows]


async def connections_read(
    db: Database, authorization_id: str, *, generation: int, living: Set[TenantId]
) -> list[TenantId]:
    """Xero's list of connections was read with this token set: its tenants that are not in it
    (`living`) have vanished; returns those that were linked until now.

    Nothing happens if the set is of another generation by now: a consent may have brought back
    what was missing when the list was made.
    """
    async with db.transaction() as conn:
        held = await conn.fetchval(
            'SELECT generation FROM "authorization" WHERE id = $1 FOR SHARE', authorization_id
        )
        if held != generation:
            return []
        rows = await conn.fetch(
            """SELECT id FROM tenant
                WHERE authorization_id = $1 AND state IN ('linked', 'needs_reauth')
                  AND id <> ALL($2::uuid[])
                ORDER BY id FOR UPDATE""",
            authorization_id,
            list(living),
        )
        for row in rows:
            await move(conn, row["id"], "vanished", reason="not among Xero's connections")
    return [TenantId(row["id"]) for row in rows]


async def move(conn: Connection, tenant_id: TenantId, state: str, *, reason: str | None) -> None:
    """Write the state and announce it; the caller has locked the row and may do this."""
    # A new fencing token: whoever works for the tenant now can commit no more.
    row = await conn.fetchrow(
        """UPDATE tenant SET state = $2, state_reason = $3, state_since = clock_timestamp(),
                  fencing = fencing + 1
            WHERE id = $1 RETURNING *""",
        tenant_id,
        state,
        reason,
    )
    if row is None:
        raise UnknownTenant(tenant_id)
    await announce(
        conn,
        tenant_id,
        shard=row["shard"],
        kind=state,
        topic="control",
        key=tenant_id,
        value=msgspec.json.encode(_message(row)),
    )
    log.info("tenant_state", tenant_id=tenant_id, state=state)


def _message(row: asyncpg.Record) -> dict[str, str | int | None]:
    since: datetime = row["state_since"]
    return {
        "tenant_id": row["id"],
        "tenant_name": row["name"],
        "external_id": row["external_id"],
        "connection_id": row["connection_id"],
        "epoch": row["epoch"],
        "state": row["state"],
        "reason": row["state_reason"],
        # The books are there still, so no record of theirs is said to be removed.
        "deletion_kind": _REMOVED.get(row["state"]),
        "at": instant_text(since),
    }
