"""The OpenAPI document: valid, complete, with an example for everything, and true to the registry.

That the api answers as it says is for `test_fuzzing` to find out.
"""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.openapi.answers import problems_of
from api.openapi.components import MEMBERS
from api.openapi.examples import FOLDER, create_example, record_example, update_example
from api.problems import PROBLEMS
from ledgerwire.openapi import openapi, operations
from tests.contract.schemas import Validators
from unified.envelope import record_schema
from unified.resource import Resource
from unified.resources import KINDS
from unified.writable import changed_model, complaints, created_model

DOCUMENT = openapi()
_OPERATION = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`")
METHODS = {"get", "post", "put", "patch", "delete"}


def test_document_is_openapi() -> None:
    """By a validator that is not ours."""
    errors = [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()]

    assert errors == []


def test_every_operation_is_described() -> None:
    """What is served and what is described are one list."""
    described = {
        (method.upper(), path, of["operationId"])
        for path, methods in DOCUMENT["paths"].items()
        for method, of in methods.items()
    }

    served = {(each.method, each.path.replace(":path}", "}"), each.id) for each in operations()}
    assert described == served


def _described() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield f"{method} {path}", operation


@pytest.mark.parametrize(("name", "operation"), list(_described()))
def test_everything_of_an_operation_has_an_example_that_fits(
    name: str, operation: dict[str, Any]
) -> None:
    """Whoever copies an example gets no surprise: bodies, good answers and problems alike."""
    contents = list(_contents(operation))

    assert operation["summary"], name
    for where, content in contents:
        examples = [each["value"] for each in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples or "schema" not in content, f"{name}: {where} has no example"
        validator = _validator(content.get("schema", {}))
        for example in examples:
            errors = [f"{error.instance_path}: {error.message}" for error in validator(example)]
            assert errors == [], f"{name}: {where}"


def _contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"body, {media_type}", content
    for status, response in operation["responses"].items():
        found = _found(response)
        assert found["description"]
        for media_type, content in found.get("content", {}).items():
            yield f"{status}, {media_type}", content


def _found(thing: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in thing:
        return thing
    found: Any = DOCUMENT
    for step in thing["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


WHOLE = "urn:openapi"
REGISTRY = jsonschema_rs.Registry([(WHOLE, {"components": DOCUMENT["components"]})])


def _validator(schema: dict[str, Any]) -> Any:
    """Of one schema, whose references lead into the whole document, compiled once for all."""
    told = msgspec.json.encode(schema).replace(b'"#/components', f'"{WHOLE}#/components'.encode())
    return jsonschema_rs.Draft202012Validator(
        msgspec.json.decode(told), registry=REGISTRY, validate_formats=True
    ).iter_errors


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_example_records_are_records(kind: Resource) -> None:
    """By the schema under which such records are published."""
    from ledgerwire.schemas import current

    validators = Validators(current().values())

    assert validators.complaints(record_schema(kind), record_example(kind.name)) == []


def test_there_is_no_example_of_what_is_not_carried() -> None:
    """A resource that goes takes its example along."""
    assert {path.stem for path in FOLDER.glob("*.json")} == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_examples_of_what_is_sent_may_be_sent(kind: Resource) -> None:
    """By the very models that bodies are checked with."""
    for model_of, example_of in ((created_model, create_example), (changed_model, update_example)):
        try:
            model = model_of(kind.name)
        except LookupError:
            continue
        assert complaints(model, example_of(kind)) == []
        assert example_of(kind)


def test_every_problem_can_be_looked_up() -> None:
    """Each has a title, a remedy and schemas of its members, and each code is declared once."""
    for code, kind in PROBLEMS.items():
        assert (kind.code, 400 <= kind.status <= 599) == (code, True)
        assert kind.title and not kind.title.endswith(".")  # noqa: PT018  # one sentence's form
        assert kind.remedy.endswith(".")
        assert set(kind.members) <= MEMBERS.keys()


def test_remedies_lead_somewhere() -> None:
    """To operations that there are. `/connect` may be closed to who has no link, or not be there;
    what is to be done instead, an organisation's own `remedy` says."""
    served = {f"{each.method} {each.path}" for each in operations()}
    for code, kind in PROBLEMS.items():
        assert "/connect" not in kind.remedy, code
        assert set(_OPERATION.findall(kind.remedy)) <= served, code


def test_operations_declare_problems_that_exist() -> None:
    """An operation can't promise a code that the registry does not have."""
    for each in operations():
        assert problems_of(each)
        assert set(each.problems) <= PROBLEMS.keys(), each.id


def test_references_lead_somewhere() -> None:
    """No operation names a schema that nobody made, and no schema is there for nothing."""
    names = DOCUMENT["components"]["schemas"].keys()
    told = set(_references(DOCUMENT))

    assert {name for name in told if name not in names} == set()


def _references(of: Any) -> Iterator[str]:
    if isinstance(of, dict):
        for key, value in of.items():
            if key == "$ref" and value.startswith("#/components/schemas/"):
                yield value.rpartition("/")[2]
            yield from _references(value)
    elif isinstance(of, list):
        for each in of:
            yield from _references(each)
