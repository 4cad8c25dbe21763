"""Orders, quotes and repeating templates: states, the calendar, facts, and the way back to Xero."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.unified.books import JP, NZ, TODAY, US, normalized, wire
from unified.resource import DenormalizeError, Resource, Timer
from unified.resources.purchase_order import PURCHASE_ORDER
from unified.resources.quote import QUOTE
from unified.resources.repeating_transaction import REPEATING_TRANSACTION
from unified.shape import Read

DAY = timedelta(days=1)
DELIVERY = date(2026, 10, 30)
EXPIRY = date(2026, 11, 2)
OVERDUE = "purchase_order.delivery_overdue"
RUN = "repeating_transaction.ran_or_missed"
PROMISES = (PURCHASE_ORDER, QUOTE, REPEATING_TRANSACTION)


def order(**changes: Any) -> dict[str, Any]:
    """The record of an order whose delivery is late, with some of Xero's keys changed."""
    return normalized("purchase_order", "late_delivery_in_dollars", **changes).record


def quote(**changes: Any) -> dict[str, Any]:
    """The record of a quote that has expired, with some of Xero's keys changed."""
    return normalized("quote", "sent_and_expired", **changes).record


def template(name: str = "monthly_invoices", **schedule: Any) -> dict[str, Any]:
    """The record of a template, with some keys of its schedule changed; ... leaves one out."""
    raw = wire("repeating_transaction", name)
    days = {**raw["Schedule"], **schedule}
    raw["Schedule"] = {key: value for key, value in days.items() if value is not ...}
    return REPEATING_TRANSACTION.normalize(raw, NZ, Read.UNPAGED).record


def walked(resource: Resource, record: dict[str, Any], days: int) -> list[tuple[str, int]]:
    """The rules that come true within so many days of today, each with its day."""
    found = []
    while (timer := resource.next_timer(record)) is not None and timer.on <= TODAY + days * DAY:
        moved = resource.at_date(record, timer.on)
        assert moved is not record
        found.append((timer.rule, (timer.on - TODAY).days))
        record = moved
    return found


@pytest.mark.parametrize(
    ("word", "status", "late", "kind"),
    [
        ("DRAFT", "draft", False, None),
        ("SUBMITTED", "submitted", False, None),
        ("AUTHORISED", "open", True, None),
        ("authorised", "open", True, None),
        ("BILLED", "billed", False, None),
        ("DELETED", "deleted", False, "deleted"),
    ],
)
def test_only_an_open_order_is_late(word: str, status: str, late: bool, kind: str | None) -> None:
    """What is not approved was not ordered yet, and what is billed came."""
    record = order(Status=word)

    assert (record["status"], record["is_delivery_overdue"]) == (status, late)
    assert kind == PURCHASE_ORDER.removal(record)
    assert (PURCHASE_ORDER.next_timer({**record, "is_delivery_overdue": False}) is None) is not late


def test_delivery_is_late_the_day_after() -> None:
    """Not on the day itself; without a date, never."""
    record = PURCHASE_ORDER.at_date(order(), DELIVERY)

    assert record["is_delivery_overdue"] is False
    assert PURCHASE_ORDER.next_timer(record) == Timer(OVERDUE, DELIVERY + DAY)
    late = PURCHASE_ORDER.at_date(record, DELIVERY + DAY)
    assert late["is_delivery_overdue"] is True
    assert PURCHASE_ORDER.facts(record, late) == [OVERDUE]
    assert PURCHASE_ORDER.next_timer(late) is None
    assert PURCHASE_ORDER.change_class(["/is_delivery_overdue"]) == "derived"
    assert PURCHASE_ORDER.next_timer(order(DeliveryDate=...)) is None


def test_facts_of_an_order() -> None:
    """Approved, billed and sent may come at once; the way back says nothing."""
    draft = order(Status="DRAFT", SentToContact=False)
    billed = order(Status="BILLED")

    assert PURCHASE_ORDER.facts(draft, billed) == [
        "purchase_order.approved",
        "purchase_order.billed",
        "purchase_order.sent",
    ]
    assert PURCHASE_ORDER.facts(billed, draft) == []
    assert PURCHASE_ORDER.facts(draft, order(Status="DELETED", SentToContact=False)) == [
        "purchase_order.deleted"
    ]


def test_order_goes_back_as_it_came() -> None:
    """Its own keys, its lines by their ids; sent only where Xero lets it be."""
    body = PURCHASE_ORDER.denormalize(order())

    assert (body["Status"], body["SentToContact"]) == ("AUTHORISED", True)
    assert body["DeliveryAddress"] == "12 Dock Road\nLyttelton"
    assert body["ExpectedArrivalDate"] == "2026-11-05"
    assert body["CurrencyRate"] == "0.5912"
    assert [line["LineItemID"] for line in body["LineItems"]] == [
        "a0de0001-2222-4222-8222-000000000001",
        "a0de0001-2222-4222-8222-000000000002",
    ]
    draft = PURCHASE_ORDER.denormalize(order(Status="DRAFT", DeliveryAddress="", Telephone=...))
    assert not {"SentToContact", "DeliveryAddress", "Telephone"} & set(draft)
    bare = {**order(), "delivery": {"address": None, "phone": None}}
    assert "Telephone" not in PURCHASE_ORDER.denormalize(bare)


