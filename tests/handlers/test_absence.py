"""What Xero no longer lists: gone after two complete lists and a 404, and never a currency."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handlers.absence import CONFIRM_AFTER
from simulator import items, tax_rates
from storage.database import Database
from tests.handlers.rig import Rig, running

DAY = timedelta(days=1)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, on a day of which nothing has been swept."""
    async with running(database) as started:
        await started.work()
        started.clock.advance(DAY)
        yield started


async def sweep(rig: Rig, path: str) -> int:
    """Sweep one endpoint now, and do what follows at once; returns the calls that took."""
    await rig.only(path)
    await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = $2", rig.clock.now(), path)
    before = rig.calls
    await rig.work()
    return rig.calls - before


async def test_deleted_item_is_missing_after_two_lists_and_a_404(rig: Rig) -> None:
    """It leaves no trace at Xero; each list costs one call, and so does the proof."""
    item = next(iter(rig.books.ledger.reference.items))
    items.delete(rig.books.ledger, item)

    assert await sweep(rig, "Items") == 1
    assert [each["op"] for each in await rig.mirror.events("item")] == ["r"] * 4
    cursor = await rig.cursor("Items")
    assert cursor.sweep_due_at <= rig.clock.now() + CONFIRM_AFTER
    rig.clock.set(cursor.sweep_due_at)
    assert await sweep(rig, "Items") == 2

    event = (await rig.mirror.events("item"))[-1]
    assert (event["op"], event["entity"]["remote_id"]) == ("d", item.id)
    assert event["after"]["deletion_kind"] == "missing"
    assert event["after"]["status"] == "deleted"
    assert event["cause"]["kind"] == "reconcile"
    states = await rig.db.fetch("SELECT state FROM event ORDER BY position DESC LIMIT 1")
    assert states[0]["state"] is None
    assert await rig.notices() == await rig.notices("dead") == []
    assert await sweep(rig, "Items") == 1
    assert (await rig.mirror.events("item"))[-1] == event


async def test_what_is_listed_again_was_never_gone(rig: Rig) -> None:
    """One list may lack what another has; only lists in a row count."""
    shelf = rig.books.ledger.reference.items
    item = next(iter(shelf))
    for _ in range(3):
        shelf.drop(item.id)
        await sweep(rig, "Items")
        shelf.put(item, item.updated_ms)
        await sweep(rig, "Items")

    assert {each["op"] for each in await rig.mirror.events("item")} == {"r"}
    assert await rig.notices() == []


async def test_what_is_there_when_asked_for_alone_is_not_gone(rig: Rig) -> None:
    """A list that hides something twice is no proof: the thing itself answers."""
    shelf = rig.books.ledger.reference.items
    item = next(iter(shelf))
    shelf.drop(item.id)
    await sweep(rig, "Items")
    rig.clock.advance(CONFIRM_AFTER)
    shelf.by_id[item.id] = item  # readable alone, in no list
    await sweep(rig, "Items")

    assert {each["op"] for each in await rig.mirror.events("item")} == {"r"}
    assert await rig.notices() == []


async def test_thing_that_comes_back_goes_on_under_its_number(rig: Rig) -> None:
    """A restored record is an update of the one that was missing."""
    shelf = rig.books.ledger.reference.items
    item = next(iter(shelf))
    shelf.drop(item.id)
    await sweep(rig, "Items")
    rig.clock.advance(CONFIRM_AFTER)
    await sweep(rig, "Items")
    shelf.put(item, item.updated_ms)
    rig.clock.advance(DAY)
    await sweep(rig, "Items")

    back = (await rig.mirror.events("item"))[-1]
    assert (back["op"], back["sequence"]) == ("u", 3)
    assert back["after"]["deletion_kind"] is None
    assert back["after"]["status"] == "active"


async def test_missing_currency_is_no_deletion(rig: Rig) -> None:
    """It can't be removed at Xero, so the list was not whole: counted, and nothing announced."""
    shelf = rig.books.ledger.reference.currencies
    shelf.drop("EUR")
    due = [await sweep(rig, "Currencies") for _ in range(3)]

    assert due == [1, 1, 1]
    assert {each["op"] for each in await rig.mirror.events("currency")} == {"r"}
    assert await rig.notices() == []
    [counter] = rig.shop.metrics.unlisted.collect()
    assert counter.samples[0].value == 3


async def test_unstamped_change_is_found_by_comparing_the_list(rig: Rig) -> None:
    """Tax rates tell no times: what differs is announced, what does not costs no event."""
    levy = {"Name": "Levy", "Rate": "2.5"}
    rate = tax_rates.create(rig.books.ledger, {"Name": "Levy", "TaxComponents": [levy]})
    await sweep(rig, "TaxRates")
    tax_rates.update(rig.books.ledger, rate, {"TaxComponents": [{**levy, "Rate": "3"}]})
    rig.clock.advance(DAY)
    await sweep(rig, "TaxRates")
    await sweep(rig, "TaxRates")

    seen = [each for each in await rig.mirror.events("tax_rate") if each["op"] != "r"]
    assert [(each["op"], each["after"]["effective_rate"]) for each in seen] == [
        ("c", "2.5"),
        ("u", "3"),
    ]
    assert seen[-1]["entity"]["remote_id"] == "TAX001"
    assert "/effective_rate" in seen[-1]["changed_fields"]


async def test_whole_lists_are_read_once_a_day_where_changes_can_be_asked_for(rig: Rig) -> None:
    """Later sweeps of the day ask for what is newer, which costs Xero's egress almost nothing."""
    await sweep(rig, "Accounts")
    usage = rig.simulator.simulation.used(rig.tenant)
    before = usage.bytes
    await sweep(rig, "Accounts")
    small = usage.bytes - before
    rig.clock.advance(DAY)
    before = usage.bytes
    await sweep(rig, "Accounts")

    assert small * 10 < usage.bytes - before
