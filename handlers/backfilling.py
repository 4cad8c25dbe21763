"""One step of a backfill: a page absorbed, parents listed, or an end once all of it has been read.

A backfill can be cut off anywhere: the page last absorbed stands in the cursor, and things are
walked by id, so going on there can repeat things but never skip one. When a step is due, and what
follows its failure, is for the slow lane to say.
"""

from datetime import datetime, timedelta

import msgspec
import structlog

from handlers.cause import Origin
from handlers.children import ask_for_all, parents_are_listed
from handlers.reading import Harvest
from handlers.sweeping import MOST_WALKS, shrank, slid
from handlers.workshop import Workshop, take_in
from storage.absorbing import LockedTenant, announce, lock_tenant
from storage.cursors import (
    Cursor,
    backfill_advanced,
    backfill_ended,
    backfill_started,
    cursors,
    postpone_sweep,
)
from storage.database import Connection
from storage.notices import last_notice_due
from unified.codecs import instant_text
from unified.ids import RemoteId
from unified.resource import Resource, TenantContext
from xero.paging import Page, following, is_last

LOOK_AGAIN = timedelta(seconds=1)  #: until lists have been read, or what they asked for
LONGEST_LOOK = timedelta(minutes=10)

log = structlog.get_logger(__name__)


async def backfill_step(
    shop: Workshop, context: TenantContext, resource: Resource, state: Cursor, *, fencing: int
) -> None:
    """Absorb the next page of a backfill, and end it with the last one."""
    path = resource.endpoint.path
    if state.backfill_state == "pending":
        await _start(shop, context, path, fencing=fencing)
        state = (await cursors(shop.db, context.tenant_id))[path]
    if state.backfill_listed:
        await _end_when_read(shop, context, resource, fencing=fencing)
        return
    if resource.endpoint.children:
        await _list_parents(shop, context, resource, state, fencing=fencing)
        return
    by_number = resource.endpoint.offset_key is not None
    number = state.backfill_page if by_number else state.backfill_page + 1
    since = state.backfill_since
    harvest, page = await shop.reader.page(
        context, resource, number, since=since, purpose="backfill"
    )
    origin = backfill_origin(state, page=number)
    await take_in(shop, context.tenant_id, resource, harvest, origin, fencing=fencing)
    began = state.backfill_started_at and state.backfill_started_at - page.clock_lead
    moved = number > 1 and slid(resource.endpoint, harvest, began)
    moved = moved or shrank(state.backfill_total, page.item_count)
    if moved and state.backfill_walks < MOST_WALKS:
        # What followed the thing that left has moved up, perhaps onto a page that was read. In a
        # list that never stands still some always will have: that is left to audits.
        await _start(shop, context, path, fencing=fencing)
        return
    last = is_last(page, number, resource.endpoint)
    reached = following(page, number, resource.endpoint) if by_number else number
    await _record_progress(shop, context, resource, reached, harvest, page,
                           last=last, fencing=fencing)  # fmt: skip


async def _list_parents(
    shop: Workshop, context: TenantContext, resource: Resource, state: Cursor, *, fencing: int
) -> None:
    """Once all that may be a parent is known, have the children of each read."""
    path = resource.endpoint.path
    if not parents_are_listed(await cursors(shop.db, context.tenant_id)):
        await _look_again(shop, context, path, LOOK_AGAIN, fencing=fencing)
        return
    probe = resource.endpoint.gated
    parents = await ask_for_all(shop, context, resource, probe=probe, fencing=fencing)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await backfill_advanced(
            conn, context.tenant_id, path, page=state.backfill_page + 1, read=parents,
            total=parents, clock_lead=timedelta(0), listed=True,
        )  # fmt: skip


