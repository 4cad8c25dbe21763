"""Contact groups: names under which contacts are put together, with their members.

Lists name the groups alone; members stand in single reads. Nothing here is stamped by Xero, so
who came or went shows in the groups of a contact, or when the group itself is read. A deleted group
is shown no more (Xero: Contact groups).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from unified.codecs import TEXT, choice
from unified.model import Label, Record, Ref
from unified.parts import object_refs
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Derived, Field, Read

_STATUSES: Final = {"ACTIVE": "active", "DELETED": "deleted"}
_STATUS: Final = choice(
    "ContactGroup.Status", _STATUSES, written={"active": "ACTIVE", "deleted": "DELETED"}
)
_ALONE: Final = frozenset({Read.SINGLE})


def _derive(record: dict[str, Any]) -> None:
    members = record["members"]
    record["member_count"] = None if members is None else len(members)


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "deleted" else None


def _linked(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    members = () if record["is_deleted"] else record["members"] or ()  # nobody is in it any more
    return [("Contacts", member["remote_id"]) for member in members]


class ContactGroup(Record):
    """A group of contacts; `members` is null until the group was read by itself."""

    name: Label | None
    members: list[Ref] | None
    member_count: int | None


# Members come and go through calls of their own, so a write holds name and status only.
CONTACT_GROUP: Final = Resource(
    name="contact_group",
    plural="contact_groups",
    topic_part="contact-groups",
    space="accounting",
    model=ContactGroup,
    endpoint=Endpoint(
        path="ContactGroups",
        item_key="ContactGroups",
        id_key="ContactGroupID",
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.contacts",
        scope_broad="accounting.contacts",
        detail=True,
        detail_every=timedelta(days=1),
        # Groups are made and named some times a year; members move with contacts.
        pace=Pace(changes_per_hour=0.001, longest=timedelta(hours=12)),
    ),
    webhook_category=None,
    gone_status="deleted",
    updated_key=None,
    derive=_derive,
    removed_as=_removed_as,
    linked_to=_linked,
    operations=("create", "update", "delete", "add and remove members"),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        Field("name", "Name", TEXT, write=True),
        Field("members", "Contacts", object_refs("contact", "ContactID"), _ALONE, always=True),
        Derived("member_count"),
    ),
    ignored=("HasValidationErrors", "ValidationErrors"),
)
