"""Bank transfers, batches of payments and manual journals: their rules, by the wire and past it."""

from decimal import Decimal
from typing import Any

import pytest

from simulator import chart, tax_rates, tracking, usage
from simulator.books import Tenant
from simulator.config import TenantSpec
from simulator.refusals import Refused
from tests.simulator.callers import TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.money import bill, sale
from tests.simulator.test_payments import tenant_of

behaviour = pytest.mark.behaviour

BOOKED = {
    "Narration": "Moved",
    "JournalLines": [
        {"LineAmount": "80.00", "AccountCode": "429", "Description": "To here"},
        {"LineAmount": "-80.00", "AccountCode": "400"},
    ],
}


# --- transfers ---------------------------------------------------------------------------------


@behaviour("Bank transfers", "a transfer makes two bank transactions, one for each side")
async def test_transfer_makes_a_transaction_for_each_side(link: Link) -> None:
    """They are found under BankTransactions, without a contact, with the transfer's amount."""
    caller = await link()
    sent = {
        "FromBankAccount": {"Code": "090"},
        "ToBankAccount": {"Code": "091"},
        "Amount": "12.50",
        "FromIsReconciled": True,
    }

    (made,) = (await caller.put("BankTransfers", sent)).json()["BankTransfers"]
    shown = (await caller.get("BankTransactions", {"page": 1})).json()["BankTransactions"]

    sides = {one["BankTransactionID"]: one for one in shown}
    out, into = sides[made["FromBankTransactionID"]], sides[made["ToBankTransactionID"]]
    assert (out["Type"], into["Type"]) == ("SPEND-TRANSFER", "RECEIVE-TRANSFER")
    assert (out["Total"], into["Total"]) == (12.5, 12.5)
    assert (out["IsReconciled"], into["IsReconciled"]) == (True, False)
    assert "Contact" not in out


@behaviour("Bank transfers", "the sides cannot be changed: deleting the transfer deletes them")
async def test_sides_go_with_their_transfer(link: Link) -> None:
    """A POST of their Status is refused; a deleted transfer is listed for who asks for it."""
    caller = await link()
    made = tenant_of(caller).transfer("10.00")
    side = {"BankTransactionID": made.from_transaction_id, "Status": "DELETED"}

    alone = await caller.post("BankTransactions", side)
    gone = await caller.post(f"BankTransfers/{made.id}", {"Status": "DELETED"})
    again = await caller.post(f"BankTransfers/{made.id}", {"Status": "DELETED"})
    usual = (await caller.get("BankTransfers")).json()["BankTransfers"]
    whole = (await caller.get("BankTransfers", {"includeDeleted": "true"})).json()["BankTransfers"]

    assert [answer.status_code for answer in (alone, gone, again)] == [400, 200, 400]
    assert usual == []
    assert [one["Status"] for one in whole] == ["DELETED"]
    (held,) = (await caller.get(f"BankTransactions/{made.to_transaction_id}")).json()[
        "BankTransactions"
    ]
    assert held["Status"] == "DELETED"


@behaviour("Bank transfers", "If-Modified-Since compares the time of creation alone")
async def test_transfers_are_listed_by_their_creation(link: Link, clock: TurnedClock) -> None:
    """A deletion shows on the two bank transactions, which are stamped, and not here."""
    caller = await link()
    made = tenant_of(caller).transfer("10.00")
    clock.turn(minutes=10)
    since = {"If-Modified-Since": clock().strftime("%Y-%m-%dT%H:%M:%S")}
    tenant_of(caller).delete_transfer(made.id)
    asked = {"includeDeleted": "true"}

    listed = await caller.get("BankTransfers", asked, headers=since)
    sides = await caller.get("BankTransactions", headers=since)

    assert listed.json()["BankTransfers"] == []
    assert len(sides.json()["BankTransactions"]) == 2


