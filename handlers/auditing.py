"""Audits: whole lists of endpoints with pages, one page at a time behind everything else.

They find what nobody stamps: things that are gone, and content that moved without its stamp. Lists
that come in one piece need none of this, since their sweeps read them whole (handlers.slow_lane).
A walk can be cut off anywhere: where it stands is in the cursor, and a page that is read twice
changes nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

import structlog

from handlers.absence import CONFIRM_AFTER, note_absent
from handlers.absorb import Absorbed
from handlers.cause import Origin
from handlers.reading import Harvest
from handlers.sweeping import OVERLAP, shrank
from handlers.workshop import Workshop, take_in
from storage.absorbing import lock_tenant
from storage.audits import Audit, audit_advanced, audit_ended, audit_started, audits, note_listed
from storage.calls import day_left
from storage.cursors import Cursor
from storage.webhook_watch import note_untold
from unified.codecs import instant_text
from unified.resource import Resource, TenantContext
from xero.paging import is_last

PURPOSE = "audit"
MOST_DAYS = 30  #: between two audits, however long the list
LEFT_OF_THE_DAY = 400
"""Calls of a tenant's day below which no audit goes on: it can wait, what changes can't. Xero's
lowest limit is 1,000 a day (Starter)."""

log = structlog.get_logger(__name__)


def is_walked(resource: Resource) -> bool:
    """Whether complete lists of it are walked by audits.

    Not where they come in one piece, nor where every sweep reads all for want of stamps to ask by,
    nor where nothing leaves and nothing changes (lists that go on by number), nor where there is
    no list of all (children: their parents' lists are complete).
    """
    endpoint = resource.endpoint
    return (
        endpoint.page_size is not None
        and endpoint.modified_since
        and endpoint.offset_key is None
        and not endpoint.children
        and not resource.permanent
    )


def audit_interval(resource: Resource, things: int) -> timedelta:
    """How long after its begin an audit that read so many things is followed by the next.

    A page a day: an endpoint costs one call a day, and its bytes a month are about those of
    30 pages, however long the list is; up to `MOST_DAYS`.
    """
    pages = ceil(things / (resource.endpoint.page_size or max(things, 1)))
    return timedelta(days=min(max(pages, 1), MOST_DAYS))


async def due_audit(
    shop: Workshop, context: TenantContext, resource: Resource, state: Cursor, *, now: datetime
) -> Audit | None:
    """The audit whose next page is to be read in place of a sweep; None if there is none now."""
    if not is_walked(resource) or state.backfill_state != "done":
        return None
    audit = (await audits(shop.db, context.tenant_id))[state.endpoint]
    if audit.due_at is None or audit.due_at > now:
        return None
    left = await day_left(shop.db, context.tenant_id)
    return None if left is not None and left < LEFT_OF_THE_DAY else audit


async def until_audit(
    shop: Workshop,
    context: TenantContext,
    resource: Resource,
    interval: timedelta,
    *,
    now: datetime,
) -> timedelta:
    """How long a sweep's next may wait: no longer than the audit that comes in its place."""
    if not is_walked(resource):
        return interval
    due_at = (await audits(shop.db, context.tenant_id))[resource.endpoint.path].due_at
    return interval if due_at is None or due_at <= now else min(interval, due_at - now)


async def audit_step(
    shop: Workshop,
    context: TenantContext,
    resource: Resource,
    state: Cursor,
    *,
    fencing: int,
) -> None:
    """Compare the next page with the mirror; after the last, note what was in none.

    Raises: as reading and absorbing do; what was compared stays so.
    """
    path, tenant_id = resource.endpoint.path, context.tenant_id
    audit = (await audits(shop.db, tenant_id))[path]
    if audit.started_at is None or audit.asked_at is None:
        audit = await _started(shop, context, resource, fencing=fencing)
    started_at, asked_at = audit.started_at, audit.asked_at
    assert started_at is not None  # noqa: S101  # both were set just now, or before
    assert asked_at is not None  # noqa: S101  # just begun, or under way
    number = audit.page + 1
    harvest, page = await shop.reader.page(context, resource, number, since=None, purpose=PURPOSE)
    done = await _compared(shop, context, resource, state, audit, harvest, fencing=fencing)
    if shrank(audit.total, page.item_count):
        # What followed the thing that left has moved up, perhaps onto a page that was read.
        await _started(shop, context, resource, fencing=fencing)
        return
    read, last = audit.read + len(harvest.remote_ids), is_last(page, number, resource.endpoint)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        await note_listed(conn, tenant_id, resource.name, harvest.remote_ids, asked_at=asked_at)
        await audit_advanced(
            conn, tenant_id, path,
            page=number, read=len(harvest.remote_ids), total=page.item_count,
        )  # fmt: skip
        if resource.webhook_category is not None:
            await note_untold(conn, path, done.untold, now=shop.clock.now())
    if last:
        again = await note_absent(
            shop, tenant_id, resource, (), asked_at=asked_at, now=started_at, fencing=fencing
        )
        wait = CONFIRM_AFTER if again else audit_interval(resource, read)
        async with shop.db.transaction() as conn:
            await lock_tenant(conn, tenant_id, fencing=fencing)
            await audit_ended(
                conn, tenant_id, path, audited_at=started_at, due_at=started_at + wait
            )
    log.info("audited_page", tenant_id=tenant_id, resource=resource.name, page=number, last=last,
             read=read, total=page.item_count, events=done.events)  # fmt: skip


async def _started(
    shop: Workshop, context: TenantContext, resource: Resource, *, fencing: int
) -> Audit:
    """Begin at the first page."""
    path, asked_at = resource.endpoint.path, await shop.db.now()
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await audit_started(conn, context.tenant_id, path, now=shop.clock.now(), asked_at=asked_at)
        found: Mapping[str, Audit] = await audits(conn, context.tenant_id)
    return found[path]


async def _compared(  # noqa: PLR0913  # a page, against what, under which lease
    shop: Workshop,
    context: TenantContext,
    resource: Resource,
    state: Cursor,
    audit: Audit,
    harvest: Harvest,
    *,
    fencing: int,
) -> Absorbed:
    """Absorb a page."""
    started = audit.started_at or shop.clock.now()
    run_id = f"audit:{resource.endpoint.path}:{instant_text(started)}"
    origin = Origin(kind="poll", detected_by="audit", run_id=run_id)
    done = Absorbed()
    for part, why in divided(harvest, origin, since=state.since):
        done += await take_in(shop, context.tenant_id, resource, part, why, fencing=fencing)
    return done


def divided(
    harvest: Harvest, origin: Origin, *, since: datetime | None
) -> list[tuple[Harvest, Origin]]:
    """What a sweep would have found all the same, and what only comparing puts right.

    `since` is how far changes have been read; None where a list is all that tells any.
    """
    if since is None:
        return [(harvest, origin)]
    asked = since - OVERLAP
    fresh, others = Harvest(), Harvest(poison=harvest.poison)
    for each in harvest.seen:
        stamp = each.normalized.updated_at
        (fresh if stamp is not None and stamp > asked else others).seen.append(each)
    put_right = replace(origin, kind="reconcile", detected_by="audit")
    return [(fresh, origin), (others, put_right)]
