"""Leases: exclusive, ending by themselves, with fencing tokens that only rise."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from storage.calls import block_calls
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.errors import LeaseLost
from storage.leases import (
    _TAKE,
    LIVE_START,
    Lease,
    TenantLease,
    check_lease,
    clear_ended_leases,
    release_lease,
    release_tenant,
    renew_lease,
    renew_tenant,
    take_lease,
    take_tenant,
    take_tenants,
)
from tests.storage.makers import NOW, delivery, hint, link, new_tenant_id
from unified.ids import TenantId

HOUR = timedelta(hours=1)
END_ALL = """
UPDATE tenant SET lease_until = clock_timestamp() - interval '1 s' WHERE lease_owner IS NOT NULL
"""


async def _due(db: Database, *tenants: TenantId, number: int = 1) -> None:
    await store_deliveries(db, [delivery(*map(hint, tenants), number=number)], now=NOW)


async def _taken(db: Database) -> list[TenantId]:
    leases = await take_tenants(db, "me", now=NOW, limit=10)
    return sorted(lease.tenant_id for lease in leases)


async def test_tenant_without_work_is_not_taken(database: Database) -> None:
    """Nothing due, nothing leased; what is due later is not due."""
    tenant_id = await link(database)
    assert await _taken(database) == []

    await _due(database, tenant_id)
    await database.execute("UPDATE notice SET due_at = $1", NOW + HOUR)
    assert await _taken(database) == []


@pytest.mark.parametrize(
    "work",
    [
        "UPDATE cursor SET sweep_due_at = $1::timestamptz WHERE endpoint = 'Invoices'",
        """UPDATE cursor SET backfill_state = 'pending', sweep_due_at = $1::timestamptz
            WHERE endpoint = 'Contacts'""",
        """INSERT INTO notice (tenant_id, endpoint, remote_id, origin, received_at, due_at)
           SELECT id, 'Invoices', 'i1', 'sweep', $1::timestamptz, $1::timestamptz FROM tenant""",
    ],
)
async def test_each_kind_of_work_is_found(database: Database, work: str) -> None:
    """A due sweep, a due step of a backfill and a due notice are reasons to lease a tenant."""
    tenant_id = await link(database)

    await database.execute(work, NOW)

    assert await _taken(database) == [tenant_id]


@pytest.mark.parametrize(
    "obstacle",
    [
        "UPDATE tenant SET state = 'needs_reauth'",
        "UPDATE tenant SET state = 'disconnected'",
        "UPDATE tenant SET blocked_until = $1::timestamptz + interval '1 s', blocked_by = 'day'",
        "UPDATE notice SET state = 'dead', died_at = now()",
    ],
)
async def test_obstacle_keeps_a_tenant_from_being_taken(database: Database, obstacle: str) -> None:
    """Tenants that are not linked or were told to wait, and dead letters, cost no worker."""
    await _due(database, await link(database))

    await database.execute(obstacle, *([NOW] if "$1" in obstacle else []))

    assert await _taken(database) == []


async def test_racing_workers_share_the_tenants_out(database: Database) -> None:
    """Eight workers at once: every tenant goes to exactly one of them, without waiting."""
    tenants = [await link(database) for _ in range(12)]
    await _due(database, *tenants)

    taken = await asyncio.gather(
        *(take_tenants(database, f"w{n}", now=NOW, limit=3) for n in range(8))
    )

    leases = [lease for each in taken for lease in each]
    assert sorted(lease.tenant_id for lease in leases) == sorted(tenants)
    assert max(map(len, taken)) <= 3


async def test_longest_due_comes_first_and_named_ones_are_left_out(database: Database) -> None:
    """Of tenants served together the oldest work is taken first; those a worker rests are left
    alone."""
    young, old, resting = [await link(database) for _ in range(3)]
    await _due(database, young, old, resting)
    await database.execute("UPDATE tenant SET served_at = now()")
    await database.execute(
        "UPDATE notice SET due_at = $2 WHERE tenant_id = ANY($1::uuid[])", [old, resting],
        NOW - HOUR,
    )  # fmt: skip

    first = await take_tenants(database, "me", now=NOW, limit=1, besides=[resting])
    second = await take_tenants(database, "me", now=NOW, limit=5, besides=[resting])

    assert [each.tenant_id for each in first] == [old]
    assert [each.tenant_id for each in second] == [young]


async def test_nobody_is_leased_while_xero_blocks_the_whole_app(database: Database) -> None:
    """Thousands of tenants would be leased in circles, each to find that it must wait."""
    await _due(database, tenant_id := await link(database))
    await block_calls(database, tenant_id, until=NOW + HOUR, by="appminute", now=NOW)

    assert await take_tenants(database, "me", now=NOW) == []
    [lease] = await take_tenants(database, "me", now=NOW + HOUR)
    assert lease.tenant_id == tenant_id


async def test_many_tenants_linked_at_once_cost_one_look_each(database: Database) -> None:
    """Before the server has any statistics of them: a wrong guess would take seconds."""
    await database.execute("ALTER TABLE tenant SET (autovacuum_enabled = false)")
    await database.execute(
        """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch, call_tokens_at)
           SELECT gen_random_uuid(), 1, gen_random_uuid(), 'linked', $1::timestamptz, 1,
                  $1::timestamptz FROM generate_series(1, 1000)""",
        NOW,
    )
    await database.execute(
        """INSERT INTO notice (tenant_id, endpoint, remote_id, origin, received_at, due_at)
           SELECT id, 'Invoices', 'i1', 'sweep', $1, $1 FROM tenant""",
        NOW,
    )
    explain = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + _TAKE
    [plan] = json.loads(await database.fetchval(explain, NOW, "me", HOUR, 64, [], LIVE_START))

    assert _compared(plan["Plan"]) < 10_000


def _compared(node: dict[str, Any]) -> int:
    """Rows that joins below a node of a plan looked at in vain."""
    removed: int = node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"]
    return removed + sum(_compared(each) for each in node.get("Plans", []))


async def test_longest_unserved_comes_first(database: Database) -> None:
    """However old the work of busy tenants is: they take turns with the others."""
    busy, quiet = [await link(database) for _ in range(2)]
    await _due(database, busy, quiet)
    [lease] = await take_tenants(database, "me", now=NOW, limit=1, besides=[quiet])
    await release_tenant(database, lease)
    await database.execute("UPDATE notice SET due_at = $1 WHERE tenant_id = $2", NOW - HOUR, busy)

    turns = [await take_tenants(database, "me", now=NOW, limit=1) for _ in range(2)]

    assert [lease.tenant_id for each in turns for lease in each] == [quiet, busy]


async def test_announced_changes_go_before_sweeps(database: Database) -> None:
    """Within reason: a tenant that waits a minute longer for its sweep comes first."""
    swept, long_waiting, hinted = [await link(database) for _ in range(3)]
    await database.execute("UPDATE cursor SET sweep_due_at = $1", NOW - HOUR)
    await database.execute(
        "UPDATE tenant SET served_at = served_at - interval '70 seconds' WHERE id = $1",
        long_waiting,
    )
    await _due(database, hinted)

    turns = [await take_tenants(database, "me", now=NOW, limit=1) for _ in range(3)]

    order = [lease.tenant_id for each in turns for lease in each]
    assert order == [long_waiting, hinted, swept]


async def test_ended_lease_is_free_and_its_holder_is_told(database: Database) -> None:
    """A worker that slept too long finds its tenant taken: a newer token, no renewal, and its
    late release does not free the other's lease."""
    tenant_id = await link(database)
    await _due(database, tenant_id)
    (sleeper,) = await take_tenants(database, "sleeper", now=NOW)
    assert await _taken(database) == []

    await database.execute(END_ALL)
    (heir,) = await take_tenants(database, "heir", now=NOW)

    assert heir.fencing > sleeper.fencing
    with pytest.raises(LeaseLost):
        await renew_tenant(database, sleeper)
    await release_tenant(database, sleeper)
    await renew_tenant(database, heir)
    assert await _taken(database) == []


