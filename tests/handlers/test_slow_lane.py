"""Sweeps and backfills: one step at a time, resumable, and never in circles."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from handlers.backfilling import backfill_step
from handlers.session import IDLE_REST_S, REST_S
from handlers.sweeping import MOST_WALKS
from storage.database import Database
from storage.errors import LeaseLost
from storage.leases import take_tenant
from storage.tenant_context import read_context
from tests.handlers.answers import CONTACT, NOW
from tests.handlers.rig import FEW, Rig, running
from unified.clock import ManualClock
from unified.resource import Resource
from unified.resources.journal_entry import MANUAL_JOURNAL

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
#: Contacts two a page, where archiving one takes it off the list.
SMALL = replace(
    CONTACT,
    endpoint=replace(CONTACT.endpoint, page_size=100, list_params={"pageSize": "2"}),
)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read."""
    async with running(database, FEW) as started:
        await started.work()
        yield started


async def test_sweep_finds_what_no_webhook_told(rig: Rig) -> None:
    """As a poll, from where the last one began, less an overlap."""
    await rig.only("Contacts")
    rig.pass_time(minutes=5)
    rig.books.create_contact(Name="Unannounced Ltd")
    before = await rig.cursor("Contacts")

    await rig.work()

    event = (await rig.mirror.events("contact"))[-1]
    after = await rig.cursor("Contacts")
    assert event["cause"]["kind"] == "poll"
    assert event["cause"]["poll"]["since"] is not None
    assert event["op"] == "c"
    assert before.since is not None
    assert after.since == after.last_swept_at == rig.clock.now()
    assert after.sweep_due_at > rig.clock.now()
    assert after.changes_per_hour > before.changes_per_hour == 0


async def test_busy_endpoint_is_swept_sooner_than_a_quiet_one(rig: Rig) -> None:
    """Each takes its share of the day's calls by how much it finds."""
    rig.pass_time(minutes=5)
    for number in range(50):
        rig.books.create_contact(Name=f"Unannounced {number} Ltd")

    await rig.work()

    contacts, invoices = await rig.cursor("Contacts"), await rig.cursor("Invoices")
    assert contacts.sweep_due_at < invoices.sweep_due_at


async def test_first_sweep_comes_soon_after_the_backfill(rig: Rig) -> None:
    """It meets what changed while pages were read; not at once, for webhooks tell most."""
    cursor = await rig.cursor("Contacts")

    assert cursor.backfill_state == "done"
    assert cursor.backfill_complete
    # The backfill's calls themselves take a second or so each, of the call budget.
    assert cursor.backfill_started_at is not None
    waits = cursor.sweep_due_at - cursor.backfill_started_at
    assert timedelta(seconds=30) <= waits <= timedelta(seconds=32)
    organisation = await rig.cursor("Organisation")
    assert organisation.backfill_started_at is not None
    assert organisation.sweep_due_at - organisation.backfill_started_at >= HOUR


async def test_failing_sweep_is_tried_again_ever_less_often(rig: Rig) -> None:
    """It must not eat the calls that live changes need."""
    await rig.only("Contacts")
    rig.pass_time(minutes=5)
    rig.fault("status", status=400, path="/api.xro/2.0/Contacts", times=None)
    before, waits = rig.calls, []
    for _ in range(11):
        await rig.work()
        due_at = (await rig.cursor("Contacts")).sweep_due_at
        waits.append((due_at - rig.clock.now()).total_seconds())
        rig.clock.set(due_at)

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert rig.calls - before == 11
    rig.heal()
    await rig.work()
    assert (await rig.cursor("Contacts")).failures == 0


async def test_spent_limit_is_no_failure_of_a_sweep(rig: Rig) -> None:
    """The whole tenant waits, and the sweep stays due."""
    await rig.only("Contacts")
    due_at = (await rig.cursor("Contacts")).sweep_due_at
    rig.pass_time(minutes=5)
    rig.fault("limit", problem="minute")

    assert 0 < await rig.work() <= REST_S

    cursor = await rig.cursor("Contacts")
    assert (cursor.failures, cursor.sweep_due_at) == (0, due_at)


async def test_sweep_under_a_lost_lease_moves_no_cursor(rig: Rig) -> None:
    """Whoever works for the tenant now has its own idea of how far it came."""
    rig.pass_time(minutes=5)
    session = await rig.session("paused")
    await rig.db.execute("UPDATE tenant SET lease_until = clock_timestamp() - interval '1 s'")
    assert await take_tenant(rig.db, rig.tenant, "next")

    assert await session.run() == REST_S

    assert (await rig.cursor("Contacts")).last_swept_at is None


