"""What a real sender hardly ever does, and how the server itself starts and ends."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from datetime import datetime

import httpx
import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.types import Message, Scope

from receiver.app import create_app
from receiver.body import BodyIntake, BodyTooLarge, SenderGone
from receiver.server import ServerNotStarted, listen, serve
from storage.database import Database
from tests.receiver.service import WEBHOOK, assert_bare
from tests.receiver.vectors import KEY, VALIDATION, VALIDATION_SIGNATURE
from unified.clock import OffsetClock


class BrokenClock:
    """A clock whose battery is empty."""

    def now(self) -> datetime:
        """Fail."""
        raise OSError("no clock")

    real = now


def scope(*headers: tuple[bytes, bytes]) -> Scope:
    """A POST to the webhook's address."""
    return {
        "type": "http",
        "method": "POST",
        "path": WEBHOOK,
        "headers": list(headers),
        "query_string": b"",
    }


class Sender:
    """Sends what it is told, message by message, and keeps what it is answered."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.answer: list[Message] = []

    async def receive(self) -> Message:
        """Give the next message."""
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        self.answer.append(message)


def part(body: bytes, *, more: bool) -> Message:
    """A piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


async def test_sender_that_hangs_up_halfway_gets_no_answer(database: Database) -> None:
    """Nobody is left to answer, and half a body is no delivery."""
    registry = CollectorRegistry()
    app = create_app(database, [KEY], clock=OffsetClock(), registry=registry)
    sender = Sender(part(b'{"events"', more=True), GONE)

    await app(scope(), sender.receive, sender.send)

    assert sender.answer == []
    assert registry.get_sample_value("ledgerwire_delivery_answer_seconds_count") == 0


async def test_body_comes_out_as_it_came_in() -> None:
    """However it was cut on the way; and what was held is given back."""
    intake = BodyIntake(largest=100, together=100)
    sender = Sender(part(b"a b", more=True), part(b"", more=True), part(b"\r\n c", more=False))

    body = await intake.read(scope(), sender.receive)

    assert body == b"a b\r\n c"
    assert intake.held == len(body)
    intake.release(body)
    assert intake.held == 0


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ((part(b"12345", more=True), GONE), SenderGone),
        ((part(b"x" * 11, more=True),), BodyTooLarge),
    ],
    ids=["gone", "too large"],
)
async def test_room_of_a_body_that_failed_is_given_back(
    messages: tuple[Message, ...], error: type[Exception]
) -> None:
    """Or failures would fill the memory that nobody uses."""
    intake = BodyIntake(largest=10, together=100)

    with pytest.raises(error):
        await intake.read(scope(), Sender(*messages).receive)
    assert intake.held == 0


@pytest.mark.parametrize("declared", [b"11", b"99999999999999999999"])
async def test_declared_length_is_believed_when_it_is_too_much(declared: bytes) -> None:
    """Not a byte is read of it."""
    with pytest.raises(BodyTooLarge):
        await BodyIntake(largest=10, together=100).read(
            scope((b"host", b"x"), (b"content-length", declared)), Sender().receive
        )


@pytest.mark.parametrize("declared", [b"9", b"", b"-5", b"ten", "٩٩".encode()])
async def test_declared_length_is_not_believed_when_it_is_small(declared: bytes) -> None:
    """What comes is counted all the same."""
    with pytest.raises(BodyTooLarge):
        await BodyIntake(largest=10, together=100).read(
            scope((b"content-length", declared)), Sender(part(b"x" * 11, more=False)).receive
        )


async def test_mistake_of_ours_is_a_bare_500(database: Database) -> None:
    """A page with a stack trace would break Xero's rules and tell strangers about us."""
    app = create_app(database, [KEY], clock=BrokenClock(), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        answer = await client.post(
            WEBHOOK,
            content=VALIDATION,
            headers={"x-xero-signature": VALIDATION_SIGNATURE.decode()},
        )

    assert answer.status_code == 500
    assert_bare(answer)


class BrokenCollector(Collector):
    """A metric that can't be read."""

    def collect(self) -> Iterable[Metric]:
        """Fail."""
        raise OSError("no figures")


async def test_mistake_elsewhere_is_a_bare_500(database: Database) -> None:
    """Every path keeps the rule, not the webhook's alone."""
    registry = CollectorRegistry()
    registry.register(BrokenCollector())
    app = create_app(database, [KEY], clock=OffsetClock(), registry=registry)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        answer = await client.get("/metrics")

    assert answer.status_code == 500
    assert_bare(answer)


async def test_nothing_is_accepted_before_the_start(database: Database) -> None:
    """An application whose lifespan never ran would keep deliveries waiting for nobody."""
    app = create_app(database, [KEY], clock=OffsetClock(), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["reason"]) == (503, "not_accepting")


async def test_application_that_fails_to_start_is_told() -> None:
    """The process decides what to do; the server does not end it, and frees the address."""

    @contextlib.asynccontextmanager
    async def failing(_: Starlette) -> AsyncIterator[None]:
        raise OSError("no disk")
        yield

    listening = listen("127.0.0.1", 0)

    with pytest.raises(ServerNotStarted):
        await serve(Starlette(lifespan=failing), listening, asyncio.Event())
    assert listening.fileno() == -1


async def test_taken_address_is_an_error_at_once() -> None:
    """Before anything is started."""
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


async def test_stop_before_the_start_is_not_lost() -> None:
    """Stopped while starting: the lifespan still ends properly."""
    steps: list[str] = []

    @contextlib.asynccontextmanager
    async def noted(_: Starlette) -> AsyncIterator[None]:
        steps.append("begun")
        yield
        steps.append("ended")

    stop = asyncio.Event()
    stop.set()

    await serve(Starlette(lifespan=noted), listen("127.0.0.1", 0), stop)
    assert steps == ["begun", "ended"]


async def test_cancelled_server_ends_its_lifespan() -> None:
    """Cancelling is stopping: what was accepted is finished."""
    begun, steps = asyncio.Event(), []

    @contextlib.asynccontextmanager
    async def noted(_: Starlette) -> AsyncIterator[None]:
        begun.set()
        yield
        steps.append("ended")

    serving = asyncio.create_task(
        serve(Starlette(lifespan=noted), listen("127.0.0.1", 0), asyncio.Event())
    )
    await begun.wait()
    serving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await serving
    assert steps == ["ended"]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_listens_on_ipv6() -> None:
    """`::1` is loopback, too."""
    with listen("::1", 0) as listening:
        assert listening.family == socket.AF_INET6
