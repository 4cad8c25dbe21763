"""What each document, payment and bank transaction says to the general ledger: plain functions.

Debits are above zero, credits below, all in base currency; every entry sums to zero. Sources:
Xero's "Journals" page for kinds and fields. Where Xero does not say how a change is booked, the
rule here keeps the books in step with the documents: receivables and payables always equal what
is open of invoices, bills and credits, so prepayments rest there until they are applied, too.
What is done with entries is in general.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from simulator.amounts import cents
from simulator.bookings import ManualJournal, Transfer
from simulator.exchange import allocated_gain, in_base, realised_gain
from simulator.model import (
    ZERO,
    Account,
    BankTransaction,
    Credit,
    CreditKind,
    Document,
    Invoice,
    Payment,
)

if TYPE_CHECKING:
    from simulator.ledger import Ledger

APPROVED = frozenset({"AUTHORISED", "PAID"})
RECEIVABLE, PAYABLE, TAX, ROUNDING = "DEBTORS", "CREDITORS", "GST", "ROUNDING"
GAINS = "REALISEDCURRENCYGAIN"

_KINDS = {
    "RECEIVE-PREPAYMENT": "ARPREPAYMENT",
    "SPEND-PREPAYMENT": "APPREPAYMENT",
    "RECEIVE-OVERPAYMENT": "AROVERPAYMENT",
    "SPEND-OVERPAYMENT": "APOVERPAYMENT",
    "RECEIVE": "CASHREC",
    "SPEND": "CASHPAID",
    # There is one kind for refunds of whatever credit (Xero: Journals, SourceType).
    "ARPREPAYMENTPAYMENT": "ARCREDITPAYMENT",
    "APPREPAYMENTPAYMENT": "APCREDITPAYMENT",
    "AROVERPAYMENTPAYMENT": "ARCREDITPAYMENT",
    "APOVERPAYMENTPAYMENT": "APCREDITPAYMENT",
}
"""SourceType by the type of what is booked, where they differ."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry; `net` moves the account, `gross` is that with its tax."""

    account_id: str
    net: Decimal
    gross: Decimal
    tax: Decimal = ZERO
    tax_type: str | None = None
    description: str | None = None
    tracking: tuple[tuple[str, str], ...] = ()  #: ids of categories and of their options


@dataclass(frozen=True, slots=True)
class Entry:
    """What one part of a source says. `key` tells the parts of all sources apart."""

    key: tuple[str, str]
    source_type: str
    source_id: str
    date: date
    reference: str
    lines: tuple[Posting, ...]


class Taxed(Protocol):
    """A line of a document or of a manual journal."""

    @property
    def line_amount(self) -> Decimal:
        """In the tax mode of what it stands in."""

    @property
    def tax_amount(self) -> Decimal:
        """Its tax."""

    @property
    def tax_type(self) -> str | None:
        """Its tax rate."""

    @property
    def account_code(self) -> str | None:
        """Its account."""

    @property
    def description(self) -> str | None:
        """What it is for."""

    @property
    def tracking(self) -> list[dict[str, Any]]:
        """Its categories and options."""


def entries_of(ledger: "Ledger", record: object) -> list[Entry] | None:
    """What a record says now, nothing where it is no part of the books (any more); None for a
    record of which nothing is ever booked."""
    poster = POSTERS.get(type(record))
    if poster is None:
        return None
    return [entry for entry in poster(ledger, record) if entry.lines]


def system_account(ledger: "Ledger", role: str) -> str:
    """The id of the account that Xero keeps for a role such as DEBTORS."""
    return next(account.id for account in ledger.accounts if account.system == role)


def control_of(document: Document) -> str:
    """Whether what is open of a document stands in receivables or payables."""
    return RECEIVABLE if document.is_sale else PAYABLE


def document_lines(ledger: "Ledger", document: Document, *, sign: int) -> list[Posting]:
    """The lines of a document; `sign` is 1 where they are debits."""
    inclusive = document.line_amount_types == "Inclusive"
    return taxed_lines(ledger, document.lines, inclusive=inclusive, rate=document.rate, sign=sign)


