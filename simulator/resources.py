"""The endpoints below /api.xro/2.0: for each, its list, its single record, and its writes.

One value per endpoint; accounting.py is the engine that serves them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import (
    catalogues,
    contact_view,
    contacts,
    invoice_view,
    invoices,
    organisation,
    payment_view,
    payments,
)
from simulator.elements import Element
from simulator.ledger import Ledger
from simulator.listing import select
from simulator.refusals import NotFound, PostUnreadable
from simulator.shapes import Shape
from simulator.wire import Pagination, fragment


@dataclass(frozen=True)
class Query:
    """What a read was asked with: parameters by lower-case name, If-Modified-Since, the app."""

    params: Mapping[str, str]
    since_ms: int | None
    client_id: str

    @property
    def decimals(self) -> int:
        """Decimals of unit amounts: 4 with unitdp=4, else 2."""
        return 4 if self.params.get("unitdp") == "4" else 2


@dataclass(frozen=True)
class Found:
    """Rendered records and, on paged answers, where they stand."""

    fragments: Sequence[bytes]
    pagination: Pagination | None = None


Wire = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    Attributes:
        collection: the key of its list in answers and requests.
        id_key: the key of a record's id.
        read_list: all that a query selects.
        read_one: one record by id, number or name. Raises NotFound.
        save: create (True) or create-or-update one element; returns its wire form.
        change: a POST to one record's own path.
        one_per_post: a POST to the list takes a single element.
        error_flag: the key that marks a refused element.
    """

    collection: str
    id_key: str
    read_list: Callable[[Ledger, Query], Found]
    read_one: Callable[[Ledger, Query, str], Found] | None = None
    save: Callable[[Ledger, Query, Element, bool], Wire] | None = None
    change: Callable[[Ledger, Query, str, Element], Wire] | None = None
    one_per_post: bool = False
    error_flag: str = "HasErrors"


def _organisation(ledger: Ledger, query: Query) -> Found:
    del query
    return Found([fragment(organisation.wire(ledger))])


def _contact_list(ledger: Ledger, query: Query) -> Found:
    chosen = select(
        ledger.contacts, catalogues.contact_catalogue(), query.params, since_ms=query.since_ms
    )
    today = ledger.today()
    rendered = [contact_view.rendered(ledger, c, chosen.shape, today) for c in chosen.records]
    return Found(rendered, chosen.pagination)


def _contact(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    contact = contacts.find(ledger, key)
    return Found([contact_view.rendered(ledger, contact, Shape.SINGLE, ledger.today())])


def _save_contact(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    del query
    contact = contacts.save(ledger, element, create_only=create_only)
    return contact_view.wire(ledger, contact, Shape.SINGLE, ledger.today())


def _change_contact(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    contact = contacts.find(ledger, key)
    return _save_contact(ledger, query, {**element, "ContactID": contact.id}, False)


def _invoice_list(ledger: Ledger, query: Query) -> Found:
    catalogue = catalogues.invoice_catalogue(ledger, query.client_id)
    chosen = select(ledger.invoices, catalogue, query.params, since_ms=query.since_ms)
    rendered = [
        invoice_view.rendered(ledger, invoice, chosen.shape, query.decimals)
        for invoice in chosen.records
    ]
    return Found(rendered, chosen.pagination)


def _invoice(ledger: Ledger, query: Query, key: str) -> Found:
    invoice = invoices.find(ledger, key)
    return Found([invoice_view.rendered(ledger, invoice, Shape.SINGLE, query.decimals)])


def _save_invoice(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    invoice = invoices.save(
        ledger,
        element,
        decimals=query.decimals,
        create_only=create_only,
        by=query.client_id,
    )
    out = invoice_view.wire(ledger, invoice, Shape.SINGLE, query.decimals)
    for line in out["LineItems"]:
        line["ValidationErrors"] = []
    return out


def _change_invoice(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    invoice = invoices.find(ledger, key)
    return _save_invoice(ledger, query, {**element, "InvoiceID": invoice.id}, False)


def _payment_list(ledger: Ledger, query: Query) -> Found:
    chosen = select(
        ledger.payments, catalogues.payment_catalogue(), query.params, since_ms=query.since_ms
    )
    rendered = [payment_view.rendered(ledger, p, chosen.shape) for p in chosen.records]
    return Found(rendered, chosen.pagination)


def _payment(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    payment = payments.find(ledger, key)
    return Found([payment_view.wire_fragment(ledger, payment)])


def _save_payment(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    del query, create_only
    payment = payments.create(ledger, element)
    return payment_view.wire(ledger, payment, Shape.SINGLE)


def _change_payment(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    del query
    payment = payments.delete(ledger, payments.find(ledger, key), element)
    return payment_view.wire(ledger, payment, Shape.SINGLE)


ENDPOINTS: Mapping[str, Endpoint] = {
    "organisation": Endpoint("Organisations", "OrganisationID", _organisation),
    "contacts": Endpoint(
        "Contacts",
        "ContactID",
        _contact_list,
        _contact,
        _save_contact,
        _change_contact,
        error_flag="HasValidationErrors",
    ),
    "invoices": Endpoint(
        "Invoices", "InvoiceID", _invoice_list, _invoice, _save_invoice, _change_invoice
    ),
    "payments": Endpoint(
        "Payments",
        "PaymentID",
        _payment_list,
        _payment,
        _save_payment,
        _change_payment,
        one_per_post=True,
        error_flag="HasValidationErrors",
    ),
}


def elements_of(body: Any, endpoint: Endpoint) -> list[Element]:
    """The elements of a request body: wrapped in the collection, a bare list, or one object.

    Raises:
        PostUnreadable: it is none of these.
    """
    if isinstance(body, dict) and endpoint.collection in body:
        body = body[endpoint.collection]
    sent = body if isinstance(body, list) else [body]
    if not sent or not all(isinstance(element, dict) for element in sent):
        raise PostUnreadable(f"No {endpoint.collection} were found in the request")
    return sent


def one(endpoint: Endpoint, ledger: Ledger, query: Query, *, key: str) -> Found:
    """A single record. Raises NotFound, also where the endpoint has none."""
    if endpoint.read_one is None:
        raise NotFound(key)
    return endpoint.read_one(ledger, query, key)
