"""One connection of a sender, closed if the sender dawdles: strangers must not use up the places.

uvicorn waits for ever for a request to begin or to go on once its first byte has come. Times of
whole requests, once their headers are here, are the application's matter (`webhook.py`).
"""

import asyncio
from dataclasses import dataclass

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a sender may dawdle, in seconds."""

    headers_s: float = 10.0  #: from the first byte of a request, or the connection's beginning
    linger_s: float = 5.0  #: for the rest of a body answered already, so that the answer gets there


def impatient(patience: Patience) -> "type[ImpatientProtocol]":
    """The protocol with this patience, as uvicorn wants it: a class."""
    return type("ImpatientProtocol", (ImpatientProtocol,), {"patience": patience})


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's, with an end to its patience, and a bare answer to what is no HTTP."""

    patience = Patience()
    _closing_at: asyncio.TimerHandle | None = None
    _half_begun = False  #: a request's first bytes are here, its headers not yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._close_in(self.patience.headers_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._go_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        answered = self.cycle is None or self.cycle.response_complete
        if answered and self._closing_at is None:
            self._close_in(self.patience.headers_s)  # however slowly the next bytes follow

    def on_message_begin(self) -> None:
        self._half_begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._half_begun = False
        self._go_on()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.cycle.response_complete:
            self._go_on()  # the rest of an answered body is through
        super().on_message_complete()

    def on_response_complete(self) -> None:
        unfinished = self.cycle.more_body
        super().on_response_complete()
        if unfinished:
            self._close_in(self.patience.linger_s)
        elif self._half_begun:
            self._close_in(self.patience.headers_s)

    def send_400_response(self, msg: str) -> None:
        self.transport.write(_BAD_REQUEST)
        self.transport.close()

    def _close_in(self, seconds: float) -> None:
        self._go_on()
        self._closing_at = self.loop.call_later(seconds, self.transport.close)

    def _go_on(self) -> None:
        if self._closing_at is not None:
            self._closing_at.cancel()
            self._closing_at = None
