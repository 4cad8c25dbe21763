"""The intent-to-receive exchange as doctor makes it: against our receiver, and against receivers
that do what real ones were caught doing (Xero: webhooks, traps)."""

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerwire.doctor.finding import Finding, Verdict, exit_code
from ledgerwire.doctor.webhook import PATH, SWEEPS_ALONE, check_webhook, validation_body
from ledgerwire.settings import Settings
from tests.ledgerwire.process import process_of
from tests.ledgerwire.serving import serving

KEY = "key"  #: of the receiver that process_of runs


@dataclass(frozen=True)
class Odd:
    """How an odd receiver answers rightly and wrongly signed calls."""

    right: int = 200
    wrong: int = 401
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    compares: slice = field(
        default_factory=lambda: slice(None)
    )  # the part of the signature that it looks at


@asynccontextmanager
async def odd_receiver(how: Odd) -> AsyncIterator[int]:
    """A receiver that answers so; gives its port."""

    async def webhook(request: Request) -> Response:
        body = await request.body()
        digest = b64encode(hmac.digest(KEY.encode(), body, "sha256")).decode()
        is_right = request.headers["x-xero-signature"][how.compares] == digest[how.compares]
        return Response(how.body, how.right if is_right else how.wrong, dict(how.headers))

    app = Starlette(routes=[Route(PATH, webhook, methods=["POST"])])
    async with serving(app) as port:
        yield port


async def looked_at(port: int, *, url: str | None = None, keys: str = KEY, **changes: str) -> list[
    Finding
]:  # fmt: skip
    """What doctor says of a receiver on this port."""
    settings = Settings(
        port=port,
        public_url=changes.get("public_url", f"http://localhost:{port}"),
        xero_webhook_keys=tuple(SecretStr(key) for key in keys.split(",") if key),
    )
    async with httpx.AsyncClient() as http:
        return await check_webhook(settings, http, url=url)


async def test_our_receiver_passes_even_without_a_database() -> None:
    """Validation touches no table, so nothing but the receiver need be there."""
    async with process_of("receiver", database_url="postgresql://u@127.0.0.1:1/x") as client:
        port = client.base_url.port
        assert port is not None
        [passed, local] = await looked_at(port)

    assert passed.verdict is Verdict.OK
    assert "Intent to receive passes" in passed.what
    assert local.verdict is Verdict.NOTE
    assert "tunnel" in local.remedy
    assert exit_code([passed, local]) == 0


async def test_key_that_the_receiver_does_not_run_with_is_named(database_url: str) -> None:
    """By its place among several, never by its text."""
    async with process_of("receiver", database_url=database_url) as client:
        port = client.base_url.port
        assert port is not None
        [bad, _] = await looked_at(port, keys=f"{KEY},another")

    assert bad.verdict is Verdict.BAD
    assert "401 instead of 200" in bad.what
    assert "Key 2" in bad.remedy
    assert "restart it" in bad.remedy
    assert "another" not in f"{bad.what}{bad.remedy}"


async def test_without_keys_it_says_that_sweeps_are_all_there_is() -> None:
    """That is a way to run, not a fault."""
    [told] = await looked_at(1, keys="")

    assert told.verdict is Verdict.NOTE
    assert told.what == SWEEPS_ALONE
    assert "LEDGERWIRE_XERO_WEBHOOK_KEYS" in told.remedy
    assert exit_code([told]) == 0


@pytest.mark.parametrize(
    ("how", "told", "remedy"),
    [
        (Odd(body=b"OK"), "has a body", "error page"),
        (Odd(headers={"Set-Cookie": "session=1"}), "sets a cookie", "sessions"),
        (Odd(right=403), "403 instead of 200", "CSRF"),
        (Odd(right=404), "404 instead of 200", "LEDGERWIRE_PORT"),
        (Odd(right=500), "500 instead of 200", "log"),
        (Odd(right=503), "503 instead of 200", "before the receiver"),
        (Odd(right=302, headers={"Location": "/login"}), "redirects (302)", "login"),
        (Odd(wrong=200), "wrong signature with 200 instead of 401", "lie"),
        (Odd(wrong=403), "wrong signature with 403 instead of 401", "refuses by itself"),
        (Odd(right=401), "401 instead of 200", "changes the body"),
    ],
    ids=lambda each: str(each) if isinstance(each, str) else "",
)
async def test_each_wrong_answer_has_its_own_remedy(how: Odd, told: str, remedy: str) -> None:
    """Xero's portal knows four sentences; here is what to do."""
    async with odd_receiver(how) as port:
        bad = (await looked_at(port))[0]

    assert bad.verdict is Verdict.BAD
    assert told in bad.what
    assert remedy in bad.remedy
    assert exit_code([bad]) == 1


@pytest.mark.parametrize("part", [slice(0, 10), slice(10, None)])
async def test_receiver_that_compares_half_of_a_signature_is_found(part: slice) -> None:
    """Xero changes a character at the beginning or in the middle, so both are tried."""
    async with odd_receiver(Odd(compares=part)) as port:
        bad = (await looked_at(port))[0]

    assert bad.verdict is Verdict.BAD
    assert "wrong signature with 200" in bad.what


async def test_nobody_there_is_told_as_such() -> None:
    """With the command that starts one."""
    away = (await looked_at(1))[0]

    assert away.verdict is Verdict.AWAY
    assert "Nobody answers" in away.what
    assert "ledgerwire up" in away.remedy
    assert exit_code([away]) == 3


async def test_address_that_xero_calls_is_tried_too(database_url: str) -> None:
    """http is refused without a call; https that nobody serves is away, ours being well."""
    async with process_of("receiver", database_url=database_url) as client:
        port = client.base_url.port
        assert port is not None
        [_, plain] = await looked_at(port, public_url="http://ledgerwire.example")
        [passed, away] = await looked_at(port, url=f"https://127.0.0.2:1{PATH}")

    assert plain.verdict is Verdict.BAD
    assert "https only" in plain.what
    assert passed.verdict is Verdict.OK
    assert away.verdict is Verdict.AWAY


def test_validation_body_is_as_xero_sends_it() -> None:
    """95 bytes, no events, both numbers 0, twenty capital letters that differ each time."""
    first, second = validation_body(), validation_body()

    assert len(first) == 95
    assert first.startswith(b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, ')
    assert first != second
