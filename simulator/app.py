"""One simulator as a Starlette application; its lifespan runs the courier."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette

from simulator import signing
from simulator.accounting import AccountingHttp
from simulator.business import Business
from simulator.config import SimulatorConfig
from simulator.control import Control
from simulator.identity_http import IdentityHttp
from simulator.opening import open_books
from simulator.player import Player
from simulator.simulation import Simulation


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
        del app
        courier = asyncio.create_task(simulation.courier.run())
        try:
            yield
        finally:
            await player.stop()
            courier.cancel()
            with suppress(asyncio.CancelledError):
                await courier

    app = Starlette(
        routes=[
            *IdentityHttp(simulation).routes(),
            *AccountingHttp(simulation).routes(),
            Control(simulation, player).mount(),
        ],
        lifespan=lifespan,
    )
    app.state.simulation = simulation
    app.state.player = player
    return app
