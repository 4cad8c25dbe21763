"""OAuth: addresses, forms and the meaning of refusals. Whole flows run on the simulator."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.xero.doubles import NOW
from tests.xero.raw_server import Asked, RawServer, answer, raw_server
from unified.clock import ManualClock
from xero.errors import (
    AppRefused,
    ConsentRevoked,
    RateLimited,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)
from xero.oauth import OAuthClient, Pkce, XeroApp, claims_of
from xero.urls import XeroUrls

APP = XeroApp(client_id="app-1", client_secret="hush")
TOKENS = json.dumps(
    {
        "access_token": "a.b.c",
        "refresh_token": "r-1",
        "expires_in": 1800,
        "token_type": "Bearer",
        "scope": "openid accounting.contacts.read",
    }
)


@asynccontextmanager
async def _oauth(
    respond: Callable[[Asked], bytes], app: XeroApp = APP
) -> AsyncIterator[tuple[OAuthClient, RawServer]]:
    async with raw_server(respond) as server, httpx.AsyncClient() as http:
        yield OAuthClient(http, XeroUrls.at(server.base), app=app, clock=ManualClock(NOW)), server


def test_challenge_is_the_example_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    pkce = Pkce("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert pkce.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_verifiers_differ_and_have_an_allowed_length() -> None:
    """43 to 128 characters."""
    one, two = Pkce.fresh(), Pkce.fresh()

    assert one.verifier != two.verifier
    assert 43 <= len(one.verifier) <= 128
    assert one.verifier not in repr(one)


async def test_authorize_address_carries_state_and_challenge_but_no_secret() -> None:
    """It passes through a person's browser and its history."""
    async with _oauth(lambda _: answer(200, TOKENS)) as (oauth, _):
        address = oauth.authorize_url(
            "http://localhost:8000/connect/callback",
            scopes=("openid", "accounting.contacts.read"),
            state="s-1",
            challenge="c-1",
        )

        query = parse_qs(urlsplit(address).query)
        assert query == {
            "response_type": ["code"],
            "client_id": ["app-1"],
            "redirect_uri": ["http://localhost:8000/connect/callback"],
            "scope": ["openid accounting.contacts.read"],
            "state": ["s-1"],
            "code_challenge": ["c-1"],
            "code_challenge_method": ["S256"],
        }
        assert "hush" not in address


async def test_exchange_sends_verifier_and_basic_credentials() -> None:
    """The secret belongs in the header, where no access log writes it down."""
    async with _oauth(lambda _: answer(200, TOKENS)) as (oauth, server):
        tokens = await oauth.exchange("code-1", redirect_uri="http://localhost/cb", verifier="v")

        asked = server.asked[0]
        assert (
            asked.path,
            asked.form["grant_type"],
            asked.form["code_verifier"],
        ) == ("/connect/token", "authorization_code", "v")
        expected = "Basic " + base64.b64encode(b"app-1:hush").decode()
        assert expected == asked.headers["authorization"]
        assert (NOW + timedelta(seconds=1800), ("openid", "accounting.contacts.read")) == (
            tokens.expires_at,
            tokens.scopes,
        )


async def test_app_without_secret_names_itself_in_the_form() -> None:
    """Xero's PKCE apps have no secret and send no Basic header."""
    async with _oauth(lambda _: answer(200, TOKENS), XeroApp(client_id="app-2")) as (oauth, server):
        await oauth.refresh("r-0")

        assert "authorization" not in server.asked[0].headers
        assert server.asked[0].form == {
            "grant_type": "refresh_token",
            "refresh_token": "r-0",
            "client_id": "app-2",
        }


async def test_token_set_hides_its_tokens() -> None:
    """Sooner or later somebody logs one."""
    async with _oauth(lambda _: answer(200, TOKENS)) as (oauth, _):
        shown = repr(await oauth.refresh("r-0"))

        assert "a.b.c" not in shown
        assert "r-1" not in shown


async def test_client_credentials_bring_no_refresh_token() -> None:
    """A custom connection asks for a new access token instead."""
    reply = answer(200, '{"access_token":"a.b.c","expires_in":1800,"token_type":"Bearer"}')
    async with _oauth(lambda _: reply) as (oauth, server):
        tokens = await oauth.client_credentials(("accounting.contacts.read",))

        assert tokens.refresh_token is None
        assert server.asked[0].form["scope"] == "accounting.contacts.read"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"error":"invalid_grant"}', ConsentRevoked),
        (400, '{"error":"invalid_grant","error_description":"x"}', ConsentRevoked),
        (400, '{"error":"invalid_client"}', AppRefused),
        (401, '{"error":"invalid_client"}', AppRefused),
        (400, '{"error":"unauthorized_client"}', AppRefused),
        (400, "<html>Bad Request</html>", AppRefused),
        (404, "", AppRefused),
        (429, "", RateLimited),
        (500, "<html></html>", XeroUnreachable),
        (200, "<html></html>", UndecodableAnswer),
        (200, '{"access_token":"a.b.c"}', UndecodableAnswer),
        (200, "[]", UndecodableAnswer),
    ],
)
async def test_refusals_tell_a_dead_consent_from_a_bad_app(
    status: int, body: str, error: type[XeroError]
) -> None:
    """The first needs the person who consented, the second whoever keeps the settings."""
    async with _oauth(lambda _: answer(status, body)) as (oauth, _):
        with pytest.raises(error) as caught:
            await oauth.refresh("r-secret")

        assert "r-secret" not in str(caught.value)


async def test_unknown_error_word_stays_out_of_the_message() -> None:
    """What another server writes must not get into our logs unread."""
    async with _oauth(lambda _: answer(400, '{"error":"token r-secret is bad"}')) as (oauth, _):
        with pytest.raises(AppRefused, match="status 400"):
            await oauth.refresh("r-secret")


async def test_revoke_sends_the_refresh_token() -> None:
    """200 with an empty body is success."""
    async with _oauth(lambda _: answer(200, "")) as (oauth, server):
        await oauth.revoke("r-1")

        assert (
            server.asked[0].path,
            server.asked[0].form,
        ) == ("/connect/revocation", {"token": "r-1"})


def _jwt(claims: object) -> str:
    parts = [json.dumps({"alg": "RS256"}), json.dumps(claims)]
    encoded = [base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*encoded, "signature"])


def test_claims_name_consent_and_user() -> None:
    """Both are in the access token; the id token may lack the first."""
    token = _jwt({"authentication_event_id": "e", "xero_userid": "u", "scope": ["openid"]})

    claims = claims_of(token)

    assert (
        claims.authentication_event_id,
        claims.xero_user_id,
        claims.client_id,
        claims.scopes,
    ) == ("e", "u", None, ("openid",))


@pytest.mark.parametrize("token", ["", "opaque", "a.!!!.c", _jwt([1]), "a.YQ.c"])
def test_token_without_claims_is_undecodable(token: str) -> None:
    """Better one clear error than a consent that belongs to nobody."""
    with pytest.raises(UndecodableAnswer):
        claims_of(token)
