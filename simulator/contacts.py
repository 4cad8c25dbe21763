"""Contacts: creating, changing, archiving, merging, and Xero's rules about them.

A contact is never deleted. What it looks like on the wire is in contact_view.py.
"""

from typing import Any

from simulator.elements import Element, decimal, flag, identifier, part, parts, text
from simulator.ledger import Ledger
from simulator.model import Contact
from simulator.refusals import NotFound, Refused

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


def find(ledger: Ledger, key: str) -> Contact:
    """The contact of an id or a ContactNumber. Raises NotFound."""
    known = ledger.contacts.get(key.lower())
    if known is not None:
        return known
    numbered = ledger.contact_numbers.get(key)
    if numbered is None:
        raise NotFound(key)
    return ledger.contacts.by_id[numbered]


def save(ledger: Ledger, element: Element, *, create_only: bool = False) -> Contact:
    """Create a contact, or change the one the element names by id, number or name.

    Raises:
        Refused: the element breaks rules, or names an id that doesn't exist.
    """
    known = None if create_only else _named(ledger, element)
    return create(ledger, element) if known is None else update(ledger, known, element)


def create(ledger: Ledger, element: Element) -> Contact:
    """Make a contact: stamped, announced as CONTACT CREATE. Raises Refused."""
    fields = _read(element)
    if not fields.get("Name"):
        raise Refused("The contact name must be specified")
    _check_name(ledger, fields["Name"], None)
    _check_number(ledger, fields.get("ContactNumber"), None)
    fields.setdefault("ContactStatus", "ACTIVE")
    fields.setdefault("BankAccountDetails", "")
    fields.setdefault("Addresses", blank_addresses())
    fields.setdefault("Phones", _phones([]))
    fields.setdefault("ContactPersons", [])
    contact = Contact(id=ledger.new_id(), fields=fields)
    _index(ledger, contact)
    ledger.stamp(ledger.contacts, contact, "CONTACT", "CREATE")
    return contact


def update(ledger: Ledger, contact: Contact, element: Element) -> Contact:
    """Change what the element carries and nothing else. Raises Refused."""
    fields = _read(element)
    if contact.merged_to is not None:
        raise Refused("The contact has been merged into another contact and cannot be edited")
    status = fields.get("ContactStatus", contact.status)
    if contact.status == "ARCHIVED" and status == "ARCHIVED" and len(fields) > 1:
        raise Refused("The contact is archived. Restore the contact before editing it")
    name = fields.get("Name", contact.name)
    if not name:
        raise Refused("The contact name must be specified")
    if status == "ACTIVE":
        _check_name(ledger, name, contact)
    _check_number(ledger, fields.get("ContactNumber"), contact)
    _unindex(ledger, contact)
    contact.fields.update(fields)
    _index(ledger, contact)
    contact.revision += 1
    ledger.stamp(ledger.contacts, contact, "CONTACT", "UPDATE")
    return contact


def merge(ledger: Ledger, source: Contact, target: Contact) -> None:
    """Move all documents of one contact to another and archive the first.

    Raises:
        Refused: a contact can't be merged into itself, nor a merged one again.
    """
    if source is target or source.merged_to is not None or target.status != "ACTIVE":
        raise Refused("The contacts cannot be merged")
    for invoice_id in sorted(source.documents):
        invoice = ledger.invoices.by_id[invoice_id]
        invoice.contact_id = target.id
        invoice.revision += 1
        if ledger.rules.merge_stamps_documents:
            ledger.stamp(ledger.invoices, invoice, "INVOICE", "UPDATE")
    target.documents |= source.documents
    source.documents = set()
    target.is_customer |= source.is_customer
    target.is_supplier |= source.is_supplier
    update(ledger, source, {"ContactStatus": "ARCHIVED"})
    source.merged_to = target.id
    target.revision += 1
    ledger.stamp(ledger.contacts, target, "CONTACT", "UPDATE")


def _named(ledger: Ledger, element: Element) -> Contact | None:
    contact_id = identifier(element, "ContactID")
    if contact_id is not None:
        known = ledger.contacts.get(contact_id)
        if known is None:
            raise Refused("The contact with the specified contact details could not be found")
        return known
    number = text(element, "ContactNumber", 50)
    if number and number in ledger.contact_numbers:
        return ledger.contacts.by_id[ledger.contact_numbers[number]]
    name = text(element, "Name", 255)
    known_id = ledger.contact_names.get(name.strip().lower()) if name else None
    return None if known_id is None else ledger.contacts.by_id[known_id]


def _check_name(ledger: Ledger, name: str, contact: Contact | None) -> None:
    owner = ledger.contact_names.get(name.lower())
    if owner is not None and (contact is None or owner != contact.id):
        raise Refused(
            f"The contact name {name} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )


def _check_number(ledger: Ledger, number: str | None, contact: Contact | None) -> None:
    owner = ledger.contact_numbers.get(number) if number else None
    if owner is not None and (contact is None or owner != contact.id):
        raise Refused("The contact number must be unique")


def _index(ledger: Ledger, contact: Contact) -> None:
    if contact.status == "ACTIVE":
        ledger.contact_names[contact.name.lower()] = contact.id
    if contact.fields.get("ContactNumber"):
        ledger.contact_numbers[contact.fields["ContactNumber"]] = contact.id


def _unindex(ledger: Ledger, contact: Contact) -> None:
    if ledger.contact_names.get(contact.name.lower()) == contact.id:
        del ledger.contact_names[contact.name.lower()]
    ledger.contact_numbers.pop(contact.fields.get("ContactNumber", ""), None)


def _read(element: Element) -> dict[str, Any]:
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
        fields["Phones"] = _phones(phones)
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


def _phones(sent: list[Element]) -> list[dict[str, str]]:
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
