"""What every answer under /v1 carries: the id of its request, what is left of the key's minute, and
headers that keep browsers from doing more with it than its caller asked for.

No answer allows other origins (no CORS): a key is a secret of a server, and must not stand in a web
page.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID: Final = b"x-request-id"
_TAKEN = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")

#: Set where the handler has not set the same: books are nobody's cache's, and what Xero or a caller
#: once stored must not run as a page of ours.
_HEADERS: Final[Mapping[bytes, bytes]] = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; sandbox",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}


def request_id_of(scope: Scope) -> str:
    """The caller's own id of the request, where it sent one that can stand in logs; else ours."""
    told = [value for name, value in scope["headers"] if name == REQUEST_ID]
    if len(told) == 1 and _TAKEN.fullmatch(told[0]):
        return str(told[0].decode())
    return uuid4().hex


class Answering:
    """An application whose answers carry all this; its requests have `state.request_id`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = request_id_of(scope)
        state: MutableMapping[str, Any] = {**scope.get("state", {}), "request_id": request_id}

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _headers(message, state)}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app({**scope, "state": state}, receive, send_with)


def _headers(message: Message, state: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    given = [(name, value) for name, value in message["headers"] if name.lower() != REQUEST_ID]
    names = {name.lower() for name, _ in given}
    rate = state.get("rate")
    counted = {} if rate is None else rate.headers
    more = {**_HEADERS, **{name.encode(): value.encode() for name, value in counted.items()}}
    return [
        *given,
        *((name, value) for name, value in more.items() if name not in names),
        (REQUEST_ID, state["request_id"].encode()),
    ]
