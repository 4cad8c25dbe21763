"""Request bodies, read whole under two caps: one for each, one for all that are held at a time.

The raw bytes come out exactly as they came in. A stranger can send any number of large bodies
before a signature shows that they are none of ours, so memory is bounded here.
"""

from starlette.types import Receive, Scope


class BodyTooLarge(Exception):
    """The body is longer than one may be."""


class TooMuchHeld(Exception):
    """The bodies now in hand fill the memory set aside for them."""


class SenderGone(Exception):
    """The connection ended before the body did; nobody is left to answer."""


class BodyIntake:
    """Reads bodies and knows how many bytes are in hand."""

    def __init__(self, *, largest: int, together: int) -> None:
        """Allow `largest` bytes for one body and `together` bytes for all of them."""
        self._largest = largest
        self._together = together
        self.held = 0  #: bytes now in hand

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body; the caller releases it when done.

        Raises:
            BodyTooLarge: by what was declared, before a byte was read, or by what came.
            TooMuchHeld: no room for it now.
            SenderGone: it ended early.
        """
        if _declared_length(scope) > self._largest:
            raise BodyTooLarge
        body = bytearray()
        try:
            while await self._more(receive, body):
                pass
        except BaseException:
            self.held -= len(body)
            raise
        return bytes(body)

    async def _more(self, receive: Receive, body: bytearray) -> bool:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SenderGone
        chunk: bytes = message.get("body", b"")
        body += chunk
        self.held += len(chunk)
        if len(body) > self._largest:
            raise BodyTooLarge
        if self.held > self._together:
            raise TooMuchHeld
        return bool(message.get("more_body", False))

    def release(self, body: bytes) -> None:
        """Give back the room of a body that `read` returned."""
        self.held -= len(body)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value[:20]) if value.isdigit() else 0  # nonsense is the server's to refuse
    return 0
