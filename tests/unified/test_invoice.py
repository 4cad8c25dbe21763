"""Invoices and bills: states, the calendar, what a change means, and the way back to Xero."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.unified.books import NZ, TODAY, US, invoice, normalized, wire
from unified.resource import DenormalizeError, NormalizeError, TenantContext, Timer
from unified.resources.invoice import INVOICE
from unified.shape import Read

PAYMENT = {"PaymentID": "81aa0c3e-55d1-4b0e-8a3f-0f9e8d7c6b5a", "Amount": Decimal("200.00")}

CREDIT = {"CreditNoteID": "c1c2c3c4-d5d6-4e7e-8f8f-0a0b0c0d0e0f", "AppliedAmount": 9}


def unpaid(**changes: Any) -> dict[str, Any]:
    """An approved invoice without payments or credits, due on the last of October."""
    blank = {
        "Payments": [],
        "CreditNotes": [],
        "Overpayments": [],
        "AmountPaid": 0,
        "AmountCredited": 0,
        "AmountDue": Decimal("678.50"),
        "SentToContact": False,
    }
    return invoice(**{**blank, **changes})


@pytest.mark.parametrize(
    ("remote", "paid", "status", "payment_status", "kind"),
    [
        ("DRAFT", 0, "draft", "none", None),
        ("SUBMITTED", 0, "submitted", "none", None),
        ("AUTHORISED", 0, "open", "unpaid", None),
        ("AUTHORISED", 1, "open", "partially_paid", None),
        ("PAID", 1, "paid", "paid", None),
        ("VOIDED", 0, "void", "none", None),
        ("DELETED", 0, "deleted", "none", "deleted"),
        ("authorised", 0, "open", "unpaid", None),
        ("FROZEN", 0, "unknown", "none", None),
        (..., 0, None, "none", None),
    ],
)
def test_status_has_two_axes(
    remote: Any, paid: int, status: str | None, payment_status: str, kind: str | None
) -> None:
    """The document's state and the money's are told apart; only a deleted one is removed."""
    record = unpaid(Status=remote, AmountPaid=paid)

    assert (status, payment_status) == (record["status"], record["payment_status"])
    assert (kind is not None, kind) == (record["is_deleted"], record["deletion_kind"])
    assert kind == INVOICE.removal(record)
    assert record["remote_status"] == (None if remote is ... else remote)


def test_unknown_words_are_counted() -> None:
    """What Xero adds passes through, and shows up in the counts."""
    seen = normalized(
        "invoice", "foreign_bill", Status="FROZEN", Type="ACCLOAN", LineAmountTypes="Both", Mood="x"
    )

    assert (seen.record["type"], seen.record["remote_type"]) == ("unknown", "ACCLOAN")
    assert (seen.record["tax_mode"], seen.record["remote_tax_mode"]) == ("unknown", "Both")
    assert {(d.kind, d.path, d.value) for d in seen.drift} == {
        ("value", "Invoice.Status", "FROZEN"),
        ("value", "Invoice.Type", "ACCLOAN"),
        ("value", "LineAmountTypes", "Both"),
        ("field", "Invoices.Mood", None),
    }


@pytest.mark.parametrize(
    ("today", "timing", "timer"),
    [
        (date(2026, 10, 30), "not_due", Timer("invoice.due", date(2026, 10, 31))),
        (date(2026, 10, 31), "due", Timer("invoice.overdue", date(2026, 11, 1))),
        (date(2026, 11, 1), "overdue", None),
        (date(2027, 11, 1), "overdue", None),
    ],
)
def test_calendar_moves_timing(today: date, timing: str, timer: Timer | None) -> None:
    """Not due before, due on the day, overdue from the next: and the timer says when."""
    record = INVOICE.at_date(unpaid(), today)

    assert timing == record["timing"]
    assert record["is_overdue"] is (timing == "overdue")
    assert timer == INVOICE.next_timer(record)
    assert record is INVOICE.at_date(record, today)


def test_calendar_takes_one_step_at_a_time() -> None:
    """Following the timers gives each change once, on its day, until nothing is left."""
    record = INVOICE.at_date(unpaid(), date(2026, 10, 1))
    steps = []
    while (timer := INVOICE.next_timer(record)) is not None:
        after = INVOICE.at_date(record, timer.on)
        assert INVOICE.at_date(record, date.fromordinal(timer.on.toordinal() - 1)) is record
        steps.append(
            (timer.on, INVOICE.facts(record, after), INVOICE.changed_fields(record, after))
        )
        record = after

    assert steps == [
        (date(2026, 10, 31), ["invoice.became_due"], ["/timing"]),
        (date(2026, 11, 1), ["invoice.became_overdue"], ["/timing", "/is_overdue"]),
    ]
    assert INVOICE.change_class(["/timing", "/is_overdue"]) == "derived"


@pytest.mark.parametrize(
    "changes",
    [
        {"Status": "PAID", "AmountDue": 0},
        {"Status": "DRAFT"},
        {"Status": "VOIDED"},
        {"AmountDue": 0},
        {"AmountDue": ...},
        {"DueDate": ...},
    ],
)
def test_nothing_falls_due_without_money_to_collect(changes: dict[str, Any]) -> None:
    """Only an open document with something due and a date has a place in the calendar."""
    record = unpaid(**changes)

    assert (record["timing"], record["is_overdue"]) == ("none", False)
    assert INVOICE.next_timer(record) is None
    assert record is INVOICE.at_date(record, date(2030, 1, 1))


def test_without_a_business_date_nothing_is_overdue_yet() -> None:
    """Until the organisation's zone is known nobody knows its day; the timer waits for it."""
    nowhere = TenantContext(tenant_id=NZ.tenant_id, connection_id=NZ.connection_id)
    record = normalized("invoice", "part_paid_with_credit_note", context=nowhere).record

    assert (record["timing"], record["is_overdue"]) == ("none", False)
    assert INVOICE.next_timer(record) == Timer("invoice.due", date(2026, 10, 31))
    assert INVOICE.at_date(record, TODAY)["timing"] == "overdue"
    assert (record["base_currency"], record["total_base"]) == (None, None)
    assert record["remote_url"] is None


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({"Status": "DRAFT"}, {}, ["invoice.approved", "invoice.became_overdue"]),
        ({"Status": "SUBMITTED"}, {"DueDate": ...}, ["invoice.approved"]),
        (
            {"Status": "DRAFT"},
            {"Status": "PAID", "AmountPaid": 678.5, "AmountDue": 0},
            ["invoice.approved", "invoice.paid"],
        ),
        ({}, {"AmountPaid": 5, "Payments": [PAYMENT]}, ["invoice.partially_paid"]),
        ({"AmountPaid": 5}, {"AmountPaid": 9}, ["invoice.partially_paid"]),
        ({}, {"AmountCredited": 9}, ["invoice.partially_paid"]),
        ({"AmountPaid": 5}, {"AmountPaid": 5, "Reference": "x"}, []),
        ({"AmountPaid": 9, "Payments": [PAYMENT]}, {}, ["invoice.payment_removed"]),
        ({"AmountPaid": 9}, {"AmountPaid": 5}, ["invoice.payment_removed"]),
        (
            {"Status": "PAID", "AmountDue": 0, "AmountPaid": 9, "Payments": [PAYMENT]},
            {},
            ["invoice.payment_removed", "invoice.became_overdue"],
        ),
        ({"AmountCredited": 9}, {"AmountCredited": 5}, ["invoice.credit_removed"]),
        (
            {"Status": "PAID", "AmountDue": 0, "CreditNotes": [CREDIT], "AmountCredited": 9},
            {"DueDate": ...},
            ["invoice.credit_removed"],
        ),
        ({"CreditNotes": [CREDIT], "AmountCredited": 9}, {"Status": "VOIDED"}, ["invoice.voided"]),
        ({}, {"Status": "VOIDED", "AmountDue": 0}, ["invoice.voided"]),
        ({"Status": "DRAFT"}, {"Status": "DELETED"}, ["invoice.deleted"]),
        ({"AmountPaid": 5}, {"Status": "VOIDED", "AmountPaid": 0}, ["invoice.voided"]),
        ({}, {"SentToContact": True}, ["invoice.sent"]),
        ({"SentToContact": True}, {}, []),
        ({}, {"InvoiceNumber": "INV-9"}, []),
        ({"Status": "AUTHORISED"}, {"Status": "DRAFT"}, []),
    ],
)
def test_facts_say_what_happened(
    before: dict[str, Any], after: dict[str, Any], facts: list[str]
) -> None:
    """A consumer reads the business meaning instead of comparing records itself."""
    assert facts == INVOICE.facts(unpaid(**before), unpaid(**after))


