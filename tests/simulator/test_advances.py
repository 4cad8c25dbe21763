"""Prepayments and overpayments, and the bank transactions that make them."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.refusals import Refused
from tests.simulator.callers import Caller
from tests.simulator.conftest import Link
from tests.simulator.money import LINE, advance, excess, overpayment, prepayment, sale

behaviour = pytest.mark.behaviour


def tenant_of(caller: Caller) -> Tenant:
    """The caller's organisation."""
    return caller.running.books.tenant(caller.tenant_id)


@behaviour(
    "Prepayments and overpayments", "RECEIVE- and SPEND-PREPAYMENT transactions make prepayments"
)
@behaviour(
    "Prepayments and overpayments", "the transaction names the credit, which has an id of its own"
)
@pytest.mark.parametrize("kind", ["RECEIVE-PREPAYMENT", "SPEND-PREPAYMENT"])
async def test_transactions_make_prepayments(link: Link, kind: str) -> None:
    """With the same lines and totals; InvoiceNumber is the reference of what was received."""
    caller = await link()

    answer = await caller.put("BankTransactions", {**advance(kind), "Reference": "DEP-1"})

    (made,) = answer.json()["BankTransactions"]
    (shown,) = (await caller.get(f"Prepayments/{made['PrepaymentID']}")).json()["Prepayments"]
    assert made["PrepaymentID"] != made["BankTransactionID"]
    assert (shown["Type"], shown["Status"], shown["Reference"]) == (kind, "AUTHORISED", "DEP-1")
    assert shown.get("InvoiceNumber") == ("DEP-1" if kind.startswith("RECEIVE") else None)
    assert (shown["SubTotal"], shown["TotalTax"], shown["Total"]) == (100.0, 15.0, 115.0)
    assert (shown["RemainingCredit"], shown["CurrencyRate"]) == (115.0, 1.0)
    assert len(shown["LineItems"]) == len(made["LineItems"]) == 1


@behaviour(
    "Prepayments and overpayments", "RECEIVE- and SPEND-OVERPAYMENT transactions make overpayments"
)
@behaviour("Prepayments and overpayments", "an overpayment has one line and no tax")
@pytest.mark.parametrize("kind", ["RECEIVE-OVERPAYMENT", "SPEND-OVERPAYMENT"])
async def test_transactions_make_overpayments(link: Link, kind: str) -> None:
    """NoTax, whatever is sent; two lines are refused."""
    caller = await link()

    answer = await caller.put("BankTransactions", {**excess(kind), "LineAmountTypes": "Exclusive"})
    lines = [{"Description": "x", "LineAmount": 1}] * 2
    two = await caller.put("BankTransactions", {**excess(kind), "LineItems": lines})

    (made,) = answer.json()["BankTransactions"]
    (shown,) = (await caller.get(f"Overpayments/{made['OverpaymentID']}")).json()["Overpayments"]
    assert (shown["Type"], shown["LineAmountTypes"]) == (kind, "NoTax")
    assert (shown["TotalTax"], shown["Total"], shown["RemainingCredit"]) == (0.0, 115.0, 115.0)
    assert shown["LineItems"][0]["TaxType"] == "NONE"
    assert two.status_code == 400


@behaviour("Prepayments and overpayments", "paying too much in the app leaves an overpayment")
def test_paying_too_much_leaves_an_overpayment(tenant: Tenant) -> None:
    """The invoice is PAID, the rest waits."""
    invoice = sale(tenant)

    made = tenant.overpay(invoice.id, "150.00")

    held = tenant.credit(str(made.credit_id))
    assert (invoice.status, invoice.amount_paid) == ("PAID", Decimal("115.00"))
    assert (held.type, held.remaining) == ("RECEIVE-OVERPAYMENT", Decimal("35.00"))
    assert held.reference == invoice.number


@behaviour("Prepayments and overpayments", "both are read only but for their allocations")
@pytest.mark.parametrize("collection", ["Prepayments", "Overpayments"])
async def test_advances_are_read_only(link: Link, collection: str) -> None:
    """405 for other methods."""
    caller = await link()

    answers = [await caller.put(collection, {}), await caller.post(collection, {})]

    assert [answer.status_code for answer in answers] == [405, 405]


@behaviour("Prepayments and overpayments", "deleting the transaction makes the credit VOIDED")
@behaviour("Prepayments and overpayments", "a VOIDED one still shows all of it as RemainingCredit")
@pytest.mark.parametrize("make", [prepayment, overpayment])
async def test_deleting_the_transaction_voids_the_credit(link: Link, make: Any) -> None:
    """By a POST of the Status DELETED, once."""
    caller = await link()
    credit = make(tenant_of(caller))
    path = f"BankTransactions/{credit.bank_transaction_id}"

    answer = await caller.post(path, {"Status": "DELETED"})
    again = await caller.post(path, {"Status": "DELETED"})

    assert answer.json()["BankTransactions"][0]["Status"] == "DELETED"
    assert again.status_code == 400
    assert (credit.status, credit.remaining) == ("VOIDED", Decimal("115.00"))


@behaviour(
    "Prepayments and overpayments", "neither is voided before its allocations and refunds are gone"
)
@pytest.mark.parametrize("make", [prepayment, overpayment])
def test_applied_advances_cannot_be_voided(tenant: Tenant, make: Any) -> None:
    """One after the other, they stand in the way."""
    credit, invoice = make(tenant), sale(tenant)
    allocation = tenant.allocate(credit.id, invoice.id, "15.00")
    refund = tenant.refund(credit.id, "15.00")

    with pytest.raises(Refused, match="cannot be voided"):
        tenant.void_credit(credit.id)
    tenant.unallocate(allocation.id)
    with pytest.raises(Refused, match="cannot be voided"):
        tenant.void_credit(credit.id)
    tenant.delete_payment(refund.id)
    tenant.void_credit(credit.id)

    assert credit.status == "VOIDED"


