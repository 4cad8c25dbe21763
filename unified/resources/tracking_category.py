"""Tracking categories with their options: by what lines are told apart in reports.

Options stand inside their category, with the ids that lines refer to. Old lines name a category
and its option by their names alone, which are unique among those in use.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from unified.codecs import REQUIRED_ID, TEXT, Codec, Scope, choice, read_required_id
from unified.commands import (
    After,
    Command,
    Content,
    Named,
    Words,
    creates,
    moves,
    removes,
    told,
    updates,
)
from unified.ids import record_id
from unified.model import FreeText, OneOf, Part, Record, Ref, Uuid
from unified.parts import left_over
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Constant, Field, Read, Shape, many

_STATUSES: Final = {"ACTIVE": "active", "ARCHIVED": "archived", "DELETED": "deleted"}
_STATUS: Final = choice(
    "TrackingCategory.Status",
    _STATUSES,
    written={"active": "ACTIVE", "archived": "ARCHIVED"},  # deleting is a call of its own
)
_OPTION_STATUS: Final = choice("TrackingOption.Status", _STATUSES)


_WHOLE: Final = frozenset({Read.UNPAGED})


def _option_id(value: Any, scope: Scope) -> str:
    return record_id(scope.tenant_id, "tracking_option", read_required_id(value, scope))


_OPTION: Final = Shape(
    "TrackingOption",
    (
        Field("id", "TrackingOptionID", Codec(_option_id)),
        Field("remote_id", "TrackingOptionID", REQUIRED_ID),
        Field("name", "Name", TEXT),
        Field("status", "Status", _OPTION_STATUS),
        Field("remote_status", ("Status",), left_over("Status", _OPTION_STATUS)),
    ),
    ignored=(
        "TrackingCategoryID",
        "HasValidationErrors",
        "ValidationErrors",
        "IsDeleted",
        "IsArchived",
        "IsActive",
    ),
)


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "deleted" else None


class TrackingOption(Part):
    """One choice within a category; `id` is what the `option` of a line refers to."""

    id: Uuid
    remote_id: str
    name: FreeText | None
    status: Annotated[str, OneOf(*_STATUSES.values())] | None
    remote_status: str | None


class TrackingCategory(Record):
    """One way of telling lines apart, such as by region; at most two are active."""

    name: FreeText | None
    kind: Annotated[str, OneOf("custom", "class", "department", "location", "project")]
    options: list[TrackingOption] | None
    parent: Ref | None


# --- commands of options -----------------------------------------------------------------------


class WrittenOption(Part):
    """A tracking option: what it is called, at most 100 characters."""

    name: FreeText


def _option(_endpoint: Endpoint, _record: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {"Name": told(words, "name")}


def _option_status(word: str) -> Content:
    return lambda _endpoint, _record, _words: {"Status": word}


_NAMED_OPTION: Final = (Named(name="tracking_option_id", within="options"),)
_ONE_OPTION: Final = "POST {one}/Options/{TrackingOptionID}"
_IN_USE: Final = frozenset({"active"})
_OPTION_COMMANDS: Final = (
    Command(
        name="add_option",
        summary="Add an option to a tracking category",
        xero=("PUT {one}/Options",),
        at="options",
        body=WrittenOption,
        example={"name": "North"},
        content=_option,
        words=(Field("name", "Name"),),
        legal_in=_IN_USE,
        after=After.LIST,
    ),
    Command(
        name="rename_option",
        summary="Rename an option of a tracking category",
        xero=(_ONE_OPTION,),
        method="PATCH",
        at="options/{tracking_option_id}",
        body=WrittenOption,
        example={"name": "North"},
        content=_option,
        words=(Field("name", "Name"),),
        named=_NAMED_OPTION,
        legal_in=_IN_USE,
        after=After.LIST,
    ),
    Command(
        name="archive_option",
        summary="Archive an option, which keeps what is tracked by it",
        xero=(_ONE_OPTION,),
        at="options/{tracking_option_id}/archive",
        content=_option_status("ARCHIVED"),
        named=_NAMED_OPTION,
        legal_in=_IN_USE,
        after=After.LIST,
    ),
    Command(
        name="restore_option",
        summary="Make an archived option active again",
        xero=(_ONE_OPTION,),
        at="options/{tracking_option_id}/restore",
        content=_option_status("ACTIVE"),
        named=_NAMED_OPTION,
        legal_in=_IN_USE,
        after=After.LIST,
    ),
    Command(
        name="delete_option",
        summary="Delete an option that was never used",
        xero=("DELETE {one}/Options/{TrackingOptionID}",),
        method="DELETE",
        at="options/{tracking_option_id}",
        named=_NAMED_OPTION,
        legal_in=_IN_USE,
        after=After.LIST,
    ),
)


TRACKING_CATEGORY: Final = Resource(
    name="tracking_category",
    plural="tracking_categories",
    topic_part="tracking-categories",
    space="accounting",
    model=TrackingCategory,
    endpoint=Endpoint(
        path="TrackingCategories",
        item_key="TrackingCategories",
        id_key="TrackingCategoryID",
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={"includeArchived": "true"},
        order=None,
        single=True,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
        # New options come with new projects or regions, some a month.
        pace=Pace(changes_per_hour=0.003, longest=timedelta(hours=12)),
    ),
    webhook_category=None,
    gone_status="deleted",
    updated_key=None,
    removed_as=_removed_as,
    operations=(
        # Options that are archived show in the whole list alone.
        creates("a tracking category", bare=True, after=After.LIST),
        updates("the name of a tracking category", bare=True, after=After.LIST),
        moves(
            "archive",
            "Archive a tracking category, which keeps what is tracked by it",
            word="ARCHIVED",
            becomes="archived",
            legal_in=("active",),
            ends="archived",
            alone=True,
            after=After.LIST,
        ),
        moves(
            "restore",
            "Make an archived tracking category active again",
            word="ACTIVE",
            becomes="active",
            legal_in=("archived",),
            alone=True,
            after=After.LIST,
        ),
        *_OPTION_COMMANDS,
        removes("Delete a tracking category that was never used"),
    ),
    required=("name",),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        Field("name", "Name", TEXT, write=True),
        Constant("kind", lambda: "custom"),
        # Archived options are shown in lists alone, where they are asked for.
        Field("options", "Options", many(_OPTION, keyed=True), _WHOLE),
        Constant("parent"),
    ),
    ignored=("TrackingOptionID", "Option", "ValidationErrors", "HasValidationErrors"),
)
