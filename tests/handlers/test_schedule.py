"""How long endpoints may wait for their next sweep."""

from datetime import timedelta
from math import isclose

import pytest

from handlers.schedule import (
    ALONE_OF_DAY,
    SHORTEST,
    SMOOTHING,
    USUAL,
    SweepShare,
    observed_rate,
    sweep_interval,
)
from unified.resource import Pace
from unified.resources import RESOURCES
from xero.tiers import TIERS, Tier

HOUR = timedelta(hours=1)


def test_intervals_are_proportional_to_one_over_the_root_of_the_rate() -> None:
    """That makes the sum of all waits least for the calls spent."""
    rates = {"busy": 16.0, "calm": 1.0}

    busy = sweep_interval("busy", rates, calls_per_day=100)
    calm = sweep_interval("calm", rates, calls_per_day=100)

    assert isclose(calm / busy, 4.0, rel_tol=1e-6)
    assert isclose(timedelta(days=1) / busy + timedelta(days=1) / calm, 100, rel_tol=1e-6)


def test_quiet_endpoints_share_alike() -> None:
    """One that never showed a change may still show one."""
    rates = {"never": 0.0, "hardly": USUAL.changes_per_hour / 2}

    assert sweep_interval("never", rates, calls_per_day=24) == 2 * HOUR


@pytest.mark.parametrize(("calls", "interval"), [(1, USUAL.longest), (1_000_000, SHORTEST)])
def test_interval_stays_between_its_bounds(calls: int, interval: timedelta) -> None:
    """However few or many calls there are."""
    assert sweep_interval("a", {"a": 1.0}, calls_per_day=calls) == interval


def test_what_hardly_ever_changes_waits_longer() -> None:
    """Calls go where changes are likely; and nothing is left alone for ever."""
    paces = {"rare": Pace(changes_per_hour=0.0001, longest=24 * HOUR)}
    rates = {"rare": 0.0, "usual": 0.0}
    rare = sweep_interval("rare", rates, calls_per_day=24, paces=paces)
    usual = sweep_interval("usual", rates, calls_per_day=24, paces=paces)

    assert isclose(rare / usual, 10.0, rel_tol=1e-6)
    assert sweep_interval("rare", rates, calls_per_day=2, paces=paces) == 24 * HOUR
    woken = {"rare": 1.0, "usual": 0.0}
    assert sweep_interval("rare", woken, calls_per_day=24, paces=paces) < rare


def test_a_quiet_day_of_everything_that_is_carried_costs_few_calls() -> None:
    """All that no webhook tells is looked for, within what was set aside for it."""
    paces = {each.endpoint.path: each.endpoint.pace for each in RESOURCES}
    rates = dict.fromkeys(paces, 0.0)
    share = SweepShare().calls_per_day
    calls = {
        path: HOUR * 24 / sweep_interval(path, rates, calls_per_day=share, paces=paces)
        for path in paces
    }

    assert sum(calls.values()) < share + 10
    assert calls["Currencies"] < calls["TaxRates"] < calls["Accounts"] < calls["Items"]
    children = {each.endpoint.path for each in RESOURCES if each.endpoint.children}
    assert min(called for path, called in calls.items() if path not in children) >= 1
    # What a list shows of a parent leads to its children at once; this is only the second look.
    assert min(calls[path] for path in children) * 7 >= 1


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.name)
def test_sweeps_alone_leave_calls_of_every_tiers_day(tier: Tier) -> None:
    """They find changes all day long, and reads through the api find calls left in the evening."""
    paces = {each.endpoint.path: each.endpoint.pace for each in RESOURCES}
    busy = dict.fromkeys(paces, 1.0)
    share = SweepShare.of_day(tier.calls_a_day).calls_per_day_alone

    calls = sum(
        HOUR * 24 / sweep_interval(path, busy, calls_per_day=share, paces=paces) for path in paces
    )

    assert calls < tier.calls_a_day * 0.7
    assert share == min(tier.calls_a_day * ALONE_OF_DAY, 1_500)


def test_rate_follows_what_sweeps_find() -> None:
    """Smoothly, so that one busy hour is not taken for a habit."""
    assert isclose(observed_rate(0.0, 10, HOUR), 10 * SMOOTHING)
    assert isclose(observed_rate(10.0, 0, HOUR), 10 * (1 - SMOOTHING))
    assert isclose(observed_rate(4.0, 2, HOUR / 2), 4.0)


def test_sweeps_in_one_instant_have_a_rate_all_the_same() -> None:
    """Time is never taken for nothing."""
    assert observed_rate(0.0, 1, timedelta(0)) == SMOOTHING * 3600
