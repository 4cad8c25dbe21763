"""How the webhook subscription stands, what was counted, and a signal to many waiters.

The courier that uses them is in deliveries.py.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum


class Subscription(StrEnum):
    """How the webhook subscription stands."""

    ABSENT = "absent"
    UNVALIDATED = "intent to receive required"
    ENABLED = "enabled"
    DISABLED = "disabled"


@dataclass
class Counts:
    """What happened so far; `posts` counts attempts, the others payloads unless named."""

    events: int = 0
    events_unsent: int = 0
    packed: int = 0
    posts: int = 0
    acknowledged: int = 0
    failed_posts: int = 0
    failures: dict[str, int] = field(default_factory=dict)  # the same by status or error
    lost: int = 0
    repeated: int = 0
    delayed: int = 0
    reordered: int = 0
    given_up: int = 0
    events_acknowledged: int = 0
    events_lost: int = 0

    def failed(self, reason: str) -> None:
        """Count one attempt that was not answered as Xero wants it, and why."""
        self.failed_posts += 1
        self.failures[reason] = self.failures.get(reason, 0) + 1


@dataclass
class Pulse:
    """Lets every waiter go at once, again and again."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    def beat(self) -> None:
        """Let all who wait go."""
        self.event.set()
        self.event = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Until the next beat, at most so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.event.wait(), seconds)
