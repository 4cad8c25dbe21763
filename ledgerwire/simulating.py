"""The simulator as one of our programs, on the installation's clock."""

import asyncio
from collections.abc import Callable

from ledgerwire.failures import listening
from ledgerwire.settings import Settings
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator

SMALL = OpeningBooks(contacts=6, invoices=10, bills=5, months=3)


async def run_simulator(  # noqa: PLR0913  # one per option of the command
    settings: Settings,
    stop_event: Callable[[], asyncio.Event],
    *,
    port: int,
    seed: int,
    tenants: int,
    webhook_url: str | None,
    no_limits: bool,
    any_client: bool,
    small: bool,
    announce: Callable[[dict[str, object]], None],
) -> None:
    """Serve a local Xero on loopback until stopped; `announce` is given the contract's line.

    Raises:
        CannotListen: the port is taken.
    """
    stop = stop_event()  # before anybody is told that we are there
    if port:
        listening("127.0.0.1", port).close()  # asked beforehand, for a sentence people understand
    config = SimulatorConfig(
        seed=seed,
        tenants=tenants,
        clock_file=settings.clock_file,
        webhook_url=webhook_url,
        no_limits=no_limits,
        any_client=any_client,
        tier=settings.xero_tier,
        bulk_consent=True,
        payroll=True,
        opening=SMALL if small else OpeningBooks(),
    )
    async with RunningSimulator(config, port=port) as simulator:
        announce(simulator.announcement)
        await stop.wait()