def test_new_order_needs_a_contact_that_xero_has() -> None:
    """Unlike invoices, orders make none; a change need not name it."""
    nobody = {**order(), "contact": {"id": None, "remote_id": None, "name": "Boots"}}

    with pytest.raises(DenormalizeError, match="/contact"):
        PURCHASE_ORDER.denormalize({**nobody, "remote_id": None})
    assert "Contact" not in PURCHASE_ORDER.denormalize(nobody)
    assert "PurchaseOrderID" not in PURCHASE_ORDER.denormalize({**order(), "remote_id": None})


def test_quote_expires_after_its_last_day() -> None:
    """Only while it waits for an answer."""
    record = QUOTE.at_date(quote(), EXPIRY)

    assert record["is_expired"] is False
    assert QUOTE.next_timer(record) == Timer("quote.expired", EXPIRY + DAY)
    assert QUOTE.facts(record, quote()) == ["quote.expired"]
    for word in ("DRAFT", "ACCEPTED", "DECLINED", "INVOICED", "DELETED"):
        answered = quote(Status=word)
        assert answered["is_expired"] is False
        assert QUOTE.next_timer(answered) is None
    assert QUOTE.next_timer(quote(ExpiryDate=...)) is None
    assert QUOTE.removal(quote(Status="DELETED")) == "deleted"


@pytest.mark.parametrize("word", ["SENT", "ACCEPTED", "DECLINED", "INVOICED", "DELETED"])
def test_every_answer_to_a_quote_is_told(word: str) -> None:
    """By its own name; a quote that becomes a draft again says nothing."""
    draft, answered = quote(Status="DRAFT", ExpiryDate=...), quote(Status=word, ExpiryDate=...)

    assert QUOTE.facts(draft, answered) == [f"quote.{word.lower()}"]
    assert QUOTE.facts(answered, draft) == QUOTE.facts(answered, answered) == []


@pytest.mark.parametrize(
    ("mode", "written"), [("exclusive", "EXCLUSIVE"), ("inclusive", "INCLUSIVE"), ("none", "NOTAX")]
)
def test_quotes_write_their_tax_mode_in_capitals(mode: str, written: str) -> None:
    """Unlike invoices and orders."""
    assert QUOTE.denormalize({**quote(), "tax_mode": mode})["LineAmountTypes"] == written
    assert PURCHASE_ORDER.denormalize(order())["LineAmountTypes"] == "Exclusive"


@pytest.mark.parametrize(
    ("business_date", "status", "is_due"),
    [
        (date(2026, 4, 14), "scheduled", False),
        (date(2026, 4, 15), "active", False),
        (date(2026, 11, 14), "active", False),
        (date(2026, 11, 15), "active", True),
        (date(2026, 11, 30), "active", True),
        (date(2026, 12, 1), "ended", True),
    ],
)
def test_state_of_a_template_follows_from_its_days(
    business_date: date, status: str, is_due: bool
) -> None:
    """Xero's status is that of what it makes."""
    record = template(EndDate="2026-11-30")
    moved = REPEATING_TRANSACTION.at_date(record, business_date)

    assert (moved["status"], moved["is_run_due"]) == (status, is_due)
    assert moved["generates_status"] == "open"


def test_days_of_a_template_come_in_their_order() -> None:
    """Its first day, each day of a document that is not seen anew, and the day after its last."""
    record = template(StartDate="2026-11-10", NextScheduledDate="2026-11-10", EndDate="2026-11-20")

    assert record["status"] == "scheduled"
    assert walked(REPEATING_TRANSACTION, record, 90) == [
        (RUN, 7),
        ("repeating_transaction.ended", 18),
    ]
    seen = template(StartDate="2026-11-05", NextScheduledDate="2026-11-10")
    assert walked(REPEATING_TRANSACTION, seen, 90) == [
        ("repeating_transaction.started", 2),
        (RUN, 7),
    ]


def test_day_behind_the_end_is_no_day_to_run() -> None:
    """Nor is there one where Xero names none."""
    for days in (
        {"NextScheduledDate": "2026-12-15", "EndDate": "2026-12-01"},
        {"NextScheduledDate": ...},
    ):
        record = template(**days)
        assert RUN not in [rule for rule, _ in walked(REPEATING_TRANSACTION, record, 400)]


