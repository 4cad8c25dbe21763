"""Credit notes: creating, changing, approving, voiding, deleting.

Source: Xero's page on credit notes: statuses move as those of invoices do, no DueDate is needed,
and a note is voided only after its allocations and refunds are gone. Fields, lines and totals are
read as those of invoices are, in invoice_fields.py.
"""

from simulator import contacts, credits, exchange, invoice_fields, lines
from simulator.elements import Element, day, identifier, parts, text
from simulator.ledger import Ledger
from simulator.model import Contact, Credit, CreditKind
from simulator.refusals import Refused

TYPES = frozenset({"ACCRECCREDIT", "ACCPAYCREDIT"})
_FINAL = frozenset({"VOIDED", "DELETED"})
_MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"PAID"},
}
_SHELF = CreditKind.CREDIT_NOTE


def save(
    ledger: Ledger,
    element: Element,
    *,
    decimals: int = 2,
    create_only: bool = False,
    by: str | None = None,
) -> Credit:
    """Create a credit note, or change the one the element names by id or (sales) number.

    Raises:
        Refused: the element breaks rules, or names an id that doesn't exist.
    """
    known = None if create_only else _named(ledger, element)
    if known is None:
        return create(ledger, element, decimals=decimals, by=by)
    return update(ledger, known, element, decimals=decimals)


def create(ledger: Ledger, element: Element, *, decimals: int = 2, by: str | None = None) -> Credit:
    """Make a credit note: stamped, announced as CREDITNOTE CREATE. Raises Refused."""
    kind = text(element, "Type")
    if kind not in TYPES:
        raise Refused("Credit note type must be specified: ACCRECCREDIT or ACCPAYCREDIT")
    status = text(element, "Status") or "DRAFT"
    if status not in {"DRAFT", "SUBMITTED", "AUTHORISED"}:
        raise Refused(f"Credit note status '{status}' cannot be set on a new document")
    known, write = contacts.named_in(ledger, element)
    if known is None and write is None:
        raise Refused("A Contact must be specified for this type of transaction")
    preferred = known.fields.get("DefaultCurrency") if known is not None else None
    note = Credit(
        id=ledger.new_id(),
        type=kind,
        contact_id="",
        currency=text(element, "CurrencyCode", 3) or preferred or ledger.country.currency,
        date=day(element, "Date") or ledger.today(),
        created_by=by,
    )
    if ledger.locked(note.date):
        raise Refused("The document date cannot be on or before the organisation's lock date")
    _number(ledger, note, element)
    note.rate = exchange.document_rate(ledger, element, note.currency, on=note.date)
    _apply(ledger, note, element, status=status, decimals=decimals)
    contact = contacts.resolved(ledger, known, write)
    if note.number and note.is_sale:
        ledger.credit_note_numbers[note.number.lower()] = note.id
    note.contact_id = contact.id
    credits.enter(ledger, note)
    return note


def update(ledger: Ledger, note: Credit, element: Element, *, decimals: int = 2) -> Credit:
    """Change what the element carries; lines, when sent, replace. Raises Refused."""
    status = text(element, "Status") or note.status
    _check_move(ledger, note, element, status)
    if status in _FINAL:
        return _end(ledger, note, status)
    known, write = contacts.named_in(ledger, element)
    renamed = write is not None if known is None else known.id != note.contact_id
    if note.is_applied and renamed:
        raise Refused("The contact of a document cannot be changed while it is applied")
    trial = invoice_fields.trial_of(note)
    _number(ledger, trial, element)
    if note.is_applied:
        invoice_fields.refuse_paid_edit(note, element)
        invoice_fields.apply_head(trial, element)
        sent = parts(element, "LineItems")
        if sent:
            lines.relabel(ledger, trial, sent)
    else:
        trial.date = day(element, "Date") or trial.date
        if ledger.locked(trial.date):
            raise Refused("The document date cannot be on or before the organisation's lock date")
        trial.currency = text(element, "CurrencyCode", 3) or trial.currency
        held = trial.rate if trial.currency == note.currency else None
        trial.rate = exchange.document_rate(
            ledger, element, trial.currency, on=trial.date, held=held
        )
        _apply(ledger, trial, element, status=status, decimals=decimals)
    contact = None if known is None and write is None else contacts.resolved(ledger, known, write)
    _adopt(ledger, note, trial, contact)
    credits.changed(ledger, note)
    return note


