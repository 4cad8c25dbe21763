"""Roles put together into one process: which routes it serves and which loops it runs.

Everything that a role needs is built here and handed in; no role builds its own neighbours.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.consent import ConsentKeeper, NothingToLink, TenantBusy
from api.custom_connection import link_custom_connection
from api.health import Check, health_routes
from api.linking import LinkFlow
from crm.consumer import Health
from crm.server import run as run_crm
from crm.topics import ensure_topics
from handlers.janitor import Retention
from handlers.metrics import HandlerMetrics
from handlers.reading import Reader
from handlers.schedule import SweepShare
from handlers.server import HandlersSettings, run_handlers
from handlers.waiting import until
from handlers.workshop import Workshop
from ledgerwire.failures import WrongUsage, listening
from ledgerwire.installation import Installation, open_installation
from ledgerwire.secret_keys import secret_box
from ledgerwire.settings import Settings, require_for_work
from ledgerwire.wiring.budget import StoredBudget
from ledgerwire.wiring.tokens import StoredTokens
from receiver.app import WEBHOOK_PATH, Receiver, ReceiverLimits
from receiver.server import serve
from storage.errors import StorageError
from storage.notices import newest_notice_version
from storage.secrets import SecretBox
from unified.resource import Endpoint
from unified.resources import RESOURCES
from unified.topics import all_topics
from xero.client import XeroClient
from xero.connections import ConnectionsApi
from xero.errors import XeroError
from xero.limits import ConcurrentCalls
from xero.oauth import OAuthClient, XeroApp
from xero.scopes import app_scopes_for, chosen_scopes
from xero.urls import XeroUrls

HTTP_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  #: seconds; Xero's slowest lists take many
GRANULAR = "granular"
LINK_AGAIN_S = 30.0  #: real time between attempts to link a custom connection
DAY_LIMITS = {"starter": 1_000}  #: calls a day and tenant (Xero: OAuth 2.0 API limits)
DAY_LIMIT = 5_000  #: of every other tier
API_SHARE = 0.05  #: of a tenant's day, kept back for whoever waits for an answer

log = structlog.get_logger(__name__)


async def run_roles(settings: Settings, roles: frozenset[str], stop: asyncio.Event) -> None:
    """Run these roles in this process until `stop`, then drain.

    Raises:
        WrongUsage: the simulator was asked for together with other roles.
        SettingsError: a setting that one of the roles needs is missing or wrong.
        StorageError, CannotListen: a dependency is away, or the port is taken.
    """
    if "simulator" in roles and roles != {"simulator"}:
        raise WrongUsage(
            "The simulator runs in a process of its own: start it by `ledgerwire simulate`, with "
            "a port of its own"
        )
    if roles == {"simulator"}:
        await _run_simulator(settings, stop)
        return
    if roles & {"api", "handlers"}:
        require_for_work(settings)
    http = listening(settings.host, settings.port)
    async with open_installation(
        settings,
        broker=bool(roles & {"handlers", "crm"}),
        # Xero's validation must be answered even while the database is away.
        patient="receiver" in roles,
    ) as here:
        process = Process(here)
        log.info("roles_started", roles=sorted(roles), port=settings.port)
        await process.run(roles, http, stop)
    log.info("roles_ended", roles=sorted(roles))


async def _run_simulator(settings: Settings, stop: asyncio.Event) -> None:
    from ledgerwire.simulating import run_simulator

    await run_simulator(
        settings, lambda: stop, port=settings.port, seed=1, tenants=2, webhook_url=None,
        no_limits=False, any_client=False, small=False,
        announce=lambda ready: log.info("simulator_started", base_url=ready["base_url"]),
    )  # fmt: skip


def owner_name() -> str:
    """Who we are as a holder of leases: unique per process, readable in the tables."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(slots=True)
class _Served:
    """What a process serves over HTTP."""

    routes: list[Route]
    checks: dict[str, Check]


