"""Tracking categories with their options: by what lines are told apart in reports.

Options stand inside their category, with the ids that lines refer to. Old lines name a category
and its option by their names alone, which are unique among those in use.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from unified.codecs import REQUIRED_ID, TEXT, Codec, Scope, choice, read_required_id
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
    operations=("create", "update", "archive", "delete"),
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
