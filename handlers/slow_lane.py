"""The slow work of a tenant, one step at a time behind live changes: sweeps, pages of backfills
(handlers.backfilling) and pages of audits (handlers.auditing).
"""

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from handlers.absence import CONFIRM_AFTER, note_absent, wants_whole_list
from handlers.absorb import Absorbed
from handlers.auditing import audit_interval, audit_step, divided, due_audit, until_audit
from handlers.backfilling import backfill_step
from handlers.capability import note_refused, note_taken, out_of_region, refusal_of
from handlers.cause import Origin
from handlers.children import ask_for_all
from handlers.details import ask_for_details
from handlers.reading import Harvest
from handlers.schedule import observed_rate, sweep_interval
from handlers.snapshots import ask_for_snapshots
from handlers.sweeping import OVERLAP, walk
from handlers.workshop import Workshop, take_in
from storage.absorbing import lock_tenant
from storage.audits import audit_ended
from storage.cursors import (
    Cursor,
    cursors,
    postpone_sweep,
    swept,
)
from storage.tenant_context import read_context
from storage.webhook_watch import note_untold, watch_of
from unified.codecs import instant_text
from unified.resource import Resource, TenantContext
from unified.resources import RESOURCES, SOURCES
from unified.resources import resource as resource_named
from xero.errors import RateLimited, XeroError

RETRY_AFTER_FAILURE = timedelta(seconds=10)  #: business time, doubling with each failure in a row
LONGEST_RETRY = timedelta(hours=1)
PACES = {resource.endpoint.path: resource.endpoint.pace for resource in RESOURCES}

log = structlog.get_logger(__name__)


async def backfill_organisation(shop: Workshop, context: TenantContext, fencing: int) -> None:
    """Read the organisation if a try is due; whether it could be read shows in its tenant.

    Raises:
        RateLimited, TenantNotLinked, LeaseLost: stop working for this tenant now.
    """
    organisation = resource_named("company_info")
    state = (await cursors(shop.db, context.tenant_id)).get(organisation.endpoint.path)
    if state is None or state.sweep_due_at > shop.clock.now():
        return
    await _try(shop, context, organisation, state, backfill_step, fencing=fencing)
    if (await read_context(shop.db, context.tenant_id)).business_date is None:
        # It was read and is no organisation as we know one: that may take a person, and time.
        await _postpone(shop, context, state, fencing=fencing)


async def slow_step(shop: Workshop, context: TenantContext, fencing: int) -> bool:
    """Do the next sweep, or page of a backfill or audit, that is due; False if none is.

    Raises:
        RateLimited, TenantNotLinked, LeaseLost: stop working for this tenant now.
    """
    states = await cursors(shop.db, context.tenant_id)
    now = shop.clock.now()
    for resource in SOURCES:
        state = states.get(resource.endpoint.path)
        if state is None or state.sweep_due_at > now:
            continue
        step = await _step_of(shop, context, resource, state, now)
        await _try(shop, context, resource, state, step, fencing=fencing)
        return True
    return False


async def _step_of(
    shop: Workshop, context: TenantContext, resource: Resource, state: Cursor, now: datetime
) -> "_Step":
    """What is due of an endpoint: a page of its backfill, a page of its audit, or a sweep."""
    if resource.endpoint.asked is not None:
        return ask_for_snapshots
    if state.backfill_state != "done":
        return backfill_step
    audit = await due_audit(shop, context, resource, state, now=now)
    return _sweep if audit is None else audit_step


class _Step(Protocol):
    async def __call__(
        self,
        shop: Workshop,
        context: TenantContext,
        resource: Resource,
        state: Cursor,
        *,
        fencing: int,
    ) -> None: ...


async def _try(
    shop: Workshop,
    context: TenantContext,
    resource: Resource,
    state: Cursor,
    step: _Step,
    *,
    fencing: int,
) -> None:
    """Do one step; one that fails is tried again later, and ever less often."""
    elsewhere = await out_of_region(shop, context.tenant_id, resource.endpoint)
    if elsewhere is not None:
        await note_refused(shop, context.tenant_id, resource, elsewhere, fencing=fencing)
        return
    try:
        await step(shop, context, resource, state, fencing=fencing)
    except RateLimited:
        raise
    except XeroError as error:
        reason = refusal_of(resource.endpoint, error)
        if reason is not None:
            await note_refused(shop, context.tenant_id, resource, reason, fencing=fencing)
            return
        shop.metrics.failed_reads.labels(error=type(error).__name__).inc()
        log.warning("slow_step_failed", tenant_id=context.tenant_id, resource=resource.name,
                    failures=state.failures + 1, error=type(error).__name__)  # fmt: skip
        await _postpone(shop, context, state, fencing=fencing)
    else:
        if state.unsupported_reason is not None and await _is_read(shop, context, resource):
            await note_taken(shop, context.tenant_id, resource, fencing=fencing)


