"""An upgrade in the middle of everything: programs killed while they migrate the schema.

The tables are put back to what the last but one migration made, with all their rows; then the
programs start as those of a newer version would. None is hooked: see `proxy`.
"""

import asyncio
from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import storage.migrations
from storage.database import Database
from tests.acceptance.crash.campaign import PATIENCE_S, Campaign
from tests.acceptance.crash.points import MIGRATION
from tests.acceptance.crash.unfinished import Unfinished, let_leases_end, unfinished

_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT tablename, indexname, indexdef, NULL, NULL FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2
"""

Shape = list[tuple[str | None, ...]]


async def kill_while_migrating(made: Campaign, database_url: str) -> None:
    """Put the tables back and kill whoever migrates them, at each point of a migration.

    After each kill the schema is wholly the old or wholly the new one, and what is unfinished is
    all there. In the end all programs run.
    """
    await _stop_in_the_middle(made)
    new = await _shape(database_url)
    await put_back(database_url)
    old = await _shape(database_url)
    assert old != new
    for point in MIGRATION:
        victim = made.victims[point.role]
        before = await _unfinished(database_url)
        assert before
        await victim.start()
        assert point.question is not None
        await victim.reaches(point.question, patience_s=PATIENCE_S)
        await victim.kill()
        last = point is MIGRATION[-1]
        assert await _shape(database_url) == (new if last else old), point.name
        after = await _unfinished(database_url)  # a receiver goes on taking deliveries
        assert after.notices >= before.notices
        assert after.unrelayed == before.unrelayed
        made.kills[f"{point.role}, {point.name}"] += 1
    for victim in made.victims.values():
        await victim.start()
    for victim in made.victims.values():
        await victim.ready()


async def _stop_in_the_middle(made: Campaign) -> None:
    """Kill all programs, with notices in the tables that nobody has read."""
    made.victims["handlers"].freeze()
    async with asyncio.timeout(PATIENCE_S):
        while not await unfinished(made.db):
            await made.postbox.next()
    for role, victim in made.victims.items():
        await victim.kill()
        made.kills[f"{role}, before an upgrade"] += 1
    await let_leases_end(made.db, made.victims["handlers"].pid)


async def _unfinished(database_url: str) -> Unfinished:
    """What is unfinished, seen by a connection that knows nothing of earlier tables."""
    db = await Database.connect(database_url, min_size=1, max_size=1)
    try:
        return await unfinished(db)
    finally:
        await db.close()


async def _shape(database_url: str) -> Shape:
    """Tables, columns and indexes, and the schema's version."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = [tuple(row) for row in await connection.fetch(_COLUMNS)]
        version = await connection.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()
    return [(version,), *rows]


async def put_back(database_url: str) -> None:
    """Make the tables those of the last migration but one, with all rows."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("ALTER SCHEMA public RENAME TO newer; CREATE SCHEMA public")
        await _migrate_to_last_but_one(database_url)
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")  # any order
            for name, columns in await _tables(connection):
                await connection.execute(f"DELETE FROM public.{name}")  # noqa: S608  # as below
                await connection.execute(
                    f"""INSERT INTO public.{name} ({columns}) OVERRIDING SYSTEM VALUE
                        SELECT {columns} FROM newer.{name}"""  # noqa: S608  # the catalogue's names
                )
            for row in await connection.fetch(
                "SELECT sequencename AS name, last_value FROM pg_sequences"
                " WHERE schemaname = 'newer' AND last_value IS NOT NULL"
            ):
                await connection.execute(
                    "SELECT setval(('public.' || quote_ident($1))::regclass, $2)",
                    row["name"], row["last_value"],
                )  # fmt: skip
        await connection.execute("DROP SCHEMA newer CASCADE")
    finally:
        await connection.close()


async def _tables(connection: "asyncpg.Connection[asyncpg.Record]") -> list[tuple[str, str]]:
    """Each table that both schemas have, but their version's, and the columns that both have."""
    rows = await connection.fetch(
        """SELECT quote_ident(table_name) AS name,
                  string_agg(quote_ident(column_name), ', ') AS columns
             FROM information_schema.columns o
             JOIN information_schema.columns n USING (table_name, column_name)
            WHERE o.table_schema = 'public' AND n.table_schema = 'newer'
              AND table_name <> 'alembic_version' AND o.is_generated = 'NEVER'
            GROUP BY table_name"""
    )
    return [(row["name"], row["columns"]) for row in rows]


async def _migrate_to_last_but_one(database_url: str) -> None:
    async def connected() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(database_url)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connected, poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    newest = script.get_revision("head")
    assert newest is not None
    target = newest.down_revision
    assert isinstance(target, str)

    def steps(revision: str, _context: object) -> object:
        return script._upgrade_revs(target, revision)

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
