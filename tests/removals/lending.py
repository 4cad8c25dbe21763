"""A pool of database connections that costs next to nothing, for histories by the thousand.

It stands where asyncpg's own stands below `storage.database.Database`: the statements and what
they mean are the product's, only lending them is not. What a lost server does to a pool is for
tests/storage.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from storage.database import Database, prepare_connection
from storage.listener import Listener

_SESSION = {
    "TimeZone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",  # planning costs more than these few rows
}


class Lender:
    """What `Database` asks of a pool."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: list[asyncpg.Connection[asyncpg.Record]] = []

    async def acquire(self, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # as asyncpg's
        """Lend the connection that came back last, or a new one."""
        return self._free.pop() if self._free else await self.opened()

    async def release(self, held: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as asyncpg's
        """Take it back, unless whoever held it was cut off in the middle of a statement."""
        task = asyncio.current_task()
        if held.is_closed() or (task is not None and task.cancelling()):
            held.terminate()
        else:
            self._free.append(held)

    async def close(self) -> None:
        """Close those that are free."""
        while self._free:
            await self._free.pop().close()

    async def opened(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A new connection."""
        made = await asyncpg.connect(self._url, server_settings=_SESSION)
        await prepare_connection(made)
        return made


@asynccontextmanager
async def lent_database(url: str) -> AsyncIterator[Database]:
    """The product's `Database` over such a pool."""
    lender: Any = Lender(url)
    db = Database(lender, Listener(lender.opened))
    try:
        yield db
    finally:
        await db.close()
