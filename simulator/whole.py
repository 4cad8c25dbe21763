"""Whole books at once: rendered ahead of the first read, and raw for whoever compares."""

from typing import Any

from simulator import (
    bank_view,
    batches,
    budgets,
    chart,
    contact_view,
    credit_view,
    currencies,
    employees,
    filed,
    groups,
    invoice_view,
    items,
    manual_journals,
    organisation,
    payment_view,
    promise_view,
    tax_rates,
    tracking,
    transfers,
    users,
)
from simulator.ledger import Ledger
from simulator.model import CreditKind
from simulator.raw_reports import raw_journals, raw_reports
from simulator.shapes import Shape


def prerender(ledger: Ledger) -> None:
    """Render contacts and documents as paged reads with unitdp=4 show them."""
    today = ledger.today()
    for contact in ledger.contacts:
        contact_view.rendered(ledger, contact, Shape.PAGED, today)
    for invoice in ledger.invoices:
        invoice_view.rendered(ledger, invoice, Shape.PAGED, 4)
    for shelf in ledger.credits.values():
        for credit in shelf:
            credit_view.rendered(ledger, credit, Shape.PAGED, 4)


def raw(ledger: Ledger, *, reports: bool = True) -> dict[str, Any]:
    """Everything in the books as single answers with unitdp=4 would show it.

    Without `reports`, which are computed from all of it, it takes a third of the time.
    """
    today = ledger.today()
    return {
        "tenant_id": ledger.tenant_id,
        "name": ledger.name,
        "Organisation": organisation.wire(ledger),
        "Contacts": [
            contact_view.wire(ledger, contact, Shape.SINGLE, today) for contact in ledger.contacts
        ],
        "Invoices": [
            invoice_view.wire(ledger, invoice, Shape.SINGLE, 4) for invoice in ledger.invoices
        ],
        **{
            kind.collection: [
                credit_view.wire(ledger, credit, Shape.SINGLE, 4) for credit in ledger.credits[kind]
            ]
            for kind in CreditKind
        },
        "BankTransactions": [
            bank_view.wire(ledger, made, Shape.SINGLE, 4) for made in ledger.bank_transactions
        ],
        **_bookings(ledger),
        **_promises(ledger),
        "Attachments": filed.raw_files(ledger),
        **_reference(ledger),
        **_people(ledger),
        "Reports": raw_reports(ledger) if reports else [],
        "Journals": raw_journals(ledger),
        "Payments": [
            payment_view.wire(ledger, payment, Shape.SINGLE) for payment in ledger.payments
        ],
    }


def _bookings(ledger: Ledger) -> dict[str, Any]:
    return {
        "BankTransfers": [
            transfers.wire(ledger, transfer, Shape.SINGLE) for transfer in ledger.transfers
        ],
        "BatchPayments": [batches.wire(ledger, batch) for batch in ledger.batches],
        "ManualJournals": [
            manual_journals.wire(ledger, journal, Shape.SINGLE)
            for journal in ledger.manual_journals
        ],
    }


def _promises(ledger: Ledger) -> dict[str, Any]:
    """What posts nothing; templates as lists show them, which say more than single reads do."""
    held = ledger.promises
    return {
        "PurchaseOrders": [
            promise_view.order_wire(ledger, order, Shape.SINGLE) for order in held.orders
        ],
        "Quotes": [promise_view.quote_wire(ledger, quote) for quote in held.quotes],
        "RepeatingInvoices": [
            promise_view.template_wire(ledger, template, Shape.UNPAGED)
            for template in held.templates
        ],
    }


def _reference(ledger: Ledger) -> dict[str, Any]:
    held = ledger.reference
    return {
        "Accounts": [chart.wire(ledger, account) for account in held.accounts],
        "TaxRates": [tax_rates.wire(rate) for rate in held.tax_rates],
        "Items": [items.wire(ledger, item, 4) for item in held.items],
        "TrackingCategories": [
            tracking.wire(category, archived=True) for category in held.categories
        ],
        "Currencies": [currencies.wire(currency) for currency in held.currencies],
    }


def _people(ledger: Ledger) -> dict[str, Any]:
    held = ledger.people
    return {
        "Users": [users.wire(user) for user in held.users],
        "ContactGroups": [groups.full_wire(ledger, group) for group in held.groups],
        "Budgets": [budgets.full_wire(ledger, budget, None) for budget in held.budgets],
        **employees.raw(ledger),
    }
