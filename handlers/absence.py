"""When a thing that Xero no longer lists counts as gone: two complete lists and a 404 of its own.

Some endpoints remove things without a trace, and some tell no times: only their whole lists say
what is there. One list is no proof, nor is one 404; and what can't be removed at Xero was only not
read. Nothing is read here: lists come from sweeps, single reads from the live lane.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from handlers.commit import Step, commit_steps
from handlers.links import linked_notices
from handlers.workshop import Workshop
from storage.absences import has_missed, missed_lists, note_missed
from storage.absorbing import LockedTenant, lock_tenant
from storage.audits import audits
from storage.cursors import Cursor
from storage.database import Connection
from storage.notices import NewNotice, Notice, add_notices, finish_notices, hold_notices
from storage.records import KnownRecord, known_records
from unified.ids import TenantId
from unified.resource import Resource

LISTS = 2  #: complete lists in a row from which a thing must be missing
CONFIRM_AFTER = timedelta(minutes=5)  #: business time from the first such list to the second

log = structlog.get_logger(__name__)


async def wants_whole_list(
    shop: Workshop, tenant_id: TenantId, resource: Resource, state: Cursor, *, now: datetime
) -> bool:
    """Whether a sweep should read everything though it could ask for changes alone.

    Lists in one piece cost one call either way: once a day, for deletions leave no stamp, when an
    audit was asked for, and again while something is missing. Long lists in pages are not walked
    for that here, but by audits of their own.
    """
    endpoint = resource.endpoint
    if not endpoint.modified_since or state.since is None:
        return True
    if endpoint.page_size is not None:
        return False
    if state.last_swept_at is None or state.last_swept_at.date() != now.date():
        return True
    asked_for = (await audits(shop.db, tenant_id))[endpoint.path].due_at
    if asked_for is not None and asked_for <= now:
        return True
    return await has_missed(shop.db, tenant_id, resource.name, endpoint=endpoint.path)


async def note_absent(  # noqa: PLR0913  # a list, when it was read, under which lease
    shop: Workshop,
    tenant_id: TenantId,
    resource: Resource,
    listed: Collection[str],
    *,
    asked_at: datetime,
    now: datetime,
    fencing: int,
) -> bool:
    """After a complete list, begun at `now` (business time): whether another one should follow
    soon.

    What was missing often enough gets a notice, so that it is asked for by itself; where nothing
    can be asked for by itself, so many lists are all the proof there is.
    """
    gone: list[Step] = []
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
        missed = await note_missed(
            conn, tenant_id, resource.name, listed,
            endpoint=resource.endpoint.path, asked_at=asked_at, now=now, apart=CONFIRM_AFTER,
        )  # fmt: skip
        enough = [remote_id for remote_id, lists in missed.items() if lists >= LISTS]
        if resource.endpoint.single and not resource.permanent:
            wanted = [
                NewNotice(
                    endpoint=resource.endpoint.path,
                    remote_id=remote_id,
                    origin="sweep",
                    single_read=True,
                )
                for remote_id in sorted(enough)
            ]
            await add_notices(conn, tenant_id, wanted, now=shop.clock.now())
        elif not resource.permanent:
            known = await known_records(conn, tenant_id, resource.name, sorted(enough))
            gone = [missing_step(resource, each, asked_at=asked_at) for each in known.values()]
            await _commit_missing(shop, conn, tenant, gone)
    shop.metrics.absorbed.labels(resource=resource.name, verdict="missing").inc(len(gone))
    if resource.permanent and missed:
        # Xero removes none of these, so the list was not whole: a person should know.
        shop.metrics.unlisted.labels(resource=resource.name).inc(len(missed))
        log.warning("not_listed", tenant_id=tenant_id, resource=resource.name, things=len(missed))
    return len(enough) < len(missed) and not resource.permanent


async def settle_missing(
    shop: Workshop,
    tenant_id: TenantId,
    resource: Resource,
    notice: Notice,
    *,
    asked_at: datetime,
    fencing: int,
) -> bool:
    """After a 404 for a thing alone: announce it as missing and finish its notice, if lists have
    said the same; False where they have not, and nothing was done.

    `asked_at` is when the single read was asked for, by the database's clock.
    """
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
        found = await known_records(conn, tenant_id, resource.name, [notice.remote_id])
        known = found.get(notice.remote_id)
        if known is None or known.is_deleted or known.answered_at >= asked_at:
            return False
        if await missed_lists(conn, tenant_id, resource.name, notice.remote_id) < LISTS:
            return False
        step = missing_step(resource, known, asked_at=asked_at, coalesced=notice.coalesced)
        await _commit_missing(shop, conn, tenant, [step])
        await finish_notices(conn, tenant_id, [notice])
    shop.metrics.absorbed.labels(resource=resource.name, verdict="missing").inc()
    return True


def missing_step(
    resource: Resource,
    known: KnownRecord,
    *,
    asked_at: datetime,
    coalesced: int = 1,
    detected_by: str = "sweep",
    cause: dict[str, Any] | None = None,
) -> Step:
    """The change of a record whose thing is no longer at Xero, as of what was asked at a time of
    the database's clock. `cause`: where it is no finding of ours."""
    after = resource.missing(known.unified)
    return Step(
        resource=resource,
        known=known,
        before=known.unified,
        after=after,
        fingerprint=resource.fingerprint(after),
        op="d",
        cause=cause or {"kind": "reconcile", "detected_by": detected_by, "coalesced": coalesced},
        seen=None,
        received_at=None,
        at=asked_at,
        missed_at=asked_at,
    )


async def _commit_missing(
    shop: Workshop, conn: Connection, tenant: LockedTenant, steps: Sequence[Step]
) -> None:
    await commit_missing(conn, tenant, steps, now=shop.clock.now())


async def commit_missing(
    conn: Connection, tenant: LockedTenant, steps: Sequence[Step], *, now: datetime
) -> None:
    """Announce what is gone, and have those looked at who still name it: the contacts of a group,
    which nothing stamps when their group is deleted."""
    await commit_steps(conn, tenant, steps)
    wanted = await linked_notices(conn, tenant.id, steps)
    await hold_notices(conn, tenant.id, [(each.endpoint, each.remote_id) for each in wanted])
    await add_notices(conn, tenant.id, wanted, now=now)
