"""Bring a database's schema up to this program's, once, however many processes start together.

Where it is up to date already, which is nearly always, one small query says so, and the libraries
that migrate are not even loaded. Not for going back: a database that a newer program migrated is
refused.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from storage.errors import LoginRefused, SchemaTooNew, StorageUnavailable

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import DBAPIError

log = structlog.get_logger(__name__)

LOCK_KEY = 0x6C65646765727769  # "ledgerwi": nobody else's advisory lock
ANSWER_S = 10.0  #: for the server to let us in, and to answer
_AWAY = ("08", "53", "57", "58")  #: SQLSTATE classes, as in storage/database.py
_SCRIPTS = Path(__file__).parent / "migrations"


async def migrate(url: str) -> str:
    """Apply the missing migrations and return the schema's revision, such as "0002".

    Safe to call from many processes at once.

    Raises:
        SchemaTooNew: the database knows a revision that this program does not.
        LoginRefused: user, password or database are not right.
        StorageUnavailable: the database can not be reached.
    """
    newest = newest_revision()
    if await _found(url) == [newest]:
        return newest
    return await _migrated(url)


def newest_revision() -> str:
    """The newest revision that this program knows, by the names of its migrations' files."""
    return max(path.name.partition("_")[0] for path in _SCRIPTS.glob("versions/[0-9]*_*.py"))


async def schema_revision(url: str) -> str | None:
    """The revision that the database says it has; None where it was never migrated. Changes
    nothing.

    Raises:
        LoginRefused: user, password or database are not right.
        StorageUnavailable: the database can not be reached.
    """
    found = await _found(url)
    return max(found) if found else None


async def _found(url: str) -> list[str]:
    """The revisions that the database says it has; none where it was never migrated."""
    connection = await _connected(url)
    try:
        rows = await connection.fetch("SELECT version_num FROM alembic_version", timeout=ANSWER_S)
    except asyncpg.UndefinedTableError:
        return []
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StorageUnavailable(f"the database does not answer: {error}") from error
    else:
        return [row["version_num"] for row in rows]
    finally:
        connection.terminate()  # a polite goodbye could wait for a server that fell silent


async def _connected(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(url, timeout=ANSWER_S)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as no:
        raise LoginRefused(f"the database refuses us: {no}") from no
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise StorageUnavailable(f"the database does not answer: {error}") from error


async def _migrated(url: str) -> str:
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connected() -> "asyncpg.Connection[asyncpg.Record]":
        connection = await _connected(url)
        await _lock(connection)
        return connection

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connected, poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    except DBAPIError as error:
        if not _is_away(error):
            raise
        raise StorageUnavailable(f"the database went away: {type(error.orig).__name__}") from error
    finally:
        await engine.dispose()


def _is_away(error: "DBAPIError") -> bool:
    """Whether it is the server's or the network's trouble, and none of the migration's own."""
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in _AWAY


async def _lock(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    # Held by the session, so it ends with the connection, however that ends. Asked for again and
    # again rather than waited for: a waiting statement would hold back CREATE INDEX elsewhere.
    ask = "SELECT pg_try_advisory_lock($1)"
    while not await connection.fetchval(ask, LOCK_KEY):  # noqa: ASYNC110  # another process has it
        await asyncio.sleep(0.05)


def _upgrade(connection: "Connection") -> str:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head() or ""

    def steps(revision: Any, _context: Any) -> Any:
        _refuse_newer(script, revision)
        return script._upgrade_revs("head", revision)  # as alembic's own upgrade command does

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
    return head


def _refuse_newer(script: "ScriptDirectory", revisions: tuple[str, ...]) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    newer = sorted(set(revisions) - known)
    if newer:
        raise SchemaTooNew(
            f"The database's schema is {', '.join(newer)}, newer than this program, which knows "
            f"up to {script.get_current_head()}: start the newer Ledgerwire instead."
        )
    log.debug("schema_found", revision=list(revisions))
