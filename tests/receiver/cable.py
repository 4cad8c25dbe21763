"""The wire between a program and its database, which a test can cut, block and mend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass
class Cable:
    """A TCP forwarder to a PostgreSQL server.

    Attributes:
        url: the database's address by way of this cable.
    """

    url: str
    _target: tuple[str, int]
    _port: int
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def mend(self) -> None:
        """Carry connections, old and new."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)

    def block(self) -> None:
        """Fall silent: nothing is refused, nothing arrives."""
        self._flowing.clear()

    def lead_to(self, database_url: str) -> None:
        """Lead new connections to another address: the server has come back there."""
        parts = urlsplit(database_url)
        self._target = (str(parts.hostname), int(parts.port or 5432))

    async def cut(self) -> None:
        """Drop every connection and refuse new ones, as a stopped server does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:  # the server is away, and so this end is
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def cable_to(database_url: str) -> AsyncIterator[Cable]:
    """Lay a cable to the server of `database_url`; it carries until told otherwise."""
    parts = urlsplit(database_url)
    holder = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = holder.sockets[0].getsockname()[1]
    holder.close()
    credentials = parts.netloc.rpartition("@")[0]
    url = urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    cable = Cable(url, (str(parts.hostname), int(parts.port or 5432)), port)
    await cable.mend()
    try:
        yield cable
    finally:
        await cable.mend()  # or what still flows would wait for ever
        await cable.cut()
