"""Lists of our own things (keys, acts), which need neither filters by field nor freshness: how many
of them at once, from where on, and the page. Lists of books are `api/reading`."""

from collections.abc import Sequence
from typing import Any, Final

from api.parameters import Parameter
from api.sealed import seal, unseal
from storage.secrets import SecretBox

USUAL: Final = 100
MOST: Final = 500


def _limit(text: str) -> int:
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= limit <= MOST:
        raise ValueError(f"is no number from 1 to {MOST}")
    return limit


LIMIT: Final = Parameter(
    name="limit",
    about="How many at most.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
    read=_limit,
    default=USUAL,
    example=50,
)
CURSOR: Final = Parameter(
    name="cursor",
    about="`next_cursor` of the page before.",
    schema={"type": "string"},
)


def page_schema(item: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema of a page of such items."""
    properties = {
        "result": {"type": "array", "items": item},
        "next_cursor": {"type": ["string", "null"]},
        "prev_cursor": {"type": "null"},
        "limit": LIMIT.schema,
        "result_count": {"type": "integer", "minimum": 0},
        "is_partial_response": {"type": "boolean"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def page(result: Sequence[Any], next_cursor: str | None, limit: int) -> dict[str, Any]:
    """A page as it is answered."""
    return {
        "result": list(result),
        "next_cursor": next_cursor,
        "prev_cursor": None,
        "limit": limit,
        "result_count": len(result),
        "is_partial_response": False,
    }


def place(position: int, purpose: bytes, box: SecretBox) -> str:
    """The cursor of a position."""
    return seal(position.to_bytes(8), purpose, box)


def position_of(cursor: str, purpose: bytes, box: SecretBox) -> int:
    """The position of a cursor.

    Raises:
        Problem: `cursor_unreadable`.
    """
    return int.from_bytes(unseal(cursor, purpose, box))
