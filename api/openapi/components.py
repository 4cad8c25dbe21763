"""The schemas that operations share: records, pages of them, what may be sent, problems.

Records come from the same models as the published schemas of events and states, and keep their
names there: a part that two models have in different shapes gets the name of its owner, too.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from pydantic import BaseModel

from api.openapi.naming import (
    META,
    PREFIX,
    PROBLEM,
    create_name,
    list_name,
    named,
    record_name,
    update_name,
)
from api.problems import PROBLEMS
from unified.resource import Resource
from unified.schemas.writing import pieces
from unified.writable import changed_model, created_model

Schema = dict[str, Any]

_DEFS: Final = "#/$defs/"
#: What every answer of a record has, whatever `fields` asked for.
ALWAYS: Final = ("id",)


def components(kinds: Iterable[Resource]) -> dict[str, Schema]:
    """All of them, by name."""
    made: dict[str, Schema] = {META: meta_schema(), PROBLEM: problem_schema()}
    for kind in kinds:
        _add(made, record_name(kind), record_schema(kind))
        made[list_name(kind)] = page_schema(named(record_name(kind)))
        for name, model in ((create_name(kind), created_model), (update_name(kind), changed_model)):
            with suppress(LookupError):  # where none can be made or changed
                add_model(made, name, model(kind.name))
    return dict(sorted(made.items()))


def record_schema(kind: Resource) -> Schema:
    """A record as it is read: nothing but its id has to be there, since `fields` may leave out
    anything else."""
    body, parts = pieces(kind.model.model_json_schema())
    body["properties"]["resource"] = {"const": kind.name, "x-privacy": "none"}
    body["properties"]["remote_data"] = {
        "description": "Xero's own JSON, where `include=remote_data` asked for it",
        "x-privacy": "bank_detail",
    }
    body["properties"]["included"] = {
        "type": "object",
        "description": "Records that it refers to, where `include` asked for them",
        "x-privacy": "personal",
    }
    body["required"] = list(ALWAYS)
    body["x-schema-version"] = kind.schema_version
    return {**body, "$defs": parts}


def page_schema(element: Mapping[str, Any]) -> Schema:
    """The envelope of lists, around elements of one kind."""
    cursor = {"type": ["string", "null"], "description": "Opaque; null where there is no more"}
    return {
        "type": "object",
        "properties": {
            "result": {"type": "array", "items": dict(element)},
            "next_cursor": cursor,
            "prev_cursor": cursor,
            "limit": {"type": "integer", "minimum": 1},
            "result_count": {"type": "integer", "minimum": 0},
            "is_partial_response": {
                "type": "boolean",
                "description": "Something could not be had: `meta.warnings` says what",
            },
            "meta": named(META),
        },
        "required": [
            "result",
            "next_cursor",
            "prev_cursor",
            "limit",
            "result_count",
            "is_partial_response",
            "meta",
        ],
    }


def meta_schema() -> Schema:
    """What an answer says about itself: from where it is, and how fresh."""
    return {
        "type": "object",
        "description": "From where an answer is, and how fresh",
        "properties": {
            "source": {"type": "string", "x-known-values": ["mirror", "live"]},
            "as_of": {"type": ["string", "null"], "format": "date-time"},
            "max_staleness_s": {"type": ["integer", "null"], "minimum": 0},
            "tenant_id": {"type": "string", "format": "uuid"},
            "schema_version": {"type": "string"},
            "mapping_version": {"type": "string"},
            "warnings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "code": {"type": "string"},
                        "detail": {"type": "string"},
                        "endpoint": {"type": "string", "description": "Xero's"},
                    },
                    "required": ["code", "detail"],
                },
            },
            "cost": {
                "type": "object",
                "description": "Calls to Xero that the answer took, where it was to ask Xero",
                "properties": {"calls": {"type": "integer"}, "bytes": {"type": "integer"}},
            },
        },
        "required": ["source", "tenant_id", "warnings"],
    }


def problem_schema() -> Schema:
    """A problem document, with the members of every code."""
    members = {name: MEMBERS.get(name, {}) for kind in PROBLEMS.values() for name in kind.members}
    return {
        "type": "object",
        "description": "What went wrong, and what to do (RFC 9457)",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong this time"},
            "code": {"type": "string", "description": "Stable: programs decide by it"},
            "remedy": {"type": "string", "description": "What to do about it"},
            "instance": {"type": "string", "description": "The request, by its id"},
            **dict(sorted(members.items())),
        },
        "required": ["type", "title", "status", "detail", "code", "remedy"],
    }


def _problem_list(*names: str) -> Schema:
    texts = {name: {"type": ["string", "null"]} for name in names}
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {**texts, "message": {"type": "string"}},
            "required": ["message"],
        },
    }


#: The schemas of the members that problems may have beside those of the RFC.
MEMBERS: Final[Mapping[str, Schema]] = {
    "accepted": {"type": "array", "items": {"type": "string"}},
    "current": {"description": "The record as it is now"},
    "capabilities": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"endpoint": {"type": "string"}, "reason": {"type": "string"}},
            "required": ["endpoint", "reason"],
        },
    },
    "errors": _problem_list("path"),
    "find_out": {"description": "What was written, by which it can be found again"},
    "free_at": {"type": "string", "format": "date-time"},
    "legal_in": {"type": "array", "items": {"type": "string"}},
    "limit": {"type": "string", "description": "Which limit"},
    "most": {"type": "integer", "description": "As many as there may be"},
    "most_bytes": {"type": "integer"},
    "needed_scope": {"type": "string"},
    "provider_errors": _problem_list("path", "remote_field"),
    "provider_status": {"type": ["integer", "null"]},
    "record_status": {"type": ["string", "null"]},
    "resolvable_until": {"type": "string", "format": "date-time"},
    "resume_after": {"type": ["string", "null"], "description": "A cursor that still is good"},
    "retry_after_s": {"type": "number"},
    "tenant_ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
    "tenant_state": {"type": "string"},
}


def add_model(made: dict[str, Schema], name: str, model: type[BaseModel]) -> None:
    """A model's schema under this name, with its parts under their own."""
    _add(made, name, _tidy(model.model_json_schema()))


def _add(made: dict[str, Schema], name: str, schema: Schema) -> None:
    parts = schema.pop("$defs", {})
    names = {part: part for part in parts}
    for part, of in parts.items():
        if made.get(part, _rewritten(of, names)) != _rewritten(of, names):
            names[part] = f"{name}{part}"
    for part, of in parts.items():
        made[names[part]] = _rewritten(of, names)
    made[name] = _rewritten(schema, names)


def _rewritten(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, list):
        return [_rewritten(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"{PREFIX}{names[value.removeprefix(_DEFS)]}"
        if key == "$ref" and isinstance(value, str)
        else _rewritten(value, names)
        for key, value in schema.items()
    }


def _tidy(schema: Any) -> Any:
    """Without the titles and nulls by default that pydantic adds to every field."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _tidy(of) for name, of in value.items()}
        if key in {"properties", "$defs"}
        else _tidy(value)
        for key, value in schema.items()
        if key != "title" and not (key == "default" and value is None)
    }
