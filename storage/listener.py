"""LISTEN on one dedicated connection that comes back by itself. Sends nothing, stores nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

log = structlog.get_logger(__name__)

Callback = Callable[[str], None]
Opener = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]

#: What asyncpg says of a connection that broke in its hands; a server that shuts down in the
#: middle of an exchange even confuses its protocol (InternalClientError).
BROKEN = (asyncpg.InterfaceError, asyncpg.InternalClientError)
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, *BROKEN)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
SUBSCRIBE_WITHIN_S = 2.0
PROBE_EVERY_S = 30.0  # finds connections that died without a word


class Subscription:
    """One callback on one channel; `await close()` ends it."""

    def __init__(self, callbacks: list[Callback], callback: Callback) -> None:
        self._callbacks = callbacks
        self._callback = callback

    async def close(self) -> None:
        """Stop calling back; calling it twice does no harm."""
        with suppress(ValueError):
            self._callbacks.remove(self._callback)


class Listener:
    """Holds the connection while anybody is subscribed."""

    def __init__(self, opener: Opener, *, probe_every_s: float = PROBE_EVERY_S) -> None:
        self._opener = opener
        self._probe_every_s = probe_every_s
        self._channels: dict[str, list[Callback]] = {}
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._listening: set[str] = set()
        self._progress = asyncio.Condition()

    async def subscribe(self, channel: str, callback: Callback) -> Subscription:
        """Register and wait (a little) until the server has taken the LISTEN.

        While the database is away it is not waited for: whoever subscribes polls as well, and must
        be free to stop.
        """
        callbacks = self._channels.setdefault(channel, [])
        callbacks.append(callback)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="storage-listener")
        self._changed.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(SUBSCRIBE_WITHIN_S), self._progress:
                await self._progress.wait_for(lambda: channel in self._listening)
        return Subscription(callbacks, callback)

    async def close(self) -> None:
        """End the connection."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        healed = False
        while True:
            try:
                connection = await self._opener()
            except _AWAY as error:
                log.warning("listen_refused", error_type=type(error).__name__, wait_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                continue
            wait_s = FIRST_WAIT_S
            try:
                await self._serve(connection, healed=healed)
            except _AWAY as error:
                log.warning("listen_lost", error_type=type(error).__name__)
                await asyncio.sleep(wait_s)
            finally:
                self._listening.clear()
                healed = True
                connection.terminate()

    async def _serve(
        self, connection: "asyncpg.Connection[asyncpg.Record]", *, healed: bool
    ) -> None:
        connection.add_termination_listener(lambda _: self._changed.set())
        while True:
            self._changed.clear()
            for channel in set(self._channels) - self._listening:
                await connection.add_listener(channel, self._heard)
                self._listening.add(channel)
                if healed:
                    self._call(channel, "")
            async with self._progress:
                self._progress.notify_all()
            try:
                async with asyncio.timeout(self._probe_every_s):
                    await self._changed.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=10)
            if connection.is_closed():
                raise ConnectionResetError("the listening connection ended")

    def _heard(self, _connection: Any, _pid: int, channel: str, payload: Any) -> None:
        self._call(channel, str(payload))

    def _call(self, channel: str, payload: str) -> None:
        for callback in tuple(self._channels.get(channel, ())):
            callback(payload)
