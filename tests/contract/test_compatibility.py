"""The gate for changes of schemas: what it lets pass breaks no consumer, whichever way around."""

import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerwire.schemas import current, refusals
from tests.contract.schemas import EVENTS, Validators, event_of, golden_records
from unified.envelope import SCHEMA_HOME, event_schema, record_schema
from unified.resources import KINDS, resource
from unified.schemas.committed import FOLDER, Published, as_text, parsed, published
from unified.schemas.compatibility import additions, incompatibilities

ROOT = Path(__file__).parent.parent.parent
INVOICE = resource("invoice")
SCHEMA = current()[record_schema(INVOICE).rpartition("/")[2]]
RECORDS = [record for kind, _, record in golden_records() if kind is INVOICE]

Document = dict[str, Any]


def edited(*path: str, **changes: Any) -> Document:
    """The invoice's schema with keys of one place changed; those changed to ... are left out."""
    whole = deepcopy(SCHEMA)
    place = whole
    for step in path:
        place = place[step]
    place |= changes
    for name in [name for name, value in changes.items() if value is ...]:
        del place[name]
    return whole


def with_field(name: str, *, required: bool) -> Document:
    """The invoice's schema with one field more."""
    whole = edited("properties", **{name: {"type": "string", "x-privacy": "none"}})
    if required:
        whole["required"] = [*whole["required"], name]
    return whole


REFUSED = {
    "a field is gone": edited("properties", reference=...),
    "a field is gone from a part": edited("$defs", "Line", "properties", tax_amount=...),
    "a field is no longer always there": edited(required=SCHEMA["required"][1:]),
    "a new field is required": with_field("mood", required=True),
    "a text becomes a number": edited("properties", total={"type": "number", "x-privacy": "none"}),
    "null is no longer possible": edited(
        "properties", number={"type": "string", "x-privacy": "none"}
    ),
    "null becomes possible": edited(
        "properties", version={"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
    ),
    "an amount is written otherwise": edited(
        "properties",
        total={
            "anyOf": [{"type": "string", "pattern": "^-?[0-9]+$"}, {"type": "null"}],
            "x-privacy": "none",
        },
    ),
    "an object becomes a list": edited(
        "properties", contact={"type": "array", "items": {"$ref": "#/$defs/Ref"}}
    ),
    "elements are others": edited(
        "properties",
        line_items={
            "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Ref"}}, {"type": "null"}]
        },
    ),
    "a word of an open enum is gone": edited(
        "properties",
        timing={"type": "string", "x-known-values": ["none", "due"], "x-privacy": "none"},
    ),
    "an open enum is closed": edited(
        "properties",
        timing={"type": "string", "enum": ["none", "not_due", "due"], "x-privacy": "none"},
    ),
    "a part is described nowhere": edited("$defs", Address=...),
    "no part is described": edited(**{"$defs": ...}),
    "a part is described by itself": edited("$defs", "Ref", **{"$ref": "#/$defs/Ref"}),
    "a part may be anything": edited("$defs", Address=True),
    "a part that was seen elsewhere is held to more": edited(
        "$defs", "AppliedCredit", "properties", "ref", type="string"
    ),
    "an object may be of two forms": edited(
        "$defs",
        "Line",
        "properties",
        item={"anyOf": [{"type": "object"}, {"$ref": "#/$defs/Ref"}, {"type": "null"}]},
    ),
    "references below lead elsewhere": edited("$defs", "Line", **{"$id": "elsewhere.json"}),
    "further fields are forbidden": edited(additionalProperties=False),
    "treated with less care": edited(
        "$defs",
        "Ref",
        "properties",
        name={"anyOf": [{"type": "string"}, {"type": "null"}], "x-privacy": "none"},
    ),
}


@pytest.mark.parametrize("change", REFUSED)
def test_breaking_change_is_refused_in_both_directions(change: str) -> None:
    """Added here is removed there: one of two consumers would break."""
    assert incompatibilities(SCHEMA, REFUSED[change]) != []


@pytest.mark.parametrize(
    "later",
    [
        SCHEMA,
        with_field("mood", required=False),
        edited("$defs", "Line", "properties", mood={"type": "integer", "x-privacy": "none"}),
        edited(description="Told better.", title="Bill"),
        edited(
            "properties",
            timing={
                "type": "string",
                "x-known-values": ["none", "not_due", "due", "overdue", "unknown", "someday"],
                "x-privacy": "none",
            },
        ),
    ],
)
def test_what_only_adds_passes(later: Document) -> None:
    """Fields that nobody must have, words of open enums, and better words for people."""
    assert incompatibilities(SCHEMA, later) == []


def test_additions_are_named() -> None:
    """They need a new version, and a person wants to know where."""
    line = {"mood": {"type": "string"}}

    assert additions(SCHEMA, SCHEMA) == []
    assert additions(SCHEMA, with_field("mood", required=False)) == ["/mood"]
    assert additions(SCHEMA, edited("$defs", "Line", "properties", **line)) == [
        "/line_items/-/mood"
    ]


def test_parts_within_themselves_are_compared_once() -> None:
    """Rows within rows, as reports have them, end the comparison too."""
    row = {
        "type": "object",
        "properties": {
            "label": {"type": "string"},
            "rows": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Row"}}]},
            "first": {"anyOf": [{"$ref": "#/$defs/Row"}, {"type": "null"}]},
        },
    }
    tree = {"properties": {"rows": {"$ref": "#/$defs/Row"}}, "$defs": {"Row": row}}
    other = deepcopy(tree)
    other["$defs"]["Row"]["properties"]["label"] = {"type": "integer"}  # type: ignore[index]

    assert incompatibilities(tree, deepcopy(tree)) == []
    assert incompatibilities(tree, other) != []


