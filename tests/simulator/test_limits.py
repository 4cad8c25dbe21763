"""The four limits, exactly, with their headers and refusals."""

import asyncio
from datetime import UTC, datetime

import pytest

from simulator.limits import APP_MINUTE, Exceeded, Limits
from tests.simulator.callers import TurnedClock
from tests.simulator.conftest import Link


@pytest.mark.behaviour(
    "Limits and tiers",
    "60 calls a minute and organisation, with countdown and Retry-After",
)
async def test_sixty_a_minute_then_429_until_the_first_is_a_minute_old(
    link: Link, clock: TurnedClock
) -> None:
    """Headers count down; the refusal names the limit and the wait."""
    caller = await link()
    first = await caller.get("Organisation")
    clock.turn(seconds=20)
    for _ in range(59):
        last = await caller.get("Organisation")

    refused = await caller.get("Organisation")
    clock.turn(seconds=40)
    after = await caller.get("Organisation")

    assert first.headers["x-minlimit-remaining"] == "59"
    assert last.headers["x-minlimit-remaining"] == "0"
    assert refused.status_code == 429
    assert refused.headers["x-rate-limit-problem"] == "minute"
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["x-minlimit-remaining"] == "0"
    assert refused.headers["x-daylimit-remaining"] == "4940"
    assert after.status_code == 200


@pytest.mark.behaviour("Limits and tiers", "5 calls in flight; the sixth is refused without a time")
async def test_five_at_a_time(link: Link) -> None:
    """The sixth concurrent call is refused and told no time."""
    caller = await link(latency_s=(0.3, 0.3))

    answers = await asyncio.gather(*(caller.get("Organisation") for _ in range(6)))

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 1
    assert refused[0].headers["x-rate-limit-problem"] == "concurrent"
    assert "retry-after" not in refused[0].headers
    assert (await caller.get("Organisation")).status_code == 200


@pytest.mark.behaviour(
    "Limits and tiers",
    "the day is a fixed window whose hour differs by organisation",
)
def test_day_window_is_fixed_and_differs_per_tenant() -> None:
    """Calls come back at the organisation's own hour."""
    clock = TurnedClock()
    limits = Limits(clock, day_limit=2)
    assert [limits.enter("app", "t") for _ in range(2)] == [None, None]

    refused = limits.enter("app", "t")
    assert refused is not None
    ends = limits.day_ends("t")
    clock.at = ends

    assert refused == Exceeded(
        "day", int((ends - datetime(2026, 3, 10, 2, 30, tzinfo=UTC)).total_seconds())
    )
    assert limits.enter("app", "t") is None
    assert len({limits.day_ends(str(n)).hour for n in range(50)}) > 5


@pytest.mark.behaviour("Limits and tiers", "10,000 calls a minute for the whole app")
def test_app_minute_spans_all_tenants() -> None:
    """10,000 calls of one app, whoever they are for."""
    limits = Limits(TurnedClock(), day_limit=5000)
    for number in range(APP_MINUTE):
        assert limits.enter("app", f"t{number // 50}") is None
        limits.leave("app", f"t{number // 50}")

    assert limits.enter("app", "new") == Exceeded("appminute", 60)
    assert limits.enter("other app", "new") is None
    assert limits.app_headers("app") == {"X-AppMinLimit-Remaining": "0"}


@pytest.mark.behaviour("Limits and tiers", "refused calls use nothing up")
def test_refused_calls_use_nothing_up() -> None:
    """Whoever hammers on is let in as soon as one who waits."""
    clock = TurnedClock()
    limits = Limits(clock, day_limit=5000)
    for _ in range(60):
        limits.enter("app", "t")
        limits.leave("app", "t")
    clock.turn(seconds=59)

    assert all(limits.enter("app", "t") == Exceeded("minute", 1) for _ in range(100))
    clock.turn(seconds=1)
    assert limits.enter("app", "t") is None


@pytest.mark.behaviour("Limits and tiers", "1,000 calls a day on Starter, 5,000 above")
async def test_tier_decides_the_day_and_limits_can_be_off(link: Link) -> None:
    """1,000 calls a day on Starter; no_limits refuses nobody."""
    starter = await link(tier="starter")
    free = await link(no_limits=True)

    answers = [await free.get("Organisation") for _ in range(70)]

    assert (await starter.get("Organisation")).headers["x-daylimit-remaining"] == "999"
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.behaviour("Limits and tiers", "calls, bytes and refusals are counted by organisation")
async def test_calls_bytes_and_refusals_are_counted_per_tenant(link: Link) -> None:
    """The bill forecast and the tests of thrift read these."""
    caller = await link()
    size = len((await caller.get("Organisation")).content)
    await caller.control("faults", {"calls": [{"kind": "limit", "problem": "day"}]})
    await caller.get("Organisation")

    stats = await caller.control("stats")

    counted = stats["tenants"][caller.tenant_id]
    assert (counted["calls"], counted["bytes"], counted["refused"]) == (2, size, 1)
