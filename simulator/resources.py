"""The endpoints below /api.xro/2.0: for each, its list, its single record, and its writes.

One value per endpoint; endpoints.py has their types, serving.py is the engine that serves all.
"""

from collections.abc import Mapping

from simulator import (
    booking_endpoints,
    catalogues,
    contact_view,
    contacts,
    credit_endpoints,
    history,
    invoice_view,
    invoices,
    organisation,
    payment_view,
    payments,
    people_endpoints,
    printing,
    promise_endpoints,
    reference_endpoints,
    report_endpoints,
)
from simulator.construction import BELOW_CONTACT, BELOW_ORGANISATION
from simulator.elements import Element
from simulator.endpoints import Endpoint, Found, Query, Wire
from simulator.ledger import Ledger
from simulator.listing import select
from simulator.sending import BELOW_INVOICE
from simulator.shapes import Shape
from simulator.wire import fragment


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


def _printed(ledger: Ledger, key: str) -> bytes:
    invoice = invoices.find(ledger, key)
    return printing.document(ledger, invoice, f"Invoice {invoice.number}")


def _reminders(ledger: Ledger, query: Query) -> Found:
    del ledger, query
    return Found([fragment({"Enabled": False})])


ENDPOINTS: Mapping[str, Endpoint] = {
    "organisation": Endpoint(
        "Organisations", "OrganisationID", _organisation, nested=BELOW_ORGANISATION
    ),
    "invoicereminders/settings": Endpoint("InvoiceReminders", "", _reminders),
    "contacts": Endpoint(
        "Contacts",
        "ContactID",
        _contact_list,
        _contact,
        _save_contact,
        _change_contact,
        error_flag="HasValidationErrors",
        nested={"history": history.below(contacts.find), **BELOW_CONTACT},
        files=contacts.find,
    ),
    "invoices": Endpoint(
        "Invoices",
        "InvoiceID",
        _invoice_list,
        _invoice,
        _save_invoice,
        _change_invoice,
        nested={"history": history.below(invoices.find), **BELOW_INVOICE},
        files=invoices.find,
        printed=_printed,
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
        nested={"history": history.below(payments.find)},
    ),
    **credit_endpoints.ENDPOINTS,
    **promise_endpoints.ENDPOINTS,
    **booking_endpoints.ENDPOINTS,
    **reference_endpoints.ENDPOINTS,
    **report_endpoints.ENDPOINTS,
    **people_endpoints.ENDPOINTS,
}