@behaviour("Bank transfers", "both accounts are banks', in one currency, and not the same")
@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"ToBankAccount": {"Code": "090"}}, "two different ones"),
        ({"ToBankAccount": {"Code": "200"}}, "type BANK"),
        ({"FromBankAccount": {"Code": "none"}}, "type BANK"),
        ({"ToBankAccount": {"Code": "095"}}, "different currencies"),
        ({}, "greater than zero"),
    ],
)
def test_unfit_transfers_are_refused(tenant: Tenant, wishes: dict[str, Any], message: str) -> None:
    """With a sentence, and nothing moves."""
    chart.create(tenant.ledger, {"Type": "BANK", "Code": "095", "Name": "Dollars",
                                 "BankAccountNumber": "1", "CurrencyCode": "USD"})  # fmt: skip

    with pytest.raises(Refused, match=message):
        tenant.transfer("10.00" if wishes else "0", **wishes)

    assert len(tenant.ledger.transfers) == len(tenant.ledger.bank_transactions) == 0


@behaviour("Bank transfers", "a reconciled side keeps its transfer")
def test_reconciled_transfers_stay(tenant: Tenant) -> None:
    """Until it is no longer matched with a statement."""
    made = tenant.transfer("10.00")
    tenant.reconcile(made.to_transaction_id)

    with pytest.raises(Refused, match="reconciled"):
        tenant.delete_transfer(made.id)
    tenant.reconcile(made.to_transaction_id, done=False)
    tenant.delete_transfer(made.id)

    assert made.status == "DELETED"


# --- batches -----------------------------------------------------------------------------------


@behaviour("Batch payments", "a batch pays invoices or bills, each by a payment that names it")
async def test_batch_pays_several_documents(link: Link) -> None:
    """Lists, single reads and the documents' own payments show which batch it was."""
    caller = await link()
    tenant = tenant_of(caller)
    first, second = sale(tenant), sale(tenant)

    made = tenant.pay_batch([first.id, second.id], Reference="Run 7")
    (batch,) = (await caller.get("BatchPayments")).json()["BatchPayments"]
    listed = (await caller.get("Payments")).json()["Payments"]
    (invoice,) = (await caller.get(f"Invoices/{first.id}")).json()["Invoices"]

    assert (batch["Type"], batch["TotalAmount"], batch["Reference"]) == ("RECBATCH", 230.0, "Run 7")
    assert {one["Invoice"]["InvoiceID"] for one in batch["Payments"]} == {first.id, second.id}
    assert {one["BatchPaymentID"] for one in listed} == {made.id}
    assert {one["BatchPayment"]["Status"] for one in listed} == {"AUTHORISED"}
    assert [one["BatchPaymentID"] for one in invoice["Payments"]] == [made.id]
    assert (first.status, second.status) == ("PAID", "PAID")


@behaviour("Batch payments", "one that is refused makes no payment at all")
@pytest.mark.parametrize("fault", ["kinds", "twice", "none", "amount"])
def test_batches_are_made_whole_or_not_at_all(tenant: Tenant, fault: str) -> None:
    """Invoices with bills, a document twice, no payments, or more than is due."""
    first, second = sale(tenant), bill(tenant) if fault == "kinds" else sale(tenant)
    paid = {"kinds": [first, second], "twice": [first, first], "none": [], "amount": [first]}
    payments = [
        {"Invoice": {"InvoiceID": each.id}, "Amount": "900" if fault == "amount" else "10"}
        for each in paid[fault]
    ]

    with pytest.raises(Refused):
        tenant.pay_batch([], Payments=payments)

    assert len(tenant.ledger.batches) == len(tenant.ledger.payments) == 0
    assert first.amount_due == first.total


@behaviour("Batch payments", "a batch is deleted with its payments, which are not deleted alone")
async def test_batches_are_deleted_whole(link: Link) -> None:
    """By its path or by its id in the body; a deleted one shows no payments, but its total."""
    caller = await link()
    tenant = tenant_of(caller)
    invoice = sale(tenant)
    made = tenant.pay_batch([invoice.id])

    alone = await caller.post(f"Payments/{made.payments[0]}", {"Status": "DELETED"})
    gone = await caller.post("BatchPayments", {"BatchPaymentID": made.id, "Status": "DELETED"})
    again = await caller.post(f"BatchPayments/{made.id}", {"Status": "DELETED"})

    assert [answer.status_code for answer in (alone, gone, again)] == [400, 200, 400]
    (shown,) = gone.json()["BatchPayments"]
    assert (shown["Status"], shown["Payments"], shown["TotalAmount"]) == ("DELETED", [], 115.0)
    assert tenant.payment(made.payments[0]).status == "DELETED"
    assert (invoice.status, invoice.amount_due) == ("AUTHORISED", invoice.total)