async def test_renewal_is_possible_until_somebody_else_came(database: Database) -> None:
    """A lease that ended unnoticed is still its holder's to renew."""
    tenant_id = await link(database)
    lease = await take_tenant(database, tenant_id, "me", life=timedelta(seconds=5))
    assert lease is not None
    await database.execute(END_ALL)

    await renew_tenant(database, lease)

    assert await take_tenant(database, tenant_id, "other") is None
    assert await database.fetchval(
        "SELECT lease_until > clock_timestamp() + interval '20 s' FROM tenant"
    )


async def test_released_tenant_is_free_at_once(database: Database) -> None:
    """Giving back early lets the next worker begin, under a higher token."""
    tenant_id = await link(database)
    first = await take_tenant(database, tenant_id, "me")
    assert first is not None

    await release_tenant(database, first)

    second = await take_tenant(database, tenant_id, "other")
    assert second == TenantLease(tenant_id, "other", first.fencing + 1)
    assert await take_tenant(database, new_tenant_id(), "me") is None


async def test_rescuer_clears_only_ended_marks(database: Database) -> None:
    """Ended leases lose their marks; living ones keep them."""
    ended, living = await link(database), await link(database)
    await take_tenant(database, ended, "gone")
    await database.execute(END_ALL)
    await take_tenant(database, living, "here")

    assert await clear_ended_leases(database) == 1
    assert await clear_ended_leases(database) == 0

    owners = await database.fetch("SELECT id, lease_owner FROM tenant")
    assert {row["id"]: row["lease_owner"] for row in owners} == {ended: None, living: "here"}


