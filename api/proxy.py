"""`/v1/proxy/…`: Xero's API one to one, for what the unified resources do not offer.

Method, path, query, headers and body go to Xero as they came, and its answer comes back as it is,
errors too. Ours are the token, the organisation, the pacing, the audit; and our own refusals, which
are told by the header `Ledgerwire-Problem`. What else is left out of headers is in
`proxy_headers.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import Final, TypeAlias

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.departure import CallerLeft, unless_left
from api.here import Api
from api.operation import Asked, Body, Operation, Reply
from api.parameters import Parameter
from api.problems import Problem
from api.proxy_body import MOST_BYTES, PassedBody, read_beginning
from api.proxy_headers import answer_headers, request_headers
from api.proxy_hints import counted_as, hint, named_id, source_at
from api.proxy_target import Target, target_of
from storage.errors import StorageError
from xero.errors import UndecodableAnswer, XeroUnreachable
from xero.passing import PassedAnswer, PassedCall

READS: Final = ("GET", "OPTIONS")  #: and HEAD, which comes with GET
WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")
SLOWEST_S: Final = 30.0  #: real time in which a caller has to take what is sent
LONGEST_S: Final = 300.0  #: and all of it: an answer on its way holds one of the tenant's places
CLIENT_CLOSED: Final = 499  #: nobody reads it; it stands in logs and audit
MULTIPLE_CHOICES: Final = 300
INTERNAL_SERVER_ERROR: Final = 500  #: what was done all the same is not known
LIVE: Final = ("linked", "needs_reauth")  #: states whose tokens may be tried

_ABOUT: Final = (
    "Xero's own API: what follows `/v1/proxy/` is the path below Xero's base address, such as "
    "`api.xro/2.0/Invoices` or `payroll.xro/2.0/Employees`. Answers are Xero's: status, headers, "
    "body, errors too; ours carry the header `Ledgerwire-Problem`. The organisation may also be "
    "named by `Xero-Tenant-Id`, so Xero's SDKs work with this as their base address and an API key "
    "as their token. An `Idempotency-Key` is made this key's own."
)

Afterwards: TypeAlias = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


def proxy_operations(api: Api) -> list[Operation]:
    """One operation for each method."""

    async def pass_on(asked: Asked) -> Response:
        request = asked.request
        target = target_of(request.scope["raw_path"], request.scope["query_string"])
        if asked.tenant_state not in LIVE:
            state = str(asked.tenant_state)
            detail = f"The organisation is {state.replace('_', ' ')}."
            raise Problem("tenant_not_linked", detail, {"tenant_state": state})
        _note(asked, target)

        async def changed() -> None:
            await _hint(api, asked, target)

        try:
            body = await read_beginning(asked)
            call = _call(asked, target, body)
            if request.method in WRITES:
                return await _written(api, asked, call, changed)
            return await _read(api, asked, call)
        except (CallerLeft, ClientDisconnect):
            return Response(status_code=CLIENT_CLOSED)

    return [_operation(method, pass_on) for method in (*READS, *WRITES)]


async def _read(api: Api, asked: Asked, call: PassedCall) -> Response:
    """Xero's answer, as soon as it begins to come; a caller who leaves ends the call."""
    async with AsyncExitStack() as stack:
        coming = stack.enter_async_context(api.passed.pass_on(asked.tenant_id, call))
        answer = await unless_left(asked.request.receive, coming)
        return PassedResponse(answer, stack.pop_all())


async def _written(api: Api, asked: Asked, call: PassedCall, changed: Afterwards) -> Response:
    """The same of a write, whose answer is waited for in any case: what it did must be known."""
    async with AsyncExitStack() as stack:
        try:
            answer = await stack.enter_async_context(api.passed.pass_on(asked.tenant_id, call))
        except XeroUnreachable as error:
            if error.outcome_unknown:
                await changed()
            raise
        done = answer.status < MULTIPLE_CHOICES or answer.status >= INTERNAL_SERVER_ERROR
        return PassedResponse(answer, stack.pop_all(), changed if done else None)


class PassedResponse(Response):
    """Xero's answer on its way to the caller; then the place is free.

    Its `stack` holds what ends with it; `afterwards` is done when all of it was sent.
    """

    def __init__(
        self, answer: PassedAnswer, stack: AsyncExitStack, afterwards: Afterwards | None = None
    ) -> None:
        self._answer = answer
        self._stack = stack
        self._afterwards = afterwards
        self.status_code = answer.status
        self.background = None
        self.raw_headers = answer_headers(answer.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it on, as far as there is somebody to take it."""
        try:
            await unless_left(receive, self._copy(send))
        except CallerLeft:
            log.info("proxy_left", status=self.status_code)
        except TimeoutError:
            log.info("proxy_cut_off", status=self.status_code, reason="too_slow")
        except UndecodableAnswer as error:
            # The answer has begun, so all that is left to say is that it does not end well: the
            # server closes the connection of an answer that was not finished.
            log.warning("proxy_cut_off", status=self.status_code, reason=error.reason)
        finally:
            await self._stack.aclose()
            if self._afterwards is not None:
                await self._afterwards()

    async def _copy(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        until_s = monotonic() + LONGEST_S
        async for chunk in self._answer.chunks:
            async with asyncio.timeout(min(SLOWEST_S, until_s - monotonic())):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _call(asked: Asked, target: Target, body: PassedBody) -> PassedCall:
    headers = request_headers(asked)
    said = "content-length" in asked.request.headers
    if body.length is not None and (said or body.length):
        headers += (("content-length", str(body.length)),)
    return PassedCall(
        endpoint=counted_as(target),
        method=asked.request.method,
        target=target.wire,
        headers=headers,
        body=body,
    )


def _note(asked: Asked, target: Target) -> None:
    """What the audit says that it was about."""
    source, remote_id = source_at(target), named_id(target)
    asked.touched.entity = target.api if source is None else source.name
    if remote_id is not None:
        asked.touched.ids.append(remote_id)


async def _hint(api: Api, asked: Asked, target: Target) -> None:
    try:
        await hint(api.db, asked.tenant_id, target, now=api.clock.now())
    except StorageError as error:
        log.warning("proxy_hint_lost", tenant_id=asked.tenant_id, error=type(error).__name__)


def _operation(method: str, handle: Callable[[Asked], Awaitable[Response]]) -> Operation:
    return Operation(
        id=f"proxy_{method.lower()}",
        method=method,
        path="/v1/proxy/{path:path}",
        summary=f"{method} at Xero",
        about=_ABOUT,
        tag="Proxy",
        scope="proxy",
        handle=handle,
        parameters=(
            Parameter(
                name="path",
                about="Path below Xero's base address; its query goes with it.",
                where="path",
                schema={"type": "string"},
                required=True,
                example="api.xro/2.0/Organisation",
            ),
        ),
        body=Body(
            schema=None,
            media_types=("application/json", "application/octet-stream"),
            required=False,
            about="Whatever Xero takes there; it goes on as it comes.",
            most_bytes=MOST_BYTES,
        ) if method in WRITES else None,
        replies=(Reply(about="Xero's answer, of whatever status and type.", media_type="*/*"),),
        problems=(
            "proxy_path_refused", "tenant_not_linked", "needs_reauth", "xero_unreachable",
            "app_refused", "bad_request", "body_too_large", "body_too_slow",
            "secrets_unreadable",
        ),
        any_query=True,
        changes=method in WRITES,
    )  # fmt: skip
