"""An API key as the api tells of it: JSON Schemas, and examples that fit them."""

from typing import Any, Final

from api.paging import page_schema
from api.parameters import Parameter
from storage.api_keys import LONGEST_NAME, MOST_REQUESTS, SCOPES

_INSTANT: Final = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT: Final = {"type": ["string", "null"], "format": "date-time"}
_TENANTS: Final = {
    "type": ["array", "null"],
    "items": {"type": "string", "format": "uuid"},
    "description": "The only organisations that it may name; null: every one.",
}
_SCOPES: Final = {
    "type": "array",
    "items": {"type": "string", "enum": list(SCOPES)},
    "minItems": 1,
    "description": "`read` reads, `write` changes books, `proxy` calls Xero through us, `admin` "
    "may do everything.",
}
_NAME: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
_LIMIT: Final = {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_REQUESTS}

KEY_ID: Final = Parameter(
    name="key",
    where="path",
    about="`id` of the key: never its text.",
    schema={"type": "string"},
    required=True,
    example="1f0c9a3e",
)
BODY: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {**_NAME, "description": "What it is for, to be found in the list."},
        "scopes": _SCOPES,
        "tenants": {
            **_TENANTS,
            "minItems": 1,
            "maxItems": 1000,
            "description": "The only organisations that it may name. Left out: all that the key "
            "may name that asks.",
        },
        "expires_at": {
            **_MAYBE_INSTANT,
            "description": "When it ends. Left out: when the key does that asks, if it does.",
        },
        "requests_a_minute": {
            **_LIMIT,
            "description": "How many requests a minute it may make. Left out: as many as the key "
            "that asks.",
        },
    },
    "required": ["name", "scopes"],
}
_PROPERTIES: Final[dict[str, Any]] = {
    "id": {"type": "string", "description": "The key's text begins with it."},
    "name": _NAME,
    "scopes": _SCOPES,
    "tenants": _TENANTS,
    "created_at": _INSTANT,
    "expires_at": _MAYBE_INSTANT,
    "revoked_at": _MAYBE_INSTANT,
    "last_used_at": {**_MAYBE_INSTANT, "description": "Some seconds late."},
    "requests_a_minute": {**_LIMIT, "description": "Null: any number."},
    "made_by": {
        "type": ["string", "null"],
        "description": "The key that made it; null: a command.",
    },
}
KEY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": _PROPERTIES,
    "required": list(_PROPERTIES),
}
NEW_KEY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        **_PROPERTIES,
        "key": {"type": "string", "description": "Its text. Keep it: it is not shown again."},
    },
    "required": [*_PROPERTIES, "key"],
}
KEYS: Final = page_schema(KEY)

BODY_EXAMPLE: Final = {
    "name": "reporting",
    "scopes": ["read"],
    "tenants": ["e7f0a5b8-8c52-4b0e-9a53-0d8a40cf3a11"],
    "expires_at": "2030-01-01T00:00:00Z",
    "requests_a_minute": 600,
}
EXAMPLE: Final[dict[str, Any]] = {
    "id": "1f0c9a3e",
    "name": "reporting",
    "scopes": ["read"],
    "tenants": ["e7f0a5b8-8c52-4b0e-9a53-0d8a40cf3a11"],
    "created_at": "2026-11-03T04:17:52.000Z",
    "expires_at": "2030-01-01T00:00:00.000Z",
    "revoked_at": None,
    "last_used_at": "2026-11-03T09:12:00.000Z",
    "requests_a_minute": 600,
    "made_by": None,
}
NEW_EXAMPLE: Final = {
    **EXAMPLE,
    "last_used_at": None,
    "key": "lw_1f0c9a3e_this-is-an-example-and-opens-nothing-at-all",
}
PAGE: Final = {
    "result": [EXAMPLE],
    "next_cursor": None,
    "prev_cursor": None,
    "limit": 100,
    "result_count": 1,
    "is_partial_response": False,
}
