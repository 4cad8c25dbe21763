"""Users: read only at Xero's API; invited, promoted and removed in Xero's app.

Source: Xero's "Users" page, and recorded answers, which show a GlobalUserID besides.
"""

from typing import Any

from simulator.ledger import Ledger
from simulator.people import REMOVED, User
from simulator.refusals import NotFound
from simulator.wire import ms_instant

ROLES = ("READONLY", "INVOICEONLY", "STANDARD", "FINANCIALADVISER", "MANAGEDCLIENT",
         "CASHBOOKCLIENT")  # fmt: skip


def find(ledger: Ledger, key: str) -> User:
    """The user of an id. Raises NotFound."""
    known = ledger.people.users.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def invite(
    ledger: Ledger, email: str, *, first_name: str, last_name: str, role: str, owner: bool = False
) -> User:
    """Give somebody access."""
    user = User(ledger.new_id(), ledger.new_id(), email, first_name, last_name, role, owner)
    ledger.stamp(ledger.people.users, user, None, "CREATE")
    return user


def give_role(ledger: Ledger, user: User, role: str) -> None:
    """Let a user do more or less."""
    user.role = role
    ledger.stamp(ledger.people.users, user, None, "UPDATE")


def remove(ledger: Ledger, user: User) -> None:
    """Take access away; the user stays listed."""
    give_role(ledger, user, REMOVED)


def wire(user: User) -> dict[str, Any]:
    """The user as Xero shows it."""
    return {
        "GlobalUserID": user.global_id,
        "UserID": user.id,
        "EmailAddress": user.email,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "UpdatedDateUTC": ms_instant(user.updated_ms),
        "IsSubscriber": user.is_subscriber,
        "OrganisationRole": user.role,
    }
