"""Records a second that backfills bring into the mirror and to Kafka, from the consent on.

Several organisations with thousands of documents each are linked at once. Simulator (its limits
off), receiver and api, handlers, PostgreSQL (durable) and Kafka are processes of their own. The
clock runs from the consent until Kafka has acknowledged the last event, by PostgreSQL's clock.

The baseline of the same run is the simulator alone, handing out the same pages to one plain
connection per organisation: nobody could be quicker than that. From the project's root:

    .venv/bin/python -m bench.backfill --tenants 8 --documents 3000
"""

import argparse
import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.report import Row, options, write_result
from bench.stage import Stage, staged
from storage.authorizations import authorization_of
from unified.ids import TenantId
from unified.resources import resource

AIM_PER_S = 3_000
PAGE = 1_000
_TALLY = """
SELECT (SELECT count(*) FROM record) AS records, (SELECT count(*) FROM event) AS events,
       extract(epoch FROM (SELECT max(committed_at) FROM event) - $1)::float AS mirrored_s,
       extract(epoch FROM (SELECT max(relayed_at) FROM event) - $1)::float AS relayed_s
"""


async def open_books(stage: Stage, asked: argparse.Namespace) -> list[str]:
    """Let the simulator make the organisations; returns their ids."""
    sizes = {"contacts": 100, "invoices": asked.documents * 2 // 3, "months": 12}
    sizes["bills"] = asked.documents - sizes["invoices"]
    return [(await stage.steer("tenants", sizes))["tenant_id"] for _ in range(asked.tenants)]


async def read_pages(stage: Stage, tenant_id: str) -> int:
    """Read one organisation's documents page by page over a plain connection; how many came."""
    found = await authorization_of(stage.db, TenantId(tenant_id), stage.box)
    base = urlsplit(stage.simulated["base_url"])
    reader, writer = await asyncio.open_connection(base.hostname, base.port)
    endpoint = resource("invoice").endpoint
    total = await stage.db.fetchval(
        "SELECT count(*) FROM record WHERE tenant_id = $1 AND resource = 'invoice'", tenant_id
    )
    try:
        for page in range(1, (int(total) - 1) // PAGE + 2):
            writer.write(
                (
                    f"GET /api.xro/2.0/{endpoint.path}?page={page}&pageSize={PAGE}&unitdp=4"
                    f" HTTP/1.1\r\nHost: {base.netloc}\r\nAccept: application/json\r\n"
                    f"Authorization: Bearer {found.tokens.access_token}\r\n"
                    f"Xero-Tenant-Id: {tenant_id}\r\n\r\n"
                ).encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            if " 200 " not in head[0]:
                raise RuntimeError(f"the simulator said {head[0]}")
            [size] = [int(line[15:]) for line in head if line.startswith("content-length:")]
            await reader.readexactly(size)
    finally:
        writer.close()
    return int(total)


async def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Link, wait, count; then the baseline."""
    async with staged("--small", "--no-limits", tenants=1, embedded=asked.embedded) as stage:
        tenants = await open_books(stage, asked)
        front = await stage.start("receiver", "api")
        for number in range(asked.handlers):
            await stage.start("handlers", name=f"handlers-{number + 1}")
        used = stage.processor_s()
        began = await stage.db.now()
        await stage.link(front, tenants)
        await stage.backfilled(len(tenants))
        used = {name: s - used.get(name, 0.0) for name, s in stage.processor_s().items()}
        tally = await stage.db.fetchrow(_TALLY, began)
        assert tally is not None  # noqa: S101  # a select without FROM has one row
        if tally["records"] != tally["events"]:
            raise RuntimeError(f"{tally['records']} records, {tally['events']} events")
        started = time.perf_counter()
        pages = await asyncio.gather(*(read_pages(stage, each) for each in tenants))
        baseline_s = time.perf_counter() - started
        return {
            "kafka": stage.kafka,
            "tenants": len(tenants),
            "handlers": asked.handlers,
            "records": tally["records"],
            "per_s": round(tally["records"] / tally["relayed_s"]),
            "into_the_mirror_per_s": round(tally["records"] / tally["mirrored_s"]),
            "simulator_alone_per_s": round(sum(pages) / baseline_s),
            "processor_ms_per_record": {
                name: round(seconds * 1000 / tally["records"], 3) for name, seconds in used.items()
            },
        }


def row(found: dict[str, Any]) -> Row:
    """The table's line."""
    spent = found["processor_ms_per_record"]
    whole = sum(ms for name, ms in spent.items() if name != "benchmark")
    handlers = sum(ms for name, ms in spent.items() if name.startswith("handlers"))
    return Row(
        what=f"backfill of {found['tenants']} organisations into mirror and Kafka, limits off",
        figure=f"{found['per_s']:,} records/s",
        ratio=round(found["per_s"] / found["simulator_alone_per_s"], 3),
        baseline=f"the simulator alone hands out {found['simulator_alone_per_s']:,}/s",
        aim=f"≥ {AIM_PER_S:,}/s",
        reached=found["per_s"] >= AIM_PER_S,
        why=f"a record costs {whole:.2f} ms of processor in all programs, {handlers:.2f} of it in "
        "the handlers, whose event loop is one core",
    )


def main() -> None:
    """Measure once: a backfill of this length is its own average."""
    parser = options(__doc__)
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--documents", type=int, default=3_000, help="of each organisation")
    parser.add_argument("--handlers", type=int, default=1, help="processes")
    parser.add_argument("--embedded", action="store_true", help="the embedded broker in any case")
    asked = parser.parse_args()
    if asked.quick:
        asked.tenants, asked.documents = 2, 60
    found = uvloop.run(run(asked))
    write_result("backfill", [row(found)], asked=asked, details=found)


if __name__ == "__main__":
    main()