def test_first_sight_has_no_facts() -> None:
    """What was never seen before may have happened years ago."""
    assert INVOICE.facts(None, unpaid()) == []
    assert INVOICE.facts(unpaid(), None) == []


def test_a_due_date_moved_to_today_falls_due() -> None:
    """The calendar is not the only one that moves timing."""
    today = "/Date(1793664000000+0000)/"

    assert INVOICE.facts(unpaid(DueDate="/Date(1793750400000)/"), unpaid(DueDate=today)) == [
        "invoice.became_due"
    ]
    assert INVOICE.facts(unpaid(), unpaid(DueDate=today)) == []


def test_payments_credits_and_the_template_are_linked() -> None:
    """When one appears or vanishes, it deserves a look of its own: nobody else tells that a
    template ran."""
    assert INVOICE.linked(invoice()) == [
        ("Payments", "81aa0c3e-55d1-4b0e-8a3f-0f9e8d7c6b5a"),
        ("CreditNotes", "c1c2c3c4-d5d6-4e7e-8f8f-0a0b0c0d0e0f"),
        ("Overpayments", "0e0f1011-1213-4415-9617-18191a1b1c1d"),
        ("RepeatingInvoices", "f0e1d2c3-b4a5-4697-8879-6a5b4c3d2e1f"),
    ]
    assert INVOICE.linked(normalized("invoice", "foreign_bill").record) == [
        ("Prepayments", "77777777-aaaa-4bbb-8ccc-ddddeeeeffff")
    ]
    nothing = dict.fromkeys(("payments", "credits", "repeating_transaction"))
    assert INVOICE.linked({**invoice(), **nothing}) == []


