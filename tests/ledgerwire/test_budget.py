"""The call budget over real rows: what is let through, what waits, what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ledgerwire.wiring.budget import StoredBudget
from storage.call_budget import Kept
from storage.calls import usage_of
from storage.database import Database
from storage.tenants import NewLink, link_tenant, tenant
from tests.ledgerwire.rows import TENANT, save_tokens
from unified.clock import ManualClock
from unified.ids import TenantId
from xero.errors import RateLimited, TenantRefused
from xero.limits import Limits

NOW = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)


class Rig:
    """A budget whose waits move its clock, and the waits it made."""

    def __init__(self, database: Database, *, longest_wait_s: float = 5.0) -> None:
        self.database = database
        self.clock = ManualClock(NOW)
        self.waits: list[float] = []
        self.set_back = timedelta(0)  #: by this much at the end of the next wait
        self.budget = self.another(longest_wait_s=longest_wait_s)

    def another(self, *, longest_wait_s: float = 5.0) -> StoredBudget:
        """The budget of one more process."""
        return StoredBudget(
            self.database,
            self.clock,
            kept=Kept(api=100, handlers=30),
            longest_wait_s=longest_wait_s,
            pause=self._pause,
        )

    async def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds) - self.set_back)
        self.set_back = timedelta(0)


@pytest.fixture
async def rig(database: Database) -> Rig:
    """One linked tenant with a full bucket."""
    link = NewLink(tenant_id=TENANT, authorization_id=await save_tokens(database, NOW))
    await link_tenant(database, link, endpoints=["Invoices"], now=NOW)
    return Rig(database)


async def test_six_calls_go_at_once_then_one_a_second(rig: Rig) -> None:
    """That keeps a tenant within 60 a minute without ever being told to."""
    for _ in range(6):
        await rig.budget.reserve(TENANT, "handlers")
    assert rig.waits == []

    for _ in range(3):
        await rig.budget.reserve(TENANT, "handlers")

    assert 2.5 < sum(rig.waits) < 3.5


async def test_processes_share_one_bucket(rig: Rig) -> None:
    """Xero counts per tenant, not per process."""
    other = rig.another()
    for _ in range(5):
        await rig.budget.reserve(TENANT, "handlers")
    await other.reserve(TENANT, "handlers")
    assert rig.waits == []

    await other.reserve(TENANT, "handlers")

    assert rig.waits != []


async def test_reserved_calls_do_not_pile_up_beside_a_full_bucket(rig: Rig) -> None:
    """A block left over from long ago, used on top of the bucket, would make a burst of eleven."""
    await rig.budget.reserve(TENANT, "handlers")
    rig.clock.advance(timedelta(seconds=60))

    for _ in range(7):
        await rig.budget.reserve(TENANT, "handlers")

    assert rig.waits != []


async def test_many_waiting_calls_each_get_one(rig: Rig) -> None:
    """Five calls in flight ask at the same moment."""
    await asyncio.gather(*(rig.budget.reserve(TENANT, "handlers") for _ in range(8)))

    assert sum(rig.waits) >= 1


async def test_calls_ahead_are_counted_and_not_taken(rig: Rig) -> None:
    """A plan made with calls at hand gathers what came while it waited for them."""
    assert await rig.budget.ahead(TENANT, 3) == 3
    assert await rig.budget.ahead(TENANT, 50) == 5

    for _ in range(6):
        await rig.budget.reserve(TENANT, "handlers")
    assert rig.waits == []

    assert await rig.budget.ahead(TENANT, 5) == 1
    assert rig.waits != []


@pytest.mark.parametrize("problem", ["minute", "day", "concurrent", "unknown"])
async def test_after_a_429_nobody_calls_until_xero_said(rig: Rig, problem: str) -> None:
    """Also in other processes, and also with calls reserved before."""
    await rig.budget.reserve(TENANT, "handlers")
    await rig.budget.refused(TENANT, problem, retry_after_s=40.0, purpose="handlers")

    for budget in (rig.budget, rig.another()):
        with pytest.raises(RateLimited) as caught:
            await budget.reserve(TENANT, "handlers")
        assert (caught.value.problem, caught.value.retry_after_s) == (problem, 40.0)


async def test_short_block_is_waited_for(rig: Rig) -> None:
    """Too many calls in flight passes within a second."""
    await rig.budget.refused(TENANT, "concurrent", retry_after_s=0.5, purpose="handlers")

    await rig.budget.reserve(TENANT, "handlers")

    assert rig.waits == [0.5]


@pytest.mark.parametrize("purpose", ["handlers", "sweep", "api"])
async def test_clock_that_is_set_back_keeps_nobody_waiting_for_the_old_time(
    rig: Rig, purpose: str
) -> None:
    """The bucket is full again only then, unless somebody notes it; until that each gives up soon
    and comes again."""
    for _ in range(6):
        await rig.budget.reserve(TENANT, "handlers")
    rig.set_back = timedelta(hours=5)

    with pytest.raises(RateLimited):
        await rig.budget.reserve(TENANT, purpose)

    assert 0 < sum(rig.waits) < 20


async def test_app_limit_stops_every_tenant(rig: Rig, database: Database) -> None:
    """10,000 a minute are shared by all."""
    other = TenantId("c47a1e90-08f2-4b7d-a1c3-5e2f90b7d664")
    link = NewLink(tenant_id=other, authorization_id=await save_tokens(database, NOW))
    await link_tenant(database, link, endpoints=["Invoices"], now=NOW)

    await rig.budget.refused(TENANT, "appminute", retry_after_s=30.0, purpose="handlers")

    with pytest.raises(RateLimited, match="appminute"):
        await rig.budget.reserve(other, "handlers")


async def test_one_tenants_429_leaves_others_alone(rig: Rig, database: Database) -> None:
    """Spent limits stay inside their tenant."""
    other = TenantId("c47a1e90-08f2-4b7d-a1c3-5e2f90b7d664")
    link = NewLink(tenant_id=other, authorization_id=await save_tokens(database, NOW))
    await link_tenant(database, link, endpoints=["Invoices"], now=NOW)

    await rig.budget.refused(TENANT, "day", retry_after_s=3600.0, purpose="handlers")
    await rig.budget.reserve(other, "handlers")

    assert rig.waits == []


async def test_last_calls_of_a_day_are_kept_for_the_api(rig: Rig) -> None:
    """A person who writes an invoice at night must not find the day used up by sweeps."""
    left = Limits(minute_remaining=50, day_remaining=80)
    await rig.budget.spent(TENANT, "handlers", size=1, limits=left)

    with pytest.raises(RateLimited, match="day"):
        await rig.budget.reserve(TENANT, "handlers")
    await rig.budget.reserve(TENANT, "api")

    assert rig.waits == []


async def test_what_is_thrown_away_of_a_block_stays_kept_for_the_handlers(rig: Rig) -> None:
    """Webhooks that come apart use one call of each block. If the rest counted as used, callers
    would find the handlers' calls free long before these have had them."""
    left = 130

    async def calls(purpose: str, most: int) -> int:
        nonlocal left
        for made in range(most):
            try:
                await rig.budget.reserve(TENANT, purpose)
            except RateLimited:
                return made
            left -= 1
            told = Limits(minute_remaining=50, day_remaining=left)
            await rig.budget.spent(TENANT, purpose, size=1, limits=told)
            rig.clock.advance(timedelta(seconds=10))
        return most

    told = Limits(minute_remaining=50, day_remaining=left)
    await rig.budget.spent(TENANT, "handlers", size=1, limits=told)

    found = [await calls("handlers", 10), await calls("api", 200), await calls("handlers", 200)]

    assert found == [10, 100, 20]


async def test_told_limits_are_kept_in_the_tenants_row(rig: Rig) -> None:
    """People ask how much is left."""
    left = Limits(minute_remaining=57, day_remaining=4539)
    await rig.budget.spent(TENANT, "handlers", size=1, limits=left)

    row = await tenant(rig.database, TENANT)
    assert (row.minute_remaining, row.day_remaining) == (57, 4539)


async def test_usage_adds_up_by_purpose(rig: Rig) -> None:
    """Bytes are what Xero bills."""
    await rig.budget.spent(TENANT, "sweep", size=1000)
    await rig.budget.spent(TENANT, "sweep", size=500)
    await rig.budget.refused(TENANT, "minute", retry_after_s=1.0, purpose="sweep")

    (used,) = await usage_of(rig.database, TENANT, since=NOW.date(), until=NOW.date())
    assert (used.purpose, used.calls, used.bytes, used.refused) == ("sweep", 2, 1500, 1)


async def test_unknown_tenant_gets_no_calls(rig: Rig) -> None:
    """A tenant that was erased meanwhile."""
    with pytest.raises(TenantRefused):
        await rig.budget.reserve(TenantId("00000000-0000-4000-8000-000000000000"), "handlers")