def taxed_lines(
    ledger: "Ledger", lines: Sequence[Taxed], *, inclusive: bool, rate: Decimal, sign: int
) -> list[Posting]:
    """Lines at their accounts, and their tax at the account for tax; `sign` is 1 where they are
    debits, `inclusive` says that the tax is in their amounts."""
    found: list[Posting] = []
    taxes = ZERO
    for line in lines:
        tax = in_base(line.tax_amount, rate) * sign
        held = line.line_amount - (line.tax_amount if inclusive else ZERO)
        net = in_base(held, rate) * sign
        taxes += tax
        if net == 0 and tax == 0:
            continue
        found.append(
            Posting(
                _account_id(ledger, line.account_code),
                net,
                net + tax,
                tax,
                line.tax_type,
                line.description,
                tracking_of(line.tracking),
            )
        )
    if taxes:
        found.append(plain(system_account(ledger, TAX), taxes))
    return found


def plain(account_id: str, net: Decimal, description: str | None = None) -> Posting:
    """A line without tax."""
    return Posting(account_id, net, net, description=description)


def balanced(ledger: "Ledger", lines: list[Posting]) -> tuple[Posting, ...]:
    """Lines that sum to zero: what is left over from rounding goes to the account for that."""
    left = sum((line.net for line in lines), ZERO)
    if left:
        lines = [*lines, plain(system_account(ledger, ROUNDING), -left)]
    return tuple(line for line in lines if line.net or line.gross)


