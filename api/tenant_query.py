"""What may be asked of the list of organisations: its parameters, and places in it."""

import base64
import binascii
from typing import Any, Final
from uuid import UUID

import msgspec

from api.parameters import Parameter
from unified.ids import TenantId

STATES: Final = ("linked", "needs_reauth", "disconnected", "vanished", "erasing", "erased")
USUAL_LIMIT: Final = 100
MOST: Final = 500


def cursor_after(last: dict[str, Any]) -> str:
    """The place after an organisation; nothing in it is secret, and any filter may follow."""
    place = msgspec.json.encode([last["name"] or "", last["tenant_id"]])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _place(text: str) -> tuple[str, TenantId]:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        name, tenant_id = msgspec.json.decode(raw, type=tuple[str, UUID])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise ValueError("is no cursor of this list") from None
    if "\0" in name:
        raise ValueError("is no cursor of this list")
    return name, TenantId(str(tenant_id))


def _limit(text: str) -> int:
    limit = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= limit <= MOST:
        raise ValueError(f"is no number from 1 to {MOST}")
    return limit


def _state(text: str) -> str:
    if text not in STATES:
        raise ValueError(f"is none of {', '.join(STATES)}")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("may not hold control characters")
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text == "true"


LIST_PARAMETERS = (
    Parameter(
        name="external_id",
        about="Only organisations that were linked under this name of yours.",
        schema={"type": "string"},
        read=_printable,
        example="customer-42",
    ),
    Parameter(
        name="state",
        about="Only organisations in this state, or these.",
        schema={"type": "string", "enum": list(STATES)},
        read=_state,
        repeated=True,
        example="needs_reauth",
    ),
    Parameter(
        name="limit",
        about="How many at most.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL_LIMIT},
        read=_limit,
        default=USUAL_LIMIT,
        example=50,
    ),
    Parameter(
        name="cursor",
        about="`next_cursor` of the page before.",
        schema={"type": "string"},
        read=_place,
    ),
)
ERASE = Parameter(
    name="erase",
    about="Forget all that is kept of it, too: for good.",
    schema={"type": "boolean", "default": False},
    read=_flag,
    default=False,
)
