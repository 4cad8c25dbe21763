"""The writable fields of a contact: reading what callers send, with Xero's limits.

Rules between contacts (unique names, merging) are in contacts.py.
"""

from typing import Any

from simulator.elements import Element, decimal, flag, part, parts, text
from simulator.refusals import Refused

_TEXTS = {
    "Name": 255,
    "ContactNumber": 50,
    "AccountNumber": 50,
    "FirstName": 255,
    "LastName": 255,
    "CompanyNumber": 50,
    "EmailAddress": 255,
    "BankAccountDetails": 255,
    "TaxNumber": 50,
    "TaxNumberType": 50,
    "AccountsReceivableTaxType": 50,
    "AccountsPayableTaxType": 50,
    "SalesDefaultLineAmountType": 50,
    "PurchasesDefaultLineAmountType": 50,
    "DefaultCurrency": 3,
    "XeroNetworkKey": 255,
    "SalesDefaultAccountCode": 50,
    "PurchasesDefaultAccountCode": 50,
    "TrackingCategoryName": 255,
    "TrackingCategoryOption": 255,
}
_ADDRESS_LIMITS = {
    "AddressLine1": 500,
    "AddressLine2": 500,
    "AddressLine3": 500,
    "AddressLine4": 500,
    "City": 255,
    "Region": 255,
    "PostalCode": 50,
    "Country": 50,
    "AttentionTo": 255,
}
_PHONE_LIMITS = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
_PHONE_TYPES = ("DDI", "DEFAULT", "FAX", "MOBILE", "OFFICE")
_TERM_TYPES = (
    "DAYSAFTERBILLDATE",
    "DAYSAFTERBILLMONTH",
    "OFCURRENTMONTH",
    "OFFOLLOWINGMONTH",
)


def blank_addresses() -> list[dict[str, str]]:
    """The two address entries every contact has."""
    return [{"AddressType": "STREET"}, {"AddressType": "POBOX"}]


def read(element: Element) -> dict[str, Any]:
    """The writable fields an element carries, checked, in wire form."""
    fields: dict[str, Any] = {}
    for key, limit in _TEXTS.items():
        value = text(element, key, limit)
        if value is not None:
            fields[key] = value.strip() if key == "Name" else value
    status = text(element, "ContactStatus")
    if status is not None:
        if status not in {"ACTIVE", "ARCHIVED"}:
            raise Refused(f"Contact status '{status}' cannot be set")
        fields["ContactStatus"] = status
    if "@" not in fields.get("EmailAddress", "@") and fields["EmailAddress"]:
        raise Refused(f"Email address {fields['EmailAddress']} is not valid")
    _read_parts(element, fields)
    discount = decimal(element, "Discount")
    if discount is not None:
        fields["Discount"] = discount
    return fields


def _read_parts(element: Element, fields: dict[str, Any]) -> None:
    addresses = parts(element, "Addresses")
    if addresses is not None:
        fields["Addresses"] = _addresses(addresses)
    phones = parts(element, "Phones")
    if phones is not None:
        fields["Phones"] = all_phones(phones)
    persons = parts(element, "ContactPersons")
    if persons is not None:
        fields["ContactPersons"] = _persons(persons)
    terms = part(element, "PaymentTerms")
    if terms is not None:
        fields["PaymentTerms"] = _terms(terms)
    batch = part(element, "BatchPayments")
    if batch is not None:
        keys = ("BankAccountNumber", "BankAccountName", "Details", "Code", "Reference")
        fields["BatchPayments"] = {key: text(batch, key) or "" for key in keys}
    for key in ("SalesTrackingCategories", "PurchasesTrackingCategories"):
        categories = parts(element, key)
        if categories is not None:
            fields[key] = [dict(category) for category in categories]


def _addresses(sent: list[Element]) -> list[dict[str, str]]:
    """STREET and POBOX, always both; blank fields of a filled address are empty text."""
    by_type: dict[str, dict[str, str]] = {}
    for address in sent:
        kind = text(address, "AddressType") or "POBOX"
        if kind not in {"STREET", "POBOX"}:
            raise Refused(f"The address type {kind} is not valid")
        filled = {
            key: value
            for key, limit in _ADDRESS_LIMITS.items()
            if (value := text(address, key, limit)) is not None
        }
        if any(filled.values()):
            for key in ("City", "Region", "PostalCode", "Country", "AttentionTo"):
                filled.setdefault(key, "")
            by_type[kind] = {"AddressType": kind, **filled}
    return [by_type.get(kind, {"AddressType": kind}) for kind in ("STREET", "POBOX")]


def all_phones(sent: list[Element]) -> list[dict[str, str]]:
    """DDI, DEFAULT, FAX and MOBILE, always all four; OFFICE only when sent."""
    by_type: dict[str, dict[str, str]] = {}
    for phone in sent:
        kind = text(phone, "PhoneType") or "DEFAULT"
        if kind not in _PHONE_TYPES:
            raise Refused(f"The phone type {kind} is not valid")
        by_type[kind] = {
            "PhoneType": kind,
            **{key: text(phone, key, limit) or "" for key, limit in _PHONE_LIMITS.items()},
        }
    wanted = [kind for kind in _PHONE_TYPES if kind != "OFFICE" or kind in by_type]
    return [by_type.get(kind, {"PhoneType": kind}) for kind in wanted]


def _persons(sent: list[Element]) -> list[dict[str, Any]]:
    if len(sent) > 5:
        raise Refused("A maximum of 5 contact persons can be specified")
    return [
        {
            "FirstName": text(person, "FirstName", 255) or "",
            "LastName": text(person, "LastName", 255) or "",
            "EmailAddress": text(person, "EmailAddress", 255) or "",
            "IncludeInEmails": flag(person, "IncludeInEmails") or False,
        }
        for person in sent
    ]


def _terms(sent: Element) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    for key in ("Bills", "Sales"):
        term = part(sent, key)
        if term is None:
            continue
        day, kind = decimal(term, "Day"), text(term, "Type")
        if day is None or kind not in _TERM_TYPES or not 0 <= day <= 365:
            raise Refused("The payment terms are not valid")
        terms[key] = {"Day": int(day), "Type": kind}
    return terms