async def test_nothing_due_is_no_step(rig: Rig) -> None:
    """And costs no call."""
    before = rig.calls

    assert await rig.work() == IDLE_REST_S
    assert rig.calls == before


class Backfill:
    """A backfill, usually of contacts, two a page, done step by step."""

    def __init__(self, rig: Rig, of: Resource = SMALL) -> None:
        self.rig = rig
        self._of = of

    async def begin(self) -> None:
        """As for a tenant that was just linked."""
        await self.rig.cursors_say(
            "backfill_state = 'pending', backfill_complete = false, backfill_page = 0,"
            " backfill_read = 0, backfill_total = NULL"
        )
        await self.rig.db.execute("DELETE FROM event WHERE resource = $1", self._of.name)
        await self.rig.db.execute("DELETE FROM record WHERE resource = $1", self._of.name)

    async def step(self) -> None:
        """One page, under a fresh lease."""
        lease = await take_tenant(self.rig.db, self.rig.tenant, "here")
        assert lease is not None
        try:
            await backfill_step(
                self.rig.shop,
                await read_context(self.rig.db, self.rig.tenant),
                self._of,
                await self.rig.cursor(self._of.endpoint.path),
                fencing=lease.fencing,
            )
        finally:
            await self.rig.db.execute("UPDATE tenant SET lease_owner = NULL, lease_until = NULL")

    async def read(self) -> set[str]:
        """Remote ids of what it has brought."""
        rows = await self.rig.db.fetch(
            "SELECT remote_id FROM record WHERE resource = $1", self._of.name
        )
        return {row["remote_id"] for row in rows}

    async def where(self) -> tuple[str, int, int]:
        """State, pages and things read."""
        cursor = await self.rig.cursor(self._of.endpoint.path)
        return cursor.backfill_state, cursor.backfill_page, cursor.backfill_read


async def test_backfill_goes_on_at_its_page_after_a_cut(rig: Rig) -> None:
    """What was absorbed is not read again; what was cut off is."""
    backfill = Backfill(rig)
    await backfill.begin()
    await backfill.step()
    first = await backfill.where()
    rig.fault("slow", seconds=30)
    cut = asyncio.create_task(backfill.step())
    await asyncio.wait({cut}, timeout=0.2)
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    after_cut = await backfill.where()
    before = rig.calls

    await backfill.step()

    assert first == after_cut == ("running", 1, 2)
    assert await backfill.where() == ("done", 2, 4)
    assert rig.calls - before == 1
    await rig.agree()


async def test_backfill_under_a_lost_lease_moves_nothing(rig: Rig) -> None:
    """Neither its cursor nor the mirror."""
    backfill = Backfill(rig)
    await backfill.begin()
    context, state = await read_context(rig.db, rig.tenant), await rig.cursor("Contacts")

    with pytest.raises(LeaseLost):
        await backfill_step(rig.shop, context, SMALL, state, fencing=0)

    assert await backfill.where() == ("pending", 0, 0)


async def test_backfill_of_a_list_that_shrank_begins_again(rig: Rig) -> None:
    """What moved up onto a page that was read would else be missed."""
    backfill = Backfill(rig)
    await backfill.begin()
    await backfill.step()
    first = await rig.db.fetchval("SELECT min(remote_id) FROM record WHERE resource = 'contact'")
    rig.books.archive_contact(first)

    await backfill.step()
    restarted = await backfill.where()
    await backfill.step()
    await backfill.step()

    assert restarted == ("running", 0, 0)
    assert await rig.db.fetchval("SELECT count(*) FROM record WHERE resource = 'contact'") == 4


async def test_backfill_by_stamps_begins_again_when_something_moved_to_its_end(
    database: Database,
) -> None:
    """Manual journals come in the order of their changes: one that is changed takes its place at
    the end, and what followed it moves up onto a page that was read."""
    endpoint = replace(MANUAL_JOURNAL.endpoint, page_size=100, list_params={"pageSize": "2"})
    lines = [
        {"LineAmount": 5, "AccountCode": "429"},
        {"LineAmount": -5, "AccountCode": "400"},
    ]
    async with running(database, (*FEW, endpoint.path)) as rig:
        await rig.work()
        held = [
            rig.books.create_journal(Narration=str(number), JournalLines=lines)
            for number in range(4)
        ]
        rig.pass_time(minutes=1)
        backfill = Backfill(rig, replace(MANUAL_JOURNAL, endpoint=endpoint))
        await backfill.begin()
        for _ in range(12):
            if held[0].id not in await backfill.read():
                await backfill.step()
        rig.pass_time(minutes=1)
        rig.books.update_journal(held[0].id, Narration="Changed")

        for _ in range(12):
            if (await backfill.where())[0] != "done":
                await backfill.step()

        assert await backfill.read() >= {journal.id for journal in held}


