"""`ledgerwire audit`: put right by the handlers that run beside, or only shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from handlers.worker import Worker, WorkerSettings
from ledgerwire.auditing import Audited, audit
from ledgerwire.comparing import DIFFERS, NOT_IN_MIRROR, NOT_LISTED, Compared, compare_books
from ledgerwire.failures import JobFailed, NothingRuns
from ledgerwire.installation import Installation
from ledgerwire.looking_on import DUTIES
from ledgerwire.settings import Settings
from storage.database import Database
from storage.leases import take_lease
from tests.handlers.rig import FEW, Rig, running
from unified.broker import BrokerSettings

HOUR = timedelta(hours=1)


class Command:
    """The command on one installation."""

    def __init__(self, rig: Rig, database_url: str) -> None:
        self.rig = rig
        self.here = Installation(
            Settings(database_url=database_url), rig.db, database_url,
            BrokerSettings(bootstrap="127.0.0.1:1"), rig.clock,
        )  # fmt: skip
        self.seen: list[tuple[int, int | None, str]] = []

    def note(self, done: int, total: int | None, what: str) -> None:
        """What the terminal would show."""
        self.seen.append((done, total, what))

    async def audit(self, *resources: str) -> list[Audited]:
        """`ledgerwire audit`."""
        async with asyncio.timeout(30):
            return await audit(self.here, self.rig.tenant, resources, seen=self.note)

    async def dry_run(self, *resources: str) -> Compared:
        """`ledgerwire audit --dry-run`."""
        client = self.rig.shop.reader.client
        async with asyncio.timeout(30):
            return await compare_books(
                self.here, self.rig.tenant, resources, client=client, seen=self.note
            )

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

    def unstamped(self) -> str:
        """A contact moves without a stamp; its id."""
        contact = next(iter(self.rig.books.ledger.contacts))
        contact.is_supplier = not contact.is_supplier
        contact.revision += 1
        return contact.id

    def vanished(self) -> str:
        """A contact leaves without a trace; its id."""
        contacts = self.rig.books.ledger.contacts
        gone = list(contacts)[1].id
        contacts.drop(gone)
        return gone


@pytest.fixture
async def command(database: Database, database_url: str) -> AsyncIterator[Command]:
    """An organisation whose books were read an hour ago."""
    async with running(database, FEW) as rig:
        await rig.work()
        rig.clock.advance(HOUR)
        yield Command(rig, database_url)


async def test_audit_puts_right_what_only_comparing_finds(command: Command) -> None:
    """And says what is to be looked for again, and what a sweep would have found as well."""
    command.unstamped()
    command.vanished()
    command.rig.books.create_contact(Name="Unannounced Ltd")

    async with command.handlers():
        done = await command.audit("contacts", "company_info")

    contacts, company = sorted(done, key=lambda each: each.resource, reverse=True)
    assert contacts == Audited(resource="contacts", changes=1, put_right=1, unlisted=1)
    assert company == Audited(resource="company_info")
    assert command.seen[-1] == (2, 2, "")


async def test_dry_run_tells_all_that_and_changes_nothing(command: Command) -> None:
    """Ids and paths of fields, never what stands there."""
    moved, gone = command.unstamped(), command.vanished()
    fresh = command.rig.books.create_contact(Name="Hush Hush Ltd").id
    told = command.rig.books.create_contact(Name="Announced Ltd").id
    await command.rig.hint(told, "Contacts", created=True)
    before = await command.rig.db.fetch("SELECT * FROM record ORDER BY id")

    done = await command.dry_run()

    assert {(each.remote_id, each.what) for each in done.found} == {
        (moved, DIFFERS), (gone, NOT_LISTED), (fresh, NOT_IN_MIRROR), (told, NOT_IN_MIRROR),
    }  # fmt: skip
    [differs] = [each for each in done.found if each.what == DIFFERS]
    assert differs.fields == ("/roles/1",)
    assert [each.remote_id for each in done.found if each.on_its_way] == [told]
    assert "Hush" not in str(done)
    assert done.listed["contacts"] == len(command.rig.books.ledger.contacts)
    assert await command.rig.db.fetch("SELECT * FROM record ORDER BY id") == before
    assert await command.rig.db.fetchval("SELECT max(missed_lists) FROM record") == 0


async def test_dry_run_of_books_that_agree_finds_nothing(command: Command) -> None:
    """Lists tell less than single reads, which is no difference."""
    done = await command.dry_run()

    assert done.found == []
    assert set(done.listed) == {"contacts", "invoices", "company_info"}
    assert "were never read" in done.left_out["items"]


async def test_what_is_not_known_in_full_can_not_be_audited(command: Command) -> None:
    """The remedy is a backfill of everything."""
    await command.rig.cursors_say("backfill_complete = false")

    with pytest.raises(JobFailed, match=r"contacts are not known in full: `ledgerwire backfill`"):
        await command.audit("contacts")


async def test_without_handlers_an_audit_is_noted_and_told(command: Command) -> None:
    """It begins when somebody runs."""
    with pytest.raises(NothingRuns, match="No handlers run"):
        await command.audit("contacts")

    async with command.handlers():
        assert (await command.audit("contacts"))[0].resource == "contacts"


async def test_spent_day_ends_a_dry_run(command: Command) -> None:
    """Nobody waits hours at a terminal."""
    command.rig.fault("limit", problem="day", retry_after_s=5000)

    with pytest.raises(JobFailed, match=r"day limit of .* is spent for another 5000 s"):
        await command.dry_run("contacts")
