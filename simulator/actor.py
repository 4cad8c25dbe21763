"""Who acts in a business, by seeded chance: what all actions share.

The actions are in money_actions.py and business.py.
"""

import random
from collections.abc import Callable

from simulator.books import Books, Tenant
from simulator.model import Contact, Credit, CreditKind, Invoice
from simulator.promise_drafting import PromiseDrafter


class Actor:
    """Draws the things that actions are about, and what is written to them.

    With `stamped_only` nothing is done that Xero would leave unstamped.
    """

    def __init__(self, books: Books, rng: random.Random, *, stamped_only: bool = True) -> None:
        self.books = books
        self.rng = rng
        self.stamped_only = stamped_only
        self._drafters: dict[str, PromiseDrafter] = {}

    def pick(self, tenant: Tenant, fits: Callable[[Invoice], bool]) -> Invoice | None:
        """An invoice or bill that fits."""
        return tenant.ledger.invoices.pick(self.rng, fits)

    def pick_credit(self, tenant: Tenant, fits: Callable[[Credit], bool]) -> Credit | None:
        """A credit that fits, of any kind, the drawn kind first."""
        for kind in self.rng.sample(list(CreditKind), k=len(CreditKind)):
            credit = tenant.ledger.credits[kind].pick(self.rng, fits)
            if credit is not None:
                return credit
        return None

    def pick_note(self, tenant: Tenant, fits: Callable[[Credit], bool]) -> Credit | None:
        """A credit note that fits."""
        return tenant.ledger.credits[CreditKind.CREDIT_NOTE].pick(self.rng, fits)

    def contact(self, tenant: Tenant) -> Contact | None:
        """An active contact."""
        return tenant.ledger.contacts.pick(self.rng, lambda c: c.status == "ACTIVE")

    def active(self, tenant: Tenant) -> int:
        """How many contacts are active."""
        return len(tenant.ledger.contact_names)

    def drafter(self, tenant: Tenant) -> PromiseDrafter:
        """Whoever drafts for the organisation."""
        if tenant.id not in self._drafters:
            self._drafters[tenant.id] = PromiseDrafter(tenant.ledger, self.rng)
        return self._drafters[tenant.id]

    def may_allocate(self, tenant: Tenant) -> bool:
        """Whether an allocation would be stamped, or need not be."""
        rules = tenant.ledger.rules
        stamped = rules.allocation_moves_invoice and rules.allocation_moves_credit
        return stamped or not self.stamped_only

    def may_refund(self, tenant: Tenant) -> bool:
        """Whether a refund would be stamped, or need not be."""
        return tenant.ledger.rules.refund_moves_credit or not self.stamped_only
