"""Reading what belongs to single things, such as their attachments: there is no list of all.

A notice names the parent, by its endpoint and remote id. Its answer is complete for that parent,
so two readings in a row without a child, minutes apart, say that it is gone. Parents make such
notices when they come or change; a slow pass makes them of all parents again, since a file that
takes another's place shows nowhere else.
"""

from datetime import datetime, timedelta

from handlers.absence import CONFIRM_AFTER, LISTS, missing_step
from handlers.capability import note_refused
from handlers.cause import Origin
from handlers.commit import commit_steps
from handlers.links import FLAG
from handlers.reading import Before, Harvest
from handlers.workshop import Workshop, take_in
from storage.absences import note_missed
from storage.absorbing import lock_tenant
from storage.cursors import Cursor
from storage.notices import (
    NewNotice,
    Notice,
    Postponed,
    add_notices,
    drop_notices,
    finish_notices,
    postpone_notices,
)
from storage.parents import parents_with
from storage.records import known_records
from storage.work import Work
from unified.ids import Parent, RemoteId, TenantId
from unified.resource import Resource, TenantContext
from unified.resources import by_endpoint, source_of

AT_ONCE = 100  #: parents that are read without waiting; the rest is spread
SPREAD = timedelta(minutes=1)  #: between two of the rest: they leave most of a day's calls alone


def parent_of(notice: Notice) -> Parent | None:
    """Whose children a notice asks for; None: of nothing that is carried."""
    path, _, remote_id = notice.remote_id.partition(":")
    source = by_endpoint(path)
    return Parent(source.name, path, remote_id) if source is not None and remote_id else None


def parents_are_listed(states: dict[str, Cursor]) -> bool:
    """Whether all that may be a parent has been read once."""
    return all(
        state.backfill_state == "done" or state.unsupported_reason is not None
        for path, state in states.items()
        if (of := by_endpoint(path)) is not None and not of.endpoint.children
    )


async def ask_for_all(
    shop: Workshop, context: TenantContext, resource: Resource, *, probe: bool, fencing: int
) -> int:
    """Queue a reading of every parent's children; returns of how many parents.

    With `probe`, one is read first, and what it says is left to its notice.

    Raises:
        XeroError: from the probe; nothing was queued.
    """
    tenant_id = context.tenant_id
    async with shop.db.transaction() as conn:
        flagged = [
            Parent(name, source_of(name, path).endpoint.path, remote_id)
            for name, path, remote_id in await parents_with(
                conn, tenant_id, FLAG, resource.endpoint.children
            )
        ]
    parents = [each for each in flagged if each.endpoint in resource.endpoint.children]
    if parents and probe:
        before = Before(mark=0, asked_at=await shop.db.now())
        source = source_of(parents[0].resource, parents[0].endpoint)
        await shop.reader.children(context, resource, source, parents[0], before=before)
    wanted = [
        NewNotice(
            endpoint=resource.endpoint.path,
            remote_id=RemoteId(parent.key),
            origin="sweep",
            wait=max(number - AT_ONCE, 0) * SPREAD,
        )
        for number, parent in enumerate(parents, start=1)
    ]
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        await add_notices(conn, tenant_id, wanted, now=shop.clock.now())
    return len(wanted)


async def read_children(  # noqa: PLR0913  # whose, what, why, under which lease
    shop: Workshop,
    work: Work,
    resource: Resource,
    notice: Notice,
    parent: Parent,
    origin: Origin,
    *,
    fencing: int,
) -> int:
    """Read one parent's children, absorb them, and settle who is missing; returns the number of
    events.

    Raises:
        XeroError: nothing was settled.
        TenantNotLinked, LeaseLost: nothing more was written.
    """
    source = by_endpoint(parent.endpoint)
    assert source is not None  # noqa: S101  # parent_of() found it
    before = Before(mark=work.mark, asked_at=work.looked_at)
    harvest = await shop.reader.children(work.context, resource, source, parent, before=before)
    tenant_id = work.context.tenant_id
    done = await take_in(shop, tenant_id, resource, harvest, origin, fencing=fencing)
    if harvest.poison:
        return done.events  # buried under the parent's name: what is missing can't be told
    return done.events + await _settle(
        shop, work, resource, notice, parent, harvest, fencing=fencing
    )


async def _settle(  # noqa: PLR0913  # as read_children
    shop: Workshop,
    work: Work,
    resource: Resource,
    notice: Notice,
    parent: Parent,
    harvest: Harvest,
    *,
    fencing: int,
) -> int:
    tenant_id, at, now = work.context.tenant_id, work.looked_at, shop.clock.now()
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
        missed = await note_missed(
            conn, tenant_id, resource.name, harvest.remote_ids, asked_at=at,
            endpoint=resource.endpoint.path, below=parent.below, now=now, apart=CONFIRM_AFTER,
        )  # fmt: skip
        gone = sorted(remote_id for remote_id, lists in missed.items() if lists >= LISTS)
        known = await known_records(conn, tenant_id, resource.name, gone)
        steps = [
            missing_step(
                resource, known[remote_id],
                asked_at=at, coalesced=notice.coalesced, detected_by="notice",
            )
            for remote_id in gone
        ]  # fmt: skip
        events = await commit_steps(conn, tenant, steps)
        if len(gone) < len(missed):
            await postpone_notices(conn, tenant_id, [_again(notice, now + CONFIRM_AFTER)])
        else:
            await finish_notices(conn, tenant_id, [notice])
    return events


async def refuse_all(
    shop: Workshop, tenant_id: TenantId, resource: Resource, reason: str, *, fencing: int
) -> None:
    """Xero lets us read no children at all: keep that, and wait for none."""
    await note_refused(shop, tenant_id, resource, reason, fencing=fencing)
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        await drop_notices(conn, tenant_id, resource.endpoint.path)


def _again(notice: Notice, due_at: datetime) -> Postponed:
    return Postponed(
        notice=notice,
        due_at=due_at,
        attempts=notice.attempts,
        stale_reads=notice.stale_reads,
        single_read=notice.single_read,
    )
