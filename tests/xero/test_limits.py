"""Call limits: reading headers, and places for calls in flight."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.xero.doubles import TENANT
from unified.ids import TenantId
from xero.limits import ConcurrentCalls, Limits, problem_of, retry_after, wait_of
from xero.turns import on_behalf_of


def test_limits_read_what_is_there() -> None:
    """/connections sends one of the three headers only."""
    headers = httpx.Headers({"X-AppMinLimit-Remaining": "9938", "X-DayLimit-Remaining": "n/a"})

    assert Limits(app_minute_remaining=9938) == Limits.from_headers(headers)


@pytest.mark.parametrize("text", ["99999999999999", "9" * 5000])
def test_count_beyond_reason_still_fits_where_it_is_kept(text: str) -> None:
    """A number of unlimited calls must not make each call of the tenant fail."""
    told = Limits.from_headers(httpx.Headers({"X-DayLimit-Remaining": text}))

    assert told.day_remaining is not None
    assert 5_000 < told.day_remaining < 2**31


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("minute", "minute"),
        ("Day", "day"),
        ("app-minute", "appminute"),
        ("concurrent", "concurrent"),
        ("weekly", "unknown"),
        ("", "unknown"),
    ],
)
def test_problem_is_compared_loosely(word: str, problem: str) -> None:
    """Documentation spells the words in more than one way, and may add new ones."""
    assert problem == problem_of(httpx.Headers({"X-Rate-Limit-Problem": word}))


@pytest.mark.parametrize(("text", "seconds"), [("22", 22.0), ("0", 1.0), ("999999", 86400.0)])
def test_retry_after_stays_within_a_day(text: str, seconds: float) -> None:
    """Neither a hot loop nor a tenant that sleeps for a week."""
    assert seconds == retry_after(httpx.Headers({"Retry-After": text}))


@pytest.mark.parametrize(
    ("problem", "seconds"), [("minute", 60.0), ("day", 3600.0), ("unknown", 15.0)]
)
def test_missing_retry_after_has_a_default_by_problem(problem: str, seconds: float) -> None:
    """Retry-After is promised for minute and day, and not always kept."""
    assert seconds == wait_of(httpx.Headers(), problem)


def test_concurrent_waits_a_short_moment_that_differs() -> None:
    """All calls of a tenant that woke in the same moment would collide again."""
    least = wait_of(httpx.Headers(), "concurrent", lambda: 0.0)
    most = wait_of(httpx.Headers(), "concurrent", lambda: 1.0)

    assert (least, most) == (0.25, 1.0)


async def _hold(stack: AsyncExitStack, calls: ConcurrentCalls, *purposes: str) -> None:
    for purpose in purposes:
        await stack.enter_async_context(calls.place(TENANT, purpose))


async def test_handlers_borrow_the_idle_place_of_the_api_and_no_more() -> None:
    """Xero allows five calls in flight; an idle share should not go to waste."""
    calls = ConcurrentCalls()
    async with AsyncExitStack() as stack:
        await _hold(stack, calls, *["handlers"] * 5)
        sixth = asyncio.create_task(_enter_and_leave(calls, "handlers"))
        await asyncio.sleep(0)

        assert calls.in_flight(TENANT) == 5
        assert not sixth.done()

    await sixth
    assert calls.in_flight(TENANT) == 0


async def test_callers_leave_the_handlers_one_place() -> None:
    """A caller may read its answer slowly, and hold its place as long; work must go on."""
    calls = ConcurrentCalls()
    async with AsyncExitStack() as stack:
        await _hold(stack, calls, *["api"] * 4)
        fifth = asyncio.create_task(_enter_and_leave(calls, "api"))
        await asyncio.sleep(0)

        assert not fifth.done()
        async with asyncio.timeout(1), calls.place(TENANT, "handlers"):
            assert calls.in_flight(TENANT) == 5

    await fifth


async def test_callers_get_places_in_turn() -> None:
    """Who has asked for many waits behind who asks for one."""
    calls, order = ConcurrentCalls(lending=False), list[str]()

    async def ask(name: str) -> None:
        with on_behalf_of(name):
            async with calls.place(TENANT, "api"):
                order.append(name)

    async with calls.place(TENANT, "api"):
        asked = [asyncio.create_task(ask(name)) for name in ("loud",) * 3 + ("quiet",) * 2]
        await asyncio.sleep(0)
    await asyncio.gather(*asked)

    assert order == ["loud", "quiet", "loud", "quiet", "loud"]


async def test_a_freed_place_goes_first_to_who_is_below_its_share() -> None:
    """A person who waits at the api must not queue behind a backfill."""
    calls = ConcurrentCalls()
    order: list[str] = []
    async with AsyncExitStack() as others:
        await _hold(others, calls, *["handlers"] * 4)
        async with calls.place(TENANT, "sweep"):
            waiting = [
                asyncio.create_task(_enter_and_leave(calls, purpose, order))
                for purpose in ("handlers", "handlers", "api")
            ]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    assert order[0] == "api"


async def test_without_lending_each_keeps_to_its_share() -> None:
    """Processes that see one another's calls nowhere must add up to five."""
    calls = ConcurrentCalls(lending=False)
    async with AsyncExitStack() as stack:
        await _hold(stack, calls, *["handlers"] * 4, "api")
        fifth = asyncio.create_task(_enter_and_leave(calls, "handlers"))
        await asyncio.sleep(0)

        assert not fifth.done()

    await fifth


async def test_one_tenants_calls_leave_another_tenants_places_alone() -> None:
    """The limit is per tenant, and so is the harm."""
    calls = ConcurrentCalls()
    async with AsyncExitStack() as stack:
        await _hold(stack, calls, *["handlers"] * 5)

        async with asyncio.timeout(1), calls.place(TenantId("other"), "handlers"):
            assert calls.in_flight(TenantId("other")) == 1


async def test_cancelled_waiter_gives_its_place_on() -> None:
    """A caller that goes away while it waits must not take a place with it."""
    calls = ConcurrentCalls()
    async with AsyncExitStack() as stack:
        await _hold(stack, calls, *["handlers"] * 5)
        gone = asyncio.create_task(_enter_and_leave(calls, "handlers"))
        stays = asyncio.create_task(_enter_and_leave(calls, "handlers"))
        await asyncio.sleep(0)
        gone.cancel()

    await stays
    assert gone.cancelled() or gone.cancelling()
    assert calls.in_flight(TENANT) == 0


async def test_waiter_cancelled_in_the_moment_it_is_granted_gives_its_place_on() -> None:
    """The place was granted, but nobody is there to give it back."""
    calls = ConcurrentCalls()
    async with AsyncExitStack() as stack:
        await _hold(stack, calls, *["handlers"] * 5)
        gone = asyncio.create_task(_enter_and_leave(calls, "handlers"))
        await asyncio.sleep(0)
        await stack.aclose()
        gone.cancel()
        await asyncio.wait([gone])

    assert calls.in_flight(TENANT) == 0


async def _enter_and_leave(
    calls: ConcurrentCalls, purpose: str, order: list[str] | None = None
) -> None:
    async with calls.place(TENANT, purpose):
        if order is not None:
            order.append(purpose)
