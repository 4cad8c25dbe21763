"""Snapshots of reports that a person turns on, off, or looks at: noted in the database, taken by
the handlers that run.

Off until somebody turns them on: each report costs a call, and aged ones a call for each contact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ledgerwire.failures import WrongUsage
from ledgerwire.installation import Installation
from ledgerwire.naming import named_tenant
from storage.snapshots import Schedule, schedule_snapshots, schedules, stop_snapshots
from unified.codecs import instant_text
from unified.resource import Resource
from unified.resources.report import AGED, BY_TYPE, report_id

SHORTEST = timedelta(minutes=15)  #: more often, one organisation's day of calls would go to reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """One report's snapshots; instants are RFC 3339, business time.

    Attributes:
        every_hours: how often; null: off.
        contacts: Xero's ids of those an aged report is taken of.
        unsupported: why Xero does not let us read it; null: it does, or unasked.
    """

    report: str
    every_hours: float | None
    contacts: tuple[str, ...]
    due_at: str | None
    taken_at: str | None
    unsupported: str | None


async def turn_on(
    here: Installation,
    name: str,
    reports: Sequence[str],
    *,
    every: timedelta,
    contacts: Sequence[str],
) -> list[Snapshots]:
    """Have snapshots of these reports taken, the first now; without names, of all but aged ones.

    Raises:
        WrongUsage: no such organisation, report or contact id, too often, or an aged report
            without a contact.
    """
    tenant = await named_tenant(here.db, name)
    chosen = _named(reports) if reports else {k: v for k, v in BY_TYPE.items() if k not in AGED}
    ids = [_contact(each) for each in contacts]
    if every < SHORTEST:
        raise WrongUsage("Take snapshots every quarter of an hour at most: --every 0.25")
    if ids and not AGED & chosen.keys():
        raise WrongUsage(f"Only {' and '.join(sorted(AGED))} are about a contact")
    for kind, report in chosen.items():
        if kind in AGED and not ids:
            raise WrongUsage(f"{kind} is about one contact at a time: name some with --contact")
        of = [report_id(report, each) for each in ids] if kind in AGED else [report_id(report)]
        await schedule_snapshots(
            here.db, tenant.id, report.endpoint.path, every=every, of=of, now=here.clock.now()
        )
    return await listed(here, name)


async def turn_off(here: Installation, name: str, reports: Sequence[str]) -> list[Snapshots]:
    """Have no more snapshots of these reports taken, of any without names; what was taken stays.

    Raises:
        WrongUsage: no such organisation or report.
    """
    tenant = await named_tenant(here.db, name)
    chosen = _named(reports) if reports else BY_TYPE
    await stop_snapshots(here.db, tenant.id, [each.endpoint.path for each in chosen.values()])
    return await listed(here, name)


async def listed(here: Installation, name: str) -> list[Snapshots]:
    """Every report with its schedule. Raises WrongUsage: no such organisation."""
    tenant = await named_tenant(here.db, name)
    on = await schedules(here.db, tenant.id)
    return [_told(kind, on.get(report.endpoint.path)) for kind, report in BY_TYPE.items()]


def _told(kind: str, schedule: Schedule | None) -> Snapshots:
    if schedule is None:
        return Snapshots(report=kind, every_hours=None, contacts=(), due_at=None, taken_at=None,
                         unsupported=None)  # fmt: skip
    contacts = (each.partition(":")[2] for each in schedule.of)
    return Snapshots(
        report=kind,
        every_hours=schedule.every / timedelta(hours=1),
        contacts=tuple(each for each in contacts if each),
        due_at=instant_text(schedule.due_at),
        taken_at=_instant(schedule.taken_at),
        unsupported=schedule.unsupported_reason,
    )


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _named(names: Sequence[str]) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for name in names:
        kind = name.strip().lower().replace("-", "_")
        if kind not in BY_TYPE:
            raise WrongUsage(f"There is no report {name}: take one of {', '.join(BY_TYPE)}")
        found[kind] = BY_TYPE[kind]
    return found


def _contact(text: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise WrongUsage(f"{text} is no contact's id at Xero") from None
