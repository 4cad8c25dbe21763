"""Audits: whole lists page by page, what they put right, and what no list holds any more."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers import slow_lane
from handlers.absence import CONFIRM_AFTER
from handlers.auditing import LEFT_OF_THE_DAY, audit_interval, audit_step, is_walked
from storage.audits import Audit, ask_for_audit, audit_ended, audits
from storage.database import Database
from storage.leases import take_tenant
from storage.tenant_context import read_context
from tests.handlers.rig import FEW, Rig, running
from unified.resource import Resource
from unified.resources import RESOURCES, resource

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
CONTACT = resource("contact")
SMALL = replace(
    CONTACT,
    endpoint=replace(
        CONTACT.endpoint,
        page_size=100,
        list_params={**CONTACT.endpoint.list_params, "pageSize": "2"},
    ),
)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, a week ago."""
    async with running(database, FEW) as started:
        await started.work()
        started.clock.advance(7 * DAY)
        yield started


async def audit(rig: Rig, path: str = "Contacts") -> Audit:
    """Audit one endpoint now, and do what follows at once."""
    await rig.only(path)
    await ask_for_audit(rig.db, rig.tenant, [path], now=rig.clock.now())
    await rig.work()
    return (await audits(rig.db, rig.tenant))[path]


async def last_event(rig: Rig, of: str = "contact") -> dict[str, Any]:
    """The newest event of a resource."""
    return (await rig.mirror.events(of))[-1]


def test_what_can_not_leave_unseen_is_not_walked() -> None:
    """Lists in one piece are read whole by their sweeps, and what is permanent never leaves."""
    walked = {each.endpoint.path for each in RESOURCES if is_walked(each)}

    assert {"Contacts", "Invoices", "CreditNotes", "Payments"} <= walked
    assert not {"Organisation", "Currencies", "Accounts", "Items"} & walked


def test_a_long_list_is_audited_less_often() -> None:
    """About one page a day, whatever its length, and once in 30 days at least."""
    assert audit_interval(CONTACT, 0) == audit_interval(CONTACT, 1_000) == DAY
    assert audit_interval(CONTACT, 10_001) == 11 * DAY
    assert audit_interval(CONTACT, 900_000) == 30 * DAY
    assert audit_interval(resource("account"), 0) == DAY


async def test_unstamped_change_is_put_right_and_said_to_be(rig: Rig) -> None:
    """No sweep sees what Xero does not stamp, and no webhook tells it."""
    contact = next(iter(rig.books.ledger.contacts))
    contact.is_supplier = not contact.is_supplier
    contact.revision += 1
    before = rig.calls

    done = await audit(rig)

    event = await last_event(rig)
    assert (event["op"], event["cause"]["kind"]) == ("u", "reconcile")
    assert event["entity"]["remote_id"] == contact.id
    assert event["cause"]["detected_by"] == "audit"
    assert done.audited_at == rig.clock.now()
    assert done.due_at == rig.clock.now() + DAY
    assert rig.calls - before == 2  # the whole list, then the sweep that it came before


async def test_what_a_sweep_would_find_is_no_repair(rig: Rig) -> None:
    """Only what comparing alone can find is said to be put right."""
    rig.books.create_contact(Name="Stamped Ltd")

    await audit(rig)

    event = await last_event(rig)
    assert event["cause"]["kind"] == "poll"
    assert event["after"]["name"] == "Stamped Ltd"


async def test_what_left_a_paged_list_is_missing_after_two_audits_and_a_404(rig: Rig) -> None:
    """The absence rule, where a list takes many calls: sweeps alone would never tell."""
    contacts = rig.books.ledger.contacts
    gone = next(iter(contacts))
    contacts.drop(gone.id)

    first = await audit(rig)
    assert {each["op"] for each in await rig.mirror.events("contact")} == {"r"}
    assert first.due_at == rig.clock.now() + CONFIRM_AFTER
    assert (await rig.cursor("Contacts")).sweep_due_at <= first.due_at
    rig.clock.set(first.due_at)
    await rig.work()

    event = await last_event(rig)
    assert (event["op"], event["deletion_kind"]) == ("d", "missing")
    assert event["entity"]["remote_id"] == gone.id
    assert event["cause"]["kind"] == "reconcile"
    states = await rig.db.fetch("SELECT state FROM event ORDER BY position DESC LIMIT 1")
    assert states[0]["state"] is None
    assert (await audits(rig.db, rig.tenant))["Contacts"].due_at == first.due_at + DAY
    assert await rig.notices() == await rig.notices("dead") == []


async def test_what_can_be_read_alone_is_not_gone(rig: Rig) -> None:
    """However many lists lack it."""
    contacts = rig.books.ledger.contacts
    hidden = next(iter(contacts))
    contacts.drop(hidden.id)
    contacts.by_id[hidden.id] = hidden  # readable alone, in no list
    for _ in range(3):
        await audit(rig)
        rig.clock.advance(CONFIRM_AFTER)

    assert {each["op"] for each in await rig.mirror.events("contact")} == {"r"}
    assert await rig.notices() == []