@behaviour("Batch payments", "what it says on statements depends on the country")
@pytest.mark.parametrize(
    ("currency", "kept"),
    [
        ("NZD", {"Reference", "Particulars", "Code"}),
        ("GBP", {"Details", "Narrative"}),
        ("AUD", {"Details"}),
    ],
)
async def test_texts_of_batches_differ_by_country(
    link: Link, currency: str, kept: set[str]
) -> None:
    """What another country would keep is not kept."""
    caller = await link(tenants=(TenantSpec(currency=currency),))
    invoice = sale(tenant_of(caller))
    texts = dict.fromkeys(("Reference", "Particulars", "Code", "Details", "Narrative"), "Run 7")

    made = tenant_of(caller).pay_batch([invoice.id], **texts)
    (shown,) = (await caller.get(f"BatchPayments/{made.id}")).json()["BatchPayments"]

    assert set(texts) & set(shown) == kept


# --- manual journals ---------------------------------------------------------------------------


@behaviour("Manual journals", "debits and credits are equal, tax that is not in the lines included")
@pytest.mark.parametrize(
    ("mode", "debit", "tax_type", "balances"),
    [
        ("NoTax", "80.00", "INPUT2", True),
        ("NoTax", "80.01", "NONE", False),
        ("Inclusive", "80.00", "INPUT2", True),
        ("Exclusive", "80.00", "INPUT2", False),
        ("Exclusive", "69.57", "INPUT2", True),
    ],
)
def test_manual_journals_balance(
    tenant: Tenant, mode: str, debit: str, tax_type: str, balances: bool
) -> None:
    """69.57 and its tax of 15 % are 80.01: a cent off is refused, so 10.43 of tax is given."""
    lines = [
        {"LineAmount": debit, "AccountCode": "429", "TaxType": tax_type},
        {"LineAmount": "-80.00", "AccountCode": "400", "TaxType": "NONE"},
    ]
    if debit == "69.57":
        lines[0]["TaxAmount"] = "10.43"
    sent = {**BOOKED, "LineAmountTypes": mode, "JournalLines": lines}

    if not balances:
        with pytest.raises(Refused, match="must equal total credits"):
            tenant.create_journal(sent)
        return
    made = tenant.create_journal(sent)

    assert [line.tax_type for line in made.lines] == [
        "NONE" if mode == "NoTax" else tax_type, "NONE"
    ]  # fmt: skip


@behaviour("Manual journals", "drafts are posted or deleted, posted ones edited or voided")
@pytest.mark.parametrize(
    ("begin", "end", "allowed"),
    [
        ("DRAFT", "POSTED", True),
        ("DRAFT", "DELETED", True),
        ("DRAFT", "VOIDED", False),
        ("POSTED", "POSTED", True),
        ("POSTED", "VOIDED", True),
        ("POSTED", "DELETED", False),
        ("POSTED", "DRAFT", False),
    ],
)
async def test_manual_journals_go_where_they_may(
    link: Link, begin: str, end: str, allowed: bool
) -> None:
    """And stay in VOIDED and DELETED for good."""
    caller = await link()
    made = tenant_of(caller).create_journal({**BOOKED, "Status": begin})
    path = f"ManualJournals/{made.id}"

    moved = await caller.post(path, {"Status": end, "Narration": "Now"})
    again = await caller.post(path, {"Status": "POSTED"})

    assert moved.status_code == (200 if allowed else 400)
    assert made.status == (end if allowed and end != "POSTED" else made.status)
    assert (again.status_code == 400) is (made.status in {"VOIDED", "DELETED"})


