"""An organisation as the api tells of it: its JSON Schema, and examples that fit it."""

from typing import Any, Final

from api.tenant_query import STATES

_TEXT: Final = {"type": ["string", "null"]}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT: Final = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_MAYBE_COUNT: Final = {"type": ["integer", "null"]}
_ID: Final = {"type": "string", "format": "uuid"}


def _about(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {**schema, "description": text}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_BACKFILL = _object(
    {
        "endpoint": {"type": "string"},
        "state": {"type": "string"},
        "read": _COUNT,
        "total": _MAYBE_COUNT,
    }
)
_UNSUPPORTED = _object(
    {"endpoint": {"type": "string"}, "reason": {"type": "string"}, "since": _INSTANT}
)
_REMEDY = _object(
    {
        "action": {"type": "string", "enum": ["link_again", "grant_more", "wait"]},
        "detail": {"type": "string"},
        "address": _about(
            {"type": ["string", "null"], "format": "uri"},
            "To open in a browser, by somebody who may consent for the organisation. It links this "
            "organisation and no other, and is good for ever.",
        ),
    }
)

TENANT: Final[dict[str, Any]] = _object(
    {
        "tenant_id": _about(_ID, "Xero's id of the organisation."),
        "name": _TEXT,
        "external_id": _about(_TEXT, "Your own name for it, given when it was linked."),
        "external_id_verified": _about(
            {"type": "boolean"},
            "Whether an API key or a command gave that name; otherwise a person at a browser did, "
            "and may have given any.",
        ),
        "connection_id": _about(_ID, "Changes when the organisation is linked anew."),
        "state": {"type": "string", "enum": list(STATES)},
        "state_reason": _TEXT,
        "state_since": _INSTANT,
        "health": _about(
            {"type": "string"},
            "`ok`, `backfilling`, `failing`, `limited`, or the state where it is not linked.",
        ),
        "remedy": {"anyOf": [_REMEDY, {"type": "null"}]},
        "missing_scopes": {"type": "array", "items": {"type": "string"}},
        "linked_at": _about(_INSTANT, "Its first link."),
        "epoch": _COUNT,
        "base_currency": _TEXT,
        "time_zone": _TEXT,
        "verified_since": _about(
            _MAYBE_INSTANT, "Everything Xero had stamped by then was read since."
        ),
        "backfills": {"type": "array", "items": _BACKFILL},
        "failing": {"type": "array", "items": {"type": "string"}},
        "unsupported": {"type": "array", "items": _UNSUPPORTED},
        "notices_due": _COUNT,
        "notices_dead": _COUNT,
        "events_unrelayed": _COUNT,
        "minute_remaining": _about(_MAYBE_COUNT, "Calls left, as Xero last told."),
        "day_remaining": _about(_MAYBE_COUNT, "Calls left, as Xero last told."),
        "blocked_by": _about(_TEXT, "The limit that is spent now."),
        "blocked_until": _MAYBE_INSTANT,
    }
)

TENANTS: Final[dict[str, Any]] = _object(
    {
        "result": {"type": "array", "items": TENANT},
        "next_cursor": _TEXT,
        "prev_cursor": {"type": "null"},
        "limit": _COUNT,
        "result_count": _COUNT,
        "is_partial_response": {"type": "boolean"},
    }
)

EXAMPLE: Final[dict[str, Any]] = {
    "tenant_id": "9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901",
    "name": "Harbour Bakery Ltd",
    "external_id": "customer-42",
    "external_id_verified": True,
    "connection_id": "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11",
    "state": "needs_reauth",
    "state_reason": "invalid_grant",
    "state_since": "2026-11-03T09:12:44.120000Z",
    "health": "needs_reauth",
    "remedy": {
        "action": "link_again",
        "detail": "Xero no longer takes the consent: it was withdrawn, or unused for 60 days. "
        "Reading stands still, and nothing is lost. Somebody who may consent for the organisation "
        "opens the address.",
        "address": "https://ledgerwire.example/connect"
        "?tenant_id=9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901",
    },
    "missing_scopes": [],
    "linked_at": "2026-05-20T01:02:03.000000Z",
    "epoch": 1779238923000000,
    "base_currency": "NZD",
    "time_zone": "Pacific/Auckland",
    "verified_since": "2026-11-03T09:00:07.000000Z",
    "backfills": [],
    "failing": [],
    "unsupported": [
        {
            "endpoint": "Journals",
            "reason": "the consent does not cover it",
            "since": "2026-05-20T01:02:09.000000Z",
        }
    ],
    "notices_due": 0,
    "notices_dead": 0,
    "events_unrelayed": 0,
    "minute_remaining": 58,
    "day_remaining": 4711,
    "blocked_by": None,
    "blocked_until": None,
}
_GONE_REMEDY: Final = {
    **EXAMPLE["remedy"],
    "detail": "It was unlinked here. What was read stays until it is erased. Somebody who may "
    "consent for the organisation opens the address.",
}
GONE: Final = {
    **EXAMPLE,
    "state": "disconnected",
    "health": "disconnected",
    "state_reason": "unlinked by key 0a1b2c3d",
    "remedy": _GONE_REMEDY,
}
ERASING: Final = {
    **EXAMPLE,
    "state": "erasing",
    "health": "erasing",
    "state_reason": "erasure asked for by key 0a1b2c3d",
    "remedy": {
        "action": "wait",
        "detail": "It is being erased on request; then it can be linked anew, from nothing.",
        "address": None,
    },
}
PAGE: Final = {
    "result": [EXAMPLE],
    "next_cursor": None,
    "prev_cursor": None,
    "limit": 100,
    "result_count": 1,
    "is_partial_response": False,
}
