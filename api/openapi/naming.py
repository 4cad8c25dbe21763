"""How operations refer to schemas that several of them share, by the names of their components."""

from typing import Any, Final

from unified.resource import Resource

PREFIX: Final = "#/components/schemas/"
PROBLEM: Final = "Problem"
META: Final = "Meta"


def named(name: str) -> dict[str, Any]:
    """A reference to a component."""
    return {"$ref": f"{PREFIX}{name}"}


def record_name(kind: Resource) -> str:
    """The component of a record as it is read, such as `Invoice`."""
    return kind.model.__name__


def list_name(kind: Resource) -> str:
    """The component of a page of records."""
    return f"{record_name(kind)}List"


def create_name(kind: Resource) -> str:
    """The component of what makes a thing."""
    return f"{record_name(kind)}Create"


def update_name(kind: Resource) -> str:
    """The component of what changes a thing."""
    return f"{record_name(kind)}Update"


def record_of(kind: Resource) -> dict[str, Any]:
    """A record as it is read; with `fields`, only those that were asked for."""
    return named(record_name(kind))


def answer_of(kind: Resource) -> dict[str, Any]:
    """One record, and what the answer says about itself."""
    members = {"result": record_of(kind), "meta": named(META)}
    return {"type": "object", "required": ["result", "meta"], "properties": members}


def list_of(kind: Resource) -> dict[str, Any]:
    """A page of records."""
    return named(list_name(kind))


def create_of(kind: Resource) -> dict[str, Any]:
    """What makes a thing."""
    return named(create_name(kind))


def update_of(kind: Resource) -> dict[str, Any]:
    """What changes a thing."""
    return named(update_name(kind))
