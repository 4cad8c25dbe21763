"""Dealings at the bank and by hand: what the opening books and the live business both do.

Money spent and received without a document, transfers, batches of payments and manual journals, by
seeded chance. Each function does one thing and says what it made; what Xero would refuse raises
Refused. Dealings with documents are in dealings.py.
"""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from simulator.bookings import Batch, ManualJournal, Transfer
from simulator.drafting import Drafter, foreign_banks
from simulator.model import BankTransaction, Contact, Invoice
from simulator.tenant import Tenant

_OWN = ("090", "091")  #: bank accounts in base currency between which money moves
_REASONS = ("Accrued rent", "Depreciation of the month", "Correction of a coding", "Stock count",
            "Wages accrual", "Prepaid insurance")  # fmt: skip
_EXPENSES = ("310", "400", "429", "461", "469", "416")
_BALANCES = ("710", "900", "970")
_CODE_CHANCE = 0.5  #: that a bank transaction says for what it is


def spend_or_receive(
    tenant: Tenant, drafter: Drafter, contact: Contact, rng: random.Random
) -> BankTransaction:
    """Money out or in, with lines as documents have."""
    received = rng.random() < 0.35
    abroad = foreign_banks(tenant.ledger)
    element: dict[str, Any] = {
        "Type": "RECEIVE" if received else "SPEND",
        "Contact": {"ContactID": contact.id},
        "Date": tenant.ledger.today().isoformat(),
        "LineAmountTypes": rng.choice(("Inclusive", "Exclusive", "NoTax")),
        "LineItems": [drafter.credit_line(received) for _ in range(rng.randint(1, 3))],
        "BankAccount": {"Code": rng.choice((*_OWN, "092"))},
        "IsReconciled": rng.random() < 0.2,
    }
    if abroad and rng.random() < 0.15:
        element["BankAccount"] = {"AccountID": rng.choice(abroad).id}
    if rng.random() < _CODE_CHANCE:
        element["Reference"] = f"EFT {rng.randint(1000, 99999)}"
    return tenant.bank(element)


def money_edit(drafter: Drafter, made: BankTransaction, rng: random.Random) -> dict[str, Any]:
    """A small change to money spent or received."""
    return rng.choice(
        (
            {"Reference": f"EFT {rng.randint(1000, 99999)}"},
            {"LineItems": [drafter.credit_line(made.is_sale)]},
        )
    )


def transfer(tenant: Tenant, drafter: Drafter, rng: random.Random) -> Transfer:
    """Move money between the organisation's own accounts."""
    source, target = rng.sample(_OWN, k=2)
    fields: dict[str, Any] = {
        "FromBankAccount": {"Code": source},
        "ToBankAccount": {"Code": target},
        "Date": tenant.ledger.today().isoformat(),
    }
    if rng.random() < _CODE_CHANCE:
        fields["Reference"] = f"Sweep {rng.randint(10, 9999)}"
    if rng.random() < 0.3:
        fields["FromTracking"] = drafter.tracking()
    return tenant.transfer(Decimal(rng.randint(1_000, 500_000)).scaleb(-2), **fields)


def payable_together(found: Sequence[Invoice]) -> list[Invoice]:
    """Those of the documents that one batch can pay: each once, of the first one's type."""
    unique = {invoice.id: invoice for invoice in found}.values()
    kind = next((invoice.type for invoice in unique), None)
    return [each for each in unique if each.type == kind]


def pay_together(tenant: Tenant, found: Sequence[Invoice], rng: random.Random) -> Batch:
    """Pay documents as one batch."""
    texts: dict[str, Any] = {}
    if rng.random() < _CODE_CHANCE:
        number = rng.randint(100, 9999)
        texts = {"Reference": f"Run {number}", "Details": f"Run {number}", "Particulars": "Run"}
    keys = [invoice.id for invoice in found]
    return tenant.pay_batch(keys, Date=tenant.ledger.today().isoformat(), **texts)


def book(tenant: Tenant, drafter: Drafter, rng: random.Random, *, status: str) -> ManualJournal:
    """A manual journal: an expense against a balance, with tax or without."""
    return tenant.create_journal(
        Narration=f"{rng.choice(_REASONS)} {rng.randint(1, 999)}",
        Date=tenant.ledger.today().isoformat(),
        Status=status,
        ShowOnCashBasisReports=rng.random() < 0.8,
        **_journal_lines(tenant, drafter, rng),
    )


def journal_edit(tenant: Tenant, drafter: Drafter, rng: random.Random) -> dict[str, Any]:
    """A small change to a manual journal."""
    if rng.random() < 0.5:
        return {"Narration": f"{rng.choice(_REASONS)}, revised {rng.randint(1, 999)}"}
    return _journal_lines(tenant, drafter, rng)


def _journal_lines(tenant: Tenant, drafter: Drafter, rng: random.Random) -> dict[str, Any]:
    """Lines of two accounts that balance: both sides have the same tax, so that adds to nothing."""
    country = tenant.ledger.country
    amount = Decimal(rng.randint(1_000, 900_000)).scaleb(-2)
    mode = rng.choices(("NoTax", "Exclusive", "Inclusive"), (6, 2, 2))[0]
    tax = {} if mode == "NoTax" else {"TaxType": rng.choice((country.input, "NONE"))}
    expense, other = rng.choice(_EXPENSES), rng.choice(_BALANCES)
    debits = [amount]
    if mode == "NoTax" and rng.random() < 0.3:
        part = (amount * rng.randint(1, 9) / 10).quantize(amount)
        debits = [part, amount - part]
    lines: list[dict[str, Any]] = [
        {"AccountCode": expense, "LineAmount": each, **tax} for each in debits
    ]
    if rng.random() < 0.3:
        lines[0]["Tracking"] = drafter.tracking()
    lines[0]["Description"] = "As agreed"
    lines.append({"AccountCode": other, "LineAmount": -amount, **tax})
    return {"LineAmountTypes": mode, "JournalLines": lines}