def test_credited_amount_follows_from_the_others() -> None:
    """Xero's single answers may lack the key: total = due + paid + credited, unless voided."""
    assert invoice(AmountCredited=...)["amount_credited"] == "78.50"
    assert invoice(AmountCredited=..., AmountPaid=...)["amount_credited"] is None
    assert invoice(AmountCredited=..., Status="VOIDED")["amount_credited"] is None


def test_line_amounts_add_up() -> None:
    """The subtotal never contains tax, whatever the mode; net and gross of a line say which is
    which."""
    for name, sums in (
        ("inclusive_paid", "line_amount"),
        ("part_paid_with_credit_note", "gross_amount"),
    ):
        record = normalized("invoice", name).record
        lines = record["line_items"]
        net = sum(Decimal(line["net_amount"] or 0) for line in lines)
        whole = sum(Decimal(line[sums] or 0) for line in lines)
        assert (Decimal(record["subtotal"]), Decimal(record["total"])) == (net, whole)


def test_item_is_known_by_id_by_code_or_not() -> None:
    """A reference known only by its code has null ids and is never looked up."""
    line = wire("invoice", "foreign_bill")["LineItems"][0]
    items: list[Any] = [{"ItemID": "AB"}, {"Code": "C", "Name": "N"}, {}, None]
    records = invoice(LineItems=[{**line, "ItemCode": "", "Item": item} for item in items])

    assert [each["item"] and sorted(each["item"].items()) for each in records["line_items"]] == [
        [("id", records["line_items"][0]["item"]["id"]), ("remote_id", "ab")],
        [("code", "C"), ("id", None), ("name", "N"), ("remote_id", None)],
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"LineItems": [{"Quantity": "x"}]}, "LineItems/0/Quantity"),
        ({"LineItems": [{}, {"Item": "x"}]}, "LineItems/1/Item|ItemCode"),
        ({"LineItems": [{"Tracking": [5]}]}, "LineItems/0/Tracking/0"),
        ({"LineItems": 5}, "LineItems"),
        ({"Payments": [{"Amount": 5}]}, "Payments/0/PaymentID"),
        ({"Overpayments": [{"OverpaymentID": "x", "Date": 5}]}, "Overpayments/0/Date"),
        ({"InvoiceAddresses": [5]}, "InvoiceAddresses/0"),
        ({"ExpectedPaymentDate": 5}, "ExpectedPaymentDate|PlannedPaymentDate"),
        ({"Contact": "x"}, "Contact"),
        ({"Total": "1,000"}, "Total"),
        ({"DueDate": "soon"}, "DueDate"),
    ],
)
def test_what_cannot_be_read_says_where(changes: dict[str, Any], path: str) -> None:
    """A poison invoice is buried with the way to what is wrong with it."""
    with pytest.raises(NormalizeError) as caught:
        invoice(**changes)

    assert path == caught.value.path
    assert caught.value.remote_id == "4f7c9a10-3b52-4a5e-9d1c-7a6b5c4d3e2f"


