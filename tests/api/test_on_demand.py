"""What is read of one record only when somebody asks: its history."""

from collections.abc import AsyncIterator

import pytest

from api.history import NoHistory, history_of
from simulator import attachments, history
from simulator.filing import Attachment, Note
from simulator.model import Contact
from storage.database import Database
from tests.handlers.rig import FEW, Rig, running
from unified.history import HistoryNote
from unified.ids import record_id
from xero.errors import UndecodableAnswer


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with a file of a contact."""
    async with running(database, (*FEW, "Attachments")) as started:
        contact = contact_of(started)
        sent = Attachment("", "terms of sale.pdf", "application/pdf", b"terms")
        attachments.keep(started.books.ledger, contact, sent, by="tests")
        history.add(started.books.ledger, contact, "Note", "Rang twice")
        await started.work()
        yield started


def contact_of(rig: Rig) -> Contact:
    """The contact that has the file."""
    return next(iter(rig.books.ledger.contacts))


async def notes(rig: Rig, resource: str, remote_id: str) -> list[HistoryNote]:
    """The history of a record."""
    entity = record_id(rig.tenant, resource, remote_id)
    return await history_of(rig.db, rig.shop.reader.client, rig.tenant, entity)


async def test_history_is_read_newest_first(rig: Rig) -> None:
    """In Xero's words, with its times in ours."""
    found = await notes(rig, "contact", contact_of(rig).id)

    assert [each.changes for each in found] == ["Note", "Attached a file"]
    assert found[0].details == "Rang twice"
    assert found[0].user == "System Generated"
    assert found[0].at is not None
    assert found[0].at.endswith("Z")


async def test_nothing_without_a_history_costs_a_call(rig: Rig) -> None:
    """The organisation has none, nor has what nobody knows."""
    calls = rig.calls
    for resource, remote_id in (("company_info", rig.tenant), ("invoice", "nothing")):
        with pytest.raises(NoHistory):
            await notes(rig, resource, remote_id)

    assert rig.calls == calls


async def test_history_that_is_none_says_where(rig: Rig) -> None:
    """The key, never what stood there."""
    noted = rig.books.ledger.filing.notes[contact_of(rig).id]
    noted[0] = Note(["secret"], "x", noted[0].at_ms)  # type: ignore[arg-type]  # on purpose

    with pytest.raises(UndecodableAnswer, match="history of Contacts: Changes") as caught:
        await notes(rig, "contact", contact_of(rig).id)
    assert "secret" not in str(caught.value)
