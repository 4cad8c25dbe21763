"""The states of documents that are drafted, approved and settled: invoices, bills, credit notes."""

from unified.codecs import Choice, choice
from unified.commands import Command, moves

_READ = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "deleted",
}
#: Xero alone makes a document paid, so that is never written.
_WRITTEN = {ours: xeros for xeros, ours in _READ.items() if ours != "paid"}


def document_status(name: str) -> Choice:
    """The codec of a status; `name` is Xero's of the field, by which drift is counted."""
    return choice(name, _READ, written=_WRITTEN)


def document_moves(what: str) -> tuple[Command, ...]:
    """How such a document goes on and ends; `what` names it in sentences (Xero: Invoices, status
    codes)."""
    return (
        moves(
            "submit",
            f"Submit a {what} for approval",
            word="SUBMITTED",
            becomes="submitted",
            legal_in=("draft",),
        ),
        moves(
            "approve",
            f"Approve a {what}, which books it",
            word="AUTHORISED",
            becomes="open",
            legal_in=("draft", "submitted"),
        ),
        moves(
            "void",
            f"Void an approved {what} that nothing is applied to; it stays on the books",
            word="VOIDED",
            becomes="void",
            legal_in=("open",),
            ends="void",
        ),
        moves(
            "delete",
            f"Delete a {what} that is not approved yet",
            word="DELETED",
            becomes="deleted",
            legal_in=("draft", "submitted"),
            ends="deleted",
        ),
    )
