"""Xero slow, broken or refusing for one organisation: the others' changes arrive meanwhile."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.config import SimulatorConfig, TenantSpec
from tests.acceptance.faults import arrived, dead, fault, heal, new_contact, strike, taken_in
from tests.acceptance.rig import QUICK, SMALL, Rig, running
from unified.broker import BrokerSettings

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.timeout(600),
]

SLOW_S = 1.5
TROUBLES: dict[str, dict[str, Any]] = {
    "slow": fault("slow", seconds=SLOW_S),
    "500": fault("status", status=500),
    "503 that says when": fault("status", status=503, retry_after_s=3),
    "401": fault("status", status=401),
    "HTML": fault("html", status=502),
    "truncated": fault("truncated"),
    "no answer": fault("drop"),
    "429 minute": fault("limit", problem="minute", retry_after_s=20),
    "429 concurrent": fault("limit", problem="concurrent"),
    "429 day": fault("limit", problem="day", retry_after_s=3_600),
    "429 of no known kind": fault("status", status=429),
}
"""One organisation each, named by what strikes it."""

FIRST, SECOND = "quiet, first", "quiet, second"
EIGHTEEN_H = 18 * 3_600


def organisations(*names: str) -> SimulatorConfig:
    """A simulator with organisations of these names."""
    specs = tuple(TenantSpec(name=name) for name in names)
    return SimulatorConfig(seed="faults", tenants=specs, opening=SMALL, delivery=QUICK)


def by_name(rig: Rig) -> dict[str, Tenant]:
    """The organisations."""
    return {tenant.name: tenant for tenant in rig.simulator.books}


@pytest.fixture
async def many(database_url: str, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Rig]:
    """An organisation for each trouble, and two quiet ones."""
    config = organisations(*TROUBLES, FIRST, SECOND)
    async with running(database_url, embedded_broker_settings, config) as rig:
        rig.clock.forward(minutes=2)  # first sweeps are over, and the buckets of calls are full
        await rig.quiet()
        yield rig


@pytest.fixture
async def few(database_url: str, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Rig]:
    """One organisation to be struck, and a quiet one."""
    config = organisations("struck", FIRST)
    async with running(database_url, embedded_broker_settings, config) as rig:
        rig.clock.forward(minutes=2)
        await rig.quiet()
        yield rig


async def test_trouble_of_every_kind_stays_with_its_organisation(many: Rig) -> None:
    """Eleven organisations suffer, each in its own way, while what changes in the other two goes
    through again and again; healed, all eleven catch up, and nothing was buried."""
    tenants = by_name(many)
    quiet = [tenants[name] for name in (FIRST, SECOND)]
    await strike(many, *({**how, "tenant_id": tenants[name].id} for name, how in TROUBLES.items()))
    suffering = {name: new_contact(tenants[name], "Struck") for name in TROUBLES}

    async def all_struck() -> bool:
        met = await many.db.fetchval(
            """SELECT count(*) FROM tenant t
                WHERE blocked_until > $1 OR EXISTS (SELECT 1 FROM notice n
                      WHERE n.tenant_id = t.id AND n.due_at > $1)""",
            many.clock.now(),
        )
        return bool(met >= len(TROUBLES) - 1)  # the slow one is only slow

    await many.wait_for(partial(taken_in, many))
    await many.wait_for(all_struck)
    for turn in range(3):
        changed = [new_contact(tenant, f"Meanwhile {turn}") for tenant in quiet]
        await many.wait_for(partial(arrived, many, changed), patience_s=20.0)

    still = {name: not await arrived(many, [remote_id]) for name, remote_id in suffering.items()}
    del still["slow"]
    assert all(still.values()), still
    assert await dead(many) == 0
    await heal(many)
    async with many.clock.hurrying():
        await many.wait_for(partial(arrived, many, suffering.values()))
        await many.quiet()
    assert await dead(many) == 0
    await many.agrees()


async def test_day_limit_of_18_hours_is_kept_and_stops_nobody_else(few: Rig) -> None:
    """For 18 hours not one call is made for the organisation, its webhooks are kept, and the other
    one lives through a night and a day; after that it catches up."""
    tenants = by_name(few)
    struck, other = tenants["struck"], tenants[FIRST]
    spent = fault("limit", problem="day", retry_after_s=EIGHTEEN_H, tenant_id=struck.id)
    await strike(few, spent)
    waiting = [new_contact(struck, "Struck")]

    async def refused() -> bool:
        blocked = await few.db.fetchval(
            "SELECT blocked_until - $2 > interval '17 hours' FROM tenant WHERE id = $1",
            struck.id,
            few.clock.now(),
        )
        return bool(blocked)

    await few.wait_for(refused)
    calls = few.simulator.simulation.used(struck.id).calls
    for hours in (5.0, 6.0, 6.9):
        few.clock.forward(hours=hours)
        waiting.append(new_contact(struck, f"After {hours} more hours"))
        changed = new_contact(other, f"After {hours} more hours")
        await few.wait_for(partial(arrived, few, [changed]))

    await few.wait_for(partial(taken_in, few))
    due = await few.db.fetch(
        "SELECT remote_id, attempts FROM notice WHERE tenant_id = $1 AND state = 'due'", struck.id
    )
    assert few.simulator.simulation.used(struck.id).calls == calls
    assert {row["remote_id"]: row["attempts"] for row in due} == dict.fromkeys(waiting, 0)
    await heal(few)
    few.clock.forward(minutes=7)
    await few.wait_for(partial(arrived, few, waiting))
    await few.quiet()
    await few.agrees()


async def test_limit_of_the_app_stops_everybody_for_its_time_and_costs_nothing(few: Rig) -> None:
    """10,000 calls a minute are shared: told so once, nobody calls for anybody until it is over."""
    tenants = by_name(few)
    spent = fault(
        "limit", problem="appminute", retry_after_s=50, tenant_id=tenants["struck"].id, times=1
    )
    await strike(few, spent)
    waiting = [new_contact(tenants["struck"], "Struck")]

    async def refused() -> bool:
        blocked = await few.db.fetchval(
            "SELECT blocked_until > $1 FROM app_budget", few.clock.now()
        )
        return bool(blocked)

    await few.wait_for(refused)
    calls = {name: few.simulator.simulation.used(each.id).calls for name, each in tenants.items()}
    waiting += [new_contact(each, "Meanwhile") for each in tenants.values()]
    await few.wait_for(partial(taken_in, few))
    few.clock.forward(seconds=40)
    assert not any([await arrived(few, [remote_id]) for remote_id in waiting])
    assert calls == {
        name: few.simulator.simulation.used(each.id).calls for name, each in tenants.items()
    }

    few.clock.forward(seconds=15)
    await few.wait_for(partial(arrived, few, waiting))
    assert await dead(few) == 0
    await few.quiet()
    await few.agrees()
