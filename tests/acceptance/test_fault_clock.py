"""Our clock jumps by hours, forward and back, while Xero's goes on: as after a machine woke up, or
was put right. Nothing is lost, nothing stands still until the old time is reached again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest

from simulator.config import SimulatorConfig
from tests.acceptance.faults import arrived, dead, fault, heal, new_contact, strike, taken_in
from tests.acceptance.rig import ALL_ROLES, QUICK, SMALL, Rig, installed
from unified.broker import BrokerSettings
from unified.clock import OffsetClock
from unified.resources import SOURCES

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.timeout(600),
]

HOURS = 5.0


@pytest.fixture
async def rig(database_url: str, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Rig]:
    """Two organisations of a Xero that has the right time, whatever ours is.

    It refuses nobody for too many calls: our clock hurries through the backfills, its own does not.
    """
    config = SimulatorConfig(
        seed="clock", tenants=2, opening=SMALL, delivery=QUICK, clock=OffsetClock().now,
        no_limits=True,
    )  # fmt: skip
    async with installed(database_url, embedded_broker_settings, config) as made:
        for roles in ALL_ROLES:
            await made.start(*roles)
        await made.link()
        yield made


async def rounds(rig: Rig, name: str, count: int) -> list[str]:
    """So many changes one after the other in each organisation, all of which arrive; more than the
    bucket of calls holds, so that it has to go on filling."""
    made: list[str] = []
    for number in range(count):
        changed = [new_contact(tenant, f"{name} {number}") for tenant in rig.simulator.books]
        await rig.wait_for(partial(arrived, rig, changed))
        made += changed
    return made


async def far_off(rig: Rig) -> list[str]:
    """Endpoints whose next sweep is further away than it ever should be; what Xero refuses is not
    swept but asked about again."""
    rows = await rig.db.fetch(
        "SELECT endpoint, sweep_due_at FROM cursor WHERE unsupported_reason IS NULL"
    )
    longest = {each.endpoint.path: each.endpoint.pace.longest for each in SOURCES}
    soon = rig.clock.now() + timedelta(hours=1)
    return [
        row["endpoint"] for row in rows if row["sweep_due_at"] > soon + longest[row["endpoint"]]
    ]


@pytest.mark.parametrize("hours", [HOURS, -HOURS])
async def test_jump_of_our_clock_loses_nothing_and_stops_nothing(rig: Rig, hours: float) -> None:
    """Calls flow on, what failed once is tried again soon, sweeps go on, and all agrees: also
    where every instant that something waits for has just moved hours away."""
    struck, _ = rig.simulator.books
    await rounds(rig, "Before", 3)
    await strike(rig, fault("status", status=503, tenant_id=struck.id))
    waiting = new_contact(struck, "Failed just before")

    async def failed() -> bool:
        return bool(
            await rig.db.fetchval("SELECT outages > 1 FROM notice WHERE remote_id = $1", waiting)
        )

    await rig.wait_for(failed)
    await rig.watch.steer("faults", {"deliveries": {"next": {"lose": 1}}})
    unheard = new_contact(struck, "No webhook tells of it")
    await rig.wait_for(partial(taken_in, rig))

    rig.clock.forward(hours=hours)
    await heal(rig)

    await rig.wait_for(partial(arrived, rig, [waiting]))
    await rounds(rig, "After", 8)
    await rig.sweep()
    assert await arrived(rig, [unheard])
    assert await far_off(rig) == []
    assert await dead(rig) == 0
    await rig.agrees()


async def test_clock_that_is_put_right_again_leaves_no_trace(rig: Rig) -> None:
    """Hours forward, hours back: business goes on under each of the three times."""
    await rounds(rig, "Right", 3)
    rig.clock.forward(hours=HOURS)
    await rounds(rig, "Ahead", 3)
    rig.clock.forward(hours=-HOURS)
    await rounds(rig, "Right again", 8)

    await rig.sweep()
    assert await dead(rig) == 0
    await rig.agrees()
