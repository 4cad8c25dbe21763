"""Opening books: months of past business, played through the same rules as live writes.

Every record's stamps lie where its last change did, so a new simulator looks lived in: some
documents are overdue, paid, part-paid, draft, voided or deleted, credits wait, are allocated or
were refunded, and a payment was undone.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from simulator import chart, dealings, enclosures, past_bank, staffing
from simulator.bank_actions import BankActions
from simulator.books import Books, Tenant
from simulator.config import OpeningBooks, TenantSpec
from simulator.model import Contact, Credit, Invoice
from simulator.opening_promises import PastPromises
from simulator.promise_drafting import PromiseDrafter
from simulator.refusals import Refused

_Step = tuple[datetime, int, Callable[[], object]]
_DAYS_A_MONTH = 30
_MOST_FILES = 20


def open_books(books: Books, spec: TenantSpec, sizes: OpeningBooks, seed: str) -> Tenant:
    """Make an organisation and its past. Deterministic from seed and clock."""
    books.muted = True
    try:
        tenant = books.add(spec)
        rng = random.Random(f"{seed}|opening|{tenant.id}")  # noqa: S311  # play money
        # With chance of their own, so that what they do decides nothing of the documents.
        banking = BankActions(books, random.Random(f"{seed}|bank|{tenant.id}"))  # noqa: S311  # play money
        _Past(tenant, sizes, rng, banking=banking).play()
    finally:
        books.muted = False
    return tenant


class _Past:
    """The timeline of one organisation's past, from its first day until an hour ago."""

    def __init__(
        self, tenant: Tenant, sizes: OpeningBooks, rng: random.Random, *, banking: BankActions
    ) -> None:
        self._banking = banking
        self._tenant = tenant
        self._sizes = sizes
        self._rng = rng
        self._drafter = PromiseDrafter(tenant.ledger, rng)
        self._clock = tenant.ledger.clock
        self._end = self._clock() - timedelta(hours=1)
        self._start = self._end - timedelta(days=_DAYS_A_MONTH * max(1, sizes.months))
        self._steps: list[_Step] = []
        self._order = itertools.count()
        self._contacts: list[Contact] = []

    def play(self) -> None:
        ledger = self._tenant.ledger
        ledger.created_ms = int((self._start - timedelta(days=30)).timestamp() * 1000)
        first_days = timedelta(days=5)
        for _ in range(self._sizes.contacts):
            at = self._start + first_days * self._rng.random()
            self._at(at, self._make_contact)
        documents = ["ACCREC"] * self._sizes.invoices + ["ACCPAY"] * self._sizes.bills
        span = self._end - self._start - first_days
        for kind in documents:
            at = self._start + first_days + span * self._rng.random()
            self._at(at, lambda kind=kind: self._make_document(kind))  # type: ignore[misc]  # bound default
        promised = PastPromises(self._tenant, self._drafter, self._rng)
        began = self._start + first_days
        for at, step in (
            *promised.steps(self._sizes, since=began, until=self._end),
            *past_bank.steps(
                self._banking, self._tenant, self._sizes, since=began, until=self._end
            ),
        ):
            self._at(at, step)
        now = self._start
        try:
            ledger.clock = lambda: self._start
            chart.create(ledger, self._drafter.foreign_bank())
            while self._steps:
                now, _, step = heapq.heappop(self._steps)
                ledger.clock = lambda now=now: now  # type: ignore[misc]  # bound default
                # What was planned may have been overtaken, as by a credit on what is to be voided.
                with suppress(Refused):
                    step()
            more = min(self._sizes.invoices // 10, _MOST_FILES)
            enclosures.furnish(self._tenant, self._rng, more)
        finally:
            ledger.clock = self._clock

    def _at(self, when: datetime, step: Callable[[], object]) -> None:
        if when <= self._end:
            heapq.heappush(self._steps, (when, next(self._order), step))

    def _later(self, days: tuple[float, float], step: Callable[[], object]) -> None:
        now = self._tenant.ledger.clock()
        self._at(now + timedelta(days=self._rng.uniform(*days)), step)

    def _make_contact(self) -> None:
        contact = self._tenant.create_contact(self._drafter.contact())
        self._contacts.append(contact)
        if self._rng.random() < 0.1:
            self._later((5, 60), lambda: self._edit_contact(contact))
        if self._rng.random() < 0.25:
            staffing.join_group(self._tenant.ledger, self._rng)

    def _edit_contact(self, contact: Contact) -> None:
        self._tenant.update_contact(contact.id, **self._drafter.contact_edit())

    def _make_document(self, kind: str) -> None:
        if not self._contacts:
            return
        rng = self._rng
        # A few contacts get most of the business.
        contact = self._contacts[int(len(self._contacts) * rng.random() ** 1.7)]
        on = self._tenant.ledger.today()
        fate = rng.random()
        if fate < 0.12:
            draft = self._drafter.document(
                kind, contact.id, on, status=rng.choice(("DRAFT", "SUBMITTED"))
            )
            invoice = self._tenant.create_invoice(draft)
            if rng.random() < 0.3:
                self._later((1, 9), lambda: self._end_document(invoice.id, "DELETED"))
            return
        sent = self._drafter.document(kind, contact.id, on, status="AUTHORISED")
        invoice = self._tenant.create_invoice(sent)
        if fate < 0.18:
            self._later((1, 9), lambda: self._end_document(invoice.id, "VOIDED"))
        elif fate < 0.60:
            self._later((1, 50), lambda: self._pay(invoice.id, 1.0))
        elif fate < 0.65:
            self._later((1, 50), lambda: self._overpay(invoice))
        elif fate < 0.8:
            self._later((1, 30), lambda: self._pay(invoice.id, rng.uniform(0.2, 0.8)))
        if rng.random() < 0.12:
            self._later((2, 40), lambda: self._credit(invoice))
        if rng.random() < 0.05:
            self._later((1, 20), lambda: self._prepay(invoice))

    def _end_document(self, invoice_id: str, status: str) -> None:
        self._tenant.update_invoice(invoice_id, Status=status)

    def _pay(self, invoice_id: str, share: float) -> None:
        dealings.pay_share(self._tenant, invoice_id, share, self._rng)
        payments = self._tenant.invoice(invoice_id).payments
        if payments and self._rng.random() < 0.04:
            # A cheque that was returned.
            self._later((1, 10), lambda: self._unpay(payments[-1:]))

    def _unpay(self, payment_ids: list[str]) -> None:
        for payment_id in payment_ids:
            self._tenant.delete_payment(payment_id)

    def _credit(self, invoice: Invoice) -> None:
        rng = self._rng
        if invoice.status not in {"AUTHORISED", "PAID"}:
            return
        status = rng.choices(("AUTHORISED", "DRAFT", "SUBMITTED"), (8, 1, 1))[0]
        note = dealings.credit(self._tenant, self._drafter, invoice, status=status)
        if status == "AUTHORISED":
            self._use(note)

    def _overpay(self, invoice: Invoice) -> None:
        held = dealings.overpay(self._tenant, invoice, self._rng)
        if held is not None:
            self._use(held)

    def _prepay(self, invoice: Invoice) -> None:
        contact_id, received = invoice.contact_id, invoice.is_sale
        self._use(dealings.prepay(self._tenant, self._drafter, contact_id, received=received))

    def _use(self, held: Credit) -> None:
        """Leave a credit open, allocate it, refund it, or void it, in time."""
        rng = self._rng
        fate = rng.random()
        if fate < 0.6:
            self._later((0.1, 20), lambda: dealings.spread(self._tenant, held, rng))
        if fate < 0.15 or 0.6 <= fate < 0.75:
            share = rng.choice((1.0, 0.5))
            self._later((20, 40), lambda: dealings.refund_share(self._tenant, held, share, rng))
        if 0.75 <= fate < 0.8:
            self._later((1, 10), lambda: self._tenant.void_credit(held.id))