def test_facts_of_a_template() -> None:
    """First that its day came, then that Xero went on."""
    before = template()
    due = REPEATING_TRANSACTION.at_date(before, date(2026, 11, 15))
    gone_on = REPEATING_TRANSACTION.at_date(
        template(NextScheduledDate="2026-12-15"), date(2026, 11, 15)
    )
    last = REPEATING_TRANSACTION.at_date(template(NextScheduledDate=...), date(2026, 11, 15))
    facts = REPEATING_TRANSACTION.facts

    assert facts(before, due) == [RUN]
    assert facts(due, gone_on) == facts(due, last) == ["repeating_transaction.moved_on"]
    assert facts(due, template(NextScheduledDate="2026-12-15", Period=2)) == []
    assert facts(gone_on, before) == []
    scheduled = template(StartDate="2026-11-10", NextScheduledDate="2026-11-10")
    assert facts(scheduled, REPEATING_TRANSACTION.at_date(scheduled, date(2026, 11, 10))) == [
        "repeating_transaction.started",
        RUN,
    ]
    ended = template(EndDate="2026-11-01")
    assert facts(template(), ended) == ["repeating_transaction.ended"]
    deleted = normalized("repeating_transaction", "deleted", read=Read.UNPAGED).record
    assert facts(template(), deleted) == ["repeating_transaction.deleted"]


def test_before_the_first_look_at_the_calendar_a_template_is_active() -> None:
    """As an invoice is not overdue then."""
    record = {**template(EndDate="2026-01-01"), "is_deleted": True}

    assert REPEATING_TRANSACTION.timed(record, None) == {"status": "deleted", "is_run_due": False}
    assert REPEATING_TRANSACTION.timed(template(EndDate="2026-01-01"), None) == {
        "status": "active",
        "is_run_due": False,
    }


def test_single_read_keeps_what_lists_say_of_sending() -> None:
    """Single reads were seen without it: not told is not the same as off."""
    known = normalized("repeating_transaction", "monthly_invoices", read=Read.UNPAGED)
    untold: dict[str, Any] = dict.fromkeys(
        ("ApprovedForSending", "SendCopy", "MarkAsSent", "IncludePDF"), ...
    )
    alone = normalized("repeating_transaction", "monthly_invoices", read=Read.SINGLE, **untold)

    assert REPEATING_TRANSACTION.overlay(known.record, alone) == known.record


def test_new_template_is_written_whole() -> None:
    """With its schedule less the day that Xero computes."""
    new = {
        **template(EndDate="2027-01-31"),
        "remote_id": None,
        "currency": "USD",
        "exchange_rate_to_base": "1.5",
    }
    body = REPEATING_TRANSACTION.denormalize(new)

    assert body["Schedule"] == {
        "Period": 1,
        "Unit": "MONTHLY",
        "StartDate": "2026-04-15",
        "EndDate": "2027-01-31",
        "DueDate": 10,
        "DueDateType": "OFFOLLOWINGMONTH",
    }
    assert (body["Type"], body["Status"], body["ApprovedForSending"]) == (
        "ACCREC",
        "AUTHORISED",
        True,
    )
    plain = REPEATING_TRANSACTION.denormalize({**new, "auto_send": {"send": None}})
    assert not {"ApprovedForSending", "CurrencyRate"} & set(plain)
    with pytest.raises(DenormalizeError, match="/schedule"):
        REPEATING_TRANSACTION.denormalize({**new, "schedule": None})
    loose = {**new["schedule"], "due_rule": {"day": None, "basis": None}}
    assert (
        "DueDate" not in REPEATING_TRANSACTION.denormalize({**new, "schedule": loose})["Schedule"]
    )


def test_template_that_is_there_can_only_be_deleted() -> None:
    """Xero's API changes none, so nobody is led to believe that it did."""
    record = template()

    with pytest.raises(DenormalizeError, match="changes no template"):
        REPEATING_TRANSACTION.denormalize(record)
    assert REPEATING_TRANSACTION.denormalize({**record, "status": "deleted"}) == {
        "RepeatingInvoiceID": record["remote_id"],
        "Status": "DELETED",
    }


@pytest.mark.parametrize("resource", PROMISES)
def test_what_is_missing_is_moved_by_no_calendar(resource: Resource) -> None:
    """What Xero no longer lists is deleted, and stays so whatever day it is."""
    records = {"purchase_order": order(), "quote": quote(), "repeating_transaction": template()}
    gone = resource.missing(records[resource.name])

    assert (gone["status"], gone["deletion_kind"]) == ("deleted", "missing")
    later = resource.at_date(gone, date(2027, 1, 1))
    assert later["status"] == "deleted"
    assert resource.next_timer(later) is None


@pytest.mark.parametrize("resource", PROMISES)
def test_nobody_announces_them_and_nothing_settles_them(resource: Resource) -> None:
    """They are swept, and lead nowhere else."""
    records = {"purchase_order": order(), "quote": quote(), "repeating_transaction": template()}

    assert resource.webhook_category is None
    assert resource.linked(records[resource.name]) == []
    assert resource.endpoint.scope_granular == "accounting.invoices"


def test_foreign_template_has_no_worth_in_base_currency() -> None:
    """Its rate is that of the day on which it runs."""
    record = normalized("repeating_transaction", "deleted", context=JP, read=Read.UNPAGED).record

    assert (record["currency"], record["total"], record["total_base"]) == ("USD", "40.00", None)
    assert normalized("quote", "accepted_in_euro", context=US).record["total_base"] == "77.19"
