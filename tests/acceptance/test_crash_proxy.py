"""What the crash test's proxy sees of a program, and that a trap keeps what it says it keeps."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import pytest

from tests.acceptance.crash.points import after, asked, before, done
from tests.acceptance.crash.proxy import DatabaseProxy, Question, Trap
from tests.acceptance.crash.wire import Happened, Moment

PATIENCE_S = 20.0


@dataclass
class Watched:
    """A proxy, and how often it would have stopped its program."""

    proxy: DatabaseProxy
    stops: list[int] = field(default_factory=list)

    def set(self, question: Question, *, holds: bool = True) -> "asyncio.Future[Moment]":
        """Set a trap."""
        trap = Trap(question, stop=lambda: self.stops.append(1), holds=holds)
        self.proxy.set(trap)
        return trap.sprung


@pytest.fixture
async def watched(empty_database_url: str) -> AsyncIterator[Watched]:
    """A proxy in front of an empty database with one table."""
    async with DatabaseProxy(empty_database_url) as proxy:
        connection = await asyncpg.connect(empty_database_url)
        await connection.execute("CREATE TABLE thing (id int PRIMARY KEY, name text)")
        await connection.close()
        yield Watched(proxy)


@pytest.fixture
async def program(watched: Watched) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A program's connection, through the proxy."""
    connection = await asyncpg.connect(watched.proxy.url)
    yield connection
    connection.terminate()


async def things(url: str) -> int:
    """How many rows are committed, seen past the proxy."""
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM thing")
    finally:
        await connection.close()
    return count


async def two_inserts(program: "asyncpg.Connection[asyncpg.Record]") -> None:
    """A transaction of two statements."""
    async with program.transaction():
        for number in (1, 2):
            await program.execute("INSERT INTO thing (id, name)\n VALUES ($1, 'x')", number)


async def test_a_program_notices_nothing_of_the_proxy(
    watched: Watched, program: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Whatever passes, large and small, many at once, wrong and cancelled, comes out the same."""
    seen: list[Moment] = []

    def note(moment: Moment) -> bool:
        seen.append(moment)
        return False

    watched.set(note)
    text = "é" * 300_000
    await program.executemany(
        "INSERT INTO thing (id, name) VALUES ($1, $2)", [(n, text) for n in range(20)]
    )
    assert await program.fetchval("SELECT sum(length(name)) FROM thing") == 20 * len(text)
    with pytest.raises(asyncpg.UniqueViolationError):
        await two_inserts(program)
    with pytest.raises(TimeoutError):
        await program.execute("SELECT pg_sleep(30)", timeout=0.05)
    assert await program.fetchval("SELECT 1") == 1
    assert not watched.stops
    inserted = [m for m in seen if m.statement.startswith("INSERT") and m.tag == "INSERT 0 1"]
    assert len(inserted) == 20
    assert seen[-1] == Moment(Happened.DONE, "SELECT 1", "", ())


async def test_a_commit_that_is_kept_does_not_happen(
    watched: Watched, program: "asyncpg.Connection[asyncpg.Record]", empty_database_url: str
) -> None:
    """The program is stopped with all its statements done, and nothing of them comes to stay."""
    sprung = watched.set(before("INSERT INTO thing"))
    working = asyncio.create_task(two_inserts(program))
    async with asyncio.timeout(PATIENCE_S):
        moment = await sprung

    assert watched.stops == [1]
    assert moment.transaction[-2:] == ("INSERT INTO thing (id, name) VALUES ($1, 'x')",) * 2
    assert await things(empty_database_url) == 0
    watched.proxy.cut()
    with pytest.raises(asyncpg.PostgresConnectionError):
        await working
    assert await things(empty_database_url) == 0


async def test_a_commit_whose_answer_is_kept_has_happened(
    watched: Watched, program: "asyncpg.Connection[asyncpg.Record]", empty_database_url: str
) -> None:
    """The rows are there, and the program has not been told."""
    sprung = watched.set(after("INSERT INTO thing"))
    working = asyncio.create_task(two_inserts(program))
    async with asyncio.timeout(PATIENCE_S):
        await sprung

    assert await things(empty_database_url) == 2
    assert not working.done()
    watched.proxy.cut()
    with pytest.raises(asyncpg.PostgresConnectionError):
        await working


async def test_a_statement_of_its_own_lasts_once_it_is_done(
    watched: Watched, program: "asyncpg.Connection[asyncpg.Record]", empty_database_url: str
) -> None:
    """Outside of a transaction the two points lie around the statement itself."""
    for question, rows in ((before("INSERT INTO thing"), 0), (after("INSERT INTO thing"), 1)):
        sprung = watched.set(question)
        working = asyncio.create_task(program.execute("INSERT INTO thing (id) VALUES ($1)", 1))
        async with asyncio.timeout(PATIENCE_S):
            await sprung
            assert await things(empty_database_url) == rows
            assert not working.done()
            watched.proxy.go_on()
            await working
        await program.execute("DELETE FROM thing")


async def test_a_program_goes_on_where_it_was_kept(
    watched: Watched, program: "asyncpg.Connection[asyncpg.Record]", empty_database_url: str
) -> None:
    """Handing on what was kept leads to the same end as if there had been no trap."""
    sprung = watched.set(asked("INSERT INTO thing"))
    working = asyncio.create_task(two_inserts(program))
    async with asyncio.timeout(PATIENCE_S):
        assert (await sprung).tag == ""
        watched.proxy.go_on()
        await working

    assert await things(empty_database_url) == 2


async def test_a_trap_may_only_watch(
    watched: Watched, program: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A statement that found nothing does not spring it, and one that did is not kept."""
    sprung = watched.set(done("UPDATE thing"), holds=False)
    await program.execute("UPDATE thing SET name = 'y'")
    assert not sprung.done()
    await two_inserts(program)
    await program.execute("UPDATE thing SET name = 'y'")

    assert (await sprung).tag == "UPDATE 2"
    assert not watched.stops
