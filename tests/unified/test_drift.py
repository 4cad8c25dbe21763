"""Whatever Xero adds or garbles: nothing crashes, nothing is lost, and what is new is counted.

`PROOF_MUTATIONS` says how many objects the proof changes (10,000).
"""

import json
import os
from contextlib import suppress
from random import Random
from typing import Any

import msgspec
import pytest

from tests.figures import Figure
from tests.unified.books import finished
from tests.unified.drift import (
    NEW_KEY,
    NEW_WORD,
    Specimen,
    damaged,
    has_examples,
    specimens,
    told,
    with_new_key,
    with_value,
    words,
)
from unified.codecs import Choice
from unified.entries import Field, keys_of
from unified.resource import DenormalizeError, Normalized, NormalizeError, Resource
from unified.resources import KINDS, RESOURCES

MUTATIONS = int(os.environ.get("PROOF_MUTATIONS", "10000"))
FEW = 1_500
UNKNOWN = '"unknown"'  #: what an open enum says for a word that we do not know
SPECIMENS = specimens()

Raw = dict[str, Any]


def read(specimen: Specimen, raw: Raw) -> Normalized:
    """The object as its source reads it."""
    return specimen.source.normalize(raw, specimen.context, specimen.read)


def read_or_not(specimen: Specimen, raw: Raw) -> Normalized | NormalizeError:
    """The object as its source reads it, or why it can't be read."""
    try:
        return read(specimen, raw)
    except NormalizeError as refusal:
        return refusal


def use(specimen: Specimen, fresh: Normalized) -> None:
    """Everything that is done with a record until it is published, and written back."""
    source = specimen.source
    known = read(specimen, specimen.raw)
    before = finished(source, source.overlay(None, known))
    after = finished(source, source.overlay(before, fresh), version=2)
    source.model.model_validate(after)
    changed = source.changed_fields(before, after)
    assert (source.fingerprint(before) == source.fingerprint(after)) is (changed == [])
    source.change_class(changed)
    source.facts(before, after)
    source.facts(after, before)
    source.linked(after)
    source.removal(after)
    source.next_timer(after)
    if specimen.context.business_date is not None:
        source.at_date(after, specimen.context.business_date)
    msgspec.json.encode(after)
    with suppress(DenormalizeError):
        source.denormalize(after)


def with_key(number: int) -> None:
    """One object with a key of tomorrow: the same record, the key counted, the raw JSON whole."""
    random = Random(number)  # noqa: S311  # a seed, no secret
    specimen = random.choice(SPECIMENS)
    raw, outermost = with_new_key(specimen, random)
    kept = json.dumps(raw, default=str)

    fresh, known = read(specimen, raw), read(specimen, specimen.raw)

    assert fresh.record == known.record, told(raw)
    assert json.dumps(raw, default=str) == kept
    counted = [drift for drift in fresh.drift if drift not in known.drift]
    if outermost:
        assert [drift.path.partition(".")[2] for drift in counted] == [NEW_KEY], told(raw)


def with_word(number: int) -> None:
    """One object with a word of tomorrow: read all the same, and the word itself still there."""
    random = Random(number)  # noqa: S311  # a seed, no secret
    specimen = random.choice(SPECIMENS)
    there = words(specimen)
    if not there:
        return
    raw = with_value(specimen.raw, random.choice(there), NEW_WORD)
    fresh = read_or_not(specimen, raw)
    if isinstance(fresh, NormalizeError):
        assert fresh.reason == "not a currency", told(raw)  # decision 3: better none than a wrong
        return

    now, before = json.dumps(fresh.record), json.dumps(read(specimen, specimen.raw).record)
    if now.count(UNKNOWN) > before.count(UNKNOWN):
        assert NEW_WORD in now, told(raw)
        assert NEW_WORD in [drift.value for drift in fresh.drift], told(raw)
    use(specimen, fresh)


def with_damage(number: int) -> bool:
    """One garbled object: refused with its place and without its value, or read into a record
    that keeps to its schema and can be used. Returns whether it was read."""
    random = Random(number)  # noqa: S311  # a seed, no secret
    specimen = random.choice(SPECIMENS)
    raw = damaged(specimen, random)
    fresh = read_or_not(specimen, raw)
    if isinstance(fresh, NormalizeError):
        assert fresh.resource == specimen.source.name
        assert len(str(fresh)) < 400
        return False
    try:
        use(specimen, fresh)
    except Exception as error:
        raise AssertionError(f"{number}: {specimen.name}: {told(raw)}") from error
    return True


def test_keys_of_tomorrow_pass_and_are_counted() -> None:
    """Xero adds fields without a word; no consumer may notice, and a metric must."""
    for number in range(FEW):
        with_key(number)


def test_words_of_tomorrow_pass_and_are_kept() -> None:
    """An enum grows: ours says "unknown", and Xero's own word stands beside it."""
    for number in range(FEW):
        with_word(number)


def test_garbled_objects_are_refused_or_read_and_never_crash() -> None:
    """A crash would stop a page; a record that breaks its schema would stop consumers."""
    read_all_the_same = sum(map(with_damage, range(FEW)))

    assert FEW / 10 < read_all_the_same < FEW


@pytest.mark.proof
@pytest.mark.timeout(3_600)
def test_thousands_of_mutations_harm_nothing(figure: Figure) -> None:
    """PROOF_MUTATIONS objects (10,000), each changed in one of the three ways."""
    refused = 0
    for number in range(FEW, FEW + MUTATIONS):
        way = number % 3
        if way == 0:
            with_key(number)
        elif way == 1:
            with_word(number)
        else:
            refused += not with_damage(number)
    origin = "Xero's examples and golden pairs" if has_examples() else "golden pairs"
    figure(f"drift: {MUTATIONS} mutations of {len(SPECIMENS)} objects ({origin}): no crash, no "
           f"loss; {refused} garbled ones refused")  # fmt: skip


def test_every_resource_is_among_what_is_changed() -> None:
    """A resource without a specimen would only look immune."""
    assert {each.source.name for each in SPECIMENS} == {kind.name for kind in KINDS}


@pytest.mark.parametrize("source", RESOURCES, ids=lambda each: each.endpoint.path)
def test_unknown_status_keeps_its_word(source: Resource) -> None:
    """The most likely new word of all, wherever Xero has a status."""
    status = next((each for each in source.entries if each.name == "status"), None)
    if not isinstance(status, Field) or not isinstance(status.codec, Choice):
        return  # we work it out, and no word of Xero's is in it
    mine = [each for each in SPECIMENS if each.source is source and status.xero in each.raw]
    assert mine
    for specimen in mine:
        [key] = keys_of(status)
        fresh = read(specimen, with_value(specimen.raw, (key,), NEW_WORD))

        assert (fresh.record["status"], fresh.record["remote_status"]) == ("unknown", NEW_WORD)
        assert NEW_WORD in [drift.value for drift in fresh.drift]
