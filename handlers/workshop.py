"""What every session of a handlers process works with, and the two things they all do with an
answer: absorb what could be read, bury what could not."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from handlers.absorb import Absorbed, absorb
from handlers.cause import Origin
from handlers.metrics import HandlerMetrics
from handlers.reading import Harvest, Poison, Reader
from handlers.schedule import SweepShare
from storage.absorbing import announce, lock_tenant
from storage.database import Database
from storage.notices import Buried, bury_notice
from unified.clock import Clock
from unified.codecs import instant_text
from unified.ids import RemoteId, TenantId
from unified.resource import Resource

UNREADABLE = "unreadable"

log = structlog.get_logger(__name__)


class CallsAhead(Protocol):
    """The tenant's call budget, asked before planning."""

    async def ahead(self, tenant_id: TenantId, most: int) -> int:
        """Wait a little until at least one call is free; how many of `most` may follow at once.

        Raises:
            RateLimited: the wait would be long; come back when it says.
        """
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """The process-wide parts; sessions share them and keep nothing in them."""

    db: Database
    reader: Reader
    budget: CallsAhead
    clock: Clock
    metrics: HandlerMetrics
    share: SweepShare
    webhooks: bool  #: False: no webhook key is set, sweeps are all there is
    most_calls: int = 4  #: calls in flight for one tenant


async def take_in(  # where from, what, why, under which lease
    shop: Workshop,
    tenant_id: TenantId,
    resource: Resource,
    harvest: Harvest,
    origin: Origin,
    *,
    fencing: int,
) -> Absorbed:
    """Absorb what could be read of an answer and bury what could not.

    Raises:
        TenantNotLinked, LeaseLost: nothing more was written.
    """
    done = await absorb(
        shop.db, tenant_id, resource, harvest.seen, origin, fencing=fencing, clock=shop.clock
    )
    for verdict in ("new", "changed", "same", "older", "ambiguous"):
        count = getattr(done, verdict)
        if count:
            shop.metrics.absorbed.labels(resource=resource.name, verdict=verdict).inc(count)
    for poison in harvest.poison:
        await bury(shop, tenant_id, resource, _buried(resource, poison), fencing=fencing)
    return done


def _buried(resource: Resource, poison: Poison) -> Buried:
    digest = hashlib.sha256(poison.raw).hexdigest()[:16]
    return Buried(
        endpoint=resource.endpoint.path,
        remote_id=RemoteId(poison.remote_id or f"unreadable-{digest}"),
        version=None,
        error_code=UNREADABLE,
        error=poison.reason,
        raw=poison.raw,
    )


async def bury(
    shop: Workshop, tenant_id: TenantId, resource: Resource, buried: Buried, *, fencing: int
) -> None:
    """Keep a thing as a dead letter and say so on the dead-letter topic."""
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
        if not await bury_notice(conn, tenant_id, buried):
            return  # hinted again meanwhile: it gets another chance
        message = {
            "tenant_id": tenant_id,
            "resource": resource.name,
            "remote_id": buried.remote_id,
            "error_code": buried.error_code,
            "error": buried.error,
            "at": instant_text(shop.clock.real()),
        }
        await announce(
            conn,
            tenant_id,
            shard=tenant.shard,
            kind="dead_letter",
            topic="dead",
            key=f"{tenant_id}:{resource.name}:{buried.remote_id}",
            value=msgspec.json.encode(message),
        )
    shop.metrics.buried.labels(resource=resource.name).inc()
    log.warning("notice_buried", tenant_id=tenant_id, resource=resource.name,
                remote_id=buried.remote_id, code=buried.error_code)  # fmt: skip
