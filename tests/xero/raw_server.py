"""A TCP server that answers with exactly the bytes a test wants, and remembers what it was asked.

For answers that no web framework would send: cut short, mislabelled, too large, never ending. Real
flows are tested against the simulator.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

NEVER = b""  #: answer nothing and keep the connection open


@dataclass(frozen=True)
class Asked:
    """One request as it came: header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Decoded; the last of a repeated name."""
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        """The body of a form."""
        return dict(parse_qsl(self.body.decode()))


@dataclass
class RawServer:
    """Where it listens, and all it was asked."""

    base: str = ""
    asked: list[Asked] = field(default_factory=list)


def answer(
    status: int,
    body: bytes | str,
    *,
    content_type: str = "application/json; charset=utf-8",
    headers: dict[str, str] | None = None,
    claimed_length: int | None = None,
) -> bytes:
    """An HTTP/1.1 answer; `claimed_length` may promise more than is sent."""
    raw = body.encode() if isinstance(body, str) else body
    length = len(raw) if claimed_length is None else claimed_length
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {length}"]
    lines += [f"Content-Type: {content_type}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


@asynccontextmanager
async def raw_server(respond: Callable[[Asked], bytes]) -> AsyncIterator[RawServer]:
    """Serve on a free loopback port until the block ends."""
    state = RawServer()
    stopped = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _read(reader)
            state.asked.append(asked)
            reply = respond(asked)
            if reply == NEVER:
                await stopped.wait()
            writer.write(reply)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client gave up, which some tests want
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        stopped.set()
        server.close()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(":", 1) for line in rest if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    length = int(headers.get("content-length", "0"))
    return Asked(method, target, headers, await reader.readexactly(length) if length else b"")
