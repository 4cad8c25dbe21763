"""The pool, its errors and LISTEN; and migrating, alone and in a crowd."""

import asyncio
import sys
from threading import Thread
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from storage.database import Database, changed_rows
from storage.errors import LoginRefused, SchemaTooNew, StorageConflict, StorageUnavailable
from storage.listener import Listener
from storage.migrate import migrate, newest_revision

TIMES_CUT = 5


async def test_uuid_columns_are_text(database: Database) -> None:
    """Ids are lower-case hyphenated text in Python, in arrays too, however they were written."""
    upper = "0A6B7C31-91D4-4A5E-8C07-7BE0A5B3D2F0"

    row = await database.fetchrow("SELECT $1::uuid AS one, $2::uuid[] AS many", upper, [upper])

    assert row is not None
    assert upper.lower() == row["one"]
    assert [upper.lower()] == row["many"]


async def test_failed_transaction_leaves_nothing(database: Database) -> None:
    """An exception inside the block takes everything back and passes through unchanged."""

    async def fail() -> None:
        async with database.transaction() as conn:
            await conn.execute("INSERT INTO lease VALUES ('a', 'me', now(), 1)")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await fail()

    assert await database.fetchval("SELECT count(*) FROM lease") == 0


async def test_giving_a_connection_back_asks_the_server_nothing(database_url: str) -> None:
    """One statement is one round trip: the pool's own tidying up would double it."""
    opened = await Database.connect(database_url, min_size=1, max_size=1)
    asked: list[str] = []
    async with opened.connection() as held:
        held.add_query_logger(lambda record: asked.append(record.query))

    assert await opened.fetchval("SELECT 7") == 7
    await opened.close()

    assert asked == ["SELECT 7"]


async def test_killed_connection_is_unavailable_and_the_pool_heals(database: Database) -> None:
    """A connection cut by the server is told as StorageUnavailable; the next call works."""
    with pytest.raises(StorageUnavailable):
        await database.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert await database.fetchval("SELECT 1") == 1


async def test_statement_that_takes_too_long_is_unavailable(database: Database) -> None:
    """A row locked by somebody for a minute is told like a database that is away."""
    with pytest.raises(StorageUnavailable):
        async with database.transaction() as conn:
            await conn.fetch("SELECT pg_sleep(60)", timeout=0.05)

    assert await database.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("code", ["53100", "58030", "XX000", "XX001"])
async def test_servers_own_trouble_is_unavailable(database: Database, code: str) -> None:
    """A full disk, a used-up quota, a broken file: no statement and no record is to blame."""
    trouble = f"DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$"

    with pytest.raises(StorageUnavailable):
        await database.execute(trouble)
    assert await database.fetchval("SELECT 1") == 1


async def test_client_that_vanished_frees_what_it_locked(database: Database) -> None:
    """Its machine may be gone without a word: the server ends its transaction by itself."""
    names = ("idle_in_transaction_session_timeout", "statement_timeout", "tcp_keepalives_idle")
    shown = [await database.fetchval("SELECT current_setting($1)", name) for name in names]

    assert shown == ["10s", "50s", "30"]


async def test_refused_login_is_unavailable(database_url: str) -> None:
    """Right away, or when the pool grows: the password may be changed under our feet."""
    refused = database_url.replace("postgresql://", "postgresql://nobody-")
    with pytest.raises(StorageUnavailable):
        await Database.connect(refused)

    later = await Database.connect(refused, min_size=0)
    with pytest.raises(StorageUnavailable):
        await later.fetchval("SELECT 1")
    await later.close()


async def test_schema_migrated_under_a_running_program_is_a_conflict(database: Database) -> None:
    """Its prepared statements no longer fit: the transaction is repeated with new ones."""

    async def read() -> None:
        async with database.transaction() as conn:
            await conn.fetch("SELECT * FROM lease")

    for _ in range(2):
        await read()
    async with database.connection() as other:
        await other.execute("ALTER TABLE lease ADD COLUMN note text")
    with pytest.raises(StorageConflict):
        await read()
    await read()


async def test_closing_does_not_wait_for_ever(database_url: str) -> None:
    """A connection that is never given back keeps no program from ending."""
    opened = await Database.connect(database_url)
    await opened.pool.acquire()

    async with asyncio.timeout(5):
        await opened.close(patience_s=0.05)


async def test_unreachable_server_is_unavailable() -> None:
    """Nobody at the address is one clear error, not a driver's."""
    with pytest.raises(StorageUnavailable):
        await Database.connect("postgresql://nobody:x@127.0.0.1:1/none")


