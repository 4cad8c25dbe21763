"""The call budget: the arithmetic, the rows, and that races never grant too much."""

import asyncio
from datetime import date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.call_budget import (
    NOTHING_KEPT,
    AppBudget,
    Granted,
    Kept,
    Refused,
    TenantBudget,
    Wish,
    grant,
)
from storage.calls import (
    Usage,
    block_calls,
    learn_limits,
    meter,
    reserve_calls,
    usage_of,
    usage_totals,
)
from storage.database import Database
from storage.errors import UnknownTenant
from tests.storage.makers import NOW, link, new_tenant_id
from unified.codecs import instant_text

S = timedelta(seconds=1)
HOUR = timedelta(hours=1)
APP = AppBudget.full(NOW)


def _asked(
    budget: TenantBudget, *, want: int = 5, now: datetime = NOW, kept: Kept = NOTHING_KEPT,
    app: AppBudget = APP, for_api: bool = False,
) -> Granted | Refused:  # fmt: skip
    return grant(budget, app, Wish(calls=want, for_api=for_api), kept=kept, now=now)


def test_bucket_grants_what_it_holds() -> None:
    """Whole calls only, never more than wanted, and an empty bucket says when it holds one."""
    assert _asked(TenantBudget(6, NOW)) == Granted(5)
    assert _asked(TenantBudget(2.9, NOW)) == Granted(2)
    assert _asked(TenantBudget(0.25, NOW)) == Refused(NOW + 0.75 * S, "minute")
    assert _asked(TenantBudget(0, NOW), now=NOW + 3 * S) == Granted(3)
    assert _asked(TenantBudget(0, NOW), now=NOW + HOUR, want=9) == Granted(6)


def test_bucket_filled_in_the_future_waits_until_then() -> None:
    """After Xero said that the minute is spent nothing flows in for a while."""
    assert _asked(TenantBudget(0, NOW + 5 * S)) == Refused(NOW + 6 * S, "minute")


def test_block_goes_before_everything() -> None:
    """A 429 closes the bucket until its end, the app's closes every tenant's."""
    assert _asked(TenantBudget(6, NOW, blocked_until=NOW + S, blocked_by="day")) == Refused(
        NOW + S, "day"
    )
    assert _asked(TenantBudget(6, NOW, blocked_until=NOW, blocked_by="day")) == Granted(5)
    closed = AppBudget(1_000, NOW, blocked_until=NOW + S)
    assert _asked(TenantBudget(6, NOW), app=closed) == Refused(NOW + S, "appminute")


def test_app_limit_binds_all_tenants() -> None:
    """10,000 calls a minute over all tenants: an empty app bucket refuses, a low one shares."""
    assert _asked(TenantBudget(6, NOW), app=AppBudget(2, NOW)) == Granted(2)
    refused = _asked(TenantBudget(6, NOW), app=AppBudget(0, NOW))
    assert isinstance(refused, Refused)
    assert (refused.by, NOW < refused.until < NOW + S) == ("appminute", True)
    assert 1_000 + 60 * 150 <= 10_000


def test_last_calls_of_a_day_are_left_to_the_other_side_but_probed() -> None:
    """Of the day's calls some are kept for each side; every quarter of an hour one call looks
    whether the tenant's day has begun anew, since nobody tells when it does. They go one by one,
    for what is reserved and not used would count as used."""
    kept = Kept(api=100, handlers=40)
    ample = TenantBudget(6, NOW, day_remaining=145, limits_at=NOW)
    near = TenantBudget(6, NOW, day_remaining=144, limits_at=NOW)
    low = TenantBudget(6, NOW, day_remaining=102, limits_at=NOW)
    spent = TenantBudget(6, NOW, day_remaining=100, limits_at=NOW)
    later = NOW + 15 * 60 * S

    assert _asked(ample, kept=kept) == Granted(5)
    assert _asked(near, kept=kept) == _asked(low, kept=kept) == Granted(1)
    assert _asked(spent, kept=kept) == Refused(later, "day")
    assert _asked(spent, kept=kept, for_api=True) == Granted(1)
    assert _asked(spent, kept=kept, now=later) == Granted(1)
    nothing = TenantBudget(6, NOW, day_remaining=40, limits_at=NOW)
    assert _asked(nothing, kept=kept, for_api=True) == Refused(later, "day")
    assert _asked(nothing) == Granted(5)


