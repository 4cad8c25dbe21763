"""The organisations at a glance: what stands in the tables, put together rightly."""

from datetime import timedelta

from storage.cursors import ask_for_backfill, ask_for_sweep, cursors
from storage.database import Database
from storage.leases import holders, release_lease, take_lease
from storage.overview import Backfill, glance
from tests.storage.makers import NOW, link, new_tenant_id

HOUR = timedelta(hours=1)


async def test_freshness_is_that_of_the_endpoint_read_longest_ago(database: Database) -> None:
    """And unknown until each was read once: nobody should take half of the books for all."""
    tenant_id = await link(database)
    swept = "UPDATE cursor SET last_swept_at = $1 WHERE endpoint = $2"

    await database.execute(swept, NOW, "Contacts")
    [half] = await glance(database)
    await database.execute(swept, NOW + HOUR, "Invoices")
    [whole] = await glance(database)

    assert half.tenant_id == tenant_id
    assert half.verified_since is None
    assert whole.verified_since == NOW


async def test_each_organisation_gets_its_own_troubles(database: Database) -> None:
    """One that fails, one that is backfilled, one that is well, in the order of their names."""
    failing, reading, well = [await link(database) for _ in range(3)]
    for number, tenant_id in enumerate((failing, reading, well)):
        await database.execute(
            "UPDATE tenant SET name = $2 WHERE id = $1", tenant_id, f"Org {number}"
        )
    await database.execute(
        "UPDATE cursor SET failures = 2 WHERE tenant_id = $1 AND endpoint = 'Invoices'", failing
    )
    await ask_for_backfill(database, reading, {"Contacts": None}, now=NOW)

    rows = await glance(database)

    assert [each.tenant_id for each in rows] == [failing, reading, well]
    assert [each.failing for each in rows] == [("Invoices",), (), ()]
    assert rows[1].backfills == (
        Backfill(endpoint="Contacts", state="pending", read=0, total=None),
    )
    assert rows[0].backfills == rows[2].backfills == ()


async def test_asking_for_a_backfill_begins_at_the_beginning(database: Database) -> None:
    """An endpoint that was never read gets its cursor; others' cursors and organisations stay."""
    tenant_id, other = await link(database), await link(database)
    await database.execute(
        "UPDATE cursor SET backfill_page = 7, backfill_read = 700, backfill_total = 701"
    )

    await ask_for_backfill(database, tenant_id, {"Invoices": NOW - HOUR, "Payments": None}, now=NOW)

    mine, theirs = await cursors(database, tenant_id), await cursors(database, other)
    asked = mine["Invoices"]
    assert (asked.backfill_state, asked.backfill_page, asked.backfill_read) == ("pending", 0, 0)
    assert asked.backfill_since == NOW - HOUR
    assert asked.sweep_due_at == NOW
    assert asked.since == NOW  # sweeps go on from where they were
    assert mine["Payments"].backfill_state == "pending"
    assert mine["Contacts"].backfill_page == theirs["Invoices"].backfill_page == 7
    assert set(theirs) == {"Contacts", "Invoices"}


async def test_asking_for_a_sweep_makes_it_due_from_now_on(database: Database) -> None:
    """One that was due already too, or a sweep under way would count as the one that was asked
    for; failures are forgotten, so that it is tried now."""
    tenant_id = await link(database)
    await database.execute("UPDATE cursor SET failures = 9")
    await database.execute(
        "UPDATE cursor SET sweep_due_at = $1 WHERE endpoint = 'Contacts'", NOW - HOUR
    )

    await ask_for_sweep(database, tenant_id, ["Contacts", "Invoices"], now=NOW)
    await ask_for_sweep(database, new_tenant_id(), ["Contacts"], now=NOW - HOUR * 9)

    found = await cursors(database, tenant_id)
    assert found["Contacts"].sweep_due_at == found["Invoices"].sweep_due_at == NOW
    assert {each.failures for each in found.values()} == {0}


async def test_holders_are_those_whose_leases_live(database: Database) -> None:
    """Who gave its lease back, or let it end, is not there any more."""
    lease = await take_lease(database, "duty.one", "a")
    await take_lease(database, "duty.two", "b")
    await take_lease(database, "relay.3", "c")
    assert await holders(database, "duty.") == ["a", "b"]

    assert lease is not None
    await release_lease(database, lease)
    await database.execute("UPDATE lease SET until = clock_timestamp() WHERE name = 'duty.two'")

    assert await holders(database, "duty.") == []
