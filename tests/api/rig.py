"""The link flow against the simulator, driven as a browser would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
from prometheus_client import CollectorRegistry

from api.app import create_app
from api.consent import ConsentKeeper
from api.health import health_routes
from api.link_files import link_file_routes
from api.link_rules import LinkRules
from api.linking import LinkFlow
from simulator.config import SimulatorConfig
from simulator.server import RunningSimulator
from storage.database import Database
from storage.secrets import SecretBox, new_key
from unified.clock import OffsetClock
from unified.ids import TenantId
from unified.resources import RESOURCES
from xero.connections import ConnectionsApi
from xero.oauth import OAuthClient, XeroApp
from xero.scopes import scopes_for
from xero.urls import XeroUrls

OURS = "http://localhost:8000"
ENDPOINTS = tuple(each.endpoint.path for each in RESOURCES)


class LinkRig:
    """Our app, Xero beside it, and a browser for both."""

    def __init__(
        self, database: Database, simulator: RunningSimulator, http: httpx.AsyncClient
    ) -> None:
        self.database = database
        self.simulator = simulator
        self.box = SecretBox([new_key()])
        self.rules = LinkRules(
            public_url=OURS,
            scopes=scopes_for(each.endpoint for each in RESOURCES),
            return_origins=frozenset({"https://crm.example"}),
        )
        self.http = http
        told = simulator.announcement
        self.tenants = [TenantId(each["tenant_id"]) for each in told["tenants"]]
        app = XeroApp(client_id=told["client_id"], client_secret=told["client_secret"])
        self.flow = self.flow_of(app)
        self.browser = self.browser_of(self.flow)

    def flow_of(self, app: XeroApp) -> LinkFlow:
        """The link flow of an app, which may be one that Xero does not know."""
        urls, clock = XeroUrls.at(self.simulator.base_url), OffsetClock()
        consents = ConsentKeeper(
            database=self.database,
            box=self.box,
            connections=ConnectionsApi(self.http, urls),
            clock=clock,
            client_id=app.client_id,
            endpoints=ENDPOINTS,
        )
        return LinkFlow(
            database=self.database,
            box=self.box,
            oauth=OAuthClient(self.http, urls, app=app, clock=clock),
            consents=consents,
            rules=self.rules,
        )

    @staticmethod
    def browser_of(flow: LinkFlow, cookies: httpx.Cookies | None = None) -> httpx.AsyncClient:
        """A client of our app, which follows nothing by itself."""
        files = link_file_routes(flow.database, flow.rules)
        app = create_app(flow.routes(), files, health_routes({}, CollectorRegistry()))
        transport = httpx.ASGITransport(app=app)
        return httpx.AsyncClient(transport=transport, base_url=OURS, cookies=cookies)

    async def start(self, **query: str) -> str:
        """Open /connect; returns where it sends the person."""
        answer = await self.browser.get("/connect", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def decide(
        self,
        address: str,
        *tenants: TenantId,
        decision: str = "allow",
        user: str = "owner@example.com",
    ) -> str:
        """Answer Xero's page; returns the callback's address."""
        sent = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
        form = {**sent, "tenant": list(tenants), "decision": decision, "user": user}
        answer = await self.http.post(address.partition("?")[0], data=form)
        assert answer.is_redirect, answer.text
        return str(answer.headers["location"])

    async def link(
        self, *tenants: TenantId, user: str = "owner@example.com", **query: str
    ) -> httpx.Response:
        """The whole way, from /connect to our answer to the callback."""
        callback = await self.decide(await self.start(**query), *tenants, user=user)
        return await self.browser.get(callback)


@asynccontextmanager
async def link_rig(database: Database, config: SimulatorConfig) -> AsyncIterator[LinkRig]:
    """Everything started, nothing linked."""
    async with RunningSimulator(config) as simulator, httpx.AsyncClient() as http:
        rig = LinkRig(database, simulator, http)
        async with rig.browser:
            yield rig
