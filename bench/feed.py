"""How many events a second one follower of the change feed gets, and how soon after their commit.

The api is a process of its own on a durable PostgreSQL that holds the events of ten organisations,
each with a record of some 3 kB before and after. The follower, in another process, reads all by
pages of 500 over one connection, then once more as server-sent events, and looks at no more than
where they end. The baseline, taken in the same run, turn by turn with it, is the very bytes of one
such page from a bare Starlette endpoint, as often as there are pages. Then, with a stream open,
single events are committed, and the time from the end of each commit to the event's arrival is
taken.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import uvloop

from bench.create import Connection
from bench.latency import percentiles
from bench.report import Row, options, write_result
from storage.absorbing import EventRow, append_events, lock_tenant
from storage.api_keys import create_api_key
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from unified.envelope import event_type
from unified.ids import EntityId, EventId, TenantId
from unified.partition import relay_shard
from unified.resources import resource

TENANTS = 10
PAGE = 500
COMMIT = 100  #: events of a transaction, as of an absorbed page
INVOICE = resource("invoice")
PIPE = asyncio.subprocess.PIPE


def _value(tenant_id: TenantId, number: int) -> bytes:
    """About as large as an invoice's event, and as hard to compress."""
    record = {
        "id": str(uuid4()),
        "line_items": [
            {"id": str(uuid4()), "description": f"Work {uuid4()}", "account": {"id": str(uuid4())},
             "quantity": "2", "unit_price": "150.00", "tax_type": "NONE", "total": "300.00"}
            for _ in range(14)
        ],
    }  # fmt: skip
    event = {
        "tenant": {"id": tenant_id}, "tenant_sequence": number, "before": record, "after": record,
        "timing": {"detected_at": "2026-11-03T04:17:52Z"},
    }  # fmt: skip
    return msgspec.json.encode(event)


def _row(tenant_id: TenantId, number: int) -> EventRow:
    headers = [
        ["ce_specversion", "1.0"], ["ce_id", str(uuid4())], ["ce_source", f"/xero/{tenant_id}"],
        ["ce_type", event_type(INVOICE, "u")], ["ce_subject", f"invoice/{uuid4()}"],
        ["ce_time", "2026-11-03T04:17:52Z"], ["ce_sequence", f"{number:020d}"],
        ["ce_tenantid", tenant_id], ["ce_cause", "webhook"], ["content-type", "application/json"],
    ]  # fmt: skip
    return EventRow(
        tenant_sequence=number,
        event_id=EventId(str(uuid4())),
        resource=INVOICE.name,
        entity_id=EntityId(str(uuid4())),
        sequence=1,
        op="u",
        cause="webhook",
        value=_value(tenant_id, number),
        state=b"{}",
        headers=msgspec.json.encode(headers),
        received_at=None,
    )


async def commit(db: Database, tenant_id: TenantId, count: int) -> None:
    """Commit so many events at once."""
    async with db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=None)
        first = tenant.tenant_sequence + 1
        rows = [_row(tenant_id, number) for number in range(first, first + count)]
        await append_events(conn, tenant, rows)


