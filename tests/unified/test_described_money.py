"""Xero's own description of payments and credits, where it lies beside the project: nothing of it
is unknown to our tables, and its examples become records. Skipped by name where it does not.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.unified.books import NZ, finished
from unified.resource import Resource
from unified.resources import resource
from unified.shape import Read

REFERENCE = Path(__file__).parents[3] / "shared/reference"
DESCRIPTION = REFERENCE / "openapi/xero_accounting.yaml"
EXAMPLES = REFERENCE / "examples"
MONEY = ("payment", "credit_note", "prepayment", "overpayment")
WHAT = "Xero's description is not beside the project"

_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def described(of: Resource) -> set[str]:
    """The keys of one kind of thing in the description: only its part of it is read."""
    name = of.endpoint.id_key.removesuffix("ID")
    text = DESCRIPTION.read_text(encoding="utf-8")
    part = re.search(rf"\n    {name}:\n((?:      .*\n|\n)+)", text[text.index("\n  schemas:\n") :])
    assert part is not None
    return set(yaml.safe_load(part[1])["properties"])


def news(of: Resource, key: str) -> bool:
    """Whether a key is one that its table neither reads nor leaves alone on purpose."""
    raw = {key: None, of.endpoint.id_key: "x"}
    return any(each.kind == "field" for each in of.normalize(raw, NZ, Read.SINGLE).drift)


def examples(of: Resource) -> Iterator[dict[str, Any]]:
    """Its things in all answers of the examples."""
    for path in sorted(EXAMPLES.glob("*.json")):
        answers = _DECODER.decode(path.read_bytes()).get("responseExamples") or {}
        for answer in answers.values():
            things = answer.get(of.endpoint.item_key) if isinstance(answer, dict) else None
            yield from (each for each in things or () if isinstance(each, dict))


@pytest.mark.skipif(not DESCRIPTION.exists(), reason=WHAT)
@pytest.mark.parametrize("name", MONEY)
def test_every_described_key_is_known(name: str) -> None:
    """A key that we neither map nor leave alone on purpose would be counted as news for ever."""
    of = resource(name)

    assert {key for key in described(of) if news(of, key)} == set()
    assert news(of, "TideTable")


@pytest.mark.skipif(not EXAMPLES.exists(), reason=WHAT)
@pytest.mark.parametrize("name", MONEY)
def test_examples_become_records(name: str) -> None:
    """Whole and valid, with nothing in them that is news."""
    of, count = resource(name), 0
    for raw in examples(of):
        if raw.get(of.endpoint.id_key) is None:
            continue  # a stub inside an answer about something else
        seen = of.normalize(raw, NZ, Read.SINGLE)
        record = finished(of, of.overlay(None, seen))
        of.model.model_validate(record)
        assert not seen.drift
        assert record["status"] not in {None, "unknown"}
        count += 1

    assert count >= 2
