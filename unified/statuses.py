"""The states of documents that are drafted, approved and settled: invoices, bills, credit notes."""

from unified.codecs import Choice, choice

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
