"""Dealings with money: what the opening books and the live business both do, by seeded chance.

Each function does one thing if it can and says whether it did, or what it made; what to deal
with is chosen by the caller. Rules stay with the resources: what Xero would refuse raises Refused.
"""

import random
from decimal import Decimal
from typing import Any

from simulator.drafting import Drafter, foreign_banks
from simulator.exchange import day_rate
from simulator.model import Credit, Document, Invoice
from simulator.tenant import Tenant

_MOST_TARGETS = 3


def pay_share(tenant: Tenant, invoice_id: str, share: float, rng: random.Random) -> bool:
    """Pay a share of what is due, whole when 1; False where nothing can be paid."""
    invoice = tenant.invoice(invoice_id)
    amount = _share(invoice.amount_due, share)
    if amount <= 0:
        return False
    extra = {"Reference": f"BT{rng.randint(10**5, 10**6)}"} if rng.random() < 0.6 else {}
    tenant.pay(
        invoice_id, amount, **_today(tenant, invoice), **_bank(tenant, invoice, rng), **extra
    )
    return True


def overpay(tenant: Tenant, invoice: Invoice, rng: random.Random) -> Credit | None:
    """Pay more than is due, which leaves an overpayment; None where nothing is due."""
    if invoice.status != "AUTHORISED" or invoice.amount_due <= 0:
        return None
    excess = Decimal(rng.randint(500, 30_000)).scaleb(-2)
    made = tenant.overpay(invoice.id, invoice.amount_due + excess, **_today(tenant, invoice))
    return tenant.credit(str(made.credit_id))


def prepay(tenant: Tenant, drafter: Drafter, contact_id: str, *, received: bool) -> Credit:
    """Receive or send money before there is anything to pay."""
    on = tenant.ledger.today()
    made = tenant.bank(drafter.prepayment(contact_id, on, received=received))
    return tenant.credit(str(made.credit_id))


def credit(tenant: Tenant, drafter: Drafter, invoice: Invoice, *, status: str) -> Credit:
    """A credit note for the contact of an invoice or bill, in its currency."""
    on = tenant.ledger.today()
    return tenant.create_credit_note(drafter.credit_note(invoice, on, status=status))


def spread(tenant: Tenant, held: Credit, rng: random.Random) -> bool:
    """Allocate a credit over one to three open documents; the last one may get less than fits."""
    targets = open_documents(tenant, held)
    if held.status != "AUTHORISED" or not targets:
        return False
    rng.shuffle(targets)
    for invoice in targets[: rng.randint(1, _MOST_TARGETS)]:
        fits = min(held.remaining, invoice.amount_due)
        wished = _share(fits, 1.0 if rng.random() < 0.6 else rng.uniform(0.2, 0.9))
        if wished > 0:
            tenant.allocate(held.id, invoice.id, wished)
    return True


def refund_share(tenant: Tenant, held: Credit, share: float, rng: random.Random) -> bool:
    """Pay back a share of what is left of a credit, whole when 1."""
    amount = _share(held.remaining, share)
    if held.status != "AUTHORISED" or amount <= 0:
        return False
    tenant.refund(held.id, amount, **_today(tenant, held), **_bank(tenant, held, rng))
    return True


def open_documents(tenant: Tenant, held: Credit) -> list[Invoice]:
    """The invoices or bills that a credit can be allocated to, oldest first."""
    ledger = tenant.ledger
    found = [ledger.invoices.by_id[key] for key in ledger.contact_of(held).documents]
    fitting = [
        invoice
        for invoice in found
        if invoice.status == "AUTHORISED"
        and invoice.amount_due > 0
        and invoice.currency == held.currency
        and invoice.is_sale == held.is_sale
    ]
    return sorted(fitting, key=lambda invoice: (invoice.date, invoice.id))


def _share(amount: Decimal, share: float) -> Decimal:
    return amount if share >= 1 else (amount * int(share * 1000) / 1000).quantize(amount)


def _bank(tenant: Tenant, document: Document, rng: random.Random) -> dict[str, Any]:
    """Often the bank account in the currency of a foreign document, where there is one."""
    fitting = [each for each in foreign_banks(tenant.ledger) if each.currency == document.currency]
    if not fitting or rng.random() < 0.3:
        return {}
    return {"Account": {"AccountID": rng.choice(fitting).id}}


def _today(tenant: Tenant, document: Document) -> dict[str, Any]:
    """The date of a payment, and the day's rate where the document is in a foreign currency."""
    on = tenant.ledger.today()
    base = tenant.ledger.country.currency
    dated: dict[str, Any] = {"Date": on.isoformat()}
    if document.currency != base:
        dated["CurrencyRate"] = day_rate(document.currency, base, on)
    return dated
