"""Looking on while running handlers do what a command asked for: how far it is, what is in its way.

No call of Xero's is made here, so a command can't get in the handlers' way. Who looks away loses
nothing; the work goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from ledgerwire.failures import JobFailed, NothingRuns
from ledgerwire.installation import Installation
from ledgerwire.naming import named_tenant
from storage.cursors import Cursor, cursors
from storage.leases import holders
from storage.overview import events_after
from storage.tenants import TenantSummary, tenant
from unified.codecs import instant_text
from unified.ids import TenantId

LOOK_EVERY_S = 0.2
HANDLERS_GONE_S = 15.0  #: leases of a killed process end within ten
MOST_FAILURES = 3  #: of one step in a row, while somebody looks on
LONGEST_BLOCK = timedelta(minutes=2)  #: a limit that lasts longer is not waited for
DUTIES = "duty."  #: leases that handlers hold, whatever there is to do

#: Told again and again: how many are done, of how many (if known), and what stands in the way.
Seen = Callable[[int, int | None, str], None]

#: How many are done, of how many (if known), and whether that is all, by the cursors.
Progress = Callable[[Mapping[str, Cursor]], Awaitable[tuple[int, int | None, bool]]]


async def ready(here: Installation, name: str) -> TenantSummary:
    """The organisation of this id, external id or name, if anything may be read for it.

    Raises:
        WrongUsage: there is no such organisation.
        JobFailed: it is not linked.
    """
    found = await named_tenant(here.db, name)
    _insist_on_linked(found)
    return found


def _insist_on_linked(found: TenantSummary) -> None:
    if found.state != "linked":
        raise JobFailed(
            f"{called(found)} is {found.state}, so nothing may be read for it: open the address "
            "that `ledgerwire link` prints and consent again"
        )


def called(found: TenantSummary) -> str:
    """What people call it."""
    return found.name or found.id


async def changes_since(here: Installation, before: TenantSummary, cause: str) -> dict[str, int]:
    """Events of this cause by resource, since the organisation was as it was `before`."""
    return await events_after(
        here.db, before.id, epoch=before.epoch, tenant_sequence=before.tenant_sequence, cause=cause
    )


async def watch(
    here: Installation,
    tenant_id: TenantId,
    paths: Sequence[str],
    *,
    progress: Progress,
    seen: Seen,
) -> dict[str, Cursor]:
    """Look on until the handlers have done it; returns the cursors as they are then.

    Raises:
        NothingRuns: no handlers do, or they have ended.
        JobFailed: it can't go on just now; the message says why.
    """
    loop = asyncio.get_running_loop()
    if not await holders(here.db, DUTIES):
        raise NothingRuns(
            "No handlers run, so nobody does it: it is noted, and begins as soon as they do. Start "
            "`ledgerwire up`, or `ledgerwire run handlers`"
        )
    last_held = loop.time()
    while True:
        states = await cursors(here.db, tenant_id)
        done, total, ended = await progress(states)
        found = await tenant(here.db, tenant_id)
        seen(done, total, _obstacle(found, here.clock.now()))
        if ended:
            return states
        _insist_on_linked(found)
        _insist_on_progress(found, [states[path] for path in paths], here.clock.now())
        if await holders(here.db, DUTIES):
            last_held = loop.time()
        elif loop.time() - last_held > HANDLERS_GONE_S:
            raise NothingRuns(
                "The handlers have ended: it goes on from where it stopped when they run again"
            )
        await asyncio.sleep(LOOK_EVERY_S)


def _obstacle(found: TenantSummary, now: datetime) -> str:
    until = found.blocked_until
    if until is None or until <= now:
        return ""
    return f"Xero's {found.blocked_by} limit is spent until {instant_text(until)}"


def _insist_on_progress(found: TenantSummary, states: Sequence[Cursor], now: datetime) -> None:
    until = found.blocked_until
    if until is not None and until - now > LONGEST_BLOCK:
        raise JobFailed(f"{_obstacle(found, now)}: it goes on by itself then")
    for each in states:
        if each.failures >= MOST_FAILURES:
            raise JobFailed(
                f"Reading {each.endpoint} has failed {each.failures} times: it is tried again, "
                "ever less often; `slow_step_failed` in the handlers' log says why, and "
                "`ledgerwire doctor xero` whether Xero answers"
            )
