"""A caller's body on its way to Xero: kept where it is small, else passed on as it comes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from time import monotonic
from typing import Final

from api.operation import Asked
from api.problems import Problem

KEPT_BYTES: Final = 256 * 1024  #: so much can be sent again, after a refused token
MOST_BYTES: Final = 128 * 1024 * 1024  #: Xero's largest files have 100 MB (Xero: Files API)
IDLE_S: Final = 15.0  #: real time a caller may take for some more bytes: it holds a place meanwhile
LONGEST_S: Final = 300.0  #: and for all of them


class PassedBody:
    """What a request carries. Made by `read_beginning`.

    Attributes:
        length: in bytes, as the caller said; None: it did not.
    """

    def __init__(
        self, beginning: bytes, rest: AsyncGenerator[bytes] | None, length: int | None
    ) -> None:
        self._beginning = beginning
        self._rest = rest
        self.length = len(beginning) if rest is None else length

    @property
    def repeatable(self) -> bool:
        """All of it is here."""
        return self._rest is None

    def content(self) -> bytes | AsyncIterator[bytes]:
        """The bytes; some at a time, where they are not all here."""
        return self._beginning if self._rest is None else self._all(self._rest)

    async def _all(self, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
        yield self._beginning
        async for chunk in rest:
            yield chunk


async def read_beginning(asked: Asked) -> PassedBody:
    """Read as much of a request's body as is kept.

    Raises:
        Problem: `body_too_large`, `body_too_slow`; the rest of the body raises them, too.
        ClientDisconnect: the caller left.
    """
    told = asked.request.headers.get("content-length", "")
    length = int(told) if told.isascii() and told.isdigit() else None
    if length is not None and length > MOST_BYTES:
        raise _too_large()
    chunks = _chunks(asked)
    beginning = bytearray()
    async for chunk in chunks:
        beginning += chunk
        if len(beginning) > KEPT_BYTES:
            return PassedBody(bytes(beginning), chunks, length)
    return PassedBody(bytes(beginning), None, length)


async def _chunks(asked: Asked) -> AsyncGenerator[bytes]:
    stream, size, until_s = asked.request.stream(), 0, monotonic() + LONGEST_S
    while True:
        try:
            async with asyncio.timeout(min(IDLE_S, until_s - monotonic())):
                chunk = await anext(stream, None)
        except TimeoutError:
            detail = f"A body may rest for {IDLE_S:g} s, and take {LONGEST_S:g} s in all."
            raise Problem("body_too_slow", detail) from None
        if chunk is None:
            return
        size += len(chunk)
        if size > MOST_BYTES:
            raise _too_large()
        if chunk:
            yield chunk


def _too_large() -> Problem:
    detail = f"This takes {MOST_BYTES} bytes at most."
    return Problem("body_too_large", detail, {"most_bytes": MOST_BYTES})
