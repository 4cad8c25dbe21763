"""History and notes: what happened to a record, in words. Notes can be added, never changed.

Source: Xero's "History and Notes". Notes and attached files are told; what Xero's own app would
tell beside (edits, approvals, e-mails) is not.
"""

from collections.abc import Callable
from typing import Any

from simulator.elements import Element, text
from simulator.endpoints import Attachable, Found, Nested, Query, Wire
from simulator.filing import Note
from simulator.ledger import Ledger
from simulator.refusals import NotFound, Refused
from simulator.wire import fragment, from_ms, ms_instant, ms_instant_bare, to_ms

LONGEST = 2500


def add(ledger: Ledger, record: Attachable, changes: str, details: str) -> Note:
    """Write one line of a record's history."""
    note = Note(changes, details, to_ms(ledger.clock()))
    ledger.filing.notes.setdefault(record.id, []).append(note)
    return note


def below(find: Callable[[Ledger, str], Attachable]) -> Nested:
    """The History of the records that a function finds; it raises NotFound."""

    def read(ledger: Ledger, query: Query, key: str) -> Found:
        del query
        held = ledger.filing.notes.get(find(ledger, key).id, [])
        return Found([fragment(_wire(note)) for note in reversed(held)])

    def put(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
        del query
        details = text(element, "Details", LONGEST)
        if not details:
            raise Refused("The Details of a history record must be specified")
        try:
            record = find(ledger, key)
        except NotFound:
            raise Refused(
                "The document with the supplied id was not found for this endpoint."
            ) from None
        note = add(ledger, record, "Note", details)
        return {
            "DateUTCString": _moment(note),
            "DateUTC": ms_instant_bare(note.at_ms),
            "Details": note.details,
            "ValidationErrors": [],
        }

    return Nested("HistoryRecords", read=read, put=put)


def _wire(note: Note) -> dict[str, Any]:
    return {
        "Changes": note.changes,
        "DateUTCString": _moment(note),
        "DateUTC": ms_instant(note.at_ms),
        "User": "System Generated",
        "Details": note.details,
    }


def _moment(note: Note) -> str:
    return from_ms(note.at_ms).strftime("%Y-%m-%dT%H:%M:%S")
