"""Batches of payments: whose currency is which, what they lead to, the way to Xero."""

from typing import Any

import pytest

from tests.unified.books import normalized, wire
from unified.resource import DenormalizeError, NormalizeError
from unified.resources.batch_payment import BATCH_PAYMENT
from unified.shape import Read

INVOICE = "4f7c9a10-3b52-4a5e-9d1c-7a6b5c4d3e2f"
BANK = {"id": None, "remote_id": None, "code": "090"}
FIRST = "97ec2ef8-f4d6-4de5-9f2a-385d41cdc2fc"
SECOND = "e232795f-b919-4865-a754-12f6ae8402c0"

Json = dict[str, Any]


def batch(name: str = "received_in_one_run", **changes: Any) -> Json:
    """The record of a golden pair's batch, with some of Xero's keys changed."""
    return normalized("batch_payment", name, read=Read.UNPAGED, **changes).record


def test_batch_leads_to_its_payments_while_it_stands() -> None:
    """They name it in turn; a deleted batch has none, and its payments are worth a look."""
    assert BATCH_PAYMENT.linked(batch()) == [("Payments", FIRST), ("Payments", SECOND)]
    assert BATCH_PAYMENT.linked(batch(Status="DELETED")) == []
    assert batch(Status="DELETED")["deletion_kind"] == "deleted"


@pytest.mark.parametrize(
    ("bank", "paid", "amount", "bank_amount", "total"),
    [
        ("NZD", "NZD", "200.00", "200.00", "250.50"),
        ("NZD", "JPY", "200", "200.00", "250.50"),
        ("KWD", "JPY", "200", "200.000", "250.500"),
        (..., "KWD", "200.000", "200.00", "250.50"),
    ],
)
def test_amounts_are_in_the_documents_currency_and_the_banks(
    bank: Any, paid: str, amount: str, bank_amount: str, total: str
) -> None:
    """Each with the digits of its own."""
    raw = wire("batch_payment", "received_in_one_run")
    account = {"AccountID": raw["Account"]["AccountID"]}
    first = {**raw["Payments"][0], "Invoice": {"InvoiceID": INVOICE, "CurrencyCode": paid}}

    record = batch(
        Account=account if bank is ... else {**account, "CurrencyCode": bank}, Payments=[first]
    )

    [payment] = record["payments"]
    assert (payment["amount"], payment["bank_amount"]) == (amount, bank_amount)
    assert (payment["currency"], record["amount"]) == (paid, total)


def test_order_of_payments_is_no_content() -> None:
    """Xero keeps none."""
    turned = batch(Payments=wire("batch_payment", "received_in_one_run")["Payments"][::-1])

    assert BATCH_PAYMENT.fingerprint(batch()) == BATCH_PAYMENT.fingerprint(turned)
    assert BATCH_PAYMENT.changed_fields(batch(), turned) == []


def test_answer_without_payments_takes_none_away() -> None:
    """Xero sends the list even when it is empty: an answer without it does not tell."""
    told = normalized("batch_payment", "received_in_one_run", read=Read.UNPAGED)
    silent = normalized("batch_payment", "received_in_one_run", read=Read.UNPAGED, Payments=...)

    assert "payments" in told.carried
    assert "payments" not in silent.carried


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({}, {"Status": "DELETED", "Payments": []}, ["batch_payment.deleted"]),
        ({"IsReconciled": False}, {}, ["batch_payment.reconciled"]),
        ({}, {"IsReconciled": False}, ["batch_payment.unreconciled"]),
        ({}, {"Reference": "x"}, []),
    ],
)
def test_facts_say_what_happened(before: Json, after: Json, facts: list[str]) -> None:
    """A batch ends, or a statement confirms it."""
    assert facts == BATCH_PAYMENT.facts(batch(**before), batch(**after))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"Payments": [5]}, "Payments/0"),
        ({"Payments": [{"PaymentID": None}]}, "Payments/0/PaymentID"),
        ({"Payments": [{"PaymentID": FIRST, "Invoice": "x"}]}, "Payments/0"),
        ({"Account": "x"}, "Account"),
        ({"TotalAmount": "much"}, "TotalAmount"),
    ],
)
def test_what_cannot_be_read_says_where(changes: Json, path: str) -> None:
    """A poison batch is buried with the way to what is wrong with it."""
    with pytest.raises(NormalizeError) as caught:
        batch(**changes)

    assert caught.value.path.startswith(path)


def unsent(**changes: Any) -> Json:
    """A batch that a caller wants to make."""
    paid = {"resource": "invoice", "ref": {"id": None, "remote_id": INVOICE}, "amount": "5.00"}
    return {
        "account": BANK,
        "date": "2026-11-03",
        "reference": "Run 7",
        "payments": [{"applied_to": [paid], "amount": "5.00", "reference": "Half"}],
        "extensions": {"xero": {"particulars": "Run"}},
        **changes,
    }


def test_new_batch_in_xeros_words() -> None:
    """Texts by country go along; deleting says nothing but the status."""
    assert BATCH_PAYMENT.denormalize(unsent()) == {
        "Account": {"Code": "090"},
        "Date": "2026-11-03",
        "Reference": "Run 7",
        "Payments": [{"Invoice": {"InvoiceID": INVOICE}, "Amount": "5.00", "Reference": "Half"}],
        "Particulars": "Run",
    }
    assert BATCH_PAYMENT.denormalize({"remote_id": FIRST, "status": "deleted"}) == {
        "BatchPaymentID": FIRST,
        "Status": "DELETED",
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"remote_id": FIRST, "status": "completed"}, "/status"),
        ({"account": None}, "/account"),
        ({"payments": []}, "/payments"),
        ({"payments": [{"applied_to": []}]}, "/payments/0/applied_to"),
        ({"payments": [{"applied_to": [{"resource": "credit_note"}]}]}, "/payments/0/applied_to"),
    ],
)
def test_batches_that_xero_would_refuse_are_not_sent(changes: Json, path: str) -> None:
    """With the way to what is wrong."""
    with pytest.raises(DenormalizeError) as caught:
        BATCH_PAYMENT.denormalize(unsent(**changes))

    assert path == caught.value.path
