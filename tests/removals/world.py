"""Organisations that live side by side in one simulator, each for one history, and the product's
own sessions reading them over HTTP that never leaves the process.

Time stands still unless a history moves it. One handlers process is played by its sessions alone:
what relays, leases and kills do to a history is for tests/simulation.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry

from api.consent import ConsentKeeper
from api.custom_connection import link_custom_connection
from handlers.metrics import HandlerMetrics
from handlers.reading import Reader
from handlers.schedule import SweepShare
from handlers.session import TenantSession
from handlers.workshop import Workshop
from ledgerwire.wiring.budget import StoredBudget
from ledgerwire.wiring.tokens import StoredTokens
from simulator.app import create_app
from simulator.books import Tenant
from simulator.config import CURRENCIES, OpeningBooks, SimulatorConfig, TenantSpec
from simulator.model import CreditKind
from simulator.opening import open_books
from simulator.shelf import Shelf
from simulator.simulation import Simulation
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.leases import release_tenant, take_tenant
from storage.notices import newest_notice_version
from storage.secrets import SecretBox, new_key
from tests.removals.straight import Straight
from tests.storage.makers import delivery, hint
from unified.clock import ManualClock
from unified.ids import TenantId
from unified.resources import RESOURCES
from xero.calling import XeroCalls
from xero.client import XeroClient
from xero.connections import ConnectionsApi
from xero.oauth import OAuthClient, XeroApp
from xero.scopes import app_scopes_for
from xero.urls import XeroUrls

ALWAYS = ("Organisation", "Contacts", "Invoices")
BESIDES = ("Items", "Accounts", "TaxRates", "TrackingCategories", "Payments", "CreditNotes",
           "Overpayments", "Prepayments", "Currencies", "ContactGroups")  # fmt: skip
MOST_BESIDES = 3  #: endpoints that are read of an organisation, beside those that always are
XERO = "http://xero.test"


@dataclass
class Organisation:
    """One history's books and how we read them."""

    world: "World"
    books: Tenant
    paths: tuple[str, ...]  #: endpoints that are read

    @property
    def id(self) -> TenantId:
        """Of the organisation."""
        return TenantId(self.books.id)

    async def link(self) -> None:
        """Consent, for the first time or again."""
        await self.world.link(self.paths)

    async def work(self) -> None:
        """One session from its lease to its end."""
        db = self.world.db
        lease = await take_tenant(db, self.id, "here")
        if lease is None:
            return  # it is not linked
        await TenantSession(self.world.shop, lease.tenant_id, lease.fencing).run()
        await release_tenant(db, lease)


class World:
    """The simulator and the parts of the product that all histories share."""

    def __init__(
        self, db: Database, http: httpx.AsyncClient, simulation: Simulation, clock: ManualClock
    ) -> None:
        self.db = db
        self.simulation = simulation
        self.clock = clock
        config = simulation.config
        urls = XeroUrls.at(XERO)
        self._box = SecretBox([new_key()])
        self._connections = ConnectionsApi(http, urls)
        app = XeroApp(
            client_id=config.ready_client_id(), client_secret=config.ready_client_secret()
        )
        self._app = app
        self._http, self._urls = http, urls
        self._deliveries = 0

    def begin(self) -> None:
        """Put together what works by the clock."""
        clock = self.clock
        self._oauth = OAuthClient(self._http, self._urls, app=self._app, clock=clock)
        tokens = StoredTokens(
            self.db, self._box, oauth=self._oauth, connections=self._connections, clock=clock
        )
        budget = StoredBudget(self.db, clock, pause=self._pause)
        client = XeroClient(
            XeroCalls(
                self._http,
                self._urls,
                tokens=tokens,
                budget=budget,
                database_time=self.db,
                clock=clock,
            )
        )
        metrics = HandlerMetrics(CollectorRegistry())
        self.shop = Workshop(
            db=self.db,
            reader=Reader(
                client=client, metrics=metrics, newest_notice=self._newest, store_raw=False
            ),
            budget=budget,
            clock=clock,
            metrics=metrics,
            share=SweepShare(),
            webhooks=True,
        )

    async def _pause(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def _newest(self) -> int:
        return await newest_notice_version(self.db)

    def open(self, seed: int, rng: random.Random) -> Organisation:
        """New books, of which the ready app's connection is; those before are gone."""
        for before in list(self.simulation.books):
            self.simulation.books.remove(before.id)
        spec = TenantSpec(
            name=f"Removals {seed}",
            currency=rng.choice(CURRENCIES),
            tenant_id=str(UUID(int=rng.getrandbits(128), version=4)),
        )
        sizes = OpeningBooks(
            contacts=rng.randint(2, 5), invoices=rng.randint(1, 4), bills=rng.randint(0, 2),
            months=1,
        )  # fmt: skip
        books = open_books(self.simulation.books, spec, sizes, f"removals {seed}")
        besides = rng.sample(BESIDES, rng.randint(0, MOST_BESIDES))
        return Organisation(self, books, (*ALWAYS, *besides))

    async def hint(self, tenant_id: TenantId, path: str, remote_id: str) -> None:
        """A webhook says that a thing changed."""
        self._deliveries += 1
        told = hint(tenant_id, remote_id, endpoint=path, hinted_at=None)
        came = delivery(told, number=self._deliveries, received_at=await self.db.now())
        await store_deliveries(self.db, [came], now=self.clock.now())

    def shelf(self, organisation: Organisation, path: str) -> Shelf[Any]:
        """Where the books keep the things of an endpoint."""
        ledger = organisation.books.ledger
        shelves: dict[str, Shelf[Any]] = {
            "Contacts": ledger.contacts,
            "Invoices": ledger.invoices,
            "Items": ledger.reference.items,
            "Accounts": ledger.reference.accounts,
            "TaxRates": ledger.reference.tax_rates,
            "TrackingCategories": ledger.reference.categories,
            "Currencies": ledger.reference.currencies,
            "ContactGroups": ledger.people.groups,
            "Payments": ledger.payments,
            "CreditNotes": ledger.credits[CreditKind.CREDIT_NOTE],
            "Prepayments": ledger.credits[CreditKind.PREPAYMENT],
            "Overpayments": ledger.credits[CreditKind.OVERPAYMENT],
        }
        return shelves[path]

    async def link(self, paths: tuple[str, ...]) -> None:
        """Link the one organisation that is there."""
        keeper = ConsentKeeper(
            database=self.db, box=self._box, connections=self._connections, clock=self.clock,
            client_id=self._app.client_id, endpoints=paths,
        )  # fmt: skip
        scopes = app_scopes_for(each.endpoint for each in RESOURCES)
        await link_custom_connection(self._oauth, keeper, scopes=scopes)


@asynccontextmanager
async def world(db: Database, clock: ManualClock) -> AsyncIterator[World]:
    """A simulator without organisations, and handlers beside it, both living by this clock, which
    must go on from one world of a database to the next: the app's call budget is one for all."""
    made = SimulatorConfig(seed="removals", tenants=(), clock=clock.now)
    app = create_app(made)
    async with httpx.AsyncClient(transport=Straight(app)) as http:
        started = World(db, http, app.state.simulation, clock)
        started.begin()
        yield started
