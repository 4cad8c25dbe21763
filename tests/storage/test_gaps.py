"""Holes in Xero's event numbers: the arithmetic, and the account that is kept of them."""

import random
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from storage.database import Database
from storage.deliveries import store_deliveries
from storage.gaps import find_gaps, gaps_to_act_on, mark_acted
from storage.pruning import prune
from storage.sequence_gaps import Gap, Numbering, advanced
from tests.storage.makers import NOW, delivery

NO_WAIT = timedelta(0)


def _holes(numbers: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    after = advanced(Numbering(), [(first, last, NOW) for first, last in numbers])
    return sorted((gap.first, gap.last) for gap in after.gaps)


def test_numbers_in_a_row_have_no_gap() -> None:
    """The usual case, from wherever the numbering stands when we first hear of it."""
    assert _holes([(1207, 1208), (1209, 1209), (1210, 1300)]) == []


def test_missing_numbers_are_a_gap_until_they_come() -> None:
    """A hole opens, shrinks from any side, splits, and closes."""
    assert _holes([(1, 1), (10, 10)]) == [(2, 9)]
    assert _holes([(1, 1), (10, 10), (2, 3)]) == [(4, 9)]
    assert _holes([(1, 1), (10, 10), (8, 9)]) == [(2, 7)]
    assert _holes([(1, 1), (10, 10), (5, 6)]) == [(2, 4), (7, 9)]
    assert _holes([(1, 1), (10, 10), (5, 6), (2, 4), (7, 9)]) == []
    assert _holes([(1, 1), (10, 10), (2, 9)]) == []


def test_restarted_numbering_leaves_no_endless_gap() -> None:
    """A subscription made anew counts from 1 again: old holes are closed, new ones found."""
    assert _holes([(500, 500), (510, 510), (1, 1), (2, 3)]) == []
    assert _holes([(500, 500), (510, 510), (1, 1), (2, 3), (6, 6)]) == [(4, 5)]


def test_one_odd_delivery_is_no_restart() -> None:
    """Known events in another payload, or nonsense numbers, change nothing."""
    assert _holes([(1, 500), (7, 7), (501, 501), (8, 8), (502, 502)]) == []
    assert _holes([(1, 500), (9, 7), (501, 501)]) == []
    assert _holes([(1, 500), (499, 502), (503, 503)]) == []


@given(st.lists(st.integers(1, 4), min_size=2, max_size=30), st.randoms(), st.data())
def test_gaps_are_exactly_what_is_missing(
    sizes: list[int], rand: random.Random, data: st.DataObject
) -> None:
    """Deliveries that overtake each other by a few places: open holes are the lost numbers."""
    first, ranges = 1, []
    for size in sizes:
        ranges.append((first, first + size - 1))
        first += size
    lost = set(data.draw(st.lists(st.sampled_from(ranges[1:-1] or ranges[:0] or [(0, 0)]))))
    middle = [each for each in ranges[1:-1] if each not in lost]
    middle.sort(key=lambda each: each[0] + rand.uniform(0, 12))

    after = advanced(Numbering(), [(*each, NOW) for each in (ranges[0], *middle, ranges[-1])])

    missing = {n for first, last in lost if first for n in range(first, last + 1)}
    assert {n for gap in after.gaps for n in range(gap.first, gap.last + 1)} == missing


async def test_gap_is_kept_account_of(database: Database) -> None:
    """Open, act once, shrink without being acted upon again, close, prune."""
    await _receive(database, 1, ago_s=95)
    await _receive(database, 5, ago_s=90)

    (gap,) = await find_gaps(database, settled_after=NO_WAIT)
    assert (gap.first, gap.last) == (2, 4)
    assert await gaps_to_act_on(database, open_for=timedelta(minutes=5)) == []
    assert await gaps_to_act_on(database, open_for=timedelta(seconds=60)) == [gap]
    await mark_acted(database, [gap])
    assert await gaps_to_act_on(database, open_for=timedelta(seconds=60)) == []

    await _receive(database, 2)
    assert [(g.first, g.last) for g in await find_gaps(database, settled_after=NO_WAIT)] == [(3, 4)]
    assert await gaps_to_act_on(database, open_for=timedelta(seconds=60)) == []
    await _receive(database, 3)
    await _receive(database, 4)
    assert await find_gaps(database, settled_after=NO_WAIT) == []
    assert await database.fetchval(
        "SELECT count(*) FROM sequence_gap WHERE closed_at IS NULL"
    ) == 0  # fmt: skip
    await database.execute("UPDATE sequence_gap SET opened_at = opened_at - interval '32 days'")
    month = timedelta(days=30)
    assert (await prune(database, events=month, deliveries=month)).gaps > 0
    assert await database.fetchval("SELECT count(*) FROM sequence_gap") == 0


async def test_deliveries_still_settling_are_waited_for(database: Database) -> None:
    """A delivery just received may have an older sister that is still being stored."""
    await _receive(database, 1)
    await _receive(database, 3)

    assert await find_gaps(database) == []
    assert await database.fetchval("SELECT highest FROM sequence_mark") is None
    assert [g.first for g in await find_gaps(database, settled_after=NO_WAIT)] == [2]


async def test_repetitions_and_unreadable_deliveries_say_nothing(database: Database) -> None:
    """Numbers of repetitions were counted once; an unreadable body has none."""
    await _receive(database, 1)
    await _receive(database, 2)
    for _ in range(2):
        await _receive(database, 1)
        await _receive(database, 2)
    await store_deliveries(
        database,
        [delivery(number=9, unreadable=True, first_sequence=None, last_sequence=None)],
        now=NOW,
    )

    assert await find_gaps(database, settled_after=NO_WAIT) == []
    assert await database.fetchval("SELECT highest FROM sequence_mark") == 2


async def _receive(db: Database, number: int, *, ago_s: float = 0) -> None:
    at = await db.now() - timedelta(seconds=ago_s)
    await store_deliveries(db, [delivery(number=number, received_at=at)], now=NOW)


def test_gaps_sort_by_their_numbers() -> None:
    """Written in one order by everybody."""
    later = NOW + timedelta(seconds=1)
    assert sorted([Gap(5, 6, NOW), Gap(1, 2, later)]) == [Gap(1, 2, later), Gap(5, 6, NOW)]
