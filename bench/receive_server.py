"""The applications that bench/receive.py compares, each as a process: says its port, serves until
its standard input ends.

* bare: Starlette answers an empty 200;
* framework: Starlette, the signature checked and the JSON parsed, nothing stored;
* unstored: the receiver itself, its group commit handing each batch to nobody;
* durable: the receiver itself, on the database.
"""

import argparse
import asyncio
import base64
import hmac
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import uvloop
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.receive_load import KEY
from receiver.app import WEBHOOK_PATH, create_app
from receiver.server import listen, serve
from storage.database import Database
from storage.deliveries import StoredDelivery, StoredOutcome
from unified.clock import OffsetClock

KINDS = ("bare", "framework", "unstored", "durable")


async def bare_answer(_: Request) -> Response:
    """Answer without looking."""
    return Response()


async def framework_answer(request: Request) -> Response:
    """Verify and parse, as a receiver must at the very least; then forget."""
    body = await request.body()
    expected = base64.b64encode(hmac.digest(KEY.encode(), body, "sha256"))
    if not hmac.compare_digest(expected, request.headers["x-xero-signature"].encode()):
        return Response(status_code=401)
    msgspec.json.decode(body)
    return Response()


async def forget(batch: Sequence[StoredDelivery]) -> Sequence[StoredOutcome]:
    """Take a batch as if it were stored."""
    return [StoredOutcome("accepted", {}) for _ in batch]


@asynccontextmanager
async def application(kind: str, database_url: str) -> AsyncIterator[ASGIApp]:
    """One of the applications."""
    if kind in ("bare", "framework"):
        answer = bare_answer if kind == "bare" else framework_answer
        yield Starlette(routes=[Route(WEBHOOK_PATH, answer, methods=["POST"])])
        return
    database = await Database.connect(database_url, min_size=2, max_size=4)
    yield create_app(
        database,
        [KEY],
        clock=OffsetClock(),
        registry=CollectorRegistry(),
        store=None if kind == "durable" else forget,
    )
    await database.close()


async def serve_one(kind: str, database_url: str) -> None:
    """Serve on a free port until standard input ends."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    listening = listen("127.0.0.1", 0)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    async with application(kind, database_url) as app:
        await serve(app, listening, stop)


def main() -> None:
    """Serve what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("database_url")
    asked = parser.parse_args()
    uvloop.run(serve_one(asked.kind, asked.database_url))


if __name__ == "__main__":
    main()
