"""Deliveries and the notices they make: all or nothing, once, and only for linked tenants."""

import asyncio
import json
import random
from datetime import timedelta
from typing import Any

import pytest

from storage.database import Database
from storage.deliveries import StoredOutcome, store_deliveries
from storage.errors import StorageError
from storage.notices import MOST_NAMED, whom_to_wake
from storage.tenant_states import change_state
from tests.storage.makers import NOW, delivery, hint, link, new_tenant_id, until

HOUR = timedelta(hours=1)


async def _notice(db: Database) -> dict[str, Any]:
    (row,) = await db.fetch("SELECT * FROM notice")
    return dict(row.items())


async def test_hint_becomes_a_due_notice(database: Database) -> None:
    """One event of a linked tenant: one delivery, one notice, due now, with its origin told."""
    tenant_id = await link(database)
    given = delivery(hint(tenant_id, created=True), number=7)

    outcomes = await store_deliveries(database, [given], now=NOW)

    assert outcomes == [StoredOutcome("accepted", {})]
    notice = await _notice(database)
    assert (notice["tenant_id"], notice["endpoint"], notice["remote_id"]) == (
        tenant_id, "Invoices", "i1"
    )  # fmt: skip
    assert (notice["origin"], notice["created_hint"], notice["hinted_at"]) == ("webhook", True, NOW)
    assert (notice["state"], notice["due_at"], notice["coalesced"]) == ("due", NOW, 1)
    assert (notice["delivery_id"], notice["first_sequence"]) == (given.id, 7)
    assert notice["received_at"] == given.received_at
    row = await database.fetchrow("SELECT * FROM delivery")
    assert row is not None
    assert (row["outcome"], row["notice_count"], row["event_count"]) == ("accepted", 1, 1)
    assert row["body"] is None
    assert row["ignored"] is None
    assert row["endpoints"] == ["Invoices"]


async def test_many_hints_for_one_thing_are_one_notice(database: Database) -> None:
    """Within a batch and across batches hints add up: newest time, any CREATE, counted."""
    tenant_id = await link(database)
    newest = delivery(hint(tenant_id), number=3)

    await store_deliveries(
        database,
        [
            delivery(
                hint(tenant_id, created=True, hinted_at=NOW + HOUR), hint(tenant_id), number=2
            ),
            newest,
            delivery(hint(tenant_id, hinted_at=None), number=1),
        ],
        now=NOW,
    )  # fmt: skip
    first = await _notice(database)
    await store_deliveries(database, [delivery(hint(tenant_id), number=4)], now=NOW + HOUR)
    second = await _notice(database)

    assert (first["coalesced"], first["created_hint"], first["hinted_at"]) == (4, True, NOW + HOUR)
    assert (first["delivery_id"], first["received_at"]) == (newest.id, newest.received_at)
    assert (second["coalesced"], second["created_hint"], second["hinted_at"]) == (
        5, True, NOW + HOUR
    )  # fmt: skip
    assert second["version"] > first["version"]
    assert second["due_at"] == NOW


async def test_hint_brings_a_waiting_notice_forward(database: Database) -> None:
    """News beats an earlier decision to wait, and starts the stale reads over, not the attempts."""
    tenant_id = await link(database)
    await store_deliveries(database, [delivery(hint(tenant_id))], now=NOW)
    await database.execute(
        "UPDATE notice SET due_at = $1, attempts = 3, stale_reads = 2", NOW + HOUR
    )

    await store_deliveries(database, [delivery(hint(tenant_id), number=2)], now=NOW)

    notice = await _notice(database)
    assert (notice["due_at"], notice["attempts"], notice["stale_reads"]) == (NOW, 3, 0)


async def test_hint_revives_a_dead_notice(database: Database) -> None:
    """A dead letter whose thing changes again gets a fresh set of attempts."""
    tenant_id = await link(database)
    await store_deliveries(database, [delivery(hint(tenant_id))], now=NOW)
    await database.execute("UPDATE notice SET state = 'dead', died_at = now(), attempts = 6")

    await store_deliveries(database, [delivery(hint(tenant_id), number=2)], now=NOW)

    notice = await _notice(database)
    assert (notice["state"], notice["died_at"], notice["attempts"]) == ("due", None, 0)


