"""Durable acknowledgements per second, against the same receiver without storage.

The applications of bench/receive_server.py take turns, so that a busy machine disturbs all alike,
each in a process of its own on the same server (uvicorn, uvloop, httptools). A generator in another
process (bench/receive_load.py) keeps 64 connections busy with distinct signed deliveries of one
event each, of 20 organisations. PostgreSQL syncs every commit to disk. Then the same once more
beside a backfill (bench/backfilling.py) that writes as fast as it can to the same database.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from bench.receive_load import tenant_ids
from bench.receive_server import KINDS
from bench.report import Row, options, write_result
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from unified.partition import relay_shard

TENANTS = 20
P99_MS = 50.0
LEAST_RATIO = 0.5
FIGURES = ("per_s", "p50_ms", "p99_ms", "server_us", "postgres_us")  # the last two per answer
PIPE = asyncio.subprocess.PIPE


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the applications are measured: a database and its server's process."""

    url: str
    postgres: int
    load: list[str]  #: options of bench/receive_load.py

    async def measure(self, kind: str, seed: str) -> dict[str, Any]:
        """Start an application, drive it from another process, stop it."""
        module = [sys.executable, "-m", "bench.receive_server", kind, self.url]
        server = await asyncio.create_subprocess_exec(*module, stdin=PIPE, stdout=PIPE)
        assert server.stdin is not None  # noqa: S101  # for the type checker
        assert server.stdout is not None  # noqa: S101  # for the type checker
        try:
            port = (await server.stdout.readline()).decode().strip()
            before = processor_s(server.pid), processor_s(self.postgres)
            command = [sys.executable, "-m", "bench.receive_load", "--port", port, "--seed", seed]
            load = await asyncio.create_subprocess_exec(*command, *self.load, stdout=PIPE)
            said, _ = await load.communicate()
            after = processor_s(server.pid), processor_s(self.postgres)
        finally:
            server.stdin.close()
            await server.wait()
        result: dict[str, Any] = json.loads(said)
        if result["statuses"] != {"200": result["answers"]}:
            raise RuntimeError(f"{kind}: not every answer was 200: {result['statuses']}")
        for name, was, is_now in zip(("server", "postgres"), before, after, strict=True):
            result[f"{name}_us"] = round((is_now - was) / result["answers"] * 1e6)
        return result


def processor_s(pid: int) -> float:
    """Seconds of processor time of a process and its children, whether they live or have ended."""
    process = psutil.Process(pid)
    times = [process.cpu_times(), *(each.cpu_times() for each in process.children())]
    ended: float = times[0].children_user + times[0].children_system
    return ended + sum(float(each.user + each.system) for each in times)


async def link_tenants(database: Database) -> list[str]:
    """Make the organisations that the deliveries speak of, and one more for the backfill."""
    ids = tenant_ids(TENANTS + 1)
    for tenant_id in ids:
        await database.execute(
            """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch,
                                   call_tokens_at, business_date)
               VALUES ($1, $2, gen_random_uuid(), 'linked', now(), 1, now(), current_date)""",
            tenant_id,
            relay_shard(tenant_id),
        )
    return ids


@asynccontextmanager
async def backfilling(url: str, tenant_id: str) -> AsyncIterator[dict[str, float]]:
    """A backfill beside what happens in the block; its speed is known afterwards."""
    command = [sys.executable, "-m", "bench.backfilling", url, tenant_id]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None  # noqa: S101  # for the type checker
    began, speed = time.perf_counter(), dict[str, float]()
    try:
        yield speed
    finally:
        process.stdin.close()
        said, _ = await process.communicate()
        speed["per_s"] = round(int(said) / (time.perf_counter() - began))


async def check(database: Database, rounds: Sequence[dict[str, Any]]) -> None:
    """Every answer of 200 has its row and its notice, or the figure means nothing."""
    answered = sum(each["durable"]["answers"] for each in rounds)
    rows = await database.fetchval("SELECT count(*) FROM delivery WHERE outcome = 'accepted'")
    notices = await database.fetchval("SELECT count(*) FROM notice")
    if not answered == rows == notices:
        raise RuntimeError(f"{answered} answers, {rows} deliveries, {notices} notices")


async def run(rounds: int, requests: int, seconds: float) -> dict[str, Any]:
    """Measure everything: `quiet` and `beside` a backfill, each a list of rounds."""
    load = ["--requests", f"{requests}", "--seconds", f"{seconds}", "--tenants", f"{TENANTS}"]
    quiet, beside, speeds = list[dict[str, Any]](), list[dict[str, Any]](), list[float]()
    with tempfile.TemporaryDirectory(prefix="ledgerwire-bench-") as folder:
        embedded = EmbeddedPostgres(Path(folder), durable=True)
        url, postgres = await embedded.start()
        try:
            await migrate(url)
            database = await Database.connect(url)
            stand = Stand(url, postgres, load)
            *_, filled = await link_tenants(database)
            for number in range(rounds):
                quiet.append({kind: await stand.measure(kind, f"quiet {number}") for kind in KINDS})
                async with backfilling(url, filled) as speed:
                    beside.append(
                        {
                            kind: await stand.measure(kind, f"beside {number}")
                            for kind in ("unstored", "durable")
                        }
                    )
                speeds.append(speed["per_s"])
            await check(database, [*quiet, *beside])
            await database.close()
        finally:
            await embedded.stop()
    return {"quiet": quiet, "beside": beside, "backfill_per_s": speeds}


def median(rounds: Sequence[dict[str, Any]], kind: str, figure: str) -> float:
    """Of a figure over the rounds."""
    return float(statistics.median(each[kind][figure] for each in rounds))


def row(what: str, rounds: Sequence[dict[str, Any]], why: str) -> Row:
    """One line: medians over the rounds, and the median of each round's ratio."""
    ratio = statistics.median(
        each["durable"]["per_s"] / each["unstored"]["per_s"] for each in rounds
    )
    p99_ms = median(rounds, "durable", "p99_ms")
    figures = {kind: f"{median(rounds, kind, 'per_s'):,.0f}/s" for kind in ("durable", "unstored")}
    return Row(
        what=what,
        figure=f"{figures['durable']}, p50 {median(rounds, 'durable', 'p50_ms'):.0f} ms, "
        f"p99 {p99_ms:.0f} ms",
        ratio=round(ratio, 3),
        baseline=f"the same receiver without storage, {figures['unstored']}",
        aim=f"ratio ≥ {LEAST_RATIO}, p99 ≤ {P99_MS:.0f} ms",
        reached=ratio >= LEAST_RATIO and p99_ms <= P99_MS,
        why=why,
    )


def main() -> None:
    """Measure and write the result."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20_000, help="a round")
    parser.add_argument("--seconds", type=float, default=15, help="at most, a round")
    asked = parser.parse_args()
    rounds, requests = (1, 500) if asked.quick else (asked.rounds, asked.requests)
    result = uvloop.run(run(rounds, requests, asked.seconds))
    quiet, beside = result["quiet"], result["beside"]
    backfill = statistics.median(result["backfill_per_s"])
    rows = [
        row("Durable acknowledgements, 64 connections", quiet, "three processes on two cores"),
        row(
            f"The same while a backfill writes {backfill:,.0f} records/s",
            beside,
            "four processes on two cores",
        ),
    ]
    medians = {kind: {figure: median(quiet, kind, figure) for figure in FIGURES} for kind in KINDS}
    write_result("receive", rows, asked=asked, details={"medians": medians, **result})


if __name__ == "__main__":
    main()
