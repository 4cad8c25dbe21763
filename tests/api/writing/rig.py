"""Writing through the api: all its operations, beside handlers that read the same organisation.

Business time stands still but for waits of the call budget, which move it.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from api.app import create_app
from api.catalogue import catalogue
from api.door import Door
from api.here import Api
from api.routing import operation_route
from handlers.metrics import DriftMetrics
from ledgerwire.installation import Installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.api import api_of
from ledgerwire.wiring.xero import XeroSide
from simulator.ledger import Ledger
from simulator.model import Contact, Invoice
from storage.api_keys import create_api_key
from storage.database import Database
from tests.handlers.rig import TLS, Rig, running
from unified.broker import BrokerSettings
from unified.ids import EntityId, TenantId, record_id
from unified.resources import SOURCES
from xero.scopes import app_scopes_for

#: Enough to write documents, and read soon.
SOME = ("Organisation", "Currencies", "Accounts", "TaxRates", "TrackingCategories", "Items",
        "Contacts", "Invoices", "Payments", "CreditNotes")  # fmt: skip
_keys = itertools.count(1)


@dataclass
class Writing:
    """A client of the api with a key that may do everything, and the books it writes to."""

    rig: Rig
    api: Api
    client: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def db(self) -> Database:
        """The mirror."""
        return self.rig.db

    @property
    def tenant(self) -> TenantId:
        """The organisation."""
        return self.rig.tenant

    @property
    def ledger(self) -> Ledger:
        """Its books."""
        return self.rig.books.ledger

    @property
    def contact(self) -> Contact:
        """A contact that is there."""
        return next(each for each in self.ledger.contacts if each.status == "ACTIVE")

    def id_of(self, resource: str, remote_id: str) -> EntityId:
        """The unified id of a thing of the books."""
        return record_id(self.tenant, resource, remote_id)

    def invoice(self, **changes: Any) -> dict[str, Any]:
        """What makes an invoice."""
        return {
            "type": "invoice",
            "contact": {"id": self.id_of("contact", self.contact.id)},
            "issue_date": "2026-11-01",
            "due_date": "2026-12-01",
            "line_items": [
                {"description": "Consulting", "quantity": "2", "unit_price": "150.00",
                 "account": {"code": "200"}},
            ],
            **changes,
        }  # fmt: skip

    async def send(
        self, method: str, path: str, body: Any = None, **headers: str | None
    ) -> httpx.Response:
        """Send something below /v1/accounting/; POSTs have a new key unless one is given."""
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        if method == "POST" and "idempotency_key" not in headers:
            sent["Idempotency-Key"] = f"test-{next(_keys)}"
        content = None if body is None else msgspec.json.encode(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        return await self.client.request(
            method, f"/v1/accounting/{path}", content=content, headers={**kind, **sent}
        )

    async def done(self, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        """The JSON of a good answer."""
        answer = await self.send(method, path, body, **headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def problem(
        self, method: str, path: str, body: Any = None, **headers: Any
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """Status, code, and (path, message) of what is wrong, of an answer that is a problem."""
        answer = await self.send(method, path, body, **headers)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        told = answer.json()
        said = told.get("errors") or told.get("provider_errors") or []
        return answer.status_code, told["code"], [(e["path"], e["message"]) for e in said]

    async def events(self) -> list[dict[str, Any]]:
        """All events, the oldest first."""
        rows = await self.db.fetch("SELECT value FROM event ORDER BY position")
        return [msgspec.json.decode(row["value"]) for row in rows]

    async def only_invoice(self, known: set[str]) -> Invoice:
        """The one invoice of the books that was not there before."""
        [made] = [each for each in self.ledger.invoices if each.id not in known]
        return made

    @property
    def invoice_ids(self) -> set[str]:
        """Ids of all invoices of the books."""
        return {each.id for each in self.ledger.invoices}


@asynccontextmanager
async def beside(
    rig: Rig, scope: str = "write", *, api_url: str | None = None
) -> AsyncIterator[Writing]:
    """The api as it is wired, beside a rig; `api_url` where it shall find Xero elsewhere."""
    told = rig.simulator.announcement
    settings = Settings(
        database_url="postgresql://elsewhere/",
        kafka="127.0.0.1:1",
        secret_keys=(SecretStr(rig.secret),),
        xero_client_id=told["client_id"],
        xero_client_secret=SecretStr(told["client_secret"]),
        xero_api_url=api_url or rig.simulator.base_url,
        xero_identity_url=rig.simulator.base_url,
        xero_login_url=rig.simulator.base_url,
    )

    async def pause(seconds: float) -> None:
        rig.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    broker = BrokerSettings(bootstrap="127.0.0.1:1")
    here = Installation(settings, rig.db, "", broker, rig.clock, pause)
    key = await create_api_key(rig.db, "tests", scopes=[scope, "read"])
    headers = {"Authorization": f"Bearer {key.text}", "X-Tenant-Id": rig.tenant}
    async with httpx.AsyncClient(verify=TLS) as http:
        xero = XeroSide.build(here, http, lending=False)
        api = api_of(here, xero, DriftMetrics(CollectorRegistry()))
        app = create_app([operation_route(catalogue(api), Door(rig.db), rig.clock)])
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://here", headers=headers
        ) as client:
            yield Writing(rig, api, client)


@asynccontextmanager
async def writing(
    db: Database, paths: tuple[str, ...] = SOME, **config: Any
) -> AsyncIterator[Writing]:
    """A linked organisation whose books have been read, with consent to write."""
    scopes = app_scopes_for((each.endpoint for each in SOURCES), write=True)
    async with running(db, paths, scopes=scopes, **config) as rig:
        await rig.work()
        async with beside(rig) as made:
            yield made