def tracking_of(sent: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Categories and options of a line, by id."""
    return tuple(
        (str(each["TrackingCategoryID"]), str(each["TrackingOptionID"]))
        for each in sent
        if each.get("TrackingCategoryID") and each.get("TrackingOptionID")
    )


def _account_id(ledger: "Ledger", code: str | None) -> str:
    account = ledger.account(code=code)
    # Approved lines have accounts; a code that a chart lost since rests where nobody works.
    return system_account(ledger, "HISTORICAL") if account is None else account.id


def _bank(ledger: "Ledger", credit: Credit) -> Account:
    made = ledger.bank_transactions.by_id[str(credit.bank_transaction_id)]
    return ledger.reference.accounts.by_id[made.bank_account_id]


def _invoice(ledger: "Ledger", invoice: Invoice) -> Iterator[Entry]:
    """An invoice or bill, and the cents by which its parts differ from it in base currency."""
    if invoice.status not in APPROVED:
        return
    sign = 1 if invoice.is_sale else -1
    control = system_account(ledger, control_of(invoice))
    total = in_base(invoice.total, invoice.rate) * sign
    lines = [plain(control, total), *document_lines(ledger, invoice, sign=-sign)]
    yield _entry(ledger, invoice, "", lines)
    parts = [payment.amount for payment in _payments(ledger, invoice)]
    parts += [ledger.allocations[key].amount for key in invoice.allocations]
    yield from _residue(ledger, invoice, parts, invoice.amount_due, sign=sign)


def _credit(ledger: "Ledger", credit: Credit) -> Iterator[Entry]:
    """A credit, what its allocations gained by exchange, and left over cents."""
    if credit.status not in APPROVED:
        return
    sign = -1 if credit.is_sale else 1
    control = system_account(ledger, control_of(credit))
    total = in_base(credit.total, credit.rate) * sign
    if credit.kind is CreditKind.CREDIT_NOTE:
        against = document_lines(ledger, credit, sign=-sign)
    else:
        against = [plain(_bank(ledger, credit).id, -total)]
    yield _entry(ledger, credit, "", [plain(control, total), *against])
    for key in credit.allocations:
        allocation = ledger.allocations[key]
        gain = allocated_gain(
            credit, ledger.invoices.by_id[allocation.invoice_id], allocation.amount
        )
        if gain:
            lines = [plain(control, gain), plain(system_account(ledger, GAINS), -gain)]
            yield _entry(ledger, credit, key, lines, on=allocation.date)
    parts = [payment.amount for payment in _payments(ledger, credit)]
    parts += [ledger.allocations[key].amount for key in credit.allocations]
    yield from _residue(ledger, credit, parts, credit.remaining, sign=sign)


def _payment(ledger: "Ledger", payment: Payment) -> Iterator[Entry]:
    """Money against a document, and what the rate gained since that was booked."""
    if payment.status != "AUTHORISED":
        return
    document = ledger.document(payment.document_id)
    comes_in = document.is_sale != isinstance(document, Credit)
    sign = 1 if comes_in else -1
    control = system_account(ledger, control_of(document))
    lines = [
        plain(payment.account_id, in_base(payment.amount, payment.rate) * sign),
        plain(control, -in_base(payment.amount, document.rate) * sign),
    ]
    gain = realised_gain(document, payment)
    if gain:
        lines.append(plain(system_account(ledger, GAINS), -gain))
    yield Entry(
        key=(payment.id, ""),
        source_type=_KINDS.get(payment.type, payment.type),
        source_id=payment.id,
        date=payment.date,
        reference=payment.reference or "",
        lines=balanced(ledger, lines),
    )


def _bank_transaction(ledger: "Ledger", made: BankTransaction) -> Iterator[Entry]:
    """Plain money in or out; what makes a credit is booked by that, a transfer by itself."""
    if made.status != "AUTHORISED" or made.type not in {"RECEIVE", "SPEND"}:
        return
    sign = 1 if made.is_sale else -1
    total = in_base(made.total, made.rate) * sign
    against = document_lines(ledger, made, sign=-sign)
    yield _entry(ledger, made, "", [plain(made.bank_account_id, total), *against])


def _transfer(ledger: "Ledger", transfer: Transfer) -> Iterator[Entry]:
    """Money from one bank account to another; its two bank transactions book nothing more."""
    del ledger
    if transfer.status != "AUTHORISED":
        return
    moved = in_base(transfer.amount, transfer.rate)
    yield Entry(
        key=(transfer.id, ""),
        source_type="TRANSFER",
        source_id=transfer.id,
        date=transfer.date,
        reference=transfer.reference,
        lines=(plain(transfer.to_account_id, moved), plain(transfer.from_account_id, -moved)),
    )


def _manual(ledger: "Ledger", journal: ManualJournal) -> Iterator[Entry]:
    """What an accountant booked."""
    if journal.status != "POSTED":
        return
    inclusive = journal.line_amount_types == "Inclusive"
    lines = taxed_lines(ledger, journal.lines, inclusive=inclusive, rate=Decimal(1), sign=1)
    yield Entry(
        key=(journal.id, ""),
        source_type="MANJOURNAL",
        source_id=journal.id,
        date=journal.date,
        reference=journal.narration,
        lines=balanced(ledger, lines),
    )


def _payments(ledger: "Ledger", document: Document) -> list[Payment]:
    return [ledger.payments.by_id[key] for key in document.payments]


def _residue(
    ledger: "Ledger", document: Document, parts: list[Decimal], left: Decimal, *, sign: int
) -> Iterator[Entry]:
    """What parts of a foreign document lack or exceed in base currency, each being rounded."""
    if document.rate == 1 or not parts:
        return
    booked = sum((in_base(part, document.rate) for part in (*parts, left)), ZERO)
    over = cents(booked - in_base(document.total, document.rate)) * sign
    if over:
        lines = [plain(system_account(ledger, control_of(document)), over)]
        yield _entry(ledger, document, "rounding", lines)


def _entry(
    ledger: "Ledger",
    document: Document,
    part: str,
    lines: list[Posting],
    *,
    on: date | None = None,
) -> Entry:
    return Entry(
        key=(document.id, part),
        source_type=_KINDS.get(document.type, document.type),
        source_id=document.id,
        date=on or document.date,
        reference=document.reference or document.number,
        lines=balanced(ledger, lines),
    )


POSTERS: dict[type, Callable[["Ledger", Any], Iterator[Entry]]] = {
    Invoice: _invoice,
    Credit: _credit,
    Payment: _payment,
    BankTransaction: _bank_transaction,
    Transfer: _transfer,
    ManualJournal: _manual,
}
"""How each kind of record is booked; what is in no line here is never booked."""
