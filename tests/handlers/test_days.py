"""Whole days of an organisation under the virtual clock: what they cost, and that no limit of
Xero's is ever passed."""

import heapq
import os
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from ledgerwire.wiring.budget import KEPT
from simulator.business import Business
from simulator.config import OpeningBooks
from simulator.ledger import Change
from simulator.simulation import Usage
from storage.database import Database
from storage.usage import usage_by_day
from tests.figures import Figure
from tests.handlers.agreement import disagreements
from tests.handlers.rig import Rig, running
from unified.resources import by_category, resource
from xero.errors import RateLimited

DAY = timedelta(days=1)
STUCK = timedelta(minutes=5)  #: business time, where what is due has to wait for a limit
MOST_QUIET_CALLS = 300
ACTIONS = int(os.environ.get("LEDGERWIRE_TEST_ACTIONS", "450"))
"""Of the busy organisation's people in a day. Many times this shows the same at greater length."""

CALLERS = 180  #: calls in a row of who waits for an answer, in the morning and late in the evening
DAY_LIMIT = 1_000  #: calls of the lowest tier (Xero: OAuth 2.0 API limits)

_DUE = """
SELECT least((SELECT min(sweep_due_at) FROM cursor),
             (SELECT min(due_at) FROM notice WHERE state = 'due'))
"""


Happening = tuple[datetime, int, Callable[[], Awaitable[None]]]  #: when, a number, and what


class Webhooks:
    """Tells of every change that Xero would announce, but for some that get lost."""

    def __init__(self, rig: Rig, *, lost: float = 0.0) -> None:
        self._rig = rig
        self._lost = lost
        self._rng = random.Random("webhooks")  # noqa: S311  # play
        self._waiting: list[Change] = []
        rig.simulator.books.listen(self._waiting.append)

    async def deliver(self) -> None:
        """Bring what has happened since."""
        changes, self._waiting[:] = list(self._waiting), ()
        for change in changes:
            of = by_category(change.category)
            if of is not None and self._rng.random() >= self._lost:
                await self._rig.hint(
                    change.record_id, of.endpoint.path, created=change.kind == "CREATE",
                    hinted_at=self._rig.clock.now(),
                )  # fmt: skip


async def live_through(rig: Rig, end: datetime, happenings: list[Happening]) -> None:
    """Let time pass until then: things happen, are told, and are looked for."""
    webhooks = Webhooks(rig, lost=0.02)
    while rig.clock.now() < end:
        while happenings and happenings[0][0] <= rig.clock.now():
            await heapq.heappop(happenings)[2]()
        await webhooks.deliver()
        await rig.work()
        now = rig.clock.now()
        due = await rig.db.fetchval(_DUE)
        following = due if due > now else now + STUCK
        rig.clock.set(max(min([following, end, *(at for at, _, _ in happenings[:1])]), now))


def spent(rig: Rig) -> Usage:
    """What Xero has counted for the organisation."""
    return rig.simulator.simulation.used(rig.tenant)


async def by_purpose(rig: Rig, since: datetime) -> str:
    """What we counted, for people."""
    days = await usage_by_day(rig.db, since=since.date(), until=rig.clock.now().date())
    sums: dict[str, int] = {}
    for each in days:
        sums[each.purpose] = sums.get(each.purpose, 0) + each.calls
    return ", ".join(f"{calls} {purpose}" for purpose, calls in sorted(sums.items()))


@pytest.mark.timeout(180)
async def test_quiet_organisation_costs_few_calls_a_day(database: Database, figure: Figure) -> None:
    """Everything that nobody announces is looked for, and complete lists are compared, within
    300 calls; and nothing is announced, for nothing happens."""
    async with running(database) as rig:
        await rig.work()
        await live_through(rig, rig.clock.now() + DAY, [])
        start, calls, size = rig.clock.now(), rig.calls, spent(rig).bytes
        events = await rig.db.fetchval("SELECT max(position) FROM event")
        await live_through(rig, start + DAY, [])
        said = await rig.db.fetch("SELECT cause FROM event WHERE position > $1", events)
        audited_at = await rig.db.fetchval(
            "SELECT min(audited_at) FROM cursor WHERE audited_at IS NOT NULL"
        )
        purposes = await by_purpose(rig, start)

    figure(
        f"a quiet day: {rig.calls - calls} calls, {(spent(rig).bytes - size) / 1000:.0f} kB; "
        f"of three days {purposes}"
    )
    assert rig.calls - calls < MOST_QUIET_CALLS
    assert audited_at >= start - DAY
    assert {row["cause"] for row in said} <= {"time"}


@pytest.mark.timeout(600)
async def test_busy_organisation_never_passes_a_limit_of_xero(
    database: Database, figure: Figure
) -> None:
    """More happens than the lowest tier's 1,000 calls a day can follow one by one, much of it at
    once: no call is refused, callers have what is kept back for them, all is there a day later."""
    books = OpeningBooks(contacts=20, invoices=40, bills=15, months=2)
    async with running(database, opening=books, tier="starter") as rig:
        await rig.work()
        start = rig.simulator.simulation.limits.day_ends(rig.tenant)
        rig.clock.set(start)
        rng = random.Random("busy")  # noqa: S311  # play
        business = Business(rig.simulator.books, random.Random("people"))  # noqa: S311  # play
        moments = [start + rng.random() * DAY for _ in range(ACTIONS * 2 // 3)]
        noon = start + DAY / 2
        moments += [noon + rng.random() * timedelta(minutes=3) for _ in range(ACTIONS // 3)]

        async def act() -> None:
            business.act(rig.tenant)

        async def ask() -> None:
            client, contacts = rig.shop.reader.client, resource("contact").endpoint
            while True:
                try:
                    await client.get_page(
                        rig.tenant, contacts, page=1, page_size=100, purpose="api"
                    )
                except RateLimited as error:
                    if error.problem != "minute":  # which a caller waits for
                        raise
                    rig.clock.advance(timedelta(seconds=error.retry_after_s))
                else:
                    return

        happenings: list[Happening] = [(at, number, act) for number, at in enumerate(moments)]
        asked = [start + timedelta(hours=hour) for hour in (1, 22) for _ in range(CALLERS)]
        happenings += [(at, ACTIONS + number, ask) for number, at in enumerate(asked)]
        heapq.heapify(happenings)
        calls, size = rig.calls, spent(rig).bytes
        await live_through(rig, start + DAY - timedelta(seconds=1), happenings)
        used, bytes_ = rig.calls - calls, spent(rig).bytes - size
        waiting = await rig.db.fetchval("SELECT count(*) FROM notice WHERE state = 'due'")
        changes = await rig.db.fetchval("SELECT count(*) FROM event WHERE cause <> 'backfill'")
        await live_through(rig, start + 2 * DAY, [])
        await rig.cursors_say("sweep_due_at = $1", rig.clock.now())
        await live_through(rig, start + 2 * DAY + timedelta(hours=1), [])
        purposes = await by_purpose(rig, start)

        figure(
            f"a busy day: {ACTIONS} actions, {changes} events, {used} calls, {bytes_ / 1000:.0f} "
            f"kB, {waiting} notices left at its end, none refused; of two days {purposes}"
        )
        assert spent(rig).refused == 0
        assert used <= DAY_LIMIT
        assert used > DAY_LIMIT - KEPT.api  # it was tight: callers lived on what was kept back
        assert await rig.notices() == []
        assert await disagreements(rig.db, rig.books) == []