async def _end_when_read(
    shop: Workshop, context: TenantContext, resource: Resource, *, fencing: int
) -> None:
    """End a backfill whose lists have been read when the reads that they asked for are done."""
    path, now = resource.endpoint.path, shop.clock.now()
    last = await last_notice_due(shop.db, context.tenant_id, path)
    if last is not None:
        wait = min(max(last - now, LOOK_AGAIN), LONGEST_LOOK)
        await _look_again(shop, context, path, wait, fencing=fencing)
        return
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await backfill_ended(
            conn, context.tenant_id, path, now=now, sweep_due_at=_first_sweep(resource, now)
        )
        await _tell_progress(conn, tenant, resource, now, last=True)


async def _look_again(
    shop: Workshop, context: TenantContext, path: str, wait: timedelta, *, fencing: int
) -> None:
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await postpone_sweep(
            conn, context.tenant_id, path,
            sweep_due_at=shop.clock.now() + wait, failures=0,
        )  # fmt: skip


def backfill_origin(state: Cursor, *, page: int | None = None) -> Origin:
    """What is found by a backfill of this endpoint: on a page of a list, or asked for by one."""
    job_id = f"backfill:{state.endpoint}:{_started(state)}"
    return Origin(kind="backfill", detected_by="backfill", run_id=job_id, page=page)


async def _start(shop: Workshop, context: TenantContext, path: str, *, fencing: int) -> None:
    """Begin at the first page; what changes from here on is met by the first sweep."""
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await backfill_started(conn, context.tenant_id, path, now=shop.clock.now())


def _started(state: Cursor) -> str:
    return "" if state.backfill_started_at is None else instant_text(state.backfill_started_at)


async def _record_progress(  # noqa: PLR0913  # one page's facts
    shop: Workshop,
    context: TenantContext,
    resource: Resource,
    number: int,
    harvest: Harvest,
    page: Page,
    *,
    last: bool,
    fencing: int,
) -> None:
    path = resource.endpoint.path
    now = shop.clock.now()
    ends = last and not resource.endpoint.detail
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, context.tenant_id, fencing=fencing)
        read = len(harvest.remote_ids)
        await backfill_advanced(
            conn, context.tenant_id, path, page=number, read=read, total=page.item_count,
            clock_lead=page.clock_lead, listed=last and not ends,
        )  # fmt: skip
        if ends:
            await backfill_ended(
                conn, context.tenant_id, path, now=now, sweep_due_at=_first_sweep(resource, now)
            )
        state = await _tell_progress(conn, tenant, resource, now, last=ends)
    log.info("backfill_page", tenant_id=context.tenant_id, resource=resource.name, page=number,
             read=state.backfill_read, total=state.backfill_total, last=last)  # fmt: skip


async def _tell_progress(
    conn: Connection, tenant: LockedTenant, resource: Resource, now: datetime, *, last: bool
) -> Cursor:
    state = (await cursors(conn, tenant.id))[resource.endpoint.path]
    message = {
        "tenant_id": tenant.id,
        "resource": resource.name,
        "state": "done" if last else "running",
        "read": state.backfill_read,
        "total": state.backfill_total,
        "seconds_left": _seconds_left(state, now),
        "at": instant_text(now),
    }
    await announce(
        conn,
        tenant.id,
        shard=tenant.shard,
        kind="backfill_progress",
        topic="control",
        key=RemoteId(tenant.id),
        value=msgspec.json.encode(message),
    )
    return state


def _first_sweep(resource: Resource, now: datetime) -> datetime:
    """Soon after the backfill where something may have changed under it, else in its turn."""
    if resource.endpoint.children:
        return now + resource.endpoint.pace.longest
    return now + (timedelta(seconds=30) if resource.endpoint.modified_since else timedelta(hours=1))


def _seconds_left(state: Cursor, now: datetime) -> int | None:
    """At the rate so far; None while nothing can be said."""
    if not state.backfill_total or not state.backfill_read or state.backfill_started_at is None:
        return None
    elapsed_s = (now - state.backfill_started_at).total_seconds()
    left = max(state.backfill_total - state.backfill_read, 0)
    return round(elapsed_s * left / state.backfill_read)
