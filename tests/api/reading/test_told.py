"""Webhooks prove how fresh a list is only of what they tell of: what is ticked in Xero's portal, as
far as anybody can know."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from api.reading.freshness import TELLING
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.webhook_watch import look_for_deliveries
from tests.api.reading.rig import Reading, reading
from tests.handlers.rig import FEW, Rig, running
from tests.storage.makers import delivery, hint

SOON = timedelta(minutes=1)  #: longer than a test takes: real time passes, too


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read."""
    async with running(database, FEW) as started:
        await started.work()
        started.pass_time(minutes=1)
        await started.work()
        yield started


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Reading]:
    """The api over it."""
    async with reading(rig) as made:
        yield made


async def hear(rig: Rig, number: int, *endpoints: str) -> None:
    """A webhook comes with an event of each, and what it tells of is read."""
    hints = [hint(rig.tenant, f"{number}", endpoint=each) for each in endpoints]
    told = delivery(*hints, number=number, received_at=await rig.db.now())
    await store_deliveries(rig.db, [told], now=rig.clock.now())
    await look_for_deliveries(rig.db, now=rig.clock.now())
    await rig.db.execute("DELETE FROM notice")


async def sweep(rig: Rig) -> None:
    """Sweep all, now."""
    await rig.cursors_say("sweep_due_at = $1", rig.clock.now())
    await rig.work()


async def proven(rig: Rig, client: Reading, path: str) -> str:
    """By what the list is proven to be as fresh as it says."""
    told = (await client.told(f"accounting/{path}"))["meta"]["as_of"]
    since = (await rig.cursor(path.title())).since
    assert since is not None
    as_of = datetime.fromisoformat(told)
    if abs(as_of - since) < timedelta(seconds=1):
        return "sweep"
    assert abs(rig.clock.now() - TELLING - as_of) < SOON
    return "webhooks"


async def test_webhooks_prove_what_they_tell_of(rig: Rig, client: Reading) -> None:
    """Not what came in no event yet, which may not be ticked; and from the next sweep on, since
    nobody knows how long it had been ticked when the first one came."""
    rig.pass_time(hours=1)
    await hear(rig, 1, "Invoices")
    at_first = await proven(rig, client, "invoices")
    await sweep(rig)
    rig.pass_time(hours=1)
    await hear(rig, 2, "Invoices")

    assert at_first == "sweep"
    assert await proven(rig, client, "invoices") == "webhooks"
    assert await proven(rig, client, "contacts") == "sweep"


async def test_what_a_sweep_finds_ends_the_proof_of_its_kind(rig: Rig, client: Reading) -> None:
    """However many events of others come: until one of its own does, and a sweep after that."""
    await hear(rig, 1, "Contacts", "Invoices")
    rig.pass_time(hours=1)
    await sweep(rig)
    rig.books.create_contact(Name="Untold Ltd")
    rig.pass_time(hours=1)
    await hear(rig, 2, "Invoices")
    before = await proven(rig, client, "contacts")
    await sweep(rig)
    rig.pass_time(hours=1)

    await hear(rig, 3, "Invoices")

    assert before == "webhooks"
    assert await proven(rig, client, "invoices") == "webhooks"
    assert await proven(rig, client, "contacts") == "sweep"
    await hear(rig, 4, "Contacts")
    assert await proven(rig, client, "contacts") == "sweep"
    await sweep(rig)
    rig.pass_time(hours=1)
    await hear(rig, 5, "Invoices")
    assert await proven(rig, client, "contacts") == "webhooks"


async def test_event_of_a_stranger_shows_what_is_ticked(rig: Rig, client: Reading) -> None:
    """There is one subscription, for all organisations of the app."""
    strange = hint(rig.tenant, "c1", endpoint="Contacts")
    told = delivery(strange, number=1, received_at=await rig.db.now())
    await rig.db.execute("UPDATE tenant SET state = 'vanished'")
    await store_deliveries(rig.db, [told], now=rig.clock.now())
    await rig.db.execute("UPDATE tenant SET state = 'linked'")
    await look_for_deliveries(rig.db, now=rig.clock.now())
    rig.pass_time(hours=1)
    await sweep(rig)
    rig.pass_time(hours=1)
    await hear(rig, 2, "Invoices")

    assert await proven(rig, client, "contacts") == "webhooks"


async def test_what_was_being_stored_at_a_look_is_seen_at_the_next(rig: Rig) -> None:
    """Deliveries commit in another order than they come, and the next of its kind may be far."""
    await hear(rig, 2, "Invoices")
    told = hint(rig.tenant, "c1", endpoint="Contacts")
    before = await rig.db.now() - timedelta(seconds=3)
    await store_deliveries(
        rig.db, [delivery(told, number=1, received_at=before)], now=rig.clock.now()
    )

    await look_for_deliveries(rig.db, now=rig.clock.now())

    rows = await rig.db.fetch("SELECT endpoint FROM webhook_endpoint ORDER BY endpoint")
    assert [row["endpoint"] for row in rows] == ["Contacts", "Invoices"]
