"""The short way: who goes round the middleware and the router, and who does not."""

import httpx
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from receiver.straight import StraightApp


class Application:
    """A route that is an application itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say whether a router passed this on."""
        by_router = "endpoint" in scope
        await PlainTextResponse("routed" if by_router else "straight")(scope, receive, send)


class Stamp:
    """A middleware that shows that it was passed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark the request."""
        scope["stamped"] = True
        await self._app(scope, receive, send)


async def page(request: Request) -> Response:
    """A usual route."""
    return PlainTextResponse("stamped" if request.scope.get("stamped") else "bare")


async def test_only_an_application_of_its_own_is_reached_straight() -> None:
    """Its own method and path alone; whatever else comes takes the usual way."""
    app = StraightApp(
        routes=[Route("/busy", Application(), methods=["POST"]), Route("/page", page)],
        middleware=[Middleware(Stamp)],
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        answers = [
            await client.post("/busy"),
            await client.get("/busy"),
            await client.post("/busy/"),
            await client.get("/page"),
        ]

    assert [(answer.status_code, answer.text) for answer in answers] == [
        (200, "straight"),
        (405, "Method Not Allowed"),
        (307, ""),
        (200, "stamped"),
    ]
