"""A session against the simulator: from notices to events, in few calls."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from handlers.session import IDLE_REST_S, REST_S
from storage.database import Database
from storage.leases import take_tenant
from tests.handlers.answers import NOW
from tests.handlers.rig import FEW, Rig, running, until
from unified.resources import RESOURCES


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read."""
    async with running(database, FEW) as started:
        await started.work()
        yield started


async def test_first_session_reads_the_whole_books(database: Database) -> None:
    """The organisation first; all of it merely observed, and progress told."""
    async with running(database) as rig:
        assert await rig.work() == 0.0

        await rig.agree()
        events = await rig.mirror.events(None)
        assert events[0]["entity"]["resource"] == "company_info"
        assert {event["op"] for event in events} == {"r"}
        assert {event["cause"]["kind"] for event in events} == {"backfill"}
        invoices = [each for each in events if each["entity"]["resource"] == "invoice"]
        assert all(each["after"]["currency"] is not None for each in invoices)
        kinds = await rig.db.fetch("SELECT kind, value FROM announcement ORDER BY position")
        assert kinds[0]["kind"] == "linked"
        told = [msgspec.json.decode(row["value"]) for row in kinds[1:]]
        assert {row["kind"] for row in kinds[1:]} <= {"backfill_progress", "capability"}
        ended = [each["resource"] for each in told if each["state"] in ("done", "unsupported")]
        assert sorted(ended) == sorted(each.name for each in RESOURCES)
        assert rig.calls >= sum(not each.endpoint.children for each in RESOURCES)


async def test_notice_becomes_an_event_by_one_call(rig: Rig) -> None:
    """Caused by the webhook, with its times."""
    made = rig.books.create_contact(Name="Fresh Ltd")
    before = rig.calls
    await rig.hint(made.id, "Contacts", created=True)

    assert await rig.work() == 0.0

    event = (await rig.mirror.events("contact"))[-1]
    assert rig.calls - before == 1
    assert (event["op"], event["after"]["name"]) == ("c", "Fresh Ltd")
    assert event["cause"]["kind"] == "webhook"
    assert event["timing"]["received_at"] <= event["timing"]["fetched_at"]
    assert await rig.notices() == []


async def test_many_notices_share_few_calls(rig: Rig) -> None:
    """All documents by one IDs batch, with their lines."""
    for each in rig.books.ledger.invoices:
        await rig.announce(each)
    before = rig.calls

    await rig.work()

    assert rig.calls - before == 1
    assert await rig.notices() == []


async def test_a_hundred_hints_are_caught_up_with_by_one_call(rig: Rig) -> None:
    """By time, not by id."""
    contact = next(iter(rig.books.ledger.contacts))
    made = [
        rig.books.create_invoice(
            Type="ACCREC",
            Contact={"ContactID": contact.id},
            LineItems=[{"Description": "x", "Quantity": 1, "UnitAmount": 1, "AccountCode": "200"}],
        )
        for _ in range(100)
    ]
    for invoice in made:
        await rig.hint(invoice.id, created=True)
    before = rig.calls

    await rig.work()

    await rig.agree()
    assert rig.calls - before <= 2  # the contact may have taken a role
    assert await rig.notices() == []


async def test_announced_and_never_stamped_is_found_all_the_same(rig: Rig) -> None:
    """After the waits, by single reads: the hint is newer than the record's stamp."""
    invoice = _open_invoice(rig)
    rig.books.pay(invoice, "1.00")
    rig.pass_time(minutes=1)
    await rig.hint(invoice)
    await rig.work()
    rig.pass_time(minutes=1)
    rig.books.update_invoice(invoice, DueDate="2027-05-05")  # unstamped: it is part-paid
    rig.pass_time(minutes=1)
    await rig.hint(invoice)

    await rig.work()

    event = (await rig.mirror.events())[-1]
    assert "/due_date" in event["changed_fields"]
    [waiting] = await rig.notices()
    assert waiting["stale_reads"] == 1
    for _ in range(3):
        rig.pass_time(seconds=31)
        await rig.work()
    assert await rig.notices() == []


