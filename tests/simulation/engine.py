"""A real PostgreSQL under a virtual clock: each statement is run to its end before time goes on.

The server is the product's own, so locks, constraints and isolation are PostgreSQL's. What is
changed is around it: `clock_timestamp()` reads the virtual time (a function of the same name in a
schema that stands before pg_catalog on the search path), NOTIFY comes back as a notice of the
statement that sent it, and a statement that waits for another transaction's lock is parked until
some transaction ends. Whether it waits is asked of the server, so it is a fact and no time-out.
"""

import asyncio
import os
import select
import signal
import socket
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from storage.database import prepare_connection
from tests.simulation.determinism import outside, real_monotonic

PROBE_AFTER_S = 0.004  #: real time; a statement that takes longer may be waiting for a lock
NOTIFIED = "simulated-notify"

_READ = 256 * 1024
_running = asyncio._get_running_loop
_run_in = asyncio._set_running_loop

_SCHEMA = """
CREATE SCHEMA sim;
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS $$ SELECT pg_catalog.pg_read_file('{clock}')::timestamptz $$;
CREATE FUNCTION sim.pg_notify(channel text, payload text) RETURNS void LANGUAGE plpgsql
  AS $$ BEGIN RAISE NOTICE '{notified} % %', channel, payload; END $$;
"""

_DEFAULTS = """
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT sim.clock_timestamp()',
              d.adrelid::regclass, a.attname) AS statement
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE pg_get_expr(d.adbin, d.adrelid) LIKE '%clock_timestamp()%'
"""

_SESSION = {
    "search_path": "sim, pg_catalog, public",
    "TimeZone": "UTC",
    "jit": "off",
    "deadlock_timeout": "1h",  # cycles are found here, at a moment that the seed decides
    "plan_cache_mode": "force_generic_plan",  # the sixth run must not plan unlike the fifth
    "client_min_messages": "notice",
}


class _RealLoop(asyncio.SelectorEventLoop):
    """The loop on which asyncpg's sockets live; driven by hand, in real time."""

    def time(self) -> float:
        return real_monotonic()

    def turn(self) -> None:
        """One round of what is ready; waits for a socket if nothing is."""
        self._run_once()  # type: ignore[attr-defined]  # asyncio's own

    def run_ready(self) -> None:
        """What was called soon, such as listeners to notices."""
        ready = self._ready  # type: ignore[attr-defined]  # asyncio's own
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()


class Statement:
    """One exchange with the server, moved on by hand: no event loop takes part in it.

    asyncpg's coroutine writes to its socket by itself; what comes back is read here and handed to
    its protocol, until the future that it waits for is done.
    """

    def __init__(self, loop: _RealLoop, connection: Any, work: Coroutine[Any, Any, Any]) -> None:
        self._loop = loop
        self._protocol = connection._protocol
        self._transport = connection._transport
        self.socket: socket.socket = self._transport._sock
        self._work = work
        self._future: Any = None
        self.done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._advance()

    def result(self) -> Any:
        """What it gave. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result

    def read(self) -> None:
        """Take in what the server says next; waits for it."""
        while self._transport.get_write_buffer_size():
            self._loop.turn()
        self._protocol.data_received(self.socket.recv(_READ))
        while not self.done and self._future.done():
            self._advance()
        self._loop.run_ready()

    def says_something(self, within_s: float) -> bool:
        """Whether there is something to read, after real waiting."""
        return bool(select.select((self.socket,), (), (), within_s)[0])

    def _advance(self) -> None:
        _run_in(self._loop)
        try:
            self._future = self._work.send(None)
            self._future._asyncio_future_blocking = False
        except StopIteration as end:
            self.done, self._result = True, end.value
        except Exception as error:  # noqa: BLE001  # handed to whoever asks for the result
            self.done, self._error = True, error
        finally:
            _run_in(None)


class Session:
    """One real connection, lent to one simulated connection at a time."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", number: int) -> None:
        self.connection = connection
        self.number = number
        self.in_transaction = False
        self.statement: Statement | None = None
        self.parked: asyncio.Future[None] | None = None
        self.notified: list[tuple[str, str]] = []
        self.pid = connection.get_server_pid()
        self._stopped = False
        connection.add_log_listener(self._heard)

    def stand_still(self) -> None:
        """Stop the server's process, which waits for a lock and so holds nothing of the server's
        own: given the lock, it does not run off with it."""
        os.kill(self.pid, signal.SIGSTOP)
        self._stopped = True

    def go_on(self) -> None:
        """Let it work again."""
        if self._stopped:
            self._stopped = False
            os.kill(self.pid, signal.SIGCONT)

    def _heard(self, _: Any, message: Any) -> None:
        mark, _, rest = message.message.partition(" ")
        if mark == NOTIFIED:
            channel, _, payload = rest.partition(" ")
            self.notified.append((channel, payload))


