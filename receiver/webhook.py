"""One POST from Xero, from its first byte to its empty answer, in the order Xero's rules ask for.

Size before hashing, signature before parsing, validation calls before the database, the commit
before 200. Xero (webhooks, response rules): 200 for a genuine delivery and 401 for any other,
within 5 s, no body, no cookie, no redirect. The request is read as ASGI messages rather than
through a framework's request object, so nothing touches the raw bytes before they are hashed.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from starlette.types import Message, Receive, Scope, Send

from receiver.body import BodyIntake, BodyTooLarge, SenderGone, TooMuchHeld
from receiver.commit import NotStored, Reason
from receiver.delivery import Delivery, read_delivery
from receiver.metrics import ReceiverMetrics
from receiver.signature import SIGNATURE_HEADER, Verdict, WebhookKeys
from storage.deliveries import StoredDelivery, StoredOutcome
from unified.clock import Clock

_VALIDATION = "validation"
_NOT_GENUINE = "not_genuine"
_TOO_LARGE = "too_large"

# Every outcome that is not an answer of 200. All of 503 ask Xero to send again.
_REFUSALS: Mapping[str, int] = {
    _NOT_GENUINE: 401,
    _TOO_LARGE: 413,
    **dict.fromkeys(Reason, 503),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookLimits:
    """What one delivery, and all of them together, may take."""

    body: int = 8 * 1024 * 1024  # bytes
    bodies: int = 256 * 1024 * 1024  # bytes, of all requests in hand
    inline: int = 256 * 1024  # bytes; a larger body is hashed and read beside the event loop
    answer_s: float = 4.0  # Xero gives up at 5


class WebhookEndpoint:
    """The ASGI application behind `POST /webhooks/xero`."""

    def __init__(
        self,
        keys: WebhookKeys,
        submit: Callable[[StoredDelivery], Awaitable[StoredOutcome]],
        *,
        clock: Clock,
        metrics: ReceiverMetrics,
        limits: WebhookLimits,
    ) -> None:
        """Answer with what `submit` made of each genuine delivery."""
        self._keys = keys
        self._submit = submit
        self._clock = clock
        self._metrics = metrics
        self._limits = limits
        self._intake = BodyIntake(largest=limits.body, together=limits.bodies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one POST."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._limits.answer_s):
                outcome = await self._outcome(scope, receive)
        except SenderGone:
            return
        except TimeoutError:
            outcome = Reason.LATE
        except Exception:
            await send(_START[500])  # bare, too; the server logs what it was
            await send(_END)
            raise
        await send(_START[_REFUSALS.get(outcome, 200)])
        await send(_END)
        self._metrics.answered(outcome, time.perf_counter() - started)

    async def _outcome(self, scope: Scope, receive: Receive) -> str:
        received_at = self._clock.real()
        try:
            body = await self._intake.read(scope, receive)
        except BodyTooLarge:
            return _TOO_LARGE
        except TooMuchHeld:
            return Reason.FULL
        try:
            return await self._taken(body, _signatures(scope), received_at)
        except NotStored as error:
            return error.reason
        finally:
            self._intake.release(body)

    async def _taken(self, body: bytes, signatures: Sequence[bytes], received_at: datetime) -> str:
        if len(body) > self._limits.inline:
            verdict, delivery = await asyncio.to_thread(self._read, body, signatures)
        else:
            verdict, delivery = self._read(body, signatures)
        if verdict is not Verdict.GENUINE:
            self._metrics.signature_refused(verdict)
            return _NOT_GENUINE
        if delivery.is_validation:
            return _VALIDATION
        stored = await self._submit(_stored(delivery, body, received_at))
        self._metrics.ignored(stored.ignored)
        return stored.outcome

    def _read(self, body: bytes, signatures: Sequence[bytes]) -> tuple[Verdict, Delivery]:
        verdict = self._keys.check(body, signatures)
        return verdict, read_delivery(body) if verdict is Verdict.GENUINE else _UNREAD


def _stored(delivery: Delivery, body: bytes, received_at: datetime) -> StoredDelivery:
    return StoredDelivery(
        id=_time_ordered_id(received_at),
        received_at=received_at,
        digest=sha256(body).digest(),
        body=body,
        first_sequence=delivery.first_sequence,
        last_sequence=delivery.last_sequence,
        event_count=delivery.event_count,
        ignored=delivery.ignored,
        unreadable=delivery.unreadable,
        hints=delivery.hints,
    )


def _time_ordered_id(at: datetime) -> str:
    """Make a UUID of version 7: new rows go to the end of the primary key's index."""
    time, chance = f"{int(at.timestamp() * 1000):012x}", os.urandom(10)
    digits = chance.hex()
    variant = "89ab"[chance[9] & 3]
    return f"{time[:8]}-{time[8:]}-7{digits[:3]}-{variant}{digits[3:6]}-{digits[6:18]}"


_UNREAD = Delivery(unreadable=True)


def _signatures(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == SIGNATURE_HEADER]


def _start(status: int) -> Message:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-length", b"0")],
    }


_START = {status: _start(status) for status in (200, 500, *_REFUSALS.values())}
_END: Message = {"type": "http.response.body", "body": b""}
