"""The applications that bench/list.py compares, each as a process: says its port, serves until its
standard input ends.

* bare: Starlette answers any GET with the bytes of a file, as JSON;
* mirror: the api itself, with all its operations, over the database.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvloop
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from api.app import create_app
from handlers.metrics import DriftMetrics
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.api import api_role
from ledgerwire.wiring.xero import XeroSide
from receiver.server import listen, serve
from storage.database import Database
from storage.secrets import new_key
from unified.broker import BrokerSettings
from unified.clock import OffsetClock

KINDS = ("bare", "mirror")
NOWHERE = "127.0.0.1:1"


@asynccontextmanager
async def application(kind: str, where: str) -> AsyncIterator[ASGIApp]:
    """One of the applications; `where` is a file or a database's address."""
    if kind == "bare":
        content = Path(where).read_bytes()  # noqa: ASYNC240  # before anything is served

        async def answer(_: Request) -> Response:
            return Response(content, media_type="application/json")

        yield Starlette(routes=[Route("/{rest:path}", answer)])
        return
    settings = Settings(
        database_url=where,
        kafka=NOWHERE,
        secret_keys=(SecretStr(new_key()),),
        xero_client_id="nobody",
        xero_client_secret=SecretStr("nothing"),
        log_level="warning",
    )
    db = await Database.connect(where, min_size=4, max_size=16)
    here = Installation(settings, db, where, BrokerSettings(bootstrap=NOWHERE), OffsetClock())
    async with httpx.AsyncClient() as http:
        xero = XeroSide.build(here, http, lending=False)
        role = api_role(here, xero, DriftMetrics(CollectorRegistry()))
        stop = asyncio.Event()
        loops = [asyncio.create_task(loop(stop)) for loop in role.loops]
        yield create_app(role.routes)
        stop.set()
        await asyncio.gather(*loops)
    await db.close()


async def serve_one(kind: str, where: str) -> None:
    """Serve on a free port until standard input ends."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    listening = listen("127.0.0.1", 0)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    async with application(kind, where) as app:
        await serve(app, listening, stop)


def main() -> None:
    """Serve what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("where")
    asked = parser.parse_args()
    uvloop.run(serve_one(asked.kind, asked.where))


if __name__ == "__main__":
    main()
