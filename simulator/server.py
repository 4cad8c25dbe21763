"""Serving a simulator on a loopback port, in a program of its own or inside a test."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.answers import TRANSPORT
from simulator.app import create_app
from simulator.books import Books
from simulator.config import SimulatorConfig
from simulator.control import announcement as _announcement
from simulator.player import Player
from simulator.simulation import Simulation


class _Protocol(HttpToolsProtocol):
    """Hands each request its connection, so that a fault can close it without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]  # ours


def announcement(app: Starlette, base_url: str) -> dict[str, Any]:
    """What `ledgerwire simulate --json` prints: addresses, ready app, key, organisations."""
    return _announcement(app.state.simulation, base_url)


async def serve(
    config: SimulatorConfig,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    announce: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Serve until cancelled or interrupted.

    Args:
        config: the simulator to make.
        host: the address to bind; loopback unless there is a reason.
        port: 0 takes a free one.
        announce: called once with the announcement when calls are taken.
    """
    app = create_app(config)
    server, bound = _server(app), _bind(host, port)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        await _started(server, serving)
        if announce is not None:
            announce(announcement(app, _address(bound)))
        await serving
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        bound.close()


class RunningSimulator:
    """A simulator served on a free port by the running event loop, for as long as a `with`.

    Attributes:
        config: what it was made from.
        base_url: its address, without a slash at the end.
        control_url: the control API's address.
        books: direct access to the organisations.
        simulation: all parts, for tests that look inside.
        player: the generator.
    """

    base_url: str
    control_url: str

    def __init__(self, config: SimulatorConfig | None = None, *, port: int = 0) -> None:
        self.config = config or SimulatorConfig()
        self._port = port
        self.app = create_app(self.config)
        self.simulation: Simulation = self.app.state.simulation
        self.player: Player = self.app.state.player
        self.books: Books = self.simulation.books
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None

    @property
    def announcement(self) -> dict[str, Any]:
        """Addresses, ready app, webhook key and organisations."""
        return announcement(self.app, self.base_url)

    async def __aenter__(self) -> Self:
        self._socket = _bind("127.0.0.1", self._port)
        self._server = _server(self.app)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await _started(self._server, self._serving)
        self.base_url = _address(self._socket)
        self.control_url = f"{self.base_url}/control"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is None or self._serving is None or self._socket is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        await asyncio.gather(self._serving, return_exceptions=True)
        self._socket.close()


class _QuietServer(uvicorn.Server):
    """Leaves signals to whoever runs the loop, and says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the loop's owner has its own handlers."""
        yield


def _server(app: Starlette) -> _QuietServer:
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return _QuietServer(config)


async def _started(server: _QuietServer, serving: asyncio.Task[None]) -> None:
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait({ready, serving}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        ready.cancel()
        await serving
        raise RuntimeError("the simulator stopped before it had started")


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://{host}:{port}"
