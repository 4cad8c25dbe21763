"""What failures of Xero cost a session: waits, attempts, or a dead letter."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from handlers.retry import MAX_ATTEMPTS, OUTAGES_TOGETHER
from handlers.session import DAY_REST_S, REST_S
from handlers.workshop import Workshop
from storage.database import Database
from storage.dead_letters import dead_content, dead_letters, retry_dead
from tests.handlers.answers import NOW
from tests.handlers.rig import FEW, Rig, running

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read and that sweeps nothing meanwhile."""
    async with running(database, FEW) as started:
        await started.work()
        await started.cursors_say("sweep_due_at = $1", NOW + 1000 * MINUTE)
        yield started


async def hinted_contacts(rig: Rig, count: int = 1) -> list[str]:
    """So many contacts that changed, with their notices."""
    made = [rig.books.create_contact(Name=f"Fresh {number} Ltd") for number in range(count)]
    for each in made:
        await rig.announce(each, created=True)
    return [each.id for each in made]


async def worked_off(rig: Rig, rounds: int) -> None:
    """So many sessions, minutes apart."""
    for _ in range(rounds):
        await rig.work()
        rig.pass_time(minutes=6)


@pytest.mark.parametrize("problem", ["minute", "day", "concurrent", "appminute"])
async def test_spent_limit_costs_time_but_no_attempt(rig: Rig, problem: str) -> None:
    """The tenant waits as long as Xero says, and then goes on."""
    await hinted_contacts(rig)
    rig.fault("limit", problem=problem)

    rest_s = await rig.work()

    [notice] = await rig.notices()
    assert 0 < rest_s <= (DAY_REST_S if problem == "day" else REST_S)
    assert notice["attempts"] == 0
    assert notice["due_at"] > rig.clock.now()
    rig.clock.set(notice["due_at"] + MINUTE)
    await rig.work()
    assert await rig.notices() == []


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "drop"}])
async def test_outage_is_lived_through(rig: Rig, fault: dict[str, Any]) -> None:
    """However long, nothing is buried, and the batch stays together."""
    await hinted_contacts(rig, 2)
    rig.fault(**fault, times=None)
    await worked_off(rig, MAX_ATTEMPTS + 2)
    [first, second] = await rig.notices()

    rig.heal()
    before = rig.calls
    await rig.work()

    assert first["outages"] == second["outages"] == MAX_ATTEMPTS + 2
    assert first["attempts"] == second["attempts"] == 0
    assert not first["single_read"]
    assert rig.calls - before == 1
    assert await rig.notices() == await rig.notices("dead") == []


async def test_thing_that_breaks_xero_holds_only_itself(rig: Rig) -> None:
    """All others would wait with it for ever, and what is hinted meanwhile too."""
    bad, *good = await hinted_contacts(rig, 4)
    rig.fault("status", status=500, naming=bad, times=None)
    await worked_off(rig, OUTAGES_TOGETHER - 1)
    assert len(await rig.notices()) == 4
    late = rig.books.create_contact(Name="Late Ltd")
    await rig.announce(late, created=True)
    await worked_off(rig, 2)

    [notice] = await rig.notices()
    assert (notice["remote_id"], notice["single_read"], notice["attempts"]) == (bad, True, 0)
    assert notice["outages"] > OUTAGES_TOGETHER
    assert await rig.notices("dead") == []
    told = {event["entity"]["remote_id"] for event in await rig.mirror.events("contact")}
    assert told >= {late.id, *good}
    before = rig.calls
    await worked_off(rig, 1)
    assert rig.calls - before == 1


async def test_batch_stays_together_where_xero_breaks_at_everything(rig: Rig) -> None:
    """Each of it alone would use up the day's calls in an outage; one that is tried tells."""
    await hinted_contacts(rig, 4)
    rig.fault("status", status=500, times=None)
    await worked_off(rig, OUTAGES_TOGETHER)
    before = rig.calls
    await worked_off(rig, 1)

    assert rig.calls - before == 2
    assert {notice["single_read"] for notice in await rig.notices()} == {False}
    rig.heal()
    before = rig.calls
    await rig.work()
    assert rig.calls - before == 1
    assert await rig.notices() == await rig.notices("dead") == []