@behaviour(
    "Prepayments and overpayments", "they are PAID when nothing remains, without a day of it"
)
@pytest.mark.parametrize("make", [prepayment, overpayment])
def test_used_up_advances_are_paid(tenant: Tenant, make: Any) -> None:
    """FullyPaidOnDate is for credit notes alone."""
    credit = make(tenant)

    tenant.allocate(credit.id, sale(tenant).id)

    (shown,) = tenant.raw()[credit.kind.collection]
    assert (shown["Status"], shown["RemainingCredit"]) == ("PAID", 0)
    assert "FullyPaidOnDate" not in shown


@behaviour(
    "Prepayments and overpayments", "an edit of the transaction changes its credit, until applied"
)
async def test_edits_of_the_transaction_reach_its_credit(link: Link) -> None:
    """Sparse on the head, lines replace; then the credit is applied and all is fixed."""
    caller = await link()
    tenant = tenant_of(caller)
    credit = prepayment(tenant, Reference="a")
    path = f"BankTransactions/{credit.bank_transaction_id}"

    lines = [{**LINE, "Quantity": 1}]
    changed = await caller.post(path, {"LineItems": lines})
    renamed = await caller.post(path, {"Reference": "b"})
    (shown,) = (await caller.get(f"Prepayments/{credit.id}")).json()["Prepayments"]
    tenant.allocate(credit.id, sale(tenant).id, "1.00")
    refused = await caller.post(path, {"Reference": "c"})

    assert [answer.status_code for answer in (changed, renamed, refused)] == [200, 200, 400]
    assert (shown["Total"], shown["RemainingCredit"]) == (57.5, 57.5)
    assert (shown["Reference"], shown["InvoiceNumber"]) == ("b", "b")


@behaviour("Prepayments and overpayments", "References and InvoiceNumbers select")
async def test_references_and_numbers_select(link: Link) -> None:
    """References both, InvoiceNumbers prepayments."""
    caller = await link()
    tenant = tenant_of(caller)
    for reference in ("a", "b", "c"):
        prepayment(tenant, Reference=reference)
        overpayment(tenant, Reference=reference)

    async def found(collection: str, **params: str) -> list[str]:
        rows = (await caller.get(collection, params)).json()[collection]
        return sorted(row["Reference"] for row in rows)

    assert await found("Overpayments", References="a,b") == ["a", "b"]
    assert await found("Prepayments", References="c") == ["c"]
    assert await found("Prepayments", InvoiceNumbers="a,c") == ["a", "c"]
    assert await found("BankTransactions", References="b") == ["b", "b"]


@behaviour(
    "Prepayments and overpayments", "unpaged lists lack lines and rate; paged and single have them"
)
@pytest.mark.parametrize(
    ("make", "collection"), [(prepayment, "Prepayments"), (overpayment, "Overpayments")]
)
async def test_lists_are_thin_unless_paged(link: Link, make: Any, collection: str) -> None:
    """As recorded answers are."""
    caller = await link()
    made = make(tenant_of(caller))

    (thin,) = (await caller.get(collection)).json()[collection]
    (paged,) = (await caller.get(collection, {"page": 1})).json()[collection]
    (single,) = (await caller.get(f"{collection}/{made.id}")).json()[collection]

    assert (thin["LineItems"], "CurrencyRate" in thin) == ([], False)
    assert all(
        len(full["LineItems"]) == 1 and full["CurrencyRate"] == 1 for full in (paged, single)
    )


@behaviour(
    "Prepayments and overpayments",
    "a transaction needs a type, a contact, lines and a bank account",
)
@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"Type": "RECEIVE-TRANSFER"}, "is not valid"),
        ({"Contact": None}, "Contact must be specified"),
        ({"Contact": {"FirstName": "Ada"}}, "at least 1 of the following elements"),
        ({"BankAccount": {"Code": "200"}}, "account of type BANK"),
        ({"BankAccount": None}, "account of type BANK"),
        ({"LineItems": []}, "line items must be specified"),
        ({"LineItems": [{**LINE, "UnitAmount": 0}]}, "greater than zero"),
        ({"CurrencyCode": "USD"}, "only supported on overpayments"),
        ({"LineAmountTypes": "Gross"}, "is not valid"),
    ],
)
async def test_unfit_transactions_are_refused(
    link: Link, wishes: dict[str, Any], message: str
) -> None:
    """And no credit is made."""
    caller = await link()

    answer = await caller.put("BankTransactions", {**advance(), **wishes})

    assert answer.status_code == 400
    (element,) = answer.json()["Elements"]
    assert message in element["ValidationErrors"][0]["Message"]
    assert (await caller.get("Prepayments")).json()["Prepayments"] == []


@behaviour("Prepayments and overpayments", "reconciled and locked transactions cannot be deleted")
def test_reconciled_and_locked_transactions_stay(tenant: Tenant) -> None:
    """Each with its sentence."""
    reconciled, locked = prepayment(tenant, IsReconciled=True), prepayment(tenant)

    with pytest.raises(Refused, match="reconciled"):
        tenant.void_credit(reconciled.id)
    tenant.ledger.period_lock = locked.date
    with pytest.raises(Refused, match="locked period"):
        tenant.void_credit(locked.id)

    assert {reconciled.status, locked.status} == {"AUTHORISED"}