async def test_hint_that_comes_while_its_thing_is_read_is_read_again(rig: Rig) -> None:
    """The first answer may have been made before the second change."""
    contact = next(iter(rig.books.ledger.contacts))
    rig.books.rename_contact(contact.id, "First")
    await rig.hint(contact.id, "Contacts")
    rig.fault("slow", seconds=0.3)
    session = await rig.session()
    before = rig.calls
    working = asyncio.create_task(session.run())
    await until(lambda: _in_flight(rig))
    await rig.hint(contact.id, "Contacts")
    session.wake.set()

    await working

    assert rig.calls - before == 2
    assert await rig.notices() == []


async def test_what_nobody_carries_is_dropped(rig: Rig) -> None:
    """A notice of an endpoint that an earlier or later version read."""
    await rig.hint("00000000-0000-4000-8000-000000000001", "Receipts")
    before = rig.calls

    await rig.work()

    assert await rig.notices() == []
    assert rig.calls == before


async def test_session_with_nothing_to_do_asks_for_a_rest(rig: Rig) -> None:
    """Whatever made a worker take the tenant, it must not do so in circles."""
    assert await rig.work() == IDLE_REST_S


async def test_session_told_to_stop_ends_after_its_step(rig: Rig) -> None:
    """And leaves what it did not begin."""
    session = await rig.session()
    session.stopping = True
    await rig.hint(next(iter(rig.books.ledger.contacts)).id, "Contacts")

    await session.run()

    assert len(await rig.notices()) == 1


async def test_paused_session_that_wakes_late_changes_nothing(rig: Rig) -> None:
    """Its lease has passed to another, which the database knows."""
    made = rig.books.create_contact(Name="Late Ltd")
    await rig.hint(made.id, "Contacts")
    late = await rig.session("paused")
    rig.fault("slow", seconds=0.3)
    working = asyncio.create_task(late.run())
    await until(lambda: _in_flight(rig))
    await rig.db.execute("UPDATE tenant SET lease_until = clock_timestamp() - interval '1 s'")
    assert await take_tenant(rig.db, rig.tenant, "next")

    assert await working == REST_S

    assert len(await rig.notices()) == 1
    assert all(e["after"]["name"] != "Late Ltd" for e in await rig.mirror.events("contact"))


async def test_tenant_that_left_ends_its_session(rig: Rig) -> None:
    """Nothing may be read for it."""
    session = await rig.session()
    await rig.db.execute("UPDATE tenant SET state = 'disconnected'")

    assert await session.run() == REST_S


async def test_live_changes_come_before_the_rest_of_a_backfill(database: Database) -> None:
    """The slow lane makes one step at a time."""
    async with running(database, FEW) as rig:
        await rig.work()
        await rig.cursors_say("backfill_state = 'pending', backfill_complete = false,"
                              " sweep_due_at = $1", NOW)  # fmt: skip
        rig.books.rename_contact(next(iter(rig.books.ledger.contacts)).id, "Unannounced Ltd")
        await rig.announce(rig.books.create_contact(Name="Live Ltd"), created=True)
        before = len(await rig.mirror.events(None))

        await rig.work()

        new = (await rig.mirror.events(None))[before:]
        told = [(event["op"], event["cause"]["kind"]) for event in new]
        assert told == [("c", "webhook"), ("u", "backfill")]


def _open_invoice(rig: Rig) -> str:
    """A document that is approved and unpaid."""
    return next(
        each.id for each in rig.books.ledger.invoices
        if each.status == "AUTHORISED" and not each.payments and each.type == "ACCREC"
        and each.amount_due > 1
    )  # fmt: skip


async def _in_flight(rig: Rig) -> bool:
    uses = rig.simulator.simulation.limits._uses.values()
    return any(use.in_flight for use in uses)
