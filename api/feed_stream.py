"""The change feed as server-sent events (HTML standard, section 9.2): one endless answer.

A stream holds one page of events in memory, however slowly its caller reads; one that takes nothing
for half a minute is cut off. It looks again every few seconds whether the key still lets its holder
in. It ends with the process, and its caller comes back by itself, with `Last-Event-ID`.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.caller import Caller
from api.feed_cursor import FeedCursor, write_cursor
from api.feed_events import cloud_event
from api.feed_reading import FeedReader, Read, Selection
from api.feed_watch import FeedWatch, Follower, until_gone
from api.problems import Problem
from storage.errors import StorageError
from storage.secrets import SecretBox

EVENT_STREAM: Final = "text/event-stream"
PAGE: Final = 100
MOST_BYTES: Final = 1024 * 1024  #: held of a stream, beside its last event
RETRY_MS: Final = 2_000
HEARTBEAT_S: Final = 15.0  #: real time; common proxies cut off what is silent for 30 to 60 s
SLOWEST_S: Final = 30.0  #: real time in which a caller has to take what is sent
AWAY_S: Final = 2.0  #: between looks while the database does not answer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Who follows what.

    Attributes:
        heartbeat_s, slowest_s: see the constants.
    """

    watch: FeedWatch
    reader: FeedReader
    box: SecretBox
    caller: Caller
    selection: Selection
    heartbeat_s: float = HEARTBEAT_S
    slowest_s: float = SLOWEST_S


class EventStream(Response):
    """The answer that does not end."""

    media_type = EVENT_STREAM

    def __init__(self, following: Following, cursor: FeedCursor) -> None:
        self._following = following
        self._cursor = cursor
        self._sent_place: str | None = None
        self._alive_until_s = monotonic() + following.heartbeat_s
        self.status_code = 200
        self.background = None
        # Buffering proxies (nginx) would hold events back.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the caller leaves, takes or may take no more, or the process ends."""
        told: Message = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(told)
            await send({"type": "http.response.body", "body": b""})
            return
        key_id = self._following.caller.key.id
        try:
            with self._following.watch.follow(key_id) as follower:
                async with until_gone(receive, follower):
                    reason = await self._run(follower, send, told)
        except Problem as problem:  # too many: it was not begun
            await problem.response(scope["state"]["request_id"])(scope, receive, send)
            return
        log.info("stream_ended", key_id=key_id, reason=reason)

    async def _run(self, follower: Follower, send: Send, begin: Message) -> str:
        """Send until there is a reason to end; returns it."""
        try:
            async with asyncio.timeout(self._following.slowest_s):
                await send(begin)
            await self._send(send, f"retry: {RETRY_MS}\n\n".encode() + self._place())
            while not follower.ended:
                await self._step(follower, send)
            last, reason = b": the stream ends here, come back\n\n", "ended"
        except Problem as problem:
            content = bytes(problem.response().body)
            last, reason = b"event: problem\ndata: " + content + b"\n\n", problem.code
        except TimeoutError:
            return "too_slow"  # and cut off: whoever reads at all sees that it did not end well
        with suppress(TimeoutError):
            await self._send(send, last, more=False)
        return reason

    async def _step(self, follower: Follower, send: Send) -> None:
        """Send what there is, or a sign of life where there was nothing for a while.

        Raises:
            Problem: there is a reason to end.
            TimeoutError: the caller takes nothing.
        """
        one = self._following
        follower.look()
        try:
            read = await one.reader.read(
                one.caller, one.selection, self._cursor, limit=PAGE, most_bytes=MOST_BYTES
            )
        except StorageError as error:
            log.warning("stream_waits", error=type(error).__name__)
            await follower.wait(AWAY_S)
            return
        self._cursor, follower.shards = read.cursor, read.shards
        if read.events or read.erased:
            await self._send(send, self._frames(read))
        if not read.more:
            await follower.wait(self._alive_until_s - monotonic())
        if monotonic() >= self._alive_until_s:
            await self._live(send)

    async def _live(self, send: Send) -> None:
        """Say that all is well, after having looked whether it is."""
        self._alive_until_s = monotonic() + self._following.heartbeat_s
        with suppress(StorageError):  # asked again with the next sign of life
            await self._following.caller.check()
        await self._send(send, b": \n\n" + self._place())

    def _frames(self, read: Read) -> bytes:
        frames = bytearray()
        for event, cursor in zip(read.events, read.cursors, strict=True):
            self._sent_place = write_cursor(cursor, self._following.box)
            frames += b"id: " + self._sent_place.encode() + b"\ndata: " + cloud_event(event)
            frames += b"\n\n"
        for tenant_id in read.erased:
            frames += f'event: erased\ndata: {{"tenant_id":"{tenant_id}"}}\n\n'.encode()
        return bytes(frames) + (self._place() if read.erased else b"")

    def _place(self) -> bytes:
        """An id without an event, where the place has moved on without one: who comes back goes on
        from there (HTML standard: an event without data only sets the last event id)."""
        place = write_cursor(self._cursor, self._following.box)
        if place == self._sent_place:
            return b""
        self._sent_place = place
        return f"id: {place}\n\n".encode()

    async def _send(self, send: Send, content: bytes, *, more: bool = True) -> None:
        message = {"type": "http.response.body", "body": content, "more_body": more}
        async with asyncio.timeout(self._following.slowest_s):
            await send(message)
