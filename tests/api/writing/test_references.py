"""References in bodies: every place where one may stand is known to be looked up."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from api.writing.references import ELSEWHERE, REFERS
from unified.commands import Kind
from unified.resources import KINDS, operations_of, resource, sources
from unified.writable import SentRef, command_model, created_model, writable_names

MODELS = [
    *(created_model(each.name) for each in KINDS if writable_names(each.name)),
    *{
        command_model(command.body)
        for kind in KINDS
        for source in sources(kind.name)
        for command in operations_of(source)
        if command.kind is Kind.COMMAND and command.body is not None
    },
]


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that a type holds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for each in get_args(kind):
        yield from models_in(each)


def names_of_refs(model: type[BaseModel], seen: frozenset[Any] = frozenset()) -> Iterator[str]:
    """The fields of a model, and of what is in it, that hold references."""
    for name, field in model.model_fields.items():
        for found in models_in(field.annotation):
            if found is SentRef or set(found.model_fields) == set(SentRef.model_fields):
                yield name
            elif found not in seen:
                yield from names_of_refs(found, seen | {found})


@pytest.mark.parametrize("model", MODELS, ids=lambda each: each.__name__)
def test_every_reference_is_looked_up(model: type[BaseModel]) -> None:
    """A field that nobody knew to hold one would go to Xero with an id of ours."""
    assert set(names_of_refs(model)) <= REFERS.keys() | ELSEWHERE


def test_what_fields_refer_to_is_carried() -> None:
    """But for options, which stand within their categories."""
    for name in {*REFERS.values()} - {"option"}:
        assert resource(name).name == name
