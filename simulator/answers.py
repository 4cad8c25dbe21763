"""HTTP answers that Xero gives and Starlette has no class for; error shapes of all kinds.

Source: Xero's "HTTP response codes" and recorded answers.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.wire import compact

TRANSPORT = "simulator.transport"
"""Key of the scope's extensions under which server.py hands over the connection."""

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class Dropped(Response):
    """No answer at all: the connection closes, whatever had been done."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the transport; where the server doesn't hand it over, close mid-answer."""
        transport = scope.get("extensions", {}).get(TRANSPORT)
        if transport is not None:
            transport.abort()
            return
        await _cut(send, self, b"")


class Truncated(Response):
    """Half of the body arrives, then the connection closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Announce all, send half."""
        await _cut(send, self, bytes(self.body)[: len(self.body) // 2])
        transport = scope.get("extensions", {}).get(TRANSPORT)
        if transport is not None:
            transport.close()


async def _cut(send: Send, response: Response, part: bytes) -> None:
    headers = [(k, v) for k, v in response.raw_headers if k != b"content-length"]
    headers.append((b"content-length", str(len(response.body) + 1).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": part, "more_body": True})


def problem(status: int, title: str, detail: str, new_id: Callable[[], str]) -> Response:
    """The capitalised shape of 401 TokenExpired, 401 scope and 403."""
    body: dict[str, object] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": new_id(),
        "Extensions": {},
    }
    return Response(compact(body), status, media_type=JSON)


def token_expired(at: datetime, new_id: Callable[[], str]) -> Response:
    """401 for a token of ours whose time is over."""
    detail = f"TokenExpired: token expired at {at:%m/%d/%Y %H:%M:%S}"
    return problem(401, "Unauthorized", detail, new_id)


def token_invalid(new_id: Callable[[], str]) -> Response:
    """401 for a missing or unknown token: lower-case keys."""
    body: dict[str, object] = {
        "type": None,
        "title": "Unauthorized",
        "status": 401,
        "detail": "AuthenticationUnsuccessful",
        "instance": new_id(),
        "extensions": {},
    }
    return Response(
        compact(body),
        401,
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
        media_type=JSON,
    )


def not_found() -> Response:
    """404: a sentence of HTML."""
    return Response(
        "<html><body>The resource you're looking for cannot be found</body></html>",
        404,
        media_type=HTML,
    )


def too_long() -> Response:
    """404 for a query string over 2,048 characters, in IIS's words."""
    return Response(
        "<html><head><title>404 - File or directory not found.</title></head><body>"
        "<h2>404 - File or directory not found.</h2><h3>HTTP Error 404.15 - Not Found: The "
        "request filtering module is configured to deny a request where the query string is "
        "too long.</h3></body></html>",
        404,
        media_type=HTML,
    )


def not_allowed(methods: Sequence[str]) -> Response:
    """405 for a method that is not among those the path takes."""
    return Response(
        compact({"Message": "The requested resource does not support this method"}),
        405,
        {"Allow": ", ".join(methods)},
        media_type=JSON,
    )


def unsupported() -> Response:
    """415 for a body that is neither JSON nor XML."""
    return Response("Unsupported Media Type", 415, media_type=TEXT)


def too_large() -> Response:
    """413 for a body beyond 10 MB."""
    return Response("Request Entity Too Large", 413, media_type=TEXT)


def offline() -> Response:
    """503 for an organisation that is offline for a while, in plain text."""
    return Response("The organisation is offline. Please try again later.", 503, media_type=TEXT)


def plain(status: int) -> Response:
    """An error of the given status in the form Xero mostly uses for it."""
    texts = {
        503: "The API is temporarily unavailable. Please try again soon.",
        412: "Precondition Failed",
    }
    if status in texts:
        return Response(texts[status], status, media_type=TEXT)
    if status == 404:
        return not_found()
    body = {"ErrorNumber": 500 if status >= 500 else 0, "Type": "ApiException",
            "Message": "An error occurred in Xero. Check the API Status page."}  # fmt: skip
    return Response(compact(body), status, media_type=JSON)


def html(status: int) -> Response:
    """A page where data was expected."""
    return Response(
        "<!DOCTYPE html><html><head><title>Xero | Error</title></head><body><h1>We'll be back "
        "soon</h1><p>Xero is offline for maintenance.</p></body></html>",
        status,
        media_type=HTML,
    )


def random_id() -> str:
    """A fresh uuid's text."""
    return str(uuid.uuid4())
