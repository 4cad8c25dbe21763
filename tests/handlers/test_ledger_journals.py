"""The general ledger is read on by number where the app may, and said to be refused where not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from oracle.common import Setting
from oracle.expected import expected_record
from oracle.match import mismatches
from simulator import wire
from simulator.config import OpeningBooks
from simulator.raw_reports import raw_journals
from storage.database import Database
from tests.handlers.rig import Rig, running

PATHS = ("Organisation", "ManualJournals", "Journals")
SCOPES = ("accounting.settings.read", "accounting.manualjournals.read")
LEDGER = "accounting.journals.read"
BOOKS = OpeningBooks(contacts=3, invoices=40, bills=20, months=3)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose ledger may be read, and has been."""
    scopes = (*SCOPES, LEDGER)
    async with running(database, PATHS, scopes=scopes, tier="advanced", opening=BOOKS) as started:
        await started.work()
        yield started


async def entries(rig: Rig, kind: str) -> dict[str, dict[str, Any]]:
    """The journal entries of a kind in the mirror."""
    rows = await rig.db.fetch("SELECT unified FROM record WHERE resource = 'journal_entry'")
    found = [msgspec.json.decode(row["unified"]) for row in rows]
    return {each["remote_id"]: each for each in found if each["kind"] == kind}


async def test_whole_ledger_is_what_the_books_say(rig: Rig) -> None:
    """Every journal with its lines and its source, a hundred a call."""
    setting = Setting(rig.tenant, "NZD", rig.books.ledger.today())
    raws = msgspec.json.decode(wire.compact(raw_journals(rig.books.ledger)))
    known = await entries(rig, "system")

    assert len(raws) > 100
    assert known.keys() == {raw["JournalID"] for raw in raws}
    for raw in raws:
        wanted = expected_record("journal_entry", raw, setting)
        assert list(mismatches(wanted, known[raw["JournalID"]])) == []
    assert await entries(rig, "manual")
    cursor = await rig.cursor("Journals")
    assert (cursor.backfill_state, cursor.backfill_page) == ("done", len(raws))


async def test_sweep_goes_on_where_the_last_one_ended(rig: Rig) -> None:
    """A draft that is approved is booked; nothing else is read again."""
    draft = next(each for each in rig.books.ledger.invoices if each.status == "DRAFT")
    rig.books.approve(draft.id)
    rig.pass_time(hours=7)
    await rig.only("Journals")
    await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = 'Journals'", rig.clock.now())
    before = rig.calls
    await rig.work()

    event = (await rig.mirror.events("journal_entry"))[-1]
    assert event["op"] == "c"
    assert event["after"]["source"]["ref"]["remote_id"] == draft.id
    assert event["after"]["number"] == str(len(rig.books.ledger.general.journals))
    assert rig.calls - before == 2  # what is new, and the end


async def test_refused_ledger_leaves_manual_entries_as_they_are(database: Database) -> None:
    """It is unsupported with its reason, which is no empty ledger; the other kind is read."""
    async with running(database, PATHS, scopes=SCOPES, opening=BOOKS) as rig:
        await rig.work()
        cursor = await rig.cursor("Journals")

        assert cursor.unsupported_reason is not None
        assert "accounting.journals" in cursor.unsupported_reason
        assert cursor.sweep_due_at == rig.clock.now() + timedelta(days=7)
        assert await entries(rig, "system") == {}
        assert await entries(rig, "manual")
        assert (await rig.cursor("ManualJournals")).unsupported_reason is None
