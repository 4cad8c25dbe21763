"""Actions at the bank and by hand, drawn by an actor.

What each of them does is in bank_dealings.py; which is done when, in business.py.
"""

from simulator import bank_dealings, bank_transactions
from simulator.actor import Actor
from simulator.books import Tenant
from simulator.model import BankTransaction
from simulator.money_actions import payable

_MOST_TOGETHER = 4  #: documents that one batch pays


class BankActions(Actor):
    """Every action says whether it was possible."""

    def spend_or_receive(self, tenant: Tenant) -> bool:
        """Money out or in, without a document."""
        contact = self.contact(tenant)
        if contact is None:
            return False
        bank_dealings.spend_or_receive(tenant, self.drafter(tenant), contact, self.rng)
        return True

    def edit_money(self, tenant: Tenant) -> bool:
        """Another reference or other lines of money spent or received."""
        made = self._plain(tenant)
        if made is None:
            return False
        edit = bank_dealings.money_edit(self.drafter(tenant), made, self.rng)
        bank_transactions.update(tenant.ledger, made, edit, decimals=4)
        return True

    def delete_money(self, tenant: Tenant) -> bool:
        """Delete money spent or received."""
        made = self._plain(tenant)
        if made is None:
            return False
        bank_transactions.update(tenant.ledger, made, {"Status": "DELETED"})
        return True

    def reconcile(self, tenant: Tenant) -> bool:
        """Match a bank transaction, the side of a transfer too, with a statement, or undo that."""
        done = self.rng.random() < 0.8
        made = tenant.ledger.bank_transactions.pick(
            self.rng, lambda each: each.status == "AUTHORISED" and each.is_reconciled is not done
        )
        if made is None:
            return False
        tenant.reconcile(made.id, done=done)
        return True

    def transfer(self, tenant: Tenant) -> bool:
        """Move money between bank accounts."""
        bank_dealings.transfer(tenant, self.drafter(tenant), self.rng)
        return True

    def delete_transfer(self, tenant: Tenant) -> bool:
        """Delete a transfer; nothing but its two sides is stamped."""
        held = tenant.ledger.transfers.pick(self.rng, lambda each: each.status == "AUTHORISED")
        if held is None:
            return False
        tenant.delete_transfer(held.id)
        return True

    def pay_together(self, tenant: Tenant) -> bool:
        """Pay several documents as one batch."""
        drawn = [self.pick(tenant, payable) for _ in range(_MOST_TOGETHER)]
        found = bank_dealings.payable_together([each for each in drawn if each is not None])
        if not found:
            return False
        bank_dealings.pay_together(tenant, found, self.rng)
        return True

    def delete_batch(self, tenant: Tenant) -> bool:
        """Delete a batch with its payments."""
        held = tenant.ledger.batches.pick(self.rng, lambda each: each.status == "AUTHORISED")
        if held is None:
            return False
        tenant.delete_batch(held.id)
        return True

    def book(self, tenant: Tenant) -> bool:
        """A manual journal, posted at once or left as a draft."""
        status = self.rng.choice(("POSTED", "POSTED", "DRAFT"))
        bank_dealings.book(tenant, self.drafter(tenant), self.rng, status=status)
        return True

    def edit_journal(self, tenant: Tenant) -> bool:
        """Other words or lines of a draft or a posted journal."""
        journal = tenant.ledger.manual_journals.pick(
            self.rng, lambda each: each.status in {"DRAFT", "POSTED"}
        )
        if journal is None:
            return False
        edit = bank_dealings.journal_edit(tenant, self.drafter(tenant), self.rng)
        tenant.update_journal(journal.id, **edit)
        return True

    def end_journal(self, tenant: Tenant) -> bool:
        """Post or delete a draft; void a posted one."""
        journal = tenant.ledger.manual_journals.pick(
            self.rng, lambda each: each.status in {"DRAFT", "POSTED"}
        )
        if journal is None:
            return False
        ends = ("POSTED", "POSTED", "DELETED") if journal.status == "DRAFT" else ("VOIDED",)
        tenant.update_journal(journal.id, Status=self.rng.choice(ends))
        return True

    def _plain(self, tenant: Tenant) -> BankTransaction | None:
        return tenant.ledger.bank_transactions.pick(
            self.rng,
            lambda each: (
                each.status == "AUTHORISED"
                and each.type in {"SPEND", "RECEIVE"}
                and not each.is_reconciled
            ),
        )
