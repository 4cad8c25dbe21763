"""Contact groups: names under which contacts are put together, with their members.

Lists name the groups alone; members stand in single reads. Nothing here is stamped by Xero, so
who came or went shows in the groups of a contact, or when the group itself is read. A deleted group
is shown no more (Xero: Contact groups).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import Field as Described

from unified.codecs import TEXT, choice
from unified.commands import MOST, After, Command, Named, Words, creates, moves, told, updates
from unified.model import Label, Part, Record, Ref, WrittenRef
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


class WrittenMembers(Part):
    """Contacts to put into a group, which they may be in already."""

    members: Annotated[list[WrittenRef], Described(min_length=1, max_length=MOST)]


def _members(_endpoint: Endpoint, _record: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {"Contacts": [{"ContactID": each["remote_id"]} for each in told(words, "members")]}


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
    operations=(
        # Answers say nothing of members, or that there are none.
        creates("a contact group", bare=True, after=After.SINGLE),
        updates("the name of a contact group", after=After.SINGLE),
        Command(
            name="add_members",
            summary="Put contacts into the group",
            xero=("PUT {one}/Contacts",),
            at="members",
            body=WrittenMembers,
            example={"members": [{"remote_id": "4f6cd4a2-6d15-4d4c-9f1c-3b1f6cd6a4f1"}]},
            content=_members,
            words=(Field("members", "Contacts"),),
            legal_in=frozenset({"active"}),
            after=After.SINGLE,
        ),
        Command(
            name="remove_member",
            summary="Take a contact out of the group",
            xero=("DELETE {one}/Contacts/{ContactID}",),
            method="DELETE",
            at="members/{contact_id}",
            named=(Named(name="contact_id", resource="contact"),),
            legal_in=frozenset({"active"}),
            after=After.SINGLE,
        ),
        Command(
            name="clear_members",
            summary="Take all contacts out of the group",
            xero=("DELETE {one}/Contacts",),
            method="DELETE",
            at="members",
            legal_in=frozenset({"active"}),
            after=After.SINGLE,
        ),
        moves(
            "delete",
            "Delete a contact group; its contacts stay",
            word="DELETED",
            becomes="deleted",
            legal_in=("active",),
            ends="deleted",
        ),
    ),
    required=("name",),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        Field("name", "Name", TEXT, write=True),
        Field("members", "Contacts", object_refs("contact", "ContactID"), _ALONE, always=True),
        Derived("member_count"),
    ),
    ignored=("HasValidationErrors", "ValidationErrors"),
)