async def fill(db: Database, events: int) -> list[TenantId]:
    """Organisations with so many events in all."""
    tenants = [TenantId(str(uuid4())) for _ in range(TENANTS)]
    for tenant_id in tenants:
        await db.execute(
            """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch,
                                   call_tokens_at, business_date)
               VALUES ($1, $2, gen_random_uuid(), 'linked', now(), 1, now(), current_date)""",
            tenant_id,
            relay_shard(tenant_id),
        )
    for number in range(events // COMMIT):
        await commit(db, tenants[number % TENANTS], COMMIT)
    await db.execute("ANALYZE event")
    return tenants


@asynccontextmanager
async def serving(kind: str, where: str) -> AsyncIterator[str]:
    """An application of bench/list_server.py in a process of its own; its address."""
    module = [sys.executable, "-m", "bench.list_server", kind, where]
    server = await asyncio.create_subprocess_exec(*module, stdin=PIPE, stdout=PIPE)
    assert server.stdin is not None  # noqa: S101  # for the type checker
    assert server.stdout is not None  # noqa: S101  # for the type checker
    try:
        yield f"http://127.0.0.1:{(await server.stdout.readline()).decode().strip()}"
    finally:
        server.stdin.close()
        await server.wait()


async def paged(url: str, headers: Mapping[str, str]) -> tuple[float, list[bytes]]:
    """Read the whole feed by pages: seconds, and the pages."""
    connection = await Connection.to(url)
    pages: list[bytes] = []
    after, began = "beginning", time.perf_counter()
    while True:
        path = f"/v1/events?after={after}&limit={PAGE}"
        _, status, content = await connection.send("GET", path, headers, b"")
        if status != 200:
            raise RuntimeError(f"the feed said {status}: {content[:500]!r}")
        after = content.rpartition(b'"next_cursor":"')[2].partition(b'"')[0].decode()
        if content.startswith(b'{"result":[]'):
            break
        pages.append(content)
    took_s = time.perf_counter() - began
    connection.writer.close()
    return took_s, pages


async def bare(url: str, pages: int) -> float:
    """Fetch the same page as often: seconds."""
    connection = await Connection.to(url)
    began = time.perf_counter()
    for _ in range(pages):
        await connection.send("GET", "/v1/events", {}, b"")
    took_s = time.perf_counter() - began
    connection.writer.close()
    return took_s


class Stream:
    """An open stream; `seen` events have come."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tail = b""
        self.seen = 0

    @classmethod
    async def opened(cls, url: str, headers: Mapping[str, str], after: str) -> "Stream":
        """Open it, and wait until it has begun."""
        one = await Connection.to(url)
        told = [f"GET /v1/events/stream?after={after} HTTP/1.1", f"Host: {one.host}"]
        told += [f"{name}: {value}" for name, value in headers.items()]
        one.writer.write("\r\n".join(told).encode() + b"\r\n\r\n")
        await one.reader.readuntil(b"retry: ")
        return cls(one)

    async def until(self, count: int) -> None:
        """Read until so many events have come in all."""
        mark = b"\ndata: {"
        while self.seen < count:
            read = await self._connection.reader.read(256 * 1024)
            if not read:
                raise RuntimeError("the stream ended")
            content = self._tail + read
            self.seen += content.count(mark)
            self._tail = content[-len(mark) + 1 :]

    def close(self) -> None:
        """Leave."""
        self._connection.writer.close()


async def streamed(url: str, headers: Mapping[str, str], events: int) -> float:
    """Read the whole feed as server-sent events: seconds."""
    began = time.perf_counter()
    stream = await Stream.opened(url, headers, "beginning")
    await stream.until(events)
    took_s = time.perf_counter() - began
    stream.close()
    return took_s


async def arrivals(
    url: str, headers: Mapping[str, str], db: Database, tenants: Sequence[TenantId], *, count: int
) -> list[float]:
    """Milliseconds from the end of a commit to its event at the follower."""
    stream = await Stream.opened(url, headers, "now")
    taken: list[float] = []
    for number in range(count):
        await commit(db, tenants[number % len(tenants)], 1)
        committed = time.perf_counter()
        await stream.until(number + 1)
        taken.append((time.perf_counter() - committed) * 1000)
    stream.close()
    return taken


async def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure everything."""
    with tempfile.TemporaryDirectory(prefix="ledgerwire-bench-") as folder:
        embedded = EmbeddedPostgres(Path(folder) / "database", durable=True)
        url, _ = await embedded.start()
        await migrate(url)
        db = await Database.connect(url)
        try:
            tenants = await fill(db, asked.events)
            key = await create_api_key(db, "bench", scopes=["read"])
            headers = {"Authorization": f"Bearer {key.text}"}
            page = Path(folder) / "page.json"
            rounds: list[dict[str, float]] = []
            async with serving("mirror", url) as feed:
                _, pages = await paged(feed, headers)
                page.write_bytes(pages[0])
                async with serving("bare", str(page)) as bytes_alone:
                    for _ in range(asked.rounds):
                        taken_s = {"paged_s": (await paged(feed, headers))[0]}
                        taken_s["bare_s"] = await bare(bytes_alone, len(pages))
                        taken_s["streamed_s"] = await streamed(feed, headers, asked.events)
                        rounds.append(taken_s)
                taken = await arrivals(feed, headers, db, tenants, count=asked.single)
        finally:
            await db.close()
            await embedded.stop()
    counted = sum(len(json.loads(each)["result"]) for each in pages)
    if counted != asked.events:
        raise RuntimeError(f"{asked.events} events, {counted} of them on pages")
    size = sum(map(len, pages)) // counted
    return {"rounds": rounds, "events": counted, "bytes": size, "arrival_ms": percentiles(taken)}


def main() -> int:
    """Measure and write the result; returns an exit code."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--single", type=int, default=300, help="commits of one event")
    asked = parser.parse_args()
    if asked.quick:
        asked.events, asked.rounds, asked.single = 1_000, 1, 20
    result = uvloop.run(run(asked))
    rounds, arrival = result["rounds"], result["arrival_ms"]

    def per_s(name: str) -> float:
        return float(result["events"] / statistics.median(each[name] for each in rounds))

    baseline = f"the same bytes from a bare endpoint, {per_s('bare_s'):,.0f}/s"
    rows = [
        Row(
            what=f"Events from the change feed by pages of {PAGE}, {result['bytes'] / 1000:.1f} kB "
            "each, one follower",
            figure=f"{per_s('paged_s'):,.0f}/s",
            ratio=round(per_s("paged_s") / per_s("bare_s"), 3),
            baseline=baseline,
            aim="none set",
            reached=True,
        ),
        Row(
            what="The same as server-sent events",
            figure=f"{per_s('streamed_s'):,.0f}/s; single commits arrive in p50 "
            f"{arrival['p50']} ms, p99 {arrival['p99']} ms",
            ratio=round(per_s("streamed_s") / per_s("bare_s"), 3),
            baseline=baseline,
            aim="none set",
            reached=True,
        ),
    ]
    write_result("feed", rows, asked=asked, details=result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
