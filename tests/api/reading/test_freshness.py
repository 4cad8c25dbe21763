"""How fresh the mirror is said to be: never fresher than was proven."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.problems import Problem
from api.reading.freshness import TELLING, freshness_of, staleness_s
from storage.freshness import MOST_NOTICES, MirrorState, SourceState

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
SWEPT = NOW - timedelta(hours=3)
HEARD = NOW - timedelta(minutes=1)
INVOICES = SourceState(
    endpoint="Invoices", since=SWEPT, swept_at=SWEPT, backfilled=True, unsupported_reason=None,
    waiting=0, waiting_since=None, dead=False, gap_at=None, told=True,
)  # fmt: skip
STATE = MirrorState("linked", None, 1, HEARD, silent=False, sources=(INVOICES,))


def _as_of(source: SourceState = INVOICES, **changes: object) -> datetime | None:
    state = replace(STATE, sources=(source,), **changes)  # type: ignore[arg-type]  # by name
    return freshness_of(state, now=NOW).as_of


def test_webhooks_prove_what_was_stamped_some_minutes_before_the_newest() -> None:
    """Their numbers have no hole up to it, and what was stamped then has been told by now."""
    assert _as_of() == HEARD - TELLING


@pytest.mark.parametrize(
    "changes",
    [
        {"heard_at": None},
        {"silent": True},
        {"heard_at": SWEPT},
        {"state": "needs_reauth"},
    ],
)
def test_without_living_webhooks_sweeps_alone_prove(changes: dict[str, object]) -> None:
    """None heard, none for long, or dead; none are read for an organisation that left."""
    assert _as_of(INVOICES, **changes) == SWEPT


def test_what_webhooks_do_not_tell_is_proven_by_its_own_sweeps() -> None:
    """However lively webhooks of others are."""
    assert _as_of(replace(INVOICES, told=False)) == SWEPT


def test_a_hole_in_the_numbers_ends_what_webhooks_prove() -> None:
    """What went missing may have been about anything, since it was noticed to be missing."""
    hole = NOW - timedelta(hours=1)
    assert _as_of(replace(INVOICES, gap_at=hole)) == hole - TELLING
    assert _as_of(replace(INVOICES, gap_at=SWEPT + TELLING / 2)) == SWEPT


def test_a_notice_that_waits_says_that_something_is_older() -> None:
    """As of its own time; of too many, nobody knows the oldest."""
    since = NOW - timedelta(minutes=30)
    assert _as_of(replace(INVOICES, waiting=1, waiting_since=since)) == since
    newer = replace(INVOICES, waiting=1, waiting_since=NOW)
    assert _as_of(newer) == HEARD - TELLING
    many = replace(INVOICES, waiting=MOST_NOTICES, waiting_since=since)
    assert _as_of(many) == SWEPT


def test_several_sources_are_as_fresh_as_the_stalest() -> None:
    """One that was never read makes it unknown, and the answer partial."""
    bank = replace(INVOICES, endpoint="BankTransactions", told=False)
    transfers = replace(bank, endpoint="BankTransfers", since=SWEPT - timedelta(hours=9))
    state = replace(STATE, sources=(bank, transfers))
    found = freshness_of(state, now=NOW)
    assert (found.as_of, found.is_partial(None)) == (transfers.since, False)
    unread = replace(transfers, backfilled=False)
    found = freshness_of(replace(state, sources=(bank, unread)), now=NOW)
    assert (found.as_of, found.is_partial(None)) == (None, True)
    assert [each.code for each in found.warnings] == ["backfill_not_complete"]


def test_what_xero_refuses_is_a_warning_while_something_else_is_read() -> None:
    """What was read before it was refused is still shown; what never was is a problem; what
    belongs to other regions is worth no word."""
    manual = replace(INVOICES, endpoint="ManualJournals")
    journals = replace(INVOICES, endpoint="Journals", backfilled=False, unsupported_reason="no")
    found = freshness_of(replace(STATE, sources=(manual, journals)), now=NOW)
    assert [(each.code, each.endpoint) for each in found.warnings] == [
        ("capability_unavailable", "Journals")
    ]
    assert not found.is_partial(None)
    with pytest.raises(Problem, match="Journals: no") as caught:
        freshness_of(replace(STATE, sources=(journals,)), now=NOW)
    assert caught.value.code == "capability_unavailable"
    lost = replace(journals, backfilled=True, told=False)
    assert freshness_of(replace(STATE, sources=(lost,)), now=NOW).as_of == SWEPT
    home = replace(INVOICES, endpoint="PayrollAU/Employees")
    abroad = replace(journals, endpoint="PayrollUK/Employees")
    found = freshness_of(replace(STATE, sources=(home, abroad)), now=NOW)
    assert found.warnings == ()


def test_seconds_are_rounded_up_and_never_below_nothing() -> None:
    """A clock that was set back makes nothing younger than now."""
    assert staleness_s(NOW - timedelta(milliseconds=1), NOW) == 1
    assert staleness_s(NOW + timedelta(hours=1), NOW) == 0
    assert staleness_s(None, NOW) is None
