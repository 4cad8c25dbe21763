"""Duties: one process at a time, taken over when a lease ends, and what each of them does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from handlers.caretakers import Duty, duties, keep
from handlers.gaps import GapSettings, watch_gaps
from handlers.janitor import Retention, tidy
from handlers.newcomers import add_newcomers
from handlers.rescuer import rescue
from handlers.webhook_watch import WatchSettings
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.errors import StorageUnavailable
from storage.leases import take_lease, take_tenant
from storage.notices import NOTICE_CHANNEL
from tests.handlers.answers import NOW, Mirror
from tests.storage.makers import delivery, hint, link
from unified.clock import ManualClock

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Round:
    """A duty that counts its rounds and tells of each."""

    def __init__(self, fail_first: Exception | None = None) -> None:
        self.done = 0
        self._fail = fail_first
        self._more = asyncio.Condition()

    async def __call__(self) -> None:
        """One round."""
        async with self._more:
            self.done += 1
            self._more.notify_all()
        error, self._fail = self._fail, None
        if error is not None:
            raise error

    async def reached(self, rounds: int) -> None:
        """Wait (at most 10 s) for so many."""
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: self.done >= rounds)


class Keeper:
    """A process that keeps one duty."""

    def __init__(self, db: Database, do: Callable[[], Awaitable[object]], owner: str) -> None:
        self._stop = asyncio.Event()
        duty = Duty("test", 0.01, do)
        self._task = asyncio.create_task(keep(db, duty, owner, self._stop))

    async def stop(self) -> None:
        """End it in good order."""
        self._stop.set()
        await self._task

    async def kill(self) -> None:
        """Cut it off: its lease stays."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def owner_of_duty(db: Database) -> str | None:
    """Who holds the duty now."""
    owner: str | None = await db.fetchval(
        "SELECT owner FROM lease WHERE name = 'duty.test' AND until > clock_timestamp()"
    )
    return owner


async def test_duty_is_done_by_one_of_two(database: Database) -> None:
    """The other only asks, now and then."""
    first, second = Round(), Round()
    one = Keeper(database, first, "one")
    await first.reached(1)
    two = Keeper(database, second, "two")
    await first.reached(30)

    assert second.done == 0
    assert await owner_of_duty(database) == "one"
    await one.stop()
    await two.stop()


async def test_given_back_duty_is_free_at_once(database: Database) -> None:
    """Whoever ends in good order leaves nothing behind."""
    first, second = Round(), Round()
    one = Keeper(database, first, "one")
    await first.reached(1)
    await one.stop()

    assert await owner_of_duty(database) is None
    two = Keeper(database, second, "two")
    await second.reached(1)
    await two.stop()


async def test_duty_of_a_killed_process_is_taken_over_when_its_lease_ends(
    database: Database,
) -> None:
    """Not before."""
    first, second = Round(), Round()
    one = Keeper(database, first, "one")
    await first.reached(1)
    await one.kill()
    early = await take_lease(database, "duty.test", "early")
    await database.execute("UPDATE lease SET until = clock_timestamp() - interval '1 s'")
    late = Keeper(database, second, "late")
    await second.reached(1)

    assert early is None
    assert await owner_of_duty(database) == "late"
    await late.stop()


async def test_lost_database_only_delays_a_duty(database: Database) -> None:
    """It is done again in the next round."""
    round_ = Round(StorageUnavailable("gone"))
    one = Keeper(database, round_, "one")

    await round_.reached(2)
    await one.stop()


async def test_every_duty_can_be_done(empty: Mirror) -> None:
    """On an organisation for which there is nothing to do."""
    every = duties(empty.db, empty.clock, retention=Retention(), gaps=GapSettings(),
                   webhooks=WatchSettings())  # fmt: skip

    for duty in every:
        await duty.do()

    names = [duty.name for duty in every]
    assert names == [
        "calendar", "clock_mark", "rescuer", "newcomers", "webhooks", "eraser", "gaps", "janitor",
    ]  # fmt: skip


async def _gap(db: Database, received_ago: timedelta) -> None:
    """Two deliveries between which the numbers 2 to 4 are missing."""
    received = await db.now() - received_ago
    tenant = await link(db)
    await store_deliveries(
        db,
        [
            delivery(hint(tenant, f"gap{number}"), number=number, received_at=received)
            for number in (1, 5)
        ],
        now=NOW,
    )


async def test_open_gap_brings_one_sweep_of_each_webhooked_endpoint_forward(
    database: Database,
) -> None:
    """Of every tenant, spread over a quarter of an hour, and once."""
    tenants = [await link(database) for _ in range(20)]
    await _gap(database, 2 * MINUTE)
    clock, settings = ManualClock(NOW), GapSettings(open_for=timedelta(0))

    moved = await watch_gaps(database, clock, settings)
    again = await watch_gaps(database, clock, settings)

    rows = await database.fetch(
        "SELECT sweep_due_at FROM cursor WHERE tenant_id = ANY($1::uuid[])", tenants
    )
    waits = [(row["sweep_due_at"] - NOW).total_seconds() for row in rows]
    assert (moved, again) == (2 * 21, 0)
    assert all(0 <= wait <= settings.spread_s for wait in waits)
    assert max(waits) - min(waits) > settings.spread_s / 3
    assert len({round(wait) for wait in waits}) > 10


