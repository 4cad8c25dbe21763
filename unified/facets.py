"""The word by which a list of records is narrowed beside status and type; how one is asked for in a
list stands in `api.reading`.
"""

from collections.abc import Mapping
from typing import Any, Final

LEG: Final = "leg"  #: one side of a transfer


def facet_of(record: Mapping[str, Any]) -> str | None:
    """The kind of a payment or journal entry, `leg` of one side of a transfer, the roles of a
    contact (`customer`, `vendor`, `customer_vendor`); None where there is no such word."""
    kind = record.get("kind")
    if isinstance(kind, str):
        return kind
    if record.get("is_leg"):
        return LEG
    roles = record.get("roles")
    if roles and all(isinstance(each, str) for each in roles):
        return "_".join(sorted(roles))
    return None
