"""The change feed alone, served; organisations whose events are committed as by handlers; and who
follows the feed."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any
from uuid import uuid4

import httpx
from prometheus_client import CollectorRegistry

from api.app import create_app
from api.door import Door
from api.feed import feed_operations
from api.feed_watch import FeedWatch
from api.health import health_routes
from api.here import Api
from api.routing import operation_route
from receiver.server import listen, serve
from storage.absorbing import EventRow, append_events, lock_tenant
from storage.api_keys import create_api_key
from storage.database import Database
from storage.secrets import SecretBox, new_key
from tests.storage.makers import NOW
from unified.clock import ManualClock
from unified.envelope import event_type
from unified.ids import EntityId, EventId, TenantId
from unified.resources import resource

PATIENCE_S = 30.0
LIMITS = httpx.Limits(max_connections=None)


@dataclass(frozen=True)
class FeedApi:
    """What is served.

    Attributes:
        stop: ends it, as SIGTERM would.
    """

    db: Database
    http: httpx.AsyncClient
    watch: FeedWatch
    stop: asyncio.Event

    async def key(self, *scopes: str, tenants: list[TenantId] | None = None) -> dict[str, str]:
        """A new API key, as the header that carries it."""
        made = await create_api_key(self.db, "test", scopes=scopes, tenants=tenants)
        return {"Authorization": f"Bearer {made.text}"}

    async def followed(self, by: int = 1) -> None:
        """Wait until so many follow the feed."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.watch) < by:  # noqa: ASYNC110  # other tasks' doing
                await asyncio.sleep(0)


@asynccontextmanager
async def served_feed(
    database: Database, *, secret: str | None = None, **limits: Any
) -> AsyncIterator[FeedApi]:
    """Serve it; `limits` are those of its watch."""
    watch, stop, clock = FeedWatch(database, **limits), asyncio.Event(), ManualClock(NOW)
    box = SecretBox([secret or new_key()])
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(Api))
    api = Api(**{**nothing, "db": database, "box": box, "clock": clock, "feed": watch})
    door = Door(database)
    app = create_app(
        [operation_route(feed_operations(api), door, clock)],
        health_routes({}, CollectorRegistry()),
    )
    socket = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    tasks = [
        asyncio.create_task(each)
        for each in (watch.run(stop), door.callers.watch(stop), serve(app, socket, stop))
    ]
    async with httpx.AsyncClient(base_url=url, limits=LIMITS) as http:
        try:
            yield FeedApi(database, http, watch, stop)
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def commit(
    db: Database,
    tenant_id: TenantId,
    count: int = 1,
    *,
    name: str = "invoice",
    op: str = "u",
    size: int = 10,
) -> list[int]:
    """Commit so many events in one transaction; returns their numbers."""
    async with db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=None)
        numbers = [tenant.tenant_sequence + n for n in range(1, count + 1)]
        rows = [_row(tenant_id, tenant.epoch, n, name=name, op=op, size=size) for n in numbers]
        await append_events(conn, tenant, rows)
    return numbers


def _row(
    tenant_id: TenantId, epoch: int, number: int, *, name: str, op: str, size: int
) -> EventRow:
    headers = [
        ["ce_specversion", "1.0"],
        ["ce_id", str(uuid4())],
        ["ce_source", f"/xero/{tenant_id}"],
        ["ce_type", event_type(resource(name), op)],
        ["ce_sequence", f"{number:020d}"],
        ["ce_tenantid", tenant_id],
        ["content-type", "application/json"],
    ]
    value = {"tenant_sequence": number, "epoch": epoch, "note": "x" * size}
    timing = {"detected_at": "2026-11-03T04:17:52Z"}
    return EventRow(
        tenant_sequence=number,
        event_id=EventId(str(uuid4())),
        resource=name,
        entity_id=EntityId(str(uuid4())),
        sequence=1,
        op=op,
        cause="webhook",
        value=json.dumps({**value, "timing": timing}, separators=(",", ":")).encode(),
        state=b"{}",
        headers=json.dumps(headers).encode(),
        received_at=None,
    )


Seen = dict[str, list[tuple[int, int]]]
"""Epochs and sequences by organisation, as they came."""


def add(seen: Seen, event: Mapping[str, Any]) -> None:
    """Note an event."""
    data = event["data"]
    seen.setdefault(event["tenantid"], []).append((data["epoch"], data["tenant_sequence"]))


async def page(
    api: FeedApi, headers: Mapping[str, str], after: str | None = None, **query: Any
) -> dict[str, Any]:
    """One page of the feed."""
    told = query if after is None else {"after": after, **query}
    answer = await api.http.get("/v1/events", params=told, headers=headers, timeout=90)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["result_count"] == len(found["result"])
    return found


@dataclass(frozen=True)
class Frame:
    """What a stream sent: an event, or a word about the stream."""

    id: str | None
    event: str | None
    data: str | None


@asynccontextmanager
async def stream(
    api: FeedApi, headers: Mapping[str, str], *, last: str | None = None, **query: Any
) -> AsyncIterator[AsyncGenerator[Frame]]:
    """The frames of a stream, as an EventSource reads them."""
    more = {} if last is None else {"Last-Event-ID": last}
    async with api.http.stream(
        "GET", "/v1/events/stream", params=query, headers={**headers, **more},
        timeout=httpx.Timeout(PATIENCE_S),
    ) as answer:  # fmt: skip
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _frames(answer)


async def _frames(answer: httpx.Response) -> AsyncGenerator[Frame]:
    told: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif told:
            yield Frame(told.get("id"), told.get("event"), told.get("data"))
            told = {}


async def next_event(frames: AsyncIterator[Frame]) -> tuple[str, dict[str, Any]]:
    """The next event of a stream, and its place."""
    async with asyncio.timeout(PATIENCE_S):
        async for frame in frames:
            if frame.data is not None and frame.event is None:
                assert frame.id is not None
                event: dict[str, Any] = json.loads(frame.data)
                return frame.id, event
    raise AssertionError("the stream ended")
