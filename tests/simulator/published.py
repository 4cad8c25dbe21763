"""Xero's own API description and examples, where they are at hand, and how to compare with them.

They are no part of this repository: `XERO_REFERENCE` names the folder that holds
`reference/openapi` and `reference/examples`, or a folder `shared` beside the repository does.
Tests that need them skip by name where they are not.
"""

import functools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_MS_DATE = re.compile(r"^/Date\(-?\d+([+-]\d{4})?\)/$")
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "integer": (int,),
    "number": (int, float),
}
_OPEN = frozenset({"Element"})  # an error's element repeats whatever was sent
_ENVELOPE = frozenset({"Id", "Status", "ProviderName", "DateTimeUTC"})

ON_THE_WIRE: Mapping[str, frozenset[str]] = {
    "Organisation": frozenset({"TaxNumberName"}),
    "Invoice": frozenset({"InvoicePaymentServices"}),
    "User": frozenset({"GlobalUserID"}),
}
"""Keys of recorded answers of April 2026 that neither the description nor its examples have."""


NO_DATES = frozenset({"BudgetBalance.Period"})
"""What is called a date and is none: a month, as its own description and example have it."""


def shared(*parts: str) -> Path:
    """A file or folder of the published data, or a skip that says what is missing."""
    named = os.environ.get("XERO_REFERENCE")
    path = (Path(named) if named else ROOT.parent / "shared").joinpath("reference", *parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not here: set XERO_REFERENCE to the folder of it")
    return path


@functools.cache
def description(name: str = "xero_accounting") -> "Description":
    """The description of an API, by the file's name, read once."""
    text = shared("openapi", f"{name}.yaml").read_bytes()
    return Description(yaml.load(text, Loader=yaml.CSafeLoader))


class Description:
    """An OpenAPI 3.0 document. Keys that its examples have count as described.

    Attributes:
        operations: method, path template and the rest, by operation id in lower case.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.operations: dict[str, tuple[str, str, Mapping[str, Any]]] = {
            operation["operationId"].lower(): (method.upper(), path, operation)
            for path, item in document.get("paths", {}).items()
            for method, operation in item.items()
            if isinstance(operation, dict) and "operationId" in operation
        }
        self._shown: dict[str, set[str]] = {name: set(keys) for name, keys in ON_THE_WIRE.items()}
        for _, _, operation in self.operations.values():
            for answer in operation["responses"].values():
                self._learn(self._resolved(answer))

    def answer(self, operation_id: str, status: int) -> Mapping[str, Any] | None:
        """The response of a status, or None where the document has none."""
        found = self.operations[operation_id][2]["responses"].get(str(status))
        return None if found is None else self._resolved(found)

    def parameters(self, operation: Mapping[str, Any]) -> set[str]:
        """The names of an operation's own query parameters and headers."""
        given = [self._resolved(one) for one in operation.get("parameters", [])]
        return {one["name"] for one in given if one["in"] in {"query", "header"}} - {
            "xero-tenant-id",
            "Idempotency-Key",
        }

    def schema(self, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The schema of a response's JSON, or None where it has no JSON."""
        found: Mapping[str, Any] | None = (
            answer.get("content", {}).get("application/json", {}).get("schema")
        )
        return found

    def faults(self, schema: Mapping[str, Any], value: Any, at: str = "") -> Iterator[str]:
        """What of a value is not as a schema has it: kinds, forms, lengths, unknown keys."""
        name = schema.get("$ref", "").rpartition("/")[2]
        known = self._resolved(schema)
        kind = known.get("type", "object" if "properties" in known else "")
        if kind and not _is(kind, value):
            yield f"{at}: {value!r} is no {kind}"
        elif isinstance(value, dict):
            yield from self._of_object(known, value, name, at=at)
        elif isinstance(value, list):
            for number, one in enumerate(value):
                yield from self.faults(known.get("items", {}), one, f"{at}[{number}]")
        elif isinstance(value, str):
            yield from _of_text(known, value, at)
        elif value < known.get("minimum", value) or value > known.get("maximum", value):
            yield f"{at}: {value!r} is too small or too large"
        choices = known.get("oneOf")
        if choices and all(list(self.faults(choice, value, at)) for choice in choices):
            yield f"{at}: {value!r} fits none of what it may be"
        if "const" in known and value != known["const"]:
            yield f"{at}: {value!r} is not {known['const']!r}"

    def _of_object(
        self, schema: Mapping[str, Any], value: Mapping[str, Any], name: str, *, at: str
    ) -> Iterator[str]:
        properties = schema.get("properties", {})
        extra = self._shown.get(name, set()) | (set() if at else _ENVELOPE)
        for key, inner in value.items():
            if key in properties and f"{name}.{key}" in NO_DATES:
                yield from self.faults({**properties[key], "x-is-msdate": False}, inner, at)
            elif key in properties:
                yield from self.faults(properties[key], inner, f"{at}.{key}")
            elif key not in extra and properties and name not in _OPEN:
                yield f"{at}.{key}: not described"
        for key in schema.get("required", []):
            if key not in value:
                yield f"{at}.{key}: missing"

    def _learn(self, answer: Mapping[str, Any]) -> None:
        """Take the keys of a response's example for known."""
        for content in answer.get("content", {}).values():
            if "example" in content and "schema" in content:
                self._learn_keys(content["schema"], content["example"])

    def _learn_keys(self, schema: Mapping[str, Any], example: Any) -> None:
        name, known = schema.get("$ref", "").rpartition("/")[2], self._resolved(schema)
        if isinstance(example, list):
            for one in example:
                self._learn_keys(known.get("items", {}), one)
        elif isinstance(example, dict):
            if name:
                self._shown.setdefault(name, set()).update(example)
            for key, inner in example.items():
                self._learn_keys(known.get("properties", {}).get(key, {}), inner)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return self._merged(schema) if "allOf" in schema else schema

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema that says all that several say: properties and what is required."""
        parts = [self._resolved(part) for part in schema["allOf"]]
        properties: dict[str, Any] = {}
        for part in parts:
            for key, inner in part.get("properties", {}).items():
                held = properties.get(key)
                properties[key] = inner if held is None else {"allOf": [held, inner]}
        required = [key for part in parts for key in part.get("required", [])]
        merged: dict[str, Any] = {}
        for part in parts:
            merged |= part
        items = [part["items"] for part in parts if "items" in part]
        if len(items) > 1:
            merged["items"] = {"allOf": items}
        return {**merged, "properties": properties, "required": required}


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])


def _of_text(schema: Mapping[str, Any], value: str, at: str) -> Iterator[str]:
    if schema.get("format") == "uuid" and not _UUID.match(value):
        yield f"{at}: {value!r} is no uuid"
    dated = schema.get("x-is-msdate") or schema.get("x-is-msdate-time")
    if dated and not _MS_DATE.match(value):
        yield f"{at}: {value!r} is no date"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not among {schema['enum']}"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{at}: longer than {schema['maxLength']}"
