"""One request and its answer: what has no answer, takes too long or is too large."""

import socket

import httpx
import pytest

from tests.xero.raw_server import NEVER, answer, raw_server
from xero.errors import UndecodableAnswer, XeroUnreachable
from xero.wire import send


async def test_nobody_listening_is_unreachable_and_had_no_effect() -> None:
    """A write that never left may be sent again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/connections"
        async with httpx.AsyncClient() as http:
            with pytest.raises(XeroUnreachable) as caught:
                await send(http, http.build_request("GET", address))

    assert (caught.value.retriable, caught.value.outcome_unknown) == (True, False)


async def test_silence_ends_at_the_timeout() -> None:
    """A slow server must not hold a tenant's place for ever."""
    async with raw_server(lambda _: NEVER) as server, httpx.AsyncClient() as http:
        with pytest.raises(XeroUnreachable) as caught:
            await send(http, http.build_request("GET", f"{server.base}/x"), timeout_s=0.05)

    assert caught.value.outcome_unknown
    assert "/x" in str(caught.value)


async def test_answer_beyond_the_cap_is_dropped() -> None:
    """Memory is shared by all tenants."""
    big = answer(200, b"x" * 10_000)
    async with raw_server(lambda _: big) as server, httpx.AsyncClient() as http:
        with pytest.raises(UndecodableAnswer) as caught:
            await send(http, http.build_request("GET", server.base), most_bytes=9_999)

    assert caught.value.reason == "too_large"


async def test_redirects_are_not_followed() -> None:
    """The token would go where the redirect says."""
    away = answer(302, "", headers={"Location": "/elsewhere"})
    async with raw_server(lambda _: away) as server:
        async with httpx.AsyncClient(follow_redirects=True) as http:
            got = await send(http, http.build_request("GET", server.base))

        assert (got.status, len(server.asked)) == (302, 1)


async def test_failures_carry_no_request() -> None:
    """httpx's own errors hold the request with its Authorization header."""
    async with raw_server(lambda _: NEVER) as server, httpx.AsyncClient() as http:
        request = http.build_request("GET", server.base, headers={"Authorization": "Bearer s3"})
        with pytest.raises(XeroUnreachable) as caught:
            await send(http, request, timeout_s=0.05)

    assert caught.value.__cause__ is None
    assert "s3" not in repr(caught.value)


async def test_answer_shows_its_size_only() -> None:
    """A repr ends in a log sooner or later."""
    async with (
        raw_server(lambda _: answer(200, b'{"secret":1}')) as server,
        httpx.AsyncClient() as http,
    ):
        got = await send(http, http.build_request("GET", server.base))

    assert repr(got) == "Answer(status=200, 12 bytes)"
