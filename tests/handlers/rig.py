"""A linked organisation of the simulator, and the parts with which handlers work for it.

Business time stands still unless a test, or a wait for the call budget, moves it; the simulator
lives by the same clock. Tokens, budget and client are the product's own.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

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
from simulator.books import Tenant
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.model import Contact, CreditKind, Invoice
from simulator.server import RunningSimulator
from storage.cursors import Cursor, cursors
from storage.database import Database
from storage.leases import release_tenant, take_tenant
from storage.notices import newest_notice_version
from storage.secrets import SecretBox, new_key
from tests.handlers.answers import NOW, Mirror
from unified.clock import ManualClock
from unified.ids import TenantId
from unified.resources import RESOURCES, SOURCES, resource
from xero.calling import XeroCalls
from xero.client import XeroClient
from xero.connections import ConnectionsApi
from xero.oauth import OAuthClient, XeroApp
from xero.scopes import app_scopes_for
from xero.urls import XeroUrls

TLS = ssl.create_default_context()  # loaded once; no test of these uses it
BOOKS = OpeningBooks(contacts=4, invoices=6, bills=2, months=2)
PATHS = tuple(each.endpoint.path for each in RESOURCES)
FEW = ("Organisation", "Contacts", "Invoices")  #: enough for most tests, and read in a quarter


@dataclass
class Rig:
    """Everything a session works with, and the books it reads.

    Attributes:
        mirror: helpers on the organisation's rows.
        books: the organisation at Xero.
        secret: the key that encrypts its tokens.
    """

    db: Database
    simulator: RunningSimulator
    clock: ManualClock
    shop: Workshop
    mirror: Mirror
    books: Tenant
    secret: str

    @property
    def tenant(self) -> TenantId:
        """The organisation."""
        return self.mirror.id

    @property
    def calls(self) -> int:
        """Calls that Xero has answered for it."""
        return self.simulator.simulation.used(self.tenant).calls

    async def session(self, owner: str = "here") -> TenantSession:
        """A session under a fresh lease."""
        lease = await take_tenant(self.db, self.tenant, owner)
        assert lease is not None
        return TenantSession(self.shop, lease.tenant_id, lease.fencing)

    async def work(self) -> float:
        """One session from its lease to its end; returns for how long to leave the tenant."""
        lease = await take_tenant(self.db, self.tenant, "here")
        assert lease is not None
        async with asyncio.timeout(30):
            rest_s = await TenantSession(self.shop, lease.tenant_id, lease.fencing).run()
        await release_tenant(self.db, lease)
        return rest_s

    async def hint(self, remote: str, endpoint: str = "Invoices", **changes: Any) -> None:
        """A webhook says that a thing changed."""
        await self.mirror.hint_id(remote, endpoint=endpoint, **changes)

    async def announce(self, record: Contact | Invoice, **changes: Any) -> None:
        """A webhook says that a thing changed when it was last stamped."""
        stamped = datetime.fromtimestamp(record.updated_ms / 1000, UTC)
        endpoint = "Contacts" if isinstance(record, Contact) else "Invoices"
        await self.hint(record.id, endpoint, hinted_at=stamped, **changes)

    def fault(self, kind: str, **how: Any) -> None:
        """Let the next call to the books go wrong."""
        fault = {"kind": kind, "path": "/api.xro", **how}
        self.simulator.simulation.faults.ask({"calls": [fault]})

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.simulator.simulation.faults.clear()

    def pass_time(self, **by: float) -> None:
        """Let business time pass."""
        self.clock.advance(timedelta(**by))

    async def cursor(self, path: str = "Invoices") -> Cursor:
        """How far an endpoint has been read."""
        return (await cursors(self.db, self.tenant))[path]

    async def cursors_say(self, assignments: str, *values: object) -> None:
        """Change all cursors: SQL, with values from $1 on."""
        await self.db.execute(f"UPDATE cursor SET {assignments}", *values)  # noqa: S608  # ours

    async def only(self, path: str) -> None:
        """Let nothing but this endpoint be swept for a long time."""
        await self.cursors_say(
            "sweep_due_at = $1 WHERE endpoint <> $2", NOW + timedelta(days=900), path
        )

    async def notices(self, state: str = "due") -> list[dict[str, Any]]:
        """All notices in that state."""
        rows = await self.db.fetch(
            "SELECT * FROM notice WHERE state = $1 ORDER BY endpoint, remote_id", state
        )
        return [dict(row.items()) for row in rows]

    async def agree(self) -> None:
        """Assert that the mirror holds exactly what the books do, of all that is to be read."""
        ledger = self.books.ledger
        shelves: dict[str, Iterable[Any]] = {
            "contact": ledger.contacts,
            "invoice": ledger.invoices,
            "payment": ledger.payments,
            "credit_note": ledger.credits[CreditKind.CREDIT_NOTE],
            "prepayment": ledger.credits[CreditKind.PREPAYMENT],
            "overpayment": ledger.credits[CreditKind.OVERPAYMENT],
            "account": ledger.reference.accounts,
            "tax_rate": ledger.reference.tax_rates,
            "item": ledger.reference.items,
            "tracking_category": ledger.reference.categories,
            "currency": ledger.reference.currencies,
            "purchase_order": ledger.promises.orders,
            "quote": ledger.promises.quotes,
            "repeating_transaction": ledger.promises.templates,
        }
        read = await cursors(self.db, self.tenant)
        for name, shelf in shelves.items():
            if resource(name).endpoint.path not in read:
                continue
            rows = await self.db.fetch("SELECT remote_id FROM record WHERE resource = $1", name)
            assert {row["remote_id"] for row in rows} == {each.id for each in shelf}


@asynccontextmanager
async def running(
    db: Database,
    paths: tuple[str, ...] = PATHS,
    *,
    scopes: tuple[str, ...] | None = None,
    **config: Any,
) -> AsyncIterator[Rig]:
    """A linked organisation that nothing has been read of yet, of which `paths` shall be.

    `scopes` are those of the consent, in place of the usual ones.
    """
    clock = ManualClock(NOW)
    usual: dict[str, Any] = {"seed": 5, "tenants": 1, "opening": BOOKS, "clock": clock.now}
    made = SimulatorConfig(**{**usual, **config})
    async with RunningSimulator(made) as simulator, httpx.AsyncClient(verify=TLS) as http:
        told = simulator.announcement
        urls = XeroUrls.at(simulator.base_url)
        app = XeroApp(client_id=told["client_id"], client_secret=told["client_secret"])
        secret = new_key()
        box = SecretBox([secret])
        oauth, connections = (
            OAuthClient(http, urls, app=app, clock=clock),
            ConnectionsApi(http, urls),
        )
        keeper = ConsentKeeper(
            database=db, box=box, connections=connections, clock=clock,
            client_id=app.client_id, endpoints=paths,
        )  # fmt: skip
        usual_scopes = app_scopes_for(each.endpoint for each in SOURCES)
        [linked] = await link_custom_connection(oauth, keeper, scopes=scopes or usual_scopes)

        async def pause(seconds: float) -> None:
            clock.advance(timedelta(seconds=seconds))
            await asyncio.sleep(0)

        async def newest() -> int:
            return await newest_notice_version(db)

        budget = StoredBudget(db, clock, pause=pause)
        client = XeroClient(XeroCalls(
            http, urls,
            tokens=StoredTokens(db, box, oauth=oauth, connections=connections, clock=clock),
            budget=budget, database_time=db, clock=clock,
        ))  # fmt: skip
        metrics = HandlerMetrics(CollectorRegistry())
        shop = Workshop(
            db=db,
            reader=Reader(client=client, metrics=metrics, newest_notice=newest),
            budget=budget,
            clock=clock,
            metrics=metrics,
            share=SweepShare(),
            webhooks=True,
        )
        mirror = Mirror(db, linked.tenant_id)
        mirror.clock = clock
        books = simulator.books.tenant(linked.tenant_id)
        yield Rig(db, simulator, clock, shop, mirror, books, secret)


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait (at most 20 s) until something holds that another task or the database brings about."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110  # each look asks the database
            await asyncio.sleep(0.005)
