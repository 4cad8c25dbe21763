"""Linking organisations: `/connect` sends a person to Xero, `/connect/callback` takes the answer.

State and proof key live 10 minutes in the database, hashed and encrypted, and work once
(`storage.links`). What a consent means for tenants is `consent.py`. Addresses that we make, logs
and pages carry no token, code or secret.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.consent import ConsentKeeper, LinkedTenant, NothingToLink, TenantBusy
from api.pages import PRIVATE_HEADERS, page
from storage.database import Database
from storage.errors import StorageError
from storage.links import LinkAttempt, begin_link, take_link
from storage.secrets import SecretBox
from xero.errors import AppRefused, ConsentRevoked, XeroError
from xero.oauth import OAuthClient, Pkce

log = structlog.get_logger(__name__)

LONGEST_EXTERNAL_ID = 200  #: characters
LONGEST_RETURN_TO = 2000  #: characters
CALLBACK_PATH = "/connect/callback"

START_AGAIN = "Open the link again to start over."


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFlow:
    """What the two routes need.

    Attributes:
        public_url: our own address as browsers see it; Xero must know it with CALLBACK_PATH.
        scopes: what the consent asks for.
        return_origins: `scheme://host[:port]` of addresses that `return_to` may name.
    """

    database: Database
    box: SecretBox
    oauth: OAuthClient
    consents: ConsentKeeper
    public_url: str
    scopes: tuple[str, ...]
    return_origins: frozenset[str] = field(default_factory=frozenset)

    @property
    def redirect_uri(self) -> str:
        """Where Xero sends the person back to; compared letter by letter."""
        return f"{self.public_url.rstrip('/')}{CALLBACK_PATH}"

    def routes(self) -> list[Route]:
        """`/connect` and its callback."""
        return [
            Route("/connect", self._start, methods=["GET"]),
            Route(CALLBACK_PATH, self._finish, methods=["GET"]),
        ]

    async def _start(self, request: Request) -> Response:
        external_id = request.query_params.get("external_id") or None
        return_to = request.query_params.get("return_to") or None
        if external_id is not None and len(external_id) > LONGEST_EXTERNAL_ID:
            return _refused("external_id_too_long", "external_id may have 200 characters.")
        if external_id is not None and not external_id.isprintable():
            return _refused(
                "external_id_unprintable", "external_id may not hold control characters."
            )
        if return_to is not None and not may_return_to(return_to, self.return_origins):
            return _refused(
                "return_to_not_allowed",
                "return_to names an address that is not among the allowed origins.",
            )
        state, pkce = secrets.token_urlsafe(32), Pkce.fresh()
        attempt = LinkAttempt(verifier=pkce.verifier, external_id=external_id, return_to=return_to)
        try:
            await begin_link(self.database, self.box, state, attempt)
        except StorageError as error:
            return _trouble(error)
        address = self.oauth.authorize_url(
            self.redirect_uri, scopes=self.scopes, state=state, challenge=pkce.challenge
        )
        log.info("link_started", external_id=external_id)
        return RedirectResponse(address, status_code=302, headers=PRIVATE_HEADERS)

    async def _finish(self, request: Request) -> Response:
        query = request.query_params
        try:
            attempt = await take_link(self.database, self.box, query.get("state", ""))
        except StorageError as error:
            return _trouble(error)
        if attempt is None:
            return _refused(
                "state_unknown",
                "This link was used before, is older than ten minutes, or was not made here.",
                START_AGAIN,
            )
        if "error" in query:
            return _not_given(attempt, query["error"])
        if not query.get("code"):
            return _refused("code_missing", "Xero's answer has no code.", START_AGAIN)
        return await self._consented(attempt, query["code"])

    async def _consented(self, attempt: LinkAttempt, code: str) -> Response:
        try:
            tokens = await self.oauth.exchange(
                code, redirect_uri=self.redirect_uri, verifier=attempt.verifier
            )
            linked = await self.consents.keep(tokens, external_id=attempt.external_id)
        except NothingToLink as error:
            return _refused("nothing_chosen", str(error), START_AGAIN)
        except TenantBusy as error:
            return _refused("tenant_busy", str(error), "Try again in some minutes.", status=409)
        except (XeroError, StorageError) as error:
            return _trouble(error)
        log.info("link_finished", tenants=[each.tenant_id for each in linked])
        if attempt.return_to:
            found = [("tenant_id", each.tenant_id) for each in linked]
            address = with_query(attempt.return_to, found)
            return RedirectResponse(address, status_code=303, headers=PRIVATE_HEADERS)
        return _linked_page(linked)


def origin_of(address: str) -> str | None:
    """`scheme://host[:port]` in lower case, of an http(s) address; else None.

    Addresses that browsers and parsers read differently (backslashes, blanks, credentials) have
    no origin here.
    """
    if any(letter in address for letter in "\\@\t\r\n ") or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in (None, usual) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def may_return_to(address: str, origins: frozenset[str]) -> bool:
    """Whether a person may be sent there afterwards: only to origins the settings name."""
    if len(address) > LONGEST_RETURN_TO:
        return False
    origin = origin_of(address)
    return origin is not None and origin in {origin_of(allowed) for allowed in origins}


def with_query(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The address with these names added to its query."""
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *pairs]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _linked_page(linked: Sequence[LinkedTenant]) -> Response:
    names = [each.name or each.tenant_id for each in linked]
    sentences = [
        f"{', '.join(names)}: reading the books begins now.",
        "You may close this window.",
    ]
    return page("Linked", sentences)


def _not_given(attempt: LinkAttempt, error: str) -> Response:
    """The person said no, or Xero refused the request itself."""
    code = error if error in ("access_denied", "invalid_scope") else "consent_not_given"
    log.info("link_refused", reason=code)
    if attempt.return_to:
        address = with_query(attempt.return_to, [("error", code)])
        return RedirectResponse(address, status_code=303, headers=PRIVATE_HEADERS)
    if code == "invalid_scope":
        sentence = "Xero does not allow this app one of the scopes it asked for: check the setting."
    else:
        sentence = "Consent was not given, so nothing was linked."
    return page("Not linked", [sentence, START_AGAIN], status=400)


def _refused(reason: str, *sentences: str, status: int = 400) -> Response:
    log.info("link_refused", reason=reason)
    return page("Not linked", sentences, status=status)


def _trouble(error: XeroError | StorageError) -> Response:
    """An error of ours or of Xero's, in words for the person at the browser."""
    log.warning("link_failed", error=type(error).__name__)
    if isinstance(error, ConsentRevoked):
        said = "Xero no longer takes the code: it works once and for five minutes."
        return page("Not linked", [said, START_AGAIN], status=400)
    if isinstance(error, AppRefused):
        said = "Xero refuses this app. Whoever runs it should check client id, secret and scopes."
        return page("Not linked", [said], status=502)
    said = "Something did not answer just now, and nothing was linked."
    return page("Not linked", [said, "Wait a minute, then open the link again."], status=503)
