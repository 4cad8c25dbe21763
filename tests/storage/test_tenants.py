"""Linking organisations, for the first time and again, and how they are told to be."""

import asyncio
import inspect
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

import storage
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.errors import TenantNotLinked, UnknownTenant
from storage.tenant_states import change_state
from storage.tenants import (
    NewLink,
    bump_epoch,
    link_tenant,
    tenant,
    tenants,
    tenants_of_authorization,
)
from tests.storage.makers import (
    ENDPOINTS,
    NOW,
    announced,
    authorize,
    box,
    delivery,
    hint,
    link,
    new_tenant_id,
)
from unified.partition import relay_shard
from unified.topics import control_topic

HOUR = timedelta(hours=1)


async def test_first_link_starts_from_nothing(database: Database) -> None:
    """Epoch and shard are set, every endpoint waits for its backfill, and it is announced."""
    tenant_id, saved = new_tenant_id(), await authorize(database, box())
    connection = str(uuid4())

    linked = await link_tenant(
        database,
        NewLink(
            tenant_id=tenant_id,
            authorization_id=saved,
            name="Demo",
            xero_connection_id=connection,
            external_id="acme",
        ),
        endpoints=ENDPOINTS,
        now=NOW,
    )

    assert (linked.first, linked.changed) == (True, True)
    found = await tenant(database, tenant_id)
    assert (found.state, found.name, found.external_id) == ("linked", "Demo", "acme")
    assert (found.linked_at, found.epoch) == (NOW, 1793679472000000)
    assert (found.connection_id, found.xero_connection_id) == (linked.connection_id, connection)
    assert (found.backfills_left, found.synced_to, found.due, found.dead) == (2, None, 0, 0)
    assert await tenants_of_authorization(database, saved) == [tenant_id]
    cursors = await database.fetch("SELECT * FROM cursor ORDER BY endpoint")
    assert [row["endpoint"] for row in cursors] == list(ENDPOINTS)
    assert {(row["backfill_state"], row["sweep_due_at"]) for row in cursors} == {("pending", NOW)}
    said = await database.fetchrow("SELECT * FROM announcement")
    assert said is not None
    assert (said["topic"], said["shard"]) == ("control", relay_shard(tenant_id))
    message = msgspec.json.decode(said["value"])
    assert (message["tenant_id"], message["state"], message["epoch"]) == (
        tenant_id, "linked", found.epoch
    )  # fmt: skip
    assert control_topic("xero")  # the relay's name for where it goes


async def test_linking_twice_changes_nothing(database: Database) -> None:
    """A second consent that covers a linked tenant is no news: same link, no announcement."""
    tenant_id = await link(database)
    before = await tenant(database, tenant_id)

    results = await asyncio.gather(
        *(link(database, tenant_id, authorization_id=before.authorization_id, backfilled=False)
          for _ in range(3))
    )  # fmt: skip

    assert set(results) == {tenant_id}
    assert await tenant(database, tenant_id) == before
    assert await announced(database, tenant_id) == ["linked"]


@pytest.mark.parametrize("left", ["disconnected", "vanished"])
async def test_linking_again_goes_on_with_the_numbers(database: Database, left: str) -> None:
    """A tenant that comes back has a new link, the old epoch and sequence, and is swept at once."""
    tenant_id = await link(database)
    before = await tenant(database, tenant_id)
    await database.execute("UPDATE tenant SET tenant_sequence = 41")
    assert await change_state(database, tenant_id, left, reason="asked for")

    linked = await link_tenant(
        database,
        NewLink(tenant_id=tenant_id, authorization_id=before.authorization_id or ""),
        endpoints=(*ENDPOINTS, "Payments"),
        now=NOW + HOUR / 2,
    )

    after = await tenant(database, tenant_id)
    assert (linked.first, linked.changed) == (False, True)
    assert after.connection_id == linked.connection_id != before.connection_id
    assert (after.epoch, after.tenant_sequence, after.linked_at) == (before.epoch, 41, NOW)
    assert after.name == "Demo"
    assert await announced(database, tenant_id) == ["linked", left, "linked"]
    rows = await database.fetch("SELECT endpoint, backfill_state, sweep_due_at FROM cursor")
    assert {row["endpoint"]: row["backfill_state"] for row in rows} == {
        "Contacts": "done", "Invoices": "done", "Payments": "pending"
    }  # fmt: skip
    assert {row["sweep_due_at"] for row in rows} == {NOW + HOUR / 2}


