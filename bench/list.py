"""How many pages of 100 invoices a second the api gives out of the mirror, at 16 connections.

The baseline of the same run is Starlette answering with the very bytes of such a page, from memory:
what is left to be faster than is the web server itself. Twice: one page asked for again and again,
as by many readers of the same, and 20,000 invoices walked through page by page, which leaves
nothing to be remembered. Processes of their own for the server, the load and PostgreSQL, which is
durable. From the project's root: python -m bench.list
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvloop

from bench.normalize import CONTEXT, as_on_the_wire, make_invoice
from bench.receive import processor_s
from bench.report import Row, options, write_result
from handlers.commit import Step, commit_steps
from storage.absorbing import lock_tenant
from storage.api_keys import create_api_key
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from unified.ids import TenantId
from unified.partition import relay_shard
from unified.resources.invoice import INVOICE
from unified.shape import Read

PATH = "/v1/accounting/invoices?limit=100"
INVOICES = 20_000
BATCH = 500
LEAST_RATIO, P99_MS = 0.3, 20.0
AIM = f"ratio ≥ {LEAST_RATIO}, p99 ≤ {P99_MS:.0f} ms"


async def fill(db: Database, count: int) -> TenantId:
    """An organisation with so many invoices of three lines, written as absorbing writes them."""
    tenant_id, now = CONTEXT.tenant_id, datetime.now(UTC)
    await db.execute(
        """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch, call_tokens_at)
           VALUES ($1, $2, $3, 'linked', $4, 1, $4)""",
        tenant_id,
        relay_shard(tenant_id),
        CONTEXT.connection_id,
        now,
    )
    await db.execute(
        """INSERT INTO cursor (tenant_id, endpoint, since, sweep_due_at, backfill_state)
           VALUES ($1, 'Invoices', $2, $2, 'done')""",
        tenant_id,
        now,
    )
    chance = random.Random("list")  # noqa: S311  # test data
    contacts = [f"{chance.getrandbits(128):032x}" for _ in range(50)]
    for start in range(0, count, BATCH):
        async with db.transaction() as conn:
            tenant = await lock_tenant(conn, tenant_id, fencing=None)
            steps = [_step(chance, contacts, now) for _ in range(start, min(start + BATCH, count))]
            await commit_steps(conn, tenant, steps)
    await db.execute("DELETE FROM event")
    await db.execute("VACUUM ANALYZE record")
    return tenant_id


def _step(chance: random.Random, contacts: list[str], now: datetime) -> Step:
    text = as_on_the_wire(make_invoice(chance, contacts, contacts[:5]))
    raw = json.loads(text, parse_float=Decimal)
    record = INVOICE.overlay(None, INVOICE.normalize(raw, CONTEXT, Read.PAGED))
    return Step(
        resource=INVOICE, known=None, before=None, after=record,
        fingerprint=INVOICE.fingerprint(record), op="r",
        cause={"kind": "backfill", "detected_by": "backfill", "coalesced": 1}, seen=None,
        received_at=None, at=now,
    )  # fmt: skip


async def measured(kind: str, where: str, load: Sequence[str], *, postgres: int) -> dict[str, Any]:
    """Start one server, load it, end it; processor time is told for each page."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.list_server", kind, where), stdin=PIPE, stdout=PIPE
    )
    assert server.stdin is not None  # noqa: S101  # for the type checker
    assert server.stdout is not None  # noqa: S101  # for the type checker
    try:
        port = int(await server.stdout.readline())
        # The first second is the server's to warm up in.
        for more in (["--seconds", "1"], []):
            before = processor_s(server.pid), processor_s(postgres)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.list_load", "--port", f"{port}", *load, *more),
                stdout=PIPE,
            )
            said, _ = await process.communicate()
            after = processor_s(server.pid), processor_s(postgres)
    finally:
        server.stdin.close()
        await server.wait()
    result: dict[str, Any] = json.loads(said)
    if set(result["statuses"]) != {"200"}:
        raise RuntimeError(f"{kind}: not every answer was 200: {result['statuses']}")
    for name, was, is_now in zip(("server", "postgres"), before, after, strict=True):
        result[f"{name}_us"] = round((is_now - was) / result["answers"] * 1e6)
    return result


async def run(rounds: int, seconds: float, invoices: int) -> list[dict[str, dict[str, Any]]]:
    """The rounds, each with a figure of `bare`, `again` and `walk`."""
    found = []
    with tempfile.TemporaryDirectory(prefix="ledgerwire-bench-") as folder:
        embedded = EmbeddedPostgres(Path(folder) / "database", durable=True)
        url, postgres = await embedded.start()
        try:
            await migrate(url)
            db = await Database.connect(url)
            tenant_id = await fill(db, invoices)
            key = await create_api_key(db, "bench", scopes=["read"], tenants=[tenant_id])
            rows = await db.fetch("SELECT unified FROM record ORDER BY id LIMIT 100")
            page = Path(folder) / "page.json"
            body = ",".join(row["unified"] for row in rows)
            page.write_text(f'{{"result":[{body}],"limit":100}}', encoding="utf-8")
            await db.close()
            load = ["--path", PATH, "--seconds", f"{seconds}"]
            asked = [*load, "--header", f"Authorization: Bearer {key.text}"]
            for _ in range(rounds):
                found.append(  # noqa: PERF401  # one after the other
                    {
                        "bare": await measured("bare", str(page), load, postgres=postgres),
                        "again": await measured("mirror", url, asked, postgres=postgres),
                        "walk": await measured(
                            "mirror", url, [*asked, "--walk"], postgres=postgres
                        ),
                    }
                )
        finally:
            await embedded.stop()
    return found


def row(what: str, rounds: Sequence[dict[str, dict[str, Any]]], kind: str, why: str) -> Row:
    """One line: medians over the rounds, and the median of each round's ratio."""

    def median(of: str, figure: str) -> float:
        return float(statistics.median(each[of][figure] for each in rounds))

    ratio = statistics.median(each[kind]["per_s"] / each["bare"]["per_s"] for each in rounds)
    p99_ms = median(kind, "p99_ms")
    reached = ratio >= LEAST_RATIO and p99_ms <= P99_MS
    return Row(
        what=what,
        figure=f"{median(kind, 'per_s'):,.0f} pages/s, p50 {median(kind, 'p50_ms'):.1f} ms, "
        f"p99 {p99_ms:.1f} ms",
        ratio=round(ratio, 3),
        baseline=f"Starlette with the same {rounds[0]['bare']['bytes'] / 1000:.0f} kB from memory, "
        f"{median('bare', 'per_s'):,.0f}/s",
        aim=AIM,
        reached=reached,
        why="" if reached else why,
    )


def main() -> None:
    """Measure and write the result."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="a measurement")
    asked = parser.parse_args()
    rounds, seconds = (1, 1.0) if asked.quick else (asked.rounds, asked.seconds)
    found = uvloop.run(run(rounds, seconds, 500 if asked.quick else INVOICES))
    rows = [
        row("A list of 100 invoices from the mirror, 16 connections", found, "again",
            "three processes share two cores"),
        row("The same, walking through 20,000", found, "walk",
            "PostgreSQL unpacks 420 kB a page, each page anew"),
    ]  # fmt: skip
    write_result("list", rows, asked=asked, details={"rounds": found})


if __name__ == "__main__":
    main()
