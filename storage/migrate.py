"""Bring a database's schema up to this program's, once, however many processes start together.

Not for going back: a database that a newer program migrated is refused.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from storage.errors import SchemaTooNew, StorageUnavailable

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection

log = structlog.get_logger(__name__)

LOCK_KEY = 0x6C65646765727769  # "ledgerwi": nobody else's advisory lock
_SCRIPTS = Path(__file__).parent / "migrations"


async def migrate(url: str) -> str:
    """Apply the missing migrations and return the schema's revision, such as "0002".

    Raises SchemaTooNew when the database knows a revision that this program does not, and
    StorageUnavailable when it can not be reached. Safe to call from many processes at once.
    """
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connected() -> "asyncpg.Connection[asyncpg.Record]":
        try:
            connection = await asyncpg.connect(url, timeout=10)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise StorageUnavailable(f"the database does not answer: {error}") from error
        await _lock(connection)
        return connection

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connected, poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


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
