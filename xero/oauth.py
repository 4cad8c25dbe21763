"""OAuth 2.0 with Xero: consent address, token exchange, refresh, revocation, claims.

Where tokens are kept, and that only one process refreshes at a time, is the caller's matter. Facts:
Xero, OAuth 2.0 auth flow, PKCE flow, Custom connections.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from unified.clock import Clock
from xero.answers import decode, refusal
from xero.errors import AppRefused, ConsentRevoked, UndecodableAnswer, XeroError
from xero.urls import XeroUrls
from xero.wire import TOKEN_TIMEOUT_S, Answer, send

#: OAuth's own words; any other is replaced before it gets into a message.
_CODES = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroApp:
    """Our app at Xero. Without a secret it is a PKCE app: the client id goes into the form."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What the token endpoint gave; `repr` hides the tokens.

    Attributes:
        refresh_token: None for client credentials, or without the scope `offline_access`.
        expires_at: business time, counted from before the request left, so never too late.
        scopes: as granted, in Xero's order.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an access token says of itself; None where it does not say.

    Attributes:
        authentication_event_id: names this very consent; connections carry it as `authEventId`.
        xero_user_id: who consented; None for client credentials.
    """

    authentication_event_id: str | None
    xero_user_id: str | None
    client_id: str | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pkce:
    """Proof key: the verifier stays here, the challenge goes into the address (S256)."""

    verifier: str = field(repr=False)

    @classmethod
    def fresh(cls) -> "Pkce":
        """A new verifier of 64 random bytes: 86 characters, allowed are 43 to 128."""
        return cls(secrets.token_urlsafe(64))

    @property
    def challenge(self) -> str:
        """BASE64URL(SHA-256(verifier)) without padding."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class OAuthClient:
    """Speaks with Xero's login and identity servers for one app."""

    def __init__(
        self, http: httpx.AsyncClient, urls: XeroUrls, *, app: XeroApp, clock: Clock
    ) -> None:
        self._http = http
        self._urls = urls
        self.app = app
        self._clock = clock

    def authorize_url(
        self, redirect_uri: str, *, scopes: tuple[str, ...], state: str, challenge: str
    ) -> str:
        """The address at which a person consents. `state` comes back with the code."""
        query = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._urls.authorize}?{urlencode(query)}"

    async def exchange(self, code: str, *, redirect_uri: str, verifier: str) -> TokenSet:
        """Turn the code of a callback into tokens; a code lives 5 minutes and works once.

        Raises:
            ConsentRevoked: the code is unknown, too old, or was used before.
            AppRefused, XeroUnreachable, RateLimited, UndecodableAnswer.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        return await self._token(form)

    async def client_credentials(self, scopes: tuple[str, ...]) -> TokenSet:
        """Tokens of a custom connection: 30 minutes, no refresh token, no person involved.

        Raises:
            AppRefused, XeroUnreachable, RateLimited, UndecodableAnswer.
        """
        form = {"grant_type": "client_credentials"}
        if scopes:
            form["scope"] = " ".join(scopes)
        return await self._token(form)

    async def refresh(self, refresh_token: str) -> TokenSet:
        """Trade a refresh token for new tokens; the old one may be repeated for 30 minutes.

        Raises:
            ConsentRevoked: the refresh token is dead; only a new consent helps.
            AppRefused, XeroUnreachable, RateLimited, UndecodableAnswer.
        """
        return await self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def revoke(self, refresh_token: str) -> None:
        """End a refresh token; Xero then removes all connections of that user for this app.

        Raises:
            AppRefused, XeroUnreachable, RateLimited.
        """
        answer = await self._post(self._urls.revocation, {"token": refresh_token})
        if answer.status != 200:
            raise _refused(answer, "the revocation endpoint")

    async def _token(self, form: Mapping[str, str]) -> TokenSet:
        asked_at = self._clock.now()
        answer = await self._post(self._urls.token, form)
        if answer.status != 200:
            raise _refused(answer, "the token endpoint")
        return _token_set(decode(answer.body), asked_at)

    async def _post(self, url: str, form: Mapping[str, str]) -> Answer:
        auth = None
        if self.app.client_secret is None:
            form = {**form, "client_id": self.app.client_id}
        else:
            auth = httpx.BasicAuth(self.app.client_id, self.app.client_secret)
        headers = {"Accept": "application/json"}
        request = self._http.build_request("POST", url, data=dict(form), headers=headers)
        if auth is not None:
            request = next(auth.auth_flow(request))
        return await send(self._http, request, timeout_s=TOKEN_TIMEOUT_S, most_bytes=1024 * 1024)


def claims_of(access_token: str) -> Claims:
    """Read the claims of an access token, without checking its signature.

    That is enough for its only use: the token came straight from Xero's token endpoint over TLS,
    and Xero checks it again at every call. Never use this on a token that somebody else sent.

    Raises:
        UndecodableAnswer: it is no JWT.
    """
    try:
        payload = access_token.split(".")[1]
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except (IndexError, ValueError):
        raise UndecodableAnswer("shape", "the access token is no JWT") from None
    claims = decode(raw)
    if not isinstance(claims, dict):
        raise UndecodableAnswer("shape", "the access token's claims are no object")
    return Claims(
        authentication_event_id=_text(claims, "authentication_event_id"),
        xero_user_id=_text(claims, "xero_userid"),
        client_id=_text(claims, "client_id"),
        scopes=_scopes(claims.get("scope")),
    )


def _token_set(body: Any, asked_at: datetime) -> TokenSet:
    if not isinstance(body, dict):
        raise UndecodableAnswer("shape", "the token answer is no object")
    access_token = _text(body, "access_token")
    life_s = body.get("expires_in")
    if access_token is None or not isinstance(life_s, int) or life_s <= 0:
        raise UndecodableAnswer("shape", "the token answer lacks access_token or expires_in")
    return TokenSet(
        access_token=access_token,
        refresh_token=_text(body, "refresh_token"),
        expires_at=asked_at + timedelta(seconds=life_s),
        scopes=_scopes(body.get("scope")),
    )


def _refused(answer: Answer, what: str) -> XeroError:
    """Token errors are told by their code, since Xero gives them 400 and 401 alike."""
    if answer.status in (400, 401, 403):
        try:
            body = decode(answer.body)
        except UndecodableAnswer:
            body = None
        code = body.get("error") if isinstance(body, dict) else None
        if code == "invalid_grant":
            return ConsentRevoked()
        return AppRefused(code if code in _CODES else f"status {answer.status}")
    error = refusal(answer, tenant_id=None, what=what)
    return error if error.retriable else AppRefused(f"status {answer.status}")


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) and value else None


def _scopes(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
