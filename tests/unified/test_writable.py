"""What may be sent of records: by the models that the engine checks with and the API describes."""

from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel

from tests.unified.books import PAIRS, source, wire
from unified.resources import KINDS
from unified.writable import complaints, sent_model, writable_names

INVOICE = sent_model("invoice")
WRITTEN = [each.name for each in KINDS if writable_names(each.name)]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_described_is_what_is_checked(name: str) -> None:
    """The model's JSON Schema is sound, and names just the fields that the resource writes."""
    schema = sent_model(name).model_json_schema()

    jsonschema_rs.meta.validate(schema)
    assert set(schema["properties"]) == writable_names(name)
    assert not schema["additionalProperties"]


@pytest.mark.parametrize(("name", "pair", "context", "read"), PAIRS)
def test_what_was_read_may_be_sent_back(name: str, pair: str, context: Any, read: Any) -> None:
    """A caller may change one line of a document and send all of them as they were read."""
    resource = source(name, pair)
    record = resource.normalize(wire(name, pair), context, read).record
    model = sent_model(name)
    # Not its state, which Xero may have given, nor a word that we can't name.
    sent = {each: record[each] for each in writable_names(name) - {"status"}}
    written = {each: value for each, value in sent.items() if value != "unknown"}

    assert complaints(model, written) == []


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"total": "1.00"}, ["/total"]),
        ({"line_items": [{"quantity": 1}]}, ["/line_items/0/quantity"]),
        ({"line_items": [{}, {"tax_rate": {"id": "no"}}]}, ["/line_items/1/tax_rate/id"]),
        ({"line_items": [{"tracking": [{"colour": {}}]}]}, ["/line_items/0/tracking/0/colour"]),
        ({"status": "paid"}, ["/status"]),
        ({"issue_date": "2026-02-30"}, ["/issue_date"]),
        ({"line_items": 3, "is_sent": "x"}, ["/is_sent", "/line_items"]),
        ({"reference": "a\x00b"}, ["/reference"]),
        ({"reference": "x" * 4_001}, ["/reference"]),
        ({"line_items": [{}] * 1_001}, ["/line_items"]),
        ({"line_items": [{"quantity": "٣"}]}, ["/line_items/0/quantity"]),
        ({"exchange_rate_to_base": "1e3"}, ["/exchange_rate_to_base"]),
        ([], [""]),
        (None, [""]),
    ],
)
def test_what_may_not_be_sent_is_named_by_its_place(body: Any, paths: list[str]) -> None:
    """Each wrong value has a JSON pointer into the body, so that a form can show it there."""
    assert sorted(path for path, _ in complaints(INVOICE, body)) == paths


def test_transfers_are_among_the_types_of_transactions() -> None:
    """A resource of several sources takes what any of them takes."""
    model = sent_model("transaction")

    for kind in ("spend", "receive", "transfer"):
        assert complaints(model, {"type": kind}) == []
    assert complaints(model, {"type": "gift"}) != []


def test_nothing_is_written_of_what_xero_only_tells() -> None:
    """Company, users, budgets and reports have no fields to send."""
    for name in ("company_info", "user", "budget", "report"):
        assert writable_names(name) == frozenset()


def test_models_are_made_once() -> None:
    """Checking a body costs no building of models."""
    assert sent_model("invoice") is INVOICE
    assert issubclass(INVOICE, BaseModel)
