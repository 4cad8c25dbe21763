"""Contact groups: made, renamed and deleted, and who is put into them, with Xero's refusals.

Source: Xero's "Contact groups" page: 100 groups at most; only active ones are shown, so a deleted
one is gone. Groups carry no stamp. Whether a contact's stamp moves with its groups is not
documented: a rule decides.
"""

from typing import Any

from simulator import contacts
from simulator.contact_view import stub
from simulator.elements import Element, identifier, text
from simulator.group_view import wire
from simulator.ledger import Ledger
from simulator.model import Contact
from simulator.people import Group
from simulator.reference import ACTIVE, DELETED
from simulator.refusals import NotFound, Refused

MOST = 100


def find(ledger: Ledger, key: str) -> Group:
    """The group of an id. Raises NotFound."""
    known = ledger.people.groups.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> Group:
    """Make a group without members. Raises Refused."""
    name = _name(ledger, element, None)
    if len(ledger.people.groups) >= MOST:
        raise Refused(f"You\u2019ve reached the limit of {MOST} contact groups.")
    group = Group(ledger.new_id(), name)
    ledger.people.groups.put(group, 0)
    return group


def update(ledger: Ledger, group: Group, element: Element) -> dict[str, Any]:
    """Rename a group, or delete it by its status; what is left to show. Raises Refused."""
    status = (text(element, "Status") or ACTIVE).upper()
    if status not in {ACTIVE, DELETED}:
        raise Refused(f"The status '{status}' is not valid")
    if status == DELETED:
        clear(ledger, group)
        ledger.people.groups.drop(group.id)
        return {**wire(group), "Status": DELETED}
    group.name = _name(ledger, element, group)
    for member in _members(ledger, group):
        member.revision += 1  # it shows the name, which nothing stamps
    return wire(group)


def add(ledger: Ledger, group: Group, element: Element) -> Contact:
    """Put a contact into a group; once is enough. Raises Refused."""
    contact_id = identifier(element, "ContactID")
    contact = None if contact_id is None else ledger.contacts.get(contact_id)
    if contact is None:
        raise Refused("The contact with the specified contact details could not be found")
    if contact.id not in group.members:
        group.members.append(contact.id)
        contact.groups.append(group.id)
        _touch(ledger, contact)
    return contact


def take_out(ledger: Ledger, group: Group, key: str) -> None:
    """Take a contact out of a group. Raises NotFound: it is not in it."""
    contact = contacts.find(ledger, key)
    if contact.id not in group.members:
        raise NotFound(key)
    group.members.remove(contact.id)
    contact.groups.remove(group.id)
    _touch(ledger, contact)


def clear(ledger: Ledger, group: Group) -> None:
    """Take all contacts out of a group."""
    for key in list(group.members):
        take_out(ledger, group, key)


def full_wire(ledger: Ledger, group: Group) -> dict[str, Any]:
    """The group as it is shown alone: with its members."""
    return {**wire(group), "Contacts": [stub(member) for member in _members(ledger, group)]}


def _members(ledger: Ledger, group: Group) -> list[Contact]:
    return [ledger.contacts.by_id[key] for key in group.members]


def _touch(ledger: Ledger, contact: Contact) -> None:
    contact.revision += 1
    if ledger.rules.groups_move_contacts:
        ledger.stamp(ledger.contacts, contact, "CONTACT", "UPDATE")


def _name(ledger: Ledger, element: Element, group: Group | None) -> str:
    name = text(element, "Name") or (group.name if group else None)
    if not name:
        raise Refused("The contact group name must be specified")
    others = [each for each in ledger.people.groups if each is not group]
    if any(each.name.lower() == name.lower() for each in others):
        raise Refused(f"The contact group name '{name}' is already used")
    return name
