"""What every session of a handlers process works with, and the two things they all do with an
answer: absorb what could be read, bury what could not."""

import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from handlers.absorb import Absorbed, absorb
from handlers.cause import Origin
from handlers.compare import Seen
from handlers.metrics import HandlerMetrics
from handlers.reading import Harvest, Poison, Reader
from handlers.schedule import SweepShare
from storage.absorbing import announce, lock_tenant
from storage.database import Database
from storage.dead_letters import UNNAMED
from storage.errors import StorageError
from storage.notices import UNREADABLE, Buried, bury_notice
from unified.clock import Clock
from unified.codecs import instant_text
from unified.ids import RemoteId, TenantId
from unified.resource import Resource

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
    seen, poison = harvest.seen, list(harvest.poison)

    async def absorbed(batch: Sequence[Seen]) -> Absorbed:
        return await absorb(
            shop.db, tenant_id, resource, batch, origin, fencing=fencing, clock=shop.clock
        )

    try:
        done = await absorbed(seen)
    except StorageError:
        raise
    except Exception:
        # One bad record must not stop its page; what was absorbed already is the same now.
        done, spoilt = await _one_by_one(absorbed, seen)
        if len(spoilt) == len(seen) > 1:
            raise  # it is not the records
        poison += [_spoilt(tenant_id, resource, one, error) for one, error in spoilt]
    for verdict in ("new", "changed", "same", "older", "ambiguous"):
        count = getattr(done, verdict)
        if count:
            shop.metrics.absorbed.labels(resource=resource.name, verdict=verdict).inc(count)
    for each in poison:
        await bury(shop, tenant_id, resource, _buried(resource, each), fencing=fencing)
    return done


async def _one_by_one(
    absorbed: Callable[[Sequence[Seen]], Awaitable[Absorbed]], seen: Sequence[Seen]
) -> tuple[Absorbed, list[tuple[Seen, Exception]]]:
    """Absorb each alone; those that can't be come back with their errors."""
    done, spoilt = Absorbed(), list[tuple[Seen, Exception]]()
    for one in seen:
        try:
            done += await absorbed([one])
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this record's
            spoilt.append((one, error))
    return done, spoilt


def _spoilt(tenant_id: TenantId, resource: Resource, seen: Seen, error: Exception) -> Poison:
    """What was normalized and still can't be absorbed."""
    name, place = type(error).__name__, place_of(error)
    log.error("record_spoilt", tenant_id=tenant_id, resource=resource.name,
              remote_id=seen.normalized.remote_id, error=name, where=place)  # fmt: skip
    return Poison(
        remote_id=seen.normalized.remote_id,
        reason=f"{resource.name} {seen.normalized.remote_id}: {name} in {place}",
        raw=seen.raw,
        raw_hash=seen.raw_hash,
        mark=seen.mark,
    )


def place_of(error: Exception) -> str:
    """Where it was raised; its text is left out, since it may hold what was being read."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return "".join(f"{frame.name}:{frame.lineno}" for frame in frames)


def _buried(resource: Resource, poison: Poison) -> Buried:
    return Buried(
        endpoint=resource.endpoint.path,
        remote_id=RemoteId(poison.remote_id or f"{UNNAMED}{poison.raw_hash[:16]}"),
        version=poison.mark,
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
