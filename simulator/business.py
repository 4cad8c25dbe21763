"""Live business: seeded random actions on the books, one at a time.

With `stamped_only` (the default) nothing is done that Xero would leave unstamped: where a
first document flips a contact's IsCustomer or IsSupplier, the contact is edited right after,
and nothing is deleted that leaves no trace, so that a reader of stamped changes, and of the lists
that have no stamps, can know all. Pace and duration are in player.py.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from simulator import dealings, upkeep
from simulator.books import Books, Tenant
from simulator.drafting import Drafter
from simulator.model import Contact, Credit, CreditKind, Invoice
from simulator.refusals import Refused

_Action = Callable[["Business", Tenant], bool]


class Business:
    """Draws actions; deterministic from the seed as long as nobody else writes."""

    def __init__(self, books: Books, rng: random.Random, *, stamped_only: bool = True) -> None:
        self._books = books
        self._rng = rng
        self._stamped_only = stamped_only
        self._drafters: dict[str, Drafter] = {}

    def act(self, tenant_id: str | None = None) -> bool:
        """Do one action, in the named or a drawn organisation; False when none was possible."""
        living = [tenant for tenant in self._books if not tenant.vanished]
        if tenant_id is not None:
            living = [tenant for tenant in living if tenant.id == tenant_id]
        if not living:
            return False
        tenant = self._rng.choice(living)
        for _ in range(12):
            action = self._rng.choices(_ACTIONS, _WEIGHTS)[0]
            # Others write too: lock dates and half-made drafts may refuse what chance chose.
            with suppress(Refused):
                if action(self, tenant):
                    return True
        return self.new_contact(tenant)

    def new_invoice(self, tenant: Tenant) -> bool:
        """A sales invoice, approved at once or left as a draft."""
        return self._new_document(tenant, "ACCREC")

    def new_bill(self, tenant: Tenant) -> bool:
        """A bill."""
        return self._new_document(tenant, "ACCPAY")

    def approve(self, tenant: Tenant) -> bool:
        """Approve a draft."""
        invoice = self._pick(tenant, lambda i: i.status in {"DRAFT", "SUBMITTED"})
        if invoice is None:
            return False
        tenant.approve(invoice.id)
        return True

    def pay(self, tenant: Tenant) -> bool:
        """Pay all that is due."""
        invoice = self._pick(tenant, _payable)
        return invoice is not None and dealings.pay_share(tenant, invoice.id, 1.0, self._rng)

    def part_pay(self, tenant: Tenant) -> bool:
        """Pay a part."""
        invoice = self._pick(tenant, _payable)
        share = self._rng.uniform(0.1, 0.9)
        return invoice is not None and dealings.pay_share(tenant, invoice.id, share, self._rng)

    def unpay(self, tenant: Tenant) -> bool:
        """Delete a payment."""
        payment = tenant.ledger.payments.pick(self._rng, lambda p: p.status == "AUTHORISED")
        if payment is None:
            return False
        is_refund = isinstance(tenant.ledger.document(payment.document_id), Credit)
        if is_refund and not self._may_refund(tenant):
            return False
        tenant.delete_payment(payment.id)
        return True

    def overpay(self, tenant: Tenant) -> bool:
        """Pay more than is due."""
        invoice = self._pick(tenant, _payable)
        if invoice is None:
            return False
        return dealings.overpay(tenant, invoice, self._rng) is not None

    def prepay(self, tenant: Tenant) -> bool:
        """Receive or send money in advance."""
        contact = self._contact(tenant)
        if contact is None:
            return False
        received = self._rng.random() < 0.7
        dealings.prepay(tenant, self._drafter(tenant), contact.id, received=received)
        return True

    def credit(self, tenant: Tenant) -> bool:
        """A credit note to whom a document is, approved at once or left as a draft."""
        invoice = self._pick(tenant, lambda i: i.status in {"AUTHORISED", "PAID"})
        if invoice is None:
            return False
        status = self._rng.choices(("AUTHORISED", "DRAFT", "SUBMITTED"), (7, 2, 1))[0]
        dealings.credit(tenant, self._drafter(tenant), invoice, status=status)
        return True

    def edit_credit(self, tenant: Tenant) -> bool:
        """Other lines or another reference on a credit note that is not applied."""
        note = tenant.ledger.credits[CreditKind.CREDIT_NOTE].pick(
            self._rng, lambda c: c.status in {"DRAFT", "AUTHORISED"} and not c.is_applied
        )
        if note is None:
            return False
        drafter = self._drafter(tenant)
        edits: dict[str, Any] = {"LineItems": [drafter.credit_line(note.is_sale)]}
        if note.is_sale and self._rng.random() < 0.5:
            edits = {"Reference": f"Return {self._rng.randint(1000, 9999)}"}
        tenant.update_credit_note(note.id, **edits)
        return True

    def finish_credit(self, tenant: Tenant) -> bool:
        """Approve a draft of a credit note, or delete it."""
        note = tenant.ledger.credits[CreditKind.CREDIT_NOTE].pick(
            self._rng, lambda c: c.status in {"DRAFT", "SUBMITTED"}
        )
        if note is None:
            return False
        status = self._rng.choices(("AUTHORISED", "DELETED"), (3, 1))[0]
        tenant.update_credit_note(note.id, Status=status)
        return True

    def allocate(self, tenant: Tenant) -> bool:
        """Apply a credit to what its contact owes or is owed."""
        credit = self._credit(tenant, _usable) if self._may_allocate(tenant) else None
        return credit is not None and dealings.spread(tenant, credit, self._rng)

    def unallocate(self, tenant: Tenant) -> bool:
        """Take an allocation back."""
        credit = self._credit(tenant, lambda c: bool(c.allocations))
        if credit is None or not self._may_allocate(tenant):
            return False
        tenant.unallocate(self._rng.choice(credit.allocations))
        return True

    def refund(self, tenant: Tenant) -> bool:
        """Pay a credit back, whole or a part."""
        credit = self._credit(tenant, _usable) if self._may_refund(tenant) else None
        share = self._rng.choice((1.0, self._rng.uniform(0.1, 0.9)))
        return credit is not None and dealings.refund_share(tenant, credit, share, self._rng)

    def void_credit(self, tenant: Tenant) -> bool:
        """Void a credit that is not applied."""
        credit = self._credit(tenant, lambda c: c.status == "AUTHORISED" and not c.is_applied)
        if credit is None:
            return False
        tenant.void_credit(credit.id)
        return True

    def void(self, tenant: Tenant) -> bool:
        """Void an approved, unpaid document."""
        invoice = self._pick(tenant, lambda i: i.status == "AUTHORISED" and not i.is_applied)
        if invoice is None:
            return False
        tenant.void(invoice.id)
        return True

    def delete_draft(self, tenant: Tenant) -> bool:
        """Delete a draft."""
        invoice = self._pick(tenant, lambda i: i.status in {"DRAFT", "SUBMITTED"})
        if invoice is None:
            return False
        tenant.delete_draft(invoice.id)
        return True

    def edit_lines(self, tenant: Tenant) -> bool:
        """Replace the lines of an open, unpaid document; sometimes keep the first."""
        invoice = self._pick(
            tenant,
            lambda i: i.status in {"DRAFT", "SUBMITTED", "AUTHORISED"} and not i.is_applied,
        )
        if invoice is None:
            return False
        lines = self._drafter(tenant).lines(invoice.type)
        if invoice.lines and self._rng.random() < 0.5:
            kept = invoice.lines[0]
            lines[0] = {
                **lines[0],
                "LineItemID": kept.id,
                "Quantity": (kept.quantity or Decimal(1)) + 1,
            }
        tenant.update_invoice(invoice.id, LineItems=lines)
        return True

    def edit_head(self, tenant: Tenant) -> bool:
        """Another reference, due date or expected date on an open, unpaid document."""
        invoice = self._pick(
            tenant,
            lambda i: i.status in {"DRAFT", "SUBMITTED", "AUTHORISED"} and not i.is_applied,
        )
        if invoice is None:
            return False
        later = (tenant.ledger.today()).isoformat()
        planned = "ExpectedPaymentDate" if invoice.type == "ACCREC" else "PlannedPaymentDate"
        edits: dict[str, Any] = self._rng.choice(
            (
                {"Reference": f"PO {self._rng.randint(10000, 99999)}"},
                {"DueDate": later},
                {planned: later},
            )
        )
        tenant.update_invoice(invoice.id, **edits)
        return True

    def new_contact(self, tenant: Tenant) -> bool:
        """A contact nobody knew."""
        tenant.create_contact(self._drafter(tenant).contact())
        return True

    def edit_contact(self, tenant: Tenant) -> bool:
        """A small change to a contact."""
        contact = self._contact(tenant)
        if contact is None:
            return False
        tenant.update_contact(contact.id, **self._drafter(tenant).contact_edit())
        return True

    def rename_contact(self, tenant: Tenant) -> bool:
        """Another name, which shows on all its documents."""
        contact = self._contact(tenant)
        if contact is None:
            return False
        tenant.rename_contact(contact.id, self._drafter(tenant).name())
        return True

    def archive_contact(self, tenant: Tenant) -> bool:
        """Archive a contact, as long as enough remain."""
        if self._active(tenant) < 5:
            return False
        contact = self._contact(tenant)
        if contact is None:
            return False
        tenant.archive_contact(contact.id)
        return True

    def restore_contact(self, tenant: Tenant) -> bool:
        """Make an archived contact active again, where its name is free."""
        contact = tenant.ledger.contacts.pick(
            self._rng, lambda c: c.status == "ARCHIVED" and c.merged_to is None
        )
        if contact is None or contact.name.lower() in tenant.ledger.contact_names:
            return False
        tenant.update_contact(contact.id, ContactStatus="ACTIVE")
        return True

    def merge_contacts(self, tenant: Tenant) -> bool:
        """Merge one contact into another, as long as enough remain."""
        source, target = self._contact(tenant), self._contact(tenant)
        if source is None or target is None or source is target or self._active(tenant) < 8:
            return False
        tenant.merge_contacts(source.id, target.id)
        return True

    def keep_up(self, tenant: Tenant) -> bool:
        """Change an account, a tax rate, an item, tracking or the currencies a little."""
        return upkeep.keep_up(tenant, self._rng, deleting=not self._stamped_only)

    def _new_document(self, tenant: Tenant, kind: str) -> bool:
        contact = self._contact(tenant)
        if contact is None:
            return False
        before = (contact.is_customer, contact.is_supplier)
        status = self._rng.choices(("AUTHORISED", "DRAFT", "SUBMITTED"), (6, 3, 1))[0]
        element = self._drafter(tenant).document(
            kind, contact.id, tenant.ledger.today(), status=status
        )
        tenant.create_invoice(element)
        if self._stamped_only and before != (contact.is_customer, contact.is_supplier):
            tenant.update_contact(contact.id, **self._drafter(tenant).contact_edit())
        return True

    def _pick(self, tenant: Tenant, fits: Callable[[Invoice], bool]) -> Invoice | None:
        return tenant.ledger.invoices.pick(self._rng, fits)

    def _may_allocate(self, tenant: Tenant) -> bool:
        rules = tenant.ledger.rules
        stamped = rules.allocation_moves_invoice and rules.allocation_moves_credit
        return stamped or not self._stamped_only

    def _may_refund(self, tenant: Tenant) -> bool:
        return tenant.ledger.rules.refund_moves_credit or not self._stamped_only

    def _credit(self, tenant: Tenant, fits: Callable[[Credit], bool]) -> Credit | None:
        """A credit that fits, of any kind, the drawn kind first."""
        for kind in self._rng.sample(list(CreditKind), k=len(CreditKind)):
            credit = tenant.ledger.credits[kind].pick(self._rng, fits)
            if credit is not None:
                return credit
        return None

    def _contact(self, tenant: Tenant) -> Contact | None:
        return tenant.ledger.contacts.pick(self._rng, lambda c: c.status == "ACTIVE")

    def _active(self, tenant: Tenant) -> int:
        return len(tenant.ledger.contact_names)

    def _drafter(self, tenant: Tenant) -> Drafter:
        if tenant.id not in self._drafters:
            self._drafters[tenant.id] = Drafter(tenant.ledger, self._rng)
        return self._drafters[tenant.id]


def _payable(invoice: Invoice) -> bool:
    return invoice.status == "AUTHORISED" and invoice.amount_due > 0


def _usable(credit: Credit) -> bool:
    return credit.status == "AUTHORISED" and credit.remaining > 0


_WEIGHTED: tuple[tuple[_Action, int], ...] = (
    (Business.new_invoice, 20),
    (Business.new_bill, 12),
    (Business.approve, 12),
    (Business.pay, 16),
    (Business.part_pay, 9),
    (Business.unpay, 4),
    (Business.overpay, 3),
    (Business.prepay, 3),
    (Business.credit, 7),
    (Business.edit_credit, 2),
    (Business.finish_credit, 2),
    (Business.allocate, 9),
    (Business.unallocate, 2),
    (Business.refund, 3),
    (Business.void_credit, 2),
    (Business.void, 4),
    (Business.delete_draft, 3),
    (Business.edit_lines, 7),
    (Business.edit_head, 6),
    (Business.new_contact, 5),
    (Business.edit_contact, 5),
    (Business.rename_contact, 3),
    (Business.archive_contact, 2),
    (Business.restore_contact, 1),
    (Business.merge_contacts, 1),
    (Business.keep_up, 4),
)
_ACTIONS = [action for action, _ in _WEIGHTED]
_WEIGHTS = [weight for _, weight in _WEIGHTED]
