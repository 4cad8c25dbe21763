"""How much longer a call through the proxy takes than the same call at Xero itself.

The api is a process of its own on a durable PostgreSQL; the simulator stands for Xero, without its
limits. Reads of a page of invoices, and writes of a contact, which stand in the audit before they
leave. The baseline, taken in the same run, turn by turn with it, is the simulator's own answer to
the same call over one bare connection. Nothing competes: one caller, one call at a time. From the
project's root:

    .venv/bin/python -m bench.proxy --tenants 40 --rounds 5
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec
import uvloop

from bench.create import MOST_ROUNDS, Connection
from bench.latency import percentiles
from bench.report import Row, options, write_result
from bench.stage import Stage, staged
from storage.api_keys import create_api_key
from storage.authorizations import authorization_of
from unified.ids import TenantId

AIM_MS = 5.0  #: of the median, beyond the simulator's own answer
WARM = 6  #: calls of each kind before anything counts
READ = "/api.xro/2.0/Invoices?page=1"
WRITE = "/api.xro/2.0/Contacts"


@dataclass
class Times:
    """Milliseconds of one kind of call, through the proxy and at the simulator."""

    through: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)


@dataclass
class Callers:
    """Both ways to Xero."""

    ours: Connection
    bare: Connection
    mine: Mapping[str, str]
    theirs: Mapping[str, str]

    async def both(self, times: Times, method: str, path: str, tenant_id: TenantId) -> None:
        """One call each way; those who come first warm up alone."""
        tenant = {"Xero-Tenant-Id": tenant_id}
        took, status, told = await self.ours.send(
            method, f"/v1/proxy{path}", {**self.mine, **tenant}, _body(method)
        )
        if status != 200:
            raise RuntimeError(f"the proxy said {status}: {told[:500]!r}")
        again, status, told = await self.bare.send(
            method, path, {**self.theirs, **tenant}, _body(method)
        )
        if status != 200:
            raise RuntimeError(f"the simulator said {status}: {told[:500]!r}")
        times.through.append(took)
        times.direct.append(again)


def _body(method: str) -> bytes:
    """A contact that there is not yet; reads have none."""
    if method == "GET":
        return b""
    return msgspec.json.encode({"Contacts": [{"Name": f"Bench {uuid4()}"}]})


async def _callers(stage: Stage, tenant_id: TenantId) -> Callers:
    program = await stage.start("api")
    await stage.link(program, stage.tenants)
    key = await create_api_key(stage.db, "bench", scopes=["proxy"])
    found = await authorization_of(stage.db, tenant_id, stage.box)
    return Callers(
        ours=await Connection.to(program.url.replace("localhost", "127.0.0.1")),
        bare=await Connection.to(stage.simulated["base_url"]),
        mine={"Authorization": f"Bearer {key.text}"},
        theirs={"Authorization": f"Bearer {found.tokens.access_token}"},
    )


async def measured(asked: argparse.Namespace) -> tuple[Times, Times, dict[str, float]]:
    """Reads, writes, and processor time of each program for one call, in ms: of the simulator for
    two."""
    async with staged("--small", "--no-limits", tenants=asked.tenants, embedded=True) as stage:
        stage.settings = stage.settings.model_copy(update={"xero_scopes": "granular write"})
        tenants = [TenantId(each) for each in stage.tenants]
        callers = await _callers(stage, tenants[0])
        reads, writes, began = Times(), Times(), stage.processor_s()
        for turn in range(asked.rounds):
            for tenant_id in tenants:
                kind = (reads, "GET", READ) if turn % 2 == 0 else (writes, "PUT", WRITE)
                await callers.both(*kind, tenant_id)
        calls = asked.rounds * len(tenants)
        used = {
            name: round((after - began[name]) * 1000 / calls, 2)
            for name, after in stage.processor_s().items()
        }
        callers.ours.writer.close()
        callers.bare.writer.close()
        for times in (reads, writes):
            del times.through[:WARM], times.direct[:WARM]
        return reads, writes, used


def row(what: str, times: Times) -> Row:
    """One line of the table."""
    ours, theirs = percentiles(times.through), percentiles(times.direct)
    added = ours["p50"] - theirs["p50"]
    return Row(
        what=what,
        figure=f"p50 {ours['p50']} ms, p99 {ours['p99']} ms: {added:.1f} ms added at p50",
        ratio=round(ours["p50"] / theirs["p50"], 3),
        baseline=f"the same call at the simulator, p50 {theirs['p50']} ms",
        aim=f"at most {AIM_MS:g} ms added at p50",
        reached=added <= AIM_MS,
    )


def main() -> int:
    """Measure and write the result; returns an exit code."""
    parser = options(__doc__)
    parser.add_argument("--tenants", type=int, default=60, help="organisations")
    parser.add_argument("--rounds", type=int, default=MOST_ROUNDS, help="calls of each")
    asked = parser.parse_args()
    if asked.quick:
        asked.tenants, asked.rounds = 8, 2
    if not 2 <= asked.rounds <= MOST_ROUNDS:
        parser.error(f"2 to {MOST_ROUNDS} rounds")
    reads, writes, used = uvloop.run(measured(asked))
    rows = [
        row("A page of invoices through the proxy", reads),
        row("A new contact through the proxy, audited", writes),
    ]
    details = {
        "reads_ms": {"through": percentiles(reads.through), "direct": percentiles(reads.direct)},
        "writes_ms": {"through": percentiles(writes.through), "direct": percentiles(writes.direct)},
        "processor_ms": used,
    }
    write_result("proxy", rows, asked=asked, details=details)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