async def test_refusal_soon_after_an_outage_is_the_first(rig: Rig) -> None:
    """It has all its attempts still: the outage was no fault of the thing."""
    [contact] = await hinted_contacts(rig)
    rig.fault("status", status=503, times=None)
    await worked_off(rig, MAX_ATTEMPTS + 2)
    rig.heal()
    rig.fault("status", status=400, times=MAX_ATTEMPTS - 1)
    await worked_off(rig, MAX_ATTEMPTS - 1)
    [notice] = await rig.notices()
    assert (notice["remote_id"], notice["outages"]) == (contact, 0)
    assert notice["attempts"] == MAX_ATTEMPTS - 1

    await rig.work()

    assert await rig.notices() == await rig.notices("dead") == []


async def test_refused_batch_is_taken_apart_and_what_stays_refused_is_buried(rig: Rig) -> None:
    """The others come through at once."""
    _, bad = await hinted_contacts(rig, 2)
    rig.fault("status", status=400, path="/api.xro/2.0/Contacts", times=1)
    rig.fault("status", status=400, path=f"/api.xro/2.0/Contacts/{bad}", times=None)

    await rig.work()
    assert [notice["remote_id"] for notice in await rig.notices()] == [bad]
    await worked_off(rig, MAX_ATTEMPTS)

    [dead] = await rig.notices("dead")
    assert (dead["remote_id"], dead["error_code"]) == (bad, "PayloadRefused")
    assert await rig.notices() == []
    assert len(await rig.mirror.events("contact")) == 5  # four from the backfill, one good


async def test_answer_that_breaks_off_is_asked_for_again_then_alone_then_buried(rig: Rig) -> None:
    """And can be tried again by a person."""
    await hinted_contacts(rig)
    rig.fault("truncated", times=None)
    await worked_off(rig, MAX_ATTEMPTS)
    [letter] = await dead_letters(rig.db)
    rig.heal()

    assert await retry_dead(rig.db, [letter.key], now=rig.clock.now()) == 1
    await rig.work()

    assert letter.error_code == "UndecodableAnswer"
    assert await dead_letters(rig.db) == []


async def test_batch_cut_short_once_comes_through_together(rig: Rig) -> None:
    """The second try has it."""
    await hinted_contacts(rig, 3)
    rig.fault("truncated")
    before = rig.calls

    await worked_off(rig, 2)

    assert rig.calls - before == 2
    assert await rig.notices() == []


async def test_thing_that_xero_does_not_know_is_missing_after_some_waits(rig: Rig) -> None:
    """A hint says that it exists, so it may be too early to see it; then a person should look."""
    ghost = "00000000-0000-4000-8000-00000000dead"
    await rig.hint(ghost, "Contacts")
    waits = []
    for _ in range(3):
        await rig.work()
        [notice] = await rig.notices()
        waits.append((notice["due_at"] - rig.clock.now()).total_seconds())
        rig.pass_time(minutes=1)
    await rig.work()

    [dead] = await rig.notices("dead")
    assert waits == [1, 5, 30]
    assert (dead["error_code"], dead["attempts"], dead["raw"]) == ("missing", 1, None)
    told = await rig.db.fetchval("SELECT value FROM announcement WHERE topic = 'dead'")
    assert msgspec.json.decode(told)["remote_id"] == ghost


async def test_missing_from_a_batch_is_read_alone_first(rig: Rig) -> None:
    """What a list leaves out may only be hidden by the list."""
    [good] = await hinted_contacts(rig)
    await rig.hint("00000000-0000-4000-8000-00000000dead", "Contacts", hinted_at=None)

    await rig.work()

    [dead] = await rig.notices("dead")
    assert dead["error_code"] == "missing"
    assert good in {event["entity"]["remote_id"] for event in await rig.mirror.events("contact")}


