"""The raw books of a simulator, made one shape whatever envelope they come in.

Only this file knows the envelope. What stands in it is Xero's own wire form, of single answers
with four decimals of unit prices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from oracle.wire import guid

_JSON = msgspec.json.Decoder(float_hook=Decimal)

Raw = Mapping[str, Any]

#: Resources beside the organisation: the key of their list in the books, and of an object's id.
COLLECTIONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "contact": ("Contacts", "ContactID"),
        "invoice": ("Invoices", "InvoiceID"),
        "credit_note": ("CreditNotes", "CreditNoteID"),
        "prepayment": ("Prepayments", "PrepaymentID"),
        "overpayment": ("Overpayments", "OverpaymentID"),
        "payment": ("Payments", "PaymentID"),
        "account": ("Accounts", "AccountID"),
        "tax_rate": ("TaxRates", "TaxType"),
        "item": ("Items", "ItemID"),
        "tracking_category": ("TrackingCategories", "TrackingCategoryID"),
        "currency": ("Currencies", "Code"),
        "purchase_order": ("PurchaseOrders", "PurchaseOrderID"),
        "quote": ("Quotes", "QuoteID"),
        "repeating_transaction": ("RepeatingInvoices", "RepeatingInvoiceID"),
        "transaction": ("BankTransactions", "BankTransactionID"),
        "batch_payment": ("BatchPayments", "BatchPaymentID"),
        "journal_entry": ("ManualJournals", "ManualJournalID"),
        "user": ("Users", "UserID"),
        "contact_group": ("ContactGroups", "ContactGroupID"),
        "budget": ("Budgets", "BudgetID"),
        "employee": ("Employees", "EmployeeID"),
        "attachment": ("Attachments", "AttachmentID"),
        "report": ("Reports", "AskedID"),
    }
)
#: Further lists of a resource whose things stand in several.
FURTHER: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "employee": (
            ("PayrollAU/Employees", "EmployeeID"),
            ("PayrollNZ/Employees", "employeeID"),
            ("PayrollUK/Employees", "employeeID"),
        ),
        "transaction": (("BankTransfers", "BankTransferID"),),
        "journal_entry": (("Journals", "JournalID"),),
    }
)
#: Those whose id is a code, kept as Xero writes it.
_CODED: Final = frozenset({"tax_rate", "currency", "attachment", "report"})
#: Collections whose things have files, and what these things are to us.
PARENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Accounts": "account",
        "BankTransactions": "transaction",
        "BankTransfers": "transaction",
        "Contacts": "contact",
        "CreditNotes": "credit_note",
        "Invoices": "invoice",
        "ManualJournals": "journal_entry",
        "PurchaseOrders": "purchase_order",
        "Quotes": "quote",
        "RepeatingInvoices": "repeating_transaction",
    }
)


@dataclass(frozen=True, slots=True)
class TenantBooks:
    """One organisation: raw objects by resource and Xero id, which is in lower case if a uuid."""

    tenant: str
    organisation: Raw
    held: Mapping[str, Mapping[str, Raw]]

    @property
    def base_currency(self) -> str | None:
        """The organisation's own currency."""
        return self.organisation.get("BaseCurrency") or None

    def things(self) -> Iterator[tuple[str, str, Raw]]:
        """(resource, remote id, raw object) of everything that is carried."""
        yield "company_info", str(guid(self.organisation["OrganisationID"])), self.organisation
        for resource, things in self.held.items():
            for remote_id, raw in things.items():
                yield resource, remote_id, raw


def read_books(body: Any) -> dict[str, TenantBooks]:
    """Books by tenant id, from the JSON text or the decoded object.

    Accepts `{"tenants": [...]}`, `{"tenants": {id: ...}}`, or the list or mapping alone.
    """
    found = _JSON.decode(body) if isinstance(body, bytes | str) else body
    if isinstance(found, Mapping) and "tenants" in found:
        found = found["tenants"]
    if isinstance(found, Mapping):
        found = [{"tenant_id": tenant, **held} for tenant, held in found.items()]
    books = [_tenant(held) for held in found]
    return {held.tenant: held for held in books}


def _tenant(held: Raw) -> TenantBooks:
    organisation = held.get("Organisation") or held.get("Organisations") or {}
    if isinstance(organisation, list):
        organisation = organisation[0]
    tenant = held.get("tenant_id") or held.get("TenantID") or organisation.get("OrganisationID")
    return TenantBooks(
        tenant=str(guid(tenant)),
        organisation=organisation,
        held={
            resource: {
                _key_of(resource, raw, id_key): raw
                for key, id_key in (first, *FURTHER.get(resource, ()))
                for raw in held.get(key) or ()
            }
            for resource, first in COLLECTIONS.items()
        },
    )


def own_id(resource: str, remote_id: Any) -> str:
    """Xero's id of a thing as it is compared: a code as it is written, a uuid in lower case; a file
    by its parent's first, as `child_id`."""
    return str(remote_id) if resource in _CODED else str(guid(remote_id))


def child_id(parent: str, parent_id: Any, remote_id: Any) -> str:
    """What tells a file apart from all others: Xero promises no more than an id below its parent.

    `parent` is the unified name of the parent's resource.
    """
    return f"{parent}:{guid(parent_id)}:{guid(remote_id)}"


def _key_of(resource: str, raw: Raw, id_key: str) -> str:
    if resource == "attachment":
        return child_id(PARENTS[raw["Parent"]], raw["ParentID"], raw[id_key])
    return own_id(resource, raw[id_key])
