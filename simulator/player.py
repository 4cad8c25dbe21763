"""Plays business at a pace: so many actions a second, for a time or a number of actions."""

import asyncio
import random
from contextlib import suppress

from simulator.business import Business


class Player:
    """At most one run at a time; starting another ends the one before."""

    def __init__(self, business: Business, rng: random.Random) -> None:
        self._business = business
        self._rng = rng
        self._task: asyncio.Task[None] | None = None
        self.done = 0

    @property
    def playing(self) -> bool:
        """Whether a run is under way."""
        return self._task is not None and not self._task.done()

    async def start(
        self, rate: float, *, seconds: float | None = None, actions: int | None = None
    ) -> None:
        """Begin: `rate` actions a second on average, gaps irregular; no end given: no end."""
        await self.stop()
        self._task = asyncio.get_running_loop().create_task(self._play(rate, seconds, actions))

    async def stop(self) -> None:
        """End the run, if there is one."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def act(self, count: int, tenant_id: str | None = None) -> int:
        """Do actions right now; returns how many were possible."""
        done = sum(self._business.act(tenant_id) for _ in range(count))
        self.done += done
        return done

    async def _play(self, rate: float, seconds: float | None, actions: int | None) -> None:
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        due = loop.time()
        count = 0
        while actions is None or count < actions:
            due += self._rng.expovariate(rate)
            if end is not None and due > end:
                # The last gap is waited out, so that a run lasts as long as asked.
                await asyncio.sleep(max(0.0, end - loop.time()))
                return
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.done += self._business.act()
            count += 1
