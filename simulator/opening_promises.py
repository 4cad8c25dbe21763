"""The past of what posts nothing: orders that were billed, quotes that were answered, templates
that ran every month. Steps for opening.py, which plays them in the order of their times.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from simulator import purchase_orders, quotes, repeating
from simulator.config import OpeningBooks
from simulator.model import Contact
from simulator.promise_drafting import PromiseDrafter
from simulator.tenant import Tenant

Step = tuple[datetime, Callable[[], object]]


class PastPromises:
    """What one organisation promised in its past, by seeded chance."""

    def __init__(self, tenant: Tenant, drafter: PromiseDrafter, rng: random.Random) -> None:
        self._tenant = tenant
        self._ledger = tenant.ledger
        self._drafter = drafter
        self._rng = rng

    def steps(self, sizes: OpeningBooks, *, since: datetime, until: datetime) -> Iterator[Step]:
        """What was done when; the ledger's clock must be at that time when it is done."""
        rng, span = self._rng, until - since
        orders, quotes_, templates = sizes.promises()
        for _ in range(orders):
            when = since + span * rng.random()
            yield when, self._order
            yield when + timedelta(days=rng.uniform(2, 20)), self._settle_order
        for _ in range(quotes_):
            when = since + span * rng.random()
            yield when, self._quote
            yield when + timedelta(days=rng.uniform(1, 9)), self._settle_quote
        for _ in range(templates):
            yield since + span * rng.uniform(0.3, 0.6), self._template
        for night in range(span.days + 1 if templates else 0):
            yield since + timedelta(days=night), lambda: repeating.run_due(self._ledger)

    def _order(self) -> None:
        contact = self._contact()
        if contact is not None:
            purchase_orders.create(self._ledger, self._drafter.order(contact.id))

    def _settle_order(self) -> None:
        order = self._ledger.promises.orders.pick(self._rng, lambda o: o.status == "AUTHORISED")
        if order is not None and self._rng.random() < 0.7:
            status = self._rng.choices(("BILLED", "DELETED"), (8, 1))[0]
            purchase_orders.update(self._ledger, order, {"Status": status})

    def _quote(self) -> None:
        contact = self._contact()
        if contact is not None:
            quotes.create(self._ledger, self._drafter.quote(contact.id))

    def _settle_quote(self) -> None:
        quote = self._ledger.promises.quotes.pick(self._rng, lambda q: q.status == "SENT")
        if quote is not None and self._rng.random() < 0.7:
            status = self._rng.choices(("ACCEPTED", "DECLINED", "DELETED"), (6, 2, 1))[0]
            quotes.update(self._ledger, quote, {"Status": status})

    def _template(self) -> None:
        contact = self._ledger.contacts.pick(self._rng, lambda c: c.is_customer or c.is_supplier)
        if contact is None:
            return
        start = self._ledger.today() + timedelta(days=1)
        kind = "ACCREC" if contact.is_customer else "ACCPAY"
        element = self._drafter.template(kind, contact.id, start=start)
        monthly = {**element["Schedule"], "Unit": "MONTHLY"}
        repeating.create(self._ledger, {**element, "Schedule": monthly})

    def _contact(self) -> Contact | None:
        return self._ledger.contacts.pick(self._rng, lambda c: c.status == "ACTIVE")