async def test_unreadable_thing_is_listed_all_the_same(rig: Rig) -> None:
    """What we fail to read is there: it must not be taken for gone."""
    invoice = next(iter(rig.books.ledger.invoices))
    invoice.reference = "Bad \x00 reference"
    invoice.revision += 1
    for _ in range(3):
        await audit(rig, "Invoices")
        rig.clock.advance(CONFIRM_AFTER)

    assert {each["op"] for each in await rig.mirror.events("invoice")} == {"r"}
    missed = await rig.db.fetchval("SELECT max(missed_lists) FROM record")
    assert missed == 0
    assert [each["remote_id"] for each in await rig.notices("dead")] == [invoice.id]


class Walk:
    """An audit of contacts, two a page, done step by step."""

    def __init__(self, rig: Rig, of: Resource = SMALL) -> None:
        self.rig = rig
        self._of = of

    async def step(self) -> Audit:
        """One page, under a fresh lease; where the audit stands then."""
        lease = await take_tenant(self.rig.db, self.rig.tenant, "here")
        assert lease is not None
        try:
            await audit_step(
                self.rig.shop,
                await read_context(self.rig.db, self.rig.tenant),
                self._of,
                await self.rig.cursor("Contacts"),
                fencing=lease.fencing,
            )
        finally:
            await self.rig.db.execute("UPDATE tenant SET lease_owner = NULL, lease_until = NULL")
        return (await audits(self.rig.db, self.rig.tenant))["Contacts"]


async def test_audit_goes_on_at_its_page(rig: Rig) -> None:
    """A long list need not be walked in one go, nor by one process."""
    walk, before = Walk(rig), rig.calls

    first = await walk.step()
    rig.pass_time(minutes=1)
    last = await walk.step()

    assert (first.page, first.read, first.total) == (1, 2, 4)
    assert last.started_at is None
    assert last.audited_at == first.started_at
    assert rig.calls - before == 2


async def test_list_that_shrank_is_walked_again_before_anything_is_missed(rig: Rig) -> None:
    """What moved up onto a page that was read would else look gone."""
    walk = Walk(rig)
    await walk.step()
    rig.books.ledger.contacts.drop(next(iter(rig.books.ledger.contacts)).id)

    restarted = await walk.step()

    assert (restarted.page, restarted.read) == (0, 0)
    assert restarted.started_at == rig.clock.now()
    await walk.step()
    await walk.step()
    missed = await rig.db.fetch("SELECT 1 FROM record WHERE missed_lists > 0")
    assert len(missed) == 1


async def test_audit_that_was_asked_for_during_another_is_done(rig: Rig) -> None:
    """Whoever asks wants to know what is there from then on."""
    walk = Walk(rig)
    walking = await walk.step()
    assert walking.started_at is not None
    asked_at = rig.clock.now() + MINUTE
    await ask_for_audit(rig.db, rig.tenant, ["Contacts"], now=asked_at)
    async with rig.db.transaction() as conn:  # what the other ends with
        await audit_ended(
            conn, rig.tenant, "Contacts",
            audited_at=walking.started_at, due_at=walking.started_at + DAY,
        )  # fmt: skip

    assert (await audits(rig.db, rig.tenant))["Contacts"].due_at == asked_at


async def test_audits_leave_the_last_calls_of_the_day_to_changes(rig: Rig) -> None:
    """They can wait for tomorrow; what changes now can't."""
    await rig.only("Contacts")
    await ask_for_audit(rig.db, rig.tenant, ["Contacts"], now=rig.clock.now())
    context = await read_context(rig.db, rig.tenant)
    left = "UPDATE tenant SET day_remaining = $1"
    steps = []
    for calls in (LEFT_OF_THE_DAY - 1, LEFT_OF_THE_DAY):
        await rig.db.execute(left, calls)
        steps.append(
            await slow_lane._step_of(
                rig.shop,
                context,
                resource("contact"),
                await rig.cursor("Contacts"),
                rig.clock.now(),
            )
        )

    assert steps == [slow_lane._sweep, audit_step]


async def test_what_is_not_known_in_full_is_not_audited(rig: Rig) -> None:
    """A backfill that left out what is old was asked to: an audit would bring it in."""
    await rig.cursors_say("backfill_complete = false")

    done = await audit(rig)

    assert done.due_at is None
    assert done.audited_at is None


async def test_whole_list_in_one_piece_counts_as_an_audit(database: Database) -> None:
    """Sweeps of such lists compare everything once a day, and at once when asked."""
    async with running(database, ("Organisation", "Accounts")) as rig:
        await rig.work()
        rig.clock.advance(2 * DAY)
        await rig.work()
        account = next(iter(rig.books.ledger.accounts))
        account.description = "Moved without a stamp"

        done = await audit(rig, "Accounts")

        event = await last_event(rig, "account")
        assert event["cause"]["kind"] == "reconcile"
        assert done.audited_at == rig.clock.now()
