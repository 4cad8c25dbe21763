"""A link session as the api tells of it: JSON Schemas, and examples that fit them."""

from typing import Any, Final

from api.link_rules import LONGEST_EXTERNAL_ID
from api.origins import LONGEST_RETURN_TO
from api.parameters import Parameter
from storage.link_sessions import LONGEST_LIFE, USUAL_LIFE

LEAST_LIFE_S: Final = 60
MOST_LIFE_S: Final = int(LONGEST_LIFE.total_seconds())
USUAL_LIFE_S: Final = int(USUAL_LIFE.total_seconds())

_TEXT: Final = {"type": ["string", "null"]}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_UUID: Final = {"type": ["string", "null"], "format": "uuid"}
SESSION_ID: Final = Parameter(
    name="session",
    where="path",
    about="`id` of the link.",
    schema={"type": "string"},
    required=True,
    example="0d6f7a52-4c1e-4a0b-9d55-0b6f2f1f8a11",
)
BODY: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "external_id": {
            **_TEXT,
            "minLength": 1,
            "maxLength": LONGEST_EXTERNAL_ID,
            "description": "Your own name for the customer, kept with what is linked.",
        },
        "return_to": {
            **_TEXT,
            "maxLength": LONGEST_RETURN_TO,
            "description": "Where the person goes afterwards, of LEDGERWIRE_RETURN_ORIGINS.",
        },
        "tenant_id": {**_UUID, "description": "The only organisation that may be linked."},
        "expires_in_s": {
            "type": "integer",
            "minimum": LEAST_LIFE_S,
            "maximum": MOST_LIFE_S,
            "default": USUAL_LIFE_S,
        },
    },
}
_LINKED: Final = {
    "type": "object",
    "properties": {"tenant_id": {"type": "string", "format": "uuid"}, "name": _TEXT},
    "required": ["tenant_id", "name"],
}
_PROPERTIES: Final[dict[str, Any]] = {
    "id": {"type": "string"},
    "state": {"type": "string", "enum": ["open", "finishing", "linked", "expired"]},
    "error": {**_TEXT, "description": "How its last attempt failed; it may be tried again."},
    "tenants": {"type": "array", "items": _LINKED, "description": "What it linked."},
    "external_id": _TEXT,
    "return_to": _TEXT,
    "tenant_id": _UUID,
    "created_at": _INSTANT,
    "expires_at": _INSTANT,
}
SESSION: Final = {"type": "object", "properties": _PROPERTIES, "required": list(_PROPERTIES)}
NEW: Final = {
    "type": "object",
    "properties": {**_PROPERTIES, "url": {"type": "string", "format": "uri"}},
    "required": [*_PROPERTIES, "url"],
}
BODY_EXAMPLE: Final = {
    "external_id": "customer-42",
    "return_to": "https://app.example/settings/accounting",
}
EXAMPLE: Final = {
    "id": "0d6f7a52-4c1e-4a0b-9d55-0b6f2f1f8a11",
    "state": "linked",
    "error": None,
    "tenants": [
        {"tenant_id": "9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901", "name": "Harbour Bakery Ltd"}
    ],
    "external_id": "customer-42",
    "return_to": "https://app.example/settings/accounting",
    "tenant_id": None,
    "created_at": "2026-11-03T09:10:00.000000Z",
    "expires_at": "2026-11-03T09:40:00.000000Z",
}
NEW_EXAMPLE: Final = {
    **EXAMPLE,
    "state": "open",
    "tenants": [],
    "url": "https://ledgerwire.example/connect?session=4nKf0uQm5pXw1oZ7sYt2rB8vC3dE6gH9iJ0kL1mN2oP",
}
