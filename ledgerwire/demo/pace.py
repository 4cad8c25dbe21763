"""The demo's business time: as real time while people work, hurried while only limits are waited
out, and a night at a time when all is quiet.

Every process of the demo lives by it (the file that `LEDGERWIRE_CLOCK_FILE` names).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ledgerwire.demo.per_resource import Ahead
from unified.clock import write_offset

HURRY = 30.0  #: business seconds in one real second: Xero's sixty calls a minute take two
STEP_S = 0.05


@dataclass
class Pace:
    """How far business time is ahead, and since when it has been so far."""

    file: Path
    real: Callable[[], datetime]
    offset: timedelta = timedelta(0)
    history: list[Ahead] = field(default_factory=list)

    def forward(self, by: timedelta) -> None:
        """Let business time pass at once."""
        self.offset += by
        self.history.append(Ahead(self.real(), self.offset))
        write_offset(self.file, self.offset)

    @asynccontextmanager
    async def hurrying(self) -> AsyncIterator[None]:
        """Let business time run while the block waits."""
        running = asyncio.create_task(self._run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            self.forward(timedelta(seconds=HURRY * STEP_S))
