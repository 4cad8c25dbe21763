"""How a program ends when told to: at once where it waits, in good time where it works."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

from storage.database import Database

DRAIN_S = 5.0  #: for work under way; closing may take 3 s more, and a role has 10 s in all

log = structlog.get_logger(__name__)


async def unless_stopped(stop: asyncio.Event, job: Coroutine[Any, Any, None]) -> bool:
    """Do a job, or break it off when `stop` is set; returns whether it was done."""
    doing = asyncio.create_task(job)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
            return True
        return False
    finally:
        for task in (doing, stopping):
            task.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


async def insist(
    stop: asyncio.Event,
    tasks: Iterable["asyncio.Task[None]"],
    db: Database,
    *,
    drain_s: float = DRAIN_S,
) -> None:
    """Once `stop` is set, let the tasks end by themselves, and cut off what takes longer.

    Whoever waits for a database that fell silent is freed by losing the connection. Nothing is lost
    by that: what was not committed is still due, what was not acknowledged is still unsent.
    """
    await stop.wait()
    _, late = await asyncio.wait(tasks, timeout=drain_s)
    if late:
        names = sorted(task.get_name() for task in late)
        log.warning("drain_cut_off", after_s=drain_s, still_at_work=names)
        db.pool.terminate()
        for task in late:
            task.cancel()
