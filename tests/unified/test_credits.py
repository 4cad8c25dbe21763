"""Credit notes, prepayments and overpayments: what is left of them, and what happened to them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unified.books import NZ, US, normalized, wire
from unified.allocations import allocation_body
from unified.resource import DenormalizeError, NormalizeError, Resource
from unified.resources.credit_note import CREDIT_NOTE
from unified.resources.overpayment import OVERPAYMENT
from unified.resources.prepayment import PREPAYMENT
from unified.shape import Read

INVOICE = "4f7c9a10-3b52-4a5e-9d1c-7a6b5c4d3e2f"
OTHER = "4f7c9a10-9999-4a5e-9d1c-7a6b5c4d3e2f"
PAIRS = {
    "credit_note": "part_allocated_and_refunded",
    "prepayment": "received_in_yen",
    "overpayment": "received_part_allocated",
}
KINDS = (CREDIT_NOTE, PREPAYMENT, OVERPAYMENT)


def credit(of: Resource = CREDIT_NOTE, **changes: Any) -> dict[str, Any]:
    """The record of a golden pair's credit without allocations and refunds, with changes."""
    blank = {"Allocations": [], "Payments": [], "RemainingCredit": wire(of.name, PAIRS[of.name])[
        "Total"]}  # fmt: skip
    return normalized(of.name, PAIRS[of.name], **{**blank, **changes}).record


def allocation(amount: str = "5", to: str = INVOICE, **more: Any) -> dict[str, Any]:
    """One allocation as Xero shows it."""
    usual = {"AllocationID": f"af-{to[9:13]}", "Date": "/Date(1792022400000+0000)/"}
    return {**usual, "Amount": Decimal(amount), "Invoice": {"InvoiceID": to}, **more}


REFUND = {"PaymentID": "81aa0c3e-55d1-4b0e-8a3f-0f9e8d7c6b5a", "Amount": Decimal(3)}


@pytest.mark.parametrize("of", KINDS, ids=lambda of: str(of.name))
@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        ("AUTHORISED", {}, "none"),
        ("AUTHORISED", {"Allocations": [allocation()]}, "partial"),
        ("PAID", {"Allocations": [allocation()], "RemainingCredit": 0}, "full"),
        ("PAID", {"Payments": [REFUND], "RemainingCredit": 0}, "none"),
        ("AUTHORISED", {"Allocations": [allocation(IsDeleted=True)]}, "none"),
        ("VOIDED", {}, "none"),
        ("AUTHORISED", {"AppliedAmount": 2, "RemainingCredit": 0}, "full"),
        ("FROZEN", {"Allocations": [allocation()]}, "none"),
    ],
)
def test_allocation_status_tells_how_much_was_applied(
    of: Resource, status: str, changes: dict[str, Any], expected: str
) -> None:
    """Refunds use a credit up but apply none of it; a void one was never applied."""
    assert expected == credit(of, Status=status, **changes)["allocation_status"]


def test_applied_amount_is_the_sum_of_standing_allocations() -> None:
    """Xero's answers leave the key out; where it stands it is believed."""
    some = [allocation("5.25"), allocation("2.50", OTHER), allocation("9", OTHER, IsDeleted=True)]

    assert credit(Allocations=some)["applied_amount"] == "7.75"
    assert credit(Allocations=some, AppliedAmount=1)["applied_amount"] == "1.00"
    assert credit(Allocations=[{**allocation(), "Amount": None}])["applied_amount"] is None


@pytest.mark.parametrize(
    ("of", "remote", "kind"),
    [
        (CREDIT_NOTE, "ACCRECCREDIT", "receivable"),
        (CREDIT_NOTE, "ACCPAYCREDIT", "payable"),
        (PREPAYMENT, "RECEIVE-PREPAYMENT", "receivable"),
        (PREPAYMENT, "ARPREPAYMENT", "receivable"),
        (PREPAYMENT, "SPEND-PREPAYMENT", "payable"),
        (PREPAYMENT, "APPREPAYMENT", "payable"),
        (OVERPAYMENT, "RECEIVE-OVERPAYMENT", "receivable"),
        (OVERPAYMENT, "AROVERPAYMENT", "receivable"),
        (OVERPAYMENT, "SPEND-OVERPAYMENT", "payable"),
        (OVERPAYMENT, "APOVERPAYMENT", "payable"),
        (OVERPAYMENT, "LENT-OVERPAYMENT", "unknown"),
    ],
)
def test_type_says_whose_credit_it_is(of: Resource, remote: str, kind: str) -> None:
    """A customer's, which we owe, or ours with a supplier."""
    record = credit(of, Type=remote)

    assert kind == record["type"]
    assert record["remote_type"] == (remote if kind == "unknown" else None)


