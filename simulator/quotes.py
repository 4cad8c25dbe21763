"""Quotes: creating, changing, sending, accepting, declining, invoicing, deleting.

Source: Xero's page on quotes. Which status may follow which is not published whole: here a quote is
sent, then accepted or declined, then invoiced; one that was answered can be sent again; any can be
deleted, which is final.
"""

from simulator import contacts, invoice_fields, promising
from simulator.elements import Element, day, identifier, text
from simulator.ledger import Ledger
from simulator.promises import Quote
from simulator.refusals import NotFound, Refused

TYPE = "QUOTE"
DECIMALS = 4
_MOVES = {
    "DRAFT": {"DRAFT", "SENT", "DELETED"},
    "SENT": {"SENT", "DRAFT", "ACCEPTED", "DECLINED", "DELETED"},
    "DECLINED": {"DECLINED", "SENT", "DELETED"},
    "ACCEPTED": {"ACCEPTED", "SENT", "INVOICED", "DELETED"},
    "INVOICED": {"INVOICED", "DELETED"},
}
_NEW = frozenset({"DRAFT", "SENT", "ACCEPTED", "DECLINED"})
_TEXTS = (
    ("Reference", "reference", 4000),
    ("Title", "title", 100),
    ("Summary", "summary", 3000),
    ("Terms", "terms", 4000),
)


def find(ledger: Ledger, key: str) -> Quote:
    """The quote of an id. Raises NotFound."""
    known = ledger.promises.quotes.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def save(ledger: Ledger, element: Element, *, create_only: bool = False) -> Quote:
    """Create a quote, or change the one the element names by id or number. Raises Refused."""
    known = None if create_only else _named(ledger, element)
    return create(ledger, element) if known is None else update(ledger, known, element)


def create(ledger: Ledger, element: Element) -> Quote:
    """Make a quote. Raises Refused."""
    known, write = promising.who(ledger, element)
    quote = Quote(
        id=ledger.new_id(),
        type=TYPE,
        contact_id="",
        currency=promising.currency_of(ledger, element, known),
        date=ledger.today(),
    )
    status = text(element, "Status") or "DRAFT"
    if status not in _NEW:
        raise Refused(f"Quote status '{status}' cannot be set on a new quote")
    _fill(ledger, quote, element, status=status)
    quote.contact_id = contacts.resolved(ledger, known, write).id
    ledger.promises.quote_numbers.give(quote)
    promising.changed(ledger, ledger.promises.quotes, quote)
    return quote


def update(ledger: Ledger, quote: Quote, element: Element) -> Quote:
    """Change what the element carries; lines, when sent, replace. Raises Refused."""
    held = ledger.promises
    status = text(element, "Status") or quote.status
    if status not in _MOVES.get(quote.status, frozenset()):
        raise Refused("Quote is not of valid status for modification")
    if status == "DELETED":
        quote.status = status
        held.quote_numbers.free(quote)
        promising.changed(ledger, held.quotes, quote)
        return quote
    trial = invoice_fields.trial_of(quote)
    _fill(ledger, trial, element, status=status)
    held.quote_numbers.give(trial, former=quote.number)
    promising.adopt(ledger, quote, trial, element)
    promising.changed(ledger, held.quotes, quote)
    return quote


def _fill(ledger: Ledger, quote: Quote, element: Element, *, status: str) -> None:
    wished = text(element, "QuoteNumber", 255)
    numbers = ledger.promises.quote_numbers
    promising.numbered(numbers, quote, wished, taken="Quote number must be unique")
    quote.date = day(element, "Date") or quote.date
    quote.expiry_date = day(element, "ExpiryDate") or quote.expiry_date
    if quote.expiry_date is not None and quote.expiry_date < quote.date:
        raise Refused("The ExpiryDate must not be before the Date")
    for key, name, limit in _TEXTS:
        sent = text(element, key, limit)
        if sent is not None:
            setattr(quote, name, sent)
    needs_lines = "SUBMITTED" if status != "DRAFT" else "DRAFT"
    promising.price(ledger, quote, element, status=needs_lines, decimals=DECIMALS)
    quote.status = status


def _named(ledger: Ledger, element: Element) -> Quote | None:
    quote_id = identifier(element, "QuoteID")
    if quote_id is not None:
        known = ledger.promises.quotes.get(quote_id)
        if known is None:
            raise Refused("The quote with the specified QuoteID could not be found")
        return known
    named = ledger.promises.quote_numbers.owner(text(element, "QuoteNumber", 255))
    return None if named is None else ledger.promises.quotes.by_id[named]
