"""A real PostgreSQL under the virtual clock: its time, its locks, its notifications."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from storage.database import Database
from storage.errors import StorageConflict, StorageUnavailable
from tests.simulation.database import Subscriptions, simulated_database
from tests.simulation.engine import Engine
from tests.simulation.loop import START_S, Program, VirtualLoop
from tests.simulation.trace import Trace
from tests.simulation.weather import Weather

THEN = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


class World:
    """Programs on one database."""

    def __init__(self, engine: Engine) -> None:
        self.loop = VirtualLoop()
        self.engine = engine
        self.weather = Weather(self.loop, engine, random.Random(7), Trace())  # noqa: S311  # play
        self.listening = Subscriptions(self.weather)
        self.weather.notified = self.listening.notified

    def database(self, name: str) -> tuple[Database, Program]:
        """The product's database for one more program."""
        program = Program(name, self.loop)
        return simulated_database(self.weather, program, self.listening), program

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Play until the work has ended."""

        async def play() -> Any:
            return await work()

        return self.loop.run_until_complete(play())


@pytest.fixture
async def url(database_url: str) -> str:
    """A database with one small table."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE box (name text PRIMARY KEY, held int NOT NULL)")
    await connection.execute("INSERT INTO box VALUES ('one', 0), ('two', 0)")
    await connection.close()
    return database_url


@pytest.fixture
def world(url: str) -> Iterator[World]:
    """A world on that database."""
    engine = Engine(url)
    engine.open()
    made = World(engine)
    yield made
    made.loop.forget()
    engine.close()


def test_the_server_has_the_virtual_time(world: World) -> None:
    """Leases and stamps of the database follow the history, not the day on which it is played."""
    world.engine.set_clock(THEN)
    database, _ = world.database("one")

    assert world.run(database.now) == THEN


def test_a_statement_waits_for_a_lock_in_virtual_time(world: World) -> None:
    """The row's holder works on meanwhile, and what waited sees what was committed."""
    one, _ = world.database("one")
    two, _ = world.database("two")
    ended: list[float] = []

    async def hold() -> None:
        async with one.transaction() as conn:
            await conn.execute("UPDATE box SET held = 5 WHERE name = 'one'")
            await asyncio.sleep(3.0)

    async def add() -> None:
        await asyncio.sleep(1.0)
        await two.execute("UPDATE box SET held = held + 1 WHERE name = 'one'")
        ended.append(world.loop.time() - START_S)

    async def both() -> int:
        await asyncio.gather(hold(), add())
        held: int = await one.fetchval("SELECT held FROM box WHERE name = 'one'")
        return held

    assert world.run(both) == 6
    assert 3.0 <= ended[0] < 3.5
    assert world.engine.waits == 1


def test_a_deadlock_ends_with_a_conflict(world: World) -> None:
    """Found when the circle closes, by who closes it: the product has to repeat that one."""
    one, _ = world.database("one")
    two, _ = world.database("two")

    async def take(database: Database, first: str, second: str, after_s: float) -> None:
        async with database.transaction() as conn:
            await conn.execute("UPDATE box SET held = held + 1 WHERE name = $1", first)
            await asyncio.sleep(after_s)
            await conn.execute("UPDATE box SET held = held + 1 WHERE name = $1", second)

    async def both() -> Sequence[BaseException | None]:
        return await asyncio.gather(
            take(one, "one", "two", 1.0), take(two, "two", "one", 2.0), return_exceptions=True
        )

    first, second = world.run(both)

    assert first is None
    assert isinstance(second, StorageConflict)
    assert world.engine.deadlocks == 1


def test_a_killed_program_leaves_no_lock(world: World) -> None:
    """The server rolls back what its client had open, and others go on at once."""
    one, program = world.database("one")
    two, _ = world.database("two")

    async def hold() -> None:
        async with one.transaction() as conn:
            await conn.execute("UPDATE box SET held = 5 WHERE name = 'one'")
            await asyncio.sleep(60.0)

    async def both() -> int:
        program.spawn(hold())
        world.loop.call_later(1.0, program.kill)
        await asyncio.sleep(0.5)
        await two.execute("UPDATE box SET held = held + 1 WHERE name = 'one'")
        held: int = await two.fetchval("SELECT held FROM box WHERE name = 'one'")
        return held

    assert world.run(both) == 1
    assert world.loop.time() < START_S + 2.0


def test_a_silent_client_is_given_up(world: World) -> None:
    """A program that stands still inside a transaction holds its locks for seconds only."""
    one, program = world.database("one")
    two, _ = world.database("two")

    async def hold() -> None:
        async with one.transaction() as conn:
            await conn.execute("UPDATE box SET held = 5 WHERE name = 'one'")
            program.sleep()
            await asyncio.sleep(0.1)

    async def both() -> int:
        task = program.spawn(hold())
        await asyncio.sleep(0.5)
        await two.execute("UPDATE box SET held = held + 1 WHERE name = 'one'")
        freed_s = world.loop.time() - START_S
        program.wake()
        with pytest.raises(StorageUnavailable):
            await task
        assert 9.0 < freed_s < 21.0
        held: int = await two.fetchval("SELECT held FROM box WHERE name = 'one'")
        return held

    assert world.run(both) == 1


def test_a_commit_may_happen_unheard(world: World) -> None:
    """A connection that breaks after the commit: done, though the client was told of a failure."""
    one, _ = world.database("one")

    async def work() -> int:
        with pytest.raises(StorageUnavailable):  # noqa: PT012  # the commit is not heard
            async with one.transaction() as conn:
                await conn.execute("UPDATE box SET held = 5 WHERE name = 'one'")
                breaks = iter((False, True))
                world.weather.breaks = lambda: next(breaks)  # type: ignore[method-assign]  # this one
        world.weather.breaks = lambda: False  # type: ignore[method-assign]  # and no more
        held: int = await one.fetchval("SELECT held FROM box WHERE name = 'one'")
        return held

    assert world.run(work) == 5


def test_notifications_come_with_the_commit(world: World) -> None:
    """What is rolled back notifies nobody; what is committed notifies once, as NOTIFY does."""
    one, _ = world.database("one")
    two, _ = world.database("two")
    heard: list[tuple[float, str]] = []

    async def notify(payload: str, *, fails: bool) -> None:
        async with one.transaction() as conn:
            await conn.execute("SELECT pg_notify($1, $2)", "channel", payload)
            await conn.execute("SELECT pg_notify($1, $2)", "channel", payload)
            await asyncio.sleep(1.0)
            if fails:
                raise LookupError

    async def work() -> None:
        await two.listen("channel", lambda payload: heard.append((world.loop.time(), payload)))
        with pytest.raises(LookupError):
            await notify("taken back", fails=True)
        await notify("meant", fails=False)
        await asyncio.sleep(1.0)

    world.run(work)

    [(at, payload)] = heard
    assert payload == "meant"
    assert START_S + 2.0 < at < START_S + 3.0
