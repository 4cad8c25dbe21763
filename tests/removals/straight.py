"""HTTP that never leaves the process: a request is handed to an ASGI application as it is.

As `httpx.ASGITransport`, which at every request searches the disk for another event loop's package.
"""

from typing import Any

import httpx
from starlette.types import ASGIApp, Message


class Straight(httpx.AsyncBaseTransport):
    """Answers with the application's whole answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange; what the application raises is raised here."""
        url = request.url
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        came: list[Message] = [{"type": "http.request", "body": await request.aread()}]
        told: list[Message] = []

        async def receive() -> Message:
            return came.pop() if came else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, send)
        return httpx.Response(
            told[0]["status"],
            headers=told[0].get("headers", []),
            content=b"".join(each.get("body", b"") for each in told[1:]),
            request=request,
        )
