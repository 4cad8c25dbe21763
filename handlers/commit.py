"""Announced changes as rows: records, events with their states, and timers, in one go.

Used by everything that moves the mirror, inside a transaction that holds the tenant's lock. What
changed is decided before; how an event is worded is `unified.envelope`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from handlers.compare import Seen
from handlers.waiting import Slices
from storage.absorbing import EventRow, LockedTenant, append_events
from storage.database import Connection
from storage.records import KnownRecord, RecordRow, write_records
from storage.timers import TimerRow, set_timers
from unified.envelope import build_event, event_headers, event_value
from unified.facets import facet_of
from unified.ids import EntityId, RemoteId
from unified.resource import Resource

MISSING = "missing"  #: a removal of which Xero keeps nothing: its state is a tombstone


@dataclass(frozen=True, slots=True)
class Step:
    """One announced change: the record before and after, and why."""

    resource: Resource
    known: KnownRecord | None
    before: dict[str, Any] | None
    after: dict[str, Any]  #: without sequence and clocks
    fingerprint: bytes
    op: str
    cause: dict[str, Any]
    seen: Seen | None  #: None where time alone moved it
    received_at: datetime | None
    at: datetime  #: database clock: when it was detected
    missed_at: datetime | None = None  #: database clock: asked for then, and not there

    @property
    def remote_id(self) -> RemoteId:
        """What it is known by in the mirror."""
        if self.seen is not None:
            return self.seen.normalized.remote_id
        return self.known.remote_id if self.known else RemoteId(self.after["remote_id"])


async def commit_steps(conn: Connection, tenant: LockedTenant, steps: Sequence[Step]) -> int:
    """Write records, events and timers of announced changes; returns the number of events.

    The caller's transaction holds the tenant's lock.
    """
    if not steps:
        return 0
    rows: dict[str, list[RecordRow]] = {}
    timers: dict[str, list[TimerRow]] = {}
    events, slices = [], Slices()
    for offset, step in enumerate(steps, start=1):
        finished, row = _record_row(tenant, step)
        rows.setdefault(step.resource.name, []).append(row)
        timer = _timer_row(step, finished)
        if timer.rule is not None or step.known is not None:  # what is new has no rule to take back
            timers.setdefault(step.resource.name, []).append(timer)
        number = tenant.tenant_sequence + offset
        events.append(_event_row(tenant, step, finished, number, encoded=row.unified))
        await slices.pause()
    for name, records in rows.items():
        await write_records(conn, tenant.id, name, records)
        await set_timers(conn, tenant.id, name, timers.get(name, ()))
    await append_events(conn, tenant, events)
    return len(events)


def _timer_row(step: Step, record: dict[str, Any]) -> TimerRow:
    timer = step.resource.next_timer(record)
    if timer is None:
        return TimerRow(step.remote_id, None, None)
    return TimerRow(step.remote_id, timer.rule, timer.on)


def _record_row(tenant: LockedTenant, step: Step) -> tuple[dict[str, Any], RecordRow]:
    known, record = step.known, step.after
    sequence = 1 if known is None else known.sequence + 1
    first_seen_at = step.at if known is None else known.first_seen_at
    removed = step.resource.removal(record) is not None
    asked_at, answered_at = _read_between(step)
    finished = step.resource.finish(
        record,
        first_seen_at=first_seen_at,
        changed_at=step.at,
        verified_at=answered_at,  # time alone verifies nothing
        version=sequence,
        content_hash=step.resource.content_hash(record),
        deleted_at=_deleted_at(known, removed=removed, at=step.at),
    )
    updated_at = known.updated_at if known else None
    if step.seen is not None and step.seen.normalized.updated_at is not None:
        updated_at = step.seen.normalized.updated_at
    contact, parent = finished.get("contact"), finished.get("parent")
    row = RecordRow(
        remote_id=step.remote_id,
        id=EntityId(finished["id"]),
        unified=msgspec.json.encode(finished),
        raw=step.seen.raw if step.seen else None,
        raw_read=step.seen.raw_read if step.seen else None,
        fingerprint=step.fingerprint,
        sequence=sequence,
        completeness=finished["completeness"],
        updated_at=updated_at,
        asked_at=asked_at,
        answered_at=answered_at,
        first_seen_at=first_seen_at,
        changed_at=step.at,
        status=finished.get("status"),
        type=finished.get("type"),
        number=finished.get("number"),
        contact_remote_id=contact["remote_id"] if isinstance(contact, dict) else None,
        issue_date=_date(finished.get("issue_date") or finished.get("date")),
        due_date=_date(finished.get("due_date")),
        is_deleted=removed,
        endpoint=step.resource.endpoint.path,
        contact_id=contact["id"] if isinstance(contact, dict) else None,
        parent_id=parent["id"] if isinstance(parent, dict) else None,
        payment_status=finished.get("payment_status"),
        is_overdue=finished.get("is_overdue") is True,
        facet=facet_of(finished),
        created_at=_instant(finished.get("created_at")),
    )
    return finished, row


def _read_between(step: Step) -> tuple[datetime, datetime]:
    """When the content was asked for and had arrived; never before what is known of it."""
    known = [(each.asked_at, each.answered_at) for each in (step.known, step.seen) if each]
    if step.missed_at is not None:
        known.append((step.missed_at, step.missed_at))
    asked, answered = zip(*known or [(step.at, step.at)], strict=True)
    return max(asked), max(answered)


def _deleted_at(known: KnownRecord | None, *, removed: bool, at: datetime) -> datetime | None:
    if not removed:
        return None
    if known is not None and known.is_deleted and known.unified.get("deleted_at"):
        return datetime.fromisoformat(known.unified["deleted_at"])
    return at


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _event_row(
    tenant: LockedTenant,
    step: Step,
    after: dict[str, Any],
    tenant_sequence: int,
    *,
    encoded: bytes,
) -> EventRow:
    """The event that says so; `encoded` is the JSON of `after`, which need not be made again."""
    event = build_event(
        resource=step.resource,
        tenant_id=tenant.id,
        tenant_name=tenant.name,
        connection_id=tenant.connection_id,
        op=step.op,
        before=step.before,
        after=after,
        epoch=tenant.epoch,
        sequence=after["version"],
        tenant_sequence=tenant_sequence,
        cause=step.cause,
        received_at=step.received_at,
        detected_at=step.received_at or step.at,
        fetched_at=step.seen.answered_at if step.seen else None,
        normalized_at=step.at,
        raw_hash=step.seen.raw_hash if step.seen else None,
        remote_data=_remote_data(step),
    )
    return EventRow(
        tenant_sequence=tenant_sequence,
        event_id=event["event_id"],
        resource=step.resource.name,
        entity_id=EntityId(after["id"]),
        sequence=after["version"],
        op=step.op,
        cause=step.cause["kind"],
        value=event_value({**event, "after": msgspec.Raw(encoded)}),
        state=None if step.resource.removal(after) == MISSING else encoded,
        headers=msgspec.json.encode(_texts(event_headers(event))),
        received_at=step.received_at,
    )


def _texts(headers: Sequence[tuple[str, bytes]]) -> list[list[str]]:
    return [[name, value.decode()] for name, value in headers]


def _remote_data(step: Step) -> Any:
    """Xero's own JSON of the thing, verbatim, where events are to carry it."""
    if step.seen is None or step.seen.remote_data is None:
        return None
    return msgspec.Raw(step.seen.remote_data)
