"""The consumer kit: reading records tolerantly, and taking each change once."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kit import Change, Key, Unreadable, Version, each_once, read_event, read_state
from tests.crm.feed import EPOCH, erased, invoice, missing, moment

KEY = Key("t", "invoice", "i")


def change(epoch: int, sequence: int, key: Key = KEY) -> Change:
    """Return a change at this version."""
    return Change(key, Version(epoch, sequence), {})


def test_event_is_read_with_what_newer_producers_add() -> None:
    """Unknown fields, letters and facts pass; a consumer outlives its producer's changes."""
    sent = moment(invoice(), 7)
    value = json.dumps({**json.loads(sent.event), "op": "x"}).encode()

    read = read_event(sent.key, value)

    assert (Version(EPOCH, 7), "x", frozenset({"invoice.something_new"})) == (
        read.version,
        read.op,
        read.facts,
    )
    assert read.record is not None
    assert read.record["number"] == "INV-0001"


def test_event_and_state_of_one_change_say_the_same() -> None:
    """Whoever reads the state topic and whoever reads events reach the same end."""
    for sent in (moment(invoice(), 3), missing(invoice(), 3), erased(invoice(), 3)):
        state = None if sent.state is None else json.dumps(sent.state).encode()

        from_event = read_event(sent.key, sent.event)
        from_state = read_state(sent.key, state, sent.headers)

        assert (from_event.key, from_event.version) == (from_state.key, from_state.version)
        assert (from_event.record is None) == (from_state.record is None) == (sent.state is None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"a:b:c", None),
        (b"a:b:c", b"{"),
        (b"a:b:c", b"\xff"),
        (b"a:b:c", b"[]"),
        (b"a:b:c", b"{}"),
        (b"a:b:c", b'{"epoch": "one", "sequence": 1, "after": {}}'),
        (b"a:b:c", b'{"epoch": 1, "sequence": null, "after": {}}'),
        (b"a:b:c", b'{"epoch": 1, "sequence": 1, "after": "text"}'),
        (b"a:b", b'{"epoch": 1, "sequence": 1, "after": {}}'),
        (b"\xff:b:c", b'{"epoch": 1, "sequence": 1, "after": {}}'),
        (None, b'{"epoch": 1, "sequence": 1, "after": {}}'),
    ],
)
def test_unreadable_event_is_named_so(key: bytes | None, value: bytes | None) -> None:
    """Whatever is wrong with a record, the reader learns it by one kind of error."""
    with pytest.raises(Unreadable):
        read_event(key, value)


@pytest.mark.parametrize("header", [b"", b"1", b"1.", b"one.two", b"\xff.1"])
def test_state_without_a_version_is_unreadable(header: bytes) -> None:
    """A state that cannot be placed in its history must not overtake one that can."""
    with pytest.raises(Unreadable):
        read_state(b"a:b:c", b"{}", [("ce_entityseq", header)])


def test_repetitions_and_latecomers_are_passed_over() -> None:
    """Only what lies above the highest version seen is a change; an epoch outranks a sequence."""
    known = {KEY: Version(1, 2)}
    arriving = [change(1, 1), change(1, 2), change(1, 3), change(1, 3), change(2, 1), change(1, 4)]

    taken = [c.version for c in each_once(arriving, known)]

    assert [Version(1, 3), Version(2, 1)] == taken
    assert {KEY: Version(2, 1)} == known


@given(st.data())
def test_each_change_is_taken_exactly_once_however_often_it_comes(data: st.DataObject) -> None:
    """At least once and in order per key, repeated from any earlier point, gives exactly once."""
    keys = [Key("t", "invoice", name) for name in "ab"]
    log = [change(1, n, key) for key, n in itertools.product(keys, range(1, 6))]
    starts = data.draw(st.lists(st.integers(0, len(log) - 1), max_size=5))
    arriving = log + [c for start in starts for c in log[start:]]
    known: dict[Key, Version] = {}

    taken = list(each_once(arriving, known))

    assert log == taken
