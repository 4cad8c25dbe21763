"""HTTP between the programs, without sockets: httpx on one side, ASGI applications on the other.

A request takes its time on the way, may be lost there, and its answer may be lost after the work
was done. The application runs as a part of its own program: if that is killed, the answer never
comes and the connection breaks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Scope

from tests.simulation.loop import Program
from tests.simulation.weather import Weather


@dataclass
class _Exchange:
    """One request being served."""

    answer: "asyncio.Future[None]"
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False


@dataclass
class _Host:
    program: Program
    app: ASGIApp
    exchanges: list[_Exchange] = field(default_factory=list)

    def cut(self) -> None:
        """Its program was killed."""
        for exchange in self.exchanges:
            if not exchange.answer.done():
                exchange.answer.set_exception(httpx.ReadError("connection reset by peer"))


class Network:
    """Who is served under which name."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._hosts: dict[str, _Host] = {}
        self.answered: Callable[[httpx.Request, bytes, int], None] = lambda _r, _b, _s: None

    def serve(self, name: str, app: ASGIApp, program: Program) -> None:
        """Take requests for `http://name`."""
        host = _Host(program, app)
        self._hosts[name] = host
        program.at_end(host.cut)

    def leave(self, name: str) -> None:
        """Take no more requests; those in hand are still answered."""
        self._hosts.pop(name, None)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """A client whose requests travel here."""
        return httpx.AsyncClient(transport=_Transport(self._request), **options)

    async def _request(self, request: httpx.Request) -> httpx.Response:
        weather = self._weather
        body = await request.aread()
        await asyncio.sleep(weather.hop_s())
        host = self._hosts.get(request.url.host)
        if host is None or host.program.killed:
            raise httpx.ConnectError("connection refused")
        if weather.chance(weather.trouble.request_lost):
            weather.tell(f"request lost {request.method} {request.url.path}")
            raise httpx.WriteError("connection reset by peer")
        exchange = _Exchange(asyncio.get_running_loop().create_future())
        host.exchanges.append(exchange)
        host.program.spawn(_served(host.app, _scope(request), body, exchange))
        try:
            await self._answered(exchange, request)
        finally:
            host.exchanges.remove(exchange)
        self.answered(request, body, exchange.status)
        await asyncio.sleep(weather.hop_s())
        if weather.chance(weather.trouble.answer_lost):
            weather.tell(f"answer lost {request.method} {request.url.path}")
            raise httpx.ReadError("connection reset by peer")
        await weather.pass_by("http answer")
        weather.detail(f"http {request.method} {request.url.path} {exchange.status}")
        return httpx.Response(
            exchange.status, headers=exchange.headers, stream=_Body(exchange), request=request
        )

    @staticmethod
    async def _answered(exchange: _Exchange, request: httpx.Request) -> None:
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("read")):
                await exchange.answer
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time") from None


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, send: Callable[[httpx.Request], Any]) -> None:
        self._send = send

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = await self._send(request)
        return response


class _Body(httpx.AsyncByteStream):
    """What arrived of an answer; one that was cut says so at its end."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield bytes(self._exchange.body)
        if not self._exchange.whole:
            raise httpx.RemoteProtocolError("peer closed connection without the whole body")


def _scope(request: httpx.Request) -> Scope:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }


async def _served(app: ASGIApp, scope: Scope, body: bytes, exchange: _Exchange) -> None:
    sent: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    never = asyncio.Event()

    async def receive() -> Message:
        if sent:
            return sent.pop()
        await never.wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            exchange.headers = list(message["headers"])
        elif message["type"] == "http.response.body":
            exchange.body += message.get("body", b"")
            exchange.whole = not message.get("more_body", False)

    try:
        await app(scope, receive, send)
    finally:
        if not exchange.answer.done():
            exchange.answer.set_result(None)
