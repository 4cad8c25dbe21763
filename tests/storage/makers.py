"""What storage tests need to have in the database before they begin."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from storage.authorizations import Tokens, save_consent
from storage.database import Database
from storage.deliveries import Hint, StoredDelivery
from storage.secrets import SecretBox, new_key
from storage.tenants import NewLink, link_tenant
from unified.ids import RemoteId, TenantId

NOW = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)  #: business time of most tests
ENDPOINTS = ("Contacts", "Invoices")


def new_tenant_id() -> TenantId:
    """An organisation nobody has seen before."""
    return TenantId(str(uuid4()))


def box() -> SecretBox:
    """A box under a fresh key."""
    return SecretBox([new_key()])


def tokens(name: str = "first", **changes: object) -> Tokens:
    """A token set whose tokens carry `name`."""
    fields: dict[str, object] = {
        "access_token": f"access-{name}",
        "refresh_token": f"refresh-{name}",
        "expires_at": NOW + timedelta(minutes=30),
        "scopes": ("accounting.invoices", "offline_access"),
    }
    return Tokens(**{**fields, **changes})  # type: ignore[arg-type]  # keywords checked at run time


async def authorize(db: Database, secrets: SecretBox, user: str | None = "user") -> str:
    """A stored consent; returns its id."""
    return await save_consent(db, secrets, tokens(), client_id="app", xero_user_id=user)


async def link(
    db: Database,
    tenant_id: TenantId | None = None,
    *,
    authorization_id: str | None = None,
    backfilled: bool = True,
) -> TenantId:
    """A linked organisation, by default with nothing due: backfilled, swept in an hour."""
    tenant_id = tenant_id or new_tenant_id()
    authorization_id = authorization_id or await authorize(db, box(), user=tenant_id)
    await link_tenant(
        db,
        NewLink(tenant_id=tenant_id, authorization_id=authorization_id, name="Demo"),
        endpoints=ENDPOINTS,
        now=NOW,
    )
    if backfilled:
        await db.execute(
            """UPDATE cursor SET backfill_state = 'done', backfill_complete = true,
                      since = $2::timestamptz,
                      sweep_due_at = $2::timestamptz + interval '1 hour' WHERE tenant_id = $1""",
            tenant_id,
            NOW,
        )
    return tenant_id


def hint(tenant_id: TenantId, remote_id: str = "i1", **changes: object) -> Hint:
    """An event that says that an invoice was updated."""
    fields: dict[str, object] = {
        "tenant_id": tenant_id,
        "endpoint": "Invoices",
        "remote_id": RemoteId(remote_id),
        "created": False,
        "hinted_at": NOW,
    }
    return Hint(**{**fields, **changes})  # type: ignore[arg-type]  # keywords checked at run time


def delivery(*hints: Hint, number: int = 1, **changes: object) -> StoredDelivery:
    """A delivery with these events; its bytes, numbers and time follow from `number`."""
    body = f"body {number}".encode()
    fields: dict[str, object] = {
        "id": str(uuid4()),
        "received_at": NOW + timedelta(seconds=number),
        "digest": hashlib.sha256(body).digest(),
        "body": body,
        "first_sequence": number,
        "last_sequence": number,
        "event_count": len(hints),
        "hints": hints,
    }
    return StoredDelivery(**{**fields, **changes})  # type: ignore[arg-type]  # checked at run time


async def announced(db: Database, tenant_id: TenantId) -> Sequence[str]:
    """Kinds of what was said of a tenant on the control topic, in order."""
    rows = await db.fetch(
        "SELECT kind FROM announcement WHERE tenant_id = $1 AND topic = 'control'"
        " ORDER BY position",
        tenant_id,
    )
    return [row["kind"] for row in rows]


async def until(db: Database, count: str) -> None:
    """Wait (at most 10 s) until `count`, which may read from `waiting`, is more than 0.

    `waiting` holds the connections to this database that wait for a lock.
    """
    waiting = """WITH waiting AS (SELECT pid FROM pg_stat_activity
                  WHERE wait_event_type = 'Lock' AND datname = current_database()) """
    async with asyncio.timeout(10):
        while not await db.fetchval(waiting + count):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0)