@given(
    greedy=st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=80),
    kept=st.builds(Kept, api=st.integers(0, 20), handlers=st.integers(0, 20)),
    left=st.integers(0, 80),
)
def test_each_side_finds_what_is_kept_for_it(
    greedy: list[tuple[bool, int]], kept: Kept, left: int
) -> None:
    """Whatever the other side took before, in whatever order: as much as the day began with."""
    finds = {True: min(kept.api, left), False: min(kept.handlers, left)}
    if left < kept.both:  # a day that begins so is shared by who comes first
        return
    used, taken = Kept(), {True: 0, False: 0}
    for for_api, want in greedy:
        budget = TenantBudget(6, NOW, day_remaining=left, limits_at=NOW, used=used)
        decision = _asked(budget, want=want, kept=kept, for_api=for_api)
        if isinstance(decision, Granted):
            used = kept.used_after(used, left, decision.calls, by_api=for_api)
            left -= decision.calls
            taken[for_api] += decision.calls
    for for_api in (True, False):
        while True:
            budget = TenantBudget(6, NOW, day_remaining=left, limits_at=NOW, used=used)
            decision = _asked(budget, kept=kept, for_api=for_api)
            if isinstance(decision, Refused):
                break
            used = kept.used_after(used, left, decision.calls, by_api=for_api)
            left -= decision.calls
            taken[for_api] += decision.calls

    assert left == 0
    assert all(taken[side] >= finds[side] for side in (True, False))


async def test_what_is_kept_is_counted_in_the_tenants_row(database: Database) -> None:
    """Over all processes; a new day begins with all of it."""
    tenant_id = await link(database)
    kept = Kept(api=3, handlers=2)
    api, handlers = Wish(calls=1, for_api=True), Wish(calls=5)

    async def ask(wish: Wish, minutes: int) -> Granted | Refused:
        now = NOW + timedelta(minutes=minutes)
        return await reserve_calls(database, tenant_id, wish, now=now, kept=kept)

    await learn_limits(database, tenant_id, day_remaining=6, now=NOW)
    told = [await ask(wish, n) for n, wish in enumerate([*[handlers] * 4, *[api] * 4])]
    await learn_limits(database, tenant_id, day_remaining=900, now=NOW + 8 * 60 * S)
    fresh = await ask(handlers, 9)

    spent = Refused(NOW + 15 * 60 * S, "day")
    assert told == [*[Granted(1)] * 3, spent, *[Granted(1)] * 3, spent]
    assert fresh == Granted(5)
    used = await database.fetchrow("SELECT kept_used_api, kept_used_handlers FROM tenant")
    assert used is not None
    assert tuple(used) == (0, 0)


async def test_reserving_empties_the_bucket(database: Database) -> None:
    """Six calls at once, then one a second of business time."""
    tenant_id = await link(database)

    told = [
        await reserve_calls(database, tenant_id, Wish(calls=want), now=now)
        for want, now in [(5, NOW), (5, NOW), (1, NOW), (5, NOW + 2.5 * S)]
    ]

    assert told == [Granted(5), Granted(1), Refused(NOW + S, "minute"), Granted(2)]
    with pytest.raises(UnknownTenant):
        await reserve_calls(database, new_tenant_id(), Wish(calls=1), now=NOW)


async def test_races_never_grant_more_than_the_bucket(database: Database) -> None:
    """Processes that reserve at the same instant share six calls, not six each."""
    tenant_id = await link(database)

    told = await asyncio.gather(
        *(reserve_calls(database, tenant_id, Wish(calls=2), now=NOW) for _ in range(8))
    )

    assert sum(each.calls for each in told if isinstance(each, Granted)) == 6


async def test_no_minute_ever_has_more_than_its_calls(database: Database) -> None:
    """Greedy reserving over five minutes, with Xero's headers fed back, stays within 60 calls
    in any minute."""
    tenant_id = await link(database)
    calls: list[datetime] = []
    now = NOW
    while now < NOW + 300 * S:
        told = await reserve_calls(database, tenant_id, Wish(calls=5), now=now)
        if isinstance(told, Refused):
            now = told.until
            continue
        calls += [now] * told.calls
        recent = sum(1 for at in calls if at > now - 60 * S)
        assert recent <= 60
        await learn_limits(database, tenant_id, minute_remaining=60 - recent, now=now)

    assert len(calls) >= 270


