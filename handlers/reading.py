"""From one planned call to comparable things: read Xero, normalize each item, note what can't be.

One bad item never stops its page: it is handed back as `Poison`. Nothing is stored here.
"""

import hashlib
import re
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
import structlog

from handlers.compare import Seen
from handlers.metrics import DriftMetrics, HandlerMetrics
from handlers.waiting import Slices
from unified.ids import Parent
from unified.reports import ASKED, ASKED_ID
from unified.resource import Endpoint, Normalized, NormalizeError, Resource, TenantContext
from unified.shape import Read
from xero.client import XeroClient
from xero.errors import ResourceMissing
from xero.paging import Page

RAW_LEVEL = 1  #: zlib: a third of the size for the least time
_EXACT = msgspec.json.Encoder(decimal_format="number")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  #: as JSON writes it; PostgreSQL keeps none

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Poison:
    """An item that could not be normalized."""

    remote_id: str | None
    reason: str  #: names the field, never the value
    raw: bytes | None  #: zlib-compressed JSON; None where it was not kept
    raw_hash: str  #: hexadecimal SHA-256 of Xero's own bytes for it
    mark: int  #: the newest notice version before the request left


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
class Before:
    """What was so before a request left. Earlier than just before is safe, later is not."""

    mark: int  #: the newest notice version
    asked_at: datetime  #: by the database's clock


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one tenant at a time; keeps nothing between calls."""

    client: XeroClient
    metrics: HandlerMetrics | DriftMetrics
    newest_notice: Callable[[], Awaitable[int]]  #: the newest notice version given out
    store_raw: bool = True
    event_raw: bool = False

    async def single(
        self, context: TenantContext, resource: Resource, remote_id: str, *, before: Before
    ) -> Harvest:
        """One thing by its id; an empty harvest means that Xero does not know it."""
        endpoint = resource.endpoint
        params = None
        if endpoint.detail_params is not None and context.business_date is not None:
            params = endpoint.detail_params(context.business_date)
        try:
            page = await self.client.get_single(
                context.tenant_id, endpoint, remote_id, params=params, asked_at=before.asked_at
            )
        except ResourceMissing:
            return Harvest()
        harvest = await self.harvest(context, resource, page, Read.SINGLE, mark=before.mark)
        # What hides its id is still what was asked for.
        named = [replace(each, remote_id=each.remote_id or remote_id) for each in harvest.poison]
        return replace(harvest, poison=named)

    async def answer(
        self,
        context: TenantContext,
        resource: Resource,
        question: Mapping[str, Any],
        *,
        before: Before,
    ) -> Harvest:
        """What Xero answers to a question, which is put beside it; empty where what it is about is
        not known to Xero."""
        try:
            page = await self.client.get_list(
                context.tenant_id, resource.endpoint, params=question[ASKED]
            )
        except ResourceMissing:
            return Harvest()
        asked = replace(page, items=[{**item, **question} for item in page.items])
        harvest = await self.harvest(context, resource, asked, Read.SINGLE, mark=before.mark)
        named = [replace(each, remote_id=question[ASKED_ID]) for each in harvest.poison]
        return replace(harvest, poison=named)

    async def children(
        self,
        context: TenantContext,
        resource: Resource,
        source: Resource,
        parent: Parent,
        *,
        before: Before,
    ) -> Harvest:
        """All that one parent, a thing of `source`, has of a resource; nothing where Xero does not
        know the parent. What can't be read stands under the parent's name."""
        try:
            page = await self.client.get_children(
                context.tenant_id, resource.endpoint, source.endpoint, parent.remote_id,
                asked_at=before.asked_at,
            )  # fmt: skip
        except ResourceMissing:
            return Harvest()
        context = replace(context, parent=parent)
        harvest = await self.harvest(context, resource, page, Read.SINGLE, mark=before.mark)
        named = [replace(each, remote_id=parent.key) for each in harvest.poison]
        return replace(harvest, poison=named)

    async def by_ids(
        self,
        context: TenantContext,
        resource: Resource,
        remote_ids: Sequence[str],
        *,
        before: Before,
    ) -> Harvest:
        """Several things by their ids; what Xero does not know is missing from the harvest."""
        page = await self.client.get_by_ids(
            context.tenant_id, resource.endpoint, remote_ids, asked_at=before.asked_at
        )
        read = paged_read(resource.endpoint)
        return await self.harvest(context, resource, page, read, mark=before.mark)

    async def page(
        self,
        context: TenantContext,
        resource: Resource,
        number: int,
        *,
        since: datetime | None,
        purpose: str,
    ) -> tuple[Harvest, Page]:
        """One page of the list, or all of it where the endpoint has no pages.

        `number` is the page's, from 1; where the endpoint goes on by numbers, the last one seen.
        """
        endpoint = resource.endpoint
        mark = await self.newest_notice()
        if endpoint.offset_key is not None:
            page = await self.client.get_from(
                context.tenant_id, endpoint, number, modified_since=since, purpose=purpose
            )
            return await self.harvest(context, resource, page, Read.PAGED, mark=mark), page
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
        harvest, slices = Harvest(), Slices()
        for item, written in zip(page.items, page.raws, strict=True):
            raw = bytes(written)
            raw_hash = hashlib.sha256(raw).hexdigest()
            if resource.withheld:
                raw = _without(resource.withheld, item, raw)
            try:
                normalized = _normalized(resource, item, raw, context, read)
            except NormalizeError as error:
                log.warning("record_unreadable", tenant_id=context.tenant_id,
                            resource=resource.name, remote_id=error.remote_id,
                            path=error.path)  # fmt: skip
                packed = zlib.compress(raw, RAW_LEVEL)
                poison = Poison(error.remote_id, str(error), packed, raw_hash, mark)
                harvest.poison.append(poison)
                continue
            for drift in normalized.drift:
                self.metrics.drifted(resource.name, drift.path)
            harvest.seen.append(
                Seen(
                    normalized=normalized,
                    raw=zlib.compress(raw, RAW_LEVEL) if self.store_raw else None,
                    raw_hash=raw_hash,
                    raw_read=read.value,
                    remote_data=raw if self.event_raw else None,
                    mark=mark,
                    asked_at=page.asked_at,
                    answered_at=page.answered_at,
                )
            )
            await slices.pause()
        return harvest


def _normalized(
    resource: Resource, item: Mapping[str, Any], raw: bytes, context: TenantContext, read: Read
) -> Normalized:
    """Normalize one item; whatever goes wrong is this item's own trouble.

    Raises:
        NormalizeError
    """
    try:
        normalized = resource.normalize(item, context, read)
    except NormalizeError:
        raise
    except Exception as error:  # noqa: BLE001  # one item must not stop its page
        raise NormalizeError(resource.name, None, "", type(error).__name__) from None
    if b"\\u0000" in raw and _NUL.search(raw):  # the first look is much the quicker
        raise NormalizeError(resource.name, normalized.remote_id, "", "holds a NUL character")
    return normalized


def _without(withheld: Collection[str], item: Mapping[str, Any], raw: bytes) -> bytes:
    """Xero's JSON of an item without what must not be kept; as it came where it has none of it."""
    if not any(key in item for key in withheld):
        return raw
    return _EXACT.encode({key: value for key, value in item.items() if key not in withheld})


def paged_read(endpoint: Endpoint) -> Read:
    """Reads by ids are as full as a page where the endpoint has pages."""
    return Read.UNPAGED if endpoint.page_size is None else Read.PAGED


def unpacked(raw: bytes) -> object:
    """What a stored raw payload holds."""
    decoded: object = msgspec.json.decode(zlib.decompress(raw))
    return decoded
