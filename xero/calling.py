"""One call to Xero for a tenant: paced, timed, authorised and judged, whatever its method.

A call reserves from the tenant's budget, takes a place among its calls in flight, is stamped with
the database's clock on both sides, refreshes a refused token once, and ends as a good answer or as
an error of `errors.py`. Nothing is retried beyond that: waiting and giving up are the caller's.
Addresses are made here only; a `resourceUrl` that Xero sends is never followed. What is read stands
in `client.py`; what callers ask Xero themselves is passed on by `passing.py`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx

from unified.clock import Clock
from unified.ids import TenantId
from xero.answers import refusal
from xero.errors import AccessTokenRefused, RateLimited, TenantRefused, XeroError
from xero.limits import UNTOLD, ConcurrentCalls, Limits
from xero.urls import XeroUrls, shown
from xero.wire import CALL_TIMEOUT_S, Answer, send

HANDLERS = "handlers"


class TokenSource(Protocol):
    """Access tokens by tenant; who implements it keeps and refreshes them."""

    async def access_token(self, tenant_id: TenantId) -> str:
        """A token that should work now. Raises ConsentRevoked where only a person can help."""
        ...

    async def refresh(self, tenant_id: TenantId, rejected_token: str) -> str:
        """A token other than the rejected one: another process may have refreshed already."""
        ...

    async def tenant_refused(self, tenant_id: TenantId) -> None:
        """Xero said 403 for a tenant: read the connections again, believe them."""
        ...


class CallBudget(Protocol):
    """Counts calls of a tenant across processes."""

    async def reserve(self, tenant_id: TenantId, purpose: str) -> None:
        """Wait a little for the right to one call, or raise RateLimited."""
        ...

    async def refused(
        self, tenant_id: TenantId, problem: str, *, retry_after_s: float, purpose: str
    ) -> None:
        """Xero said 429."""
        ...

    async def spent(
        self,
        tenant_id: TenantId,
        purpose: str,
        *,
        size: int,
        limits: Limits = UNTOLD,
        endpoint: str | None = None,
    ) -> None:
        """A call to an endpoint (its path) was answered with `size` bytes, and told what is
        left."""
        ...


class DatabaseTime(Protocol):
    """The one clock by which reads are ordered, whichever process made them."""

    async def now(self) -> datetime:
        """Real time, aware UTC."""
        ...


async def token_and_turn(
    tokens: TokenSource, budget: CallBudget, tenant_id: TenantId, purpose: str
) -> str:
    """A token, and the right to one call: side by side, since somebody waits for both.

    Raises: what either raises; the token's trouble first, for that is what a person has to mend.
    """
    token, turn = await asyncio.gather(
        tokens.access_token(tenant_id), budget.reserve(tenant_id, purpose), return_exceptions=True
    )
    if isinstance(token, BaseException):
        raise token
    if isinstance(turn, BaseException):
        raise turn
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to come: what to ask or to send, and for what.

    Attributes:
        endpoint: the path that the call is counted under.
        api: the API that has it, as its address begins: "api.xro/2.0".
        parts: of the address, below the API's own.
        query: names with values; a name that stands several times has several.
        headers: beside those that every call has; they win.
        content: the body; None: none is sent.
        purpose: `api` for callers who wait, any other word for the handlers' work.
        asked_at: the database's time, where it is known already; else it is asked for.
    """

    endpoint: str
    api: str
    parts: tuple[str, ...]
    method: str = "GET"
    query: Mapping[str, str] | tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    purpose: str = HANDLERS
    asked_at: datetime | None = None
    timeout_s: float = CALL_TIMEOUT_S

    @property
    def what(self) -> str:
        """Names the thing in messages: its place, without the query and names of files."""
        return shown("/".join(self.parts))


@dataclass(frozen=True, slots=True)
class Called:
    """A good answer, and when it was asked for and came; `fetched_at` is business time."""

    answer: Answer
    asked_at: datetime
    answered_at: datetime
    fetched_at: datetime


class XeroCalls:
    """Makes calls for tenants. One per process; holds no tenant's state but calls in flight.

    Every call raises: XeroUnreachable, RateLimited, UndecodableAnswer, AccessTokenRefused,
    ScopeMissing, TenantRefused, ResourceMissing, PayloadRefused, ConsentRevoked, AppRefused.
    """

    def __init__(  # noqa: PLR0913  # its neighbours, each named where it is passed
        self,
        http: httpx.AsyncClient,
        urls: XeroUrls,
        *,
        tokens: TokenSource,
        budget: CallBudget,
        database_time: DatabaseTime,
        clock: Clock,
        places: ConcurrentCalls | None = None,
    ) -> None:
        self._http = http
        self._urls = urls
        self._tokens = tokens
        self._budget = budget
        self._database_time = database_time
        self._clock = clock
        self._places = places or ConcurrentCalls()

    async def call(self, tenant_id: TenantId, call: Call) -> Called:
        """Make it, once more with a new token if that was refused: a call refused so had no
        effect. What is not 2xx is raised."""
        token = await token_and_turn(self._tokens, self._budget, tenant_id, call.purpose)
        try:
            return await self._once(tenant_id, call, token)
        except AccessTokenRefused:
            token = await self._tokens.refresh(tenant_id, token)
        await self._budget.reserve(tenant_id, call.purpose)
        return await self._once(tenant_id, call, token)

    async def _once(self, tenant_id: TenantId, call: Call, token: str) -> Called:
        async with self._places.place(tenant_id, call.purpose):
            asked_at = call.asked_at or await self._database_time.now()
            answer = await self._send(tenant_id, call, token)
        fetched_at = self._clock.now()
        error = None
        if not 200 <= answer.status < 300:
            error = refusal(answer, tenant_id=tenant_id, what=call.what)
        if isinstance(error, RateLimited):
            # First of all: whoever learns from the headers alone that nothing is left may end the
            # session, this call with it, and how long Xero said to wait would be forgotten.
            await self._budget.refused(
                tenant_id,
                error.problem,
                retry_after_s=error.retry_after_s,
                purpose=call.purpose,
            )
        # Side by side: both are a round trip, for which a change waits.
        answered_at, _ = await asyncio.gather(
            self._database_time.now(), self._tell_budget(tenant_id, call, answer)
        )
        if error is not None:
            if isinstance(error, TenantRefused):
                await self._tokens.tenant_refused(tenant_id)
            raise error
        return Called(answer, asked_at, answered_at, fetched_at)

    async def _send(self, tenant_id: TenantId, call: Call, token: str) -> Answer:
        request = self._request(tenant_id, call, token)
        try:
            return await send(self._http, request, timeout_s=call.timeout_s)
        except XeroError:
            # Xero counts a call whose answer got lost, so we do.
            await self._budget.spent(tenant_id, call.purpose, size=0, endpoint=call.endpoint)
            raise

    def _request(self, tenant_id: TenantId, call: Call, token: str) -> httpx.Request:
        query = call.query if isinstance(call.query, tuple) else tuple(call.query.items())
        return self._http.build_request(
            call.method,
            self._urls.below(call.api, *call.parts),
            params=httpx.QueryParams(query),
            content=call.content,
            headers={
                "Authorization": f"Bearer {token}",
                "Xero-Tenant-Id": tenant_id,
                "Accept": "application/json",
                **call.headers,
            },
        )

    async def _tell_budget(self, tenant_id: TenantId, call: Call, answer: Answer) -> None:
        await self._budget.spent(
            tenant_id,
            call.purpose,
            size=len(answer.body),
            limits=Limits.from_headers(answer.headers),
            endpoint=call.endpoint,
        )
