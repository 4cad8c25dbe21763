"""Users: the people who may work in the organisation's books, with what each may do there.

They are a directory, not books: their topics begin with `directory`. A user who left is still
listed, with the role REMOVED (Xero: Users). Names of users in history notes are no references.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from unified.codecs import FLAG, TEXT, Codec, Scope, choice, read_text
from unified.model import Email, Instant, Label, OneOf, Part, Personal, Phone, Record
from unified.people import full_name
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Constant, Derived, Field

_REMOVED: Final = "REMOVED"
_ROLES: Final = {
    "READONLY": "read_only",
    "INVOICEONLY": "invoice_only",
    "STANDARD": "standard",
    "FINANCIALADVISER": "adviser",
    "MANAGEDCLIENT": "managed_client",
    "CASHBOOKCLIENT": "cashbook_client",
    "UNKNOWN": "unknown",  # Xero's own word, too
    _REMOVED: "removed",
}
_ROLE: Final = choice("User.OrganisationRole", _ROLES)


def _read_status(value: Any, scope: Scope) -> str | None:
    role = read_text(value, scope)
    if role is None:
        return None
    return "removed" if role.upper() == _REMOVED else "active"


def _read_roles(value: Any, scope: Scope) -> list[dict[str, Any]]:
    """What a user may do, in our word and in Xero's; nothing for one who was removed."""
    key = _ROLE.decode(value, scope)
    return [] if key in {None, "removed"} else [{"key": key, "name": value}]


def _read_emails(value: Any, scope: Scope) -> list[dict[str, Any]]:
    email = read_text(value, scope)
    return [] if email is None else [{"type": "main", "email": email, "is_primary": True}]


def _derive(record: dict[str, Any]) -> None:
    record["name"] = full_name(record)


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "removed" else None


class UserRole(Part):
    """What a user may do; `name` is Xero's word for it, also where we have none."""

    key: Annotated[
        str,
        OneOf(*(ours for ours in _ROLES.values() if ours not in {"unknown", "removed"})),
    ]
    name: Label


class User(Record):
    """Somebody with access to the organisation; null fields are not told by Xero."""

    first_name: Personal | None
    last_name: Personal | None
    name: Personal | None
    emails: list[Email] | None
    roles: list[UserRole] | None
    is_owner: bool | None
    global_user_id: Personal | None
    is_email_verified: bool | None
    is_2fa_enabled: bool | None
    last_login_at: Instant | None
    title: Personal | None
    phones: list[Phone] | None


USER: Final = Resource(
    name="user",
    plural="users",
    topic_part="users",
    space="directory",
    model=User,
    endpoint=Endpoint(
        path="Users",
        item_key="Users",
        id_key="UserID",
        modified_since=True,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
        # People come and go some times a year.
        pace=Pace(changes_per_hour=0.0005, longest=timedelta(hours=12)),
    ),
    webhook_category=None,
    gone_status="removed",
    derive=_derive,
    removed_as=_removed_as,
    fields=(
        Field("status", "OrganisationRole", Codec(_read_status)),
        Field("remote_status", "OrganisationRole", TEXT),
        Field("first_name", "FirstName", TEXT),
        Field("last_name", "LastName", TEXT),
        Derived("name"),
        Field("emails", "EmailAddress", Codec(_read_emails)),
        Field("roles", "OrganisationRole", Codec(_read_roles)),
        Field("is_owner", "IsSubscriber", FLAG),
        # On the wire, though in no description of Xero's.
        Field("global_user_id", "GlobalUserID", TEXT),
        Constant("is_email_verified"),
        Constant("is_2fa_enabled"),
        Constant("last_login_at"),
        Constant("title"),
        Constant("phones"),
    ),
    ignored=("ValidationErrors", "HasValidationErrors"),
)
