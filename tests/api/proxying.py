"""The proxy on a loopback port, and a server in Xero's place that does what a test tells it to.

Tokens, budget and places are the product's own, on a real database; business time stands still but
for waits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app import create_app
from api.door import Door
from api.health import health_routes
from api.here import Api
from api.proxy import proxy_operations
from api.routing import operation_route
from ledgerwire.wiring.budget import StoredBudget
from ledgerwire.wiring.tokens import StoredTokens
from receiver.server import listen, serve
from simulator.server import LoopServer
from storage.api_keys import create_api_key
from storage.authorizations import save_consent
from storage.database import Database
from tests.handlers.rig import TLS
from tests.storage.makers import NOW, box, link, tokens
from unified.clock import ManualClock
from unified.ids import TenantId
from xero.connections import ConnectionsApi
from xero.limits import ConcurrentCalls
from xero.oauth import OAuthClient, XeroApp
from xero.passing import PassedCalls
from xero.urls import XeroUrls

Answerer = Callable[[Request], Awaitable[Response]]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PATIENCE_S = 20.0


@dataclass
class Upstream:
    """In Xero's place.

    Attributes:
        answer: what it does with a call.
        seen: the calls that came, as far as their headers.
        token: the only one that it takes; None: any.
    """

    answer: Answerer
    seen: list[Request] = field(default_factory=list)
    token: str | None = None

    async def call(self, request: Request) -> Response:
        """Any call at all, so that none goes astray unseen."""
        self.seen.append(request)
        if self.token not in (None, request.headers.get("authorization", "")[7:]):
            said = {"Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: token expired"}
            return JSONResponse(said, status_code=401)
        return await self.answer(request)

    async def renew(self, _: Request) -> Response:
        """New tokens: the only ones that are taken from here on, where any were refused."""
        fresh = f"access-{uuid4()}"
        if self.token is not None:
            self.token = fresh
        return JSONResponse(
            {"access_token": fresh, "refresh_token": "refresh", "expires_in": 1800,
             "token_type": "Bearer", "scope": "accounting.invoices"}
        )  # fmt: skip

    async def nobody(self, _: Request) -> Response:
        """No organisation is linked any more."""
        return JSONResponse([])


@dataclass
class ProxyRig:
    """What is served.

    Attributes:
        base: where callers reach Xero: `{base}/api.xro/2.0/…`.
        headers: of a caller who may use the proxy, for `tenant`.
    """

    db: Database
    base: str
    http: httpx.AsyncClient
    upstream: Upstream
    places: ConcurrentCalls
    clock: ManualClock
    tenant: TenantId
    headers: dict[str, str]

    async def key(self, *scopes: str, tenants: list[TenantId] | None = None) -> dict[str, str]:
        """A new API key, as the header that carries it."""
        made = await create_api_key(self.db, "test", scopes=scopes, tenants=tenants)
        return {"Authorization": f"Bearer {made.text}"}

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call Xero through the proxy; `path` goes over the wire as it is."""
        headers = {**self.headers, **more.pop("headers", {})}
        request = self.http.build_request(method, self.base, headers=headers, **more)
        raw = f"/v1/proxy/{path}"
        request.url = request.url.copy_with(raw_path=raw.encode())
        return await self.http.send(request)

    async def until(self, condition: Callable[[], Awaitable[object] | object]) -> None:
        """Wait until something holds that other tasks bring about."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = condition()
                if await found if isinstance(found, Awaitable) else found:
                    return
                await asyncio.sleep(0)


async def told(_: Request) -> Response:
    """A usual answer."""
    return JSONResponse({"Organisations": []}, headers={"X-MinLimit-Remaining": "59"})


@asynccontextmanager
async def proxy_rig(database: Database) -> AsyncIterator[ProxyRig]:
    """Serve it, for a linked organisation whose token is good for half an hour."""
    upstream, clock, secrets = Upstream(told), ManualClock(NOW), box()
    xero = Starlette(
        routes=[
            Route("/connect/token", upstream.renew, methods=["POST"]),
            Route("/connections", upstream.nobody, methods=["GET"]),
            Route("/{rest:path}", upstream.call, methods=METHODS),
        ]
    )

    async def pause(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    authorization = await save_consent(
        database, secrets, tokens(), client_id="app", xero_user_id="user"
    )
    tenant_id = await link(database, authorization_id=authorization)
    async with LoopServer(xero) as server, httpx.AsyncClient(verify=TLS) as out:
        urls, places = XeroUrls.at(server.address), ConcurrentCalls()
        app = XeroApp(client_id="app", client_secret="of nobody")
        oauth, connections = OAuthClient(out, urls, app=app, clock=clock), ConnectionsApi(out, urls)
        stored = StoredTokens(database, secrets, oauth=oauth, connections=connections, clock=clock)
        budget = StoredBudget(database, clock, pause=pause)
        passed = PassedCalls(out, urls, tokens=stored, budget=budget, places=places)
        nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(Api))
        api = Api(**{**nothing, "db": database, "clock": clock, "passed": passed})
        routes = [operation_route(proxy_operations(api), Door(database), clock)]
        socket, stop = listen("127.0.0.1", 0), asyncio.Event()
        serving = asyncio.create_task(
            serve(create_app(routes, health_routes({}, CollectorRegistry())), socket, stop)
        )
        origin = f"http://127.0.0.1:{socket.getsockname()[1]}"
        made = await create_api_key(database, "test", scopes=["proxy"])
        headers = {"Authorization": f"Bearer {made.text}", "X-Tenant-Id": tenant_id}
        async with httpx.AsyncClient(verify=TLS, base_url=origin, timeout=60) as http:
            try:
                yield ProxyRig(
                    database,
                    f"{origin}/v1/proxy",
                    http,
                    upstream,
                    places,
                    clock,
                    tenant_id,
                    headers,
                )
            finally:
                stop.set()
                await serving
