"""An application with a short way to its busy path. What is answered there is not known here."""

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class StraightApp(Starlette):
    """Starlette, with a short way round its middleware and router to routes that are ASGI
    applications themselves, as Xero's webhooks are: these need neither, and answer for their own
    mistakes."""

    def __init__(self, *, routes: Sequence[Route], **options: Any) -> None:
        super().__init__(routes=routes, **options)
        self._straight: dict[object, ASGIApp] = {
            (method, route.path): route.app
            for route in routes
            if route.app is route.endpoint
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        straight = self._straight.get((scope.get("method"), scope.get("path")))
        if straight is None:
            await super().__call__(scope, receive, send)
        else:
            await straight(scope, receive, send)
