"""The JSON Schemas: sound, kept by everything that we publish, and careful about people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ledgerwire.schemas import current, export
from tests.contract.schemas import Validators, event_of, golden_records
from unified.envelope import Op, event_schema, record_schema
from unified.resource import Resource
from unified.resources import KINDS, resource
from unified.schemas.committed import published
from unified.schemas.privacy import CLASSES, Unclassified, classified

GOLDEN = golden_records()
VALIDATORS = Validators(current().values())


@pytest.mark.parametrize("name", current())
def test_schema_is_one(name: str) -> None:
    """Of the dialect that it names, under the address that events name."""
    document = current()[name]

    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"https://ledgerwire.io/schemas/{name}"
    jsonschema_rs.meta.validate(document)


@pytest.mark.parametrize(("kind", "pair", "record"), GOLDEN)
def test_records_and_their_events_keep_to_the_schemas(
    kind: Resource, pair: str, record: dict[str, Any]
) -> None:
    """Whoever validates what they consume never has to turn anything of ours away."""
    gone = event_of(kind, op=Op.DELETED, before=record, after=record)

    assert VALIDATORS.complaints(record_schema(kind), record) == []
    assert VALIDATORS.complaints(event_schema(kind), event_of(kind, after=record)) == []
    assert VALIDATORS.complaints(event_schema(kind), gone) == []


def test_schemas_turn_away_what_is_none_of_ours() -> None:
    """Sums as numbers, a strange resource and a missing field are noticed."""
    kind, _, record = GOLDEN[0]
    address = record_schema(kind)

    assert VALIDATORS.complaints(address, {**record, "total": 230.0}) != []
    assert VALIDATORS.complaints(address, {**record, "resource": "contact"}) != []
    assert VALIDATORS.complaints(address, {**record, "issue_date": "3 November 2026"}) != []
    without = {name: value for name, value in record.items() if name != "amount_due"}
    assert VALIDATORS.complaints(address, without) != []
    assert VALIDATORS.complaints(event_schema(kind), event_of(kind, after=without)) != []


def test_schemas_are_open_for_what_later_versions_add() -> None:
    """A consumer of today that validates goes on working when a field is added."""
    kind, _, record = GOLDEN[0]
    contact = {**record["contact"], "added_later": 1}
    grown = {**record, "added_later": {"x": 1}, "contact": contact}

    assert VALIDATORS.complaints(record_schema(kind), grown) == []
    assert VALIDATORS.complaints(record_schema(kind), {**record, "status": "new word"}) == []


@pytest.mark.parametrize("name", current())
def test_every_field_has_a_privacy_class(name: str) -> None:
    """Numbers and dates as well: who drops fields by their class must find one on each."""
    fields = dict(_fields(current()[name]))

    assert fields
    for field, schema in fields.items():
        assert schema.get("x-privacy") in CLASSES, field


def test_what_tells_of_people_and_bank_accounts_says_so() -> None:
    """By examples that nobody would want to find in a log."""
    said: dict[str, Any] = {}
    for document in current().values():
        said |= {name: schema["x-privacy"] for name, schema in _fields(document)}

    assert said["Contact.email"] == "personal"
    assert said["ContactPerson.first_name"] == "personal"
    assert said["TypedAddress.line_1"] == "personal"
    assert said["Ref.name"] == "personal"
    assert said["BankAccount.number"] == "bank_detail"
    assert said["Contact.bank_details"] == "bank_detail"
    assert said["ChangeEvent.remote_data"] == "bank_detail"
    assert said["Line.description"] == "free_text"
    assert said["Invoice.total"] == "none"
    assert said["Account.name"] == "none"


def _fields(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The leaves among the properties of a schema and its parts."""
    objects = {document["title"].removesuffix(" record").replace(" change event", ""): document}
    if "ChangeEvent" not in objects and document["title"].endswith("change event"):
        objects = {"ChangeEvent": document}
    for owner, of in {**objects, **document.get("$defs", {})}.items():
        for name, schema in of.get("properties", {}).items():
            if "$ref" not in str(schema):
                yield f"{owner}.{name}", schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object"},
        {},
    ],
)
def test_text_that_nobody_classified_is_refused(schema: dict[str, Any]) -> None:
    """A new field can't slip into a schema without a thought about whom it tells of."""
    with pytest.raises(Unclassified, match=r"Thing\.nickname"):
        classified("Thing", {"nickname": schema})

    bound = {"nickname": {"type": "string", "pattern": "^[A-Z]$"}}
    assert classified("Thing", bound)["nickname"]["x-privacy"] == "none"


def test_sources_of_one_resource_have_one_schema() -> None:
    """Two endpoints, one topic: a consumer must not have to tell them apart."""
    addresses = [record_schema(kind) for kind in KINDS]

    assert len(set(addresses)) == len(addresses)
    assert {f"accounting.{kind.name}.record" for kind in KINDS if kind.space == "accounting"} <= {
        each.family for each in published()
    }


def test_schema_version_follows_model_and_envelope() -> None:
    """What an event says of itself is what its schema is called."""
    kind, _, record = GOLDEN[0]

    assert event_of(kind, after=record)["schema_version"] == kind.schema_version
    assert event_schema(kind).endswith(f".v{kind.schema_version}.json")
    assert resource("invoice").schema_version.startswith("1.")


def test_export_writes_everything_that_was_ever_published(tmp_path: Path) -> None:
    """Old events on a topic name old versions; all of them resolve in the folder."""
    paths = export(tmp_path / "contracts")

    names = {path.name for path in paths}
    documents = {"asyncapi.json", "openapi.json"}
    assert names == {*(each.name for each in published()), *current(), *documents}
    assert names == {path.name for path in (tmp_path / "contracts").iterdir()}