class Process:
    """One process of an installation.

    `owner` names it as a holder of leases; it must be unique among all that run.
    """

    def __init__(self, here: Installation, *, owner: str | None = None) -> None:
        self._here = here
        self._owner = owner or owner_name()
        self._settings = here.settings
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    async def run(self, roles: frozenset[str], http: socket.socket, stop: asyncio.Event) -> None:
        """Serve and work until `stop`; the first failure of a loop ends the process."""
        served = _Served([], {"database": self._database_ready})
        async with AsyncExitStack() as stack:
            if "receiver" in roles:
                receiver = self._receiver()
                served.routes.append(Route(WEBHOOK_PATH, receiver.webhook, methods=["POST"]))
                served.checks["receiver"] = receiver.unready
                await stack.enter_async_context(receiver.running())
            xero = None
            if roles & {"api", "handlers"}:
                xero = await stack.enter_async_context(self._xero(roles))
            if "api" in roles and xero is not None:
                self._add_api(served, xero)
            async with asyncio.TaskGroup() as group:
                if "api" in roles and xero is not None:
                    group.create_task(self._custom_connection(xero, stop))
                if "handlers" in roles and xero is not None:
                    group.create_task(self._handlers(xero, stop))
                if "crm" in roles:
                    group.create_task(self._crm(served, stop))
                group.create_task(serve(self._app(served), http, stop))

    def _app(self, served: _Served) -> Starlette:
        routes = [*served.routes, *health_routes(served.checks, self.registry)]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _bare, Exception: _bare})
        app.router.redirect_slashes = False  # Xero takes a redirect for a failure
        return app

    async def _database_ready(self) -> str | None:
        try:
            await self._here.db.fetchval("SELECT 1")
        except StorageError:
            return "the database does not answer"
        return None

    # --- the roles

    def _receiver(self) -> Receiver:
        return Receiver(
            self._here.db,
            self._settings.xero_webhook_keys,
            clock=self._here.clock,
            registry=self.registry,
            limits=ReceiverLimits(),
        )

    @asynccontextmanager
    async def _xero(self, roles: frozenset[str]) -> AsyncIterator["XeroSide"]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        async with httpx.AsyncClient(
            timeout=HTTP_TIMEOUT, limits=limits, follow_redirects=False
        ) as http:
            yield XeroSide.build(self._here, http, lending={"api", "handlers"} <= roles)

    async def _custom_connection(self, xero: "XeroSide", stop: asyncio.Event) -> None:
        """Link the organisation of a custom connection, as soon as Xero lets us."""
        if self._settings.xero_grant != "client_credentials":
            return
        scopes = app_scopes_for(readable_endpoints())
        while not stop.is_set():
            try:
                linked = await link_custom_connection(xero.oauth, xero.consents, scopes=scopes)
            except (XeroError, StorageError, NothingToLink, TenantBusy) as error:
                log.warning(
                    "custom_connection_not_linked",
                    error=type(error).__name__,
                    remedy="check client id, secret and the connection in Xero's portal",
                )
                await until(stop, LINK_AGAIN_S)
                continue
            log.info("custom_connection_linked", tenants=[each.tenant_id for each in linked])
            return

    def _add_api(self, served: _Served, xero: "XeroSide") -> None:
        settings = self._settings
        endpoints = readable_endpoints()
        if settings.xero_grant == "client_credentials":
            return  # nobody consents in a browser: see _custom_connection
        flow = LinkFlow(
            oauth=xero.oauth,
            database=self._here.db,
            box=xero.box,
            consents=xero.consents,
            public_url=settings.public_url,
            scopes=chosen_scopes(settings.xero_scopes.replace(GRANULAR, ""), endpoints),
            return_origins=frozenset(settings.return_origins),
        )
        served.routes.extend(flow.routes())

    async def _handlers(self, xero: "XeroSide", stop: asyncio.Event) -> None:
        metrics = HandlerMetrics(self.registry)
        db = self._here.db

        async def newest_notice() -> int:
            return await newest_notice_version(db)

        shop = Workshop(
            db=db,
            reader=Reader(
                client=xero.client,
                metrics=metrics,
                newest_notice=newest_notice,
                store_raw=self._settings.store_raw,
                event_raw=self._settings.event_raw,
            ),
            budget=xero.budget,
            clock=self._here.clock,
            metrics=metrics,
            share=SweepShare(),
            webhooks=bool(self._settings.xero_webhook_keys),
        )
        retention = Retention(events=timedelta(days=self._settings.event_days))
        settings = HandlersSettings(owner=self._owner, retention=retention)
        broker = self._here.broker

        async def make_topics() -> None:
            await ensure_topics(broker, all_topics(broker.prefix))

        await run_handlers(shop, broker, settings, stop, make_topics=make_topics)

    async def _crm(self, served: _Served, stop: asyncio.Event) -> None:
        health = Health()

        async def ready() -> str | None:
            return None if health.ready() else "the consumer has not completed a round lately"

        served.checks["crm"] = ready
        instance = f"crm-{socket.gethostname()}-{self._settings.port}"
        await run_crm(
            self._here.db, self._here.broker, self._here.clock, stop,
            instance=instance, health=health,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class XeroSide:
    """Everything that speaks to Xero, over what the database keeps."""

    oauth: OAuthClient
    box: SecretBox
    consents: ConsentKeeper
    budget: StoredBudget
    client: XeroClient

    @classmethod
    def build(cls, here: Installation, http: httpx.AsyncClient, *, lending: bool) -> "XeroSide":
        """Put it together; `lending` where api and handlers share the process."""
        settings = here.settings
        assert settings.xero_client_id is not None  # noqa: S101  # required before
        secret = settings.xero_client_secret
        app = XeroApp(
            client_id=settings.xero_client_id,
            client_secret=None if secret is None else secret.get_secret_value(),
        )
        urls = XeroUrls(
            api=settings.xero_api_url,
            identity=settings.xero_identity_url,
            login=settings.xero_login_url,
        )
        oauth = OAuthClient(http, urls, app=app, clock=here.clock)
        connections = ConnectionsApi(http, urls)
        box = secret_box(settings)
        tokens = StoredTokens(here.db, box, oauth=oauth, connections=connections, clock=here.clock)
        reserve = round(DAY_LIMITS.get(settings.xero_tier, DAY_LIMIT) * API_SHARE)
        budget = StoredBudget(here.db, here.clock, day_reserve=reserve)
        client = XeroClient(
            http,
            urls,
            tokens=tokens,
            budget=budget,
            database_time=here.db,
            clock=here.clock,
            calls=ConcurrentCalls(lending=lending),
        )
        consents = ConsentKeeper(
            database=here.db,
            box=box,
            connections=connections,
            clock=here.clock,
            client_id=app.client_id,
            endpoints=tuple(resource.endpoint.path for resource in RESOURCES),
        )
        return cls(oauth, box, consents, budget, client)


def readable_endpoints() -> list[Endpoint]:
    """The endpoints whose scopes a consent must cover."""
    return [resource.endpoint for resource in RESOURCES]


async def _bare(_: Request, error: Exception) -> Response:
    """Answer an unknown path, a wrong method or a mistake of ours by status alone."""
    if isinstance(error, HTTPException):
        headers: Mapping[str, str] | None = error.headers
        return Response(status_code=error.status_code, headers=headers)
    return Response(status_code=500)
