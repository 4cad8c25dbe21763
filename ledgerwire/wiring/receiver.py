"""The receiver as a role: Xero's webhooks, stored before they are answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from starlette.routing import Route

from ledgerwire.installation import Installation
from ledgerwire.wiring.role import Role
from receiver.app import WEBHOOK_PATH, Receiver, ReceiverLimits


@asynccontextmanager
async def receiver_role(here: Installation, registry: CollectorRegistry) -> AsyncIterator[Role]:
    """Commit what comes in for as long as the block lasts, then finish what was accepted."""
    receiver = Receiver(
        here.db,
        here.settings.xero_webhook_keys,
        clock=here.clock,
        registry=registry,
        limits=ReceiverLimits(),
    )
    async with receiver.running():
        yield Role(
            routes=(Route(WEBHOOK_PATH, receiver.webhook, methods=["POST"]),),
            checks={"receiver": receiver.unready},
        )
