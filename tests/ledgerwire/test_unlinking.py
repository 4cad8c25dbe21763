"""Ending a link from our side, through the simulator's real consent flow."""

from collections.abc import AsyncIterator

import pytest

from api.unlinking import Unlinked
from ledgerwire.failures import JobFailed
from ledgerwire.unlinking import REASON, unlink
from ledgerwire.wiring.tokens import StoredTokens
from simulator.config import OpeningBooks, SimulatorConfig
from storage.authorizations import authorization_of, retire_authorization
from storage.database import Database
from storage.tenants import tenant
from tests.api.rig import LinkRig, link_rig
from unified.clock import OffsetClock
from unified.ids import TenantId
from xero.connections import ConnectionsApi
from xero.errors import XeroUnreachable
from xero.urls import XeroUrls

SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[LinkRig]:
    """Two organisations that one user linked, in one consent each."""
    config = SimulatorConfig(seed=5, tenants=2, opening=SMALL)
    async with link_rig(database, config) as started:
        for each in started.tenants:
            await started.link(each)
        yield started


async def ended(rig: LinkRig, tenant_id: TenantId, *, api: str | None = None) -> Unlinked:
    """`ledgerwire unlink`, with Xero's API at another address if given."""
    oauth, connections = rig.flow.oauth, rig.flow.consents.connections
    if api is not None:
        connections = ConnectionsApi(rig.http, XeroUrls(api=api))
    tokens = StoredTokens(
        rig.database, rig.box, oauth=oauth, connections=connections, clock=OffsetClock()
    )
    return await unlink(
        rig.database, tenant_id, tokens=tokens, connections=connections, oauth=oauth, box=rig.box
    )


def listed(rig: LinkRig) -> set[str]:
    """Organisations that Xero still connects us to."""
    return {each.tenant_id for each in rig.simulator.simulation.identity.connections.values()}


async def test_one_connection_goes_and_the_others_stay(rig: LinkRig) -> None:
    """The token set lives on: it is the other organisation's, too."""
    first, second = rig.tenants

    done = await ended(rig, first)

    assert (done.at_xero, done.revoked) == (True, False)
    assert listed(rig) == {second}
    row = await tenant(rig.database, first)
    assert (row.state, row.state_reason) == ("disconnected", REASON)
    assert (await tenant(rig.database, second)).state == "linked"
    assert (await authorization_of(rig.database, second, rig.box)).state == "active"


async def test_last_organisation_takes_the_token_set_with_it(rig: LinkRig) -> None:
    """Nothing that could be stolen is left; a new consent begins anew."""
    first, second = rig.tenants
    await ended(rig, first)

    done = await ended(rig, second)

    assert (done.at_xero, done.revoked) == (True, True)
    assert listed(rig) == set()
    assert (await authorization_of(rig.database, second, rig.box)).state == "revoked"
    await rig.link(first)
    assert (await tenant(rig.database, first)).state == "linked"
    assert (await authorization_of(rig.database, first, rig.box)).state == "active"


async def test_without_tokens_it_ends_here_and_says_so(rig: LinkRig) -> None:
    """A person has to remove the app in Xero then."""
    await rig.database.execute("""UPDATE "authorization" SET state = 'needs_reauth'""")

    done = await ended(rig, rig.tenants[0])

    assert not done.at_xero
    assert (await tenant(rig.database, rig.tenants[0])).state == "disconnected"
    assert set(rig.tenants) == listed(rig)


async def test_connection_that_is_gone_already_is_no_trouble(rig: LinkRig) -> None:
    """Somebody was quicker in Xero."""
    rig.simulator.simulation.identity.disconnect(rig.tenants[0])

    assert (await ended(rig, rig.tenants[0])).at_xero


async def test_xero_that_is_away_leaves_everything_as_it_was(rig: LinkRig) -> None:
    """Else the connection would count against the app's cap, and nobody would know."""
    with pytest.raises(XeroUnreachable):
        await ended(rig, rig.tenants[0], api="http://127.0.0.1:1")

    assert (await tenant(rig.database, rig.tenants[0])).state == "linked"


async def test_organisation_that_is_not_linked_has_no_link_to_end(rig: LinkRig) -> None:
    """The second time says so."""
    await ended(rig, rig.tenants[0])

    with pytest.raises(JobFailed, match="is disconnected: there is no link to end"):
        await ended(rig, rig.tenants[0])


async def test_consent_that_was_quicker_keeps_its_token_set(rig: LinkRig) -> None:
    """Its generation is another one, so it is not what was to be retired."""
    held = await authorization_of(rig.database, rig.tenants[0], rig.box)
    await rig.database.execute("UPDATE tenant SET state = 'disconnected'")

    assert not await retire_authorization(rig.database, held.id, generation=held.generation - 1)
    assert await retire_authorization(rig.database, held.id, generation=held.generation)
