"""Reading through the api: all its operations over an organisation of the handlers' rig, or over
records that are put straight into the mirror."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
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
from storage.api_keys import create_api_key
from storage.database import Database
from storage.secrets import new_key
from tests.handlers.rig import TLS, Rig
from unified.broker import BrokerSettings
from unified.clock import ManualClock
from unified.ids import TenantId


@dataclass(frozen=True, slots=True)
class Reading:
    """A client of the api with a key that may read everything of every organisation."""

    api: Api
    client: httpx.AsyncClient
    tenant: TenantId

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Ask for something below `/v1`; a list or tuple as a value stands for several."""
        pairs: list[tuple[str, str | int | float | bool | None]] = [
            (name, str(each))
            for name, value in query.items()
            for each in (value if isinstance(value, list | tuple) else [value])
        ]
        return await self.client.get(f"/v1/{path}", params=pairs)

    async def told(self, path: str, **query: Any) -> dict[str, Any]:
        """The JSON of a good answer."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def one(self, path: str, **query: Any) -> dict[str, Any]:
        """The record of a good answer."""
        found: dict[str, Any] = (await self.told(path, **query))["result"]
        return found

    async def ids(self, path: str, **query: Any) -> list[str]:
        """The ids on one page of a list."""
        return [each["id"] for each in (await self.told(path, **query))["result"]]

    async def problem(self, path: str, **query: Any) -> tuple[int, str, str]:
        """Status, code and detail of an answer that is a problem."""
        answer = await self.get(path, **query)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        told = answer.json()
        return answer.status_code, told["code"], told["detail"]

    async def walked(self, path: str, **query: Any) -> list[str]:
        """The ids of a whole list, page by page."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.told(path, **query, **cursor)
            found += [each["id"] for each in page["result"]]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}


@asynccontextmanager
async def reading_of(
    db: Database, tenant: TenantId, *, clock: ManualClock, base_url: str = "http://127.0.0.1:1",
    secret: str | None = None, told: dict[str, Any] | None = None, scope: str = "read",
) -> AsyncIterator[Reading]:  # fmt: skip
    """The api of an installation, as it is wired; its Xero stands at `base_url`."""
    app = told or {"client_id": "nobody", "client_secret": "nothing"}
    settings = Settings(
        database_url="postgresql://elsewhere/",
        kafka="127.0.0.1:1",
        secret_keys=(SecretStr(secret or new_key()),),
        xero_client_id=app["client_id"],
        xero_client_secret=SecretStr(app["client_secret"]),
        xero_api_url=base_url,
        xero_identity_url=base_url,
        xero_login_url=base_url,
    )

    async def pause(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    broker = BrokerSettings(bootstrap="127.0.0.1:1")
    here = Installation(settings, db, "", broker, clock, pause)
    key = await create_api_key(db, "tests", scopes=[scope])
    headers = {"Authorization": f"Bearer {key.text}", "X-Tenant-Id": tenant}
    async with httpx.AsyncClient(verify=TLS) as http:
        api = api_of(here, XeroSide.build(here, http, lending=False),
                     DriftMetrics(CollectorRegistry()))  # fmt: skip
        app_ = create_app([operation_route(catalogue(api), Door(db), clock)])
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app_), base_url="http://here", headers=headers
        ) as client:
            yield Reading(api, client, tenant)


@asynccontextmanager
async def reading(rig: Rig) -> AsyncIterator[Reading]:
    """The api beside handlers that read the same organisation."""
    async with reading_of(
        rig.db, rig.tenant, clock=rig.clock, base_url=rig.simulator.base_url, secret=rig.secret,
        told=rig.simulator.announcement,
    ) as made:  # fmt: skip
        yield made