@pytest.mark.parametrize(
    ("of", "remote", "status", "gone"),
    [
        (CREDIT_NOTE, "DRAFT", "draft", False),
        (CREDIT_NOTE, "SUBMITTED", "submitted", False),
        (CREDIT_NOTE, "AUTHORISED", "open", False),
        (CREDIT_NOTE, "PAID", "paid", False),
        (CREDIT_NOTE, "VOIDED", "void", False),
        (CREDIT_NOTE, "DELETED", "deleted", True),
        (PREPAYMENT, "AUTHORISED", "open", False),
        (PREPAYMENT, "PAID", "paid", False),
        (PREPAYMENT, "VOIDED", "void", False),
        (OVERPAYMENT, "AUTHORISED", "open", False),
        (OVERPAYMENT, "PAID", "paid", False),
        (OVERPAYMENT, "VOIDED", "void", False),
        (OVERPAYMENT, "FROZEN", "unknown", False),
    ],
)
def test_status_in_our_words(of: Resource, remote: str, status: str, gone: bool) -> None:
    """Only a deleted credit note is removed; void ones stay on the books."""
    record = credit(of, Status=remote)

    assert (status, remote, gone) == (
        record["status"],
        record["remote_status"],
        record["is_deleted"],
    )


@pytest.mark.parametrize("of", KINDS, ids=lambda of: str(of.name))
@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({}, {"Allocations": [allocation()]}, ["allocated"]),
        (
            {},
            {"Allocations": [allocation()], "Status": "PAID", "RemainingCredit": 0},
            ["allocated", "used_up"],
        ),
        ({"Allocations": [allocation()]}, {}, ["allocation_removed"]),
        (
            {"Allocations": [allocation()]},
            {"Allocations": [allocation(IsDeleted=True)]},
            ["allocation_removed"],
        ),
        (
            {"Allocations": [allocation()]},
            {"Allocations": [allocation(), allocation("1", OTHER)]},
            ["allocated"],
        ),
        (
            {"Allocations": [allocation()]},
            {"Allocations": [allocation("1", OTHER)]},
            ["allocation_removed", "allocated"],
        ),
        (
            {"Allocations": [allocation("5")]},
            {"Allocations": [allocation("6")]},
            ["allocation_removed", "allocated"],
        ),
        ({}, {"Payments": [REFUND]}, ["refunded"]),
        ({"Payments": [REFUND]}, {}, ["refund_removed"]),
        (
            {"Payments": [REFUND], "Status": "PAID", "RemainingCredit": 0},
            {},
            ["refund_removed", "reopened"],
        ),
        ({}, {"Status": "VOIDED"}, ["voided"]),
        ({"Status": "VOIDED"}, {"Status": "VOIDED", "Reference": "x"}, []),
        ({"Allocations": [allocation()]}, {"Status": "VOIDED"}, ["voided"]),
        ({}, {"Reference": "x"}, []),
    ],
)
def test_facts_say_what_happened(
    of: Resource, before: dict[str, Any], after: dict[str, Any], facts: list[str]
) -> None:
    """A consumer that waits for a customer's credit to be used reads one word."""
    told = of.facts(credit(of, **before), credit(of, **after))

    assert [f"{of.name}.{fact}" for fact in facts] == told


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({"Status": "DRAFT"}, {}, ["credit_note.approved"]),
        (
            {"Status": "SUBMITTED"},
            {"Status": "PAID", "RemainingCredit": 0, "Allocations": [allocation()]},
            ["credit_note.approved", "credit_note.allocated", "credit_note.used_up"],
        ),
        ({"Status": "DRAFT"}, {"Status": "DELETED"}, ["credit_note.deleted"]),
        ({"SentToContact": False}, {}, ["credit_note.sent"]),
        ({}, {"SentToContact": False}, []),
    ],
)
def test_credit_notes_have_facts_of_their_own(
    before: dict[str, Any], after: dict[str, Any], facts: list[str]
) -> None:
    """They alone are drafts first, can be deleted and sent."""
    assert facts == CREDIT_NOTE.facts(credit(**before), credit(**after))


@pytest.mark.parametrize("of", KINDS, ids=lambda of: str(of.name))
def test_what_a_credit_was_used_for_is_linked(of: Resource) -> None:
    """Invoices it was applied to and refunds; not what was taken back."""
    record = credit(
        of,
        Payments=[REFUND],
        Allocations=[allocation(), allocation("1", OTHER, IsDeleted=True), {"Invoice": None}],
    )

    assert of.linked(record) == [("Payments", REFUND["PaymentID"]), ("Invoices", INVOICE)]
    assert of.linked({**record, "payments": None, "allocations": None}) == []


