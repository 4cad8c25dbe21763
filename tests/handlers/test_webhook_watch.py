"""The watch over webhooks: silence that is death, and silence that is none."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from handlers.webhook_watch import HEARD, SILENT, WatchSettings, watch_webhooks
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.tenants import NewLink, link_tenant
from storage.webhook_watch import Watch, note_untold, watch_of
from tests.handlers.rig import FEW, Rig, running
from tests.storage.makers import delivery, hint

SETTINGS = WatchSettings()
HOUR = timedelta(hours=1)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, of which webhooks tell."""
    async with running(database, FEW) as started:
        await started.work()
        started.pass_time(minutes=1)
        await started.work()
        yield started


async def sweep(rig: Rig) -> None:
    """Sweep what webhooks should tell, now."""
    await rig.cursors_say("sweep_due_at = $1", rig.clock.now())
    await rig.work()


async def look(rig: Rig, settings: WatchSettings = SETTINGS) -> Watch:
    """One round of the watch."""
    return await watch_webhooks(rig.db, rig.clock, settings)


async def said(rig: Rig) -> list[Mapping[str, Any]]:
    """Messages of the watch on the control topic."""
    rows = await rig.db.fetch(
        "SELECT key, value FROM announcement WHERE kind = ANY($1) ORDER BY position",
        [SILENT, HEARD],
    )
    assert {row["key"] for row in rows} <= {rig.tenant}
    return [msgspec.json.decode(row["value"]) for row in rows]


async def deliver(rig: Rig, number: int = 1, *, endpoint: str = "Invoices") -> None:
    """A webhook comes, of an invoice if of nothing else."""
    of = hint(rig.tenant, "i1", endpoint=endpoint)
    told = delivery(of, number=number, received_at=await rig.db.now())
    await store_deliveries(rig.db, [told], now=rig.clock.now())


async def miss(rig: Rig, changes: int) -> None:
    """Things change unannounced, and a sweep finds them an hour later."""
    for number in range(changes):
        rig.books.create_contact(Name=f"Untold {number} at {rig.clock.now()}")
    rig.clock.advance(HOUR)
    await sweep(rig)


async def test_changes_that_nobody_told_are_silence(rig: Rig) -> None:
    """Said to each organisation, with the button to press; its sweeps then take over."""
    await miss(rig, 3)
    at_once = await look(rig)
    rig.clock.advance(SETTINGS.lasting)
    await rig.cursors_say("sweep_due_at = $1", rig.clock.now() + 9 * HOUR)

    watch = await look(rig)

    assert (at_once.untold, at_once.silent_since) == (3, None)
    assert watch.silent_since == rig.clock.now()
    [message] = await said(rig)
    assert (message["tenant_id"], message["webhooks"], message["untold"]) == (
        rig.tenant, "silent", 3,
    )  # fmt: skip
    assert "Send intent to receive" in message["remedy"]
    soon = (await rig.cursor("Contacts")).sweep_due_at
    assert soon <= rig.clock.now() + timedelta(seconds=SETTINGS.spread_s)
    await look(rig)
    assert len(await said(rig)) == 1


async def test_silence_lets_sweeps_come_as_often_as_without_webhooks(rig: Rig) -> None:
    """They are all there is until somebody presses the button."""
    rig.clock.advance(HOUR)
    await sweep(rig)
    spoken = (await rig.cursor("Contacts")).sweep_due_at - rig.clock.now()
    await rig.db.execute("UPDATE webhook_watch SET silent_since = $1", rig.clock.now())
    rig.clock.advance(HOUR)
    await sweep(rig)
    silent = (await rig.cursor("Contacts")).sweep_due_at - rig.clock.now()

    assert silent * 5 < spoken


