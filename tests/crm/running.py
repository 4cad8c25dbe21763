"""Run the consumer in a test, stop it at a named point, and wait until it is through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crm.health import Health
from crm.progress import CrmProgress
from crm.rebuild import Statuses, differences, published, rebuilt
from crm.server import run
from storage.database import Database
from unified.broker import BrokerSettings
from unified.clock import ManualClock

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
PATIENCE_S = 40.0
LOOK_EVERY_S = 0.02


class Killed(BaseException):
    """The program ends here, as if by kill: nothing that handles errors may catch it."""


@dataclass
class KillAt:
    """Ends the program when it reaches `point` for the `nth` time."""

    point: str
    nth: int = 1
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, point: str) -> None:
        """Be told of a point."""
        if point == self.point and not self.happened.is_set():
            self.nth -= 1
            if self.nth == 0:
                self.happened.set()
                raise Killed


async def eventually(
    condition: Callable[[], Awaitable[object]], *, patience_s: float = PATIENCE_S
) -> None:
    """Return once the condition holds.

    Raises:
        TimeoutError: it did not come to hold in time.
    """
    async with asyncio.timeout(patience_s):
        while not await condition():  # noqa: ASYNC110  # the condition lies in other programs
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def running(
    database: Database, broker: BrokerSettings, *, instance: str = "crm-0"
) -> AsyncIterator[Health]:
    """Run the consumer while the body runs."""
    stop, health = asyncio.Event(), Health()
    task = asyncio.create_task(
        run(database, broker, ManualClock(NOW), stop, instance=instance, health=health)
    )
    try:
        yield health
    finally:
        stop.set()
        await task


async def run_until_killed(database: Database, broker: BrokerSettings, kill: KillAt) -> None:
    """Run the consumer until it reaches the point at which it is killed."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await run(database, broker, ManualClock(NOW), asyncio.Event(), reached=kill)
    except Killed:
        return


async def settle(database: Database, broker: BrokerSettings) -> Statuses:
    """Wait until the consumer is through with everything; return what it has published."""
    async with CrmProgress(database, broker) as progress:
        await eventually(progress.is_idle)
    return await published(broker)


async def assert_as_rebuilt(broker: BrokerSettings) -> None:
    """Check what is published against what follows from the state topic alone."""
    assert differences(await rebuilt(broker, NOW), await published(broker)) == []
