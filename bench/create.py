"""How much longer it takes to create an invoice through the unified api than at Xero itself.

The api is a process of its own on a durable PostgreSQL; the simulator stands for Xero, without its
limits. Each creation has an Idempotency-Key: what leaves and what is answered is kept, and the
answer is absorbed and its event committed before the caller has it.

The baseline, taken in the same run, turn by turn with it, is the simulator's own answer to the very
request that the api sends (as its dry run shows it), over one bare connection. Nothing competes:
one caller, one request at a time. From the project's root:

    .venv/bin/python -m bench.create --tenants 40 --rounds 5
"""

import argparse
import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import uvloop

from bench.latency import percentiles
from bench.report import Row, options, write_result
from bench.stage import Stage, staged
from storage.api_keys import create_api_key
from storage.authorizations import authorization_of
from unified.ids import TenantId

AIM_MS = 15.0  #: of the median, beyond the simulator's own answer
MOST_ROUNDS = 5  #: an organisation's calls flow from a bucket of six
WARM = 6  #: creations before anything counts


@dataclass
class Connection:
    """One bare HTTP/1.1 connection, kept open."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str

    @classmethod
    async def to(cls, base_url: str) -> "Connection":
        """Open it."""
        parts = urlsplit(base_url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(reader, writer, parts.netloc)

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[float, int, bytes]:
        """Send a request; returns milliseconds until its whole answer, its status and its body."""
        told = {"Host": self.host, "Accept": "application/json", "Content-Length": str(len(body)),
                "Content-Type": "application/json", **headers}  # fmt: skip
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items())]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        began = time.perf_counter()
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        [size] = [int(line[15:]) for line in head if line.startswith("content-length:")]
        answer = await self.reader.readexactly(size)
        return (time.perf_counter() - began) * 1000, int(head[0].split()[1]), answer


def invoice(contact_id: str, number: int) -> dict[str, Any]:
    """A sales invoice of three lines."""
    lines = [
        {"description": f"Work of day {day}", "quantity": "2", "unit_price": "150.00",
         "account": {"code": "200"}}
        for day in range(3)
    ]  # fmt: skip
    return {
        "type": "invoice",
        "status": "open",
        "contact": {"remote_id": contact_id},
        "issue_date": "2026-11-01",
        "due_date": "2026-12-01",
        "reference": f"bench {number}",
        "line_items": lines,
    }


async def contacts_of(stage: Stage) -> dict[TenantId, str]:
    """A contact of each organisation."""
    answer = await stage.http.get(f"{stage.simulated['control_url']}/books")
    return {
        TenantId(each["tenant_id"]): each["Contacts"][0]["ContactID"]
        for each in answer.raise_for_status().json()["tenants"]
    }


async def measured(
    asked: argparse.Namespace,
) -> tuple[list[float], list[float], dict[str, float]]:
    """Times of creations through the api, and of the same requests at the simulator, in ms; and
    processor time of each program for one creation, in ms: of the simulator for two of them."""
    async with staged("--small", "--no-limits", tenants=asked.tenants, embedded=True) as stage:
        stage.settings = stage.settings.model_copy(update={"xero_scopes": "granular write"})
        program = await stage.start("api")
        await stage.link(program, stage.tenants)
        contacts = await contacts_of(stage)
        key = await create_api_key(stage.db, "bench", scopes=["write"])
        found = await authorization_of(stage.db, next(iter(contacts)), stage.box)
        ours = await Connection.to(program.url.replace("localhost", "127.0.0.1"))
        bare = await Connection.to(stage.simulated["base_url"])
        through, direct = [], []
        number, began = 0, stage.processor_s()
        for turn in range(asked.rounds):
            for tenant_id, contact_id in contacts.items():
                number += 1
                body = msgspec.json.encode(invoice(contact_id, number))
                mine = {
                    "Authorization": f"Bearer {key.text}",
                    "X-Tenant-Id": tenant_id,
                    "Idempotency-Key": uuid4().hex,
                }
                _, status, told = await ours.send(
                    "POST", "/v1/accounting/invoices?dry_run=true", mine, body
                )
                request = msgspec.json.decode(told)["request"]
                theirs = {
                    "Authorization": f"Bearer {found.tokens.access_token}",
                    "Xero-Tenant-Id": tenant_id,
                    "Idempotency-Key": uuid4().hex,
                }
                query = "&".join(f"{name}={value}" for name, value in request["query"].items())
                path, content = f"{request['path']}?{query}", msgspec.json.encode(request["body"])
                took, status, told = await ours.send("POST", "/v1/accounting/invoices", mine, body)
                if status != 201:
                    raise RuntimeError(f"the api said {status}: {told[:500]!r}")
                again, status, told = await bare.send("PUT", path, theirs, content)
                if status != 200:
                    raise RuntimeError(f"the simulator said {status}: {told[:500]!r}")
                if turn or number > WARM:
                    through.append(took)
                    direct.append(again)
        ours.writer.close()
        bare.writer.close()
        used = {
            name: round((after - began[name]) * 1000 / number, 1)
            for name, after in stage.processor_s().items()
        }
        return through, direct, used


def main() -> int:
    """Measure and write the result; returns an exit code."""
    parser = options(__doc__)
    parser.add_argument("--tenants", type=int, default=40, help="organisations")
    parser.add_argument("--rounds", type=int, default=MOST_ROUNDS, help="creations of each")
    asked = parser.parse_args()
    if asked.quick:
        asked.tenants, asked.rounds = 8, 2
    if not 1 <= asked.rounds <= MOST_ROUNDS:
        parser.error(f"1 to {MOST_ROUNDS} rounds")
    through, direct, used = uvloop.run(measured(asked))
    ours, theirs = percentiles(through), percentiles(direct)
    added = ours["p50"] - theirs["p50"]
    row = Row(
        what="Creating an invoice through the api",
        figure=f"p50 {ours['p50']} ms, p99 {ours['p99']} ms: {added:.1f} ms added at p50",
        ratio=ours["p50"] / theirs["p50"],
        baseline=f"the same request at the simulator, p50 {theirs['p50']} ms",
        aim=f"at most {AIM_MS:g} ms added at p50",
        reached=added <= AIM_MS,
    )
    write_result(
        "create",
        [row],
        asked=asked,
        details={
            "through_ms": ours,
            "direct_ms": theirs,
            "creations": len(through),
            "processor_ms": used,
        },
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
