"""What each failure costs: a wait, an attempt, or the thing's life."""

from datetime import timedelta

import pytest

from handlers.retry import (
    MAX_ATTEMPTS,
    OUTAGES_TOGETHER,
    Bury,
    Retry,
    Snooze,
    decide,
    may_be_spoilt,
)
from unified.ids import TenantId
from xero.errors import (
    AccessTokenRefused,
    AppRefused,
    PayloadRefused,
    RateLimited,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)

TENANT = TenantId("t")


def seconds(value: float) -> timedelta:
    """So long."""
    return timedelta(seconds=value)


@pytest.mark.parametrize("problem", ["minute", "day", "appminute", "concurrent", "unknown"])
@pytest.mark.parametrize("batched", [True, False])
def test_spent_limit_costs_time_but_no_attempt(problem: str, batched: bool) -> None:
    """However often Xero says 429, nothing is ever buried for it."""
    error = RateLimited(TENANT, problem, 37.0)

    assert decide(error, attempts=999, outages=999, batched=batched, jitter=0.5) == Snooze(
        seconds(37)
    )


@pytest.mark.parametrize(("jitter", "wait_s"), [(0.0, 0.5), (1.0, 1.5)])
def test_short_waits_are_spread(jitter: float, wait_s: float) -> None:
    """Too many calls at once must not all come again at once."""
    error = RateLimited(TENANT, "concurrent", 0.25)

    assert decide(error, attempts=1, outages=1, batched=False, jitter=jitter) == Snooze(
        seconds(wait_s)
    )


@pytest.mark.parametrize(
    "error", [XeroUnreachable("x", status=503, retry_after_s=60.0), AppRefused("invalid_client")]
)
def test_whoever_says_when_is_believed(error: XeroError) -> None:
    """A 503 with Retry-After, or settings that a person must mend."""
    result = decide(error, attempts=MAX_ATTEMPTS, outages=9, batched=True, jitter=0.0)

    assert result == Snooze(seconds(error.retry_after_s or 0))


@pytest.mark.parametrize(
    ("outages", "wait_s"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (500, 300)]
)
@pytest.mark.parametrize("error", [XeroUnreachable("x"), AccessTokenRefused("x")])
def test_outage_is_lived_through(error: XeroError, outages: int, wait_s: float) -> None:
    """Ever less often, together as before, at no attempt, and never buried."""
    longest = decide(error, attempts=MAX_ATTEMPTS, outages=outages, batched=True, jitter=1.0)
    shortest = decide(error, attempts=MAX_ATTEMPTS, outages=outages, batched=True, jitter=0.0)

    assert longest == Snooze(seconds(wait_s), outage=True)
    assert shortest == Snooze(seconds(wait_s / 2), outage=True)


def test_batch_that_one_thing_spoils_is_taken_apart_at_once() -> None:
    """At no attempt: that one may be read as soon as Xero is mended."""
    error = XeroUnreachable("x", status=500)

    result = decide(error, attempts=1, outages=9, batched=True, jitter=1.0, spoilt=True)

    assert result == Snooze(timedelta(0), outage=True, alone=True)


@pytest.mark.parametrize(
    ("status", "may"), [(500, True), (502, False), (503, False), (None, False)]
)
def test_only_what_breaks_again_and_again_may_be_spoilt(status: int | None, may: bool) -> None:
    """Of an answer that never came, or of Xero's gateway, one thing is not the reason."""
    error = XeroUnreachable("x", status=status)

    assert may_be_spoilt(error, outages=OUTAGES_TOGETHER) == may
    assert not may_be_spoilt(error, outages=OUTAGES_TOGETHER - 1)


def test_waits_of_refusals_know_nothing_of_the_outage_before() -> None:
    """It is the first refusal, however long Xero was away."""
    error = PayloadRefused(400)

    result = decide(error, attempts=1, outages=500, batched=False, jitter=1.0)

    assert result == Retry(seconds(1), alone=True)


@pytest.mark.parametrize("error", [PayloadRefused(400), ResourceMissing("x")])
def test_refused_batch_is_taken_apart_at_once(error: XeroError) -> None:
    """One bad thing fails them all; alone it can only fail itself."""
    result = decide(error, attempts=1, outages=1, batched=True, jitter=1.0)

    assert result == Retry(timedelta(0), alone=True)


def test_batch_that_could_not_be_read_gets_a_second_chance() -> None:
    """Mostly it was cut short on its way."""
    error = UndecodableAnswer("truncated", "x")

    first = decide(error, attempts=1, outages=1, batched=True, jitter=1.0)
    second = decide(error, attempts=2, outages=1, batched=True, jitter=1.0)

    assert first == Retry(seconds(1), alone=False)
    assert second == Retry(timedelta(0), alone=True)


@pytest.mark.parametrize("error", [ScopeMissing("x"), TenantRefused(TENANT)])
def test_refusal_that_meets_all_alike_does_not_take_a_batch_apart(error: XeroError) -> None:
    """Forty refusals would cost forty calls."""
    result = decide(error, attempts=2, outages=1, batched=True, jitter=1.0)

    assert result == Retry(seconds(2), alone=False)


@pytest.mark.parametrize("error", [PayloadRefused(400), UndecodableAnswer("shape", "x")])
def test_what_fails_alone_is_tried_again_and_then_buried(error: XeroError) -> None:
    """Visible, and not repeated for ever."""
    before = decide(error, attempts=MAX_ATTEMPTS - 1, outages=1, batched=False, jitter=1.0)
    last = decide(error, attempts=MAX_ATTEMPTS, outages=1, batched=False, jitter=1.0)

    assert before == Retry(seconds(16), alone=True)
    assert last == Bury(type(error).__name__, f"{MAX_ATTEMPTS} attempts, the last: {error}")


def test_error_nobody_foresaw_is_tried_again_and_then_buried() -> None:
    """It is never dropped."""
    error = RuntimeError("odd")

    assert decide(error, attempts=1, outages=1, batched=False, jitter=1.0) == Retry(
        seconds(1), alone=True
    )
    assert isinstance(
        decide(error, attempts=MAX_ATTEMPTS, outages=1, batched=True, jitter=1.0), Bury
    )