async def _is_read(shop: Workshop, context: TenantContext, resource: Resource) -> bool:
    """Whether Xero has answered since it refused; a step may also have found nothing to ask."""
    state = (await cursors(shop.db, context.tenant_id))[resource.endpoint.path]
    return state.unsupported_reason is None


async def _postpone(shop: Workshop, context: TenantContext, state: Cursor, *, fencing: int) -> None:
    wait = min(RETRY_AFTER_FAILURE * 2 ** min(state.failures, 16), LONGEST_RETRY)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await postpone_sweep(
            conn, context.tenant_id, state.endpoint,
            sweep_due_at=shop.clock.now() + wait, failures=state.failures + 1,
        )  # fmt: skip


async def _sweep(
    shop: Workshop, context: TenantContext, resource: Resource, state: Cursor, *, fencing: int
) -> None:
    """Read everything stamped since the last sweep; its changes were announced by nobody."""
    started = shop.clock.now()
    if resource.endpoint.children:
        await _sweep_children(shop, context, resource, state, started, fencing=fencing)
        return
    whole = await wants_whole_list(shop, context.tenant_id, resource, state, now=started)
    since = None if whole or state.since is None else state.since - OVERLAP
    run_id = f"sweep:{resource.endpoint.path}:{instant_text(started)}"
    origin = Origin(kind="poll", detected_by="sweep", run_id=run_id, since=since)
    done, listed = Absorbed(), set[str]()
    asked_at = await shop.db.now()

    async def take(harvest: Harvest) -> None:
        nonlocal done
        listed.update(harvest.remote_ids)
        told_since = state.since if whole and resource.endpoint.modified_since else None
        for part, why in divided(harvest, origin, since=told_since):
            done += await take_in(shop, context.tenant_id, resource, part, why, fencing=fencing)

    by_number = resource.endpoint.offset_key is not None
    walked = await walk(
        shop.reader, context, resource, since=None if by_number else since, purpose="sweep",
        take=take, begin=state.backfill_page if by_number else None,
    )  # fmt: skip
    again = False
    if whole and walked.complete and not by_number:
        again = await note_absent(
            shop, context.tenant_id, resource, listed,
            asked_at=asked_at, now=started, fencing=fencing,
        )  # fmt: skip
        await ask_for_details(
            shop, context.tenant_id, resource, state, listed, now=started, fencing=fencing
        )
    elapsed = started - (state.last_swept_at or state.backfill_started_at or started)
    rate = observed_rate(state.changes_per_hour, done.unannounced, elapsed)
    others = await cursors(shop.db, context.tenant_id)
    rates = {
        path: other.changes_per_hour
        for path, other in others.items()
        if other.unsupported_reason is None and path in PACES
    }
    rates[resource.endpoint.path] = rate
    share = shop.share
    told = shop.webhooks and (await watch_of(shop.db)).silent_since is None
    calls = share.calls_per_day if told else share.calls_per_day_alone
    interval = sweep_interval(resource.endpoint.path, rates, calls_per_day=calls, paces=PACES)
    if again:
        interval = min(interval, CONFIRM_AFTER)
    interval = await until_audit(shop, context, resource, interval, now=started)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await swept(
            conn,
            context.tenant_id,
            resource.endpoint.path,
            # By Xero's clock, which stamps: ours may run ahead of it.
            since=started - walked.clock_lead if walked.complete else None,
            now=started,
            sweep_due_at=started + (interval if walked.complete else RETRY_AFTER_FAILURE),
            changes_per_hour=rate,
            page=walked.number if by_number else None,
        )
        if whole and walked.complete and not by_number:
            await audit_ended(
                conn, context.tenant_id, resource.endpoint.path,
                audited_at=started, due_at=started + audit_interval(resource, len(listed)),
            )  # fmt: skip
        if resource.webhook_category is not None:
            await note_untold(conn, resource.endpoint.path, done.untold, now=started)
    log.info("swept", tenant_id=context.tenant_id, resource=resource.name, calls=walked.calls,
             events=done.events, unannounced=done.unannounced)  # fmt: skip


async def _sweep_children(  # as a step, and when it began
    shop: Workshop,
    context: TenantContext,
    resource: Resource,
    state: Cursor,
    now: datetime,
    *,
    fencing: int,
) -> None:
    """Have the children of all parents read again."""
    refused = state.unsupported_reason is not None
    parents = await ask_for_all(shop, context, resource, probe=refused, fencing=fencing)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, context.tenant_id, fencing=fencing)
        await swept(
            conn, context.tenant_id, resource.endpoint.path, since=None, now=now,
            sweep_due_at=now + resource.endpoint.pace.longest, changes_per_hour=0.0,
        )  # fmt: skip
    log.info("children_asked_for", tenant_id=context.tenant_id, resource=resource.name,
             parents=parents)  # fmt: skip