async def test_headers_correct_the_bucket(database: Database) -> None:
    """Others use the same limits: what Xero says is left counts, and a spent minute rests."""
    tenant_id = await link(database)

    await learn_limits(database, tenant_id, minute_remaining=2, day_remaining=4_000, now=NOW)
    assert await reserve_calls(database, tenant_id, Wish(calls=5), now=NOW) == Granted(2)
    day = await database.fetchval("SELECT day_remaining FROM tenant")
    await learn_limits(database, tenant_id, minute_remaining=0, now=NOW)

    assert day == 3_998
    assert await reserve_calls(database, tenant_id, Wish(calls=5), now=NOW + 3 * S) == Refused(
        NOW + 6 * S, "minute"
    )
    assert await database.fetchval("SELECT day_remaining FROM tenant") == 3_998


async def test_app_headers_and_blocks_reach_every_tenant(database: Database) -> None:
    """What one tenant's answer says of the app's limit holds for the others."""
    one, other = await link(database), await link(database)

    await learn_limits(database, one, app_minute_remaining=1, now=NOW)
    assert await reserve_calls(database, other, Wish(calls=5), now=NOW) == Granted(1)
    await block_calls(database, one, until=NOW + HOUR, by="appminute", now=NOW)

    assert await reserve_calls(database, other, Wish(calls=5), now=NOW + S) == Refused(
        NOW + HOUR, "appminute"
    )


async def test_block_stays_inside_its_tenant_and_the_longest_wins(database: Database) -> None:
    """A spent day of one organisation is nobody else's; a shorter block later does not shorten."""
    one, other = await link(database), await link(database)

    await block_calls(database, one, until=NOW + HOUR, by="day", now=NOW)
    await block_calls(database, one, until=NOW + S, by="minute", now=NOW)

    assert await reserve_calls(database, one, Wish(calls=1), now=NOW + 2 * S) == Refused(
        NOW + HOUR, "day"
    )
    assert await reserve_calls(database, other, Wish(calls=1), now=NOW) == Granted(1)


async def test_long_block_is_told_once(database: Database) -> None:
    """Of a spent day a person wants to know; of a minute's limit, or the same day again, not."""
    one = await link(database)
    blocks = [(S, "minute", NOW), (HOUR, "day", NOW), (HOUR, "day", NOW + S), (S, "minute", NOW)]

    for lasting, limit, now in blocks:
        await block_calls(database, one, until=now + lasting, by=limit, now=now)

    [row] = await database.fetch("SELECT kind, key, value FROM announcement WHERE kind = 'limited'")
    told = msgspec.json.decode(row["value"])
    assert (row["kind"], row["key"]) == ("limited", one)
    assert told["limit"] == "day"
    assert told["until"] == instant_text(NOW + HOUR)

    tomorrow = NOW + 25 * HOUR
    await block_calls(database, one, until=tomorrow + HOUR, by="day", now=tomorrow)
    assert await database.fetchval("SELECT count(*) FROM announcement WHERE kind = 'limited'") == 2


async def test_meter_adds_up(database: Database) -> None:
    """Many small spendings in any order, racing, are one row per tenant, day and purpose."""
    one, other = await link(database), await link(database)
    day = date(2026, 11, 3)
    spent = [
        Usage(tenant_id=one, day=day, purpose="handlers", calls=1, bytes=100),
        Usage(tenant_id=other, day=day, purpose="handlers", calls=1, refused=1),
        Usage(tenant_id=one, day=day, purpose="handlers", calls=2, bytes=50),
        Usage(tenant_id=one, day=day + timedelta(1), purpose="api", calls=1),
    ]

    await asyncio.gather(*(meter(database, spent[::step]) for step in (1, -1)))
    await meter(database, [])

    assert await usage_of(database, one, since=day, until=day) == [
        Usage(tenant_id=one, day=day, purpose="handlers", calls=6, bytes=300)
    ]
    totals = await usage_totals(database, since=day, until=day + timedelta(1))
    assert {(each.tenant_id, each.purpose): (each.calls, each.refused) for each in totals} == {
        (one, "handlers"): (6, 0), (one, "api"): (2, 0), (other, "handlers"): (2, 2)
    }  # fmt: skip
