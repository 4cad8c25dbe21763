"""The JSON Schemas of records and events, made from the models.

Schemas are open where models are closed: a consumer who validates must take the fields that a
later version adds. What a record always has is `required`; a field that was added later is given
a default in its model, and so is not, since older records lack it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from unified.envelope import (
    ChangeEvent,
    Op,
    event_schema,
    event_type,
    record_schema,
    schema_address,
)
from unified.resource import Resource
from unified.schemas.privacy import classified

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Document = dict[str, Any]


def documents(resources: Iterable[Resource]) -> dict[str, Document]:
    """The schemas of these resources' records and events, by the names of their files."""
    made: dict[str, Document] = {}
    for resource in resources:
        made[file_of(record_schema(resource))] = record_document(resource)
        made[file_of(event_schema(resource))] = event_document(resource)
    return made


def file_of(address: str) -> str:
    """The last part of a schema's address, such as "accounting.invoice.v1.0.0.json"."""
    return address.rpartition("/")[2]


def record_document(resource: Resource) -> Document:
    """The schema of a resource's records: values of its state topic, sides of its events."""
    body, parts = pieces(resource.model.model_json_schema())
    body["properties"]["resource"] = {"const": resource.name, "x-privacy": "none"}
    return _document(record_schema(resource), f"{resource.model.__name__} record", body, parts)


def event_document(resource: Resource) -> Document:
    """The schema of a resource's change events: values of its event topic."""
    generated = ChangeEvent.model_json_schema()
    side = {"anyOf": [{"$ref": file_of(record_schema(resource))}, {"type": "null"}]}
    generated["properties"] |= {"before": side, "after": side}
    body, parts = pieces(generated)
    types = [event_type(resource, op) for op in Op]
    body["properties"]["type"] = {"enum": types, "x-privacy": "none"}
    entity = parts["EventEntity"]["properties"]
    entity["resource"] = {"const": resource.name, "x-privacy": "none"}
    title = f"{resource.model.__name__} change event"
    return _document(event_schema(resource), title, body, parts)


def model_document(family: str, version: str, model: type[BaseModel]) -> Document:
    """The schema of anything else that is published, from its model."""
    body, parts = pieces(model.model_json_schema())
    return _document(schema_address(family, version), model.__name__, body, parts)


def _document(
    address: str, title: str, body: Mapping[str, Any], parts: Mapping[str, Any]
) -> Document:
    whole = {"$schema": DIALECT, "$id": address, **body, "title": title}
    return {**whole, "$defs": dict(sorted(parts.items()))} if parts else whole


def pieces(generated: Document) -> tuple[Document, dict[str, Document]]:
    """What pydantic generated as we publish it: the object itself, and the parts it refers to.

    Raises:
        Unclassified: the privacy of a text is not known.
    """
    parts = generated.pop("$defs", {})
    return (
        _opened(generated["title"], generated),
        {name: _opened(name, part) for name, part in parts.items()},
    )


def _opened(name: str, schema: Mapping[str, Any]) -> Document:
    """An object's schema without what closes it, its properties classified."""
    made: Document = _cleaned(schema)
    made["properties"] = classified(name, made.get("properties", {}))
    return made


def _cleaned(schema: Any) -> Any:
    """Without the titles that repeat names, and without what forbids further properties."""
    if isinstance(schema, list):
        return [_cleaned(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: (
            {name: _cleaned(each) for name, each in value.items()}
            if key == "properties"
            else value if key in _VERBATIM else _cleaned(value)
        )
        for key, value in schema.items()
        if key not in {"title", "additionalProperties"}
    }  # fmt: skip


_VERBATIM: Final = frozenset({"required", "enum", "const", "default", "x-known-values"})
