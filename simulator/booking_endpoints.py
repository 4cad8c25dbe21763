"""The endpoints of bank transfers, batch payments and manual journals, and what their lists offer.

Transfers and batches are created by PUT alone: a POST deletes. Manual journals forget their pages
when they are asked for in an order, as Xero's do.
"""

from collections.abc import Mapping

from simulator import batches, history, manual_journals, transfers
from simulator.bookings import Batch, ManualJournal, Transfer
from simulator.elements import Element, identifier
from simulator.endpoints import Endpoint, Found, Query, Wire
from simulator.ledger import Ledger
from simulator.listing import Catalogue, select
from simulator.refusals import Refused
from simulator.shapes import Shape
from simulator.wire import fragment, moment

_TRANSFERS: Catalogue[Transfer] = Catalogue(
    id_key="BankTransferID",
    fields={
        "banktransferid": lambda made: made.id,
        "status": lambda made: made.status,
        "date": lambda made: made.date,
        "amount": lambda made: made.amount,
        "reference": lambda made: made.reference,
        "createddateutc": lambda made: moment(made.updated_ms),
        "frombankaccount.accountid": lambda made: made.from_account_id,
        "tobankaccount.accountid": lambda made: made.to_account_id,
    },
    orders={
        "date": lambda made: made.date,
        "amount": lambda made: made.amount,
        "createddateutc": lambda made: made.updated_ms,
    },
    filters={},
    hidden=lambda made: made.status == "DELETED",
    shown_by="includedeleted",
)
_BATCHES: Catalogue[Batch] = Catalogue(
    id_key="BatchPaymentID",
    fields={
        "batchpaymentid": lambda batch: batch.id,
        "type": lambda batch: batch.kind,
        "status": lambda batch: batch.status,
        "date": lambda batch: batch.date,
        "totalamount": lambda batch: batch.total,
        "isreconciled": lambda batch: batch.is_reconciled,
        "reference": lambda batch: batch.texts.get("Reference"),
        "account.accountid": lambda batch: batch.account_id,
        "updateddateutc": lambda batch: moment(batch.updated_ms),
    },
    orders={"date": lambda batch: batch.date, "totalamount": lambda batch: batch.total},
    filters={},
)
_JOURNALS: Catalogue[ManualJournal] = Catalogue(
    id_key="ManualJournalID",
    fields={
        "manualjournalid": lambda journal: journal.id,
        "status": lambda journal: journal.status,
        "date": lambda journal: journal.date,
        "narration": lambda journal: journal.narration,
        "lineamounttypes": lambda journal: journal.line_amount_types,
        "showoncashbasisreports": lambda journal: journal.on_cash_basis,
        "updateddateutc": lambda journal: moment(journal.updated_ms),
    },
    orders={"date": lambda journal: journal.date},
    filters={},
)


def _in_one(query: Query) -> dict[str, str]:
    """The parameters of a list that has no pages."""
    return {name: value for name, value in query.params.items() if name != "page"}


# --- transfers ---------------------------------------------------------------------------------


def _transfer_list(ledger: Ledger, query: Query) -> Found:
    chosen = select(ledger.transfers, _TRANSFERS, _in_one(query), since_ms=query.since_ms)
    return Found([fragment(transfers.wire(ledger, m, chosen.shape)) for m in chosen.records])


def _transfer(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    made = transfers.find(ledger, key)
    return Found([fragment(transfers.wire(ledger, made, Shape.SINGLE))])


def _save_transfer(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    if create_only:
        made = transfers.create(ledger, element)
        return {**transfers.wire(ledger, made, Shape.SINGLE), "ValidationErrors": []}
    known = ledger.transfers.get(identifier(element, "BankTransferID") or "")
    if known is None:
        raise Refused("The bank transfer with the specified ID could not be found")
    return _delete_transfer(ledger, query, known.id, element)


def _delete_transfer(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    del query
    gone = transfers.delete(ledger, transfers.find(ledger, key), element)
    shown = transfers.wire(ledger, gone, Shape.SINGLE)
    kept = ("BankTransferID", "Status", "FromBankAccount", "ToBankAccount", "Amount", "Reference")
    return {**{name: shown[name] for name in kept if name in shown}, "ValidationErrors": []}


# --- batches -----------------------------------------------------------------------------------


def _batch_list(ledger: Ledger, query: Query) -> Found:
    chosen = select(ledger.batches, _BATCHES, _in_one(query), since_ms=query.since_ms)
    return Found([fragment(batches.wire(ledger, batch)) for batch in chosen.records])


def _batch(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    return Found([fragment(batches.wire(ledger, batches.find(ledger, key)))])


def _save_batch(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    if create_only:
        return batches.wire(ledger, batches.create(ledger, element))
    known = ledger.batches.get(identifier(element, "BatchPaymentID") or "")
    if known is None:
        raise Refused("The batch payment with the specified ID could not be found")
    return _delete_batch(ledger, query, known.id, element)


def _delete_batch(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    del query
    return batches.wire(ledger, batches.delete(ledger, batches.find(ledger, key), element))


# --- manual journals ---------------------------------------------------------------------------


def _journal_list(ledger: Ledger, query: Query) -> Found:
    params = _in_one(query) if query.params.get("order") else query.params
    chosen = select(ledger.manual_journals, _JOURNALS, params, since_ms=query.since_ms)
    rendered = [fragment(manual_journals.wire(ledger, j, chosen.shape)) for j in chosen.records]
    return Found(rendered, chosen.pagination)


def _journal(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    journal = manual_journals.find(ledger, key)
    return Found([fragment(manual_journals.wire(ledger, journal, Shape.SINGLE))])


def _save_journal(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    del query
    saved = manual_journals.save(ledger, element, create_only=create_only)
    return manual_journals.wire(ledger, saved, Shape.SINGLE)


def _change_journal(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    journal = manual_journals.find(ledger, key)
    return _save_journal(ledger, query, {**element, "ManualJournalID": journal.id}, False)


ENDPOINTS: Mapping[str, Endpoint] = {
    "banktransfers": Endpoint(
        "BankTransfers",
        "BankTransferID",
        _transfer_list,
        _transfer,
        _save_transfer,
        _delete_transfer,
        error_flag=None,
        nested={"history": history.below(transfers.find)},
        files=transfers.find,
    ),
    "batchpayments": Endpoint(
        "BatchPayments",
        "BatchPaymentID",
        _batch_list,
        _batch,
        _save_batch,
        _delete_batch,
        one_per_post=True,
        error_flag=None,
        nested={"history": history.below(batches.find)},
    ),
    "manualjournals": Endpoint(
        "ManualJournals",
        "ManualJournalID",
        _journal_list,
        _journal,
        _save_journal,
        _change_journal,
        error_flag=None,
        nested={"history": history.below(manual_journals.find)},
        files=manual_journals.find,
    ),
}
