"""The load for bench/list.py, in a process of its own: GETs over kept connections, each next one as
soon as the last is answered. It counts bytes and looks at nothing but the status. Prints one line
of JSON.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_CURSOR = re.compile(rb'"next_cursor":(?:null|"([A-Za-z0-9_-]+)")')
_TAIL_BYTES = 2_000  #: of a page, in which its cursor stands


@dataclass
class Run:
    """What is to be asked, for how long, and what came of it."""

    path: str
    headers: str
    walk: bool
    until: float
    done: asyncio.Future[None]
    open: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)
    size: int = 0


class _Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._pieces: list[bytes] = []
        self._have = 0
        self._need: int | None = None
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._run.open += 1
        self._next(None)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._have += len(data)
        if self._need is None:
            head = b"".join(self._pieces)
            end = head.find(b"\r\n\r\n")
            found = _LENGTH.search(head, 0, end + 2) if end >= 0 else None
            if found is None:
                return
            self._need = end + 4 + int(found[1])
        if self._have < self._need:
            return
        now = time.perf_counter()
        status = self._pieces[0][9:12].decode()
        self._run.statuses[status] = self._run.statuses.get(status, 0) + 1
        self._run.latencies_s.append(now - self._sent)
        self._run.size = self._need
        cursor = None
        if self._run.walk:
            found = _CURSOR.search(b"".join(self._pieces)[-_TAIL_BYTES:])
            cursor = found[1].decode() if found is not None and found[1] else None
        self._pieces, self._have, self._need = [], 0, None
        if now < self._run.until:
            self._next(cursor)
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._run.open -= 1
        if self._run.open == 0 and not self._run.done.done():
            self._run.done.set_result(None)

    def _next(self, cursor: str | None) -> None:
        path = self._run.path if cursor is None else f"{self._run.path}&cursor={cursor}"
        self._sent = time.perf_counter()
        self._transport.write(f"GET {path} HTTP/1.1\r\n{self._run.headers}\r\n".encode())


async def drive(
    port: int, connections: int, seconds: float, *, path: str, headers: str, walk: bool
) -> dict[str, object]:
    """Ask over `connections` at once for `seconds`; what came of it."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    run = Run(path, headers, walk, started + seconds, loop.create_future())
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port)
    await asyncio.wait_for(run.done, seconds + 60)
    took = time.perf_counter() - started
    ordered = sorted(run.latencies_s)
    return {
        "answers": len(ordered),
        "statuses": run.statuses,
        "per_s": round(len(ordered) / took, 1),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 2),
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 2),
        "bytes": run.size,
    }


def main() -> None:
    """Drive one server as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--path", required=True)
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--walk", action="store_true", help="go on from page to page")
    asked = parser.parse_args()
    headers = "".join(f"{each}\r\n" for each in ["Host: 127.0.0.1", *asked.header])
    result = uvloop.run(
        drive(
            asked.port,
            asked.connections,
            asked.seconds,
            path=asked.path,
            headers=headers,
            walk=asked.walk,
        )
    )
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
