"""Absorb: the one function through which the mirror moves, and from whose commits events come.

It compares what Xero answered with what is known and commits, in one transaction under the
tenant's lock, the new records, their events, their timers and the end of their notices. The
network is done before it begins; deciding is `handlers.compare`, wording is `unified.envelope`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from handlers.cause import Origin, cause_of
from handlers.commit import Step, commit_steps
from handlers.compare import (
    Comparison,
    Seen,
    Verdict,
    answers,
    compare,
    is_created,
    is_newer,
    is_too_early,
    is_untold,
    stale_wait,
)
from handlers.legs import transfer_notices
from handlers.links import linked_notices, with_children
from handlers.telling import told_steps
from handlers.waiting import Slices
from storage.absorbing import (
    LockedTenant,
    learn_organisation,
    lock_tenant,
)
from storage.calendars import move_business_date
from storage.cursors import backfill_complete
from storage.database import Connection, Database
from storage.errors import StorageConflict
from storage.notices import (
    NewNotice,
    Notice,
    Postponed,
    add_notices,
    finish_notices,
    hold_notices,
    notices_of,
    postpone_notices,
)
from storage.records import (
    KnownRecord,
    VerifiedRow,
    known_records,
    verify_records,
)
from unified.clock import Clock, local_date
from unified.ids import Parent, RemoteId, TenantId
from unified.resource import Resource

CHUNK = 100
"""Rows per transaction: larger ones delay the receiver's commits on the same disk."""

TRIES = 3  #: of a transaction that got in another's way: the receiver writes notices too


@dataclass(slots=True)
class Absorbed:
    """What one absorb did, in things."""

    new: int = 0
    changed: int = 0
    same: int = 0
    older: int = 0
    ambiguous: int = 0
    events: int = 0
    unannounced: int = 0  #: new or changed things that no notice had asked for
    untold: int = 0  #: of these, what a webhook should have told by now
    too_early: int = 0  #: notices that wait because the answer was older than their hint

    def __iadd__(self, other: "Absorbed") -> "Absorbed":
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(slots=True)
class _Batch:
    """What one transaction will write."""

    steps: list[Step] = field(default_factory=list)
    verified: list[VerifiedRow] = field(default_factory=list)
    finished: list[Notice] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)
    wanted: list[NewNotice] = field(default_factory=list)
    stamped: list[Parent] = field(default_factory=list)  #: with children; nothing of theirs moved

    def notices(self) -> list[tuple[str, str]]:
        """Keys of all notices that the transaction touches."""
        known = [*self.finished, *(each.notice for each in self.postponed)]
        return [
            *((each.endpoint, each.remote_id) for each in known),
            *((each.endpoint, each.remote_id) for each in self.wanted),
        ]


async def absorb(  # noqa: PLR0913  # where, what, why, under which lease
    db: Database,
    tenant_id: TenantId,
    resource: Resource,
    seen: Sequence[Seen],
    origin: Origin,
    *,
    fencing: int | None,
    clock: Clock,
) -> Absorbed:
    """Bring the mirror up to date with these answers, in transactions of `CHUNK` things.

    A thing that stands twice in `seen` counts once, by its latest answer.

    Raises:
        TenantNotLinked, LeaseLost, StorageConflict: nothing of the chunk was written.
    """
    latest: dict[RemoteId, Seen] = {}
    for one in seen:
        latest[one.normalized.remote_id] = one
    unique = [latest[remote_id] for remote_id in sorted(latest)]
    total = Absorbed()
    for start in range(0, len(unique), CHUNK):
        chunk = unique[start : start + CHUNK]
        for left in reversed(range(TRIES)):
            try:
                async with db.transaction() as conn:
                    tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
                    done = await _absorb_chunk(conn, tenant, resource, chunk, origin, clock=clock)
            except StorageConflict:
                if left == 0:
                    raise
            else:
                total += done
                break
    return total


async def _absorb_chunk(
    conn: Connection,
    tenant: LockedTenant,
    resource: Resource,
    seen: Sequence[Seen],
    origin: Origin,
    *,
    clock: Clock,
) -> Absorbed:
    ids = [one.normalized.remote_id for one in seen]
    known = await known_records(conn, tenant.id, resource.name, ids)
    notices = await notices_of(conn, tenant.id, resource.endpoint.path, ids)
    # What a write made is new, whatever was read so far.
    complete = origin.creates or (
        len(known) < len(ids) and await backfill_complete(conn, tenant.id, resource.endpoint.path)
    )
    now = clock.now()
    batch, done = _Batch(), Absorbed()
    slices = Slices()
    for one in seen:
        remote_id = one.normalized.remote_id
        notice = notices.get(remote_id)
        comparison = compare(resource, known.get(remote_id), one, today=tenant.business_date)
        _note(batch, done, resource, known.get(remote_id), one, comparison, notice, now)
        if comparison.verdict in (Verdict.NEW, Verdict.CHANGED):
            step = _step(tenant, resource, known.get(remote_id), one, comparison, notice, origin,
                         complete=complete)  # fmt: skip
            batch.steps.append(step)
            if notice is None:
                done.unannounced += 1
                done.untold += is_untold(
                    known.get(remote_id), one, now=now, listens_since=tenant.listens_since
                )
        if comparison.verdict not in (Verdict.OLDER, Verdict.AMBIGUOUS):
            batch.steps += await told_steps(
                conn, tenant.id, resource, comparison.record, origin=origin, at=one.answered_at
            )
        await slices.pause()
    done.events = await commit_steps(conn, tenant, batch.steps)
    await verify_records(conn, tenant.id, resource.name, batch.verified)
    if resource.name == "company_info":
        await _learn(conn, tenant, batch.steps, now)
    batch.wanted.extend(await linked_notices(conn, tenant.id, batch.steps, stamped=batch.stamped))
    batch.wanted.extend(await transfer_notices(conn, tenant.id, batch.steps, now=now))
    await hold_notices(conn, tenant.id, batch.notices())
    await finish_notices(conn, tenant.id, batch.finished)
    await postpone_notices(conn, tenant.id, batch.postponed)
    await add_notices(conn, tenant.id, batch.wanted, now=now)
    return done


