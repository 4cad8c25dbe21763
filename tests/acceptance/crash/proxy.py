"""Between one program and the database: sees each step, and can stop the program at any of them.

For: ending a program at an exact moment of its work, without a hook in the program. A trap is a
question about a moment (see `wire`); where it says yes, the program is stopped as by SIGSTOP
before anything more is handed on, and whoever set the trap decides what becomes of it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tests.acceptance.crash.wire import Conversation, Moment, Step

_CHUNK = 64 * 1024

Question = Callable[[Moment], bool]


class Trap:
    """Waits for a moment.

    Attributes:
        holds: the moment's bytes are kept until `DatabaseProxy.go_on`; else they are handed on.
    """

    def __init__(self, question: Question, *, stop: Callable[[], None], holds: bool) -> None:
        self.question = question
        self.stop = stop
        self.holds = holds
        self.sprung: asyncio.Future[Moment] = asyncio.get_running_loop().create_future()


class DatabaseProxy:
    """A port that leads to the database; all connections of one program go through it."""

    def __init__(self, database_url: str) -> None:
        self._database = urlsplit(database_url)
        self._server: asyncio.Server | None = None
        self._trap: Trap | None = None
        self._go_on = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The database's address for the program."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        who = self._database.netloc.rpartition("@")[0]
        return urlunsplit(self._database._replace(netloc=f"{who}@127.0.0.1:{port}"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._carrying)

    def set(self, trap: Trap) -> None:
        """Ask this trap about every moment from now on, until it springs."""
        self._trap = trap
        self._go_on.clear()

    def clear(self) -> None:
        """Ask no more."""
        self._trap = None

    def go_on(self) -> None:
        """Hand on what a trap has kept."""
        self._go_on.set()

    def cut(self) -> None:
        """End all connections at once: the database rolls back what was not committed."""
        self._trap = None
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        self._open.add(writer)
        onward = None
        try:
            with suppress(OSError):
                host, port = self._database.hostname, self._database.port
                back, onward = await asyncio.open_connection(host, port)
                self._open.add(onward)
                await self._carry(Conversation(), (reader, writer), (back, onward))
        finally:
            for each in (writer, onward):
                if each is not None:
                    self._open.discard(each)
                    each.transport.abort()
            self._carrying.discard(task)

    async def _carry(
        self,
        conversation: Conversation,
        program: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        database: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Hand on both directions until one of them ends."""

        async def forth() -> None:
            reader, writer = program[0], database[1]
            while data := await reader.read(_CHUNK):
                if conversation.wants_encryption(data):
                    program[1].write(b"N")
                    continue
                await self._hand_on(conversation.of_program(data), writer)

        async def back() -> None:
            reader, writer = database[0], program[1]
            while data := await reader.read(_CHUNK):
                await self._hand_on(conversation.of_database(data), writer)

        ways = {asyncio.create_task(forth()), asyncio.create_task(back())}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _hand_on(self, steps: Iterator[Step], writer: asyncio.StreamWriter) -> None:
        for step in steps:
            trap = self._trap
            if trap is not None and step.moment is not None and trap.question(step.moment):
                self._trap = None
                if trap.holds:
                    trap.stop()
                trap.sprung.set_result(step.moment)
                if trap.holds:
                    await self._go_on.wait()
            writer.write(step.data)
        await writer.drain()