async def test_repetition_makes_no_notice(database: Database) -> None:
    """The same bytes again, later or in one batch, are told as repeated and change nothing."""
    tenant_id = await link(database)
    await store_deliveries(database, [delivery(hint(tenant_id))], now=NOW)
    await database.execute("DELETE FROM notice")

    outcomes = await store_deliveries(
        database,
        [delivery(hint(tenant_id)), delivery(hint(tenant_id, "i2"), number=2),
         delivery(hint(tenant_id, "i2"), number=2)],
        now=NOW,
    )  # fmt: skip

    assert sorted(outcome.outcome for outcome in outcomes) == ["accepted", "repeated", "repeated"]
    assert outcomes[0].outcome == "repeated"
    notice = await _notice(database)
    assert (notice["remote_id"], notice["coalesced"]) == ("i2", 1)
    assert await database.fetchval("SELECT count(*) FROM delivery") == 4


@pytest.mark.parametrize("state", ["disconnected", "vanished", "erasing", "erased", None])
async def test_hint_of_a_tenant_not_linked_is_kept_and_counted(
    database: Database, state: str | None
) -> None:
    """Unknown and left tenants make no notice; the bytes stay, the count says why."""
    tenant_id = new_tenant_id()
    if state is not None:
        await link(database, tenant_id)
        await database.execute("UPDATE tenant SET state = $1", state)

    outcomes = await store_deliveries(
        database, [delivery(hint(tenant_id), ignored={"unknown_field": 1})], now=NOW
    )

    expected = {"unknown_field": 1, "tenant_not_linked": 1}
    assert outcomes == [StoredOutcome("ignored", expected)]
    assert await database.fetchval("SELECT count(*) FROM notice") == 0
    row = await database.fetchrow("SELECT body, ignored, notice_count FROM delivery")
    assert row is not None
    assert (row["body"], json.loads(row["ignored"]), row["notice_count"]) == (
        b"body 1", expected, 0
    )  # fmt: skip


async def test_mixed_delivery_makes_notices_for_its_linked_tenants(database: Database) -> None:
    """One payload mixes tenants: each event counts for its own."""
    linked, waiting, stranger = await link(database), await link(database), new_tenant_id()
    assert await change_state(database, waiting, "needs_reauth", reason="invalid_grant")

    outcomes = await store_deliveries(
        database, [delivery(hint(linked), hint(stranger), hint(waiting))], now=NOW
    )

    assert outcomes == [StoredOutcome("accepted", {"tenant_not_linked": 1})]
    rows = await database.fetch("SELECT tenant_id FROM notice")
    assert {row["tenant_id"] for row in rows} == {linked, waiting}
    assert await database.fetchval("SELECT body FROM delivery") == b"body 1"


async def test_unreadable_delivery_is_kept_whole(database: Database) -> None:
    """Genuine bytes that are no delivery stay as they came; a second time they are a repeat."""
    first, again = [
        await store_deliveries(
            database,
            [delivery(unreadable=True, first_sequence=None, last_sequence=None, body=b"\xff")],
            now=NOW,
        )
        for _ in range(2)
    ]

    assert (first[0].outcome, again[0].outcome) == ("unreadable", "repeated")
    assert await database.fetchval(
        "SELECT body FROM delivery WHERE outcome = 'unreadable'"
    ) == b"\xff"  # fmt: skip


async def test_delivery_without_events_is_ignored(database: Database) -> None:
    """Nothing in it, nothing to do; its numbers still count."""
    assert await store_deliveries(database, [delivery()], now=NOW) == [StoredOutcome("ignored", {})]


async def test_batch_is_all_or_nothing(database: Database) -> None:
    """One impossible delivery in a batch: none of it is stored, so 503 for all is the truth."""
    tenant_id = await link(database)
    good = delivery(hint(tenant_id))

    with pytest.raises(Exception, match=r"bigint"):
        await store_deliveries(
            database, [good, delivery(hint(tenant_id), last_sequence=2**63)], now=NOW
        )

    assert await database.fetchval("SELECT count(*) FROM delivery") == 0
    assert await database.fetchval("SELECT count(*) FROM notice") == 0


