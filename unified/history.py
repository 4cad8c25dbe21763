"""History and notes: what Xero says happened to a record, in words, newest first.

Read on demand, at a call each; nothing of it is mirrored. Xero names the user by a display name,
never by an id, and texts are for people: nothing is to be concluded from them (Xero: History and
Notes).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import StringConstraints

from unified.codecs import CodecError, Scope, instant_text, parse_instant, read_text
from unified.commands import After, Command, Record, Words, told
from unified.entries import Field
from unified.model import FreeText, Part
from unified.vocabulary import Endpoint

#: Endpoints whose things have a history (Xero: History and Notes).
WITH_HISTORY: Final = frozenset(
    {
        "BankTransactions",
        "BankTransfers",
        "BatchPayments",
        "Contacts",
        "CreditNotes",
        "Invoices",
        "Items",
        "ManualJournals",
        "Overpayments",
        "Payments",
        "Prepayments",
        "PurchaseOrders",
        "Quotes",
        "RepeatingInvoices",
    }
)

MOST_CHARACTERS: Final = 2_500  #: of a note (Xero: History and Notes)
_NO_SCOPE: Final = Scope("")


@dataclass(frozen=True, slots=True)
class HistoryNote:
    """One line of a record's history.

    Attributes:
        at: UTC with milliseconds, as in records; None where Xero tells no time.
        user: a display name, or "System Generated".
        changes: a short label, such as "Edited" or "Note".
        details: a person's words, or Xero's.
    """

    at: str | None
    user: str | None
    changes: str | None
    details: str | None


def read_notes(items: Sequence[Mapping[str, Any]]) -> list[HistoryNote]:
    """Xero's history records, in their order.

    Raises:
        CodecError: one of them can't be read; the path names the key, never the value.
    """
    return [_read(item) for item in items]


def _read(item: Mapping[str, Any]) -> HistoryNote:
    told = {}
    for key in ("User", "Changes", "Details"):
        try:
            told[key] = read_text(item.get(key), _NO_SCOPE)
        except CodecError as error:
            raise error.under(key) from None
    try:
        at = parse_instant(item.get("DateUTC"))
    except CodecError as error:
        raise error.under("DateUTC") from None
    return HistoryNote(
        at=None if at is None else instant_text(at),
        user=told["User"],
        changes=told["Changes"],
        details=told["Details"],
    )


class WrittenNote(Part):
    """A note to add, at most 2,500 characters; nobody can change it or take it away."""

    details: Annotated[FreeText, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)]


def _noted(_endpoint: Endpoint, _record: Record, words: Words) -> dict[str, Any]:
    return {"HistoryRecords": [{"Details": told(words, "details")}]}


NOTE: Final = Command(
    name="add_note",
    summary="Add a note to its history, where Xero shows it as written by the system",
    xero=("PUT {one}/History",),
    at="history",
    body=WrittenNote,
    example={"details": "Paid in cash, receipt 118"},
    content=_noted,
    words=(Field("details", "Details"),),
    after=After.UNMOVED,
)
