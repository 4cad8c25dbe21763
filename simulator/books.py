"""All organisations of a simulator, and direct access to each one's books.

Tests and the generator write through `Tenant`; HTTP writes end in the same functions, so
every change is ruled, stamped and announced alike.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator import (
    allocations,
    bank_transactions,
    bank_view,
    contact_view,
    contacts,
    credit_notes,
    credit_view,
    credits,
    invoice_view,
    invoices,
    organisation,
    payment_view,
)
from simulator import payments as payments_rules
from simulator.config import SimulatorConfig, TenantSpec
from simulator.countries import COUNTRIES
from simulator.ledger import Change, Ledger
from simulator.model import (
    Account,
    Allocation,
    BankTransaction,
    Contact,
    Credit,
    CreditKind,
    Invoice,
    Payment,
)
from simulator.names import ORGANISATIONS
from simulator.refusals import NotFound, Refused
from simulator.shapes import Shape
from simulator.wire import to_ms

_CHART = (
    ("200", "Sales", "REVENUE"),
    ("260", "Other Revenue", "REVENUE"),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS"),
    ("400", "Advertising", "EXPENSE"),
    ("429", "General Expenses", "EXPENSE"),
    ("461", "Printing & Stationery", "EXPENSE"),
    ("469", "Rent", "EXPENSE"),
    ("090", "Business Bank Account", "BANK"),
    ("091", "Savings Account", "BANK"),
    ("970", "Owner A Funds Introduced", "EQUITY"),
)
_PAYABLE = frozenset({"090", "091", "970"})


class Tenant:
    """One organisation. Every writing method raises `refusals.Refused` when Xero would."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.vanished = False

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
        return payments_rules.find(self.ledger, key)

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
        return payments_rules.create(self.ledger, element)

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

    def allocate(
        self, key: str, invoice_key: str, amount: Decimal | str | None = None
    ) -> Allocation:
        """Apply a credit to an invoice or bill, by default as much as fits."""
        credit, invoice = self.credit(key), self.invoice(invoice_key)
        fitting = min(credit.remaining, invoice.amount_due)
        element = {
            "Invoice": {"InvoiceID": invoice.id},
            "Amount": fitting if amount is None else amount,
        }
        return allocations.allocate(self.ledger, credit, element)

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
        return payments_rules.create(self.ledger, element)

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
        bank_transactions.delete(self.ledger, made, {"Status": "DELETED"})
        return credit

    def delete_payment(self, key: str) -> Payment:
        """Delete a payment."""
        return payments_rules.delete(self.ledger, self.payment(key), {"Status": "DELETED"})

    def prerender(self) -> None:
        """Render contacts and documents as paged reads with unitdp=4 show them."""
        today = self.ledger.today()
        for contact in self.ledger.contacts:
            contact_view.rendered(self.ledger, contact, Shape.PAGED, today)
        for invoice in self.ledger.invoices:
            invoice_view.rendered(self.ledger, invoice, Shape.PAGED, 4)
        for shelf in self.ledger.credits.values():
            for credit in shelf:
                credit_view.rendered(self.ledger, credit, Shape.PAGED, 4)

    def raw(self) -> dict[str, Any]:
        """Everything in the books as single answers with unitdp=4 would show it."""
        ledger, today = self.ledger, self.ledger.today()
        return {
            "tenant_id": self.id,
            "name": self.name,
            "Organisation": organisation.wire(ledger),
            "Contacts": [
                contact_view.wire(ledger, contact, Shape.SINGLE, today)
                for contact in ledger.contacts
            ],
            "Invoices": [
                invoice_view.wire(ledger, invoice, Shape.SINGLE, 4) for invoice in ledger.invoices
            ],
            **{
                kind.collection: [
                    credit_view.wire(ledger, credit, Shape.SINGLE, 4)
                    for credit in ledger.credits[kind]
                ]
                for kind in CreditKind
            },
            "BankTransactions": [
                bank_view.wire(ledger, made, Shape.SINGLE, 4) for made in ledger.bank_transactions
            ],
            "Payments": [
                payment_view.wire(ledger, payment, Shape.SINGLE) for payment in ledger.payments
            ],
        }


class Books:
    """All organisations by tenant id, in the order they were made."""

    def __init__(self, config: SimulatorConfig, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._clock = clock
        self._tenants: dict[str, Tenant] = {}
        self._made = 0
        self._listeners: list[Callable[[Change], None]] = []
        self.muted = False

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._tenants.values())

    def __len__(self) -> int:
        return len(self._tenants)

    def tenant(self, tenant_id: str) -> Tenant:
        """The organisation of that id. Raises KeyError."""
        return self._tenants[tenant_id]

    def get(self, tenant_id: str) -> Tenant | None:
        """The organisation of that id, if there is one that has not vanished."""
        found = self._tenants.get(tenant_id)
        return None if found is None or found.vanished else found

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call the listener at every announced change."""
        self._listeners.append(listener)

    def add(self, spec: TenantSpec, *, created: datetime | None = None) -> Tenant:
        """Make an empty organisation; what the spec leaves out is drawn from the seed."""
        index = self._made
        self._made += 1
        rng = random.Random(f"{self._config.seed}|books|{index}")  # noqa: S311  # play money
        default_name, default_currency = ORGANISATIONS[index % len(ORGANISATIONS)]
        if index >= len(ORGANISATIONS):
            default_name = f"{default_name} {index // len(ORGANISATIONS) + 1}"
        currency = spec.currency or default_currency
        config = self._config
        ledger = Ledger(
            tenant_id="",
            name=spec.name or default_name,
            country=COUNTRIES[currency],
            clock=self._clock,
            rng=rng,
            announce=self._announce,
            rules=config.rules(),
            created_ms=to_ms(created or self._clock()),
        )
        ledger.tenant_id = spec.tenant_id or ledger.new_id()
        ledger.accounts = tuple(
            Account(ledger.new_id(), code, name, kind, takes_payments=code in _PAYABLE)
            for code, name, kind in _CHART
        )
        tenant = Tenant(ledger)
        self._tenants[tenant.id] = tenant
        return tenant

    def remove(self, tenant_id: str) -> None:
        """Make an organisation vanish: it keeps its books but answers nobody."""
        self._tenants[tenant_id].vanished = True

    def _announce(self, change: Change) -> None:
        if not self.muted:
            for listener in self._listeners:
                listener(change)
