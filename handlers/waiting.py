"""Waiting for one of several things without sleeping through a stop, and keeping nobody waiting."""

import asyncio
import time

SLICE_S = 0.001  #: longest stretch of computing before other tasks get their turn


class Slices:
    """Long work of one tenant in slices, between which everybody else's goes on.

    A change of a quiet tenant takes some twenty turns of the event loop on its way; each waits for
    whatever stretch is under way.
    """

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends = time.perf_counter() + SLICE_S

    async def pause(self) -> None:
        """Give way, if this slice has lasted its time; to be called after each piece of work."""
        if time.perf_counter() > self._ends:
            await asyncio.sleep(0)
            self._ends = time.perf_counter() + SLICE_S


async def until(stop: asyncio.Event, seconds: float) -> bool:
    """Wait that long, or less if `stop` is set; True if it is."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def either(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Wait until one of the events is set, at most `seconds`."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