async def test_tenant_that_disconnected_vanishes_and_keeps_its_notices(rig: Rig) -> None:
    """So that nothing is lost if it comes back."""
    await hinted_contacts(rig)
    rig.books.vanished = True

    assert await rig.work() == REST_S

    row = await rig.db.fetchrow("SELECT state FROM tenant")
    assert row is not None
    assert row["state"] == "vanished"
    [notice] = await rig.notices()
    assert notice["attempts"] == 0


async def test_forbidden_endpoint_of_a_linked_tenant_is_no_farewell(rig: Rig) -> None:
    """The user who linked may not see everything: the connection is still there."""
    await hinted_contacts(rig)
    rig.fault("status", status=403)

    await rig.work()

    assert await rig.db.fetchval("SELECT state FROM tenant") == "linked"
    [notice] = await rig.notices()
    assert notice["attempts"] == 1


async def test_poison_is_buried_with_its_bytes_and_its_page_goes_on(rig: Rig) -> None:
    """A NUL, which no PostgreSQL text can hold, among good ones."""
    good = rig.books.create_contact(Name="Good Ltd")
    bad = rig.books.create_contact(Name="Bad \x00 Ltd")
    for each in (good, bad):
        await rig.announce(each, created=True)
    before = rig.calls

    await rig.work()

    [letter] = await dead_letters(rig.db)
    assert rig.calls - before == 1
    assert (letter.remote_id, letter.error_code) == (bad.id, "unreadable")
    content = await dead_content(rig.db, letter.key)
    assert content is not None
    assert msgspec.json.decode(content)["ContactID"] == bad.id
    assert "Bad" not in (letter.error or "")
    assert (await rig.mirror.events("contact"))[-1]["after"]["name"] == "Good Ltd"
    assert await rig.notices() == []


async def test_mended_poison_is_read_after_the_next_hint(rig: Rig) -> None:
    """Its dead letter ends with it."""
    bad = rig.books.create_contact(Name="Bad \x00 Ltd")
    await rig.announce(bad)
    await rig.work()
    await rig.announce(rig.books.rename_contact(bad.id, "Mended Ltd"))

    await rig.work()

    assert await dead_letters(rig.db) == []
    assert (await rig.mirror.events("contact"))[-1]["after"]["name"] == "Mended Ltd"


async def test_record_that_breaks_absorbing_is_buried_alone(rig: Rig) -> None:
    """Whatever the reason, here a rule of the database that one record violates."""
    good = rig.books.create_contact(Name="Good Ltd")
    bad = rig.books.create_contact(Name="Unwanted Ltd")
    await rig.db.execute(
        "ALTER TABLE record ADD CHECK (unified->>'name' IS DISTINCT FROM 'Unwanted Ltd')"
    )
    for each in (good, bad):
        await rig.announce(each, created=True)

    await rig.work()

    [letter] = await dead_letters(rig.db)
    assert letter.remote_id == bad.id
    assert "CheckViolationError" in (letter.error or "")
    assert "Unwanted" not in (letter.error or "")
    assert (await rig.mirror.events("contact"))[-1]["after"]["name"] == "Good Ltd"


async def test_without_kept_raw_poison_still_keeps_its_bytes(rig: Rig) -> None:
    """A person could not judge it otherwise; good records keep none."""
    good = rig.books.create_contact(Name="Good Ltd")
    await rig.announce(good)
    await rig.announce(rig.books.create_contact(Name="Bad \x00 Ltd"))
    rig.shop = with_reader(rig.shop, store_raw=False, event_raw=True)

    await rig.work()

    [letter] = await dead_letters(rig.db)
    assert letter.size > 0
    stored = await rig.db.fetchval("SELECT raw FROM record WHERE remote_id = $1", good.id)
    event = (await rig.mirror.events("contact"))[-1]
    assert stored is None
    assert event["remote_data"]["ContactID"] == good.id


def with_reader(shop: Workshop, **changes: Any) -> Workshop:
    """The workshop with other settings of its reader."""
    return replace(shop, reader=replace(shop.reader, **changes))