async def test_deadlock_is_a_conflict(database: Database) -> None:
    """Two transactions that lock each other: one is told to repeat itself."""
    await database.execute("INSERT INTO lease VALUES ('a', '', now(), 1), ('b', '', now(), 1)")
    both_hold = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with database.transaction() as conn:
            await conn.execute("SELECT 1 FROM lease WHERE name = $1 FOR UPDATE", first)
            await both_hold.wait()
            await conn.execute("SELECT 1 FROM lease WHERE name = $1 FOR UPDATE", second)

    results = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)

    assert [StorageConflict] == [type(result) for result in results if result is not None]


async def test_listener_heals_itself(database: Database) -> None:
    """After the listening connection was cut, the callback runs once and hears again."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    await database.listen("somewhere", heard.put_nowait)
    await database.execute("SELECT pg_notify('somewhere', 'one')")
    assert await asyncio.wait_for(heard.get(), 10) == "one"

    await database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
    )

    assert await asyncio.wait_for(heard.get(), 10) == ""
    await database.execute("SELECT pg_notify('somewhere', 'two')")
    assert await asyncio.wait_for(heard.get(), 10) == "two"


async def test_listener_outlives_a_probe_of_a_connection_that_was_just_cut(
    database_url: str,
) -> None:
    """After the program stood still, what the server said last and the time to probe come in the
    same moment: asyncpg's protocol is in no state for the probe then."""
    opened: list[asyncpg.Connection[asyncpg.Record]] = []

    async def opener() -> "asyncpg.Connection[asyncpg.Record]":
        opened.append(await asyncpg.connect(database_url))
        return opened[-1]

    async def cut(pid: int) -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("SELECT pg_terminate_backend($1, 10_000)", pid)
        await connection.close()

    listener = Listener(opener, probe_every_s=0.01)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await listener.subscribe("somewhere", heard.put_nowait)

    for _ in range(TIMES_CUT):
        elsewhere = Thread(target=asyncio.run, args=(cut(opened[-1].get_server_pid()),))
        elsewhere.start()
        elsewhere.join()  # nothing of this loop runs meanwhile
        assert await asyncio.wait_for(heard.get(), 10) == ""

    await listener.close()


async def test_subscribing_does_not_wait_for_a_database_that_is_away(database_url: str) -> None:
    """A program that is told to stop just then must not be held up; the poll stands behind."""
    nowhere = await Database.connect(f"{database_url}-none", min_size=0)

    async with asyncio.timeout(8):
        await nowhere.listen("somewhere", lambda _: None)

    await nowhere.close()


async def test_closed_subscription_is_silent(database: Database) -> None:
    """Whoever closed a subscription is called no more, while others still are."""
    gone: list[str] = []
    heard: asyncio.Queue[str] = asyncio.Queue()
    subscription = await database.listen("somewhere", gone.append)
    await database.listen("somewhere", heard.put_nowait)

    await subscription.close()
    await subscription.close()
    await database.execute("SELECT pg_notify('somewhere', 'x')")

    assert await asyncio.wait_for(heard.get(), 10) == "x"
    assert gone == []


def test_changed_rows_reads_command_tags() -> None:
    """The number at the end of a command tag is the rows it touched."""
    assert changed_rows("UPDATE 3") == 3
    assert changed_rows("INSERT 0 2") == 2


async def test_concurrent_starts_migrate_once(empty_database_url: str) -> None:
    """Several processes that start together all find the same, complete schema."""
    revisions = await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))

    assert len(set(revisions)) == 1
    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT count(*) FROM notice") == 0
    await connection.close()


async def test_newer_database_is_refused(database: Database, database_url: str) -> None:
    """A database from the future is left alone, with one sentence that says so."""
    await database.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNew, match=r"9999, newer than this program"):
        await migrate(database_url)


def test_newest_revision_is_the_one_that_migrating_ends_at() -> None:
    """It is read from files' names, so that nobody loads Alembic to learn that all is done."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    script = ScriptDirectory.from_config(config)

    assert [newest_revision()] == script.get_heads()


async def test_schema_that_is_up_to_date_costs_one_look(database_url: str) -> None:
    """Migrating needs a second of CPU for its libraries alone, and every command starts with it."""
    program = (
        "import asyncio, sys; from storage.migrate import migrate;"
        "print(asyncio.run(migrate(sys.argv[1])), 'alembic' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, database_url), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert out.decode().split() == [newest_revision(), "False"]


async def test_refused_login_is_told_apart(database_url: str) -> None:
    """No waiting helps where user, password or name are wrong."""
    parts = urlsplit(database_url)
    for wrong in (
        parts._replace(netloc=f"nobody:x@{parts.hostname}:{parts.port}"),
        parts._replace(path="/none"),
    ):
        with pytest.raises(LoginRefused):
            await migrate(urlunsplit(wrong))
