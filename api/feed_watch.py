"""Waiting for events: one LISTEN for all who follow the feed in a process.

Who waits is woken by the NOTIFY of a commit on a shard it follows, now and then without one (a
notification may get lost), and when the process is to end. Nothing is read here.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from starlette.types import Receive

from api.problems import Problem
from storage.absorbing import EVENT_CHANNEL
from storage.database import Database

LOOK_AGAIN_S = 10.0  #: real time; behind the notifications
MOST_FOLLOWERS = 500  #: streams and waiting requests of a process
MOST_OF_A_KEY = 50


class Follower:
    """Somebody who follows the feed. Made by `FeedWatch.follow`.

    Attributes:
        shards: on which its organisations' events are announced; None: not known yet, so all.
        ended: the process is to end, or the caller is gone: there is nothing to wait for.
    """

    def __init__(self) -> None:
        self.shards: frozenset[int] | None = None
        self.ended = False
        self._woken = asyncio.Event()

    def look(self) -> None:
        """From here on, what is announced wakes the next `wait`: called before reading."""
        self._woken.clear()

    def wake(self, *, ended: bool = False) -> None:
        """Let it look."""
        self.ended = self.ended or ended
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Return once there may be something to read, or after so many seconds."""
        if not self.ended and seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)


class FeedWatch:
    """Wakes followers. One per process; `run` is a loop of its role."""

    def __init__(
        self,
        db: Database,
        *,
        most: int = MOST_FOLLOWERS,
        most_of_a_key: int = MOST_OF_A_KEY,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._db = db
        self._most = most
        self._most_of_a_key = most_of_a_key
        self._look_again_s = look_again_s
        self._followers: set[Follower] = set()
        self._keys: Counter[str] = Counter()
        self._ending = False

    def __len__(self) -> int:
        """How many follow."""
        return len(self._followers)

    @contextmanager
    def follow(self, key_id: str) -> Iterator[Follower]:
        """Follow for the length of a block, with this API key.

        Raises:
            Problem: `too_many_followers`.
        """
        if len(self._followers) >= self._most or self._keys[key_id] >= self._most_of_a_key:
            most = min(self._most, self._most_of_a_key)
            raise Problem(
                "too_many_followers", "Too many follow the feed just now.", {"most": most},
                {"Retry-After": "5"},
            )  # fmt: skip
        follower = Follower()
        follower.ended = self._ending
        self._followers.add(follower)
        self._keys[key_id] += 1
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            self._keys[key_id] -= 1
            if not self._keys[key_id]:
                del self._keys[key_id]

    async def run(self, stop: asyncio.Event) -> None:
        """Wake whoever follows until `stop`, then send all of them away."""
        subscription = await self._db.listen(EVENT_CHANNEL, self._heard)
        try:
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._look_again_s)
                self._heard("")
        finally:
            self._ending = True
            for follower in tuple(self._followers):
                follower.wake(ended=True)
            await subscription.close()

    def _heard(self, payload: str) -> None:
        """A shard has events; "" or what is no number: any may have."""
        shard = int(payload) if payload.isdecimal() else None
        for follower in tuple(self._followers):
            if shard is None or follower.shards is None or shard in follower.shards:
                follower.wake()


@asynccontextmanager
async def until_gone(receive: Receive, follower: Follower) -> AsyncIterator[None]:
    """For the length of a block, send the follower away as soon as its caller leaves."""

    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        follower.wake(ended=True)

    watching = asyncio.create_task(leaving())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
