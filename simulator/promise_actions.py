"""Actions with what posts nothing: orders, quotes and templates, drawn by an actor.

Templates are made so that they run in one of the next nights; which is done when, in business.py.
"""

from datetime import timedelta
from typing import Any

from simulator import purchase_orders, quotes, repeating
from simulator.books import Tenant
from simulator.model import Contact
from simulator.money_actions import MoneyActions

_MOST_TEMPLATES = 12  #: that live, in one organisation
_ANSWERS = {"DRAFT": ("SENT",), "SENT": ("ACCEPTED", "DECLINED"), "ACCEPTED": ("INVOICED",)}


class PromiseActions(MoneyActions):
    """Every action says whether it was possible."""

    def new_order(self, tenant: Tenant) -> bool:
        """Order something of a supplier, to be delivered in a few days."""
        contact = self.contact(tenant)
        if contact is None:
            return False
        purchase_orders.create(tenant.ledger, self.drafter(tenant).order(contact.id))
        return True

    def edit_order(self, tenant: Tenant) -> bool:
        """Approve, bill, delete or put off an order."""
        ledger, rng = tenant.ledger, self.rng
        order = ledger.promises.orders.pick(rng, lambda o: o.status not in {"BILLED", "DELETED"})
        if order is None:
            return False
        status = "BILLED" if order.status == "AUTHORISED" else "AUTHORISED"
        later = ledger.today() + timedelta(days=rng.randint(0, 5))
        edit: dict[str, Any] = rng.choices(
            (
                {"Status": status},
                {"DeliveryDate": later.isoformat(), "ExpectedArrivalDate": later.isoformat()},
                {"DeliveryInstructions": f"Gate {rng.randint(1, 9)}", "AttentionTo": "Stores"},
                {"Status": "AUTHORISED", "SentToContact": True},
                {"Status": "DELETED"},
            ),
            (5, 3, 2, 2, 1),
        )[0]
        purchase_orders.update(ledger, order, edit)
        return True

    def new_quote(self, tenant: Tenant) -> bool:
        """Offer something to a customer, for a few days."""
        contact = self.contact(tenant)
        if contact is None:
            return False
        quotes.create(tenant.ledger, self.drafter(tenant).quote(contact.id))
        return True

    def edit_quote(self, tenant: Tenant) -> bool:
        """Send a quote, hear its answer, invoice or delete it, or write it anew."""
        ledger, rng = tenant.ledger, self.rng
        quote = ledger.promises.quotes.pick(rng, lambda q: q.status in _ANSWERS)
        if quote is None:
            return False
        edit: dict[str, Any] = rng.choices(
            (
                {"Status": rng.choice(_ANSWERS[quote.status])},
                {"Title": f"Revision {rng.randint(2, 9)}", "Terms": "30 days net"},
                {"LineItems": self.drafter(tenant).lines("ACCREC")},
                {"Status": "DELETED"},
            ),
            (6, 2, 2, 1),
        )[0]
        quotes.update(ledger, quote, edit)
        return True

    def new_template(self, tenant: Tenant) -> bool:
        """Have something invoiced, or a bill made, again and again from tomorrow on."""
        held = tenant.ledger.promises.templates
        living = sum(1 for template in held if template.status != "DELETED")
        contact = self._known_side(tenant)
        if contact is None or living >= _MOST_TEMPLATES:
            return False
        kind = "ACCREC" if contact.is_customer else "ACCPAY"
        start = tenant.ledger.today() + timedelta(days=1)
        repeating.create(
            tenant.ledger, self.drafter(tenant).template(kind, contact.id, start=start)
        )
        return True

    def edit_template(self, tenant: Tenant) -> bool:
        """Change, end or delete a template, as Xero's app lets people do."""
        ledger, rng = tenant.ledger, self.rng
        template = ledger.promises.templates.pick(rng, lambda t: t.status != "DELETED")
        if template is None or template.schedule is None:
            return False
        end = max(ledger.today(), template.schedule.start) + timedelta(days=rng.randint(0, 2))
        step = rng.choices(("lines", "status", "end", "delete"), (4, 3, 2, 1))[0]
        if step == "delete":
            repeating.delete(ledger, template, {"Status": "DELETED"})
        elif step == "end":
            repeating.change(ledger, template, {"Schedule": {"EndDate": end.isoformat()}})
        elif step == "status":
            status = "DRAFT" if template.status == "AUTHORISED" else "AUTHORISED"
            repeating.change(ledger, template, {"Status": status})
        else:
            lines = self.drafter(tenant).plain_lines(template.type)
            repeating.change(ledger, template, {"LineItems": lines})
        return True

    def _known_side(self, tenant: Tenant) -> Contact | None:
        """A contact that is a customer or a supplier already: what a template makes stamps none."""
        return tenant.ledger.contacts.pick(
            self.rng, lambda c: c.status == "ACTIVE" and (c.is_customer or c.is_supplier)
        )