def _apply(ledger: Ledger, note: Credit, element: Element, *, status: str, decimals: int) -> None:
    invoice_fields.apply_head(note, element)
    note.due_date = day(element, "DueDate") or note.due_date
    invoice_fields.apply_lines(ledger, note, element, status=status, decimals=decimals)
    invoice_fields.approve_check(note, status)
    note.status = status


def _named(ledger: Ledger, element: Element) -> Credit | None:
    note_id = identifier(element, "CreditNoteID")
    if note_id is not None:
        known = ledger.credits[_SHELF].get(note_id)
        if known is None:
            raise Refused(
                "An existing Credit Note with the specified CreditNoteID could not be found"
            )
        return known
    number = text(element, "CreditNoteNumber", 255)
    numbered = ledger.credit_note_numbers.get(number.lower()) if number else None
    if numbered is None or text(element, "Type") == "ACCPAYCREDIT":
        return None
    return ledger.credits[_SHELF].by_id[numbered]


def _number(ledger: Ledger, note: Credit, element: Element) -> None:
    number = text(element, "CreditNoteNumber", 255)
    if not number or number == note.number:
        if note.number or not note.is_sale:
            return
        number = _next_number(ledger)
    if note.is_sale:
        owner = ledger.credit_note_numbers.get(number.lower())
        if owner is not None and owner != note.id:
            raise Refused("Credit note # must be unique.")
    note.number = number


def _next_number(ledger: Ledger) -> str:
    while True:
        number = f"CN-{ledger.next_credit_note:04d}"
        ledger.next_credit_note += 1
        if number.lower() not in ledger.credit_note_numbers:
            return number


def _check_move(ledger: Ledger, note: Credit, element: Element, status: str) -> None:
    kind = text(element, "Type")
    if kind is not None and kind != note.type:
        raise Refused("The type of a document cannot be changed")
    if status == "VOIDED" and note.is_applied:
        raise Refused("This document cannot be voided as it has payments or credits allocated")
    if note.status in _FINAL or status not in _MOVES[note.status]:
        raise Refused("Credit note not of valid status for modification")
    if ledger.locked(note.date):
        raise Refused("The document falls in a locked period and cannot be changed")


def _end(ledger: Ledger, note: Credit, status: str) -> Credit:
    note.status = status
    if ledger.credit_note_numbers.get(note.number.lower()) == note.id:
        # The number is free again: Xero only keeps numbers of living documents unique.
        del ledger.credit_note_numbers[note.number.lower()]
    credits.changed(ledger, note)
    return note


def _adopt(ledger: Ledger, note: Credit, trial: Credit, contact: Contact | None) -> None:
    if trial.number != note.number and note.is_sale:
        ledger.credit_note_numbers.pop(note.number.lower(), None)
        ledger.credit_note_numbers[trial.number.lower()] = note.id
    for name in (
        "number", "reference", "url", "branding_theme_id", "sent_to_contact", "due_date", "date",
        "line_amount_types", "lines", "currency", "rate", "status", "sub_total", "total_tax",
        "total", "total_discount", "rounding",
    ):  # fmt: skip
        setattr(note, name, getattr(trial, name))
    if contact is not None and contact.id != note.contact_id:
        former = ledger.contact_of(note)
        former.credits.discard((note.kind, note.id))
        former.balance_revision += 1
        contact.credits.add((note.kind, note.id))
        contact.balance_revision += 1
        note.contact_id = contact.id
