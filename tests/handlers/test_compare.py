"""What one answer means against what is known: every verdict, and who may finish a notice."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from handlers.compare import (
    STALE_WAITS_S,
    Comparison,
    Seen,
    Verdict,
    answers,
    compare,
    is_created,
    is_too_early,
    stale_wait,
)
from storage.records import KnownRecord
from tests.handlers.answers import INVOICE, NOW, TODAY, raw_contact, raw_invoice, seen_of
from tests.handlers.notices import notice
from tests.unified.books import NZ
from unified.resource import Resource
from unified.resources import resource
from unified.shape import Read

SECOND = timedelta(seconds=1)
CHANGED: dict[str, Any] = {"Reference": "another job"}


def known_as(seen: Seen, of: Resource = INVOICE) -> KnownRecord:
    """The mirror's row after this answer was absorbed."""
    record = of.overlay(None, seen.normalized)
    return KnownRecord(
        remote_id=seen.normalized.remote_id,
        unified=record,
        fingerprint=of.fingerprint(record),
        sequence=1,
        completeness=seen.normalized.completeness,
        updated_at=seen.normalized.updated_at,
        asked_at=seen.asked_at,
        answered_at=seen.answered_at,
        first_seen_at=NOW,
        changed_at=NOW,
        is_deleted=False,
        endpoint=of.endpoint.path,
    )


def judged(
    known: Seen, fresh: Seen, *, of: Resource = INVOICE, today: date | None = TODAY
) -> Comparison:
    """The verdict over an answer after another one."""
    return compare(of, known_as(known, of), fresh, today=today)


def seen(
    at: datetime | None = NOW, *, asked: datetime = NOW, answered: datetime = NOW, **changes: Any
) -> Seen:
    """An invoice as answered, stamped `at`."""
    return seen_of(INVOICE, raw_invoice(at=at, **changes), NZ, asked_at=asked, answered_at=answered)


def test_unknown_is_new() -> None:
    """Whatever its times."""
    assert compare(INVOICE, None, seen(), today=TODAY).verdict is Verdict.NEW


def test_equal_content_is_the_same_whenever_it_was_asked() -> None:
    """A confirmation, even by an answer that overlapped."""
    assert judged(seen(), seen(asked=NOW - SECOND)).verdict is Verdict.SAME


def test_equal_content_with_a_newer_stamp_is_the_same() -> None:
    """A stamp alone is no change; it is kept, though."""
    result = judged(seen(), seen(NOW + SECOND))

    assert result.verdict is Verdict.SAME
    assert result.record["updated_at"] != known_as(seen()).unified["updated_at"]


def test_lower_stamp_is_older_whatever_it_says() -> None:
    """A slow answer, overtaken by a newer one."""
    fresh = seen(NOW - SECOND, asked=NOW + SECOND, answered=NOW + SECOND, **CHANGED)

    result = judged(seen(), fresh)

    assert result.verdict is Verdict.OLDER
    assert result.record["reference"] != "another job"


def test_newer_stamp_is_a_change_even_if_asked_before() -> None:
    """The stamp is Xero's own order."""
    fresh = seen(NOW + SECOND, asked=NOW - SECOND, **CHANGED)

    result = judged(seen(), fresh)

    assert result.verdict is Verdict.CHANGED
    assert result.record["reference"] == "another job"


@pytest.mark.parametrize("at", [NOW, None])
def test_same_or_no_stamp_is_a_change_only_if_asked_after_the_answer(at: datetime | None) -> None:
    """Nothing else can tell which of two is newer."""
    later, meanwhile = NOW + timedelta(microseconds=1), NOW

    after = judged(seen(), seen(at, asked=later, answered=later, **CHANGED))
    overlapping = judged(seen(), seen(at, asked=meanwhile, answered=later, **CHANGED))

    assert after.verdict is Verdict.CHANGED
    assert overlapping.verdict is Verdict.AMBIGUOUS
    assert overlapping.record["reference"] != "another job"


def test_unstamped_known_is_judged_by_when_it_was_asked() -> None:
    """As for the organisation itself, which has no stamp."""
    fresh = seen(NOW, asked=NOW, **CHANGED)

    assert judged(seen(None), fresh).verdict is Verdict.AMBIGUOUS


def test_thin_answer_that_adds_nothing_is_the_same() -> None:
    """A list without lines does not take the lines away."""
    thin = seen_of(
        INVOICE, raw_invoice(LineItems=...), NZ, read=Read.UNPAGED, asked_at=NOW + SECOND
    )

    result = judged(seen(), thin)

    assert result.verdict is Verdict.SAME
    assert result.record["line_items"]
    assert result.record["completeness"] == "full"


def test_names_inside_references_and_balances_are_no_change() -> None:
    """They move without the thing having changed, and are kept all the same."""
    contact = resource("contact")
    old = seen_of(contact, raw_contact(), NZ)
    balances = {"AccountsReceivable": {"Outstanding": 9, "Overdue": 9}}
    new = seen_of(contact, raw_contact(Balances=balances), NZ, asked_at=NOW + SECOND)

    result = judged(old, new, of=contact)

    assert result.verdict is Verdict.SAME
    assert result.record["balances"]["receivable"]["outstanding"] == "9.00"


