"""Somebody else's request to Xero, passed on as it is under a tenant's token, and its answer handed
on as it comes: of any status, unread, undecoded.

It is paced, counted and given a place as every call is (`calling.py`), and Xero's word about limits
and consent is believed likewise. Only a refused token is no answer: the request goes out once more
with another one, where its body can be sent again. What may be asked, and by whom, is the caller's.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import httpx
import structlog

from unified.ids import TenantId
from xero.answers import refusal
from xero.calling import CallBudget, TokenSource, token_and_turn
from xero.errors import AccessTokenRefused, RateLimited, UndecodableAnswer, XeroUnreachable
from xero.limits import API, ConcurrentCalls, Limits
from xero.urls import XeroUrls, shown
from xero.wire import CALL_TIMEOUT_S, Answer

MOST_JUDGED: Final = 64 * 1024  #: bytes of a 401 that are read before it is handed on
#: Seconds for connecting, for each write and each read: an answer may take a call's whole time.
TIMEOUT: Final = httpx.Timeout(CALL_TIMEOUT_S, connect=10.0, write=30.0, pool=10.0)

_Chunks: TypeAlias = AsyncGenerator[bytes]

log = structlog.get_logger(__name__)


class RequestBody(Protocol):
    """What a request carries."""

    @property
    def repeatable(self) -> bool:
        """It can be sent more than once."""
        ...

    def content(self) -> bytes | AsyncIterator[bytes]:
        """The bytes; some at a time, where they are not all here."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedCall:
    """A request.

    Attributes:
        endpoint: what the call is counted under.
        target: path and query below the API's base address, as they shall stand on the wire.
        headers: all but those that carry authorisation and tenant.
    """

    endpoint: str
    method: str
    target: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: RequestBody = field(repr=False)


