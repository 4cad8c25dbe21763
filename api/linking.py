"""Linking organisations: `/connect` sends a person to Xero, `/connect/callback` takes the answer.

State and proof key live 10 minutes in the database, hashed and encrypted, and work once, in the
browser that has the cookie (`storage.links`). What a consent means for tenants is `consent.py`,
what the person and the program see of it `link_ending.py`. Addresses that we make, logs and pages
carry no token, code or secret, but for the address of a link session, which is one.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.consent import (
    ConsentKeeper,
    NothingToLink,
    TenantBusy,
    UnknownOrganisation,
    WrongOrganisation,
    is_known,
)
from api.link_ending import (
    START_AGAIN,
    Audience,
    Ending,
    failed,
    linked,
    not_given,
    refused,
    tell,
)
from api.link_rules import CALLBACK_PATH, CONNECT_PATH, LinkRules, NotAllowed
from api.pages import PRIVATE_HEADERS
from storage.acts import Act, note_act
from storage.database import Database
from storage.errors import StorageError
from storage.link_sessions import (
    LinkedName,
    claim_session,
    session_by_token,
    session_failed,
    session_linked,
)
from storage.links import ATTEMPT_LIFE, LinkAttempt, begin_link, take_link
from storage.secrets import SecretBox
from unified.ids import TenantId
from xero.errors import XeroError
from xero.oauth import OAuthClient, Pkce

log = structlog.get_logger(__name__)

TROUBLE = (
    XeroError, StorageError, NothingToLink, TenantBusy, UnknownOrganisation, WrongOrganisation,
    NotAllowed,
)  # fmt: skip
_COOKIE = "ledgerwire_link"
_SECRET = re.compile(r"[\w-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFlow:
    """What the two routes need."""

    database: Database
    box: SecretBox
    oauth: OAuthClient
    consents: ConsentKeeper
    rules: LinkRules

    def routes(self) -> list[Route]:
        """`/connect` and its callback."""
        return [
            Route(CONNECT_PATH, self._start, methods=["GET"]),
            Route(CALLBACK_PATH, self._finish, methods=["GET"]),
        ]

    async def _start(self, request: Request) -> Response:
        query = request.query_params
        opener = query.get("opener") or None
        try:
            self.rules.check_opener(opener)
        except NotAllowed as error:
            return self._tell(failed(error), Audience())
        pkce = Pkce.fresh()
        try:
            attempt = await self._attempt(request, pkce.verifier, opener)
            state, browser = secrets.token_urlsafe(32), self._browser(request)
            await begin_link(self.database, self.box, state, attempt, browser=browser)
        except TROUBLE as error:
            return self._tell(failed(error), Audience(opener=opener))
        address = self.oauth.authorize_url(
            self.rules.redirect_uri,
            scopes=self.rules.scopes,
            state=state,
            challenge=pkce.challenge,
        )
        log.info("link_started", external_id=attempt.external_id, session_id=attempt.session_id)
        response = RedirectResponse(address, status_code=302, headers=PRIVATE_HEADERS)
        self._remember(response, browser)
        return response

    async def _attempt(self, request: Request, verifier: str, opener: str | None) -> LinkAttempt:
        """What is to be linked, by the session's word where there is one.

        Raises:
            NotAllowed, UnknownOrganisation, StorageError.
        """
        query = request.query_params
        if "session" in query:
            return await self._of_session(query["session"], verifier, opener)
        external_id = query.get("external_id") or None
        return_to = query.get("return_to") or None
        tenant_id = _tenant_id(query.get("tenant_id") or None)
        self.rules.check_external_id(external_id)
        self.rules.check_return_to(return_to)
        if not self.rules.bare and (tenant_id is None or external_id is not None):
            said = "This link is not complete: ask for a new one where you got it."
            raise NotAllowed("session", "session_required", said)
        if not (self.rules.bare or tenant_id is None or await is_known(self.database, tenant_id)):
            raise UnknownOrganisation(UnknownOrganisation.__doc__)
        return LinkAttempt(
            verifier=verifier,
            external_id=external_id,
            return_to=return_to,
            tenant_id=tenant_id,
            opener=opener,
        )

    async def _of_session(self, token: str, verifier: str, opener: str | None) -> LinkAttempt:
        found = await session_by_token(self.database, token)
        said = {
            None: "This link is not known: ask for a new one.",
            "expired": "This link has expired: ask for a new one.",
            "linked": "This link was used already: it works once.",
        }
        state = None if found is None else found.state
        if found is None or state in said:
            code = {"expired": "session_expired", "linked": "session_used"}
            raise NotAllowed("session", code.get(state or "", "session_unknown"), said[state])
        return LinkAttempt(
            verifier=verifier,
            external_id=found.external_id,
            return_to=found.return_to,
            session_id=found.id,
            tenant_id=found.tenant_id,
            opener=opener,
        )

    async def _finish(self, request: Request) -> Response:
        query = request.query_params
        browser = request.cookies.get(self._cookie, "")
        try:
            attempt = await take_link(
                self.database, self.box, query.get("state", ""), browser=browser
            )
        except StorageError as error:
            return self._tell(failed(error), Audience())
        if attempt is None:
            return self._tell(self._not_found(browser), Audience())
        audience = Audience(
            opener=attempt.opener, return_to=attempt.return_to, again=self._again(attempt)
        )
        try:
            ending = await self._ending(attempt, request)
        except StorageError as error:
            ending = failed(error)
        return self._tell(ending, audience)

    async def _ending(self, attempt: LinkAttempt, request: Request) -> Ending:
        query = request.query_params
        if "error" in query:
            ending = not_given(query["error"])
        elif not query.get("code"):
            ending = refused("code_missing", "Xero's answer has no code.", START_AGAIN)
        elif attempt.session_id and not await claim_session(self.database, attempt.session_id):
            return refused("session_used", "This link was used already: it works once.")
        else:
            ending = await self._consented(attempt, query["code"])
        if attempt.session_id is None:
            return ending
        if ending.code is not None:
            await session_failed(self.database, attempt.session_id, ending.code)
        else:
            names = tuple(LinkedName(each.tenant_id, each.name) for each in ending.linked)
            await session_linked(self.database, attempt.session_id, names)
        return ending

    async def _consented(self, attempt: LinkAttempt, code: str) -> Ending:
        # The rules of now, which may be stricter than those that it was begun under.
        in_session = attempt.session_id is not None
        closed = not (in_session or self.rules.bare)
        try:
            tokens = await self.oauth.exchange(
                code, redirect_uri=self.rules.redirect_uri, verifier=attempt.verifier
            )
            found = await self.consents.keep(
                tokens,
                external_id=None if closed else attempt.external_id,
                verified=in_session,
                only=attempt.tenant_id,
                known_only=closed,
            )
        except TROUBLE as error:
            return failed(error)
        log.info("link_finished", tenants=[each.tenant_id for each in found])
        await self._note(attempt, [each.tenant_id for each in found])
        return linked(found)

    async def _note(self, attempt: LinkAttempt, tenants: Sequence[TenantId]) -> None:
        """Write the links into the log of acts; they stand in the tenants' rows already."""
        session = [] if attempt.session_id is None else [attempt.session_id]
        try:
            for tenant_id in tenants:
                act = Act(
                    operation="link", actor="person", tenant_id=tenant_id,
                    entity="link_session" if session else None, entity_ids=session,
                )  # fmt: skip
                await note_act(self.database, act, status=200)
        except StorageError as error:
            log.warning("act_not_written", operation="link", error=type(error).__name__)

    def _tell(self, ending: Ending, audience: Audience) -> Response:
        return tell(ending, audience, root=self.rules.root)

    def _not_found(self, browser: str) -> Ending:
        sentence = (
            "This link was used before, is older than ten minutes, or was not made here."
            if browser
            else "This link was begun in another browser, or under another address of ours."
        )
        return refused("link_unknown", sentence, START_AGAIN)

    def _again(self, attempt: LinkAttempt) -> str | None:
        """Where to start over; the address of a session is not kept, so only who has it can."""
        if attempt.session_id is not None:
            return None
        return self.rules.address(
            CONNECT_PATH,
            external_id=attempt.external_id,
            return_to=attempt.return_to,
            tenant_id=attempt.tenant_id,
        )

    @property
    def _secure(self) -> bool:
        return self.rules.public_url.startswith("https://")

    @property
    def _cookie(self) -> str:
        return f"__Host-{_COOKIE}" if self._secure else _COOKIE

    def _browser(self, request: Request) -> str:
        """The secret that tells this browser from others, the one it has or a new one."""
        held = request.cookies.get(self._cookie, "")
        return held if _SECRET.fullmatch(held) else secrets.token_urlsafe(32)

    def _remember(self, response: Response, browser: str) -> None:
        # Lax: Xero sends the person back by a plain link, which may bring it.
        response.set_cookie(
            self._cookie,
            browser,
            max_age=int(ATTEMPT_LIFE.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )


def _tenant_id(text: str | None) -> TenantId | None:
    if text is None:
        return None
    try:
        return TenantId(str(UUID(text)))
    except ValueError:
        said = "tenant_id names no organisation."
        raise NotAllowed("tenant_id", "tenant_id_unreadable", said) from None