class Engine:
    """All real connections, and who waits for whom."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clock = -1
        self._told: datetime | None = None
        self._loop = _RealLoop()
        self._admin: asyncpg.Connection[asyncpg.Record] | None = None
        self._all: list[Session] = []
        self._free: list[Session] = []
        self._parked: list[Session] = []
        self._tables = ""
        self.waits = 0  #: statements that had to wait for a lock
        self.deadlocks = 0
        self.statements = 0

    # --- the server

    def open(self) -> None:
        """Prepare the schema, which must be migrated already; needs the server's own folder."""
        plain = self.real(asyncpg.connect(self._url))
        pid = plain.get_server_pid()
        clock = Path(f"/proc/{pid}/cwd").resolve() / f"simulated_clock_{pid}"
        clock.touch()
        clock.chmod(0o644)
        self._clock = os.open(clock, os.O_WRONLY)
        self.set_clock(datetime(2026, 1, 1, tzinfo=UTC))
        # By its name alone: the server's own folder is where it looks.
        self.real(plain.execute(_SCHEMA.format(clock=clock.name, notified=NOTIFIED)))
        for row in self.real(plain.fetch(_DEFAULTS)):
            self.real(plain.execute(row["statement"]))
        self.real(plain.close())
        self._admin = self.real(self._connect())
        rows = self.admin(
            "fetch",
            """SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'alembic_version'""",
        )
        self._tables = ", ".join(f'"{row["tablename"]}"' for row in rows)

    def close(self) -> None:
        """End all connections."""
        self._loop.set_exception_handler(lambda _loop, _context: None)  # of statements cut off
        for session in self._all:
            session.go_on()
            session.connection.terminate()
        if self._admin is not None:
            self._admin.terminate()
        self._loop.turn()
        self._loop.close()
        os.close(self._clock)

    def set_clock(self, now: datetime) -> None:
        """What `clock_timestamp()` answers from here on."""
        if now == self._told:
            return
        self._told = now
        os.pwrite(self._clock, now.isoformat(" ", "microseconds").encode(), 0)

    def empty(self) -> None:
        """Make all tables as after the migration."""
        self._free = list(reversed(self._all))
        self._parked.clear()
        for session in self._all:
            session.go_on()
        self.admin("execute", f"TRUNCATE {self._tables} RESTART IDENTITY")
        self.admin("execute", "SELECT setval('notice_version', 1, false)")
        self.admin(
            "execute",
            """INSERT INTO app_budget (call_tokens, call_tokens_at)
               VALUES (1000, '2000-01-01T00:00:00Z')""",
        )

    def admin(self, method: str, query: str, *args: Any) -> Any:
        """Ask the server directly, outside the simulated world."""
        assert self._admin is not None
        return self._now(self._admin, getattr(self._admin, method)(query, *args))

    def order(self, session: Session, statement: str) -> Any:
        """Let a session run what can't wait for anybody: BEGIN, COMMIT, ROLLBACK."""
        return self._now(session.connection, session.connection.execute(statement))

    def _now(self, connection: Any, work: Coroutine[Any, Any, Any]) -> Any:
        outer = _running()
        try:
            statement = Statement(self._loop, connection, work)
            while not statement.done:
                statement.read()
        finally:
            _run_in(outer)
        return statement.result()

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(
            self._url,
            server_settings=_SESSION,
            statement_cache_size=1_000,
            max_cached_statement_lifetime=0,
        )
        await prepare_connection(connection)
        transport: Any = connection._transport  # type: ignore[attr-defined]  # asyncpg's own
        transport._sock.setblocking(True)
        return connection

    # --- driving asyncpg from inside another event loop

    def real(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something of asyncpg's to its end, now."""
        loop, outer = self._loop, _running()
        _run_in(loop)
        try:
            task = loop.create_task(work)
            while not task.done():
                loop.turn()
        finally:
            _run_in(outer)
        return task.result()

    # --- sessions

    def take(self) -> Session:
        """A connection nobody uses."""
        if not self._free:
            with outside():  # a new connection draws a nonce; one that was kept does not
                session = Session(self.real(self._connect()), len(self._all))
            self._all.append(session)
            return session
        return self._free.pop()

    def give_back(self, session: Session) -> None:
        """Done with it; what it had not committed is rolled back."""
        self.abort(session)
        self._free.append(session)

    def abort(self, session: Session) -> None:
        """End whatever the session does, as the server does when its client is gone."""
        if session.statement is not None:
            self.cancel(session)
        if session.in_transaction:
            session.in_transaction = False
            self.order(session, "ROLLBACK")
            self.settle()
        session.notified.clear()

    async def run(self, session: Session, method: str, query: Any, *args: Any) -> Any:
        """Run one statement; if it has to wait for a lock, the caller waits in virtual time."""
        self.statements += 1
        outer = _running()
        work = getattr(session.connection, method)(query, *args)
        session.statement = Statement(self._loop, session.connection, work)
        _run_in(outer)
        if not self._drive(session):
            await self._park(session)
        statement, session.statement = session.statement, None
        if self._parked and not session.in_transaction:
            self.settle()
        return statement.result()

    def _drive(self, session: Session) -> bool:
        """Let the server work; False if the statement waits for another transaction."""
        statement = session.statement
        assert statement is not None
        outer = _running()
        try:
            free = not self._others_may_hold_locks(session)
            probe_s = PROBE_AFTER_S
            while not statement.done:
                if free or statement.says_something(probe_s):
                    statement.read()
                elif self._blockers(session):
                    return False
                else:
                    probe_s *= 2
        finally:
            _run_in(outer)
        return True

    def _others_may_hold_locks(self, session: Session) -> bool:
        """A statement outside a transaction holds locks, too, while it waits for another."""
        return any(
            each.in_transaction or each.statement is not None
            for each in self._all
            if each is not session
        )

    def _blockers(self, session: Session) -> list[int]:
        found: list[int] = self.admin("fetchval", "SELECT pg_blocking_pids($1)", session.pid)
        return found

    async def _park(self, session: Session) -> None:
        self.waits += 1
        session.parked = parked = asyncio.get_running_loop().create_future()
        session.stand_still()
        self._parked.append(session)
        if self._is_a_deadlock(session):
            self._break_deadlock(session)
        try:
            await parked
        except asyncio.CancelledError:
            if session.statement is not None and not session.statement.done:
                self.cancel(session)
            raise

    def _break_deadlock(self, session: Session) -> None:
        parked = session.parked
        self.deadlocks += 1
        self.cancel(session)
        if parked is not None and not parked.done():
            parked.set_exception(asyncpg.DeadlockDetectedError("deadlock detected"))

    def _is_a_deadlock(self, session: Session) -> bool:
        by_pid = {each.pid: each for each in self._parked}
        seen: set[int] = set()
        waiting = [session.pid]
        while waiting:
            pid = waiting.pop()
            if pid not in by_pid:
                continue
            for blocker in self._blockers(by_pid[pid]):
                if blocker == session.pid:
                    return True
                if blocker not in seen:
                    seen.add(blocker)
                    waiting.append(blocker)
        return False

    def cancel(self, session: Session) -> None:
        """Give up a statement that waits."""
        statement, session.statement = session.statement, None
        session.parked = None
        session.go_on()
        if session in self._parked:
            self._parked.remove(session)
        if statement is None:
            return
        outer = _running()
        if not statement.done:
            self.admin("fetchval", "SELECT pg_cancel_backend($1)", session.pid)
            while not statement.done:
                statement.read()
        _run_in(outer)

    def settle(self) -> None:
        """Some transaction has ended: let those go on who waited for it, one after the other in the
        order in which they came, until each has ended or waits again.

        Left to themselves they would race in the server for what has become free. And none of them
        is told before all of them have come to rest, whichever is quicker today.
        """
        while self._parked:
            for session in self._free_to_go():
                session.go_on()
                if not self._drive(session):
                    session.stand_still()
                break
            else:
                circle = next((each for each in self._parked if self._is_in_a_deadlock(each)), None)
                if circle is None:
                    break
                self._break_deadlock(circle)
        ended = [each for each in self._parked if each.statement is None or each.statement.done]
        for session in ended:
            self._parked.remove(session)
            if session.parked is not None and not session.parked.done():
                session.parked.set_result(None)

    def _is_in_a_deadlock(self, session: Session) -> bool:
        statement = session.statement
        return statement is not None and not statement.done and self._is_a_deadlock(session)

    def _free_to_go(self) -> list[Session]:
        """Of those who waited, who waits for nobody any more and has not ended yet."""
        waiting = [
            each for each in self._parked if each.statement is not None and not each.statement.done
        ]
        if not waiting:
            return []
        blocked = self.admin(
            "fetch",
            "SELECT pid FROM unnest($1::int[]) AS pid WHERE cardinality(pg_blocking_pids(pid)) > 0",
            [each.pid for each in waiting],
        )
        stand_still = {row["pid"] for row in blocked}
        return [each for each in waiting if each.pid not in stand_still]
