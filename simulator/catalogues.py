"""What the lists of contacts, invoices and payments can be asked: values for listing.py."""

from collections.abc import Callable
from typing import Any

from simulator.ledger import Ledger
from simulator.listing import Catalogue, uuids_in, words_in
from simulator.model import Contact, Invoice, Payment
from simulator.query import Test
from simulator.wire import moment


def contact_catalogue() -> Catalogue[Contact]:
    """Contacts: where, IDs, searchTerm, includeArchived, summaryOnly."""

    def text(key: str) -> Callable[[Contact], Any]:
        return lambda contact: contact.fields.get(key)

    names = ("Name", "EmailAddress", "AccountNumber", "ContactNumber", "FirstName", "LastName",
             "ContactStatus", "TaxNumber", "CompanyNumber")  # fmt: skip
    return Catalogue(
        id_key="ContactID",
        fields={
            "contactid": lambda contact: contact.id,
            "iscustomer": lambda contact: contact.is_customer,
            "issupplier": lambda contact: contact.is_supplier,
            "updateddateutc": lambda contact: moment(contact.updated_ms),
            **{name.lower(): text(name) for name in names},
        },
        orders={"name": lambda contact: contact.name.lower(), "emailaddress": text("EmailAddress")},
        filters={
            "searchterm": lambda sent: _mentions(
                sent,
                lambda contact: [
                    contact.fields.get(key)
                    for key in (
                        "Name",
                        "FirstName",
                        "LastName",
                        "ContactNumber",
                        "CompanyNumber",
                        "EmailAddress",
                    )
                ],
            ),
        },
        takes_ids=True,
        hidden=lambda contact: contact.status == "ARCHIVED",
        forces_paging=frozenset({"summaryonly"}),
    )


def invoice_catalogue(ledger: Ledger, client_id: str) -> Catalogue[Invoice]:
    """Invoices: where, IDs, InvoiceNumbers, ContactIDs, Statuses, searchTerm, and more."""

    def contact_field(key: str) -> Callable[[Invoice], Any]:
        return lambda invoice: ledger.contact_of(invoice).fields.get(key)

    def mine(sent: str) -> Test[Invoice]:
        wanted = sent.lower() == "true"
        return lambda invoice: not wanted or invoice.created_by == client_id

    return Catalogue(
        id_key="InvoiceID",
        fields={
            "invoiceid": lambda invoice: invoice.id,
            "type": lambda invoice: invoice.type,
            "status": lambda invoice: invoice.status,
            "invoicenumber": lambda invoice: invoice.number,
            "reference": lambda invoice: invoice.reference,
            "date": lambda invoice: invoice.date,
            "duedate": lambda invoice: invoice.due_date,
            "amountdue": lambda invoice: invoice.amount_due,
            "amountpaid": lambda invoice: invoice.amount_paid,
            "amountcredited": lambda invoice: invoice.amount_credited,
            "subtotal": lambda invoice: invoice.sub_total,
            "totaltax": lambda invoice: invoice.total_tax,
            "total": lambda invoice: invoice.total,
            "currencyrate": lambda invoice: invoice.rate,
            "lineamounttypes": lambda invoice: invoice.line_amount_types,
            "brandingthemeid": lambda invoice: invoice.branding_theme_id,
            "senttocontact": lambda invoice: invoice.sent_to_contact or False,
            "currencycode": lambda invoice: invoice.currency,
            "fullypaidondate": lambda invoice: invoice.fully_paid_on,
            "updateddateutc": lambda invoice: moment(invoice.updated_ms),
            "contact.contactid": lambda invoice: invoice.contact_id,
            "contact.name": contact_field("Name"),
            "contact.contactnumber": contact_field("ContactNumber"),
        },
        orders={
            "date": lambda invoice: invoice.date,
            "duedate": lambda invoice: invoice.due_date,
            "invoicenumber": lambda invoice: invoice.number,
            "total": lambda invoice: invoice.total,
        },
        filters={
            "invoicenumbers": lambda sent: _among(lambda invoice: invoice.number, words_in(sent)),
            "contactids": lambda sent: _among(lambda invoice: invoice.contact_id, uuids_in(sent)),
            "statuses": lambda sent: _among(lambda invoice: invoice.status, words_in(sent)),
            "createdbymyapp": mine,
            "searchterm": lambda sent: _mentions(
                sent, lambda invoice: [invoice.number, invoice.reference]
            ),
        },
        takes_ids=True,
        forces_paging=frozenset({"summaryonly", "statuses"}),
    )


def payment_catalogue() -> Catalogue[Payment]:
    """Payments: where alone."""
    return Catalogue(
        id_key="PaymentID",
        fields={
            "paymentid": lambda payment: payment.id,
            "paymenttype": lambda payment: payment.type,
            "status": lambda payment: payment.status,
            "date": lambda payment: payment.date,
            "reference": lambda payment: payment.reference,
            "amount": lambda payment: payment.amount,
            "isreconciled": lambda payment: payment.is_reconciled,
            "invoice.invoiceid": lambda payment: payment.document_id,
            "account.accountid": lambda payment: payment.account_id,
            "updateddateutc": lambda payment: moment(payment.updated_ms),
        },
        orders={"date": lambda payment: payment.date, "amount": lambda payment: payment.amount},
        filters={},
    )


def _among(get: Callable[[Any], str], wanted: frozenset[str]) -> Test[Any]:
    return lambda record: get(record) in wanted


def _mentions(sent: str, get: Callable[[Any], list[str | None]]) -> Test[Any]:
    wanted = sent.lower()
    return lambda record: any(wanted in text.lower() for text in get(record) if text)
