"""The receiver on a socket: uvicorn with httptools, no access log, and a graceful end.

The event loop is the caller's; `ledgerwire` runs it on uvloop. Signals are the caller's, too: it
sets `stop` and waits.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from receiver.connections import Patience, impatient

_GRACE_S = 5  # deliveries in hand are answered within 4 s; one second more for slow readers
_KEEP_ALIVE_S = 65  # longer than common proxies keep an idle connection, so they never race us
_BACKLOG = 2048
_PATIENCE = Patience()


class ServerNotStarted(Exception):
    """The application could not be started; the log holds its own error."""


class _Server(uvicorn.Server):
    """A server that leaves signals alone and never ends the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            raise ServerNotStarted from None


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen; from now on whoever connects waits instead of being refused.

    Raises:
        OSError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    stop: asyncio.Event,
    *,
    patience: Patience = _PATIENCE,
) -> None:
    """Serve `app` until `stop` is set, then answer what is in hand, end its lifespan and return.

    Raises:
        ServerNotStarted: the application's lifespan failed.
    """
    config = uvicorn.Config(
        app,
        http=impatient(patience),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        try:
            await serving
        finally:
            listening.close()
