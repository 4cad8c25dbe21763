"""Fair queues: those who wait are served in turn by name, and each name's own in their order.

A caller who asks a hundred times must not make another, who asks once, wait for a hundred answers.
On whose behalf something is done stands in a context variable, since it concerns nobody between
the door of the api and these queues.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

Item = TypeVar("Item")

_behalf: ContextVar[str] = ContextVar("ledgerwire_on_behalf_of", default="")


@contextmanager
def on_behalf_of(name: str) -> Iterator[None]:
    """Do what follows for this one, such as an API key by its id."""
    token = _behalf.set(name)
    try:
        yield
    finally:
        _behalf.reset(token)


def behalf() -> str:
    """For whom something is done now; "" where nobody was named."""
    return _behalf.get()


class Turns(Generic[Item]):
    """What waits, by name."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Item]] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __iter__(self) -> Iterator[Item]:
        """All that waits, in no order."""
        for queue in self._queues.values():
            yield from queue

    def push(self, name: str, item: Item) -> None:
        """Add what waits."""
        self._queues.setdefault(name, deque()).append(item)

    def pop(self) -> Item | None:
        """Take the next, of the name that has waited longest for its turn; None if none waits."""
        if not self._queues:
            return None
        name, queue = next(iter(self._queues.items()))
        item = queue.popleft()
        del self._queues[name]
        if queue:
            self._queues[name] = queue  # behind the others
        return item


class FairLock:
    """A lock that is handed on in turns."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: Turns[asyncio.Future[None]] = Turns()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Hold it for the length of a block."""
        await self._enter(name)
        try:
            yield
        finally:
            self._hand_on()

    async def _enter(self, name: str) -> None:
        if not self._held:
            self._held = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.push(name, mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._hand_on()  # it was handed over in the same moment
            raise

    def _hand_on(self) -> None:
        while (next_one := self._waiting.pop()) is not None:
            if not next_one.done():
                next_one.set_result(None)
                return
        self._held = False
