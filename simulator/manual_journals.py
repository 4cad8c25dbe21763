"""Manual journals: what accountants book by hand, and how it looks on the wire.

Source: Xero's page on manual journals and the examples of its API description. The lines add up to
zero, tax included. A draft can be posted or deleted; a posted one can be edited and voided. Bank
accounts, receivables and payables take no manual lines.
"""

import copy
from decimal import Decimal
from typing import Any

from simulator import amounts, attachments, tracking
from simulator.bookings import JournalLine, ManualJournal
from simulator.elements import Element, day, decimal, flag, identifier, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO
from simulator.refusals import NotFound, Refused
from simulator.shapes import Shape
from simulator.wire import ms_day, ms_instant

_MOVES = {
    "DRAFT": frozenset({"DRAFT", "POSTED", "DELETED"}),
    "POSTED": frozenset({"POSTED", "VOIDED"}),
}
"""Where a journal may go from a status; it stays in all others for good."""
_MODES = frozenset({"Exclusive", "Inclusive", "NoTax"})


def find(ledger: Ledger, key: str) -> ManualJournal:
    """The journal of an id. Raises NotFound."""
    known = ledger.manual_journals.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def save(ledger: Ledger, element: Element, *, create_only: bool) -> ManualJournal:
    """Create a journal, or change the one that the element names by id. Raises Refused."""
    known_id = None if create_only else identifier(element, "ManualJournalID")
    if known_id is None:
        return create(ledger, element)
    known = ledger.manual_journals.get(known_id)
    if known is None:
        raise Refused("The manual journal with the specified ID could not be found")
    return update(ledger, known, element)


def create(ledger: Ledger, element: Element) -> ManualJournal:
    """Make a journal, a draft unless its Status says POSTED. Raises Refused."""
    status = text(element, "Status") or "DRAFT"
    if status not in {"DRAFT", "POSTED"}:
        raise Refused("A manual journal can be created with the Status DRAFT or POSTED only")
    made = ManualJournal(ledger.new_id(), "", ledger.today(), status)
    _apply(ledger, made, element)
    if not made.lines:
        raise Refused("A manual journal must have at least two lines")
    ledger.stamp(ledger.manual_journals, made, None, "CREATE")
    return made


def update(ledger: Ledger, journal: ManualJournal, element: Element) -> ManualJournal:
    """Change a journal or its status; lines replace all that were there. Raises Refused."""
    status = text(element, "Status") or journal.status
    if status not in _MOVES.get(journal.status, frozenset()):
        raise Refused(f"A manual journal cannot go from {journal.status} to {status}")
    if ledger.locked(journal.date):
        raise Refused("The document falls in a locked period and cannot be changed")
    trial = copy.copy(journal)
    trial.status = status
    if status in {"DRAFT", "POSTED"}:
        _apply(ledger, trial, element)
    for name in ("narration", "date", "status", "line_amount_types", "lines", "on_cash_basis",
                 "url"):  # fmt: skip
        setattr(journal, name, getattr(trial, name))
    journal.revision += 1
    ledger.stamp(ledger.manual_journals, journal, None, "UPDATE")
    return journal


def wire(ledger: Ledger, journal: ManualJournal, shape: Shape) -> dict[str, Any]:
    """The journal as Xero shows it; lists without pages leave out the lines."""
    full = shape is not Shape.UNPAGED
    out: dict[str, Any] = {
        "Date": ms_day(journal.date),
        "Status": journal.status,
        "LineAmountTypes": journal.line_amount_types,
        "UpdatedDateUTC": ms_instant(journal.updated_ms),
        "ManualJournalID": journal.id,
        "Narration": journal.narration,
        "JournalLines": [_line_wire(ledger, line) for line in journal.lines] if full else [],
    }
    if journal.url is not None:
        out["Url"] = journal.url
    out["ShowOnCashBasisReports"] = journal.on_cash_basis
    out["HasAttachments"] = ledger.filing.has_files(journal.id)
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, journal, "ManualJournals")
    return out


def _apply(ledger: Ledger, journal: ManualJournal, element: Element) -> None:
    journal.narration = text(element, "Narration") or journal.narration
    if not journal.narration:
        raise Refused("A Narration must be specified")
    journal.date = day(element, "Date") or journal.date
    if ledger.locked(journal.date):
        raise Refused("The document date cannot be on or before the organisation's lock date")
    mode = text(element, "LineAmountTypes") or journal.line_amount_types
    if mode not in _MODES:
        raise Refused(f"LineAmountTypes '{mode}' is not valid")
    journal.url = text(element, "Url") or journal.url
    on_cash_basis = flag(element, "ShowOnCashBasisReports")
    journal.on_cash_basis = journal.on_cash_basis if on_cash_basis is None else on_cash_basis
    sent = parts(element, "JournalLines")
    if not sent and mode != journal.line_amount_types and journal.lines:
        raise Refused("The LineAmountTypes can only be changed together with the lines")
    journal.line_amount_types = mode
    if sent:
        journal.lines = [_line(ledger, mode, each) for each in sent]
        _balanced(journal)


def _balanced(journal: ManualJournal) -> None:
    """Debits and credits are equal once the tax that is not in the lines is added."""
    if len(journal.lines) < 2:
        raise Refused("A manual journal must have at least two lines")
    exclusive = journal.line_amount_types == "Exclusive"
    whole = [line.line_amount + (line.tax_amount if exclusive else 0) for line in journal.lines]
    debits = sum((amount for amount in whole if amount > 0), ZERO)
    credits_ = sum((amount for amount in whole if amount < 0), ZERO)
    if debits + credits_:
        raise Refused(f"The total debits ({debits}) must equal total credits ({credits_})")


def _line(ledger: Ledger, mode: str, element: Element) -> JournalLine:
    amount = decimal(element, "LineAmount")
    if amount is None:
        raise Refused("The LineAmount of a journal line must be specified")
    amount = amounts.cents(amount)
    code, account_id = text(element, "AccountCode", 50), identifier(element, "AccountID")
    account = ledger.account(code=code, account_id=account_id) if code or account_id else None
    if account is None or not account.is_for_lines:
        raise Refused(f"Account code '{code or ''}' is not a valid code for this document.")
    tax_type, tax = "NONE", ZERO
    if mode != "NoTax":
        tax_type = text(element, "TaxType") or account.tax_type
        percent = ledger.tax_percent(tax_type)
        if percent is None or not ledger.may_tax(tax_type):
            raise Refused(f"The TaxType code '{tax_type}' does not exist or cannot be used here")
        given: Decimal | None = decimal(element, "TaxAmount")
        tax = amounts.line_tax(amount, percent, mode) if given is None else amounts.cents(given)
    return JournalLine(
        line_amount=amount,
        account_code=account.code,
        tax_type=tax_type,
        tax_amount=tax,
        description=text(element, "Description"),
        tracking=tracking.on_line(ledger, parts(element, "Tracking") or []),
    )


def _line_wire(ledger: Ledger, line: JournalLine) -> dict[str, Any]:
    out: dict[str, Any] = {} if line.description is None else {"Description": line.description}
    out["TaxType"] = line.tax_type
    out["TaxAmount"] = line.tax_amount
    out["LineAmount"] = line.line_amount
    out["AccountCode"] = line.account_code
    out["Tracking"] = line.tracking
    account = ledger.account(code=line.account_code)
    if account is not None:
        out["AccountID"] = account.id
    return out | {"IsBlank": False}
