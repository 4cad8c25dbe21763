"""Workers: who serves which tenant, what wakes them, and how they end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from handlers.worker import TAKE_AT_ONCE, Worker, WorkerSettings
from storage.database import Database
from storage.leases import take_tenant
from storage.notices import NOTICE_CHANNEL
from storage.secrets import SecretBox, new_key
from tests.handlers.answers import NOW
from tests.handlers.rig import FEW, Rig, running, until
from tests.storage.makers import link

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with nothing due for days."""
    async with running(database, FEW) as started:
        await started.work()
        await started.cursors_say("sweep_due_at = $1", NOW + 10_000 * MINUTE)
        yield started


@asynccontextmanager
async def at_work(
    rig: Rig,
    owner: str = "worker",
    *,
    drain_s: float = 10.0,
    tenants_at_once: int = 64,
    turn_s: float = 5.0,
) -> AsyncIterator[Worker]:
    """A worker, until the block ends; then it has drained."""
    settings = WorkerSettings(
        owner, tenants_at_once=tenants_at_once, drain_s=drain_s, turn_s=turn_s
    )
    worker, stop = Worker(rig.shop, settings), asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


async def idle(rig: Rig) -> bool:
    """Nothing due or waiting, and the tenant leased to nobody."""
    return await rig.notices() == [] and await owner_of_tenant(rig) is None


async def owner_of_tenant(rig: Rig) -> str | None:
    """Who holds the lease."""
    owner: str | None = await rig.db.fetchval("SELECT lease_owner FROM tenant")
    return owner


async def leases_taken(rig: Rig) -> int:
    """How often the tenant was leased."""
    taken: int = await rig.db.fetchval("SELECT fencing FROM tenant")
    return taken


async def test_notice_is_worked_off_by_itself(rig: Rig) -> None:
    """Woken by the receiver's NOTIFY; the lease is given back."""
    async with at_work(rig):
        await rig.announce(rig.books.create_contact(Name="Fresh Ltd"), created=True)
        await until(lambda: idle(rig))

    assert (await rig.mirror.events("contact"))[-1]["after"]["name"] == "Fresh Ltd"


async def test_what_becomes_due_by_time_is_found_without_a_word(rig: Rig) -> None:
    """A poll stands behind NOTIFY."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    await rig.db.execute("UPDATE notice SET due_at = $1", NOW + MINUTE)
    async with at_work(rig):
        rig.pass_time(minutes=2)
        await until(lambda: idle(rig))

    assert (await rig.mirror.events("contact"))[-1]["after"]["name"] == "Fresh Ltd"


async def test_two_workers_share_without_doing_things_twice(rig: Rig) -> None:
    """One session per tenant, wherever it runs."""
    before = rig.calls
    async with at_work(rig, "one"), at_work(rig, "two"):
        await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
        await until(lambda: idle(rig))

    assert rig.calls - before == 1


async def test_leased_tenant_is_left_to_its_worker(rig: Rig) -> None:
    """Until the lease ends: then another takes over what a killed one left."""
    assert await take_tenant(rig.db, rig.tenant, "killed")
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    worker = Worker(rig.shop, WorkerSettings("next"))
    await worker._lease_more()
    early = worker.active
    await rig.db.execute("UPDATE tenant SET lease_until = clock_timestamp() - interval '1 s'")
    async with at_work(rig, "next"):
        await until(lambda: idle(rig))

    assert early == 0


async def test_drain_finishes_what_is_under_way_and_gives_leases_back(rig: Rig) -> None:
    """What was read is absorbed; nobody has to wait for the lease to end."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    rig.fault("slow", seconds=0.4)
    async with at_work(rig) as worker:
        await until(lambda: _in_flight(rig))
        assert worker.active == 1

    assert worker.active == 0
    assert await idle(rig)
    assert (await rig.mirror.events("contact"))[-1]["after"]["name"] == "Fresh Ltd"


async def test_what_takes_too_long_to_drain_is_cut_off_and_still_due(rig: Rig) -> None:
    """For whoever leases the tenant next; the lease is given back all the same."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    rig.fault("slow", seconds=30)
    async with at_work(rig, drain_s=0.05):
        await until(lambda: _in_flight(rig))

    assert await owner_of_tenant(rig) is None
    assert len(await rig.notices()) == 1


async def test_renewed_lease_lives_on(rig: Rig) -> None:
    """However long the work takes."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    rig.fault("slow", seconds=0.4)
    async with at_work(rig) as worker:
        await until(lambda: _in_flight(rig))
        before = await rig.db.fetchval("SELECT lease_until FROM tenant")
        await worker._renew_all()
        assert await rig.db.fetchval("SELECT lease_until FROM tenant") > before


