"""Two organisations under one consent, their books read, and the api with a key for each.

One token set covers both, so nothing but our own rules keeps a caller of one from the other.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.types import ASGIApp, Message

from api.app import create_app
from api.catalogue import catalogue
from api.door import Door
from api.operation import Operation
from api.routing import operation_route
from handlers.metrics import DriftMetrics, HandlerMetrics
from handlers.reading import Reader
from handlers.schedule import SweepShare
from handlers.session import TenantSession
from handlers.workshop import Workshop
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.api import api_of
from ledgerwire.wiring.xero import XeroSide
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.api_keys import SCOPES, NewKey, create_api_key
from storage.database import Database
from storage.leases import release_tenant, take_tenant
from storage.notices import NewNotice, add_notices, newest_notice_version
from storage.secrets import new_key
from tests.handlers.answers import NOW
from tests.handlers.rig import TLS
from unified.broker import BrokerSettings
from unified.clock import ManualClock
from unified.ids import RemoteId, TenantId
from unified.resources import SOURCES
from xero.oauth import Pkce
from xero.scopes import scopes_for

BOOKS = OpeningBooks(
    contacts=3, invoices=4, bills=2, months=2, purchase_orders=1, quotes=2, templates=1
)
OURS = "http://localhost:8000"
#: What a tenant's books and rows consist of here, by table: the one column that names the tenant.
OWNED = ("record", "event", "notice", "cursor", "timer", "idempotency")


@dataclass
class Side:
    """One of the two.

    Attributes:
        records: of its mirror, by resource: unified JSON.
    """

    tenant: TenantId
    key: NewKey
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """What its caller sends with each request."""
        return {"Authorization": f"Bearer {self.key.text}", "X-Tenant-Id": self.tenant}

    def strings(self) -> set[str]:
        """All that its records say in words, ids and numbers of documents."""
        found: set[str] = set()
        _gather([*self.records.values()], found)
        return found


@dataclass
class Two:
    """The api, and who calls it: `mine` attacks, `other` must not notice."""

    db: Database
    simulator: RunningSimulator
    app: ASGIApp
    http: httpx.AsyncClient
    operations: list[Operation]
    mine: Side
    other: Side
    shop: Workshop
    clock: ManualClock

    async def read_books(self, side: Side) -> None:
        """Bring the mirror of one of them up to date, and look at it."""
        lease = await take_tenant(self.db, side.tenant, "here")
        assert lease is not None
        async with asyncio.timeout(90):
            await TenantSession(self.shop, lease.tenant_id, lease.fencing).run()
        await release_tenant(self.db, lease)
        rows = await self.db.fetch(
            "SELECT resource, unified FROM record WHERE tenant_id = $1 ORDER BY id",
            side.tenant,
        )
        side.records = {}
        for row in rows:
            unified = msgspec.json.decode(row["unified"])
            side.records.setdefault(row["resource"], []).append(unified)

    async def change(self, side: Side, name: str) -> None:
        """A contact comes to be at Xero, and is read."""
        made = self.simulator.books.tenant(side.tenant).create_contact(Name=name)
        hinted = NewNotice(endpoint="Contacts", remote_id=RemoteId(made.id), origin="sweep")
        async with self.db.transaction() as conn:
            await add_notices(conn, side.tenant, [hinted], now=self.clock.now())
        await self.read_books(side)

    async def stream(self, side: Side, *, until: str, opened: asyncio.Event) -> bytes:
        """What a side's event stream says, up to a word in it; `opened` is set once it began."""
        told, seen = bytearray(), asyncio.Event()

        async def receive() -> Message:
            await seen.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            opened.set()
            told.extend(message.get("body", b""))
            if until.encode() in told:
                seen.set()

        headers = [(name.lower().encode(), each.encode()) for name, each in side.headers.items()]
        scope = {
            "type": "http", "method": "GET", "path": "/v1/events/stream", "query_string": b"",
            "raw_path": b"/v1/events/stream", "headers": headers, "scheme": "http",
            "http_version": "1.1", "root_path": "",
        }  # fmt: skip
        async with asyncio.timeout(60):
            await self.app(scope, receive, send)
        return bytes(told)

    async def state_of(self, side: Side) -> dict[str, Any]:
        """All that may not change of one who was not asked: rows, calls, books."""
        told: dict[str, Any] = {}
        for table in OWNED:
            told[table] = await self.db.fetchval(
                f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t"  # noqa: S608  # ours
                " WHERE tenant_id = $1",
                side.tenant,
            )
        told["tenant"] = await self.db.fetchval(
            "SELECT md5(t::text) FROM tenant t WHERE id = $1", side.tenant
        )
        told["keys"] = await self.db.fetchval(
            "SELECT md5(string_agg(k::text, '' ORDER BY id)) FROM api_key k"
            " WHERE NOT coalesce($1 = ANY (tenants), false)",
            self.mine.tenant,
        )
        told["calls"] = self.simulator.simulation.used(side.tenant).calls
        return told


