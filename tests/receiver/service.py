"""A receiver on a real socket with a real database, and what tests ask of it."""

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from receiver.app import ReceiverLimits, create_app
from receiver.connections import Patience
from receiver.server import listen, serve
from receiver.signature import SecretText
from storage.database import Database
from tests.receiver.vectors import KEY
from unified.clock import ManualClock
from unified.partition import relay_shard

RECEIVED_AT = datetime(2026, 11, 3, 4, 17, 55, 120_000, tzinfo=UTC)
WEBHOOK = "/webhooks/xero"


def signature(body: bytes, key: str = KEY) -> str:
    """Sign as Xero does."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def event(tenant_id: str, **changed: Any) -> dict[str, Any]:
    """One event as Xero sends it, with other values or keys; None leaves a key out."""
    resource_id = changed.get("resourceId") or str(uuid.uuid4())
    made = {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{resource_id}",
        "resourceId": resource_id,
        "tenantId": tenant_id,
        "tenantType": "ORGANISATION",
        "eventCategory": "INVOICE",
        "eventType": "UPDATE",
        "eventDateUtc": "2026-11-03T04:17:52.310",
        **changed,
    }
    return {key: value for key, value in made.items() if value is not None}


def delivery(*events: Any, first: Any = 7, last: Any = 7, **more: Any) -> bytes:
    """A delivery's body."""
    numbers = {"firstEventSequence": first, "lastEventSequence": last}
    return json.dumps(
        {"events": list(events), **numbers, "entropy": "ZHRQVNAXWTKYBMLDCEPU", **more}
    ).encode()


@dataclass
class Service:
    """A running receiver."""

    url: str
    port: int
    client: httpx.AsyncClient
    registry: CollectorRegistry
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, body: bytes, signed: str | None = None) -> httpx.Response:
        """Deliver a body, rightly signed unless told otherwise, and check the answer's form."""
        headers = {
            "content-type": "application/json; charset=utf-8",
            "x-xero-signature": signature(body) if signed is None else signed,
        }
        answer = await self.client.post(WEBHOOK, content=body, headers=headers)
        assert_bare(answer)
        return answer

    def count(self, name: str, **labels: str) -> float:
        """A metric's value; 0 before it was first touched."""
        return self.registry.get_sample_value(f"ledgerwire_{name}", labels) or 0.0


def assert_bare(answer: httpx.Response) -> None:
    """No body, no cookie, no redirect: what Xero's validation looks for."""
    assert answer.content == b""
    assert answer.headers["content-length"] == "0"
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers
    assert not answer.is_redirect


@asynccontextmanager
async def serving(
    database: Database,
    keys: Iterable[str | SecretText] = (KEY,),
    limits: ReceiverLimits | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[Service]:
    """Run a receiver on a free port; leaving stops it gracefully."""
    registry = CollectorRegistry()
    app = create_app(
        database, keys, clock=ManualClock(RECEIVED_AT), registry=registry, limits=limits
    )
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        service = Service(url, port, client, registry)
        running = serve(app, listening, service.stop, patience=patience or Patience())
        server = asyncio.create_task(running)
        try:
            yield service
        finally:
            service.stop.set()
            await server


async def link(database: Database, *tenant_ids: str, state: str = "linked") -> None:
    """Make organisations known."""
    for tenant_id in tenant_ids:
        await database.execute(
            """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch,
                                   call_tokens_at)
               VALUES ($1, $2, $1, $3, now(), 1, now())""",
            tenant_id,
            relay_shard(tenant_id),
            state,
        )


async def deliveries(database: Database) -> list[dict[str, Any]]:
    """Every delivery row, oldest first."""
    rows = await database.fetch("SELECT * FROM delivery ORDER BY received_at, id")
    return [dict(row.items()) for row in rows]


async def notices(database: Database) -> list[dict[str, Any]]:
    """Every notice row, by key."""
    rows = await database.fetch("SELECT * FROM notice ORDER BY tenant_id, endpoint, remote_id")
    return [dict(row.items()) for row in rows]


def column(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """One column of rows."""
    return [row[name] for row in rows]
