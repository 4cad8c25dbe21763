"""Direct access to one organisation's books, as its users have it in Xero's app.

Tests and the generator write through `Tenant`; HTTP writes end in the same functions, so
every change is ruled, stamped and announced alike.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from simulator import (
    allocations,
    bank_transactions,
    batches,
    contacts,
    credit_notes,
    credits,
    invoices,
    manual_journals,
    payments,
    transfers,
    whole,
)
from simulator.bookings import Batch, ManualJournal, Transfer
from simulator.ledger import Ledger
from simulator.model import (
    Allocation,
    BankTransaction,
    Contact,
    Credit,
    CreditKind,
    Invoice,
    Payment,
)
from simulator.refusals import NotFound, Refused


class Tenant:
    """One organisation. Every writing method raises `refusals.Refused` when Xero would."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.vanished = False
        self.offline = False

    @property
    def id(self) -> str:
        """The tenant id, which is also the OrganisationID."""
        return self.ledger.tenant_id

    @property
    def name(self) -> str:
        """The organisation's name."""
        return self.ledger.name

    def contact(self, key: str) -> Contact:
        """A contact by id or ContactNumber. Raises NotFound."""
        return contacts.find(self.ledger, key)

    def invoice(self, key: str) -> Invoice:
        """A document by id or number. Raises NotFound."""
        return invoices.find(self.ledger, key)

    def payment(self, key: str) -> Payment:
        """A payment by id. Raises NotFound."""
        return payments.find(self.ledger, key)

    def credit(self, key: str) -> Credit:
        """A credit note, prepayment or overpayment by its id. Raises NotFound."""
        for kind in CreditKind:
            if key in self.ledger.credits[kind].by_id:
                return self.ledger.credits[kind].by_id[key]
        raise NotFound(key)

    def create_contact(self, element: Mapping[str, Any] | None = None, **fields: Any) -> Contact:
        """Make a contact from Xero's keys, as an element or as keywords."""
        return contacts.create(self.ledger, {**(element or {}), **fields})

    def update_contact(self, key: str, **fields: Any) -> Contact:
        """Change a contact."""
        return contacts.update(self.ledger, self.contact(key), fields)

    def rename_contact(self, key: str, name: str) -> Contact:
        """Give a contact another name."""
        return self.update_contact(key, Name=name)

    def archive_contact(self, key: str) -> Contact:
        """Archive a contact."""
        return self.update_contact(key, ContactStatus="ARCHIVED")

    def merge_contacts(self, source: str, target: str) -> None:
        """Merge the first contact into the second."""
        contacts.merge(self.ledger, self.contact(source), self.contact(target))

    def create_invoice(
        self, element: Mapping[str, Any] | None = None, *, decimals: int = 4, **fields: Any
    ) -> Invoice:
        """Make an invoice (Type ACCREC) or bill (ACCPAY) from Xero's keys."""
        return invoices.create(self.ledger, {**(element or {}), **fields}, decimals=decimals)

    def update_invoice(self, key: str, *, decimals: int = 4, **fields: Any) -> Invoice:
        """Change a document."""
        return invoices.update(self.ledger, self.invoice(key), fields, decimals=decimals)

    def approve(self, key: str) -> Invoice:
        """Move a draft or submitted document to AUTHORISED."""
        return self.update_invoice(key, Status="AUTHORISED")

    def void(self, key: str) -> Invoice:
        """Void an approved document without payments."""
        return self.update_invoice(key, Status="VOIDED")

    def delete_draft(self, key: str) -> Invoice:
        """Delete a draft or submitted document."""
        return self.update_invoice(key, Status="DELETED")

    def pay(self, key: str, amount: Decimal | str | None = None, **fields: Any) -> Payment:
        """Pay a document, by default all that is due."""
        invoice = self.invoice(key)
        element = {
            "Invoice": {"InvoiceID": invoice.id},
            "Account": {"Code": "090"},
            "Amount": invoice.amount_due if amount is None else amount,
            **fields,
        }
        return payments.create(self.ledger, element)

    def create_credit_note(
        self, element: Mapping[str, Any] | None = None, *, decimals: int = 4, **fields: Any
    ) -> Credit:
        """Make a credit note (Type ACCRECCREDIT or ACCPAYCREDIT) from Xero's keys."""
        return credit_notes.create(self.ledger, {**(element or {}), **fields}, decimals=decimals)

    def update_credit_note(self, key: str, *, decimals: int = 4, **fields: Any) -> Credit:
        """Change a credit note."""
        note = credits.find(self.ledger, CreditKind.CREDIT_NOTE, key)
        return credit_notes.update(self.ledger, note, fields, decimals=decimals)

    def bank(
        self, element: Mapping[str, Any] | None = None, *, decimals: int = 4, **fields: Any
    ) -> BankTransaction:
        """Spend or receive money; the types of prepayments and overpayments make these."""
        sent = {"BankAccount": {"Code": "090"}, **(element or {}), **fields}
        return bank_transactions.create(self.ledger, sent, decimals=decimals)

    def transfer(self, amount: Decimal | str, **fields: Any) -> Transfer:
        """Move money between bank accounts, by default from the business account to savings."""
        between = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}}
        return transfers.create(self.ledger, {**between, "Amount": amount, **fields})

    def delete_transfer(self, key: str) -> Transfer:
        """Delete a transfer, and with it its two sides."""
        found = transfers.find(self.ledger, key)
        return transfers.delete(self.ledger, found, {"Status": "DELETED"})

    def reconcile(self, key: str, *, done: bool = True) -> BankTransaction:
        """Match a bank transaction with the bank's statement, or undo that."""
        made = bank_transactions.find(self.ledger, key)
        bank_transactions.reconcile(self.ledger, made, done=done)
        return made

    def pay_batch(self, keys: Sequence[str], **fields: Any) -> Batch:
        """Pay several invoices, or several bills, as one: all that is due of each."""
        due = [self.invoice(key) for key in keys]
        element = {
            "Account": {"Code": "090"},
            "Payments": [
                {"Invoice": {"InvoiceID": each.id}, "Amount": each.amount_due} for each in due
            ],
            **fields,
        }
        return batches.create(self.ledger, element)

    def delete_batch(self, key: str) -> Batch:
        """Delete a batch with its payments."""
        found = batches.find(self.ledger, key)
        return batches.delete(self.ledger, found, {"Status": "DELETED"})

    def create_journal(
        self, element: Mapping[str, Any] | None = None, **fields: Any
    ) -> ManualJournal:
        """Book a manual journal, a draft unless its Status says otherwise."""
        return manual_journals.create(self.ledger, {**(element or {}), **fields})

    def update_journal(self, key: str, **fields: Any) -> ManualJournal:
        """Change a manual journal, or its status."""
        found = manual_journals.find(self.ledger, key)
        return manual_journals.update(self.ledger, found, fields)

    def allocate(
        self, key: str, invoice_key: str, amount: Decimal | str | None = None
    ) -> Allocation:
        """Apply a credit to an invoice or bill, by default as much as fits."""
        credit, invoice = self.credit(key), self.invoice(invoice_key)
        fitting = min(credit.remaining, invoice.amount_due)
        return self.allocate_element(
            key,
            {"Invoice": {"InvoiceID": invoice.id}, "Amount": fitting if amount is None else amount},
        )

    def allocate_element(self, key: str, element: Mapping[str, Any]) -> Allocation:
        """Apply a credit as an element of Xero's says."""
        return allocations.allocate(self.ledger, self.credit(key), element)

    def unallocate(self, key: str) -> None:
        """Take an allocation back. Raises NotFound."""
        held = self.ledger.allocations.get(key)
        if held is None:
            raise NotFound(key)
        allocations.remove(self.ledger, self.credit(held.credit_id), held)

    def refund(self, key: str, amount: Decimal | str | None = None, **fields: Any) -> Payment:
        """Refund a credit, by default all that is left of it."""
        credit = self.credit(key)
        element = {
            str(credit.kind): {credit.kind.id_key: credit.id},
            "Account": {"Code": "090"},
            "Amount": credit.remaining if amount is None else amount,
            **fields,
        }
        return payments.create(self.ledger, element)

    def overpay(self, key: str, amount: Decimal | str, **fields: Any) -> BankTransaction:
        """Pay more than is due, as Xero's app does it: a payment, and an overpayment."""
        invoice = self.invoice(key)
        excess = Decimal(amount) - invoice.amount_due
        if excess <= 0:
            raise Refused("Payment amount does not exceed the amount outstanding")
        self.pay(key, **fields)
        return self.bank(
            Type="RECEIVE-OVERPAYMENT" if invoice.is_sale else "SPEND-OVERPAYMENT",
            Contact={"ContactID": invoice.contact_id},
            CurrencyCode=invoice.currency,
            LineItems=[{"Description": "Overpayment", "LineAmount": excess}],
            **{"Reference": invoice.number, **fields},
        )

    def void_credit(self, key: str) -> Credit:
        """Void an approved credit that is not applied, as Xero's app offers for all three."""
        credit = self.credit(key)
        if credit.bank_transaction_id is None:
            return self.update_credit_note(key, Status="VOIDED")
        made = bank_transactions.find(self.ledger, credit.bank_transaction_id)
        bank_transactions.update(self.ledger, made, {"Status": "DELETED"})
        return credit

    def delete_payment(self, key: str) -> Payment:
        """Delete a payment."""
        return payments.delete(self.ledger, self.payment(key), {"Status": "DELETED"})

    def prerender(self) -> None:
        """Render contacts and documents as paged reads with unitdp=4 show them."""
        whole.prerender(self.ledger)

    def raw(self, *, reports: bool = True) -> dict[str, Any]:
        """Everything in the books as single answers with unitdp=4 would show it; `reports`, which
        are computed from all the rest, may be left out."""
        return whole.raw(self.ledger, reports=reports)