def test_change_after_midnight_is_as_of_the_new_day() -> None:
    """The answer may have been normalized before a midnight that has passed since."""
    fresh = seen(NOW + SECOND, **CHANGED)

    late = judged(seen(), fresh, today=date(2026, 11, 21))
    unknown = judged(seen(), fresh, today=None)

    assert late.record["timing"] == "overdue"
    assert unknown.record["timing"] == "not_due"


@pytest.mark.parametrize("asked", [NOW, NOW + SECOND])
def test_what_the_calendar_alone_moved_is_left_to_the_clock(asked: datetime) -> None:
    """It has the true cause and the true instant, and has just not come so far."""
    result = judged(seen(), seen(asked=asked, answered=asked), today=date(2026, 11, 21))

    assert result.verdict is Verdict.SAME
    assert result.record["timing"] == "not_due"


@pytest.mark.parametrize(("version", "may"), [(6, True), (7, True), (8, False)])
def test_only_a_read_asked_after_the_hint_answers_it(version: int, may: bool) -> None:
    """A hint that came while the request was under way is about something newer, perhaps."""
    assert answers(INVOICE, notice(version=version), replace(seen(), mark=7)) is may


@pytest.mark.parametrize(("read", "may"), [(Read.UNPAGED, False), (Read.SINGLE, True)])
def test_list_of_heads_answers_nobody(read: Read, may: bool) -> None:
    """What was asked for is what it does not show."""
    shown = replace(seen(), mark=7, raw_read=read)
    assert answers(resource("contact_group"), notice(version=7), shown) is may


@pytest.mark.parametrize(
    ("changes", "behind_s", "early"),
    [
        ({}, 2.0, False),  # a record is stamped a little before its event
        ({}, 2.001, True),
        ({"stale_reads": 2}, 60.0, True),
        ({"stale_reads": 3}, 60.0, False),  # waited long enough: believed
        ({"hinted_at": None}, 60.0, False),
    ],
)
def test_read_older_than_its_hint_is_too_early(
    changes: dict[str, Any], behind_s: float, early: bool
) -> None:
    """Xero may announce a change before its reads show it."""
    stamped = NOW - timedelta(seconds=behind_s)

    assert is_too_early(notice(**changes), stamped) is early


def test_thing_without_stamp_is_never_too_early() -> None:
    """There is nothing to compare the hint with."""
    assert not is_too_early(notice(), None)


def test_waits_of_reads_that_came_too_early() -> None:
    """1, 5 and 30 seconds."""
    waits = [stale_wait(notice(stale_reads=n)).total_seconds() for n in range(3)]

    assert waits == [1, 5, 30] == list(STALE_WAITS_S)


@pytest.mark.parametrize(
    ("hint", "created_at", "complete", "created"),
    [
        (True, None, False, True),
        (False, NOW + SECOND, False, True),
        (False, NOW, False, False),
        (False, None, True, True),
        (False, None, False, False),
    ],
)
def test_created_or_merely_observed(
    hint: bool, created_at: datetime | None, complete: bool, created: bool
) -> None:
    """First sight is not creation."""
    result = is_created(
        created_hint=hint, created_at=created_at, linked_at=NOW, backfill_complete=complete
    )

    assert result is created


HEADED = replace(INVOICE, endpoint=replace(INVOICE.endpoint, detail=True))


def listed(known: Seen | None, fresh: Seen, read: Read) -> Verdict:
    """The verdict over an answer of this kind, of an endpoint whose lists carry headers only."""
    before = None if known is None else known_as(known, HEADED)
    return compare(HEADED, before, replace(fresh, raw_read=read.value), today=TODAY).verdict


@pytest.mark.parametrize("read", [Read.PAGED, Read.UNPAGED])
def test_headers_say_that_something_moved_and_not_to_what(read: Read) -> None:
    """New or changed in a list: it is read by itself, and only that is believed."""
    moved = seen(NOW + SECOND, **CHANGED)

    assert listed(None, seen(), read) is Verdict.AMBIGUOUS
    assert listed(seen(), moved, read) is Verdict.AMBIGUOUS
    assert listed(seen(), seen(), read) is Verdict.SAME
    assert listed(seen(), seen(NOW - SECOND, **CHANGED), read) is Verdict.OLDER


@pytest.mark.parametrize("read", [Read.SINGLE, Read.WRITE])
def test_answer_about_one_thing_is_believed_where_lists_are_not(read: Read) -> None:
    """That of a write too: a group that was deleted is shown nowhere else any more."""
    moved = seen(NOW + SECOND, **CHANGED)

    assert listed(None, seen(), read) is Verdict.NEW
    assert listed(seen(), moved, read) is Verdict.CHANGED