@pytest.mark.parametrize("of", [PREPAYMENT, OVERPAYMENT], ids=lambda of: str(of.name))
def test_answer_without_a_rate_keeps_the_known_one(of: Resource) -> None:
    """Lists of these were seen without it: the next sweep would else take base amounts away."""
    foreign = wire(of.name, PAIRS[of.name], CurrencyCode="EUR", CurrencyRate=Decimal("0.5"))
    known = of.normalize(foreign, NZ, Read.SINGLE).record
    del foreign["CurrencyRate"]
    first = of.normalize(foreign, NZ, Read.PAGED)
    laid_over = of.overlay(known, first)

    assert first.record["total_base"] is None
    assert (laid_over["provider_exchange_rate"], laid_over["total_base"]) == (
        "0.5",
        known["total_base"],
    )
    assert of.fingerprint(known) == of.fingerprint(laid_over)


@pytest.mark.parametrize("of", KINDS, ids=lambda of: str(of.name))
def test_order_of_allocations_is_no_content(of: Resource) -> None:
    """Xero promises none; elements are told apart by their ids."""
    one, two = allocation(), allocation("2", OTHER)
    there, back = credit(of, Allocations=[one, two]), credit(of, Allocations=[two, one])

    assert of.fingerprint(there) == of.fingerprint(back)
    assert of.changed_fields(there, credit(of, Allocations=[two])) == [
        "/applied_amount",
        "/applied_amount_base",
        f"/allocations/{one['AllocationID']}",
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"Allocations": 5}, "Allocations"),
        ({"Allocations": [{"Invoice": "x"}]}, "Allocations/0/Invoice"),
        ({"Allocations": [{"Amount": "x"}]}, "Allocations/0/Amount"),
        ({"Payments": [{"Amount": 5}]}, "Payments/0/PaymentID"),
        ({"RemainingCredit": "x"}, "RemainingCredit"),
        ({"CurrencyCode": "N"}, "CurrencyCode"),
    ],
)
def test_what_cannot_be_read_says_where(changes: dict[str, Any], path: str) -> None:
    """A poison credit is buried with the way to what is wrong with it."""
    with pytest.raises(NormalizeError) as caught:
        credit(**changes)

    assert path == caught.value.path


def test_write_body_of_a_credit_note() -> None:
    """What Xero lets be written: neither allocations nor refunds, which have calls of their own."""
    body = CREDIT_NOTE.denormalize(normalized("credit_note", PAIRS["credit_note"]).record)

    assert body == {
        "CreditNoteID": "c1c2c3c4-d5d6-4e7e-8f8f-0a0b0c0d0e0f",
        "Status": "AUTHORISED",
        "Type": "ACCRECCREDIT",
        "CreditNoteNumber": "CN-0007",
        "Reference": "INV-0042 short",
        "Contact": {"ContactID": "aa11bb22-cc33-4d44-8e55-ff6600778899"},
        "Date": "2026-10-19",
        "DueDate": "2026-11-19",
        "CurrencyCode": "NZD",
        "LineAmountTypes": "Inclusive",
        "LineItems": [
            {
                "LineItemID": "12121212-0001-4333-8444-555566667777",
                "Description": "Doors short by one",
                "Quantity": "1",
                "UnitAmount": "115.00",
                "AccountCode": "200",
                "TaxType": "OUTPUT2",
                "Tracking": [],
            }
        ],
    }


def test_write_body_of_a_suppliers_credit_note() -> None:
    """It has no reference, is never made paid by us, and keeps the rate that Xero gave."""
    record = normalized("credit_note", "foreign_used_up").record
    body = CREDIT_NOTE.denormalize({**record, "reference": "ours"})

    assert "Status" not in body
    assert "Reference" not in body
    assert (body["Type"], body["CurrencyRate"]) == ("ACCPAYCREDIT", "0.5912")


def test_prepayments_and_overpayments_are_not_written() -> None:
    """Xero makes them of bank transactions; only their allocations can be written."""
    for of, name in ((PREPAYMENT, "spent_and_used_up"), (OVERPAYMENT, "received_part_allocated")):
        with pytest.raises(DenormalizeError):
            of.denormalize(normalized(of.name, name, context=US).record)


def test_allocation_in_xeros_words() -> None:
    """What PUT to a credit's allocations takes."""
    made = {"target": {"id": None, "remote_id": INVOICE}, "amount": "5.00", "date": "2026-11-03"}

    assert allocation_body(made) == {
        "Invoice": {"InvoiceID": INVOICE},
        "Amount": "5.00",
        "Date": "2026-11-03",
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"target": None}, "/target"),
        ({"target": {"id": None, "remote_id": None, "name": "INV-1"}}, "/target"),
        ({"amount": None}, "/amount"),
        ({"amount": "0.00"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"date": None}, "/date"),
    ],
)
def test_allocation_that_xero_would_refuse_is_refused(changes: dict[str, Any], path: str) -> None:
    """With the way to what is wrong."""
    made = {"target": {"id": None, "remote_id": INVOICE}, "amount": "5.00", "date": "2026-11-03"}

    with pytest.raises(DenormalizeError) as caught:
        allocation_body({**made, **changes})

    assert path == caught.value.path
