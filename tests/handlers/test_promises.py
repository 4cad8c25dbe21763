"""Orders, quotes and templates of repeating invoices: swept, moved by the calendar, and looked at
when something shows that a template ran.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.calendar import turn_calendars
from simulator import attachments, purchase_orders, quotes, repeating
from simulator.filing import Attachment
from storage.database import Database
from tests.handlers.rig import Rig, running

DAY = timedelta(days=1)
LINE = {"Description": "Work", "Quantity": 1, "UnitAmount": "50.00", "AccountCode": "200"}
PATHS = ("Organisation", "Contacts", "Invoices", "PurchaseOrders", "Quotes", "RepeatingInvoices")


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation of which all that matters here is read, with nothing read of it yet."""
    async with running(database, PATHS) as started:
        yield started


def of_someone(rig: Rig, **wishes: Any) -> dict[str, Any]:
    """An element for some customer in the books."""
    contact = next(each for each in rig.books.ledger.contacts if each.is_customer)
    return {"Contact": {"ContactID": contact.id}, "LineItems": [LINE], **wishes}


def template(rig: Rig, **schedule: Any) -> Any:
    """A template of approved invoices whose first day is tomorrow."""
    first = (rig.books.ledger.today() + DAY).isoformat()
    rule = {"Period": 1, "Unit": "WEEKLY", "DueDate": 7, "DueDateType": "DAYSAFTERBILLDATE"}
    wishes = {"Type": "ACCREC", "Status": "AUTHORISED"}
    element = of_someone(rig, **wishes, Schedule={**rule, "StartDate": first, **schedule})
    return repeating.create(rig.books.ledger, element)


async def next_day(rig: Rig) -> None:
    """Midnight in the organisation: templates run, our calendar turns, and no sweep is due."""
    rig.clock.advance(DAY)
    rig.simulator.books.turn()
    await rig.only("none")
    await turn_calendars(rig.db, rig.clock)


async def told(rig: Rig, resource: str) -> list[tuple[str, list[str]]]:
    """Cause and facts of the updates of the only thing of a kind."""
    events = await rig.mirror.events(resource)
    return [(each["cause"]["kind"], each["facts"]) for each in events if each["op"] != "r"]


async def test_late_delivery_is_told_at_midnight(rig: Rig) -> None:
    """The day after the delivery date, without a call; not while it is only a draft."""
    today = rig.books.ledger.today().isoformat()
    wishes = {"DeliveryDate": today, "Status": "AUTHORISED"}
    purchase_orders.create(rig.books.ledger, of_someone(rig, **wishes))
    await rig.work()
    before = rig.calls

    await next_day(rig)

    assert await told(rig, "purchase_order") == [("time", ["purchase_order.delivery_overdue"])]
    assert rig.calls == before
    [_, event] = await rig.mirror.events("purchase_order")
    assert event["cause"]["time"]["rule"] == "purchase_order.delivery_overdue"
    assert event["change_class"] == "derived"


async def test_quote_expires_at_midnight(rig: Rig) -> None:
    """Once, and a quote that is answered meanwhile does not."""
    wishes = {"ExpiryDate": rig.books.ledger.today().isoformat(), "Status": "SENT"}
    held = list(rig.books.ledger.promises.quotes)
    for quote in held:
        rig.books.ledger.promises.quotes.drop(quote.id)
    quotes.create(rig.books.ledger, of_someone(rig, **wishes))
    await rig.work()

    await next_day(rig)
    await next_day(rig)

    assert await told(rig, "quote") == [("time", ["quote.expired"])]


