"""Custom connections: client credentials, one organisation, no person."""

from collections.abc import AsyncIterator

import pytest

from api.consent import NothingToLink
from api.custom_connection import link_custom_connection
from simulator.config import OpeningBooks, SimulatorConfig
from storage.authorizations import authorization_of
from storage.database import Database
from storage.tenants import tenants
from tests.api.rig import LinkRig, link_rig
from unified.resources import RESOURCES
from xero.scopes import app_scopes_for

SCOPES = app_scopes_for(each.endpoint for each in RESOURCES)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[LinkRig]:
    """One organisation, whose connection was authorised in the portal."""
    small = OpeningBooks(contacts=1, invoices=1, bills=1, months=1)
    config = SimulatorConfig(seed=9, tenants=1, opening=small)
    async with link_rig(database, config) as started:
        yield started


async def test_custom_connection_links_its_organisation(rig: LinkRig) -> None:
    """The token set stands alone: no user, no refresh token."""
    (linked,) = await link_custom_connection(
        rig.flow.oauth, rig.flow.consents, scopes=SCOPES, external_id="us"
    )

    held = await authorization_of(rig.database, linked.tenant_id, rig.box)
    assert linked.first
    assert (held.grant_kind, held.xero_user_id, held.tokens.refresh_token) == (
        "client_credentials",
        None,
        None,
    )
    assert set(held.tokens.scopes) == set(SCOPES)


async def test_linking_it_again_changes_nothing(rig: LinkRig) -> None:
    """It happens at every start."""
    await link_custom_connection(rig.flow.oauth, rig.flow.consents, scopes=SCOPES)
    (before,) = await tenants(rig.database)

    (again,) = await link_custom_connection(rig.flow.oauth, rig.flow.consents, scopes=SCOPES)

    (after,) = await tenants(rig.database)
    assert not again.first
    assert (before.connection_id, before.authorization_id) == (
        after.connection_id,
        after.authorization_id,
    )


async def test_connection_without_organisation_says_so(rig: LinkRig) -> None:
    """It was made in the portal, but nobody authorised it yet."""
    for each in rig.simulator.books:
        each.vanished = True

    with pytest.raises(NothingToLink):
        await link_custom_connection(rig.flow.oauth, rig.flow.consents, scopes=SCOPES)
