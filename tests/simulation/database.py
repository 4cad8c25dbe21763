"""The product's own `Database`, over connections of the simulated world.

A pool as asyncpg's and a listener as `storage.listener`'s, so that everything above them is the
product's code. Each statement travels for a time that the seed chooses; the connection can break
before the server has it, or after, when nobody knows what became of it.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import cache
from typing import Any, cast

import asyncpg

from storage.database import Database
from tests.simulation.engine import Session
from tests.simulation.loop import Program
from tests.simulation.weather import Weather

POOL_SIZE = 16
IDLE_IN_TRANSACTION_S = 10.0  #: as `storage.database` asks of the server


class SimulatedConnection:
    """One connection of a program: what the product uses of asyncpg's."""

    def __init__(self, weather: Weather, program: Program) -> None:
        self._weather = weather
        self._program = program
        self._session: Session | None = weather.engine.take()
        self._used_s = 0.0

    def is_closed(self) -> bool:
        """Whether it broke."""
        return self._session is None

    def terminate(self) -> None:
        """Break it; the server rolls back what was open."""
        session, self._session = self._session, None
        if session is not None:
            self._weather.engine.give_back(session)

    async def fetch(self, query: str, *args: Any) -> Any:
        """As asyncpg's."""
        return await self._run("fetch", query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """As asyncpg's."""
        return await self._run("fetchrow", query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """As asyncpg's."""
        return await self._run("fetchval", query, *args)

    async def execute(self, query: str, *args: Any) -> Any:
        """As asyncpg's."""
        return await self._run("execute", query, *args)

    async def executemany(self, query: str, args: Any) -> Any:
        """As asyncpg's."""
        return await self._run("executemany", query, args)

    def transaction(self) -> "_Transaction":
        """As asyncpg's, read committed; not nested."""
        return _Transaction(self)

    async def _run(self, method: str, query: str, *args: Any) -> Any:
        weather = self._weather
        await weather.to_database()
        session = self._alive()
        self._used_s = weather.loop.time()
        if weather.breaks():
            self._broke(query, "before")
        try:
            found = await weather.engine.run(session, method, query, *args)
        except asyncpg.PostgresError as error:
            self._said(query, type(error).__name__)
            raise
        self._said(query, found if isinstance(found, str) else None)
        if not session.in_transaction:
            weather.notify(session)
        if weather.breaks():
            self._broke(query, "after")
        await weather.from_database()
        return found

    async def begin(self) -> None:
        """Open a transaction."""
        await self._weather.to_database()
        session = self._alive()
        self._weather.engine.order(session, "BEGIN")
        session.in_transaction = True
        self._watch(session)

    async def commit(self) -> None:
        """End it; a connection that breaks here leaves the client in the dark."""
        weather = self._weather
        await weather.to_database()
        await weather.pass_by("before commit")
        session = self._alive()
        if weather.breaks():
            self._broke("COMMIT", "before")
        session.in_transaction = False
        tag = weather.engine.order(session, "COMMIT")
        self._said("COMMIT", tag)
        weather.notify(session)
        weather.engine.settle()
        await weather.pass_by("sql commit")
        if weather.breaks():
            self._broke("COMMIT", "after")
        await weather.from_database()

    async def rollback(self) -> None:
        """Take everything back."""
        session = self._session
        if session is not None:
            self._weather.engine.abort(session)
            self._said("ROLLBACK", None)
        await self._weather.from_database()

    def _watch(self, session: Session) -> None:
        """The server ends a transaction whose client says nothing for too long."""
        since_s = self._used_s = self._weather.loop.time()

        def look() -> None:
            if self._session is not session or not session.in_transaction:
                return
            if session.statement is None and self._used_s == since_s:
                self._weather.tell(f"the server gives up a silent client: {self._program.name}")
                self.terminate()
            else:
                self._watch(session)

        self._weather.loop.call_later(IDLE_IN_TRANSACTION_S, look, context=Context())

    def _alive(self) -> Session:
        if self._session is None:
            raise asyncpg.InterfaceError("connection is closed")
        return self._session

    def _broke(self, query: str, when: str) -> None:
        self._weather.tell(f"database connection broke {when} {_short(query)}")
        self.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")

    def _said(self, query: str, answer: str | None) -> None:
        self._weather.detail(f"sql {_short(query)} {answer or ''}")


class _Transaction:
    def __init__(self, connection: SimulatedConnection) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        await self._connection.begin()

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            await self._connection.commit()
        else:
            await self._connection.rollback()


@cache
def _short(query: str) -> str:
    return " ".join(query.split())[:70]


class SimulatedPool:
    """As asyncpg's pool, for one program; its connections end with it."""

    def __init__(self, weather: Weather, program: Program, *, size: int = POOL_SIZE) -> None:
        self._weather = weather
        self._program = program
        self._places = asyncio.Semaphore(size)
        self._lent: list[SimulatedConnection] = []
        program.at_end(self._cut)

    async def acquire(self, *, timeout: float | None = None) -> SimulatedConnection:  # noqa: ASYNC109  # as asyncpg's
        """Lend a connection.

        Raises:
            TimeoutError, OSError: none is free in time; the database is away.
        """
        if self._places.locked():
            async with asyncio.timeout(timeout):
                await self._places.acquire()
        else:
            await self._places.acquire()
        if self._weather.database_away:
            self._places.release()
            await self._weather.to_database()
            raise ConnectionRefusedError("the database is away")
        made = SimulatedConnection(self._weather, self._program)
        self._lent.append(made)
        return made

    async def release(self, held: SimulatedConnection, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as asyncpg's
        """Take it back."""
        if held in self._lent:
            self._lent.remove(held)
            held.terminate()
            self._places.release()

    async def close(self) -> None:
        """Nothing is kept open."""

    def _cut(self) -> None:
        lent, self._lent = self._lent, []
        for each in lent:
            each.terminate()


class Subscriptions:
    """LISTEN: who is told of which channel."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._all: list[_Subscription] = []

    def notified(self, channel: str, payload: str) -> None:
        """A transaction with a NOTIFY has committed."""
        loop = asyncio.get_running_loop()
        for each in self._all:
            if each.channel != channel or each.program.killed:
                continue
            delay_s = self._weather.notification_delay_s()
            if delay_s is None:
                # The listening connection was away; it says "" once it is back.
                loop.call_later(1.0, each.callback, "", context=each.context)
            else:
                loop.call_later(delay_s, each.callback, payload, context=each.context)

    def listener(self, program: Program) -> "_Listener":
        """What one program listens with."""
        return _Listener(self._all, program)


class _Listener:
    def __init__(self, everyone: "list[_Subscription]", program: Program) -> None:
        self._all = everyone
        self._program = program

    async def subscribe(self, channel: str, callback: Callable[[str], None]) -> "_Subscription":
        made = _Subscription(self._all, self._program, channel, callback)
        self._all.append(made)
        return made

    async def close(self) -> None:
        """Nothing is kept open."""


class _Subscription:
    def __init__(
        self,
        everyone: "list[_Subscription]",
        program: Program,
        channel: str,
        callback: Callable[[str], None],
    ) -> None:
        self._all = everyone
        self.program = program
        self.channel = channel
        self.callback = callback
        self.context: Context = copy_context()

    async def close(self) -> None:
        if self in self._all:
            self._all.remove(self)


def simulated_database(weather: Weather, program: Program, listening: Subscriptions) -> Database:
    """The product's `Database` for one program."""
    pool: Any = SimulatedPool(weather, program)
    return Database(pool, cast(Any, listening.listener(program)))
