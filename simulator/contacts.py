"""Contacts: creating, changing, archiving, merging, and Xero's rules about them.

A contact is never deleted. What callers may write is read in contact_fields.py; what a contact
looks like on the wire is in contact_view.py.
"""

from typing import TypeVar

from simulator import contact_fields
from simulator.elements import Element, identifier, part, text
from simulator.ledger import Ledger
from simulator.model import Contact, Document, Invoice
from simulator.refusals import NotFound, Refused
from simulator.shelf import Shelf

D = TypeVar("D", bound=Document)

_IDENTIFYING = ("Name", "ContactID", "ContactNumber")


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
    fields = contact_fields.read(element)
    if not fields.get("Name"):
        raise Refused("The contact name must be specified")
    _check_name(ledger, fields["Name"], None)
    _check_number(ledger, fields.get("ContactNumber"), None)
    fields.setdefault("ContactStatus", "ACTIVE")
    fields.setdefault("BankAccountDetails", "")
    fields.setdefault("Addresses", contact_fields.blank_addresses())
    fields.setdefault("Phones", contact_fields.all_phones([]))
    fields.setdefault("ContactPersons", [])
    contact = Contact(id=ledger.new_id(), fields=fields)
    _index(ledger, contact)
    ledger.stamp(ledger.contacts, contact, "CONTACT", "CREATE")
    return contact


def update(ledger: Ledger, contact: Contact, element: Element) -> Contact:
    """Change what the element carries and nothing else. Raises Refused."""
    fields = contact_fields.read(element)
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
    _move_documents(ledger, source, target)
    target.is_customer |= source.is_customer
    target.is_supplier |= source.is_supplier
    update(ledger, source, {"ContactStatus": "ARCHIVED"})
    source.merged_to = target.id
    target.revision += 1
    ledger.stamp(ledger.contacts, target, "CONTACT", "UPDATE")


def named_in(ledger: Ledger, element: Element) -> tuple[Contact | None, Element | None]:
    """The contact that a document's element names, and what is to be written to it.

    The write waits until the document itself has passed, so that a refused one leaves no
    contact behind. Contact persons that are not sent are dropped: so Xero edits contacts
    through documents.
    """
    sent = part(element, "Contact")
    if not sent:
        return None, None
    if not any(sent.get(key) for key in _IDENTIFYING):
        raise Refused(
            "The Contact must contain at least 1 of the following elements to identify the "
            f"contact: {', '.join(_IDENTIFYING)}"
        )
    contact_id = identifier(sent, "ContactID")
    number = text(sent, "ContactNumber", 50)
    name = str(sent.get("Name") or "").strip()
    known: Contact | None = None
    if contact_id is not None:
        known = ledger.contacts.get(contact_id)
        if known is None:
            raise Refused("The contact with the specified contact details could not be found")
    elif number and number in ledger.contact_numbers:
        known = ledger.contacts.by_id[ledger.contact_numbers[number]]
    elif name.lower() in ledger.contact_names:
        known = ledger.contacts.by_id[ledger.contact_names[name.lower()]]
    edits = set(sent) - {"ContactID", "ContactNumber", "Name"}
    if known is not None and not edits and name in {"", known.name}:
        return known, None
    return known, {"ContactPersons": [], **sent}


def resolved(ledger: Ledger, known: Contact | None, write: Element | None) -> Contact:
    """The contact after its write; one of the two is there."""
    if write is not None:
        return save(ledger, write)
    if known is None:
        raise Refused("A Contact must be specified for this type of transaction")
    return known


def attach(contact: Contact, invoice: Invoice) -> None:
    """Give a contact an invoice or bill, and with it its role, which Xero does not stamp."""
    contact.documents.add(invoice.id)
    contact.balance_revision += 1
    if invoice.type == "ACCREC" and not contact.is_customer:
        contact.is_customer = True
        contact.revision += 1
    if invoice.type == "ACCPAY" and not contact.is_supplier:
        contact.is_supplier = True
        contact.revision += 1


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


def _move_documents(ledger: Ledger, source: Contact, target: Contact) -> None:
    stamping = ledger.rules.merge_stamps_documents
    for invoice_id in sorted(source.documents):
        invoice = ledger.invoices.by_id[invoice_id]
        _hand_over(invoice, target)
        if stamping:
            ledger.stamp(ledger.invoices, invoice, "INVOICE", "UPDATE")
    for kind, credit_id in sorted(source.credits):
        credit = ledger.credits[kind].by_id[credit_id]
        _hand_over(credit, target)
        if stamping:
            ledger.stamp(ledger.credits[kind], credit, kind.category, "UPDATE")
    for transaction_id in sorted(source.bank_transactions):
        transaction = ledger.bank_transactions.by_id[transaction_id]
        _hand_over(transaction, target)
        if stamping:
            ledger.stamp(ledger.bank_transactions, transaction, None, "UPDATE")
    _hand_over_all(ledger, ledger.promises.orders, source, target)
    _hand_over_all(ledger, ledger.promises.quotes, source, target)
    _hand_over_all(ledger, ledger.promises.templates, source, target)
    target.documents |= source.documents
    target.credits |= source.credits
    target.bank_transactions |= source.bank_transactions
    source.documents, source.credits, source.bank_transactions = set(), set(), set()
    source.balance_revision += 1
    target.balance_revision += 1


def _hand_over_all(ledger: Ledger, shelf: Shelf[D], source: Contact, target: Contact) -> None:
    """Whatever of a kind that posts nothing is the source's."""
    for key in list(shelf.ids()):
        document = shelf.by_id[key]
        if document.contact_id == source.id:
            _hand_over(document, target)
            if ledger.rules.merge_stamps_documents:
                ledger.stamp(shelf, document, None, "UPDATE")


def _hand_over(document: Document, target: Contact) -> None:
    document.contact_id = target.id
    document.revision += 1


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
