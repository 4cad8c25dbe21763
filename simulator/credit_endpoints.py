"""The endpoints of credits, their allocations, and bank transactions."""

from collections.abc import Mapping

from simulator import (
    allocations,
    bank_transactions,
    bank_view,
    credit_catalogues,
    credit_notes,
    credit_view,
    credits,
    history,
    printing,
)
from simulator.elements import Element
from simulator.endpoints import Attachable, Endpoint, Found, Nested, Query, Wire
from simulator.ledger import Ledger
from simulator.listing import select
from simulator.model import CreditKind
from simulator.shapes import Shape
from simulator.wire import fragment


def _credits(kind: CreditKind) -> Endpoint:
    """The endpoint of a kind of credit; only credit notes are written, the others are made."""

    def listed(ledger: Ledger, query: Query) -> Found:
        catalogue = credit_catalogues.credit_catalogue(ledger, kind)
        chosen = select(ledger.credits[kind], catalogue, query.params, since_ms=query.since_ms)
        rendered = [
            credit_view.rendered(ledger, credit, chosen.shape, query.decimals)
            for credit in chosen.records
        ]
        return Found(rendered, chosen.pagination)

    def one(ledger: Ledger, query: Query, key: str) -> Found:
        credit = credits.find(ledger, kind, key)
        return Found([credit_view.rendered(ledger, credit, Shape.SINGLE, query.decimals)])

    def holder(ledger: Ledger, key: str) -> Attachable:
        return credits.find(ledger, kind, key)

    def printed(ledger: Ledger, key: str) -> bytes:
        credit = credits.find(ledger, kind, key)
        return printing.document(ledger, credit, f"Credit note {credit.number}")

    is_note = kind is CreditKind.CREDIT_NOTE
    return Endpoint(
        kind.collection,
        kind.id_key,
        listed,
        one,
        _save_note if is_note else None,
        _change_note if is_note else None,
        nested={"allocations": _allocations(kind), "history": history.below(holder)},
        files=holder if is_note else None,
        printed=printed if is_note else None,
    )


def _allocations(kind: CreditKind) -> Nested:
    """PUT, GET and DELETE of the allocations of a credit."""

    def read(ledger: Ledger, query: Query, key: str) -> Found:
        del query
        credit = credits.find(ledger, kind, key)
        held = [ledger.allocations[key] for key in credit.allocations]
        return Found([fragment(credit_view.allocation(ledger, one)) for one in held])

    def put(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
        del query
        credit = credits.find(ledger, kind, key)
        made = allocations.allocate(ledger, credit, element)
        return credit_view.allocation_made(credit, made)

    def remove(ledger: Ledger, query: Query, key: str, allocation_key: str) -> Wire:
        del query
        credit = credits.find(ledger, kind, key)
        held = allocations.find(ledger, credit, allocation_key)
        allocations.remove(ledger, credit, held)
        return credit_view.allocation_removed(held)

    return Nested("Allocations", read=read, put=put, remove=remove, bare_removal=True)


def _save_note(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    note = credit_notes.save(
        ledger,
        element,
        decimals=query.decimals,
        create_only=create_only,
        by=query.client_id,
    )
    out = credit_view.wire(ledger, note, Shape.SINGLE, query.decimals)
    for line in out["LineItems"]:
        line["ValidationErrors"] = []
    return out


def _change_note(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    note = credits.find(ledger, CreditKind.CREDIT_NOTE, key)
    return _save_note(ledger, query, {**element, "CreditNoteID": note.id}, False)


def _bank_list(ledger: Ledger, query: Query) -> Found:
    catalogue = credit_catalogues.bank_catalogue(ledger)
    chosen = select(ledger.bank_transactions, catalogue, query.params, since_ms=query.since_ms)
    rendered = [
        bank_view.rendered(ledger, made, chosen.shape, query.decimals) for made in chosen.records
    ]
    return Found(rendered, chosen.pagination)


def _bank_one(ledger: Ledger, query: Query, key: str) -> Found:
    made = bank_transactions.find(ledger, key)
    return Found([bank_view.rendered(ledger, made, Shape.SINGLE, query.decimals)])


def _save_bank(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    made = bank_transactions.save(ledger, element, decimals=query.decimals, create_only=create_only)
    return bank_view.wire(ledger, made, Shape.SINGLE, query.decimals)


def _change_bank(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    made = bank_transactions.find(ledger, key)
    return _save_bank(ledger, query, {**element, "BankTransactionID": made.id}, False)


ENDPOINTS: Mapping[str, Endpoint] = {
    **{kind.collection.lower(): _credits(kind) for kind in CreditKind},
    "banktransactions": Endpoint(
        "BankTransactions",
        "BankTransactionID",
        _bank_list,
        _bank_one,
        _save_bank,
        _change_bank,
        nested={"history": history.below(bank_transactions.find)},
        files=bank_transactions.find,
    ),
}