Place = tuple[str | int, ...]


def _places(schema: Any, path: Place = ()) -> list[Place]:
    """Every object of a document, by the way to it."""
    if isinstance(schema, list):
        return [p for key, value in enumerate(schema) for p in _places(value, (*path, key))]
    if not isinstance(schema, dict):
        return []
    return [path, *(p for key, value in schema.items() for p in _places(value, (*path, key)))]


PLACES = _places(SCHEMA)
ADDED = ("required", "type", "properties", "enum", "items", "anyOf", "$ref", "$id")
VALUES: list[Any] = [
    ..., {}, {"type": "string"}, {"type": "null"}, {"type": "integer"}, ["id"], "string", 3, True,
    [], [{"type": "object"}, {"type": "null"}], "#/$defs/Ref", "#/$defs/Nothing",
]  # fmt: skip


@given(data=st.data())
def test_whatever_passes_lets_real_records_pass(data: st.DataObject) -> None:
    """Random edits anywhere in a schema: those that the gate lets through are harmless."""
    place = data.draw(st.sampled_from(PLACES))
    key = data.draw(st.sampled_from(keys_of(place)))
    later = edited_at(place, key, data.draw(st.sampled_from(VALUES)))
    if not jsonschema_rs.meta.is_valid(later):
        return  # no schema at all: nothing that models could give
    if incompatibilities(SCHEMA, later) == []:
        validators = Validators([later])
        assert [validators.complaints(SCHEMA["$id"], record) for record in RECORDS] == [
            [] for _ in RECORDS
        ]


def keys_of(place: Place) -> list[str]:
    """What can be changed there, and what can be added."""
    ours = {"$schema", "x-privacy", "x-known-values"}  # ours alone to write
    return sorted({*_at(SCHEMA, place), *ADDED} - ours)


def _at(document: Any, place: Place) -> Document:
    for step in place:
        document = document[step]
    found: Document = document
    return found


def edited_at(place: Place, key: str, value: Any) -> Document:
    """The invoice's schema with one key of one place changed or, by ..., taken out."""
    whole = deepcopy(SCHEMA)
    found = _at(whole, place)
    if value is ...:
        found.pop(key, None)
    else:
        found[key] = value
    return {**whole, "$id": SCHEMA["$id"]}


def test_schemas_follow_on_everything_published() -> None:
    """Against each earlier version, both ways."""
    assert refusals(current(), published()) == []


def test_events_of_every_version_satisfy_the_newest_schemas() -> None:
    """Topics are read from their beginning; what went out then is still one of our events."""
    newest = Validators(current().values())
    then = Validators(each.document for each in published())
    for path in EVENTS.glob("*.json"):
        event = json.loads(path.read_text(encoding="utf-8"))
        kind = resource(event["entity"]["resource"])

        assert then.complaints(f"{SCHEMA_HOME}/{path.name}", event) == [], path.name
        assert newest.complaints(event_schema(kind), event) == [], path.name


def test_events_of_today_satisfy_every_published_schema() -> None:
    """Consumers that have not been renewed go on reading."""
    then = Validators(each.document for each in published())
    seen = 0
    for kind, pair, record in golden_records():
        event = event_of(kind, after=record)
        for each in published():
            if each.family == f"{kind.space}.{kind.name}":
                assert then.complaints(f"{SCHEMA_HOME}/{each.name}", event) == [], pair
                seen += 1
    assert seen >= len(golden_records())


def test_every_version_of_an_event_is_kept() -> None:
    """`python -m tests.contract.schemas` keeps one of each new version."""
    kept = {path.name for path in EVENTS.glob("*.json")}

    assert {event_schema(kind).rpartition("/")[2] for kind in KINDS} <= kept


def test_gate_refuses_what_cannot_follow() -> None:
    """Growth under an old version, a break under a new one, a step back, a lost name."""
    name = record_schema(INVOICE).rpartition("/")[2]
    now = {**current()}
    grown = {**now, name: with_field("mood", required=False)}
    broken = {**now, name: REFUSED["a field is gone"]}
    [old] = [each for each in published() if each.name == name]
    newer = Published(old.family, (1, 99, 0), old.document)
    renumbered = {key: value for key, value in grown.items() if key != name}
    renumbered[name.replace("v1.", "v1.9")] = grown[name]

    assert "raise schema_minor" in "".join(refusals(grown, [old]))
    assert "/reference: gone" in "".join(refusals(broken, [old]))
    assert refusals(renumbered, [old]) == []
    assert "newer than" in "".join(refusals(now, [newer]))
    del now[name]
    assert "nothing is published by this name" in "".join(refusals(now, [old]))


def test_schemas_follow_on_every_commit() -> None:
    """A published file that was overwritten is remembered by the history of the repository."""
    folder = FOLDER.relative_to(ROOT).as_posix()
    listed = _git("log", "--diff-filter=AM", "--format=commit %H", "--name-only", "--", folder)
    if listed is None:
        pytest.skip("no history of the repository is here")
    seen: list[Published] = []
    commit = ""
    for line in listed.splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.endswith(".json"):
            text = _git("show", f"{commit}:{line}")
            seen.append(parsed(Path(line).name, (text or "").encode()))

    assert [text for text in refusals(current(), seen) if "is new: raise" not in text] == []


def _git(*arguments: str) -> str | None:
    """What git says, or None where there is none, or no repository."""
    try:
        told = subprocess.run(
            ["git", *arguments],  # noqa: S607  # git as the machine has it
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout


def test_files_are_written_the_same_way_each_time() -> None:
    """A difference in git is a difference in meaning."""
    for each in published():
        assert as_text(each.document) == (FOLDER / each.name).read_text(encoding="utf-8")
        assert json.loads(as_text(each.document)) == each.document
