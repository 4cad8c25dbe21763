"""One simulator as a Starlette application; its lifespan runs the courier and the nights."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import signing
from simulator.accounting import AccountingHttp
from simulator.business import Business
from simulator.config import SimulatorConfig
from simulator.control import Control
from simulator.identity_http import IdentityHttp
from simulator.opening import open_books
from simulator.player import Player
from simulator.simulation import Simulation

NIGHT_WATCH_S = 0.5
"""Real seconds between two looks at whether some organisation's midnight has come."""


def create_app(config: SimulatorConfig) -> Starlette:
    """Make the organisations and their books, and the routes that serve them.

    The `Simulation` stands in `app.state.simulation`, the `Player` in `app.state.player`.
    """
    signing.prepare()
    simulation = Simulation(config)
    for spec in config.specs():
        open_books(simulation.books, spec, config.opening, str(config.seed))
    if config.prerender:
        for tenant in simulation.books:
            tenant.prerender()
    business = Business(
        simulation.books, simulation.rng("business"), stamped_only=config.stamped_only
    )
    player = Player(business, simulation.rng("pace"))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        courier = app.state.courier = asyncio.create_task(simulation.courier.run())
        nights = asyncio.create_task(_watch_nights(simulation))
        try:
            yield
        finally:
            await player.stop()
            for task in (courier, nights):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    app = Starlette(
        routes=[
            *IdentityHttp(simulation).routes(),
            *AccountingHttp(simulation).routes(),
            Control(simulation, player).mount(),
            Route("/livez", _live, methods=["GET"]),
            Route("/readyz", _ready, methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    app.state.simulation = simulation
    app.state.player = player
    return app


async def _watch_nights(simulation: Simulation) -> None:
    """Run repeating invoices soon after midnight though nobody asks for anything."""
    while True:
        simulation.books.turn()
        await asyncio.sleep(NIGHT_WATCH_S)


async def _live(_: Request) -> Response:
    """The event loop runs."""
    return JSONResponse({"live": True})


async def _ready(request: Request) -> Response:
    """Calls are answered (the books were there before), and webhooks would leave."""
    delivers = not request.app.state.courier.done()
    trouble = "ok" if delivers else "nobody delivers webhooks any more"
    return JSONResponse(
        {"ready": delivers, "checks": {"courier": trouble}}, status_code=200 if delivers else 503
    )
