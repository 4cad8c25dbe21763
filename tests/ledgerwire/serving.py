"""Any application on a loopback port, for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from receiver.server import listen, serve


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    """Serve it; gives the port."""
    http, stop = listen("127.0.0.1", 0), asyncio.Event()
    running = asyncio.create_task(serve(app, http, stop))
    try:
        yield int(http.getsockname()[1])
    finally:
        stop.set()
        await running