async def test_organisation_is_told_when_a_gap_is_healed(database: Database) -> None:
    """Once, when the last endpoint that webhooks tell of has been swept since the gap was acted on;
    another that is not swept yet is told of later."""
    one, other = await link(database), await link(database)
    await _gap(database, 2 * MINUTE)
    clock, settings = ManualClock(NOW), GapSettings(open_for=timedelta(0))
    await database.execute("UPDATE cursor SET last_swept_at = $1", NOW - MINUTE)
    await watch_gaps(database, clock, settings)

    async def told() -> list[str]:
        await watch_gaps(database, clock, settings)
        rows = await database.fetch("SELECT key FROM announcement WHERE kind = 'gap_healed'")
        return [row["key"] for row in rows]

    assert await told() == []
    await database.execute(
        "UPDATE cursor SET last_swept_at = $1 WHERE tenant_id = $2 AND endpoint <> 'Invoices'",
        NOW + MINUTE,
        one,
    )
    assert await told() == []
    await database.execute(
        "UPDATE cursor SET last_swept_at = $1 WHERE tenant_id = $2", NOW + MINUTE, one
    )
    assert await told() == [one]
    await database.execute(
        "UPDATE cursor SET last_swept_at = $1 WHERE tenant_id = $2", NOW + MINUTE, other
    )
    assert sorted(await told()) == sorted([one, other])
    assert len(await told()) == 2


async def test_young_gap_is_left_alone(database: Database) -> None:
    """It may only be late."""
    await _gap(database, MINUTE / 2)

    assert await watch_gaps(database, ManualClock(NOW), GapSettings()) == 0
    assert await database.fetchval("SELECT count(*) FROM sequence_gap WHERE closed_at IS NULL") == 1


async def test_sweep_that_is_due_sooner_stays_so(database: Database) -> None:
    """Forward is the only way."""
    tenant = await link(database, backfilled=False)
    await _gap(database, 2 * MINUTE)

    await watch_gaps(database, ManualClock(NOW), GapSettings(open_for=timedelta(0)))

    due = await database.fetchval(
        "SELECT max(sweep_due_at) FROM cursor WHERE tenant_id = $1", tenant
    )
    assert due == NOW


async def test_janitor_drops_only_what_is_old_and_acknowledged(empty: Mirror) -> None:
    """What Kafka does not have yet stays, however old."""
    await empty.open()
    row = """INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource,
                    entity_id, sequence, op, cause, value, headers, committed_at, relayed_at)
             SELECT shard, tenant_id, epoch, $1, event_id, resource, entity_id, $1, op, cause,
                    value, headers, clock_timestamp() - $2::interval, $3
               FROM event WHERE tenant_sequence = 1"""
    await empty.db.execute(row, 100, 31 * DAY, NOW)
    await empty.db.execute(row, 101, 31 * DAY, None)
    await empty.db.execute(row, 102, 29 * DAY, NOW)

    pruned = await tidy(empty.db, Retention())

    left = await empty.db.fetch("SELECT tenant_sequence FROM event ORDER BY 1")
    assert pruned.events == 1
    assert [each["tenant_sequence"] for each in left] == [1, 101, 102]


async def test_rescuer_clears_marks_of_ended_leases_only(empty: Mirror) -> None:
    """What a killed process left claimed; the token stays."""
    living = await link(empty.db)
    assert await take_tenant(empty.db, living, "alive")
    fencing = await empty.lease("killed")
    await empty.db.execute(
        "UPDATE tenant SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1", empty.id
    )

    assert await rescue(empty.db, empty.clock) == 1
    assert await rescue(empty.db, empty.clock) == 0

    rows = await empty.db.fetch("SELECT lease_owner, fencing FROM tenant WHERE id = $1", empty.id)
    assert [tuple(row.values()) for row in rows] == [(None, fencing)]


async def test_an_upgrade_brings_new_resources_to_who_was_linked_before(database: Database) -> None:
    """Each gets a backfill of what it lacks, once, and handlers that wait are told."""
    before, gone = await link(database), await link(database)
    clock = ManualClock(NOW)
    await add_newcomers(database, clock)
    await database.execute("UPDATE cursor SET backfill_state = 'done'")
    await database.execute("DELETE FROM cursor WHERE endpoint = 'Contacts'")
    await database.execute("UPDATE tenant SET state = 'disconnected' WHERE id = $1", gone)
    told = asyncio.Event()
    await database.listen(NOTICE_CHANNEL, lambda _: told.set())

    assert await add_newcomers(database, clock) == 1
    async with asyncio.timeout(10):
        await told.wait()
    pending = await database.fetch(
        """SELECT tenant_id, endpoint FROM cursor
            WHERE backfill_state = 'pending' AND sweep_due_at <= $1""",
        NOW,
    )
    assert [tuple(row) for row in pending] == [(before, "Contacts")]
    assert await add_newcomers(database, clock) == 0
