"""What a contact group looks like on the wire: within contacts, in lists, and alone.

Source: Xero's "Contact groups" page and recorded answers of April 2026.
"""

from typing import Any

from simulator.people import Group
from simulator.reference import ACTIVE


def wire(group: Group) -> dict[str, Any]:
    """The group without its members: only active groups are ever shown."""
    return {
        "ContactGroupID": group.id,
        "Name": group.name,
        "Status": ACTIVE,
        "Contacts": [],
        "HasValidationErrors": False,
    }