async def test_row_kept_locked_holds_up_no_other_renewal(rig: Rig) -> None:
    """Or one tenant in trouble would cost all others their leases."""
    other = await link(rig.db)
    worker = Worker(rig.shop, WorkerSettings("worker"))
    for tenant in (rig.tenant, other):
        lease = await take_tenant(rig.db, tenant, "worker", life=MINUTE / 60)
        assert lease is not None
        worker._leases[tenant] = lease
    ends = "SELECT lease_until FROM tenant WHERE id = $1"
    before = await rig.db.fetchval(ends, other)
    async with rig.db.transaction() as conn:
        await conn.execute("SELECT 1 FROM tenant WHERE id = $1 FOR UPDATE", rig.tenant)
        stuck = asyncio.create_task(worker._renew_all())

        async def renewed() -> bool:
            return bool(await rig.db.fetchval(ends, other) > before)

        await until(renewed)
        assert not stuck.done()
        await worker._renew_all()  # the next round does not wait for it either
    await stuck


async def test_busy_tenant_gives_way_where_all_places_are_taken(
    rig: Rig,
) -> None:
    """Another one is served between two steps of a long backfill, which then goes on."""
    await rig.cursors_say("backfill_state = 'pending', sweep_due_at = $1", NOW)
    waiting = await link(rig.db)
    await rig.db.execute("UPDATE tenant SET business_date = '2026-11-03'")
    await rig.db.execute("UPDATE cursor SET sweep_due_at = $1 WHERE tenant_id = $2", NOW, waiting)
    await rig.db.execute("UPDATE tenant SET served_at = now() - interval '1 hour' WHERE id = $1",
                         rig.tenant)  # fmt: skip
    done = "SELECT count(*) FROM cursor WHERE backfill_state = 'done' AND tenant_id = $1"
    async with at_work(rig, tenants_at_once=1, turn_s=0.0):

        async def served() -> bool:
            return bool(
                await rig.db.fetchval("SELECT fencing > 0 FROM tenant WHERE id = $1", waiting)
            )

        await until(served)
        meanwhile = await rig.db.fetchval(done, rig.tenant)

        async def read() -> bool:
            return bool(await rig.db.fetchval(done, rig.tenant) == len(FEW))

        await until(read)
    assert meanwhile < len(FEW)


async def test_full_worker_takes_no_more(rig: Rig) -> None:
    """Others may."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    worker = Worker(rig.shop, WorkerSettings("full", tenants_at_once=0))

    await worker._lease_more()

    assert worker.active == 0
    assert await owner_of_tenant(rig) is None


async def test_backlog_is_left_to_other_workers_too(rig: Rig) -> None:
    """However many places are free: one look takes a few tenants, and the next one follows."""
    for _ in range(3 * TAKE_AT_ONCE):
        await link(rig.db)
    await rig.cursors_say("sweep_due_at = $1", NOW)
    one, two = (Worker(rig.shop, WorkerSettings(owner)) for owner in ("one", "two"))

    await one._lease_more()
    await two._lease_more()

    assert (one.active, two.active) == (TAKE_AT_ONCE, TAKE_AT_ONCE)
    assert one._kick.is_set()
    await asyncio.gather(one._drain(), two._drain())


async def test_session_whose_lease_was_taken_is_cut_off(rig: Rig) -> None:
    """It could not commit anyway."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    rig.fault("slow", seconds=30)
    async with at_work(rig) as worker:
        await until(lambda: _in_flight(rig))
        await rig.db.execute("UPDATE tenant SET fencing = fencing + 1, lease_owner = 'next'")
        await worker._renew_all()
        await until(lambda: _ended(worker))

    assert await owner_of_tenant(rig) == "next"
    assert len(await rig.notices()) == 1


