"""Durable acknowledgements per second, against the same work without storage.

Three applications take turns, so that a busy machine disturbs all alike, each in a process of its
own on the same server (uvicorn, uvloop, httptools):

* bare: Starlette answers an empty 200;
* hmac: Starlette, the signature checked and the JSON parsed, nothing stored;
* durable: the receiver itself, on a PostgreSQL that syncs every commit to disk.

A generator in another process (bench/receive_load.py) keeps 64 connections busy with distinct
signed deliveries. The figure to watch is durable over hmac. From the project's root:

    .venv/bin/python -m bench.receive --rounds 3 --requests 20000
"""

import argparse
import asyncio
import base64
import hmac
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.receive_load import KEY, tenant_ids
from receiver.app import create_app
from receiver.server import listen, serve
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from unified.clock import OffsetClock
from unified.partition import relay_shard

RESULTS = Path(__file__).parent / "results" / "receive.json"
TENANTS = 20
KINDS = ("bare", "hmac", "durable")


async def bare_answer(_: Request) -> Response:
    """Answer without looking."""
    return Response()


async def hmac_answer(request: Request) -> Response:
    """Verify and parse, as a receiver must at the very least; then forget."""
    body = await request.body()
    expected = base64.b64encode(hmac.digest(KEY.encode(), body, "sha256"))
    if not hmac.compare_digest(expected, request.headers["x-xero-signature"].encode()):
        return Response(status_code=401)
    msgspec.json.decode(body)
    return Response()


@asynccontextmanager
async def application(kind: str, database_url: str) -> AsyncIterator[ASGIApp]:
    """One of the three applications."""
    if kind != "durable":
        answer = bare_answer if kind == "bare" else hmac_answer
        yield Starlette(routes=[Route("/webhooks/xero", answer, methods=["POST"])])
        return
    database = await Database.connect(database_url, min_size=2, max_size=4)
    yield create_app(database, [KEY], clock=OffsetClock(), registry=CollectorRegistry())
    await database.close()


async def serve_one(kind: str, database_url: str) -> None:
    """Be the server process: say the port, serve until standard input ends."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    listening = listen("127.0.0.1", 0)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    async with application(kind, database_url) as app:
        await serve(app, listening, stop)


async def measure(kind: str, database_url: str, *, seed: str, options: list[str]) -> dict[str, Any]:
    """Start the server, drive it from another process, stop it."""
    pipe = asyncio.subprocess.PIPE
    module = [sys.executable, "-m", "bench.receive", "--serve", kind, "--database", database_url]
    server = await asyncio.create_subprocess_exec(*module, stdin=pipe, stdout=pipe)
    assert server.stdin is not None  # noqa: S101  # for the type checker
    assert server.stdout is not None  # noqa: S101  # for the type checker
    try:
        port = (await server.stdout.readline()).decode().strip()
        command = [sys.executable, "-m", "bench.receive_load", "--port", port, "--seed", seed]
        load = await asyncio.create_subprocess_exec(*command, *options, stdout=pipe)
        said, _ = await load.communicate()
    finally:
        server.stdin.close()
        await server.wait()
    result: dict[str, Any] = json.loads(said)
    if result["statuses"] != {"200": result["answers"]}:
        raise RuntimeError(f"{kind}: not every answer was 200: {result['statuses']}")
    return result


async def link_tenants(database: Database) -> None:
    """Make the organisations that the deliveries speak of."""
    for tenant_id in tenant_ids(TENANTS):
        await database.execute(
            """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch,
                                   call_tokens_at)
               VALUES ($1, $2, gen_random_uuid(), 'linked', now(), 1, now())""",
            tenant_id,
            relay_shard(tenant_id),
        )


async def check(database: Database, rounds: list[dict[str, Any]]) -> None:
    """Every answer of 200 has its row and its notice, or the figure means nothing."""
    answered = sum(each["durable"]["answers"] for each in rounds)
    rows = await database.fetchval("SELECT count(*) FROM delivery WHERE outcome = 'accepted'")
    notices = await database.fetchval("SELECT count(*) FROM notice")
    if not answered == rows == notices:
        raise RuntimeError(f"{answered} answers, {rows} deliveries, {notices} notices")


async def run(rounds: int, options: list[str]) -> dict[str, Any]:
    """Measure everything and summarise it."""
    with tempfile.TemporaryDirectory(prefix="ledgerwire-bench-") as folder:
        embedded = EmbeddedPostgres(Path(folder), durable=True)
        url, _ = await embedded.start()
        try:
            await migrate(url)
            database = await Database.connect(url)
            await link_tenants(database)
            measured = [
                {
                    kind: await measure(kind, url, seed=f"{number}", options=options)
                    for kind in KINDS
                }
                for number in range(rounds)
            ]
            await check(database, measured)
            await database.close()
        finally:
            await embedded.stop()
    return summary(measured)


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and the ratios within each round."""

    def median(kind: str, figure: str) -> float:
        return float(statistics.median(each[kind][figure] for each in rounds))

    def ratio(of: str, to: str) -> float:
        ratios = [float(each[of]["per_s"]) / each[to]["per_s"] for each in rounds]
        return float(round(statistics.median(ratios), 3))

    return {
        "medians": {
            kind: {figure: median(kind, figure) for figure in ("per_s", "p50_ms", "p99_ms")}
            for kind in KINDS
        },
        "to_hmac": {kind: ratio(kind, "hmac") for kind in KINDS},  # medians of each round's ratio
        "aims": {"durable to_hmac": 0.5, "durable_p99_ms": 50},
        "rounds": rounds,
    }


def show(result: dict[str, Any]) -> None:
    """Print the summary as a table."""
    table = Table(title="Receiving, 64 connections, medians")
    for title in ("application", "answers/s", "of hmac", "p50 ms", "p99 ms"):
        table.add_column(title, justify="left" if title == "application" else "right")
    for kind, row in result["medians"].items():
        share = f"{result['to_hmac'][kind]:.2f}"
        cells = (kind, f"{row['per_s']:,.0f}", share, f"{row['p50_ms']}", f"{row['p99_ms']}")
        table.add_row(*cells)
    Console().print(table)


def main() -> None:
    """Measure, write bench/results/receive.json and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=20_000, help="deliveries a round")
    parser.add_argument("--seconds", type=float, default=15, help="at most, a round")
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--database", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        uvloop.run(serve_one(asked.serve, asked.database))
        return
    options = ["--requests", f"{asked.requests}", "--seconds", f"{asked.seconds}"]
    result = uvloop.run(run(asked.rounds, [*options, "--tenants", f"{TENANTS}"]))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


if __name__ == "__main__":
    main()
