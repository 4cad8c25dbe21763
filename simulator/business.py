"""Live business: seeded random actions on the books, one at a time.

With `stamped_only` (the default) nothing is done that Xero would leave unstamped: where a
first document flips a contact's IsCustomer or IsSupplier, the contact is edited right after,
and nothing is deleted that leaves no trace, so that a reader of stamped changes, and of the lists
that have no stamps, can know all. Pace and duration are in player.py.
"""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from simulator import enclosures, staffing, upkeep
from simulator.bank_actions import BankActions
from simulator.books import Tenant
from simulator.promise_actions import PromiseActions
from simulator.refusals import Refused

_Action = Callable[["Business", Tenant], bool]


class Business(PromiseActions, BankActions):
    """Draws actions; deterministic from the seed as long as nobody else writes."""

    def act(self, tenant_id: str | None = None) -> bool:
        """Do one action, in the named or a drawn organisation; False when none was possible."""
        self.books.turn()
        living = [tenant for tenant in self.books if not tenant.vanished]
        if tenant_id is not None:
            living = [tenant for tenant in living if tenant.id == tenant_id]
        if not living:
            return False
        tenant = self.rng.choice(living)
        for _ in range(12):
            action = self.rng.choices(_ACTIONS, _WEIGHTS)[0]
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
        invoice = self.pick(tenant, lambda i: i.status in {"DRAFT", "SUBMITTED"})
        if invoice is None:
            return False
        tenant.approve(invoice.id)
        return True

    def void(self, tenant: Tenant) -> bool:
        """Void an approved, unpaid document."""
        invoice = self.pick(tenant, lambda i: i.status == "AUTHORISED" and not i.is_applied)
        if invoice is None:
            return False
        tenant.void(invoice.id)
        return True

    def delete_draft(self, tenant: Tenant) -> bool:
        """Delete a draft."""
        invoice = self.pick(tenant, lambda i: i.status in {"DRAFT", "SUBMITTED"})
        if invoice is None:
            return False
        tenant.delete_draft(invoice.id)
        return True

    def edit_lines(self, tenant: Tenant) -> bool:
        """Replace the lines of an open, unpaid document; sometimes keep the first."""
        invoice = self.pick(
            tenant,
            lambda i: i.status in {"DRAFT", "SUBMITTED", "AUTHORISED"} and not i.is_applied,
        )
        if invoice is None:
            return False
        lines = self.drafter(tenant).lines(invoice.type)
        if invoice.lines and self.rng.random() < 0.5:
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
        invoice = self.pick(
            tenant,
            lambda i: i.status in {"DRAFT", "SUBMITTED", "AUTHORISED"} and not i.is_applied,
        )
        if invoice is None:
            return False
        later = (tenant.ledger.today()).isoformat()
        planned = "ExpectedPaymentDate" if invoice.type == "ACCREC" else "PlannedPaymentDate"
        edits: dict[str, Any] = self.rng.choice(
            (
                {"Reference": f"PO {self.rng.randint(10000, 99999)}"},
                {"DueDate": later},
                {planned: later},
            )
        )
        tenant.update_invoice(invoice.id, **edits)
        return True

    def new_contact(self, tenant: Tenant) -> bool:
        """A contact nobody knew."""
        tenant.create_contact(self.drafter(tenant).contact())
        return True

    def edit_contact(self, tenant: Tenant) -> bool:
        """A small change to a contact."""
        contact = self.contact(tenant)
        if contact is None:
            return False
        tenant.update_contact(contact.id, **self.drafter(tenant).contact_edit())
        return True

    def rename_contact(self, tenant: Tenant) -> bool:
        """Another name, which shows on all its documents."""
        contact = self.contact(tenant)
        if contact is None:
            return False
        tenant.rename_contact(contact.id, self.drafter(tenant).name())
        return True

    def archive_contact(self, tenant: Tenant) -> bool:
        """Archive a contact, as long as enough remain."""
        if self.active(tenant) < 5:
            return False
        contact = self.contact(tenant)
        if contact is None:
            return False
        tenant.archive_contact(contact.id)
        return True

    def restore_contact(self, tenant: Tenant) -> bool:
        """Make an archived contact active again, where its name is free."""
        contact = tenant.ledger.contacts.pick(
            self.rng, lambda c: c.status == "ARCHIVED" and c.merged_to is None
        )
        if contact is None or contact.name.lower() in tenant.ledger.contact_names:
            return False
        tenant.update_contact(contact.id, ContactStatus="ACTIVE")
        return True

    def merge_contacts(self, tenant: Tenant) -> bool:
        """Merge one contact into another, as long as enough remain."""
        source, target = self.contact(tenant), self.contact(tenant)
        if source is None or target is None or source is target or self.active(tenant) < 8:
            return False
        tenant.merge_contacts(source.id, target.id)
        return True

    def keep_up(self, tenant: Tenant) -> bool:
        """Change an account, a tax rate, an item, tracking or the currencies a little."""
        return upkeep.keep_up(tenant, self.rng, deleting=not self.stamped_only)

    def administer(self, tenant: Tenant) -> bool:
        """Change a user, an employee, a contact group or a budget a little."""
        return staffing.administer(tenant, self.rng, unstamped=not self.stamped_only)

    def enclose(self, tenant: Tenant) -> bool:
        """Put a file with a document, a contact or an account, or in another one's place."""
        return enclosures.enclose(tenant, self.rng)

    def _new_document(self, tenant: Tenant, kind: str) -> bool:
        contact = self.contact(tenant)
        if contact is None:
            return False
        before = (contact.is_customer, contact.is_supplier)
        status = self.rng.choices(("AUTHORISED", "DRAFT", "SUBMITTED"), (6, 3, 1))[0]
        element = self.drafter(tenant).document(
            kind, contact.id, tenant.ledger.today(), status=status
        )
        tenant.create_invoice(element)
        if self.stamped_only and before != (contact.is_customer, contact.is_supplier):
            tenant.update_contact(contact.id, **self.drafter(tenant).contact_edit())
        return True


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
    (Business.keep_up, 6),
    (Business.spend_or_receive, 7),
    (Business.edit_money, 2),
    (Business.delete_money, 1),
    (Business.reconcile, 5),
    (Business.transfer, 3),
    (Business.delete_transfer, 1),
    (Business.pay_together, 3),
    (Business.delete_batch, 1),
    (Business.book, 3),
    (Business.edit_journal, 2),
    (Business.end_journal, 2),
    (Business.enclose, 4),
    (Business.new_order, 5),
    (Business.edit_order, 6),
    (Business.new_quote, 4),
    (Business.edit_quote, 5),
    (Business.new_template, 2),
    (Business.edit_template, 2),
    (Business.administer, 8),
)
_ACTIONS = [action for action, _ in _WEIGHTED]
_WEIGHTS = [weight for _, weight in _WEIGHTED]
