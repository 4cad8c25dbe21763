"""The load for bench/receive.py, in a process of its own: signed deliveries over kept connections.

Everything is made before the clock starts, so that while it runs the generator only writes bytes
and looks for the end of each answer. Bounded in count and in time. Prints one line of JSON.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import random
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import cast

import uvloop

KEY = "a-made-up-key-for-measuring-only"
_TAIL = b"\r\n\r\n"  # every answer has an empty body, so its head is all of it


def tenant_ids(count: int) -> list[str]:
    """The organisations the deliveries speak of, the same in every process."""
    chance = random.Random("tenants")  # noqa: S311  # test data
    return [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(count)]


def requests(count: int, seed: str, tenants: list[str]) -> list[bytes]:
    """Make distinct signed POSTs of one event each, as bytes on the wire."""
    chance = random.Random(seed)  # noqa: S311  # test data
    made = []
    for number in range(1, count + 1):
        invoice = uuid.UUID(int=chance.getrandbits(128), version=4)
        body = (
            f'{{"events":[{{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/{invoice}",'
            f'"resourceId":"{invoice}","tenantId":"{chance.choice(tenants)}",'
            '"tenantType":"ORGANISATION","eventCategory":"INVOICE","eventType":"UPDATE",'
            f'"eventDateUtc":"2026-11-03T04:17:52.310"}}],"firstEventSequence": {number},'
            f'"lastEventSequence": {number}, "entropy": "{chance.getrandbits(94):020X}"}}'
        ).encode()
        digest = hmac.digest(KEY.encode(), body, hashlib.sha256)
        head = (
            "POST /webhooks/xero HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            f"x-xero-signature: {base64.b64encode(digest).decode()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        made.append(head + body)
    return made


@dataclass
class Run:
    """What is left to send, and what came of what was sent."""

    left: list[bytes]
    until: float
    done: asyncio.Future[None]
    open: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One connection: the next request as soon as the last is answered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._run.open += 1
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer.endswith(_TAIL):
            return
        now = time.perf_counter()
        status = self._buffer[9:12].decode()
        self._run.statuses[status] = self._run.statuses.get(status, 0) + 1
        self._run.latencies_s.append(now - self._sent)
        self._buffer = b""
        if now < self._run.until:
            self._next()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._run.open -= 1
        if self._run.open == 0 and not self._run.done.done():
            self._run.done.set_result(None)

    def _next(self) -> None:
        if not self._run.left:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(self._run.left.pop())


async def drive(
    port: int, connections: int, seconds: float, work: list[bytes]
) -> dict[str, object]:
    """Send `work` over `connections` at once, for `seconds` at most; what came of it."""
    loop = asyncio.get_running_loop()
    total = len(work)
    started = time.perf_counter()
    run = Run(left=work, until=started + seconds, done=loop.create_future())
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port)
    await asyncio.wait_for(run.done, seconds + 30)
    took = time.perf_counter() - started
    ordered = sorted(run.latencies_s)
    return {
        "answers": len(ordered),
        "of": total,
        "statuses": run.statuses,
        "seconds": round(took, 3),
        "per_s": round(len(ordered) / took),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 2),
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 2),
        "max_ms": round(ordered[-1] * 1000, 2),
    }


def main() -> None:
    """Drive one server as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--seed", default="1")
    asked = parser.parse_args()
    work = requests(asked.requests, asked.seed, tenant_ids(asked.tenants))
    result = uvloop.run(drive(asked.port, asked.connections, asked.seconds, work))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
