"""Operations as routes: all of `/v1` is one ASGI application that answers in problem documents."""

import re
from collections.abc import Mapping, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from api import acting
from api.answering import Answering
from api.door import Door
from api.operation import Operation
from api.problems import Problem
from api.trouble import problem_of
from storage.errors import StorageError
from unified.clock import Clock
from xero.errors import XeroError
from xero.turns import on_behalf_of

ROOT = "/v1"
_HEAD_DEPTH = 3

log = structlog.get_logger(__name__)


def operation_route(operations: Sequence[Operation], door: Door, clock: Clock) -> Route:
    """The one route that serves all operations.

    Raises:
        ValueError: two operations share an id, or a method at an address.
    """
    return _Everything(f"{ROOT}/{{rest:path}}", Answering(_Versioned(operations, door, clock)))


class _Everything(Route):
    """Every address under /v1, whatever letters it has: a pattern takes no line breaks."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is one of ours."""
        ours = scope["type"] == "http" and scope["path"].startswith(f"{ROOT}/")
        return (Match.FULL if ours else Match.NONE), {"endpoint": self.endpoint}


class _Versioned:
    """Everything under /v1."""

    def __init__(self, operations: Sequence[Operation], door: Door, clock: Clock) -> None:
        by_path: dict[str, dict[str, Operation]] = {}
        for each in operations:
            at = by_path.setdefault(each.path, {})
            if each.method in at or not each.path.startswith(f"{ROOT}/"):
                raise ValueError(f"{each.method} {each.path} stands twice, or not under {ROOT}")
            at[each.method] = each
        if len({each.id for each in operations}) != len(operations):
            raise ValueError("two operations share an id")
        routes: dict[str, list[Route]] = {}
        # Addresses without a parameter come before those with one: a name is never an id.
        for path in sorted(by_path, key=_rank):
            place = _Place(by_path[path], door, clock)
            routes.setdefault(_head(path), []).append(_route(path, place))
        self._routers = {head: _router(found) for head, found in routes.items()}
        self._other = self._routers.get("", _router([]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # A fresh scope: the route that led here has put its own words into it.
        inner = {**scope, "path_params": {}}
        router = self._routers.get(_head(scope["path"]), self._other)
        await router(inner, receive, send)


class _Place:
    """All methods at one address."""

    def __init__(self, operations: Mapping[str, Operation], door: Door, clock: Clock) -> None:
        self._operations = operations
        self._door = door
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        request = Request(scope, receive)
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None:
            response = self._not_allowed(request).response(request.state.request_id)
        else:
            response = await self._answer(operation, request)
        await response(scope, receive, send)

    async def _answer(self, operation: Operation, request: Request) -> Response:
        try:
            asked = await self._door.let_in(operation, request)
            position = await acting.begin(self._door.db, asked)
        except Exception as error:  # noqa: BLE001  # judged there
            return self._problem(operation, error).response(request.state.request_id)
        code: str | None = None
        try:
            with on_behalf_of(asked.caller.key.id):
                response = await operation.handle(asked)
        except Exception as error:  # noqa: BLE001  # judged there
            problem = self._problem(operation, error)
            code, response = problem.code, problem.response(asked.request_id)
        await acting.end(self._door.db, position, asked, status=response.status_code, code=code)
        return response

    def _problem(self, operation: Operation, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, (XeroError, StorageError)):
            return problem_of(error, now=self._clock.now())
        log.error("operation_failed", operation=operation.id, exc_info=error)
        return Problem("internal_error", "The request failed here.")

    def _not_allowed(self, request: Request) -> Problem:
        allowed = ", ".join(sorted(self._operations))
        detail = f"{request.method} is not taken here, but {allowed}."
        return Problem("method_not_allowed", detail, headers={"Allow": allowed})


def _route(path: str, place: _Place) -> Route:
    """An address whose last parameter may hold any letter, line breaks too: what may not stand
    there is said by the operation."""
    route = Route(path, place)
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return route


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem("path_unknown", "No operation has this address.")
    response = problem.response(scope["state"]["request_id"])
    await response(scope, receive, send)


def _router(routes: Sequence[Route]) -> Router:
    return Router(routes, redirect_slashes=False, default=_nowhere)


def _head(path: str) -> str:
    """The first segments of an address, by which routes are grouped: a request looks at few of
    them. Empty where a parameter is among them."""
    segments = path.split("/", _HEAD_DEPTH + 1)[: _HEAD_DEPTH + 1]
    return "" if any("{" in each for each in segments) else "/".join(segments)


def _rank(path: str) -> list[tuple[int, str]]:
    segments = path.strip("/").split("/")
    return [((2 if ":path}" in each else 1) if "{" in each else 0, each) for each in segments]
