"""From one planned call to comparable things: read Xero, normalize each item, note what can't be.

One bad item never stops its page: it is handed back as `Poison`. Nothing is stored here.
"""

import asyncio
import hashlib
import time
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from handlers.compare import Seen
from handlers.metrics import HandlerMetrics
from unified.resource import Endpoint, NormalizeError, Resource, TenantContext
from unified.shape import Read
from xero.client import XeroClient
from xero.errors import ResourceMissing
from xero.paging import Page

SLICE_S = 0.002  #: longest stretch of normalizing before other tasks get their turn
RAW_LEVEL = 1  #: zlib: a third of the size for the least time

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Poison:
    """An item that could not be normalized."""

    remote_id: str | None
    reason: str  #: names the field, never the value
    raw: bytes  #: zlib-compressed JSON


@dataclass(slots=True)
class Harvest:
    """What one answer held."""

    seen: list[Seen] = field(default_factory=list)
    poison: list[Poison] = field(default_factory=list)

    @property
    def remote_ids(self) -> set[str]:
        """Ids of everything that stood in the answer, readable or not."""
        ids: set[str] = {one.normalized.remote_id for one in self.seen}
        ids.update(one.remote_id for one in self.poison if one.remote_id is not None)
        return ids


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one tenant at a time; keeps nothing between calls."""

    client: XeroClient
    metrics: HandlerMetrics
    newest_notice: Callable[[], Awaitable[int]]  #: the newest notice version given out
    store_raw: bool = True
    event_raw: bool = False

    async def single(self, context: TenantContext, resource: Resource, remote_id: str) -> Harvest:
        """One thing by its id; an empty harvest means that Xero does not know it."""
        mark = await self.newest_notice()
        try:
            page = await self.client.get_single(context.tenant_id, resource.endpoint, remote_id)
        except ResourceMissing:
            return Harvest()
        return await self.harvest(context, resource, page, Read.SINGLE, mark=mark)

    async def by_ids(
        self, context: TenantContext, resource: Resource, remote_ids: Sequence[str]
    ) -> Harvest:
        """Several things by their ids; what Xero does not know is missing from the harvest."""
        mark = await self.newest_notice()
        page = await self.client.get_by_ids(context.tenant_id, resource.endpoint, remote_ids)
        read = paged_read(resource.endpoint)
        return await self.harvest(context, resource, page, read, mark=mark)

    async def page(
        self,
        context: TenantContext,
        resource: Resource,
        number: int,
        *,
        since: datetime | None,
        purpose: str,
    ) -> tuple[Harvest, Page]:
        """One page of the list, or all of it where the endpoint has no pages."""
        endpoint = resource.endpoint
        mark = await self.newest_notice()
        if endpoint.page_size is None:
            page = await self.client.get_list(
                context.tenant_id, endpoint, modified_since=since, purpose=purpose
            )
            return await self.harvest(context, resource, page, Read.UNPAGED, mark=mark), page
        page = await self.client.get_page(
            context.tenant_id,
            endpoint,
            page=number,
            page_size=endpoint.page_size,
            modified_since=since,
            purpose=purpose,
        )
        return await self.harvest(context, resource, page, Read.PAGED, mark=mark), page

    async def harvest(
        self,
        context: TenantContext,
        resource: Resource,
        page: Page,
        read: Read,
        *,
        mark: int,
    ) -> Harvest:
        """Normalize a page, letting other tasks run between slices."""
        harvest = Harvest()
        turn_ends = time.perf_counter() + SLICE_S
        for item, raw in zip(page.items, page.raws, strict=True):
            packed = zlib.compress(raw, RAW_LEVEL) if self.store_raw else None
            try:
                normalized = resource.normalize(item, context, read)
            except NormalizeError as error:
                log.warning("record_unreadable", tenant_id=context.tenant_id,
                            resource=resource.name, remote_id=error.remote_id,
                            path=error.path)  # fmt: skip
                packed = packed or zlib.compress(raw, RAW_LEVEL)
                harvest.poison.append(Poison(error.remote_id, str(error), packed))
                continue
            for drift in normalized.drift:
                self.metrics.drift.labels(resource=resource.name, field=drift.path).inc()
            harvest.seen.append(
                Seen(
                    normalized=normalized,
                    raw=packed,
                    raw_hash=hashlib.sha256(raw).hexdigest(),
                    raw_read=read.value,
                    remote_data=bytes(raw) if self.event_raw else None,
                    mark=mark,
                    asked_at=page.asked_at,
                    answered_at=page.answered_at,
                )
            )
            if time.perf_counter() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.perf_counter() + SLICE_S
        return harvest


def paged_read(endpoint: Endpoint) -> Read:
    """Reads by ids are as full as a page where the endpoint has pages."""
    return Read.UNPAGED if endpoint.page_size is None else Read.PAGED


def unpacked(raw: bytes) -> object:
    """What a stored raw payload holds."""
    decoded: object = msgspec.json.decode(zlib.decompress(raw))
    return decoded