async def test_erased_tenant_starts_a_later_epoch(database: Database) -> None:
    """After an erasure everything starts over, ordered after all that was, even if the clock
    stood still; while it is being erased it can't be linked."""
    tenant_id = await link(database)
    before = await tenant(database, tenant_id)
    await database.execute("UPDATE tenant SET state = 'erasing', tenant_sequence = 41")
    with pytest.raises(TenantNotLinked, match="erasing"):
        await link(database, tenant_id)

    await database.execute("UPDATE tenant SET state = 'erased'")
    await link(database, tenant_id)

    after = await tenant(database, tenant_id)
    assert (after.epoch, after.tenant_sequence) == (before.epoch + 1, 0)


async def test_epoch_bump_orders_after_everything(database: Database) -> None:
    """After a restore numbers may repeat, so a newer epoch must win, whatever the clock says."""
    tenant_id = await link(database)
    epoch = (await tenant(database, tenant_id)).epoch

    assert await bump_epoch(database, tenant_id, now=NOW - HOUR) == epoch + 1
    assert await bump_epoch(database, tenant_id, now=NOW + HOUR) == epoch + 3600 * 1_000_000
    with pytest.raises(UnknownTenant):
        await bump_epoch(database, new_tenant_id(), now=NOW)


async def test_states_only_go_where_they_may(database: Database) -> None:
    """A tenant that left does not start to need a consent; repeating a change is no news."""
    tenant_id = await link(database)

    assert await change_state(database, tenant_id, "disconnected", reason="asked for")
    assert not await change_state(database, tenant_id, "disconnected", reason="asked for")
    assert not await change_state(database, tenant_id, "needs_reauth", reason="late")
    assert await announced(database, tenant_id) == ["linked", "disconnected"]
    with pytest.raises(UnknownTenant):
        await change_state(database, new_tenant_id(), "vanished", reason="x")


async def test_listing_tells_health(database: Database) -> None:
    """What waits, what died and how far every endpoint is read stand beside each tenant."""
    busy, idle = await link(database), await link(database)
    await store_deliveries(
        database, [delivery(hint(busy, "i1"), hint(busy, "i2"), hint(busy, "i3"))], now=NOW
    )
    await database.execute(
        "UPDATE notice SET state = 'dead', died_at = now() WHERE remote_id = 'i3'"
    )
    await database.execute(
        "UPDATE cursor SET since = $2 WHERE tenant_id = $1 AND endpoint = 'Contacts'",
        busy,
        NOW - HOUR,
    )

    listed = {each.id: each for each in await tenants(database)}

    assert set(listed) == {busy, idle}
    assert (listed[busy].due, listed[busy].dead, listed[busy].synced_to) == (2, 1, NOW - HOUR)
    assert (listed[idle].due, listed[idle].dead, listed[idle].synced_to) == (0, 0, NOW)
    with pytest.raises(UnknownTenant):
        await tenant(database, new_tenant_id())


def test_queries_take_their_tenant_first() -> None:
    """No query without its owner: right after the database or connection comes the tenant."""
    misplaced = []
    for path in Path(storage.__file__).parent.glob("*.py"):
        module = import_module(f"storage.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            given = inspect.signature(function).parameters
            owner = given.get("tenant_id")
            if owner is None or owner.default is not owner.empty:
                continue  # it is about all tenants, unless told otherwise
            if list(given).index("tenant_id") > 1:
                misplaced.append(f"{module.__name__}.{name}")

    assert misplaced == []
