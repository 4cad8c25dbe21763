"""Whatever leaves the books is announced, and nothing that still exists: random histories.

A history that goes wrong is named by its seed, with what happened in it and how to play it again.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import structlog

from tests.figures import Figure
from tests.handlers.answers import NOW
from tests.removals.history import History, Wrong
from tests.removals.lending import lent_database
from tests.removals.world import world
from unified.clock import ManualClock

ONLY = "LEDGERWIRE_TEST_REMOVALS"  #: such as `17`, or `1-10000`: play these instead
AT_ONCE = 50  #: histories in one simulator, which keeps their books
EACH_S = 10  #: more than a history takes on a busy machine; alone about half a second


def seeds(usual: range) -> range:
    """Those that are played."""
    first, _, last = os.environ.get(ONLY, "").partition("-")
    return range(int(first), int(last or first) + 1) if first else usual


async def play(seed: int, history: History) -> int:
    """One history; how many removals were announced in it, each of them true."""
    try:
        await history.play()
    except Wrong as wrong:
        raise AssertionError(
            f"seed {seed}: {wrong}\n{', '.join(history.told)}\n"
            f"Again: {ONLY}={seed} pytest tests/removals -k announced"
        ) from wrong
    return history.removals


@contextmanager
def unlogged(played: Sequence[int]) -> Iterator[None]:
    """Nothing is logged where more than one is played: that costs as much as a database does."""
    usual = structlog.get_config()
    if len(played) > 1:
        silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=silent)
    try:
        yield
    finally:
        structlog.configure(**usual)


async def play_all(url: str, played: Sequence[int], figure: Figure) -> None:
    """One after the other."""
    removals, clock = 0, ManualClock(NOW)
    async with lent_database(url) as db:
        for start in range(0, len(played), AT_ONCE):
            async with world(db, clock) as shared:
                with unlogged(played):
                    for seed in played[start : start + AT_ONCE]:
                        removals += await play(seed, History(seed, shared))
    figure(f"{len(played)} random histories of removals: {removals} removals, each of them true")
    assert removals >= len(played) or len(played) == 1


@pytest.mark.timeout(120 + EACH_S * len(seeds(range(1, 13))))
async def test_what_is_announced_as_removed_is_gone(database_url: str, figure: Figure) -> None:
    """Hard deletes, status, merges, aged drafts, disconnections and erasures, among lists that
    lack what is there, single reads that answer 404 for it, failing calls and lost webhooks."""
    await play_all(database_url, seeds(range(1, 13)), figure)


@pytest.mark.proof
@pytest.mark.timeout(120 + EACH_S * 200)
async def test_so_it_is_in_many_histories(database_url: str, figure: Figure) -> None:
    """The same for two hundred others; the flag of the test above plays any number."""
    await play_all(database_url, range(13, 213), figure)
