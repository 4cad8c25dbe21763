"""Absorb on a real database: verdicts, numbers, order, and who may write."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.absorbing import lock_tenant
from storage.database import Database
from storage.errors import LeaseLost, TenantNotLinked
from storage.tenant_states import change_state
from tests.handlers.answers import INVOICE, NOW, Mirror, raw_invoice, remote_id
from tests.storage.makers import until
from unified.shape import Read

SECOND = timedelta(seconds=1)


async def test_new_changed_same_older(empty: Mirror) -> None:
    """Only real differences become events."""
    new = await empty.invoice(raw_invoice())
    same = await empty.invoice(raw_invoice())
    changed = await empty.invoice(raw_invoice(at=NOW + SECOND, Reference="two"))
    older = await empty.invoice(raw_invoice(Reference="one, late"))

    assert (new.new, new.events, new.unannounced) == (1, 1, 1)
    assert (same.same, same.events) == (1, 0)
    assert (changed.changed, changed.events) == (1, 1)
    assert (older.older, older.events) == (1, 0)
    assert [event["sequence"] for event in await empty.events()] == [1, 2]
    assert (await empty.record())["unified"]["reference"] == "two"


async def test_before_is_what_the_event_before_left(empty: Mirror) -> None:
    """Consumers may chain events of one thing."""
    await empty.invoice(raw_invoice())
    await empty.invoice(raw_invoice(at=NOW + SECOND, Reference="two"))
    await empty.invoice(raw_invoice(at=NOW + 2 * SECOND, Reference="three"))

    first, second, third = await empty.events()

    assert first["before"] is None
    assert second["before"] == first["after"]
    assert third["before"] == second["after"]
    assert "/reference" in second["changed_fields"]
    assert (await empty.record())["unified"] == third["after"]


async def test_numbers_have_no_gaps(empty: Mirror) -> None:
    """Per entity and per tenant, over many transactions and both kinds of change."""
    names = [f"invoice {number}" for number in range(130)]
    many = [await empty.seen(INVOICE, raw_invoice(name)) for name in names]
    await empty.absorb(INVOICE, *many)
    for number in range(1, 4):
        raw = raw_invoice(names[7], at=NOW + number * SECOND, Reference=str(number))
        await empty.invoice(raw)

    every = await empty.events(None)

    assert [event["tenant_sequence"] for event in every] == list(range(1, 135))
    mine = [e["sequence"] for e in every if e["entity"]["remote_id"] == remote_id(names[7])]
    assert mine == [1, 2, 3, 4]
    assert await empty.db.fetchval("SELECT tenant_sequence FROM tenant") == 134


async def test_thing_that_stands_twice_counts_once(empty: Mirror) -> None:
    """By its latest answer; one statement never holds a key twice."""
    first = await empty.seen(INVOICE, raw_invoice())
    second = await empty.seen(INVOICE, raw_invoice(Reference="later"))

    done = await empty.absorb(INVOICE, first, second)

    assert done.events == 1
    assert (await empty.record())["unified"]["reference"] == "later"


async def test_ambiguous_answer_is_read_alone_and_then_resolves(empty: Mirror) -> None:
    """Applying it might go back in time; dropping it might lose a change."""
    asked = await empty.db.now()
    overlapping = await empty.seen(INVOICE, raw_invoice(Reference="two"), asked_at=asked)
    await empty.invoice(raw_invoice())

    doubtful = await empty.absorb(INVOICE, overlapping)
    wanted = await empty.notice()
    resolved = await empty.invoice(raw_invoice(Reference="two"), read=Read.SINGLE)

    assert (doubtful.ambiguous, doubtful.events) == (1, 0)
    assert wanted is not None
    assert (wanted.single_read, wanted.origin) == (True, "stale")
    assert resolved.events == 1
    assert await empty.notice() is None
    assert (await empty.record())["unified"]["reference"] == "two"


async def test_slow_equal_answer_moves_no_time_back(empty: Mirror) -> None:
    """Else a still slower, staler one would later pass as newer."""
    slow_asked = await empty.db.now()
    stale_asked = await empty.db.now()
    stale_answered = await empty.db.now()
    await empty.invoice(raw_invoice())
    before = await empty.record()

    slow = await empty.seen(INVOICE, raw_invoice(), asked_at=slow_asked, answered_at=stale_asked)
    await empty.absorb(INVOICE, slow)
    stale = await empty.seen(
        INVOICE, raw_invoice(Reference="old"), asked_at=stale_answered, answered_at=stale_answered
    )
    done = await empty.absorb(INVOICE, stale)

    after = await empty.record()
    assert done.ambiguous == 1
    for clock in ("asked_at", "answered_at", "verified_at"):
        assert after[clock] >= before[clock]


async def test_confirmation_moves_the_clocks_and_what_is_volatile(empty: Mirror) -> None:
    """Stored without an event."""
    await empty.invoice(raw_invoice())
    before = await empty.record()
    renamed = raw_invoice(at=NOW + SECOND)
    renamed["Contact"] = {**renamed["Contact"], "Name": "Renamed Ltd"}

    done = await empty.invoice(renamed)

    after = await empty.record()
    assert (done.same, done.events) == (1, 0)
    assert after["unified"]["contact"]["name"] == "Renamed Ltd"
    assert after["updated_at"] == NOW + SECOND
    assert after["verified_at"] > before["verified_at"]
    assert after["sequence"] == before["sequence"] == after["unified"]["version"]


async def test_two_writers_of_a_tenant_take_turns(empty: Mirror) -> None:
    """The second sees what the first committed, so numbers follow commits."""
    first = await empty.seen(INVOICE, raw_invoice())
    second = await empty.seen(INVOICE, raw_invoice(at=NOW + SECOND, Reference="two"))
    async with empty.db.transaction() as conn:
        await lock_tenant(conn, empty.id, fencing=None)
        writers = asyncio.gather(
            empty.absorb(INVOICE, first),
            empty.absorb(INVOICE, second),
            empty.absorb(INVOICE, first),
        )
        await until(empty.db, "SELECT count(*) = 3 FROM waiting")
        assert not writers.done()

    done = await writers

    numbers = [event["tenant_sequence"] for event in await empty.events()]
    assert sum(each.events for each in done) == len(numbers)
    assert numbers == list(range(2, 2 + len(numbers)))
    assert (await empty.record())["unified"]["reference"] == "two"


async def test_worker_that_lost_its_lease_writes_nothing(empty: Mirror) -> None:
    """However late it wakes."""
    await empty.lease("late")
    await empty.db.execute("UPDATE tenant SET lease_until = clock_timestamp() - interval '1 s'")
    slept = empty.fencing
    await empty.lease("next")
    empty.fencing = slept

    with pytest.raises(LeaseLost):
        await empty.invoice(raw_invoice())

    assert await empty.events() == []


@pytest.mark.parametrize("state", ["vanished", "disconnected"])
async def test_tenant_that_is_not_linked_takes_nothing(empty: Mirror, state: str) -> None:
    """Nothing brings back what was unlinked."""
    answer = await empty.seen(INVOICE, raw_invoice())
    await change_state(empty.db, empty.id, state, reason="test")

    with pytest.raises(TenantNotLinked):
        await empty.absorb(INVOICE, answer)


async def test_tenant_that_waits_for_consent_still_takes_what_was_read(empty: Mirror) -> None:
    """What came before the token died is true."""
    answer = await empty.seen(INVOICE, raw_invoice())
    await change_state(empty.db, empty.id, "needs_reauth", reason="test")

    assert (await empty.absorb(INVOICE, answer)).events == 1


async def test_state_change_ends_a_lease(empty: Mirror) -> None:
    """Whoever works for the tenant then can commit no more, even once it is linked again."""
    await empty.lease()
    answer = await empty.seen(INVOICE, raw_invoice())
    await change_state(empty.db, empty.id, "needs_reauth", reason="test")

    with pytest.raises(LeaseLost):
        await empty.absorb(INVOICE, answer)


async def test_failed_transaction_leaves_nothing(empty: Mirror) -> None:
    """Record, event, numbers and notice are one commit."""
    notice = await empty.hint()
    good = await empty.seen(INVOICE, raw_invoice())
    bad = await empty.seen(INVOICE, raw_invoice("two"))
    broken = replace(bad, raw="no bytes")  # type: ignore[arg-type]  # on purpose

    with pytest.raises(Exception, match="invalid input"):
        await empty.absorb(INVOICE, good, broken)

    assert await empty.events() == []
    assert await empty.notice() == notice
    assert await empty.db.fetchval("SELECT count(*) FROM record WHERE resource = 'invoice'") == 0


async def test_deadlock_with_another_writer_is_got_over(empty: Mirror, database: Database) -> None:
    """PostgreSQL ends one of the two; what it ended is done again."""
    await empty.hint("a")
    await empty.hint("b")
    await database.execute("SET deadlock_timeout = '50ms'")
    answers = [await empty.seen(INVOICE, raw_invoice(name)) for name in ("a", "b")]
    ordered = sorted((remote_id("a"), remote_id("b")))
    hold = "SELECT 1 FROM notice WHERE remote_id = $1 FOR UPDATE"
    async with database.transaction() as conn:
        await conn.execute(hold, ordered[1])
        absorbing = asyncio.create_task(empty.absorb(INVOICE, *answers))
        await until(database, "SELECT count(*) FROM waiting")
        await conn.execute("SET LOCAL deadlock_timeout = '10s'")  # let the other one be ended
        await conn.execute(hold, ordered[0])

    done = await absorbing

    assert done.events == 2
    assert await empty.notice("a") is None
