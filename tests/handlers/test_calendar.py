"""The clock: midnights in each organisation's zone, and what falls due by them."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.calendar import BROKEN_REST, CHUNK, turn_calendar, turn_calendars
from storage.absorbing import lock_tenant
from storage.tenant_states import change_state
from tests.handlers.answers import INVOICE, NOW, Mirror, mirror, raw_invoice, xero_day
from tests.storage.makers import until
from unified.ids import TenantId

MIDNIGHT = datetime(2026, 11, 3, 11, tzinfo=UTC)  #: the next one in Auckland, in summer time
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def due_on(day: int, name: str = "one", *, at: datetime = NOW) -> dict[str, object]:
    """An unpaid invoice due on that day of November."""
    return raw_invoice(name, at=at, DueDate=xero_day(date(2026, 11, day)))


async def turned(here: Mirror, now: datetime) -> int:
    """Let it be `now` and turn all calendars."""
    here.clock.set(now)
    return await turn_calendars(here.db, here.clock)


async def test_nothing_happens_before_midnight(empty: Mirror) -> None:
    """Not a second early."""
    await empty.invoice(due_on(4))

    assert await turned(empty, MIDNIGHT - SECOND) == 0
    assert (await empty.record())["unified"]["timing"] == "not_due"


async def test_falls_due_and_overdue_with_its_midnights(empty: Mirror) -> None:
    """Each an event of its own, caused by time, at the true instant."""
    await empty.invoice(due_on(4))

    assert await turned(empty, MIDNIGHT) == 1
    assert await turned(empty, MIDNIGHT + DAY) == 1
    assert await turned(empty, MIDNIGHT + 2 * DAY) == 0

    _, due, overdue = await empty.events()
    assert (due["op"], due["cause"]["kind"], due["change_class"]) == ("u", "time", "derived")
    assert due["cause"]["time"] == {
        "rule": "invoice.due",
        "due_at": "2026-11-03T11:00:00.000Z",
        "due_on": "2026-11-04",
        "timezone": "Pacific/Auckland",
    }
    assert set(due["changed_fields"]) == {"/timing"}
    assert overdue["cause"]["time"]["rule"] == "invoice.overdue"
    assert overdue["after"]["is_overdue"] is True
    assert "invoice.became_overdue" in overdue["facts"]
    assert overdue["before"] == due["after"]
    assert overdue["timing"]["fetched_at"] is None
    assert await empty.db.fetchval("SELECT count(*) FROM timer") == 0


async def test_time_verifies_nothing(empty: Mirror) -> None:
    """The record still says when Xero last confirmed it."""
    await empty.invoice(due_on(4))
    before = await empty.record()

    await turned(empty, MIDNIGHT)

    after = await empty.record()
    for clock in ("asked_at", "answered_at", "verified_at", "updated_at"):
        assert after[clock] == before[clock]
    assert after["unified"]["verified_at"] == before["unified"]["verified_at"]


async def test_missed_days_come_once_with_the_true_instant(empty: Mirror) -> None:
    """After a standstill of weeks there is one event, dated when it was really overdue."""
    await empty.invoice(due_on(4))

    assert await turned(empty, MIDNIGHT + 20 * DAY) == 1
    assert await turned(empty, MIDNIGHT + 20 * DAY) == 0

    [_, event] = await empty.events()
    assert event["cause"]["time"]["due_at"] == "2026-11-04T11:00:00.000Z"
    assert (event["before"]["timing"], event["after"]["timing"]) == ("not_due", "overdue")


async def test_payment_before_midnight_cancels(empty: Mirror) -> None:
    """A paid invoice falls due for nobody."""
    await empty.invoice(due_on(4))
    paid = {**due_on(4, at=NOW + SECOND), "Status": "PAID", "AmountDue": 0}
    await empty.invoice(paid)

    assert await turned(empty, MIDNIGHT + 5 * DAY) == 0


async def test_payment_that_is_read_after_midnight_comes_after_it(empty: Mirror) -> None:
    """First the day, then what came in it: sequences tell the story as it was known."""
    await empty.invoice(due_on(3))
    await turned(empty, MIDNIGHT)
    paid = {**due_on(3, at=NOW + SECOND), "Status": "PAID", "AmountDue": 0}

    await empty.invoice(paid)

    causes = [event["cause"]["kind"] for event in await empty.events()]
    assert causes == ["poll", "time", "poll"]
    assert (await empty.record())["unified"]["timing"] == "none"


async def test_organisations_have_their_own_midnights(empty: Mirror) -> None:
    """Auckland is a day ahead of Los Angeles for most of it."""
    west = await mirror(empty.db)
    await west.db.execute(
        "UPDATE tenant SET time_zone = 'America/Los_Angeles', business_date = '2026-11-02'"
        " WHERE id = $1",
        west.id,
    )
    for here in (empty, west):
        await here.invoice(due_on(4))

    in_auckland = await turned(empty, MIDNIGHT)
    before_los_angeles = await turned(empty, datetime(2026, 11, 4, 7, 59, 59, tzinfo=UTC))
    in_los_angeles = await turned(empty, datetime(2026, 11, 4, 8, tzinfo=UTC))

    assert (in_auckland, before_los_angeles, in_los_angeles) == (1, 0, 1)
    [_, event] = await west.events()
    assert event["cause"]["time"]["due_at"] == "2026-11-04T08:00:00.000Z"


async def test_date_never_goes_back(empty: Mirror) -> None:
    """A clock set back, or a zone changed, undoes no day."""
    await turned(empty, MIDNIGHT + 3 * DAY)

    await turned(empty, NOW)

    assert await empty.db.fetchval("SELECT business_date FROM tenant") == date(2026, 11, 7)


async def test_more_than_one_transaction_holds(empty: Mirror) -> None:
    """Each is worked off once, with numbers that have no gaps."""
    names = [str(number) for number in range(CHUNK + 30)]
    await empty.absorb(INVOICE, *[await empty.seen(INVOICE, due_on(4, name)) for name in names])

    assert await turned(empty, MIDNIGHT) == len(names)

    every = await empty.events(None)
    assert [event["tenant_sequence"] for event in every] == list(range(1, len(every) + 1))
    assert {event["sequence"] for event in every if event["cause"]["kind"] == "time"} == {2}


async def test_two_processes_at_once_announce_each_once(empty: Mirror) -> None:
    """As when a duty is taken over while it is still being done."""
    names = [str(number) for number in range(CHUNK + 30)]
    await empty.absorb(INVOICE, *[await empty.seen(INVOICE, due_on(4, name)) for name in names])
    empty.clock.set(MIDNIGHT)
    async with empty.db.transaction() as conn:
        await lock_tenant(conn, empty.id, fencing=None)
        both = asyncio.gather(*(turn_calendars(empty.db, empty.clock) for _ in range(2)))
        await until(empty.db, "SELECT count(*) = 2 FROM waiting")

    assert sum(await both) == len(names)


async def test_what_a_crash_left_between_two_transactions_is_worked_off(empty: Mirror) -> None:
    """The date has moved already, the timers have not."""
    await empty.invoice(due_on(4))
    await empty.db.execute("UPDATE tenant SET business_date = '2026-11-04'")

    assert await turned(empty, MIDNIGHT) == 1


async def test_same_answer_between_the_two_leaves_it_to_the_clock(empty: Mirror) -> None:
    """The cause of falling due is time, whoever looks first."""
    await empty.invoice(due_on(4))
    await empty.db.execute("UPDATE tenant SET business_date = '2026-11-04'")

    done = await empty.invoice(due_on(4))

    assert (done.same, done.events) == (1, 0)
    assert await turned(empty, MIDNIGHT) == 1
    assert (await empty.events())[-1]["cause"]["kind"] == "time"


async def test_timer_without_its_record_or_its_reason_goes(empty: Mirror) -> None:
    """Nothing is announced for it, and it is not asked again."""
    await empty.invoice(due_on(20))
    await empty.db.execute(
        """INSERT INTO timer SELECT tenant_id, 'invoice', 'gone', 'invoice.due', '2026-11-01'
             FROM timer"""
    )
    await empty.db.execute("UPDATE timer SET due_on = '2026-11-02'")

    assert await turned(empty, MIDNIGHT) == 0

    [left] = await empty.db.fetch("SELECT remote_id, due_on FROM timer")
    assert left["due_on"] == date(2026, 11, 20)


@pytest.mark.parametrize("state", ["vanished", "disconnected"])
async def test_organisation_that_left_has_no_calendar(empty: Mirror, state: str) -> None:
    """Nothing moves for it."""
    await empty.invoice(due_on(4))
    await change_state(empty.db, empty.id, state, reason="test")

    assert await turned(empty, MIDNIGHT) == 0
    assert await turn_calendar(empty.db, empty.id, date(2026, 11, 9)) == 0


async def test_organisation_that_waits_for_consent_keeps_its_calendar(empty: Mirror) -> None:
    """No call to Xero is needed."""
    await empty.invoice(due_on(4))
    await change_state(empty.db, empty.id, "needs_reauth", reason="test")

    assert await turned(empty, MIDNIGHT) == 1


async def test_fault_in_one_calendar_stops_no_other(empty: Mirror) -> None:
    """It is logged, left alone for a while and then tried again."""
    other = await mirror(empty.db)
    other.clock = empty.clock
    for each in (empty, other):
        await each.invoice(due_on(4))
    await empty.db.execute(
        "UPDATE record SET unified = '{}' WHERE tenant_id = $1 AND resource = 'invoice'", empty.id
    )
    resting: dict[TenantId, datetime] = {}
    empty.clock.set(MIDNIGHT)

    assert await turn_calendars(empty.db, empty.clock, resting=resting) == 1
    assert list(resting) == [empty.id]
    assert (await other.events())[-1]["cause"]["kind"] == "time"

    await empty.db.execute("DELETE FROM timer WHERE tenant_id = $1", empty.id)
    assert await turn_calendars(empty.db, empty.clock, resting=resting) == 0
    empty.clock.advance(2 * BROKEN_REST, real=True)
    assert await turn_calendars(empty.db, empty.clock, resting=resting) == 0
