"""A clock that was set back: what waits for an instant must not wait the longer for it."""

from datetime import timedelta

import pytest

from storage.call_budget import Granted, Wish
from storage.calls import reserve_calls
from storage.clock_mark import SET_BACK_FROM, note_clock
from storage.database import Database
from storage.leases import take_tenants
from storage.notices import NewNotice, add_notices
from tests.storage.makers import NOW, link
from unified.ids import RemoteId

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


async def test_everything_that_waits_is_brought_forward(database: Database) -> None:
    """Calls, notices, sweeps, blocks and tokens: each by as much as the clock went back."""
    tenant_id = await link(database)
    async with database.transaction() as conn:
        wanted = NewNotice(endpoint="Invoices", remote_id=RemoteId("i1"), origin="sweep")
        await add_notices(conn, tenant_id, [wanted], now=NOW + 30 * SECOND)
    assert await reserve_calls(database, tenant_id, Wish(calls=5), now=NOW) == Granted(5)
    await database.execute("UPDATE tenant SET blocked_until = $1", NOW + MINUTE)
    await database.execute("UPDATE cursor SET sweep_due_at = $1", NOW + MINUTE)
    await note_clock(database, NOW)
    back = NOW - 5 * HOUR

    assert await note_clock(database, back) == 5 * HOUR
    assert await note_clock(database, back) == timedelta(0)

    assert await database.fetchval("SELECT due_at FROM notice") == back + 30 * SECOND
    assert await database.fetchval("SELECT blocked_until FROM tenant") == back + MINUTE
    assert await take_tenants(database, "w", now=back + 59 * SECOND) == []
    later = back + 61 * SECOND
    assert await reserve_calls(database, tenant_id, Wish(calls=5), now=later) == Granted(5)
    assert [lease.tenant_id for lease in await take_tenants(database, "w", now=later)] == [
        tenant_id
    ]


@pytest.mark.parametrize("step", [SET_BACK_FROM, timedelta(0), -9 * HOUR])
async def test_nothing_moves_for_less_nor_for_a_clock_set_forward(
    database: Database, step: timedelta
) -> None:
    """Two machines' clocks differ a little, and what is due early harms nobody."""
    tenant_id = await link(database)
    await database.execute("UPDATE tenant SET blocked_until = $1", NOW + MINUTE)
    await note_clock(database, NOW)

    assert await note_clock(database, NOW - step) == timedelta(0)

    blocked = await database.fetchval("SELECT blocked_until FROM tenant WHERE id = $1", tenant_id)
    assert blocked == NOW + MINUTE


async def test_call_is_a_mark_too(database: Database) -> None:
    """A clock that was wrong for seconds only, between two marks, has misdated things all the
    same."""
    tenant_id = await link(database)
    await note_clock(database, NOW)
    assert await reserve_calls(database, tenant_id, Wish(calls=5), now=NOW + 5 * HOUR) == Granted(5)

    assert await note_clock(database, NOW + SECOND) == 5 * HOUR - SECOND
    assert await reserve_calls(database, tenant_id, Wish(calls=5), now=NOW + 9 * SECOND) == Granted(
        5
    )


async def test_small_steps_back_add_up(database: Database) -> None:
    """The mark is the latest time that was seen, not the last one."""
    await link(database)
    await note_clock(database, NOW)
    steps = [await note_clock(database, NOW - count * 3 * MINUTE) for count in range(1, 4)]

    assert steps == [timedelta(0), 6 * MINUTE, timedelta(0)]


async def test_sweeps_after_a_backfill_under_way_read_from_xeros_time(database: Database) -> None:
    """A backfill notes by our clock from when on sweeps must read; what is done was in Xero's."""
    tenant_id = await link(database)
    rows = [("Running", "running"), ("Done", "done")]
    await database.execute("DELETE FROM cursor")
    for endpoint, state in rows:
        await database.execute(
            """INSERT INTO cursor (tenant_id, endpoint, since, sweep_due_at, backfill_state,
                                   backfill_started_at) VALUES ($1, $2, $3, $3, $4, $3)""",
            tenant_id,
            endpoint,
            NOW,
            state,
        )
    await note_clock(database, NOW)
    await note_clock(database, NOW - 2 * HOUR)

    since = await database.fetch("SELECT endpoint, since FROM cursor")
    assert {row["endpoint"]: row["since"] for row in since} == {
        "Running": NOW - 2 * HOUR,
        "Done": NOW,
    }