@behaviour("Manual journals", "lists without pages leave out the lines")
@behaviour("Manual journals", "a list in an order forgets its pages and answers everything")
async def test_manual_journals_forget_pages_when_ordered(link: Link) -> None:
    """Pitfall 28: a page of one has one, unless it is asked for in an order."""
    caller = await link()
    for _ in range(3):
        tenant_of(caller).create_journal(BOOKED)
    paged = {"page": 1, "pageSize": 1}

    whole = (await caller.get("ManualJournals")).json()["ManualJournals"]
    page = (await caller.get("ManualJournals", paged)).json()
    ordered = (await caller.get("ManualJournals", {**paged, "order": "Date"})).json()

    assert [one["JournalLines"] for one in whole] == [[], [], []]
    assert (len(page["ManualJournals"]), page["pagination"]["itemCount"]) == (1, 3)
    assert len(page["ManualJournals"][0]["JournalLines"]) == 2
    assert (len(ordered["ManualJournals"]), "pagination" in ordered) == (3, False)


@behaviour("Manual journals", "banks, receivables and payables take no manual lines")
@pytest.mark.parametrize("code", ["090", "610", "800", "none"])
def test_manual_lines_name_fit_accounts(tenant: Tenant, code: str) -> None:
    """Their balances come from documents and statements."""
    lines = [{**BOOKED["JournalLines"][0], "AccountCode": code}, BOOKED["JournalLines"][1]]  # type: ignore[dict-item]

    with pytest.raises(Refused, match="is not a valid code"):
        tenant.create_journal({**BOOKED, "JournalLines": lines})


@behaviour("Manual journals", "a scope of their own, or the broad one of transactions")
@pytest.mark.parametrize(
    ("scope", "status"),
    [("accounting.manualjournals.read", 200), ("accounting.transactions", 200), ("", 401)],
)
async def test_manual_journals_have_a_scope_of_their_own(
    link: Link, scope: str, status: int
) -> None:
    """Who may read bank transactions may not read these."""
    caller = await link(scope=f"offline_access accounting.banktransactions {scope}")

    assert (await caller.get("ManualJournals")).status_code == status


@behaviour("Manual journals", "what its lines name cannot be deleted, and follows a new code")
def test_what_manual_lines_name_is_in_use(tenant: Tenant) -> None:
    """An account, a tax rate, a tracking category and its option."""
    ledger = tenant.ledger
    category = next(iter(ledger.reference.categories))
    option, account = category.options[0], chart.create(
        ledger, {"Code": "555", "Name": "Couriers", "Type": "EXPENSE"}
    )  # fmt: skip
    levy = tax_rates.create(
        ledger, {"Name": "Levy", "TaxComponents": [{"Name": "Levy", "Rate": "2"}]}
    )
    made = tenant.create_journal(
        Narration="Moved",
        LineAmountTypes="Inclusive",
        JournalLines=[
            {"LineAmount": "80.00", "AccountCode": "555", "TaxType": levy.id, "Tracking": [
                {"Name": category.name, "Option": option.name}]},
            {"LineAmount": "-80.00", "AccountCode": "400", "TaxType": "NONE"},
        ],
    )  # fmt: skip

    with pytest.raises(Refused):
        chart.delete(ledger, account)
    with pytest.raises(Refused):
        tracking.delete(ledger, category)
    with pytest.raises(Refused):
        tracking.delete_option(ledger, category, option)
    assert usage.of_tax(ledger, levy.id)
    chart.update(ledger, account, {"Code": "556"})

    assert made.lines[0].account_code == "556"


@behaviour("Manual journals", "nothing is booked or changed on or before a lock date")
def test_lock_dates_hold_bookings(tenant: Tenant) -> None:
    """Transfers and batches neither."""
    made = tenant.create_journal(BOOKED)
    invoice = sale(tenant)
    tenant.ledger.period_lock = made.date

    with pytest.raises(Refused, match="lock"):
        tenant.create_journal(BOOKED)
    with pytest.raises(Refused, match="lock"):
        tenant.update_journal(made.id, Narration="Later")
    with pytest.raises(Refused, match="lock"):
        tenant.transfer("10.00")
    with pytest.raises(Refused, match="lock"):
        tenant.pay_batch([invoice.id])

    assert (made.narration, invoice.amount_paid) == ("Moved", Decimal(0))
