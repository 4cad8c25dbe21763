"""Examples: an invented record of each resource, and what one would send to make or change it.

Records stand in files, one a resource, and are held to the schemas by a test. What one sends is
made of them, so that it names the same things.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from pydantic import BaseModel

from api.openapi.naming import META, create_name, list_name, record_name, update_name
from unified.envelope import MAPPING_VERSION
from unified.model import Part
from unified.resource import Resource
from unified.resources import KINDS
from unified.writable import complaints, created_model, writable_names

FOLDER: Final = Path(__file__).parent / "records"
#: What one changes first, of the fields that a resource has.
_CHANGED: Final = ("reference", "name", "memo", "description", "title", "number", "code")
_REF: Final = frozenset({"id", "remote_id"})
_MOST_ELEMENTS: Final = 2
#: What nobody sends who makes something: ids of parts, and what Xero works out by itself.
_LEFT_OUT: Final = frozenset(
    {"id", "tax_amount", "exchange_rate_to_base", "bank_amount", "bank_currency", "total", "e164"}
)

Record = dict[str, Any]


@cache
def record_example(name: str) -> Record:
    """A record as it is read."""
    found: Record = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())
    return found


def create_example(kind: Resource) -> Record:
    """What one would send to make such a thing."""
    record, model = record_example(kind.name), created_model(kind.name)
    made: Record = {}
    for name in kind.model.model_fields:
        if name not in writable_names(kind.name) or name in _LEFT_OUT:
            continue
        value = _sent(record[name], kind.model.model_fields[name].annotation)
        if value not in (None, [], {}) and f"/{name}" not in wrong(model, {name: value}):
            made[name] = value
    return made


def wrong(model: type[BaseModel], body: Record) -> set[str]:
    """The fields of a body that may not be sent as they are."""
    return {"/".join(path.split("/")[:2]) for path, _ in complaints(model, body)}


def update_example(kind: Resource) -> Record:
    """What one would send to change one thing of it."""
    made = create_example(kind)
    name = next((each for each in _CHANGED if each in made), next(iter(made)))
    return {name: made[name]}


def example_of(component: str) -> Any:
    """An example of a component that several operations share; None: there is none."""
    return _by_component().get(component, lambda: None)()


@cache
def _by_component() -> Mapping[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {META: lambda: _META}
    for kind in KINDS:
        if not (FOLDER / f"{kind.name}.json").exists():
            continue  # a new resource: a test asks for its example
        made[record_name(kind)] = partial(record_example, kind.name)
        made[list_name(kind)] = partial(page_example, kind.name)
        made[create_name(kind)] = partial(create_example, kind)
        made[update_name(kind)] = partial(update_example, kind)
    return made


def page_example(name: str) -> Record:
    """A page of one record."""
    return page_of(record_example(name))


def page_of(element: Record) -> Record:
    """A page of one element, which need not be a record."""
    return {
        "result": [element],
        "next_cursor": None,
        "prev_cursor": None,
        "limit": 100,
        "result_count": 1,
        "is_partial_response": False,
        "meta": _META,
    }


_META: Final = {
    "source": "mirror",
    "as_of": "2026-11-03T01:02:03.004Z",
    "max_staleness_s": 4,
    "tenant_id": "2f6c1d7e-9a53-4f0e-8a63-0b3a6a526a5c",
    "schema_version": "1.0.0",
    "mapping_version": MAPPING_VERSION,
    "warnings": [],
}


def _sent(value: Any, kind: Any) -> Any:
    """A value without what is only read, and with references by id alone."""
    if isinstance(value, list):
        return [_sent(each, kind) for each in value[:_MOST_ELEMENTS]]
    if not isinstance(value, dict):
        return value
    if value.keys() >= _REF:
        by_id = value["id"] is not None
        return {"id": value["id"]} if by_id else {k: v for k, v in value.items() if v is not None}
    part = _part(kind)
    fields: Mapping[str, Any] = {} if part is None else part.model_fields
    read_only = part.read_only if part is not None and issubclass(part, Part) else frozenset()
    made = {
        name: _sent(of, fields[name].annotation if name in fields else None)
        for name, of in value.items()
        if name not in read_only | _LEFT_OUT
    }
    return {name: of for name, of in made.items() if of not in (None, [], {})}


def _part(kind: Any) -> Any:
    """The model inside a type, through lists and alternatives."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((part for each in get_args(kind) if (part := _part(each)) is not None), None)
