"""The receiver as an application: Xero's webhooks, and this program's own health and metrics.

Every answer is plain: no cookie, no redirect, and on the webhook's path, or any unknown one, no
body. Xero fails the whole validation for one that has them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from receiver.commit import CommitLimits, GroupCommit
from receiver.metrics import ReceiverMetrics
from receiver.signature import SecretText, WebhookKeys
from receiver.straight import StraightApp
from receiver.webhook import WebhookEndpoint, WebhookLimits
from storage.database import Database
from storage.deliveries import StoredDelivery, StoredOutcome, store_deliveries
from storage.errors import StorageError
from unified.clock import Clock

WEBHOOK_PATH = "/webhooks/xero"

#: Keeps a batch of deliveries, all of it or nothing; one outcome per delivery, in order.
Store = Callable[[Sequence[StoredDelivery]], Awaitable[Sequence[StoredOutcome]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverLimits:
    """What the receiver takes, all in one value."""

    webhook: WebhookLimits = field(default_factory=WebhookLimits)
    commit: CommitLimits = field(default_factory=CommitLimits)
    ready_s: float = 1.0  # the database has this long to answer before we say we are not ready


class Receiver:
    """The receiver's parts, put together once, for an application of its own or a larger one."""

    def __init__(  # its neighbours, each named where it is passed
        self,
        database: Database,
        keys: Iterable[str | SecretText],
        *,
        clock: Clock,
        registry: CollectorRegistry,
        limits: ReceiverLimits,
        store: Store | None = None,
    ) -> None:
        """Store in `database`, or by `store`, what comes signed with one of `keys`."""
        active = WebhookKeys(keys)
        self._database = database
        self._limits = limits
        self._metrics = ReceiverMetrics(registry, webhook_keys=len(active))

        async def in_database(batch: Sequence[StoredDelivery]) -> Sequence[StoredOutcome]:
            return await store_deliveries(database, batch, now=clock.now())

        self._commit = GroupCommit(
            store or in_database,
            limits=limits.commit,
            committed=self._metrics.committed,
        )
        self._metrics.show_waiting(lambda: self._commit.waiting)
        self.webhook = WebhookEndpoint(
            active,
            self._commit.submit,
            clock=clock,
            metrics=self._metrics,
            limits=limits.webhook,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Commit what comes in; at the end, finish everything that was accepted."""
        self._commit.start()
        try:
            yield
        finally:
            await self._commit.drain()

    async def unready(self) -> str | None:
        """Why a delivery could not be durably accepted now; None if it could."""
        if not self._commit.accepting:
            return "not_accepting"
        try:
            async with asyncio.timeout(self._limits.ready_s):
                await self._database.fetchval("SELECT 1")
        except (StorageError, TimeoutError):
            return "database"
        return None

    def metrics_text(self) -> bytes:
        """Everything in the registry, as Prometheus reads it."""
        return generate_latest(self._metrics.registry)


def create_app(  # its neighbours, each named where it is passed
    database: Database,
    keys: Iterable[str | SecretText],
    *,
    clock: Clock,
    registry: CollectorRegistry,
    limits: ReceiverLimits | None = None,
    store: Store | None = None,
) -> Starlette:
    """The whole receiver as one application; its lifespan drains at the end.

    Args:
        database: where deliveries and notices go; it may be away when this starts.
        keys: active webhook keys. With none, every POST is answered 401 and
            `ledgerwire_webhook_keys` is 0.
        clock: its real time stamps the deliveries.
        registry: where the metrics are registered, and what `/metrics` shows.
        limits: defaults fit Xero's rules.
        store: keeps the deliveries, instead of the database: for measuring what storing costs.
    """
    receiver = Receiver(
        database,
        keys,
        clock=clock,
        registry=registry,
        limits=limits or ReceiverLimits(),
        store=store,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with receiver.running():
            yield

    app = StraightApp(
        routes=receiver_routes(receiver),
        exception_handlers={HTTPException: _bare, Exception: _bare},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # Xero takes a redirect for a failure
    return app


def receiver_routes(receiver: Receiver) -> list[Route]:
    """The receiver's paths, the busy one first."""

    async def livez(_: Request) -> Response:
        return Response()

    async def readyz(_: Request) -> Response:
        reason = await receiver.unready()
        return JSONResponse({"ready": reason is None, "reason": reason}, 503 if reason else 200)

    async def metrics(_: Request) -> Response:
        return Response(receiver.metrics_text(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route(WEBHOOK_PATH, receiver.webhook, methods=["POST"]),
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]


async def _bare(_: Request, error: Exception) -> Response:
    """Answer an unknown path, a wrong method or a mistake of ours by status alone."""
    if isinstance(error, HTTPException):
        return Response(status_code=error.status_code, headers=error.headers)
    return Response(status_code=500)