async def test_named_lease_has_one_holder(database: Database) -> None:
    """Racing for a duty: one gets it; the others get nothing until it ends or is given back."""
    taken = await asyncio.gather(*(take_lease(database, "janitor", f"p{n}") for n in range(6)))
    (holder,) = [each for each in taken if each is not None]

    assert await take_lease(database, "janitor", "late") is None
    await database.execute("UPDATE lease SET until = clock_timestamp() - interval '1 s'")
    heir = await take_lease(database, "janitor", "late")

    assert heir == Lease("janitor", "late", holder.fencing + 1)
    with pytest.raises(LeaseLost):
        await renew_lease(database, holder)
    await release_lease(database, holder)
    assert await take_lease(database, "janitor", "third") is None
    assert heir is not None
    await release_lease(database, heir)
    third = await take_lease(database, "janitor", "third")
    assert third is not None
    assert third.fencing == heir.fencing + 1


async def test_same_owner_takes_again_under_a_new_token(database: Database) -> None:
    """A restarted process of the same name need not wait, and its old self is fenced off."""
    first = await take_lease(database, "relay.3", "me")
    second = await take_lease(database, "relay.3", "me")

    assert first is not None
    assert second is not None
    assert second.fencing == first.fencing + 1
    async with database.transaction() as conn:
        await check_lease(conn, second)
        with pytest.raises(LeaseLost):
            await check_lease(conn, first)


async def test_checked_lease_cannot_be_taken_before_the_commit(database: Database) -> None:
    """Who checks its lease in a transaction commits before the next holder begins."""
    lease = await take_lease(database, "relay.3", "me")
    assert lease is not None
    await database.execute("UPDATE lease SET until = clock_timestamp() - interval '1 s'")

    async with database.transaction() as conn:
        await check_lease(conn, lease)
        taking = asyncio.create_task(take_lease(database, "relay.3", "other"))
        done, _ = await asyncio.wait({taking}, timeout=0.2)
        assert not done

    assert await taking == Lease("relay.3", "other", lease.fencing + 1)
