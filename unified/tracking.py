"""Tracking: the category and the option chosen in it, on a line or as a contact's default.

Xero names both by id and by name; old lines may show names only (Xero: Tracking categories).
"""

from collections.abc import Mapping
from typing import Any, Final

from unified.codecs import Codec, CodecError, Scope, read_guid, read_text
from unified.refs import brief_ref, canon_ref, make_ref
from unified.shape import decode_list


def _read_tracking(value: Any, scope: Scope) -> dict[str, Any]:
    if value.__class__ is not dict:
        raise CodecError("not an object")
    category = read_guid(value.get("TrackingCategoryID"), scope)
    option = read_guid(value.get("TrackingOptionID"), scope)
    category_name, option_name = read_text(value.get("Name"), scope), value.get("Option")
    return {
        "category": make_ref(scope, "tracking_category", category, name=category_name),
        "option": make_ref(scope, "tracking_option", option, name=read_text(option_name, scope)),
    }


def _write_tracking(choices: list[Mapping[str, Any]], _line: Mapping[str, Any]) -> list[Any]:
    written = []
    for chosen in choices:
        category, option = chosen.get("category") or {}, chosen.get("option") or {}
        body = {
            "TrackingCategoryID": category.get("remote_id"),
            "TrackingOptionID": option.get("remote_id"),
            "Name": category.get("name"),
            "Option": option.get("name"),
        }
        written.append({key: value for key, value in body.items() if value is not None})
    return written


def canon_tracking(choices: list[Mapping[str, Any]]) -> list[Any]:
    """Tracking as it counts: without the names of what has ids."""
    return [
        {name: None if ref is None else canon_ref(ref) for name, ref in chosen.items()}
        for chosen in choices
    ]


def brief_tracking(choices: list[Mapping[str, Any]]) -> list[Any]:
    """The same in the fewest words."""
    return [
        [None if ref is None else brief_ref(ref) for ref in chosen.values()] for chosen in choices
    ]


def _read_trackings(value: Any, scope: Scope) -> list[Any]:
    return decode_list(value, scope, _read_tracking) if value else []


TRACKING: Final = Codec(
    _read_trackings,
    _write_tracking,
    canon_tracking,
    brief_tracking,
)