async def test_blocked_tenant_is_not_leased(rig: Rig) -> None:
    """Xero said when to come again; asking the database in circles would help nobody."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    await rig.db.execute(
        "UPDATE tenant SET blocked_until = $1, blocked_by = 'minute'", NOW + MINUTE
    )
    worker, before = Worker(rig.shop, WorkerSettings("here")), await leases_taken(rig)

    for _ in range(20):
        await worker._lease_more()

    assert (worker.active, await leases_taken(rig)) == (0, before)
    rig.pass_time(minutes=2)
    async with at_work(rig):
        await until(lambda: idle(rig))


async def rounds(rig: Rig, worker: Worker, count: int) -> None:
    """Let a running worker look for work so often."""
    for _ in range(count):
        worker.hint("")
        await rig.db.execute("SELECT pg_notify($1, '')", NOTICE_CHANNEL)
        await until(lambda: _ended(worker))


@pytest.mark.parametrize(
    "state",
    [
        "UPDATE cursor SET endpoint = 'Quotes', sweep_due_at = '-infinity'"
        " WHERE endpoint = 'Invoices'",
        "UPDATE tenant SET call_tokens = 0, day_remaining = 0, limits_at = '2026-11-03 04:17:52Z'",
        "UPDATE tenant SET business_date = NULL",
    ],
)
async def test_tenant_for_whom_nothing_can_be_done_is_not_taken_in_circles(
    rig: Rig, state: str
) -> None:
    """A cursor nobody knows, a day's calls that are spent, an organisation that can't be read."""
    rig.fault("status", status=400, path="/api.xro/2.0/Organisation", times=None)
    await rig.announce(next(iter(rig.books.ledger.contacts)))
    await rig.db.execute(state)
    before, calls = await leases_taken(rig), rig.calls
    async with at_work(rig) as worker:
        await rounds(rig, worker, 25)

    assert await leases_taken(rig) - before <= 3
    assert rig.calls - calls <= 2


async def test_failing_sweep_is_not_tried_in_circles(rig: Rig) -> None:
    """It is postponed, and the tenant is not due before."""
    rig.fault("status", status=400, times=None)
    await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = 'Contacts'", NOW)
    before = rig.calls
    async with at_work(rig) as worker:
        await until(lambda: _failed_once(rig))
        await rounds(rig, worker, 25)

    assert rig.calls - before == 1


async def test_trouble_of_ours_stays_with_its_tenant(rig: Rig) -> None:
    """The worker lives, the tenant rests, and nothing is buried for what is not its fault."""
    await rig.announce(rig.books.create_contact(Name="One Ltd"))
    await rig.announce(rig.books.create_contact(Name="Two Ltd"))
    await rig.db.execute("ALTER TABLE event RENAME TO broken")
    before = await leases_taken(rig)
    async with at_work(rig) as worker:
        await until(lambda: _taken(rig, before + 1))
        await until(lambda: _ended(worker))
        await rounds(rig, worker, 10)

    assert await leases_taken(rig) == before + 1
    assert await owner_of_tenant(rig) is None
    assert (len(await rig.notices()), await rig.notices("dead")) == (2, [])


async def test_missing_secret_key_is_named_and_not_looked_for_in_circles(rig: Rig) -> None:
    """Only a person can add it, and only a restart reads it: nothing is lost meanwhile."""
    await rig.announce(rig.books.create_contact(Name="Fresh Ltd"))
    sealed_with_another_key = SecretBox([new_key()]).encrypt(b"{}")
    await rig.db.execute('UPDATE "authorization" SET tokens = $1', sealed_with_another_key)
    before = await leases_taken(rig)
    with capture_logs() as logs:
        async with at_work(rig) as worker:
            await until(lambda: _taken(rig, before + 1))
            await until(lambda: _ended(worker))
            await rounds(rig, worker, 10)

    [told] = [line for line in logs if line["log_level"] in ("warning", "error")]
    assert told["event"] == "secrets_unreadable"
    assert told["setting"] == "LEDGERWIRE_SECRET_KEYS"
    assert told["rest_s"] >= 60
    assert await leases_taken(rig) == before + 1
    assert (len(await rig.notices()), await rig.notices("dead")) == (1, [])


async def _in_flight(rig: Rig) -> bool:
    uses = rig.simulator.simulation.limits._uses.values()
    return any(use.in_flight for use in uses)


async def _ended(worker: Worker) -> bool:
    return worker.active == 0


async def _failed_once(rig: Rig) -> bool:
    return (await rig.cursor("Contacts")).failures == 1


async def _taken(rig: Rig, count: int) -> bool:
    return await leases_taken(rig) >= count
