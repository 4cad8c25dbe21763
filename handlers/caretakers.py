"""The caretakers: duties that one process at a time does for the whole deployment.

Each duty stands under a lease of its own, so any process may take it over; all of them are safe
to be done twice. What each does stands in its own module.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from handlers.calendar import turn_calendars
from handlers.clock_mark import mark_clock
from handlers.eraser import erase_due
from handlers.gaps import GapSettings, watch_gaps
from handlers.janitor import Retention, tidy
from handlers.newcomers import add_newcomers
from handlers.rescuer import rescue
from handlers.waiting import until
from handlers.webhook_watch import WatchSettings, watch_webhooks
from storage.database import Database
from storage.errors import StorageError
from storage.leases import Lease, release_lease, take_lease
from unified.clock import Clock
from unified.ids import TenantId

LEASE = timedelta(seconds=10)  #: a killed process's duty waits at most so long for another
LOOK_EVERY_S = 3.0  #: how often a duty that another process holds is asked for

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again by whoever holds its lease."""

    name: str
    every_s: float  #: real time between two rounds
    do: Callable[[], Awaitable[object]]


def duties(
    db: Database,
    clock: Clock,
    *,
    retention: Retention,
    gaps: GapSettings,
    webhooks: WatchSettings,
) -> tuple[Duty, ...]:
    """All duties of a deployment."""
    resting: dict[TenantId, datetime] = {}
    return (
        Duty("calendar", 0.5, lambda: turn_calendars(db, clock, resting=resting)),
        Duty("clock_mark", 5.0, lambda: mark_clock(db, clock)),
        Duty("rescuer", 5.0, lambda: rescue(db, clock)),
        Duty("newcomers", 600.0, lambda: add_newcomers(db, clock)),
        Duty("webhooks", 5.0, lambda: watch_webhooks(db, clock, webhooks)),
        Duty("eraser", 2.0, lambda: erase_due(db)),
        Duty("gaps", 5.0, lambda: watch_gaps(db, clock, gaps)),
        Duty("janitor", 600.0, lambda: tidy(db, retention)),
    )


async def keep(db: Database, duty: Duty, owner: str, stop: asyncio.Event) -> None:
    """Do one duty until `stop`, whenever this process holds its lease."""
    name, held = f"duty.{duty.name}", None
    done_at = taken_at = float("-inf")
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        try:
            if loop.time() - taken_at >= LOOK_EVERY_S:
                # Taking what is held already renews it, under a new token.
                taken_at = loop.time()
                held = await take_lease(db, name, owner, life=LEASE)
            if held is not None and loop.time() - done_at >= duty.every_s:
                await duty.do()
                done_at = loop.time()
        except StorageError as error:
            log.warning("duty_failed", duty=duty.name, error=type(error).__name__)
        await until(stop, min(duty.every_s, LOOK_EVERY_S))
    await _give_back(db, held)


async def _give_back(db: Database, held: Lease | None) -> None:
    if held is None:
        return
    try:
        await release_lease(db, held)
    except StorageError as error:
        log.warning("release_failed", lease=held.name, error=type(error).__name__)
