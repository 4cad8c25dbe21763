"""The clock: moves each organisation's business date at its own midnight and lets fall due what
falls due. No call to Xero is made.

A date only moves forward. What a standstill missed comes once, with the instant at which it was
really due.
"""

from collections.abc import Iterable, MutableMapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from handlers.cause import time_cause
from handlers.commit import Step, commit_steps
from handlers.workshop import place_of
from storage.absorbing import LockedTenant, lock_tenant
from storage.calendars import (
    TenantCalendar,
    calendar_zones,
    calendars_to_turn,
    close_calendar,
    move_business_date,
)
from storage.database import Connection, Database
from storage.errors import StorageError, TenantNotLinked
from storage.records import KnownRecord, known_records
from storage.timers import DueTimer, TimerRow, due_timers, set_timers
from unified.clock import Clock, local_date
from unified.ids import RemoteId, TenantId
from unified.resource import Resource
from unified.resources import source_of

CHUNK = 100  #: records per transaction
BROKEN_REST = timedelta(minutes=1)  #: until a tenant is tried again after a fault of ours
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)


async def turn_calendars(
    db: Database, clock: Clock, *, resting: MutableMapping[TenantId, datetime] | None = None
) -> int:
    """Move every business date that lags behind its organisation's calendar, and announce what
    fell due; returns the number of events.

    A fault of ours stays inside its tenant, which then rests: `resting` remembers until when (real
    time) from one call to the next.
    """
    events = 0
    resting = {} if resting is None else resting
    todays = _todays(clock.now(), await calendar_zones(db))
    for calendar in await calendars_to_turn(db, todays):
        if resting.get(calendar.tenant_id, _LONG_AGO) > clock.real():
            continue
        try:
            events += await _caught_up(db, clock, calendar)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001  # one tenant must not stop all calendars
            resting[calendar.tenant_id] = clock.real() + BROKEN_REST
            log.error("calendar_broke", tenant_id=calendar.tenant_id,  # noqa: TRY400  # its text may hold what was read
                      error=type(error).__name__, at=place_of(error))  # fmt: skip
    return events


def _todays(now: datetime, zones: Iterable[str]) -> dict[str, date]:
    """Each zone's calendar day. One that nobody knows is past every date: its tenants are looked
    at, and each has the fault to itself."""
    todays = {}
    for zone in zones:
        try:
            todays[zone] = local_date(now, zone)
        except (ValueError, ZoneInfoNotFoundError):
            todays[zone] = date.max
    return todays


async def _caught_up(db: Database, clock: Clock, calendar: TenantCalendar) -> int:
    today = max(local_date(clock.now(), calendar.time_zone), calendar.business_date)
    return await turn_calendar(db, calendar.tenant_id, today)


async def turn_calendar(db: Database, tenant_id: TenantId, today: date) -> int:
    """Move one tenant's business date to `today`, then work off what was due, chunk by chunk.

    Safe to run twice at once and to break off anywhere: what is left is still due.
    """
    events = 0
    while True:
        at = await db.now()
        async with db.transaction() as conn:
            try:
                tenant = await lock_tenant(conn, tenant_id, fencing=None)
            except TenantNotLinked:
                return events
            await move_business_date(conn, tenant_id, today)
            timers = await due_timers(conn, tenant_id, today=today, limit=CHUNK)
            events += await _work_off(conn, tenant, timers, today, at)
            if len(timers) < CHUNK:
                await close_calendar(conn, tenant_id, today)
        if len(timers) < CHUNK:
            log.info("calendar_turned", tenant_id=tenant_id, today=today.isoformat(), events=events)
            return events


async def _work_off(
    conn: Connection, tenant: LockedTenant, timers: list[DueTimer], today: date, at: datetime
) -> int:
    by_resource: dict[str, list[DueTimer]] = {}
    for timer in timers:
        by_resource.setdefault(timer.resource, []).append(timer)
    steps: list[Step] = []
    for name, due in by_resource.items():
        known = await known_records(conn, tenant.id, name, [timer.remote_id for timer in due])
        still: list[TimerRow] = []
        for timer in due:
            record = known.get(timer.remote_id)
            step = None if record is None else _step(tenant, record, timer, today, at)
            if step is not None:
                steps.append(step)
            else:
                after = _source(timer, record).next_timer(record.unified) if record else None
                beyond = after if after is not None and after.on > today else None
                still.append(
                    TimerRow(
                        RemoteId(timer.remote_id),
                        beyond.rule if beyond else None,
                        beyond.on if beyond else None,
                    )
                )
        await set_timers(conn, tenant.id, name, still)
    return await commit_steps(conn, tenant, steps)


def _source(timer: DueTimer, known: KnownRecord) -> Resource:
    return source_of(timer.resource, known.endpoint)


def _step(
    tenant: LockedTenant, known: KnownRecord, timer: DueTimer, today: date, at: datetime
) -> Step | None:
    """What the calendar made of one record; None if it moved nothing."""
    resource = _source(timer, known)
    after, rule, due_on = known.unified, timer.rule, timer.due_on
    while (waiting := resource.next_timer(after)) is not None and waiting.on <= today:
        moved = resource.at_date(after, waiting.on)
        if moved is after:
            break
        after, rule, due_on = moved, waiting.rule, waiting.on
    if after is known.unified:
        return None
    zone = tenant.time_zone or "UTC"
    due_at = datetime.combine(due_on, time.min, ZoneInfo(zone))
    return Step(
        resource=resource,
        known=known,
        before=known.unified,
        after=after,
        fingerprint=resource.fingerprint(after),
        op="u",
        cause=time_cause(rule, due_at=due_at, due_on=due_on, timezone=zone),
        seen=None,
        received_at=None,
        at=at,
    )
