"""Actions with money: payments, credits, allocations and refunds, drawn by an actor.

What each of them does is in dealings.py; which is done when, in business.py.
"""

from typing import Any

from simulator import dealings
from simulator.actor import Actor
from simulator.books import Tenant
from simulator.model import Credit, Invoice


class MoneyActions(Actor):
    """Every action says whether it was possible."""

    def pay(self, tenant: Tenant) -> bool:
        """Pay all that is due."""
        invoice = self.pick(tenant, payable)
        return invoice is not None and dealings.pay_share(tenant, invoice.id, 1.0, self.rng)

    def part_pay(self, tenant: Tenant) -> bool:
        """Pay a part."""
        invoice = self.pick(tenant, payable)
        share = self.rng.uniform(0.1, 0.9)
        return invoice is not None and dealings.pay_share(tenant, invoice.id, share, self.rng)

    def unpay(self, tenant: Tenant) -> bool:
        """Delete a payment."""
        payment = tenant.ledger.payments.pick(self.rng, lambda p: p.status == "AUTHORISED")
        if payment is None:
            return False
        is_refund = isinstance(tenant.ledger.document(payment.document_id), Credit)
        if is_refund and not self.may_refund(tenant):
            return False
        tenant.delete_payment(payment.id)
        return True

    def overpay(self, tenant: Tenant) -> bool:
        """Pay more than is due."""
        invoice = self.pick(tenant, payable)
        if invoice is None:
            return False
        return dealings.overpay(tenant, invoice, self.rng) is not None

    def prepay(self, tenant: Tenant) -> bool:
        """Receive or send money in advance."""
        contact = self.contact(tenant)
        if contact is None:
            return False
        received = self.rng.random() < 0.7
        dealings.prepay(tenant, self.drafter(tenant), contact.id, received=received)
        return True

    def credit(self, tenant: Tenant) -> bool:
        """A credit note to whom a document is, approved at once or left as a draft."""
        invoice = self.pick(tenant, lambda i: i.status in {"AUTHORISED", "PAID"})
        if invoice is None:
            return False
        status = self.rng.choices(("AUTHORISED", "DRAFT", "SUBMITTED"), (7, 2, 1))[0]
        dealings.credit(tenant, self.drafter(tenant), invoice, status=status)
        return True

    def edit_credit(self, tenant: Tenant) -> bool:
        """Other lines or another reference on a credit note that is not applied."""
        note = self.pick_note(
            tenant, lambda c: c.status in {"DRAFT", "AUTHORISED"} and not c.is_applied
        )
        if note is None:
            return False
        drafter = self.drafter(tenant)
        edits: dict[str, Any] = {"LineItems": [drafter.credit_line(note.is_sale)]}
        if note.is_sale and self.rng.random() < 0.5:
            edits = {"Reference": f"Return {self.rng.randint(1000, 9999)}"}
        tenant.update_credit_note(note.id, **edits)
        return True

    def finish_credit(self, tenant: Tenant) -> bool:
        """Approve a draft of a credit note, or delete it."""
        note = self.pick_note(tenant, lambda c: c.status in {"DRAFT", "SUBMITTED"})
        if note is None:
            return False
        status = self.rng.choices(("AUTHORISED", "DELETED"), (3, 1))[0]
        tenant.update_credit_note(note.id, Status=status)
        return True

    def allocate(self, tenant: Tenant) -> bool:
        """Apply a credit to what its contact owes or is owed."""
        credit = self.pick_credit(tenant, _usable) if self.may_allocate(tenant) else None
        return credit is not None and dealings.spread(tenant, credit, self.rng)

    def unallocate(self, tenant: Tenant) -> bool:
        """Take an allocation back."""
        credit = self.pick_credit(tenant, lambda c: bool(c.allocations))
        if credit is None or not self.may_allocate(tenant):
            return False
        tenant.unallocate(self.rng.choice(credit.allocations))
        return True

    def refund(self, tenant: Tenant) -> bool:
        """Pay a credit back, whole or a part."""
        credit = self.pick_credit(tenant, _usable) if self.may_refund(tenant) else None
        share = self.rng.choice((1.0, self.rng.uniform(0.1, 0.9)))
        return credit is not None and dealings.refund_share(tenant, credit, share, self.rng)

    def void_credit(self, tenant: Tenant) -> bool:
        """Void a credit that is not applied."""
        credit = self.pick_credit(tenant, lambda c: c.status == "AUTHORISED" and not c.is_applied)
        if credit is None:
            return False
        tenant.void_credit(credit.id)
        return True


def payable(invoice: Invoice) -> bool:
    """Whether something of a document can be paid."""
    return invoice.status == "AUTHORISED" and invoice.amount_due > 0


def _usable(credit: Credit) -> bool:
    return credit.status == "AUTHORISED" and credit.remaining > 0
