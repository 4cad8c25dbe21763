"""What credit notes, prepayments and overpayments share: finding, settling, and their stamps.

Source: Xero's pages on the three. Creating is in credit_notes.py and bank_transactions.py,
applying in allocations.py, refunds are payments; wire forms in credit_view.py.
"""

from decimal import Decimal

from simulator.ledger import Ledger
from simulator.model import ZERO, Credit, CreditKind
from simulator.refusals import NotFound, Refused


def find(ledger: Ledger, kind: CreditKind, key: str) -> Credit:
    """The credit of an id or, of a credit note, its number. Raises NotFound."""
    shelf = ledger.credits[kind]
    known = shelf.get(key.lower())
    if known is not None:
        return known
    if kind is CreditKind.CREDIT_NOTE:
        numbered = ledger.credit_note_numbers.get(key.lower())
        if numbered is not None:
            return shelf.by_id[numbered]
        named = next((credit for credit in shelf if credit.number == key), None)
        if named is not None:
            return named
    raise NotFound(key)


def settle(ledger: Ledger, credit: Credit, *, moves: bool) -> None:
    """Recompute what is left after an allocation or refund came or went, and AUTHORISED / PAID.

    Only credit notes show on which day they were used up.
    """
    allocations = [ledger.allocations[key] for key in credit.allocations]
    refunds = [ledger.payments.by_id[key] for key in credit.payments]
    credit.allocated = _total([one.amount for one in allocations])
    credit.refunded = _total([one.amount for one in refunds])
    credit.fully_paid_on = None
    credit.status = "AUTHORISED"
    if credit.remaining == 0 and credit.is_applied:
        credit.status = "PAID"
        if credit.kind is CreditKind.CREDIT_NOTE:
            credit.fully_paid_on = max(
                [*(one.date for one in allocations), *(one.date for one in refunds)]
            )
    changed(ledger, credit, moves=moves)


def changed(ledger: Ledger, credit: Credit, *, moves: bool = True) -> None:
    """Note that a credit changed: new revision and balances; stamp and announcement if it moves."""
    credit.revision += 1
    ledger.contact_of(credit).balance_revision += 1
    if moves:
        ledger.stamp(ledger.credits[credit.kind], credit, credit.kind.category, "UPDATE")
    else:
        ledger.book(credit)


def enter(ledger: Ledger, credit: Credit) -> None:
    """Put a new credit in the books: stamped, announced as a CREATE of its category."""
    contact = ledger.contact_of(credit)
    contact.credits.add((credit.kind, credit.id))
    contact.balance_revision += 1
    ledger.stamp(ledger.credits[credit.kind], credit, credit.kind.category, "CREATE")


def void(ledger: Ledger, credit: Credit) -> None:
    """Make a credit VOIDED; what it was worth still shows. Raises Refused while it is applied."""
    if credit.is_applied:
        raise Refused("This document cannot be voided as it has payments or credits allocated")
    credit.status = "VOIDED"
    changed(ledger, credit)


def _total(values: list[Decimal]) -> Decimal:
    return sum(values, ZERO)
