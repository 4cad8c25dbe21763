"""What writing purchase orders, quotes and templates has in common: contact, prices, changes.

Lines and totals are read as those of invoices are. None of the three posts anything, so lock dates
say nothing about them, and totals that callers send are not looked at (Xero: Quotes).
"""

import dataclasses
from typing import TypeVar

from simulator import contacts, exchange, invoice_fields
from simulator.elements import Element, identifier, text
from simulator.ledger import Ledger
from simulator.model import Contact, Document
from simulator.promises import Numbers
from simulator.refusals import Refused
from simulator.shelf import Shelf

D = TypeVar("D", bound=Document)

_KINDS = {"EXCLUSIVE": "Exclusive", "INCLUSIVE": "Inclusive", "NOTAX": "NoTax"}
_TOTALS = frozenset({"SubTotal", "TotalTax", "Total"})
_KEPT = frozenset({"id", "updated_ms", "revision", "fragments", "contact_id"})


def who(ledger: Ledger, element: Element) -> tuple[Contact | None, Element | None]:
    """The contact of a new document, as named, and what is to be written to it. Raises Refused."""
    known, write = contacts.named_in(ledger, element)
    if known is None and write is None:
        raise Refused("A Contact must be specified for this type of transaction")
    return known, write


def currency_of(ledger: Ledger, element: Element, known: Contact | None) -> str:
    """The currency of a new document: as sent, else the contact's, else the organisation's."""
    preferred = known.fields.get("DefaultCurrency") if known is not None else None
    return str(text(element, "CurrencyCode", 3) or preferred or ledger.country.currency)


def price(
    ledger: Ledger, document: Document, element: Element, *, status: str, decimals: int
) -> None:
    """Set the currency, rate, line amount types, theme, lines and totals that an element carries.

    `status` is the one that it will have: what is submitted or approved needs lines.

    Raises:
        Refused: one of them breaks a rule.
    """
    kind = text(element, "LineAmountTypes") or document.line_amount_types
    if kind.upper() not in _KINDS:
        raise Refused(f"LineAmountTypes '{kind}' is not valid")
    document.line_amount_types = _KINDS[kind.upper()]
    document.branding_theme_id = (
        identifier(element, "BrandingThemeID") or document.branding_theme_id
    )
    currency = text(element, "CurrencyCode", 3) or document.currency
    held = document.rate if document.revision and currency == document.currency else None
    document.rate = exchange.document_rate(ledger, element, currency, on=document.date, held=held)
    document.currency = currency
    priced = {key: value for key, value in element.items() if key not in _TOTALS}
    invoice_fields.apply_lines(ledger, document, priced, status=status, decimals=decimals)
    invoice_fields.approve_check(document, status)


def adopt(ledger: Ledger, document: D, trial: D, element: Element) -> None:
    """Take over what a trial holds, and the contact that an element names. Raises Refused."""
    known, write = contacts.named_in(ledger, element)
    if known is not None or write is not None:
        document.contact_id = contacts.resolved(ledger, known, write).id
    for each in dataclasses.fields(trial):
        if each.name not in _KEPT:
            setattr(document, each.name, getattr(trial, each.name))


def changed(ledger: Ledger, shelf: Shelf[D], document: D) -> None:
    """Note that a document is new or changed: nothing announces it."""
    kind = "UPDATE" if document.revision else "CREATE"
    document.revision += 1
    ledger.stamp(shelf, document, None, kind)


def numbered(numbers: Numbers, document: Document, wished: str | None, *, taken: str) -> None:
    """Give a document the number that was wished for, else keep its own, else the next one.

    Raises:
        Refused: another living one has it; `taken` is Xero's sentence for that.
    """
    if numbers.owner(wished) not in {None, document.id}:
        raise Refused(taken)
    document.number = wished or document.number or numbers.fresh()
