"""What is read of one record only when somebody asks: the bytes of a file, and its history."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from api.attachments import FileContent, NoAttachment, content_of
from api.history import NoHistory, history_of
from simulator import attachments, history
from simulator.filing import Attachment, Note
from simulator.model import Contact
from storage.database import Database
from storage.errors import TenantNotLinked
from tests.handlers.rig import FEW, Rig, running
from unified.history import HistoryNote
from unified.ids import EntityId, record_id
from xero.errors import ResourceMissing, UndecodableAnswer

BYTES = b"%PDF-1.4 \x00\xff\xfe as it is"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with a file of a contact."""
    async with running(database, (*FEW, "Attachments")) as started:
        contact = contact_of(started)
        keep(started, BYTES)
        history.add(started.books.ledger, contact, "Note", "Rang twice")
        await started.work()
        yield started


def contact_of(rig: Rig) -> Contact:
    """The contact that has the file."""
    return next(iter(rig.books.ledger.contacts))


def keep(rig: Rig, content: bytes) -> None:
    """Keep the contact's file, in place of what it was."""
    sent = Attachment("", "terms of sale.pdf", "application/pdf", content)
    attachments.keep(rig.books.ledger, contact_of(rig), sent, by="tests")


async def file_record(rig: Rig) -> dict[str, Any]:
    """The file in the mirror."""
    text = await rig.db.fetchval(
        "SELECT unified FROM record WHERE resource = 'attachment' AND remote_id LIKE $1",
        f"contact:{contact_of(rig).id}:%",
    )
    record: dict[str, Any] = msgspec.json.decode(text)
    return record


async def fetched(rig: Rig) -> FileContent:
    """The file's bytes."""
    entity = EntityId((await file_record(rig))["id"])
    return await content_of(rig.db, rig.shop.reader.client, rig.tenant, entity)


async def notes(rig: Rig, resource: str, remote_id: str) -> list[HistoryNote]:
    """The history of a record."""
    entity = record_id(rig.tenant, resource, remote_id)
    return await history_of(rig.db, rig.shop.reader.client, rig.tenant, entity)


async def test_bytes_come_as_they_are_with_their_digest(rig: Rig) -> None:
    """One call; the record keeps the digest, its order of keys, and makes no event."""
    before, calls = await file_record(rig), rig.calls
    events = len(await rig.mirror.events(None))

    found = await fetched(rig)

    assert (found.content, found.mime_type) == (BYTES, "application/pdf")
    assert found.sha256 == sha256(BYTES).hexdigest()
    assert rig.calls - calls == 1
    after = await file_record(rig)
    assert after == {**before, "sha256": found.sha256}
    assert list(after) == list(before)
    assert len(await rig.mirror.events(None)) == events
    assert "as it is" not in repr(found)


async def test_digest_of_other_bytes_is_not_kept(rig: Rig) -> None:
    """They were put there after the record was read: the next reading says more of them."""
    keep(rig, b"something longer than it was before")

    found = await fetched(rig)

    assert found.sha256 == sha256(found.content).hexdigest()
    assert (await file_record(rig))["sha256"] is None


async def test_reading_the_list_again_keeps_the_digest(rig: Rig) -> None:
    """While it says the same of the file."""
    digest = (await fetched(rig)).sha256
    await rig.hint(f"Contacts:{contact_of(rig).id}", "Attachments")

    await rig.work()

    assert (await file_record(rig))["sha256"] == digest


async def test_unknown_or_gone_files_are_refused_without_a_call(rig: Rig) -> None:
    """What is no attachment, what nobody knows, and what is gone."""
    calls, client = rig.calls, rig.shop.reader.client
    contact = record_id(rig.tenant, "contact", contact_of(rig).id)
    for entity in (contact, record_id(rig.tenant, "attachment", "nothing")):
        with pytest.raises(NoAttachment):
            await content_of(rig.db, client, rig.tenant, entity)
    await rig.db.execute("UPDATE record SET is_deleted = true WHERE resource = 'attachment'")
    with pytest.raises(NoAttachment):
        await fetched(rig)

    assert rig.calls == calls


async def test_file_that_xero_lost_is_missing(rig: Rig) -> None:
    """The mirror learns it from its next readings."""
    rig.books.ledger.filing.files.clear()

    with pytest.raises(ResourceMissing):
        await fetched(rig)


async def test_bytes_of_an_organisation_that_left_are_given_to_nobody(rig: Rig) -> None:
    """Even where Xero still answers."""
    await rig.db.execute("UPDATE tenant SET state = 'disconnected'")

    with pytest.raises(TenantNotLinked):
        await fetched(rig)


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