async def test_storing_wakes_the_handlers(database: Database) -> None:
    """NOTIFY names the tenants, as many as fit; repeats wake nobody."""
    one, other = await link(database), await link(database)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await database.listen("ledgerwire_notice", heard.put_nowait)

    await store_deliveries(database, [delivery(hint(one))], now=NOW)
    await store_deliveries(database, [delivery(hint(one))], now=NOW)
    await store_deliveries(database, [delivery(hint(one), hint(other), number=2)], now=NOW)

    assert [await asyncio.wait_for(heard.get(), 10) for _ in range(2)] == [
        one,
        ",".join(sorted([one, other])),
    ]
    assert heard.empty()
    assert len(whom_to_wake([one] * MOST_NAMED)) < 8_000
    assert whom_to_wake([one] * (MOST_NAMED + 1)) == ""


async def test_crossing_batches_neither_deadlock_nor_lose_hints(database: Database) -> None:
    """Receivers that store the same things and repetitions in any order get along."""
    tenants = [await link(database) for _ in range(3)]
    rand = random.Random(5)  # noqa: S311  # a test's own dice
    deliveries = [
        delivery(*(hint(rand.choice(tenants), f"i{rand.randrange(8)}") for _ in range(4)), number=n)
        for n in range(40)
    ]
    orders = [rand.sample(deliveries, len(deliveries)) for _ in range(6)]
    expected = sum(len(each.hints) for each in deliveries)

    async def receive(order: list[Any]) -> list[str]:
        told: list[str] = []
        for start in range(0, len(order), 10):
            copies = [
                delivery(*one.hints, number=one.first_sequence) for one in order[start : start + 10]
            ]
            told += [one.outcome for one in await store_deliveries(database, copies, now=NOW)]
        return told

    outcomes = await asyncio.gather(*map(receive, orders))

    accepted = [one for told in outcomes for one in told if one == "accepted"]
    assert len(accepted) == len(deliveries)
    assert await database.fetchval("SELECT sum(coalesced) FROM notice") == expected


async def test_unlinking_and_storing_take_turns(database: Database) -> None:
    """A delivery on its way in while a tenant is unlinked is wholly before or wholly after it."""
    tenant_id = await link(database)
    locked, stored = asyncio.Event(), asyncio.Event()

    async def unlink() -> None:
        async with database.transaction() as conn:
            await conn.execute("SELECT 1 FROM tenant WHERE id = $1 FOR UPDATE", tenant_id)
            locked.set()
            await until(database, "SELECT count(*) FROM waiting")
            assert not stored.is_set()
            await conn.execute("UPDATE tenant SET state = 'disconnected'")

    async def receive() -> list[StoredOutcome]:
        await locked.wait()
        outcomes = await store_deliveries(database, [delivery(hint(tenant_id))], now=NOW)
        stored.set()
        return outcomes

    _, outcomes = await asyncio.gather(unlink(), receive())

    assert outcomes == [StoredOutcome("ignored", {"tenant_not_linked": 1})]


async def test_absorbing_does_not_hold_up_deliveries(database: Database) -> None:
    """While a tenant's row is held by a writer (not by a change of state), hints still come in."""
    tenant_id = await link(database)

    async with database.transaction() as conn:
        await conn.execute("SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
        async with asyncio.timeout(10):
            outcomes = await store_deliveries(database, [delivery(hint(tenant_id))], now=NOW)

    assert outcomes[0].outcome == "accepted"


async def test_lost_database_is_told(database: Database) -> None:
    """With the pool's server connections cut in mid-transaction nothing is reported as stored."""
    tenant_id = await link(database)

    async with database.transaction() as blocker:
        await blocker.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
        storing = asyncio.create_task(
            store_deliveries(database, [delivery(hint(tenant_id))], now=NOW)
        )
        await until(database, "SELECT count(pg_terminate_backend(pid)) FROM waiting")
        with pytest.raises(StorageError):
            await storing

    assert await database.fetchval("SELECT count(*) FROM delivery") == 0
