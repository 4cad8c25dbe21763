"""The models against the reference: every field of its tables is there, or a decision says why not.

The reference is no part of this repository: `XERO_REFERENCE` names the folder that holds
`reference/unified-models.md`, or a folder `shared` beside the repository does. The tests skip by
name where it is not.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.published import shared
from unified.resource import Resource
from unified.resources import KINDS, resource
from unified.schemas.writing import record_document

DECISIONS = Path(__file__).parent.parent.parent / "docs" / "decisions"
#: The chapter of each resource in the reference's first part; those with several have several.
CHAPTERS = {
    3: ("account",),
    4: ("attachment",),
    5: ("budget",),
    6: ("company_info",),
    7: ("contact_group",),
    8: ("contact",),
    9: ("credit_note",),
    10: ("currency",),
    11: ("employee",),
    12: ("invoice",),
    13: ("item",),
    14: ("journal_entry",),
    15: ("payment",),
    16: ("purchase_order",),
    17: ("repeating_transaction",),
    18: ("report",),
    19: ("tax_rate",),
    20: ("tracking_category",),
    21: ("transaction",),
    22: ("user",),
}
LINED = ("invoice", "credit_note", "purchase_order", "transaction", "repeating_transaction",
         "prepayment", "overpayment")  # fmt: skip

_TOKEN = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_LEFT_OUT = re.compile(r"^\| `([a-z_]+|\*)` \| ((?:`[^`]+`(?:, )?)+) \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the fields that it names, as paths, and what it says of their parts."""

    names: tuple[str, ...]
    money: bool
    parts: tuple[str, ...]


@cache
def reference() -> str:
    """The reference's first part."""
    text = shared("unified-models.md").read_text(encoding="utf-8")
    return text.partition("# Part 2.")[0]