def _gather(node: Any, found: set[str]) -> None:
    if isinstance(node, str):
        found.add(node)
    elif isinstance(node, dict):
        for each in node.values():
            _gather(each, found)
    elif isinstance(node, list):
        for each in node:
            _gather(each, found)


def leaves(content: bytes) -> set[str]:
    """All strings of a JSON answer, or the answer itself where it is none."""
    try:
        node = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {content.decode("utf-8", "replace")}
    found: set[str] = set()
    _gather(node, found)
    return found


@asynccontextmanager
async def two(db: Database) -> AsyncIterator[Two]:
    """Both linked by one person, nothing changed since their books were read."""
    clock = ManualClock(NOW)
    config = SimulatorConfig(seed=11, tenants=2, opening=BOOKS, clock=clock.now)

    async def pause(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    async with RunningSimulator(config) as simulator, httpx.AsyncClient(verify=TLS) as outside:
        told = simulator.announcement
        settings = Settings(
            database_url="postgresql://elsewhere/",
            kafka="127.0.0.1:1",
            secret_keys=(SecretStr(new_key()),),
            xero_client_id=told["client_id"],
            xero_client_secret=SecretStr(told["client_secret"]),
            xero_api_url=simulator.base_url,
            xero_identity_url=simulator.base_url,
            xero_login_url=simulator.base_url,
            public_url=OURS,
        )
        here = Installation(settings, db, "", BrokerSettings(bootstrap="127.0.0.1:1"), clock, pause)
        xero = XeroSide.build(here, outside, lending=True)
        sides = []
        for name, each in zip(("mine", "other"), told["tenants"], strict=True):
            tenant = TenantId(each["tenant_id"])
            await _consent(xero, outside, tenant)
            key = await create_api_key(db, f"key of {name}", scopes=SCOPES, tenants=[tenant])
            sides.append(Side(tenant, key))
        api = api_of(here, xero, DriftMetrics(CollectorRegistry()))
        operations = catalogue(api)
        app = create_app([operation_route(operations, Door(db), clock)])
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://here"
        ) as http:
            shop = _shop(db, xero, clock)
            made = Two(db, simulator, app, http, operations, sides[0], sides[1], shop, clock)
            for side in sides:
                await made.read_books(side)
            stop = asyncio.Event()
            feeding = asyncio.create_task(api.feed.run(stop))
            try:
                yield made
            finally:
                stop.set()
                await feeding


def _shop(db: Database, xero: XeroSide, clock: ManualClock) -> Workshop:
    async def newest() -> int:
        return await newest_notice_version(db)

    metrics = HandlerMetrics(CollectorRegistry())
    return Workshop(
        db=db,
        reader=Reader(client=xero.client, metrics=metrics, newest_notice=newest),
        budget=xero.budget,
        clock=clock,
        metrics=metrics,
        share=SweepShare(),
        webhooks=True,
    )


async def _consent(xero: XeroSide, outside: httpx.AsyncClient, tenant: TenantId) -> None:
    """The same person consents, as a browser would."""
    pkce, redirect = Pkce.fresh(), f"{OURS}/connect/callback"
    scopes = scopes_for((each.endpoint for each in SOURCES), write=True)
    address = xero.oauth.authorize_url(redirect, scopes=scopes, state="s", challenge=pkce.challenge)
    sent = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
    form = {**sent, "tenant": [tenant], "decision": "allow", "user": "owner@example.com"}
    answer = await outside.post(address.partition("?")[0], data=form)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    tokens = await xero.oauth.exchange(code, redirect_uri=redirect, verifier=pkce.verifier)
    await xero.consents.keep(tokens, external_id=None)
