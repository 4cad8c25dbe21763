"""Connections of senders that are slow, stop half-way or speak no HTTP."""

import asyncio

import pytest

from receiver.app import ReceiverLimits
from receiver.connections import Patience
from receiver.webhook import WebhookLimits
from storage.database import Database
from tests.receiver.service import WEBHOOK, Service, delivery, serving, signature

HASTY = Patience(headers_s=0.05, linger_s=0.05)
HEAD = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\n".encode()


async def told(service: Service, *pieces: bytes) -> bytes:
    """Everything that is answered to these pieces, sent one after another, until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("pieces", [(), (HEAD,), (b"\r\n",), (b"P", b"O")])
async def test_request_that_never_comes_ends_its_connection(
    database: Database, pieces: tuple[bytes, ...]
) -> None:
    """Or strangers could hold every connection there is, and Xero would find none."""
    async with serving(database, patience=HASTY) as service:
        assert await told(service, *pieces) == b""


async def test_dawdling_ends_a_connection_that_was_in_use(database: Database) -> None:
    """The second request must not take for ever, either."""
    whole = HEAD + b"Content-Length: 0\r\n\r\n"
    async with serving(database, patience=HASTY) as service:
        answer = await told(service, whole, HEAD)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.count(b"HTTP/1.1") == 1


async def test_rest_of_an_answered_body_is_waited_for_a_moment_only(database: Database) -> None:
    """The answer is given early; who goes on sending, and slowly, is cut off."""
    limits = ReceiverLimits(webhook=WebhookLimits(body=100))
    async with serving(database, limits=limits, patience=HASTY) as service:
        answer = await told(service, HEAD + b"Content-Length: 1000\r\n\r\n", b"x")

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_connection_serves_on_after_an_early_answer(database: Database) -> None:
    """The rest of the body is passed over, and is no request of its own."""
    body = delivery(first=0, last=0)
    sent = (
        HEAD + b"Content-Length: 300\r\n\r\n" + b"y" * 150,
        b"z" * 150,
        HEAD + f"Content-Length: {len(body)}\r\nConnection: close\r\n".encode(),
        f"x-xero-signature: {signature(body)}\r\n\r\n".encode() + body,
    )
    limits = ReceiverLimits(webhook=WebhookLimits(body=200))
    async with serving(database, limits=limits) as service:
        answers = await told(service, *sent)

    assert [line[9:12] for line in answers.split(b"\r\n") if line.startswith(b"HTTP/")] == [
        b"413",
        b"200",
    ]


async def test_what_is_no_http_is_answered_bare(database: Database) -> None:
    """No page, no text: nothing that would tell strangers about us."""
    async with serving(database) as service:
        answer = await told(service, b"\x16\x03\x01\x00 hello\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 0" in answer
