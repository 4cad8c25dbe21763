"""Ending when told to: what only waits ends at once, what works has its time, and no more."""

import asyncio
from contextlib import suppress

import pytest

from ledgerwire.stopping import insist, unless_stopped
from storage.database import Database
from storage.errors import StorageUnavailable


async def test_job_that_ends_is_done() -> None:
    """And what it raises passes through."""

    async def job() -> None:
        return

    async def fail() -> None:
        raise StorageUnavailable("away")

    assert await unless_stopped(asyncio.Event(), job())
    with pytest.raises(StorageUnavailable):
        await unless_stopped(asyncio.Event(), fail())


async def test_job_is_broken_off_by_a_stop() -> None:
    """A program that waits for its database must not be killed for it."""
    stop, begun, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(unless_stopped(stop, wait()))
    await begun.wait()
    stop.set()

    assert not await waiting
    assert ended.is_set()


async def test_work_in_good_time_is_left_alone(database: Database) -> None:
    """A drain that goes well is not cut off, and keeps its database until the end."""
    stop = asyncio.Event()

    async def work() -> None:
        await stop.wait()
        assert await database.fetchval("SELECT 1") == 1

    task = asyncio.create_task(work())
    stop.set()
    await insist(stop, [task], database)

    assert task.done()
    assert not task.cancelled()
    assert await database.fetchval("SELECT 1") == 1


async def test_whoever_waits_for_a_locked_row_is_freed(database: Database) -> None:
    """A query that no answer comes to holds nobody beyond the time for draining."""
    stop, freed = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        with suppress(StorageUnavailable, asyncio.CancelledError):
            await database.fetchval("SELECT pg_sleep(600)")
        freed.set()

    task = asyncio.create_task(work())
    stop.set()
    async with asyncio.timeout(20):
        await insist(stop, [task], database, drain_s=0.05)
        await freed.wait()