async def test_what_a_template_makes_leads_to_a_look_at_the_template(rig: Rig) -> None:
    """Its day comes by the calendar; the invoice's webhook brings its next day with one read."""
    made_by = template(rig)
    await rig.work()

    await next_day(rig)
    assert await told(rig, "repeating_transaction") == [
        (
            "time",
            ["repeating_transaction.started", "repeating_transaction.ran_or_missed"],
        )
    ]
    [invoice] = [i for i in rig.books.ledger.invoices if i.template_id == made_by.id]
    before = rig.calls
    await rig.announce(invoice, created=True)
    await rig.work()

    assert rig.calls == before + 2
    [*_, moved] = await rig.mirror.events("repeating_transaction")
    assert moved["facts"] == ["repeating_transaction.moved_on"]
    assert moved["after"]["is_run_due"] is False
    [*_, created] = await rig.mirror.events("invoice")
    assert created["after"]["repeating_transaction"]["remote_id"] == made_by.id
    assert await rig.notices() == []


async def test_template_that_misses_its_day_says_no_more(rig: Rig) -> None:
    """What was refused leaves no invoice: its day has come, and a sweep tells the next one."""
    ledger = rig.books.ledger
    made_by = template(rig)
    await rig.work()
    ledger.period_lock = ledger.today() + 2 * DAY

    await next_day(rig)
    assert [i for i in ledger.invoices if i.template_id == made_by.id] == []
    await rig.only("RepeatingInvoices")
    await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = $2", rig.clock.now(),
                          "RepeatingInvoices")  # fmt: skip
    await rig.work()

    causes = await told(rig, "repeating_transaction")
    assert [facts[-1] for _, facts in causes] == [
        "repeating_transaction.ran_or_missed",
        "repeating_transaction.moved_on",
    ]
    assert [kind for kind, _ in causes] == ["time", "poll"]


async def test_unannounced_changes_are_swept(rig: Rig) -> None:
    """Orders and quotes by their stamps, templates by comparing the list; each counted as poll."""
    ledger = rig.books.ledger
    order = purchase_orders.create(ledger, of_someone(rig))
    made_by = template(rig, EndDate=(ledger.today() + 30 * DAY).isoformat())
    await rig.work()
    rig.clock.advance(DAY / 24)
    purchase_orders.update(ledger, order, {"Status": "AUTHORISED"})
    repeating.delete(ledger, made_by, {"Status": "DELETED"})

    for path in ("PurchaseOrders", "RepeatingInvoices"):
        await rig.only(path)
        await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = $2", rig.clock.now(), path)
        await rig.work()

    assert await told(rig, "purchase_order") == [("poll", ["purchase_order.approved"])]
    assert await told(rig, "repeating_transaction") == [("poll", ["repeating_transaction.deleted"])]
    [*_, gone] = await rig.mirror.events("repeating_transaction")
    assert (gone["op"], gone["after"]["status"]) == ("d", "deleted")
    waiting = "SELECT count(*) FROM timer WHERE resource = 'repeating_transaction'"
    assert await rig.db.fetchval(waiting) == 0


async def test_files_of_a_quote_are_read_though_no_quote_tells_of_them(database: Database) -> None:
    """Xero's quotes have no flag for them: with the backfill, and whenever a quote has changed."""
    async with running(database, (*PATHS, "Attachments")) as rig:
        ledger = rig.books.ledger
        quote = quotes.create(ledger, of_someone(rig))
        sent = Attachment("", "plan.pdf", "application/pdf", b"one")
        attachments.keep(ledger, quote, sent, by="tests")
        await rig.work()
        [first] = [e for e in await rig.mirror.events("attachment")
                   if e["after"]["parent"]["resource"] == "quote"]  # fmt: skip

        attachments.keep(ledger, quote, replace(sent, name="sums.pdf"), by="tests")
        quotes.update(ledger, quote, {"Title": "With sums"})
        await rig.only("Quotes")
        await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = 'Quotes'", rig.clock.now())
        await rig.work()

        [*_, last] = await rig.mirror.events("attachment")
        assert (first["op"], first["after"]["file_name"]) == ("r", "plan.pdf")
        assert (last["op"], last["after"]["file_name"]) == ("c", "sums.pdf")
