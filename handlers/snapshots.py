"""Snapshots of what Xero computes when it is asked, such as reports: by schedule, one read each.

A schedule that is due makes notices, so that reading is the live lane's work, with its retries and
its limits. Whatever moved is an event like any other.
"""

from typing import Any

import structlog

from handlers.capability import note_refused, note_taken
from handlers.workshop import Workshop
from storage.absorbing import lock_tenant
from storage.cursors import Cursor
from storage.notices import NewNotice, add_notices, drop_notices
from storage.snapshots import account_types, schedules, snapshot_taken, snapshots_asked
from unified.ids import TenantId
from unified.reports import ACCOUNT_TYPES, ASKED, ASKED_ID
from unified.resource import Resource, TenantContext

log = structlog.get_logger(__name__)


async def ask_for_snapshots(
    shop: Workshop, context: TenantContext, resource: Resource, state: Cursor, *, fencing: int
) -> None:
    """Queue a read of everything that is taken of an endpoint; the next is due in its turn."""
    path, tenant_id, now = resource.endpoint.path, context.tenant_id, shop.clock.now()
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        schedule = (await schedules(conn, tenant_id)).get(path)
        if schedule is None:
            return  # it was turned off just now
        wanted = [
            NewNotice(endpoint=path, remote_id=each, origin="sweep", single_read=True)
            for each in schedule.of
        ]
        await add_notices(conn, tenant_id, wanted, now=now)
        next_at = max(state.sweep_due_at + schedule.every, now)  # keeps its time of day
        if next_at - now < schedule.every / 2:
            next_at = now + schedule.every
        await snapshots_asked(conn, tenant_id, path, next_at=next_at)
    log.info("snapshots_asked", tenant_id=tenant_id, endpoint=path, things=len(wanted))


async def question_of(
    shop: Workshop, context: TenantContext, resource: Resource, remote_id: str
) -> dict[str, Any] | None:
    """What is put beside the answer to a question of ours, which does not repeat it; None: the
    endpoint is asked none, or nobody knows yet which day it is."""
    asked, today = resource.endpoint.asked, context.business_date
    if asked is None or today is None:
        return None
    return {
        ASKED_ID: remote_id,
        ASKED: dict(asked(remote_id, today)),
        ACCOUNT_TYPES: await account_types(shop.db, context.tenant_id),
    }


async def note_snapshot(
    shop: Workshop, tenant_id: TenantId, resource: Resource, *, fencing: int
) -> None:
    """Keep that a snapshot of an endpoint was taken, and announce it if Xero had refused that."""
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        was_refused = await snapshot_taken(
            conn, tenant_id, resource.endpoint.path, now=shop.clock.now()
        )
    if was_refused:
        await note_taken(shop, tenant_id, resource, fencing=fencing)


async def refuse_snapshots(
    shop: Workshop, tenant_id: TenantId, resource: Resource, reason: str, *, fencing: int
) -> None:
    """Xero lets us take none of an endpoint: keep that, and wait for none."""
    await note_refused(shop, tenant_id, resource, reason, fencing=fencing)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        await drop_notices(conn, tenant_id, resource.endpoint.path)