async def test_one_delivery_ends_silence(rig: Rig) -> None:
    """And what was missed meanwhile is looked for once."""
    await miss(rig, 3)
    rig.clock.advance(SETTINGS.lasting)
    await look(rig)
    await rig.cursors_say("sweep_due_at = $1", rig.clock.now() + 9 * HOUR)

    await deliver(rig)
    watch = await look(rig)

    assert (watch.silent_since, watch.untold) == (None, 0)
    assert [each["webhooks"] for each in await said(rig)] == ["silent", "heard"]
    assert (await rig.cursor("Contacts")).sweep_due_at < rig.clock.now() + HOUR


async def test_lost_deliveries_are_no_silence_while_others_come(rig: Rig) -> None:
    """However many changes sweeps find: the subscription lives."""
    for number in range(4):
        await miss(rig, 2)
        await deliver(rig, number)
        rig.clock.advance(SETTINGS.lasting)
        assert (await look(rig)).untold == 0

    assert await said(rig) == []


async def test_what_was_never_ticked_is_no_silence(rig: Rig) -> None:
    """Webhooks of invoices say nothing of contacts, and a quiet evening is no death."""
    await deliver(rig)
    await look(rig)
    await miss(rig, 3)
    rig.clock.advance(SETTINGS.lasting)

    assert (await look(rig)).untold == 0
    assert await said(rig) == []


async def test_what_is_ticked_no_more_is_no_silence(rig: Rig) -> None:
    """What others outlived was not the subscription's end, however often it is missed after."""
    await deliver(rig, 1, endpoint="Contacts")
    await look(rig)
    await miss(rig, 3)
    once = await look(rig)
    await deliver(rig, 2)
    await look(rig)
    await miss(rig, 3)
    rig.clock.advance(SETTINGS.lasting)

    assert (once.untold, (await look(rig)).untold) == (3, 0)
    assert await said(rig) == []


async def test_what_came_once_and_is_missed_is_silence(rig: Rig) -> None:
    """Also where the sweeps that find it are several."""
    await deliver(rig, endpoint="Contacts")
    await look(rig)
    await miss(rig, 1)
    await miss(rig, 2)
    rig.clock.advance(SETTINGS.lasting)

    assert (await look(rig)).silent_since == rig.clock.now()


async def test_what_webhooks_need_not_have_told_is_not_counted(rig: Rig) -> None:
    """What moved just now, or without a stamp, or was announced, or has no webhook at all."""
    rig.clock.advance(HOUR)
    rig.books.create_contact(Name="Just now Ltd")
    await sweep(rig)
    told = rig.books.create_contact(Name="Announced Ltd")
    await rig.announce(told, created=True)
    contact = next(iter(rig.books.ledger.contacts))
    contact.is_supplier = not contact.is_supplier
    contact.revision += 1
    rig.books.ledger.name = "Renamed Ltd"
    rig.clock.advance(HOUR)
    await sweep(rig)

    assert (await watch_of(rig.db)).untold == 0


async def test_changes_of_a_time_without_a_link_are_not_counted(rig: Rig) -> None:
    """Webhooks of an organisation that is not linked are ignored, so its changes were told."""
    await rig.db.execute("UPDATE tenant SET state = 'vanished'")
    rig.books.create_contact(Name="While it was away Ltd")
    rig.clock.advance(HOUR)
    held = await rig.db.fetchval('SELECT id FROM "authorization"')
    link = NewLink(tenant_id=rig.tenant, authorization_id=held)
    await link_tenant(rig.db, link, endpoints=FEW, now=rig.clock.now())
    rig.clock.advance(HOUR)
    await sweep(rig)

    assert "While it was away Ltd" in [
        each["after"]["name"] for each in await rig.mirror.events("contact")
    ]
    assert (await watch_of(rig.db)).untold == 0


async def test_without_webhook_keys_nothing_is_expected(rig: Rig) -> None:
    """Sweeps are all there is then, and that was said at the start."""
    async with rig.db.transaction() as conn:
        await note_untold(conn, "Contacts", 99, now=rig.clock.now())
    rig.clock.advance(HOUR)

    await look(rig, WatchSettings(listening=False))

    assert await said(rig) == []