async def test_backfill_by_stamps_ends_though_something_always_moves(database: Database) -> None:
    """Somebody posts a journal while each page is read, so the last page is never as it was when
    the walk began: it begins again so often and no more, and the first sweep reads the rest."""
    endpoint = replace(MANUAL_JOURNAL.endpoint, page_size=100, list_params={"pageSize": "2"})
    lines = [
        {"LineAmount": 5, "AccountCode": "429"},
        {"LineAmount": -5, "AccountCode": "400"},
    ]
    async with running(database, (*FEW, endpoint.path)) as rig:
        await rig.work()
        await rig.only(endpoint.path)
        posted, restarts = set[str](), 0

        def post() -> None:
            made = rig.books.create_journal(Narration=str(len(posted)), JournalLines=lines)
            posted.add(made.id)
            rig.pass_time(minutes=1)

        for _ in range(4):
            post()
        backfill = Backfill(rig, replace(MANUAL_JOURNAL, endpoint=endpoint))
        await backfill.begin()
        for _ in range(60):
            await backfill.step()
            post()
            state, page, _ = await backfill.where()
            restarts += page == 0
            if state == "done":
                break
        cursor = await rig.cursor(endpoint.path)
        rig.clock.set(cursor.sweep_due_at)
        await rig.work()

        assert (cursor.backfill_state, cursor.backfill_complete) == ("done", True)
        assert restarts == MOST_WALKS - 1
        assert await backfill.read() >= posted


async def test_progress_is_told_with_the_time_left(rig: Rig) -> None:
    """On the control topic, page by page."""
    backfill = Backfill(rig)
    await backfill.begin()
    await rig.db.execute("DELETE FROM announcement")
    await backfill.step()
    rig.pass_time(minutes=1)
    await backfill.step()

    rows = await rig.db.fetch("SELECT value FROM announcement ORDER BY position")
    told = [msgspec.json.decode(row["value"]) for row in rows]
    assert [(each["state"], each["read"], each["total"]) for each in told] == [
        ("running", 2, 4),
        ("done", 4, 4),
    ]
    assert told[1]["seconds_left"] == 0


async def test_unreadable_organisation_keeps_everything_else_waiting(database: Database) -> None:
    """Its currency and calendar shape every other record; it is tried ever less often."""
    async with running(database, FEW) as rig:
        rig.books.ledger.name = "Bad \x00 Ltd"
        due = []
        for _ in range(3):
            assert await rig.work() == REST_S
            due.append((await rig.cursor("Organisation")).sweep_due_at - rig.clock.now())
            calls = rig.calls
            assert await rig.work() == REST_S
            assert rig.calls == calls  # not before it is due
            rig.clock.advance(due[-1])
        rig.books.ledger.name = "Good Ltd"

        await rig.work()

        assert [wait.total_seconds() for wait in due] == [10, 20, 40]
        await rig.agree()
        assert (await rig.mirror.events(None))[0]["after"]["name"] == "Good Ltd"


async def test_organisation_that_can_not_be_reached_is_waited_for(database: Database) -> None:
    """Nothing else is read before it."""
    async with running(database, FEW) as rig:
        rig.fault("status", status=503)

        assert await rig.work() == REST_S

        assert await rig.mirror.events(None) == []
        rig.pass_time(seconds=11)
        await rig.work()
        await rig.agree()


async def test_sweeps_miss_nothing_though_our_clock_runs_ahead(database: Database) -> None:
    """Xero stamps by its own clock: what it stamps after a sweep lies before that by ours."""
    theirs = ManualClock(NOW - 5 * MINUTE)
    async with running(database, FEW, clock=theirs.now) as rig:
        await rig.work()
        for name in ("After the backfill Ltd", "After a sweep Ltd"):
            rig.books.create_contact(Name=name)
            await rig.cursors_say("sweep_due_at = $1", rig.clock.now())
            await rig.work()
            await rig.agree()
            theirs.advance(MINUTE)
            rig.pass_time(minutes=1)
