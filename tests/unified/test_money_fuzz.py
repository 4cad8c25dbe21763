"""Payments and credits of any shape: a record that obeys its schema, or the one known error.

Wider than what `test_overlay` tries of every resource: it reaches into nested documents too.
"""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unified.books import NZ, PAIRS, finished, wire
from unified.resource import NormalizeError, Resource
from unified.resources import resource
from unified.shape import Read

MONEY = ("payment", "credit_note", "prepayment", "overpayment")
MONEY_PAIRS = [(name, pair) for name, pair, *_ in PAIRS if name in MONEY]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
    ),
    st.text(max_size=9),
    st.sampled_from(["ACCPAYCREDIT", "AROVERPAYMENT", "DELETED", "JPY", "/Date(0+1300)/", [], {}]),
    st.lists(st.dictionaries(st.sampled_from(["Amount", "PaymentID", "Invoice"]), st.none())),
)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways to everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for step, held in inside:
        yield (*way, step)
        if isinstance(held, dict | list):
            yield from places(held, (*way, step))


def changed(value: Any, way: tuple[Any, ...], to: Any) -> Any:
    """A copy of a JSON value with another one in a place."""
    if not way:
        return to
    step, *rest = way
    if isinstance(value, dict):
        return {**value, step: changed(value[step], tuple(rest), to)}
    return [changed(held, tuple(rest), to) if at == step else held for at, held in enumerate(value)]


def keeps_its_word(of: Resource, record: dict[str, Any]) -> None:
    """Assert what is true of every record, whatever Xero said."""
    of.model.model_validate(finished(of, record))
    of.linked(record)
    assert of.facts(record, record) == []
    assert of.changed_fields(record, record) == []


@given(st.sampled_from(MONEY_PAIRS), st.sampled_from(list(Read)), st.data())
def test_any_value_anywhere_gives_a_record_or_says_why_not(
    chosen: tuple[str, str], read: Read, data: st.DataObject
) -> None:
    """One bad payment is buried alone: nothing but the known error, and never half a record."""
    of, raw = resource(chosen[0]), wire(*chosen)
    for _ in range(2):
        way = data.draw(st.sampled_from(sorted(places(raw), key=str)))
        raw = changed(raw, way, data.draw(VALUES))
    try:
        seen = of.normalize(raw, NZ, read)
    except NormalizeError:
        return  # the one error that handlers know; any other fails here

    keeps_its_word(of, of.overlay(None, seen))


@given(st.sampled_from(MONEY_PAIRS), st.data())
def test_digests_changed_fields_and_facts_agree(
    chosen: tuple[str, str], data: st.DataObject
) -> None:
    """No event without a difference, no difference without one, and no fact without either."""
    of, raw = resource(chosen[0]), wire(*chosen)
    before = of.normalize(raw, NZ, Read.SINGLE).record
    way = data.draw(st.sampled_from(sorted(places(raw), key=str)))
    try:
        after = of.normalize(changed(raw, way, data.draw(VALUES)), NZ, Read.SINGLE).record
    except NormalizeError:
        return  # the one error that handlers know; any other fails here
    if after["remote_id"] != before["remote_id"]:
        return  # another thing
    moved = of.changed_fields(before, after)

    assert (of.fingerprint(before) == of.fingerprint(after)) is (not moved)
    assert (of.content_hash(before) == of.content_hash(after)) is (not moved)
    assert moved or not of.facts(before, after)


@given(st.sampled_from(MONEY_PAIRS), st.sets(st.integers(0, 40)))
def test_answer_that_leaves_keys_out_is_read(chosen: tuple[str, str], left_out: set[int]) -> None:
    """Xero leaves out what it has nothing to say about; laid over the known, nothing breaks."""
    of, raw = resource(chosen[0]), wire(*chosen)
    known = of.normalize(raw, NZ, Read.SINGLE).record
    keys = [key for at, key in enumerate(raw) if at not in left_out or key == of.endpoint.id_key]
    thin = of.normalize({key: raw[key] for key in keys}, NZ, Read.PAGED)

    keeps_its_word(of, of.overlay(known, thin))
