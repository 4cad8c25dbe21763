"""How a list or a record is to be shown: its order, how much of it, from where, and what beside it.

What narrows a list stands in `filters`.
"""

from collections.abc import Mapping
from typing import Final

from api.parameters import Parameter
from api.reading.envelope import LIVE, MIRROR
from api.reading.rendering import LEGS, includes_of
from api.reading.values import chosen, listed, whole
from storage.listing import Order, Removed
from unified.resource import Resource

USUAL_LIMIT: Final = 100
MOST_LIMIT: Final = 500

CONSISTENCY: Final = Parameter(
    name="consistency",
    about="`mirror` answers from what is known, costs no call to Xero, and says how fresh it is; "
    "`live` first asks Xero for what changed, which costs calls of the organisation's budget.",
    schema={"type": "string", "enum": [MIRROR, LIVE], "default": MIRROR},
    read=chosen((MIRROR, LIVE)),
    default=MIRROR,
)


def fields_parameter(kind: Resource) -> Parameter:
    """Which fields are wanted of each record."""
    names = tuple(kind.model.model_fields)
    joined = "|".join(names)
    return Parameter(
        name="fields",
        about="Only these top-level fields, with commas between them; `id` is always there.",
        schema={"type": "string", "pattern": f"^({joined})(,({joined}))*$"},
        read=listed(names, "field of it"),
        default=(),
        example=f"id,{names[8]},status",
    )


def include_parameter(kind: Resource) -> Parameter:
    """What is wanted beside each record."""
    names = includes_of(kind)
    joined = "|".join(names)
    legs = " `legs`: list the two sides of transfers, too." if LEGS in names else ""
    return Parameter(
        name="include",
        about="What it refers to, with commas between them: `remote_data` is Xero's own JSON; all "
        f"else stands under `included`.{legs}",
        schema={"type": "string", "pattern": f"^({joined})(,({joined}))*$"},
        read=listed(names, "thing to include"),
        default=(),
        example=names[0],
    )


def list_parameters(kind: Resource, orders: Mapping[str, Order]) -> tuple[Parameter, ...]:
    """All controls of a list."""
    ordered = [name for each in orders for name in (each, f"-{each}")]
    return (
        Parameter(
            name="sort",
            about="The order; `-` before a field turns it round. What lacks the field counts as "
            "the least. A record moves in such a list when that field of it changes, so that "
            "pages may show it twice or not at all; only `id` is free of that.",
            schema={"type": "string", "enum": ordered, "default": "id"},
            read=chosen(ordered),
            default="id",
        ),
        Parameter(
            name="deleted",
            about="Whether to list what is gone: removed at Xero, merged, or missing. Without it, "
            "what is gone is left out, but where `status` asks for it by name.",
            schema={"type": "string", "enum": [each.value for each in Removed]},
            read=chosen([each.value for each in Removed]),
        ),
        fields_parameter(kind),
        include_parameter(kind),
        CONSISTENCY,
        Parameter(
            name="limit",
            about="Records in a page, at most.",
            schema={
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_LIMIT,
                "default": USUAL_LIMIT,
            },
            read=whole(1, MOST_LIMIT),
            default=USUAL_LIMIT,
        ),
        Parameter(
            name="cursor",
            about="`next_cursor` or `prev_cursor` of a page of this same list, with the same "
            "filters and order; good for a day.",
            schema={"type": "string", "minLength": 1, "maxLength": 1000},
        ),
    )
