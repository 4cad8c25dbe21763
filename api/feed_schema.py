"""What a page of the change feed looks like: its JSON Schema and an example, for documents."""

from typing import Any, Final

from unified.envelope import MAPPING_VERSION, event_schema, event_type
from unified.resources.contact import CONTACT

_TEXT: Final = {"type": "string"}
_UUID: Final = {"type": "string", "format": "uuid"}
_INSTANT: Final = {"type": "string", "format": "date-time"}

CLOUD_EVENT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "CloudEvent",
    "description": "CloudEvents 1.0 in JSON; `data` is the event as on Kafka, of the schema that "
    "`dataschema` names. Further attributes may come.",
    "required": [
        "specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype",
        "sequence", "tenantid", "data",
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_UUID, "description": "The same each time the event is read, here or on Kafka."},
        "source": _TEXT,
        "type": _TEXT,
        "subject": _TEXT,
        "time": {**_INSTANT, "description": "When it changed, as well as that is known."},
        "recordedtime": {**_INSTANT, "description": "When it was committed."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri"},
        "partitionkey": _TEXT,
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{20}$",
            "description": "Of the organisation: without gaps within an epoch.",
        },
        "entityseq": {"type": "string", "description": "Epoch and sequence of the thing itself."},
        "tenantid": _UUID,
        "connectionid": _UUID,
        "cause": _TEXT,
        "facts": {"type": "string", "description": "What it means, with commas between."},
        "correlationid": _TEXT,
        "data": {"type": "object"},
    },
}  # fmt: skip

PAGE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": [
        "result", "next_cursor", "prev_cursor", "limit", "result_count", "is_partial_response",
        "has_more", "meta",
    ],
    "properties": {
        "result": {"type": "array", "items": CLOUD_EVENT_SCHEMA},
        "next_cursor": {
            "type": "string",
            "description": "Where to go on: also where there was no event.",
        },
        "prev_cursor": {"type": "null", "description": "The feed is read forwards only."},
        "limit": {"type": "integer"},
        "result_count": {"type": "integer"},
        "is_partial_response": {"const": False},
        "has_more": {"type": "boolean", "description": "There may be more at once."},
        "meta": {
            "type": "object",
            "required": ["source", "as_of", "erased_tenants", "warnings"],
            "properties": {
                "source": {"const": "mirror"},
                "as_of": {**_INSTANT, "description": "When this was read."},
                "erased_tenants": {
                    "type": "array",
                    "items": _UUID,
                    "description": "Organisations that were erased since the cursor was made: "
                    "forget what you have of them. They are told once.",
                },
                "warnings": {"type": "array", "items": {"type": "object"}},
            },
        },
    },
}  # fmt: skip

_TENANT: Final = "7d1bb8f2-66a5-4c3a-8a5b-0a3d6f7f1c11"
_CONTACT: Final = "5f0d0c1e-6a39-5c0e-9a5d-0c3b4c1c7a10"
PAGE_EXAMPLE: Final[dict[str, Any]] = {
    "result": [
        {
            "specversion": "1.0",
            "id": "0b1f5a9e-8d5a-5b3b-9a46-2f4f4e3f7b21",
            "source": f"/xero/{_TENANT}",
            "type": event_type(CONTACT, "u"),
            "subject": f"contact/{_CONTACT}",
            "time": "2026-11-03T04:17:50Z",
            "recordedtime": "2026-11-03T04:17:52.410Z",
            "datacontenttype": "application/json",
            "dataschema": event_schema(CONTACT),
            "partitionkey": f"{_TENANT}:contact:{_CONTACT}",
            "sequence": "00000000000000018233",
            "entityseq": "00001762142400000000.00000000000000000007",
            "tenantid": _TENANT,
            "cause": "webhook",
            "data": {
                "mapping_version": MAPPING_VERSION,
                "op": "u",
                "changed_fields": ["/phone_numbers", "/updated_at"],
            },
        }
    ],
    "next_cursor": "AQF9G7jyZqVMOopbCj1vfxwR",
    "prev_cursor": None,
    "limit": 100,
    "result_count": 1,
    "is_partial_response": False,
    "has_more": False,
    "meta": {
        "source": "mirror",
        "as_of": "2026-11-03T04:17:53Z",
        "erased_tenants": [],
        "warnings": [],
    },
}
