"""Tokens and links that break: an answer lost in transit, a refresh token that died, an
organisation that left and came back. Nothing of the books is lost by any of it."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from ledgerwire.demo.linking import link_all
from simulator.config import SimulatorConfig
from tests.acceptance.faults import (
    TOKENS,
    arrived,
    dead,
    fault,
    new_contact,
    state_of,
    strike,
    taken_in,
)
from tests.acceptance.rig import QUICK, SMALL, Rig, running
from tests.acceptance.unannounced import sweep_soon
from unified.broker import BrokerSettings
from unified.resources import RESOURCES

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.timeout(600),
]

ACCESS_LIFE_MIN = 31.0  #: minutes after which every access token has ended


@pytest.fixture
async def rig(database_url: str, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Rig]:
    """Two organisations under one authorization."""
    config = SimulatorConfig(seed="tokens", tenants=2, opening=SMALL, delivery=QUICK)
    async with running(database_url, embedded_broker_settings, config) as made:
        yield made


async def generation(rig: Rig) -> int:
    """How many token sets there have been."""
    number: int = await rig.db.fetchval('SELECT generation FROM "authorization"')
    return number


async def link_again(rig: Rig) -> None:
    """Somebody opens the address that `ledgerwire link` prints, and consents once more."""
    [api] = rig.running("api")
    await link_all(api.url, rig.tenants, external_id="acceptance")


async def notices_of(rig: Rig, tenant_id: str) -> set[str]:
    """What is due for an organisation, by remote id."""
    rows = await rig.db.fetch(
        "SELECT remote_id FROM notice WHERE tenant_id = $1 AND state = 'due'", tenant_id
    )
    return {row["remote_id"] for row in rows}


async def test_token_answer_lost_in_transit_is_asked_for_again(rig: Rig) -> None:
    """Xero has given out a new set and nobody has it: the old refresh token is used once more, at
    once, and nobody has to consent. The set that came then is good for the next refresh, too."""
    first, second = rig.simulator.books
    before = await generation(rig)
    await strike(rig, fault("drop", path=TOKENS, times=1))
    rig.clock.forward(minutes=ACCESS_LIFE_MIN)
    changed = [new_contact(first, "During"), new_contact(second, "During")]

    await rig.wait_for(partial(arrived, rig, changed))
    assert await generation(rig) == before + 1
    assert rig.simulator.simulation.faults.calls == []

    rig.clock.forward(minutes=ACCESS_LIFE_MIN)
    changed = [new_contact(first, "After"), new_contact(second, "After")]
    await rig.wait_for(partial(arrived, rig, changed))
    assert await generation(rig) == before + 2
    await rig.quiet()
    await rig.agrees()


async def test_dead_refresh_token_keeps_notices_until_somebody_consents_again(rig: Rig) -> None:
    """Both organisations need a new consent and say so; webhooks go on making notices; linked
    again, all is caught up."""
    first, second = rig.simulator.books
    rig.clock.forward(minutes=ACCESS_LIFE_MIN)
    await rig.watch.steer("revoke", {})
    changed = {first.id: {new_contact(first, "Before")}, second.id: {new_contact(second, "Before")}}

    async def died() -> bool:
        states = [await state_of(rig, tenant.id) for tenant in (first, second)]
        return states == ["needs_reauth"] * 2

    await rig.wait_for(died)
    for tenant in (first, second):
        changed[tenant.id].add(new_contact(tenant, "While nobody may read"))
    await rig.wait_for(partial(taken_in, rig))
    assert {tenant: await notices_of(rig, tenant) for tenant in changed} == changed
    told = await rig.db.fetch(
        "SELECT tenant_id FROM announcement WHERE topic = 'control' AND kind = 'needs_reauth'"
    )
    assert {row["tenant_id"] for row in told} == set(changed)
    assert await dead(rig) == 0

    await link_again(rig)

    await rig.wait_for(partial(arrived, rig, {each for ids in changed.values() for each in ids}))
    assert [await state_of(rig, tenant) for tenant in changed] == ["linked"] * 2
    await rig.quiet()
    await rig.agrees()


async def test_organisation_that_left_keeps_its_notices_and_catches_up_when_it_is_back(
    rig: Rig,
) -> None:
    """Its users disconnected us in Xero, of which no webhook tells: a 403 does. The other goes on.
    What came while it was away is found when it is linked again."""
    gone, stays = rig.simulator.books
    [handlers] = rig.running("handlers")
    await rig.end(handlers)  # or a sweep could be refused before the notice is there
    await rig.watch.steer(f"tenants/{gone.id}/disconnect", {})
    asked_for = new_contact(gone, "Asked for and refused")

    async def noticed() -> bool:
        return await notices_of(rig, gone.id) == {asked_for}

    await rig.wait_for(noticed)
    await rig.start(*handlers.roles)

    async def vanished() -> bool:
        return await state_of(rig, gone.id) == "vanished"

    await rig.wait_for(vanished)
    unheard = new_contact(gone, "Said while we were out")
    rig.clock.forward(hours=3)
    went_on = new_contact(stays, "Meanwhile")
    await rig.wait_for(partial(arrived, rig, [went_on]))
    assert await notices_of(rig, gone.id) == {asked_for}
    assert await state_of(rig, stays.id) == "linked"
    assert not await arrived(rig, [unheard])

    await link_again(rig)

    await rig.wait_for(partial(arrived, rig, [asked_for, unheard]))
    assert await state_of(rig, gone.id) == "linked"
    assert await dead(rig) == 0
    await rig.quiet()
    await rig.agrees()


async def test_organisation_that_a_sweep_finds_gone_is_caught_up_when_it_is_back(rig: Rig) -> None:
    """Nothing was announced when it left, so a sweep meets the 403. What Xero says of it from then
    on is answered, and read when it is linked again."""
    gone, stays = rig.simulator.books
    await rig.watch.steer(f"tenants/{gone.id}/disconnect", {})
    await sweep_soon(rig.db, RESOURCES, now=rig.clock.now())

    async def vanished() -> bool:
        return await state_of(rig, gone.id) == "vanished"

    await rig.wait_for(vanished)
    unheard = new_contact(gone, "Said while we were out")
    went_on = new_contact(stays, "Meanwhile")
    await rig.wait_for(partial(taken_in, rig))
    await rig.wait_for(partial(arrived, rig, [went_on]))
    assert await notices_of(rig, gone.id) == set()
    assert not await arrived(rig, [unheard])

    await link_again(rig)

    await rig.wait_for(partial(arrived, rig, [unheard]))
    assert await state_of(rig, gone.id) == "linked"
    assert await dead(rig) == 0
    await rig.quiet()
    await rig.agrees()
