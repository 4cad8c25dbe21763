"""How `/v1/capabilities` is told: its schema, and an example."""

from collections.abc import Mapping
from typing import Any, Final


def _object(properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required}


def _list_of(element: Any) -> dict[str, Any]:
    return {"type": "array", "items": element}


_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_MAYBE: Final = {"type": ["string", "null"]}
_SCOPES: Final = _object({"read": _MAYBE, "write": _MAYBE})
_OF_TENANT: Final = {
    "state": {"type": "string", "x-known-values": ["supported", "unsupported", "unread"]},
    "reason": _MAYBE,
    "since": {"type": ["string", "null"], "format": "date-time"},
    "may_write": {"type": "boolean", "description": "Whether the consent covers writing"},
    "missing_scopes": _list_of(_TEXT),
}
_SOURCE: Final = _object(
    {
        "endpoint": {"type": "string", "description": "At Xero"},
        "api": _TEXT,
        "webhook": {"type": "boolean", "description": "Xero announces changes"},
        "incremental": {"type": "boolean", "description": "Xero tells what changed since"},
        "on_demand": {"type": "boolean", "description": "Read when asked for, as reports are"},
        "scope": {**_SCOPES, "description": "Granular, as since March 2026"},
        "scope_broad": {**_SCOPES, "description": "Of apps made before"},
        "required_tier": _MAYBE,
        "countries": {**_list_of(_TEXT), "description": "ISO 3166; empty: wherever"},
        "writes": {"type": "boolean", "description": "Xero takes writes of such things"},
        **_OF_TENANT,
    },
    optional=tuple(_OF_TENANT),
)
_FIELD: Final = _object(
    {
        "read": _FLAG,
        "create": _FLAG,
        "required": {"type": "boolean", "description": "To create one"},
        "update": _FLAG,
        "filters": {**_list_of(_TEXT), "description": "Parameters of lists that go by it"},
        "sort": _FLAG,
    }
)
_RESOURCE: Final = _object(
    {
        "resource": _TEXT,
        "plural": _TEXT,
        "path": _TEXT,
        "aliases": _list_of(_TEXT),
        "schema_version": _TEXT,
        "read": _FLAG,
        "create": _FLAG,
        "update": _FLAG,
        "delete": _FLAG,
        "operations": _list_of(
            _object({"id": _TEXT, "method": _TEXT, "path": _TEXT, "scope": _MAYBE})
        ),
        "commands": _list_of(
            _object(
                {
                    "name": _TEXT,
                    "summary": _TEXT,
                    "legal_in": {
                        "anyOf": [_list_of(_TEXT), {"type": "null"}],
                        "description": "Statuses in which Xero takes it; null: any",
                    },
                }
            )
        ),
        "filters": _list_of(_TEXT),
        "sorts": _list_of(_TEXT),
        "includes": _list_of(_TEXT),
        "fields": {"type": "object", "additionalProperties": _FIELD},
        "sources": _list_of(_SOURCE),
    }
)
CAPABILITIES: Final[dict[str, Any]] = _object(
    {
        "tenant_id": {"type": ["string", "null"], "format": "uuid"},
        "tenant_state": _MAYBE,
        "tier": {"type": "string", "description": "Xero's price tier of this installation"},
        "resources": _list_of(_RESOURCE),
    }
)

EXAMPLE: Final[dict[str, Any]] = {
    "tenant_id": "9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901",
    "tenant_state": "linked",
    "tier": "core",
    "resources": [
        {
            "resource": "tax_rate",
            "plural": "tax_rates",
            "path": "/v1/accounting/tax_rates",
            "aliases": [],
            "schema_version": "1.0.0",
            "read": True,
            "create": True,
            "update": True,
            "delete": True,
            "operations": [
                {
                    "id": "list_tax_rates",
                    "method": "GET",
                    "path": "/v1/accounting/tax_rates",
                    "scope": "read",
                }
            ],
            "commands": [{"name": "create", "summary": "Create a tax rate", "legal_in": None}],
            "filters": ["changed_after", "changed_before", "remote_id", "status"],
            "sorts": ["id", "changed_at"],
            "includes": ["remote_data"],
            "fields": {
                "name": {
                    "read": True,
                    "create": True,
                    "required": True,
                    "update": True,
                    "filters": [],
                    "sort": False,
                }
            },
            "sources": [
                {
                    "endpoint": "TaxRates",
                    "api": "api.xro/2.0",
                    "webhook": False,
                    "incremental": False,
                    "on_demand": False,
                    "scope": {
                        "read": "accounting.settings.read",
                        "write": "accounting.settings",
                    },
                    "scope_broad": {
                        "read": "accounting.settings.read",
                        "write": "accounting.settings",
                    },
                    "required_tier": None,
                    "countries": [],
                    "writes": True,
                    "state": "supported",
                    "reason": None,
                    "since": None,
                    "may_write": False,
                    "missing_scopes": [],
                }
            ],
        }
    ],
}
