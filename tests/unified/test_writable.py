"""What may be sent of records: by the models that the engine checks with and the API describes."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel

from tests.unified.books import PAIRS, source, wire
from unified.history import WrittenNote
from unified.resources import KINDS, operations_of, source_of
from unified.writable import (
    changed_model,
    command_model,
    complaints,
    created_model,
    taken,
    writable_names,
)

CREATE, CHANGE = created_model("invoice"), changed_model("invoice")
CREATED = [each.name for each in KINDS if writable_names(each.name)]
#: What is made or removed, and never changed.
FINAL = {"batch_payment", "currency", "payment", "repeating_transaction"}
CHANGED = [each for each in CREATED if each not in FINAL]


@pytest.mark.parametrize(
    "model", [*map(created_model, CREATED), *map(changed_model, CHANGED)], ids=lambda m: m.__name__
)
def test_what_is_described_is_what_is_checked(model: type[BaseModel]) -> None:
    """A model's JSON Schema is sound, and takes nothing that it does not name."""
    schema = model.model_json_schema()

    jsonschema_rs.meta.validate(schema)
    assert schema["properties"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "pair", "context", "read"), [each for each in PAIRS if each[0] in CHANGED]
)
def test_what_was_read_may_be_sent_back(name: str, pair: str, context: Any, read: Any) -> None:
    """A caller may change one line of a document and send all of them as they were read."""
    resource, model = source(name, pair), changed_model(name)
    record = resource.normalize(wire(name, pair), context, read).record
    # Not its state, which Xero may have given, nor a word that we can't name.
    sent = {each: record[each] for each in model.model_fields if each in record}
    sent.pop("status", None)
    written = {each: value for each, value in sent.items() if value != "unknown"}

    assert complaints(model, written) == []


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"total": "1.00"}, ["/total"]),
        ({"line_items": [{"quantity": True}]}, ["/line_items/0/quantity"]),
        ({"line_items": [{"quantity": 1e300}]}, ["/line_items/0/quantity"]),
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
    assert sorted(path for path, _ in complaints(CHANGE, body)) == paths


def test_transfers_are_among_the_types_of_transactions() -> None:
    """A resource of several sources takes what any of them takes, and needs what all need."""
    model = created_model("transaction")
    needed = {"account": {"code": "090"}}

    for kind in ("spend", "receive", "transfer"):
        assert complaints(model, {**needed, "type": kind}) == []
    assert [path for path, _ in complaints(model, {**needed, "type": "gift"})] == ["/type"]
    assert [path for path, _ in complaints(model, {"type": "spend"})] == ["/account"]


def test_a_creation_needs_what_xero_needs() -> None:
    """What is missing is named as what is wrong is; null is as good as missing."""
    whole = {"type": "bill", "contact": {"remote_id": "x"}, "line_items": [{}]}

    assert complaints(CREATE, whole) == []
    assert [path for path, _ in complaints(CREATE, {**whole, "type": None})] == ["/type"]
    assert [path for path, _ in complaints(CREATE, {})] == ["/type", "/contact", "/line_items"]
    assert complaints(CHANGE, {}) == []


def test_what_is_written_once_is_not_changed() -> None:
    """A currency's code is chosen when it is added, and nothing else of it is there to change."""
    assert complaints(created_model("currency"), {"code": "EUR"}) == []
    with pytest.raises(LookupError):
        changed_model("currency")


def test_commands_take_bounded_bodies() -> None:
    """What is sent with a command keeps to the same bounds, and what it needs has to be there."""
    [allocate] = [
        each.body
        for each in operations_of(source_of("credit_note", "CreditNotes"))
        if each.name == "allocate"
    ]
    assert allocate is not None
    model = command_model(allocate)
    whole = {"target": {"remote_id": "x"}, "amount": "1.00", "date": "2026-11-03"}

    assert complaints(model, whole) == []
    assert [path for path, _ in complaints(model, {**whole, "amount": "1" * 30})] == ["/amount"]
    assert "/more" in [path for path, _ in complaints(model, {**whole, "more": 1})]


def test_what_a_command_needs_is_not_empty() -> None:
    """A note without a word is refused by what describes it, not later."""
    model = command_model(WrittenNote)

    assert complaints(model, {"details": "Called them"}) == []
    assert [path for path, _ in complaints(model, {"details": ""})] == ["/details"]
    assert model.model_json_schema()["properties"]["details"]["minLength"] == 1


def test_nothing_is_written_of_what_xero_only_tells() -> None:
    """Neither company, users, budgets and reports, nor credits that come about by themselves."""
    for name in ("company_info", "user", "budget", "report", "overpayment"):
        assert writable_names(name) == frozenset()
        with pytest.raises(LookupError):
            created_model(name)


def test_models_are_made_once() -> None:
    """Checking a body costs no building of models."""
    assert created_model("invoice") is CREATE


def test_decimals_may_be_sent_as_numbers() -> None:
    """They count as the texts of these numbers, without an exponent; nothing is added."""
    lines = [{"quantity": 1.5, "unit_price": 100, "discount_percent": 1e-7}]

    assert taken(CHANGE, {"line_items": lines, "exchange_rate_to_base": 0.1}) == {
        "line_items": [{"quantity": "1.5", "unit_price": "100", "discount_percent": "0.0000001"}],
        "exchange_rate_to_base": "0.1",
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"contacts": None}, "there is no such field to write here; did you mean contact?"),
        ({"line_items": [{"unit_pric": "1"}]}, "did you mean unit_price?"),
        ({"contact": {"remote": "x"}}, "did you mean remote_id?"),
    ],
)
def test_misspelt_fields_are_told_what_may_be_meant(body: dict[str, Any], said: str) -> None:
    """Whoever mistypes a name is shown the one that is there."""
    [(_, sentence)] = complaints(CHANGE, body)

    assert sentence.endswith(said)


@pytest.mark.parametrize("number", [1e15, -1e15, 999_999_999_999_999.9, 1e-16, 0.1, -0.0, 10**15])
def test_numbers_up_to_the_largest_become_texts(number: float) -> None:
    """However many digits a number has on both sides, it is taken, and counts as it was sent."""
    sent = {"line_items": [{"quantity": number}]}

    text = taken(CHANGE, sent)["line_items"][0]["quantity"]
    assert Decimal(text) == Decimal(repr(number))


def test_whole_numbers_are_whole_however_they_are_written() -> None:
    """JSON has one kind of number, and some clients write all of them with a point."""
    assert complaints(CHANGE, {"line_items": [{"line_number": 2.0}]}) == []
    assert complaints(CHANGE, {"line_items": [{"line_number": 2.5}]}) != []
