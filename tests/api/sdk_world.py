"""Xero's SDK, told the proxy's address and an API key: a caller who never meets Xero.

The simulator and our api run in a thread of their own, since the SDK waits for its answers. All of
them live by one clock, which our waits for calls move on.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import timedelta
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token
from xero_python.identity import IdentityApi

from api.app import create_app
from api.consent import ConsentKeeper
from api.custom_connection import link_custom_connection
from api.door import Door
from api.health import health_routes
from api.here import Api
from api.proxy import proxy_operations
from api.routing import operation_route
from ledgerwire.wiring.budget import StoredBudget
from ledgerwire.wiring.tokens import StoredTokens
from receiver.server import listen, serve
from simulator.config import SimulatorConfig, TenantSpec
from simulator.server import RunningSimulator
from storage.api_keys import create_api_key
from storage.database import Database
from storage.secrets import SecretBox, new_key
from tests.handlers.rig import TLS
from tests.simulator.callers import EMPTY
from tests.simulator.sdk.world import SCOPES, World
from tests.storage.makers import NOW
from unified.clock import ManualClock
from unified.ids import TenantId
from unified.resources import RESOURCES
from xero.connections import ConnectionsApi
from xero.limits import ConcurrentCalls
from xero.oauth import OAuthClient, XeroApp
from xero.passing import PassedCalls
from xero.urls import XeroUrls

_IDENTITY_SCOPES = {"openid", "profile", "email", "offline_access"}


class ProxiedWorld(World):
    """A caller with the SDK, for whom the proxy is Xero."""

    def __init__(self, base_url: str, tenant: TenantId, key: str) -> None:
        self.base_url = base_url
        self.tenant = tenant
        self.tokens = {"access_token": key, "token_type": "Bearer", "expires_in": 1800, "scope": []}
        self.client: Any = ApiClient(
            Configuration(oauth2_token=OAuth2Token(client_id="none", client_secret="none")),
            oauth2_token_getter=lambda: self.tokens,
            oauth2_token_saver=self._save,
        )
        self.api: Any = AccountingApi(self.client, base_url=f"{base_url}/api.xro/2.0")
        self.identity: Any = IdentityApi(self.client, base_url=base_url)


async def _serve(
    database_url: str, held: list[ProxiedWorld], up: threading.Event, done: asyncio.Event
) -> None:
    clock = ManualClock(NOW)
    config = SimulatorConfig(
        tenants=(TenantSpec(currency="GBP"),), opening=EMPTY, no_limits=True, tier="advanced",
        payroll=True, clock=clock.now,
    )  # fmt: skip

    async def pause(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    db = await Database.connect(database_url, min_size=1, max_size=4)
    try:
        async with RunningSimulator(config) as simulator, httpx.AsyncClient(verify=TLS) as http:
            told, urls = simulator.announcement, XeroUrls.at(simulator.base_url)
            app = XeroApp(client_id=told["client_id"], client_secret=told["client_secret"])
            oauth = OAuthClient(http, urls, app=app, clock=clock)
            connections, box = ConnectionsApi(http, urls), SecretBox([new_key()])
            keeper = ConsentKeeper(
                database=db, box=box, connections=connections, clock=clock, client_id=app.client_id,
                endpoints=tuple(each.endpoint.path for each in RESOURCES),
            )  # fmt: skip
            scopes = tuple(each for each in SCOPES.split() if each not in _IDENTITY_SCOPES)
            [linked] = await link_custom_connection(oauth, keeper, scopes=scopes)
            passed = PassedCalls(
                http, urls,
                tokens=StoredTokens(db, box, oauth=oauth, connections=connections, clock=clock),
                budget=StoredBudget(db, clock, pause=pause), places=ConcurrentCalls(),
            )  # fmt: skip
            nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(Api))
            api = Api(**{**nothing, "db": db, "clock": clock, "passed": passed})
            routes = [operation_route(proxy_operations(api), Door(db), clock)]
            socket = listen("127.0.0.1", 0)
            url = f"http://127.0.0.1:{socket.getsockname()[1]}/v1/proxy"
            made = await create_api_key(db, "sdk", scopes=["proxy"])
            held.append(ProxiedWorld(url, linked.tenant_id, made.text))
            up.set()
            await serve(create_app(routes, health_routes({}, CollectorRegistry())), socket, done)
    finally:
        await db.close()


@contextmanager
def proxied(database_url: str) -> Iterator[ProxiedWorld]:
    """The caller, and all that runs for it, for as long as the `with`."""
    up, held = threading.Event(), list[ProxiedWorld]()
    loop, done = asyncio.new_event_loop(), asyncio.Event()
    work = _serve(database_url, held, up, done)
    thread = threading.Thread(target=lambda: loop.run_until_complete(work), daemon=True)
    thread.start()
    assert up.wait(30)
    try:
        yield held[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(20)
        loop.close()
