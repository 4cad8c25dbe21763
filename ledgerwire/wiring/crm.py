"""The payment-status consumer as a role."""

import asyncio
import socket

from prometheus_client import CollectorRegistry

from crm.health import Health
from crm.metrics import CrmMetrics
from crm.server import run as run_crm
from ledgerwire.installation import Installation
from ledgerwire.wiring.role import Role


def crm_role(here: Installation, registry: CollectorRegistry) -> Role:
    """The consumer under a name in its group that stays over restarts: by host and port."""
    health = Health()
    metrics = CrmMetrics(health, here.db, registry)
    instance = f"crm-{socket.gethostname()}-{here.settings.port}"

    async def work(stop: asyncio.Event) -> None:
        await run_crm(here.db, here.broker, here.clock, stop, instance=instance, health=health)

    return Role(
        checks={"crm": health.trouble},
        measures={"crm": metrics.measure},
        loops=(work,),
    )
