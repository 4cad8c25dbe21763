"""The pool of connections and what a transaction's failures mean. No query of any table."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from storage.errors import StorageConflict, StorageUnavailable
from storage.listener import BROKEN, Listener, Subscription

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 60.0  #: for a server that fell silent
CLOSE_TIMEOUT_S = 1.5  #: for connections in use to be given back; then they are cut

#: What the server does on its own, so that a client that vanished without a word (a dead machine,
#: a pulled cable) keeps no row locked: minutes at most instead of hours.
_SERVER_SETTINGS = {
    "TimeZone": "UTC",
    "jit": "off",
    "statement_timeout": "50s",  # before COMMAND_TIMEOUT_S, since its error says more
    "idle_in_transaction_session_timeout": "10s",  # no transaction waits for anything but us
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.InsufficientResourcesError,  # class 53: disk full, out of memory, too many connections
    asyncpg.OperatorInterventionError,  # class 57: shutting down, starting up, cancelled
    asyncpg.PostgresSystemError,  # class 58: input/output error
    # Class XX: the server's own trouble, such as a disk quota that is used up or a broken file.
    # No statement of ours is to blame, and no record that it held.
    asyncpg.InternalServerError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby after a failover
    asyncpg.IdleInTransactionSessionTimeoutError,
)
_CONFLICT = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    # A newer program has just migrated the schema: prepared statements have to be made anew.
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)


def _encode_uuid(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _decode_uuid(raw: bytes) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


async def prepare_connection(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make uuid columns lower-case hyphenated text in Python."""
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=_encode_uuid, decoder=_decode_uuid, format="binary"
    )


async def _as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Leave a connection that is given back as it is; asyncpg has rolled back what was open.

    The pool's own way asks the server to forget settings, listeners and locks of the session: a
    round trip after every statement, for things that nobody here makes on a pooled connection.
    """


class Database:
    """A pool, short-cuts for single statements, and one listening connection.

    Every method raises StorageUnavailable when the database can not be reached, can not take work
    or does not answer in time, and StorageConflict when the transaction has to be repeated. Nothing
    but the database may be waited for with a connection in hand, so every time-out there is its.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", listener: Listener) -> None:
        self.pool = pool
        self._listener = listener

    @classmethod
    async def connect(
        cls, url: str, *, min_size: int = 1, max_size: int = 10, application: str = "ledgerwire"
    ) -> "Database":
        """Open a pool of `min_size` to `max_size` connections to `postgresql://…`."""
        settings = {"application_name": application, **_SERVER_SETTINGS}

        async def opened() -> "asyncpg.Connection[asyncpg.Record]":
            return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, server_settings=settings)

        pool = asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            init=prepare_connection,
            reset=_as_it_is,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings=settings,
        )
        try:
            await pool
        except (OSError, TimeoutError, *BROKEN, asyncpg.PostgresError) as error:
            raise StorageUnavailable(f"the database does not answer: {error}") from error
        return cls(pool, Listener(opened))

    async def close(self, *, patience_s: float = CLOSE_TIMEOUT_S) -> None:
        """Close the listener and every connection; waits so long for those in use."""
        await self._listener.close()
        with suppress(TimeoutError):  # a silent server must not keep a program from ending
            await asyncio.wait_for(self.pool.close(), patience_s)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend one connection, outside any transaction."""
        try:
            held = await self.pool.acquire(timeout=CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError, *BROKEN, asyncpg.PostgresError) as error:
            raise StorageUnavailable(f"no database connection: {error}") from error
        try:
            yield held
        except _CONFLICT as error:
            raise StorageConflict(str(error)) from error
        except _UNAVAILABLE as error:
            raise StorageUnavailable(str(error)) from error
        except TimeoutError as error:
            raise StorageUnavailable("the database did not answer in time") from error
        except (*BROKEN, OSError) as error:
            if isinstance(error, asyncpg.InternalClientError):
                held.terminate()  # what it would say next can't be trusted
            elif not _is_lost(held):
                raise  # the caller's own mistake or network, not a lost connection
            raise StorageUnavailable(f"the database connection was lost: {error}") from error
        finally:
            await self._give_back(held)

    async def _give_back(self, held: "PoolConnectionProxy[asyncpg.Record]") -> None:
        try:
            await self.pool.release(held, timeout=CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError, *BROKEN, *_UNAVAILABLE):
            with suppress(asyncpg.InterfaceError):  # lost, and taken back by the pool already
                held.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend one connection inside a read-committed transaction; an exception rolls back."""
        async with self.connection() as held, held.transaction():
            yield held

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        async with self.connection() as held:
            return await held.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """Run one statement and return its first row."""
        async with self.connection() as held:
            return await held.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Run one statement and return the first column of its first row."""
        async with self.connection() as held:
            return await held.fetchval(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        """Run one statement and return its command tag, such as "UPDATE 3"."""
        async with self.connection() as held:
            return await held.execute(query, *args)

    async def now(self) -> datetime:
        """Real time by the database's clock, which every process shares."""
        instant: datetime = await self.fetchval("SELECT clock_timestamp()")
        return instant

    async def listen(self, channel: str, callback: Callable[[str], None]) -> Subscription:
        """Call `callback(payload)` for each NOTIFY on `channel`, on the event loop.

        The connection heals itself; after each healing the callback runs once with "", since
        notifications may have been missed. A poll must stand behind it all the same.
        """
        return await self._listener.subscribe(channel, callback)


def _is_lost(held: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    try:
        return held.is_closed()
    except asyncpg.InterfaceError:  # closed, and taken back by the pool already
        return True


def changed_rows(tag: str) -> int:
    """Rows a command tag such as "UPDATE 3" or "INSERT 0 2" speaks of."""
    return int(tag.rsplit(" ", 1)[1])
