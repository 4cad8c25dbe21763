"""The books on the cash basis: a document counts for as much of it as was paid, on that day.

Source: Xero's "Journals" and report pages (paymentsOnly), which name the basis and no more. A
payment books its share of the document's own lines in place of receivables or payables; a credit
note counts where it was applied or refunded; what was paid in advance rests until it is applied.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from simulator.amounts import cents
from simulator.exchange import allocated_gain, in_base, realised_gain
from simulator.ledger import Ledger
from simulator.model import ZERO, Allocation, Credit, CreditKind, Document, Invoice, Payment
from simulator.postings import (
    GAINS,
    Entry,
    Posting,
    balanced,
    control_of,
    document_lines,
    plain,
    system_account,
)

#: What is merely billed or credited.
_OWED = frozenset({"ACCREC", "ACCPAY", "ACCRECCREDIT", "ACCPAYCREDIT"})


def entries(ledger: Ledger) -> Iterator[Entry]:
    """Every entry of the books on the cash basis."""
    for entry in ledger.general.standing():
        source = entry.source_id
        if source in ledger.payments.by_id:
            yield _paid(ledger, ledger.payments.by_id[source], entry)
        elif source in ledger.invoices.by_id or source in _notes(ledger):
            continue  # what was merely billed or credited
        elif source in ledger.manual_journals.by_id:
            if ledger.manual_journals.by_id[source].on_cash_basis:
                yield entry
        else:
            yield entry
    for allocation in ledger.allocations.values():
        yield _applied(ledger, allocation)


def counts(entry: Entry) -> bool:
    """Whether an entry is money that moved, or counts as such."""
    return entry.source_type not in _OWED


def _notes(ledger: Ledger) -> dict[str, Credit]:
    return ledger.credits[CreditKind.CREDIT_NOTE].by_id


def _paid(ledger: Ledger, payment: Payment, entry: Entry) -> Entry:
    """A payment against the lines of what was paid, not against what was owed."""
    document = ledger.document(payment.document_id)
    if not _has_lines(document):
        return entry  # a refund of what was paid in advance
    comes_in = document.is_sale != isinstance(document, Credit)
    sign = 1 if comes_in else -1
    lines = [
        plain(payment.account_id, in_base(payment.amount, payment.rate) * sign),
        *_share(ledger, document, payment.amount, sign=-sign),
    ]
    gain = realised_gain(document, payment)
    if gain:
        lines.append(plain(system_account(ledger, GAINS), -gain))
    return replace(entry, lines=balanced(ledger, lines))


def _applied(ledger: Ledger, allocation: Allocation) -> Entry:
    """The lines of a document that a credit settled, against those of the credit or, of money paid
    in advance, against where that rests."""
    invoice = ledger.invoices.by_id[allocation.invoice_id]
    credit = ledger.credits[allocation.kind].by_id[allocation.credit_id]
    sign = -1 if invoice.is_sale else 1
    lines = _share(ledger, invoice, allocation.amount, sign=sign)
    if _has_lines(credit):
        lines += _share(ledger, credit, allocation.amount, sign=-sign)
    else:
        control = system_account(ledger, control_of(credit))
        lines.append(plain(control, in_base(allocation.amount, credit.rate) * -sign))
    gain = allocated_gain(credit, invoice, allocation.amount)
    if gain:
        lines.append(plain(system_account(ledger, GAINS), -gain))
    return Entry(
        key=(allocation.id, "cash"),
        source_type="",
        source_id=allocation.credit_id,
        date=allocation.date,
        reference=invoice.number,
        lines=balanced(ledger, lines),
    )


def _has_lines(document: Document) -> bool:
    """Whether a document's own lines say what it was for."""
    return isinstance(document, Invoice) or (
        isinstance(document, Credit) and document.kind is CreditKind.CREDIT_NOTE
    )


def _share(ledger: Ledger, document: Document, amount: Decimal, *, sign: int) -> list[Posting]:
    """The part of a document's lines that an amount of it pays for."""
    whole = document_lines(ledger, document, sign=sign)
    if not document.total:
        return []
    part = amount / document.total
    shared = [
        replace(
            line,
            net=cents(line.net * part),
            gross=cents(line.gross * part),
            tax=cents(line.tax * part),
        )
        for line in whole
    ]
    wanted = in_base(amount, document.rate) * sign
    left = wanted - sum((line.net for line in shared), ZERO)
    if left and shared:
        first = shared[0]
        shared[0] = replace(first, net=first.net + left, gross=first.gross + left)
    return shared
