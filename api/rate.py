"""How many requests a minute a key may make, over all processes.

A process takes requests out of the key's minute in blocks of a twentieth of the limit, so that a
request seldom waits for the database. What is left of a block when the minute ends is lost: with
several processes a key may get a few per cent less than its limit, never more.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from api.problems import Problem
from storage.api_key_use import take_requests
from storage.api_keys import ApiKey
from storage.database import Database
from unified.codecs import instant_text

BLOCKS: Final = 20  #: of a minute
KEY_LIMIT: Final = "key"  #: how a problem names this limit, beside those of Xero's
_MOST_MINUTES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left of a key's minute, as the answer's headers tell it."""

    limit: int
    left: int
    ends_in_s: float

    @property
    def headers(self) -> dict[str, str]:
        """The names that clients of other unified APIs look for, in lower case."""
        return {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.left),
            "ratelimit-reset": str(math.ceil(self.ends_in_s)),
        }


@dataclass(slots=True)
class _Minute:
    """What this process has of a key's minute; it ends at a monotonic second."""

    block: int = 0
    elsewhere: int = 0
    spent: bool = False
    ends_s: float = float("-inf")
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rates:
    """Counts requests of keys. One per process."""

    def __init__(
        self,
        db: Database,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._db = db
        self._monotonic = monotonic
        self._now = now
        self._minutes: dict[str, _Minute] = {}

    async def count(self, key: ApiKey) -> Rate | None:
        """Count one request; None where the key has no limit.

        Raises:
            Problem: `limit_spent`.
            StorageError.
        """
        limit = key.requests_a_minute
        if limit is None:
            return None
        minute = self._minutes.get(key.id)
        if minute is None:
            if len(self._minutes) >= _MOST_MINUTES:
                self._minutes.clear()  # those who come again take a block again
            minute = self._minutes[key.id] = _Minute()
        if not self._has(minute):
            async with minute.taking:
                if not self._has(minute):
                    await self._take(minute, key.id, limit)
        rate = Rate(limit, 0, max(minute.ends_s - self._monotonic(), 0.0))
        if minute.block == 0:
            raise self._spent(rate)
        minute.block -= 1
        return Rate(limit, minute.block + minute.elsewhere, rate.ends_in_s)

    def _has(self, minute: _Minute) -> bool:
        """Whether it is known, without asking, if a request may pass."""
        running = self._monotonic() < minute.ends_s
        return running and (minute.block > 0 or minute.spent)

    async def _take(self, minute: _Minute, key_id: str, limit: int) -> None:
        asked_s = self._monotonic()
        taken = await take_requests(self._db, key_id, want=max(limit // BLOCKS, 1), limit=limit)
        minute.block, minute.elsewhere = taken.requests, taken.left
        minute.spent = taken.requests == 0
        minute.ends_s = asked_s + taken.ends_in_s

    def _spent(self, rate: Rate) -> Problem:
        wait_s = max(rate.ends_in_s, 0.1)
        members = {
            "limit": KEY_LIMIT,
            "retry_after_s": round(wait_s, 1),
            "free_at": instant_text(self._now() + timedelta(seconds=wait_s)),
        }
        detail = f"The key may make {rate.limit} requests a minute, and has made them."
        told = {"Retry-After": str(math.ceil(wait_s)), **rate.headers}
        return Problem("limit_spent", detail, members, told)
