"""Backfills and sweeps that a person asks for, done by handlers that run beside."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from handlers.worker import Worker, WorkerSettings
from ledgerwire.asking import Asked, backfill, sweep
from ledgerwire.failures import JobFailed, NothingRuns, WrongUsage
from ledgerwire.installation import Installation
from ledgerwire.looking_on import DUTIES
from ledgerwire.settings import Settings
from storage.cursors import cursors
from storage.database import Database
from storage.leases import take_lease
from tests.handlers.answers import NOW
from tests.handlers.rig import Rig, running
from unified.broker import BrokerSettings
from unified.resources import RESOURCES

HOUR = timedelta(hours=1)


class Command:
    """The commands on one installation, and what they showed meanwhile."""

    def __init__(self, rig: Rig, database_url: str) -> None:
        self.rig = rig
        self.here = Installation(
            Settings(database_url=database_url), rig.db, database_url,
            BrokerSettings(bootstrap="127.0.0.1:1"), rig.clock,
        )  # fmt: skip
        self.seen: list[tuple[int, int | None, str]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def note(self, done: int, total: int | None, what: str) -> None:
        """What the terminal would show."""
        self.seen.append((done, total, what))
        self.meanwhile()

    async def backfill(self, *resources: str, days: int | None = None) -> list[Asked]:
        """`ledgerwire backfill`, of the last so many days."""
        since = None if days is None else self.rig.clock.now() - timedelta(days=days)
        async with asyncio.timeout(30):
            return await backfill(
                self.here, self.rig.tenant, resources, since=since, seen=self.note
            )

    async def sweep(self, *resources: str) -> list[Asked]:
        """`ledgerwire sweep`."""
        async with asyncio.timeout(30):
            return await sweep(self.here, self.rig.tenant, resources, seen=self.note)

    @asynccontextmanager
    async def handlers(self) -> AsyncIterator[None]:
        """A handlers process: a worker, and a duty that it holds."""
        await take_lease(self.rig.db, f"{DUTIES}rescuer", "handlers", life=HOUR)
        stop = asyncio.Event()
        working = asyncio.create_task(Worker(self.rig.shop, WorkerSettings("handlers")).run(stop))
        try:
            yield
        finally:
            stop.set()
            await working


@pytest.fixture
async def command(database: Database, database_url: str) -> AsyncIterator[Command]:
    """An organisation whose books have been read."""
    async with running(database) as rig:
        await rig.work()
        yield Command(rig, database_url)


async def test_backfill_reads_everything_again_and_tells_what_it_brought(command: Command) -> None:
    """One contact that nobody announced is the only news, as a change found by a backfill."""
    contacts = len(command.rig.books.ledger.contacts)
    command.rig.pass_time(minutes=1)
    command.rig.books.create_contact(Name="Unannounced Ltd")
    await command.rig.cursors_say("sweep_due_at = $1", NOW + 9 * HOUR)

    async with command.handlers():
        done = await command.backfill("contacts")

    assert done == [Asked(resource="contacts", read=contacts + 1, changes=1)]
    event = (await command.rig.mirror.events("contact"))[-1]
    assert event["cause"]["kind"] == "backfill"
    assert event["op"] == "c"  # the whole list was known before
    assert command.seen[-1] == (contacts + 1, contacts + 1, "")
    assert (await command.rig.cursor("Invoices")).backfill_read == len(
        command.rig.books.ledger.invoices
    )


async def test_backfill_since_a_day_leaves_out_what_is_older(command: Command) -> None:
    """And does not make the mirror complete where it was not."""
    await command.rig.cursors_say("backfill_complete = false, sweep_due_at = $1", NOW + 9 * HOUR)
    command.rig.pass_time(days=9)
    made = command.rig.books.create_contact(Name="New Ltd")

    async with command.handlers():
        done = await command.backfill("contacts", days=1)

    assert done == [Asked(resource="contacts", read=1, changes=1)]
    event = (await command.rig.mirror.events("contact"))[-1]
    assert event["entity"]["remote_id"] == made.id
    cursor = await command.rig.cursor("Contacts")
    assert (cursor.backfill_state, cursor.backfill_complete) == ("done", False)
    async with command.handlers():
        await command.backfill("contacts")
    assert (await command.rig.cursor("Contacts")).backfill_complete


async def test_endpoint_that_was_never_read_gets_its_first_backfill(command: Command) -> None:
    """As after an upgrade that brought a resource."""
    await command.rig.db.execute("DELETE FROM cursor WHERE endpoint = 'Contacts'")
    with pytest.raises(JobFailed, match=r"contacts of .* was never read: `ledgerwire backfill`"):
        await command.sweep("contacts")

    async with command.handlers():
        await command.backfill("contacts")

    assert (await command.rig.cursor("Contacts")).backfill_complete


async def test_sweep_finds_now_what_its_schedule_would_find_later(command: Command) -> None:
    """Of the resources named, or of all."""
    command.rig.pass_time(minutes=5)
    await command.rig.cursors_say("sweep_due_at = $1", NOW + 9 * HOUR)
    command.rig.books.create_contact(Name="Unannounced Ltd")
    command.rig.pass_time(seconds=5)

    async with command.handlers():
        named = await command.sweep("contact")
        others = await command.sweep()

    assert named == [Asked(resource="contacts", read=None, changes=1)]
    states = await cursors(command.rig.db, command.rig.tenant)
    swept = [each for each in RESOURCES if states[each.endpoint.path].unsupported_reason is None]
    assert {each.resource: each.changes for each in others} == {each.plural: 0 for each in swept}
    assert all(each.unsupported is None for each in others)
    assert command.seen[-1] == (len(swept), len(swept), "")


async def test_what_xero_refuses_ends_a_wait_and_says_why(command: Command) -> None:
    """A backfill of it, and a sweep that names it; no sweep of everything waits for it."""
    refused = await cursors(command.rig.db, command.rig.tenant)
    reason = refused["PayrollNZ/Employees"].unsupported_reason
    assert reason is not None

    async with command.handlers():
        [read] = await command.backfill("employees")
        [swept] = await command.sweep("employees")

    assert (read.read, read.changes) == (0, 0)
    assert read.unsupported is not None
    assert reason in read.unsupported
    assert swept.unsupported == read.unsupported


async def test_without_handlers_it_is_noted_and_told(command: Command) -> None:
    """Nothing is lost by asking too early: it begins when somebody runs."""
    with pytest.raises(NothingRuns, match=r"No handlers run.*`ledgerwire up`"):
        await command.backfill("contacts")

    assert (await command.rig.cursor("Contacts")).backfill_state == "pending"


async def test_organisation_that_is_not_linked_is_not_asked_for(command: Command) -> None:
    """The remedy is a consent, not patience."""
    for state in ("needs_reauth", "vanished", "disconnected"):
        await command.rig.db.execute("UPDATE tenant SET state = $1", state)

        with pytest.raises(JobFailed, match=rf"{state}.*`ledgerwire link`"):
            await command.sweep()

    assert (await command.rig.cursor("Contacts")).backfill_state == "done"


async def test_spent_day_is_not_waited_for(command: Command) -> None:
    """Whoever looks on learns until when, and that it goes on without them."""
    await command.rig.db.execute(
        "UPDATE tenant SET blocked_by = 'day', blocked_until = $1", command.rig.clock.now() + HOUR
    )

    async with command.handlers():
        with pytest.raises(JobFailed, match="day limit is spent until 2026-11-03T05:"):
            await command.backfill("contacts")

    assert "day limit" in command.seen[-1][2]


async def test_step_that_fails_again_and_again_is_told(command: Command) -> None:
    """Instead of a bar that stands still for ever."""
    command.rig.fault("status", status=400, path="/api.xro/2.0/Contacts", times=None)
    command.meanwhile = lambda: command.rig.pass_time(seconds=20)

    async with command.handlers():
        with pytest.raises(JobFailed, match=r"Reading Contacts has failed 3 times"):
            await command.backfill("contacts")


async def test_resource_that_there_is_not_is_refused(command: Command) -> None:
    """Before anything is asked for, with those that there are."""
    for resources in (("unicorns",), ("contacts", "unicorn")):
        with pytest.raises(WrongUsage, match=r"no resource unicorns?: take one of .*contacts"):
            await command.backfill(*resources)

    assert (await command.rig.cursor("Contacts")).backfill_state == "done"