def test_write_body_of_an_invoice() -> None:
    """Only what Xero lets be written, in its words; ids of lines, so that none is replaced."""
    body = INVOICE.denormalize(invoice())

    assert body == {
        "InvoiceID": "4f7c9a10-3b52-4a5e-9d1c-7a6b5c4d3e2f",
        "Status": "AUTHORISED",
        "Type": "ACCREC",
        "InvoiceNumber": "INV-0042",
        "Reference": "Rātā St stage 2",
        "Contact": {"ContactID": "aa11bb22-cc33-4d44-8e55-ff6600778899"},
        "Date": "2026-10-01",
        "DueDate": "2026-10-31",
        "ExpectedPaymentDate": "2026-11-02",
        "CurrencyCode": "NZD",
        "LineAmountTypes": "Exclusive",
        "LineItems": [
            {
                "LineItemID": "11111111-2222-4333-8444-555566667777",
                "Description": "Kitchen doors, painted",
                "Quantity": "4",
                "UnitAmount": "120.50",
                "ItemCode": "DOOR",
                "AccountID": "d0d1d2d3-e4e5-4f6f-8070-818283848586",
                "TaxType": "OUTPUT2",
                "Tracking": [
                    {
                        "TrackingCategoryID": "351953c4-8127-4009-88c3-f9cd8c9cbe9f",
                        "TrackingOptionID": "ce205173-7387-4651-9726-2cf4c5405ba2",
                        "Name": "Region",
                        "Option": "South",
                    }
                ],
            },
            {
                "LineItemID": "11111111-2222-4333-8444-555566668888",
                "Description": "Fitting\n(hours)",
                "Quantity": "1.5",
                "UnitAmount": "80.00",
                "AccountCode": "205",
                "TaxType": "OUTPUT2",
                "DiscountRate": "10",
                "Tracking": [],
            },
        ],
        "SentToContact": True,
        "Url": "https://jobs.example.nz/42",
        "BrandingThemeID": "b1b2b3b4-c5c6-4d7d-8e8e-9f9f0a0a0b0b",
    }


def test_write_body_of_a_foreign_bill() -> None:
    """A bill's planned date, and the rate as Xero gave it."""
    body = INVOICE.denormalize(normalized("invoice", "foreign_bill").record)

    assert body["PlannedPaymentDate"] == "2026-11-19"
    assert body["CurrencyRate"] == "0.5912"
    assert body["LineItems"][0]["ItemCode"] == "HINGE"
    assert body["LineItems"][0]["Tracking"] == [{"Name": "Region", "Option": "Overseas"}]


def test_a_callers_own_line_is_written_whole() -> None:
    """What was never read has no line amount: its tax and discount are what the caller chose."""
    line = {
        "description": "New",
        "tax_amount": "1.50",
        "discount_amount": "2.00",
        "account": {"id": None, "remote_id": None, "code": "200"},
        "item": {"id": "x", "remote_id": "e9e8"},
        "tracking": [{"category": {"remote_id": "c"}, "option": None}],
        "extensions": {"xero": {"taxability": "EXEMPT"}},
    }
    body = INVOICE.denormalize({"type": "invoice", "line_items": [line]})

    assert body == {
        "Type": "ACCREC",
        "LineItems": [
            {
                "Description": "New",
                "Item": {"ItemID": "e9e8"},
                "AccountCode": "200",
                "TaxAmount": "1.50",
                "DiscountAmount": "2.00",
                "Tracking": [{"TrackingCategoryID": "c"}],
                "Taxability": "EXEMPT",
            }
        ],
    }
    assert "Status" not in INVOICE.denormalize(invoice(Status="PAID"))
    assert "Contact" not in INVOICE.denormalize({"contact": {"id": None, "remote_id": None}})


def test_changed_rates_are_inverted_and_checked() -> None:
    """A rate of exactly 1 on a foreign document is always a mistake, and so is none above 0."""
    bill = normalized("invoice", "foreign_bill").record

    assert INVOICE.denormalize({**bill, "exchange_rate_to_base": "2"})["CurrencyRate"] == "0.5"
    bare = {"currency": "USD", "base_currency": "NZD"}
    assert INVOICE.denormalize({**bare, "exchange_rate_to_base": "4"})["CurrencyRate"] == "0.25"
    vast = INVOICE.denormalize({**bare, "exchange_rate_to_base": "207580372747398"})
    assert vast["CurrencyRate"] == "0.0000000000000048"
    for wrong in ("1", "1.00", "0", "-2", "99999999999999999999"):
        with pytest.raises(DenormalizeError) as caught:
            INVOICE.denormalize({**bill, "exchange_rate_to_base": wrong})
        assert caught.value.path == "/exchange_rate_to_base"


def test_what_is_written_reads_back_the_same() -> None:
    """A write body, completed by what Xero computes, is the same document again."""
    for name, context in (
        ("part_paid_with_credit_note", NZ),
        ("foreign_bill", NZ),
        ("us_sales_tax", US),
    ):
        held = wire("invoice", name)
        before = normalized("invoice", name, context=context).record
        body = INVOICE.denormalize(before)
        lines = [
            {**was, **sent} for was, sent in zip(held["LineItems"], body["LineItems"], strict=True)
        ]
        answer = {**held, **body, "LineItems": lines, "Contact": held["Contact"]}
        assert before == INVOICE.normalize(answer, context, Read.PAGED).record