def _note(  # noqa: PLR0913  # the sum of one answer's facts
    batch: _Batch,
    done: Absorbed,
    resource: Resource,
    known: KnownRecord | None,
    seen: Seen,
    comparison: Comparison,
    notice: Notice | None,
    now: datetime,
) -> None:
    """Count the verdict, confirm what is the same, and settle the notice."""
    match comparison.verdict:
        case Verdict.NEW:
            done.new += 1
        case Verdict.CHANGED:
            done.changed += 1
        case Verdict.OLDER:
            done.older += 1
        case Verdict.SAME:
            done.same += 1
            batch.verified.append(_verified(known, seen, comparison))
            if known is not None and is_newer(seen.normalized.updated_at, known.updated_at):
                parent = with_children(resource, comparison.record)
                batch.stamped += [] if parent is None else [parent]
        case Verdict.AMBIGUOUS:
            done.ambiguous += 1
            batch.wanted.append(
                NewNotice(
                    endpoint=resource.endpoint.path,
                    remote_id=seen.normalized.remote_id,
                    origin="stale",
                    single_read=resource.endpoint.single,
                )
            )
            return
    if notice is None or not answers(resource, notice, seen):
        return  # nothing asked for it, or it was hinted again after the request had left
    updated_at = seen.normalized.updated_at
    if known is not None and comparison.verdict is Verdict.OLDER:
        updated_at = known.updated_at
    if is_too_early(notice, updated_at):
        done.too_early += 1
        batch.postponed.append(
            Postponed(
                notice=notice,
                due_at=now + stale_wait(notice),
                attempts=notice.attempts,
                stale_reads=notice.stale_reads + 1,
                single_read=notice.single_read,
            )
        )
    else:
        batch.finished.append(notice)


def _verified(known: KnownRecord | None, seen: Seen, comparison: Comparison) -> VerifiedRow:
    moved = known is None or comparison.record != known.unified
    return VerifiedRow(
        remote_id=seen.normalized.remote_id,
        unified=msgspec.json.encode(comparison.record) if moved else None,
        raw=seen.raw if moved else None,
        updated_at=seen.normalized.updated_at,
        asked_at=seen.asked_at,
        answered_at=seen.answered_at,
    )


def _step(  # noqa: PLR0913  # the sum of one answer's facts
    tenant: LockedTenant,
    resource: Resource,
    known: KnownRecord | None,
    seen: Seen,
    comparison: Comparison,
    notice: Notice | None,
    origin: Origin,
    *,
    complete: bool,
) -> Step:
    after = comparison.record
    return Step(
        resource=resource,
        known=known,
        before=None if known is None else known.unified,
        after=after,
        fingerprint=comparison.fingerprint,
        op=_operation(resource, known, after, seen, notice, tenant, complete=complete),
        cause=cause_of(origin, notice),
        seen=seen,
        received_at=notice.received_at if notice is not None and notice.delivery_id else None,
        at=seen.answered_at,
    )


def _operation(  # noqa: PLR0913  # the sum of one answer's facts
    resource: Resource,
    known: KnownRecord | None,
    after: dict[str, Any],
    seen: Seen,
    notice: Notice | None,
    tenant: LockedTenant,
    *,
    complete: bool,
) -> str:
    removed = resource.removal(after) is not None
    if known is not None:
        return "d" if removed and resource.removal(known.unified) is None else "u"
    created = is_created(
        created_hint=notice is not None and notice.created_hint,
        created_at=seen.normalized.created_at,
        linked_at=tenant.linked_at,
        backfill_complete=complete,
    )
    return "c" if created and not removed else "r"


async def _learn(
    conn: Connection, tenant: LockedTenant, steps: Sequence[Step], now: datetime
) -> None:
    """Keep what other records need of the organisation, and start its calendar."""
    for step in steps:
        after = step.after
        await learn_organisation(
            conn,
            tenant.id,
            name=after["name"],
            base_currency=after["base_currency"],
            time_zone=after["timezone"],
            short_code=after["short_code"],
        )
        await move_business_date(conn, tenant.id, local_date(now, after["timezone"]))
