"""When what was asked for of an endpoint comes, whatever happens to be under way."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from storage.cursors import (
    ask_for_backfill,
    ask_for_sweep,
    backfill_advanced,
    backfill_ended,
    backfill_started,
    bring_sweeps_forward,
    cursors,
    sweep_at_once,
    swept,
)  # fmt: skip
from storage.database import Database
from tests.storage.makers import NOW, link
from unified.ids import TenantId

PATH = "Contacts"
BEGAN, ASKED = NOW + timedelta(hours=2), NOW + timedelta(hours=2, seconds=1)
NEXT = BEGAN + timedelta(hours=6)

Ask = Callable[[Database, TenantId, datetime], Awaitable[object]]


async def _by_hint(db: Database, tenant_id: TenantId, now: datetime) -> None:
    async with db.transaction() as conn:
        await sweep_at_once(conn, tenant_id, PATH, now=now)


ASKS: dict[str, Ask] = {
    "all": lambda db, _, now: bring_sweeps_forward(db, [PATH], now=now, spread_s=0.0),
    "hint": _by_hint,
    "person": lambda db, tenant_id, now: ask_for_sweep(db, tenant_id, [PATH], now=now),
    "backfill": lambda db, tenant_id, now: ask_for_backfill(db, tenant_id, {PATH: None}, now=now),
}


async def _sweep_ends(db: Database, tenant_id: TenantId) -> datetime:
    async with db.transaction() as conn:
        await swept(
            conn, tenant_id, PATH, since=BEGAN, now=BEGAN, sweep_due_at=NEXT, changes_per_hour=0.0
        )
    return (await cursors(db, tenant_id))[PATH].sweep_due_at


async def _due(db: Database, tenant_id: TenantId, due_at: datetime) -> None:
    await db.execute("UPDATE cursor SET sweep_due_at = $2 WHERE tenant_id = $1", tenant_id, due_at)


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("due_at", [NOW, NEXT], ids=["due", "asked_for_early"])
async def test_what_was_asked_for_during_a_sweep_comes_after_it(
    database: Database, ask: Ask, due_at: datetime
) -> None:
    """The sweep may have read its list before what is looked for happened."""
    tenant_id = await link(database)
    await _due(database, tenant_id, due_at)

    await ask(database, tenant_id, ASKED)

    assert await _sweep_ends(database, tenant_id) == ASKED


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_what_was_asked_for_before_a_sweep_is_done_by_it(
    database: Database, ask: Ask
) -> None:
    """Nothing is read twice for one reason."""
    tenant_id = await link(database)
    await ask(database, tenant_id, BEGAN)

    assert await _sweep_ends(database, tenant_id) == NEXT


async def test_spread_sweep_that_is_due_is_not_put_off(database: Database) -> None:
    """Nor one that comes within the time over which the others are spread."""
    soon = ASKED + timedelta(seconds=1)
    # Where an organisation's sweep comes within the spread is decided by its id.
    tenant_id = await link(database, TenantId("5fd28ad3-0d14-4cfa-ae5c-2b1f51c1a3e7"))
    for due_at, expected in ((NOW, ASKED), (soon, soon)):
        await _due(database, tenant_id, due_at)
        await bring_sweeps_forward(database, [PATH], now=ASKED, spread_s=1e9, tenant_id=tenant_id)
        assert (await cursors(database, tenant_id))[PATH].sweep_due_at == expected


async def test_backfill_that_was_asked_for_during_another_begins_after_it(
    database: Database,
) -> None:
    """With its own reach: the one under way leaves out what is old, the next one reads it all."""
    tenant_id = await link(database, backfilled=False)
    await ask_for_backfill(database, tenant_id, {PATH: NOW}, now=NOW)
    async with database.transaction() as conn:
        await backfill_started(conn, tenant_id, PATH, now=BEGAN)

    await ask_for_backfill(database, tenant_id, {PATH: None}, now=ASKED)
    async with database.transaction() as conn:
        await backfill_advanced(
            conn, tenant_id, PATH, page=3, read=100, total=300, clock_lead=timedelta(0)
        )
        await backfill_ended(conn, tenant_id, PATH, now=ASKED, sweep_due_at=NEXT)

    found = (await cursors(database, tenant_id))[PATH]
    assert (found.backfill_state, found.backfill_page, found.backfill_since) == ("pending", 0, None)
    assert found.sweep_due_at == ASKED
    complete = "SELECT backfill_complete FROM cursor WHERE tenant_id = $1 AND endpoint = $2"
    assert not await database.fetchval(complete, tenant_id, PATH)


async def test_walks_are_those_of_one_backfill(database: Database) -> None:
    """One that is asked for while another runs may begin again as often as that one could."""
    tenant_id = await link(database, backfilled=False)
    walks = []
    for asked in (False, False, True, False):
        if asked:
            await ask_for_backfill(database, tenant_id, {PATH: None}, now=ASKED)
        async with database.transaction() as conn:
            await backfill_started(conn, tenant_id, PATH, now=BEGAN)
        walks.append((await cursors(database, tenant_id))[PATH].backfill_walks)

    assert walks == [1, 2, 1, 2]