@dataclass(frozen=True, slots=True)
class PassedAnswer:
    """Xero's answer, its body still on the way.

    Attributes:
        headers: as they came, in their order.
        chunks: the body as it was transferred, so still compressed where it was. Raises
            UndecodableAnswer where it breaks off.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    chunks: AsyncIterator[bytes]


class PassedCalls:
    """Passes requests on. One per process; its neighbours are those of `XeroCalls`."""

    def __init__(  # its neighbours, each named where it is passed
        self,
        http: httpx.AsyncClient,
        urls: XeroUrls,
        *,
        tokens: TokenSource,
        budget: CallBudget,
        places: ConcurrentCalls,
    ) -> None:
        self._http = http
        self._base = httpx.URL(urls.api)
        self._tokens = tokens
        self._budget = budget
        self._places = places

    @asynccontextmanager
    async def pass_on(self, tenant_id: TenantId, call: PassedCall) -> AsyncIterator[PassedAnswer]:
        """Send it, and hold its place among the tenant's calls until the block ends.

        Raises:
            RateLimited: our own count says that Xero would refuse.
            AccessTokenRefused: and the body can't be sent again; the next request has a new token.
            XeroUnreachable: no answer.
            ConsentRevoked, TenantRefused, AppRefused: there is no token to send it with.
        """
        token = await token_and_turn(self._tokens, self._budget, tenant_id, API)
        async with self._once(tenant_id, call, token) as response:
            read: list[bytes] = []
            rest = _raw(response)
            if not await _refuses_token(response, read, rest):
                yield _handed_on(response, read, rest)
                return
        token = await self._tokens.refresh(tenant_id, token)
        if not call.body.repeatable:
            raise AccessTokenRefused("and the body can't be sent again")
        await self._budget.reserve(tenant_id, API)
        async with self._once(tenant_id, call, token) as response:
            yield _handed_on(response, (), _raw(response))

    @asynccontextmanager
    async def _once(
        self, tenant_id: TenantId, call: PassedCall, token: str
    ) -> AsyncIterator[httpx.Response]:
        started = time.perf_counter()
        async with self._places.place(tenant_id, API):
            response = await self._open(tenant_id, call, token)
            try:
                await self._believe(tenant_id, response)
                yield response
            finally:
                try:
                    await response.aclose()
                finally:
                    await self._spent(tenant_id, call, response)
        _log_answer(tenant_id, call, response, started=started)

    async def _open(self, tenant_id: TenantId, call: PassedCall, token: str) -> httpx.Response:
        request = httpx.Request(
            call.method,
            self._base.copy_with(raw_path=self._base.raw_path.rstrip(b"/") + call.target.encode()),
            headers=[
                *call.headers,
                ("Authorization", f"Bearer {token}"),
                ("Xero-Tenant-Id", tenant_id),
            ],
            content=call.body.content(),
            extensions={"timeout": TIMEOUT.as_dict()},
        )
        try:
            return await self._http.send(request, stream=True, follow_redirects=False)
        except httpx.TransportError as error:
            # Xero counts a call whose answer got lost, so we do.
            await self._budget.spent(tenant_id, API, size=0, endpoint=call.endpoint)
            what = f"{type(error).__name__} at {shown(request.url.path)}"
            never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            # "from None": httpx's errors hold the request, and that holds the Authorization header.
            raise XeroUnreachable(what, outcome_unknown=not never_left) from None

    async def _believe(self, tenant_id: TenantId, response: httpx.Response) -> None:
        """Take over what the status says of limits and consent."""
        if response.status_code not in (403, 429):
            return
        error = refusal(_answer(response, b""), tenant_id=tenant_id, what=shown(response.url.path))
        if isinstance(error, RateLimited):
            await self._budget.refused(
                tenant_id, error.problem, retry_after_s=error.retry_after_s, purpose=API
            )
        else:
            await self._tokens.tenant_refused(tenant_id)

    async def _spent(self, tenant_id: TenantId, call: PassedCall, response: httpx.Response) -> None:
        await self._budget.spent(
            tenant_id,
            API,
            size=response.num_bytes_downloaded,
            limits=Limits.from_headers(response.headers),
            endpoint=call.endpoint,
        )


async def _refuses_token(response: httpx.Response, read: list[bytes], rest: _Chunks) -> bool:
    """Whether Xero does not take the token: the body of a 401 tells, which is put into `read`."""
    if response.status_code != httpx.codes.UNAUTHORIZED:
        return False
    async for chunk in rest:
        read.append(chunk)
        if sum(map(len, read)) > MOST_JUDGED:
            break
    body = _decoded(response, b"".join(read))
    error = refusal(_answer(response, body), tenant_id=None, what=shown(response.url.path))
    return isinstance(error, AccessTokenRefused)


def _handed_on(response: httpx.Response, read: Sequence[bytes], rest: _Chunks) -> PassedAnswer:
    headers: tuple[tuple[bytes, bytes], ...] = tuple(response.headers.raw)
    return PassedAnswer(response.status_code, headers, _joined(read, rest))


async def _joined(read: Sequence[bytes], rest: _Chunks) -> _Chunks:
    for chunk in read:
        yield chunk
    async for chunk in rest:
        yield chunk


async def _raw(response: httpx.Response) -> _Chunks:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    except httpx.TransportError as error:
        what = f"{type(error).__name__} at {shown(response.url.path)}"
        raise UndecodableAnswer("truncated", what) from None


def _decoded(response: httpx.Response, raw: bytes) -> bytes:
    try:
        return httpx.Response(200, headers=response.headers, content=raw).content
    except httpx.DecodingError:
        return b""


def _answer(response: httpx.Response, body: bytes) -> Answer:
    return Answer(
        status=response.status_code,
        headers=response.headers,
        body=body,
        wire_size=len(body),
        took_ms=0.0,
    )


def _log_answer(
    tenant_id: TenantId, call: PassedCall, response: httpx.Response, *, started: float
) -> None:
    told: Mapping[str, object] = {
        "method": call.method,
        "path": shown(response.url.path),
        "status": response.status_code,
        "took_ms": round((time.perf_counter() - started) * 1000, 1),
        "size": response.num_bytes_downloaded,
        "correlation_id": response.headers.get("xero-correlation-id"),
        "tenant_id": tenant_id,
    }
    log.info("xero_passed_on", **told)
