"""Roles put together into one process: which routes it serves and which loops it runs.

How each role is built stands in ledgerwire/wiring, a module for each, imported only where the role
runs: imports are most of what a start costs.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.health import health_routes
from ledgerwire.event_loop import LoopLag
from ledgerwire.failures import WrongUsage, listening
from ledgerwire.installation import Installation, migrate_in_time, open_installation
from ledgerwire.settings import Settings, require_for_work, variable
from ledgerwire.stopping import insist, unless_stopped
from ledgerwire.wiring.backlog import BacklogMetrics
from ledgerwire.wiring.role import Role
from receiver.server import serve
from receiver.straight import StraightApp
from storage.errors import StorageError

if TYPE_CHECKING:
    from ledgerwire.wiring.xero import XeroSide

#: Roles that others reach over HTTP: where one runs, only what it needs decides on readiness.
FRONT = frozenset({"receiver", "api"})

Prepare = Callable[[], Coroutine[Any, Any, None]]
Asked = TypeVar("Asked")

log = structlog.get_logger(__name__)


async def run_roles(settings: Settings, roles: frozenset[str], stop: asyncio.Event) -> None:
    """Run these roles in this process until `stop`, then drain.

    A database that is away is waited for.

    Raises:
        WrongUsage: the simulator was asked for together with other roles.
        SettingsError: a setting that one of the roles needs is missing or wrong.
        LoginRefused, SchemaTooNew: the database is not ours to work on.
        EmbeddedFailed, BrokerDidNotStart: an embedded server did not come up.
        CannotListen: the port is taken.
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
    if "handlers" in roles and not settings.xero_webhook_keys:
        log.warning("no_webhook_keys", effect="changes are found by sweeps alone, within minutes",
                    remedy=f"set {variable('xero_webhook_keys')}")  # fmt: skip
    http = listening(settings.host, settings.port)
    async with open_installation(
        settings, broker=bool(roles & {"handlers", "crm"}), patient=True
    ) as here:
        process = Process(here)
        log.info("roles_started", roles=sorted(roles), port=settings.port)
        await process.run(roles, http, stop, prepare=partial(migrate_in_time, here.database_url))
    log.info("roles_ended", roles=sorted(roles))


async def _run_simulator(settings: Settings, stop: asyncio.Event) -> None:
    from ledgerwire.simulating import run_simulator

    await run_simulator(
        settings, lambda: stop, port=settings.port, seed=1, tenants=2, webhook_url=None,
        no_limits=False, any_client=False, small=False,
        announce=lambda ready: log.info("simulator_started", base_url=ready["base_url"]),
    )  # fmt: skip


def owner_name() -> str:
    """Who we are as a holder of leases: unique per process, readable in the tables.

    Containers may share their host's name, and each calls its only process number 1: two that
    took each other for themselves would both relay everything.
    """
    return f"{socket.gethostname()}.{secrets.token_hex(4)}:{os.getpid()}"


class Process:
    """One process of an installation.

    `owner` names it as a holder of leases; it must be unique among all that run.
    """

    def __init__(self, here: Installation, *, owner: str | None = None) -> None:
        self._here = here
        self._owner = owner or owner_name()
        self._prepared = asyncio.Event()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._lag = LoopLag(self.registry)
        self._backlog = BacklogMetrics(here, self.registry)

    async def run(
        self,
        roles: frozenset[str],
        http: socket.socket,
        stop: asyncio.Event,
        *,
        prepare: Prepare | None = None,
    ) -> None:
        """Serve and work until `stop`; the first failure of a loop ends the process.

        Work begins once `prepare` has ended; HTTP is served before, and says "not ready".
        """
        async with AsyncExitStack() as stack:
            parts = await self._built(roles, stack)
            app = self._app(parts)
            async with asyncio.TaskGroup() as group:
                tasks = (
                    group.create_task(self._work(parts.values(), stop, prepare), name="work"),
                    group.create_task(serve(app, http, stop), name="http"),
                    group.create_task(self._lag.watch(stop), name="lag"),
                )
                group.create_task(insist(stop, tasks, self._here.db))

    async def _built(self, roles: frozenset[str], stack: AsyncExitStack) -> dict[str, Role]:
        here, registry = self._here, self.registry
        parts: dict[str, Role] = {}
        if "receiver" in roles:
            from ledgerwire.wiring.receiver import receiver_role

            parts["receiver"] = await stack.enter_async_context(receiver_role(here, registry))
        xero = await self._xero(roles, stack)
        if xero is not None:
            from handlers.metrics import DriftMetrics

            drift = DriftMetrics(registry)
        if "api" in roles and xero is not None:
            from ledgerwire.wiring.api import api_role

            parts["api"] = api_role(here, xero, drift)
        if "handlers" in roles and xero is not None:
            from ledgerwire.wiring.handlers import handlers_role

            parts["handlers"] = handlers_role(
                here, registry, xero=xero, owner=self._owner, drift=drift
            )
        if "crm" in roles:
            from ledgerwire.wiring.crm import crm_role

            parts["crm"] = crm_role(here, registry)
        return parts

    async def _xero(self, roles: frozenset[str], stack: AsyncExitStack) -> "XeroSide | None":
        together = roles & {"api", "handlers"}
        if not together:
            return None
        from ledgerwire.wiring.xero import xero_side

        return await stack.enter_async_context(xero_side(self._here, lending=len(together) == 2))

    async def _work(
        self,
        parts: Iterable[Role],
        stop: asyncio.Event,
        prepare: Prepare | None,
    ) -> None:
        if prepare is not None and not await unless_stopped(stop, prepare()):
            return
        self._prepared.set()
        async with asyncio.TaskGroup() as group:
            for part in parts:
                for loop in part.loops:
                    group.create_task(loop(stop))

    def _app(self, parts: Mapping[str, Role]) -> Starlette:
        deciding = [part for name, part in parts.items() if name in FRONT] or parts.values()
        health = health_routes(
            {"database": self._database_trouble, **_together(part.checks for part in deciding)},
            self.registry,
            shown=_together(part.checks for part in parts.values()),
            measures={
                "backlog": self._backlog.measure,
                **_together(part.measures for part in parts.values()),
            },
        )
        routes = [route for part in parts.values() for route in part.routes]
        app = StraightApp(
            routes=[*routes, *health], exception_handlers={HTTPException: _bare, Exception: _bare}
        )
        app.router.redirect_slashes = False  # Xero takes a redirect for a failure
        return app

    async def _database_trouble(self) -> str | None:
        try:
            await self._here.db.fetchval("SELECT 1")
        except StorageError:
            return "the database does not answer"
        return None if self._prepared.is_set() else "the schema is not up to date yet"


def _together(parts: Iterable[Mapping[str, Asked]]) -> dict[str, Asked]:
    return {name: each for part in parts for name, each in part.items()}


async def _bare(_: Request, error: Exception) -> Response:
    """Answer an unknown path, a wrong method or a mistake of ours by status alone."""
    if isinstance(error, HTTPException):
        headers: Mapping[str, str] | None = error.headers
        return Response(status_code=error.status_code, headers=headers)
    return Response(status_code=500)
