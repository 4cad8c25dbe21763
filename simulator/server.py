"""Serving a simulator on a loopback port, in a program of its own or inside a test."""

import asyncio
import socket
from collections.abc import Callable
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

_STOP_S = 2.0
"""How long requests under way may take when the server stops."""


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
    """Serve until cancelled.

    Args:
        config: the simulator to make.
        host: the address to bind; loopback unless there is a reason.
        port: 0 takes a free one.
        announce: called once with the announcement when calls are taken.
    """
    app = create_app(config)
    async with LoopServer(app, host=host, port=port) as server:
        if announce is not None:
            announce(announcement(app, server.address))
        await asyncio.Event().wait()


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
        self.app = create_app(self.config)
        self.simulation: Simulation = self.app.state.simulation
        self.player: Player = self.app.state.player
        self.books: Books = self.simulation.books
        self._server = LoopServer(self.app, port=port)

    @property
    def announcement(self) -> dict[str, Any]:
        """Addresses, ready app, webhook key and organisations."""
        return announcement(self.app, self.base_url)

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        self.base_url = self._server.address
        self.control_url = f"{self.base_url}/control"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.__aexit__(kind, error, trace)


class LoopServer:
    """uvicorn inside a running event loop: no signals, no polling, quick to stop.

    Attributes:
        address: `http://host:port`, known once entered.
    """

    address: str

    def __init__(self, app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._where = (host, port)
        self._config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
        )
        self._server = uvicorn.Server(self._config)
        self._ticks: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        # The protocol must be named: asyncio sets TCP_NODELAY only where it is, and without it
        # every small answer waits 40 ms for a delayed acknowledgement.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(self._where)
        except OSError:
            bound.close()
            raise
        await self._server.startup(sockets=[bound])
        host, port = bound.getsockname()[:2]
        self.address = f"http://{host}:{port}"
        self._ticks = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ticks is not None:
            self._ticks.cancel()
        state = self._server.server_state
        for server in self._server.servers:
            server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            _, late = await asyncio.wait(state.tasks, timeout=_STOP_S)
            for task in late:
                task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await self._server.lifespan.shutdown()

    async def _tick(self) -> None:
        """Keep the Date header right."""
        while True:
            await self._server.on_tick(0)
            await asyncio.sleep(1)
