"""An example of a schema where nobody gave one: of what its parts are examples of.

Components that several operations share have their own (`examples`); what stands around them, such
as the envelope of an answer, is told by its schema well enough.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from api.openapi.naming import PREFIX

Schema = Mapping[str, Any]

_BY_FORMAT: Final[Mapping[str, str]] = {
    "uuid": "0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d",
    "date": "2026-11-03",
    "date-time": "2026-11-03T01:02:03.004Z",
}
_BY_TYPE: Final[Mapping[str, Any]] = {
    "string": "text",
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}


def derived(schema: Schema, component: Callable[[str], Any]) -> Any:
    """An example; `component` gives that of a named one."""
    if "$ref" in schema:
        return component(schema["$ref"].removeprefix(PREFIX))
    for key in ("examples", "enum", "oneOf", "anyOf"):
        if schema.get(key):
            first = schema[key][0]
            return derived(first, component) if key in {"oneOf", "anyOf"} else first
    if "const" in schema:
        return schema["const"]
    return _plain(schema, component)


def _plain(schema: Schema, component: Callable[[str], Any]) -> Any:
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" and "properties" in schema:
        return {name: derived(of, component) for name, of in schema["properties"].items()}
    if kind == "array" and "items" in schema:
        return [derived(schema["items"], component)]
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE[kind])
