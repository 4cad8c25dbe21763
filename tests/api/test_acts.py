"""What people and commands do stands in the same log as what callers of the api do."""

import pytest

from ledgerwire.acting import commanded
from ledgerwire.failures import JobFailed
from simulator.config import OpeningBooks, SimulatorConfig
from storage.acts import Wanted, acts
from storage.database import Database
from tests.api.rig import link_rig
from tests.storage.makers import new_tenant_id

SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)


async def test_link_of_a_person_is_an_act(database: Database) -> None:
    """One for each organisation that the consent covers."""
    async with link_rig(database, SimulatorConfig(seed=7, tenants=2, opening=SMALL)) as rig:
        for tenant_id in rig.tenants:
            await rig.link(tenant_id)

    written = await acts(database, Wanted(), limit=9)

    assert [(each.operation, each.actor, each.key_id) for each in written] == [
        ("link", "person", None)
    ] * 2
    assert {each.tenant_id for each in written} == set(rig.tenants)
    assert all(each.status == 200 for each in written)


async def test_command_is_an_act_with_its_exit(database: Database) -> None:
    """Also one that failed."""
    tenant_id = new_tenant_id()

    async with commanded(database, "unlink", tenant_id):
        pass
    with pytest.raises(JobFailed):
        async with commanded(database, "unlink --erase", tenant_id):
            raise JobFailed("nothing runs")

    written = await acts(database, Wanted(tenant_id=tenant_id), limit=9)
    assert [(each.operation, each.actor, each.status) for each in written] == [
        ("unlink --erase", "command", 1), ("unlink", "command", 0)
    ]  # fmt: skip
