"""The api of an installation as it is wired, on a loopback port, its Xero being the simulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from api.app import create_app
from api.health import health_routes
from handlers.metrics import DriftMetrics
from ledgerwire.installation import Installation, open_installation
from ledgerwire.settings import Settings
from ledgerwire.wiring.api import api_role
from ledgerwire.wiring.xero import xero_side
from receiver.server import listen, serve
from simulator.server import RunningSimulator
from storage.api_keys import create_api_key
from storage.database import Database
from storage.secrets import new_key
from unified.ids import TenantId


@dataclass(frozen=True, slots=True)
class ServedApi:
    """A running api.

    Attributes:
        url: as browsers see it.
    """

    url: str
    here: Installation
    simulator: RunningSimulator
    http: httpx.AsyncClient

    @property
    def db(self) -> Database:
        """Its database."""
        return self.here.db

    @property
    def tenants(self) -> list[TenantId]:
        """The organisations that Xero has."""
        return [TenantId(each["tenant_id"]) for each in self.simulator.announcement["tenants"]]

    async def key(self, *scopes: str, tenants: list[TenantId] | None = None) -> dict[str, str]:
        """A new API key, as the header that carries it."""
        made = await create_api_key(self.db, "test", scopes=scopes or ("admin",), tenants=tenants)
        return {"Authorization": f"Bearer {made.text}"}


@asynccontextmanager
async def served_api(
    database_url: str, simulator: RunningSimulator, **changes: object
) -> AsyncIterator[ServedApi]:
    """Serve it; `changes` are settings that differ."""
    told, base = simulator.announcement, simulator.base_url
    socket, stop = listen("127.0.0.1", 0), asyncio.Event()
    url = f"http://localhost:{socket.getsockname()[1]}"
    fields: dict[str, object] = {
        "database_url": database_url,
        "kafka": "127.0.0.1:1",
        "public_url": url,
        "secret_keys": (SecretStr(new_key()),),
        "xero_client_id": told["client_id"],
        "xero_client_secret": SecretStr(told["client_secret"]),
        "xero_api_url": base,
        "xero_identity_url": base,
        "xero_login_url": base,
        **changes,
    }
    registry = CollectorRegistry()
    async with (
        open_installation(Settings.model_validate(fields), connections=6, broker=False) as here,
        xero_side(here, lending=False) as xero,
        httpx.AsyncClient(base_url=url) as http,
    ):
        role = api_role(here, xero, DriftMetrics(registry))
        app = create_app(role.routes, health_routes({}, registry))
        loops = [asyncio.create_task(loop(stop)) for loop in role.loops]
        serving = asyncio.create_task(serve(app, socket, stop))
        try:
            yield ServedApi(url, here, simulator, http)
        finally:
            stop.set()
            await asyncio.gather(serving, *loops)
