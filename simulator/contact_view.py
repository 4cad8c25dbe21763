"""What a contact looks like on the wire, by kind of answer.

Source: Xero's contacts page, recorded answers of April 2026. Key order is Xero's.
"""

from datetime import date
from typing import Any

from simulator import attachments, group_view
from simulator.exchange import in_base
from simulator.ledger import Ledger
from simulator.model import ZERO, Contact
from simulator.shapes import Shape, cached
from simulator.wire import ms_instant

# Fields of `Contact.fields` in wire order, around the computed ones.
_FIRST = ("ContactNumber", "AccountNumber", "ContactStatus", "Name", "FirstName", "LastName",
          "CompanyNumber", "EmailAddress", "BankAccountDetails", "TaxNumber", "TaxNumberType",
          "AccountsReceivableTaxType", "AccountsPayableTaxType", "Addresses", "Phones")  # fmt: skip
_AFTER_ROLES = ("SalesDefaultLineAmountType", "PurchasesDefaultLineAmountType", "DefaultCurrency",
                "Discount", "Website", "BrandingTheme", "XeroNetworkKey",
                "PurchasesDefaultAccountCode", "SalesDefaultAccountCode", "TrackingCategoryName",
                "TrackingCategoryOption", "SalesTrackingCategories", "PurchasesTrackingCategories",
                "BatchPayments")  # fmt: skip

_FULL_ONLY = frozenset({"Website", "Discount", "BatchPayments", "BrandingTheme",
                        "TrackingCategoryName", "TrackingCategoryOption",
                        "SalesTrackingCategories", "PurchasesTrackingCategories"})  # fmt: skip
_NOT_IN_SUMMARY = _FULL_ONLY | {"Addresses", "SalesDefaultAccountCode",
                                "PurchasesDefaultAccountCode"}  # fmt: skip
_NOT_EMBEDDED = frozenset({"Website", "Discount", "BatchPayments", "BrandingTheme"})


def rendered(ledger: Ledger, contact: Contact, shape: Shape, today: date) -> bytes:
    """The contact's fragment; `today` decides what is overdue."""
    revisions = (contact.revision, contact.balance_revision, today, contact.updated_ms)
    return cached(
        contact,
        (shape, 2),
        revisions,
        build=lambda: wire(ledger, contact, shape, today),
    )


def wire(ledger: Ledger, contact: Contact, shape: Shape, today: date) -> dict[str, Any]:
    """The contact as Xero's keys and values."""
    fields = contact.fields
    full = shape in {Shape.SINGLE, Shape.PAGED}
    dropped = _NOT_IN_SUMMARY if shape is Shape.SUMMARY else frozenset() if full else _FULL_ONLY
    out: dict[str, Any] = {"ContactID": contact.id}
    if full and contact.merged_to is not None:
        out["MergedToContactID"] = contact.merged_to
    out.update((key, fields[key]) for key in _FIRST if key in fields and key not in dropped)
    out["UpdatedDateUTC"] = ms_instant(contact.updated_ms)
    if shape is not Shape.SUMMARY:
        shown = contact.groups if full else ()
        held = ledger.people.groups.by_id
        out["ContactGroups"] = [group_view.wire(held[key]) for key in shown]
        out["IsSupplier"] = contact.is_supplier
        out["IsCustomer"] = contact.is_customer
    out.update((key, fields[key]) for key in _AFTER_ROLES if key in fields and key not in dropped)
    if shape is not Shape.SUMMARY:
        balances = _balances(ledger, contact, today)
        if balances is not None:
            out["Balances"] = balances
    if "PaymentTerms" in fields:
        out["PaymentTerms"] = fields["PaymentTerms"]
    if shape is not Shape.SUMMARY:
        out["ContactPersons"] = fields["ContactPersons"] if full else []
    out["HasAttachments"] = ledger.filing.has_files(contact.id)
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, contact, "Contacts")
    out["HasValidationErrors"] = False
    return out


def embedded(contact: Contact) -> dict[str, Any]:
    """The contact inside a single or paged document."""
    fields = contact.fields
    out: dict[str, Any] = {"ContactID": contact.id}
    out.update((key, fields[key]) for key in _FIRST if key in fields)
    out["UpdatedDateUTC"] = ms_instant(contact.updated_ms)
    out["ContactGroups"] = []
    out["IsSupplier"] = contact.is_supplier
    out["IsCustomer"] = contact.is_customer
    out.update(
        (key, fields[key]) for key in _AFTER_ROLES if key in fields and key not in _NOT_EMBEDDED
    )
    out.setdefault("SalesTrackingCategories", [])
    out.setdefault("PurchasesTrackingCategories", [])
    out["ContactPersons"] = fields["ContactPersons"]
    out["HasValidationErrors"] = False
    return out


def stub(contact: Contact) -> dict[str, Any]:
    """The contact inside an unpaged document or a payment: id and name only."""
    return {
        "ContactID": contact.id,
        "Name": contact.name,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def _balances(ledger: Ledger, contact: Contact, today: date) -> dict[str, Any] | None:
    """Open and overdue sums in base currency; None when nothing is open.

    Whether credits that are still open are taken off is not documented: a rule decides.
    """
    sums = {True: [ZERO, ZERO], False: [ZERO, ZERO]}
    for key in contact.documents:
        invoice = ledger.invoices.by_id[key]
        if invoice.status != "AUTHORISED":
            continue
        due = in_base(invoice.amount_due, invoice.rate)
        sums[invoice.is_sale][0] += due
        if invoice.due_date is not None and invoice.due_date < today:
            sums[invoice.is_sale][1] += due
    for kind, key in contact.credits if ledger.rules.credits_lower_balances else ():
        credit = ledger.credits[kind].by_id[key]
        if credit.status == "AUTHORISED":
            sums[credit.is_sale][0] -= in_base(credit.remaining, credit.rate)
    if not any(total for pair in sums.values() for total in pair):
        return None
    return {
        "AccountsReceivable": {"Outstanding": sums[True][0], "Overdue": sums[True][1]},
        "AccountsPayable": {"Outstanding": sums[False][0], "Overdue": sums[False][1]},
    }