def chapter(number: int) -> str:
    """The text of one chapter."""
    found = re.search(rf"^## 1\.{number} .*?(?=^## 1\.|\Z)", reference(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no chapter 1.{number}"
    return found[0]


def rows(text: str) -> list[Row]:
    """The lines of every table of unified fields in a text."""
    found = []
    within = False
    for line in text.splitlines():
        if not line.startswith("|"):
            within = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if cells[0].strip() in {"Unified field", "Concept"}:
            within = cells[0].strip() == "Unified field"
        elif within and not set(cells[0]) <= set("- |"):
            found.append(Row(names_in(cells[0]), "money block" in cells[0], parts_in(cells)))
    return found


def names_in(cell: str) -> tuple[str, ...]:
    """The fields that a cell names: `a.b`, `.c` is a.b and a.c; `x_one`, `_two` is x_one, x_two."""
    names: list[str] = []
    for token in _TOKEN.findall(cell):
        if token.startswith("."):
            names.append(names[-1].rpartition(".")[0] + token)
        elif token.startswith("_"):
            names.append(names[-1].rpartition("_")[0] + token)
        elif "*" not in token:
            names.append(token)
    return tuple(names)


def parts_in(cells: list[str]) -> tuple[str, ...]:
    """What the type of a field lists in braces, where it is a plain list of names."""
    braces = re.search(r"\{([^{}]*)\}", cells[1]) if len(cells) > 1 else None
    if braces is None or "tree" in cells[1]:
        return ()
    words = [part.strip().split(" ")[0].rstrip("?:") for part in braces[1].split(",")]
    return tuple(word for word in words if _NAME.match(word))


def wanted(name: str) -> Iterator[str]:
    """Every path that the reference has for a resource."""
    for number, names in CHAPTERS.items():
        if name not in names:
            continue
        for row in rows(chapter(number)):
            for path in row.names:
                yield path.removesuffix("[]")
                yield from (f"{path}.{part}" for part in row.parts)
            if row.money:
                yield from (path for money in rows(money_table()) for path in money.names)
    if name in LINED:
        for row in rows(line_table()):
            yield from (f"line_items[].{path}" for path in row.names)


def money_table() -> str:
    """The part of chapter 1.2 on amounts."""
    return chapter(2).partition("### Line item")[0]


def line_table() -> str:
    """The part of chapter 1.2 on lines."""
    return chapter(2).partition("### Line item")[2].partition("### Address")[0]


def common_table() -> str:
    """The part of chapter 1.1 on what every resource has."""
    return chapter(1).partition("### Common block")[2]


class Model:
    """The fields of a resource's schema, by path."""

    def __init__(self, kind: Resource) -> None:
        self._document = record_document(kind)

    def has(self, path: str) -> bool:
        """Whether there is such a field, plainly or among the provider's own."""
        steps = path.replace("[]", "").split(".")
        return self._follows(self._document, steps) or self._follows(
            self._document, ["extensions", "xero", *steps]
        )

    def _follows(self, schema: Mapping[str, Any], steps: list[str]) -> bool:
        if not steps:
            return True
        return any(
            steps[0] in held.get("properties", {})
            and self._follows(held["properties"][steps[0]], steps[1:])
            for held in self._objects(schema)
        )

    def _objects(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if "properties" in schema:
            yield schema
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            yield from self._objects(self._document["$defs"][name])
        for each in schema.get("anyOf", ()):
            yield from self._objects(each)
        if "items" in schema:
            yield from self._objects(schema["items"])


@cache
def left_out() -> Mapping[tuple[str, str], str]:
    """Why a resource lacks a field, from the tables of our decisions; "*" stands for all."""
    return {
        (name, path): reason
        for decision in sorted(DECISIONS.glob("*.md"))
        for name, paths, reason in _LEFT_OUT.findall(decision.read_text(encoding="utf-8"))
        for path in _TOKEN.findall(paths)
    }


def missing(kind: Resource, paths: Iterator[str]) -> list[str]:
    """The paths that the model lacks and no decision leaves out."""
    model = Model(kind)
    return sorted(
        {
            path
            for path in paths
            if not model.has(path) and not {(kind.name, path), ("*", path)} & left_out().keys()
        }
    )


@pytest.mark.parametrize("name", [name for names in CHAPTERS.values() for name in names])
def test_model_has_every_field_of_the_reference(name: str) -> None:
    """Whoever migrates by the reference finds each field, or the reason for its absence."""
    assert missing(resource(name), wanted(name)) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
def test_model_has_the_common_block(kind: Resource) -> None:
    """What every record begins with."""
    paths = (path for row in rows(common_table()) for path in row.names)

    assert missing(kind, paths) == []


def test_no_decision_leaves_out_what_is_there() -> None:
    """A reason for the absence of a field that is there would mislead."""
    reference()
    models = {kind.name: Model(kind) for kind in KINDS}
    idle = [
        (name, path)
        for name, path in left_out()
        if (name in models and models[name].has(path))
        or (name == "*" and all(model.has(path) for model in models.values()))
    ]  # fmt: skip

    assert idle == []


def test_tables_are_read_as_people_read_them() -> None:
    """The comparison would pass on anything if it found no fields."""
    assert {"name", "roles", "sales_defaults", "purchase_defaults"} <= set(wanted("contact"))
    assert "contact_persons[].include_in_emails" in set(wanted("contact"))
    assert "fiscal_year_end_day" in set(wanted("company_info"))
    assert "default_tax_mode.purchases" in set(wanted("company_info"))
    assert {"subtotal", "line_items[].unit_price", "amount_due"} <= set(wanted("invoice"))
    assert "lines[].periods[].notes" in set(wanted("budget"))
    assert missing(resource("invoice"), iter(["total", "no_such_field"])) == ["no_such_field"]
    assert sum(len(list(wanted(name))) for names in CHAPTERS.values() for name in names) > 400


def test_every_resource_with_a_chapter_is_compared() -> None:
    """A twenty-first chapter would need a twenty-first line here."""
    chapters = {
        int(number) for number in re.findall(r"^## 1\.(\d+) .*\(`/", reference(), re.MULTILINE)
    }

    assert chapters == set(CHAPTERS)
