"""The bytes of files: as Xero has them, as they come, with their digest kept."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import msgspec
import pytest

from simulator import attachments
from simulator.filing import Attachment
from simulator.model import Contact
from storage.database import Database
from tests.api.reading.rig import Reading, reading
from tests.handlers.rig import FEW, Rig, running
from unified.ids import record_id

BYTES = b"%PDF-1.4 \x00\xff\xfe as it is"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with a file of a contact."""
    async with running(database, (*FEW, "Attachments")) as started:
        keep(started, BYTES)
        await started.work()
        yield started


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Reading]:
    """The api over it."""
    async with reading(rig) as made:
        yield made


def contact_of(rig: Rig) -> Contact:
    """The contact that has the file."""
    return next(iter(rig.books.ledger.contacts))


def keep(rig: Rig, content: bytes) -> None:
    """Keep the contact's file, in place of what it was."""
    sent = Attachment("", "terms of säle.pdf", "application/pdf", content)
    attachments.keep(rig.books.ledger, contact_of(rig), sent, by="tests")


async def file_record(rig: Rig) -> dict[str, Any]:
    """The file in the mirror."""
    text = await rig.db.fetchval(
        "SELECT unified FROM record WHERE resource = 'attachment' AND remote_id LIKE $1",
        f"contact:{contact_of(rig).id}:%",
    )
    record: dict[str, Any] = msgspec.json.decode(text)
    return record


async def fetched(rig: Rig, client: Reading) -> httpx.Response:
    """The answer with the file's bytes, by the address that its record tells."""
    answer = await client.client.get((await file_record(rig))["download_url"])
    assert answer.status_code == 200, answer.text
    return answer


async def test_bytes_come_as_they_are_and_their_digest_is_kept(rig: Rig, client: Reading) -> None:
    """One call; the record keeps the digest, its order of keys, and makes no event."""
    before, calls = await file_record(rig), rig.calls
    events = len(await rig.mirror.events(None))

    answer = await fetched(rig, client)

    assert answer.content == BYTES
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == f"{len(BYTES)}"
    named = answer.headers["content-disposition"]
    assert named == "attachment; filename*=UTF-8''terms%20of%20s%C3%A4le.pdf"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert rig.calls - calls == 1
    after = await file_record(rig)
    assert after == {**before, "sha256": sha256(BYTES).hexdigest()}
    assert list(after) == list(before)
    assert len(await rig.mirror.events(None)) == events
    by_xeros = f"accounting/attachments/remote:{after['remote_id']}/content"
    assert (await client.get(by_xeros)).content == BYTES


async def test_digest_of_other_bytes_is_not_kept(rig: Rig, client: Reading) -> None:
    """They were put there after the record was read: the next reading says more of them."""
    keep(rig, b"something longer than it was before")

    answer = await fetched(rig, client)

    assert answer.content == b"something longer than it was before"
    assert (await file_record(rig))["sha256"] is None


async def test_reading_the_list_again_keeps_the_digest(rig: Rig, client: Reading) -> None:
    """While it says the same of the file."""
    await fetched(rig, client)
    await rig.hint(f"Contacts:{contact_of(rig).id}", "Attachments")

    await rig.work()

    assert (await file_record(rig))["sha256"] == sha256(BYTES).hexdigest()


async def test_a_large_file_goes_by_in_pieces(rig: Rig, client: Reading) -> None:
    """Its first bytes are sent before its last ones have come."""
    content = bytes(range(256)) * 16_384
    keep(rig, content)
    await rig.hint(f"Contacts:{contact_of(rig).id}", "Attachments")
    await rig.work()

    answer = await fetched(rig, client)

    assert answer.content == content
    assert (await file_record(rig))["sha256"] == sha256(content).hexdigest()


async def test_unknown_or_gone_files_are_refused_without_a_call(rig: Rig, client: Reading) -> None:
    """What is no attachment, what nobody knows, what is gone, and whose organisation left."""
    file, calls = await file_record(rig), rig.calls
    contact = record_id(rig.tenant, "contact", contact_of(rig).id)
    for given in (contact, record_id(rig.tenant, "attachment", "nothing"), "remote:nothing"):
        path = f"accounting/attachments/{given}/content"
        assert (await client.problem(path))[:2] == (404, "not_found")
    path = f"accounting/attachments/{file['id']}/content"
    await rig.db.execute("UPDATE tenant SET state = 'disconnected'")
    assert (await client.problem(path))[:2] == (409, "tenant_not_linked")
    await rig.db.execute("UPDATE tenant SET state = 'linked'")
    await rig.db.execute("UPDATE record SET is_deleted = true WHERE resource = 'attachment'")
    assert (await client.problem(path))[:2] == (404, "not_found")

    assert rig.calls == calls


async def test_file_that_xero_lost_is_told_as_such(rig: Rig, client: Reading) -> None:
    """The mirror learns it from its next readings; other refusals are told as what they are."""
    path = f"accounting/attachments/{(await file_record(rig))['id']}/content"
    rig.fault("status", status=503)
    assert (await client.problem(path))[:2] == (503, "xero_unreachable")
    rig.heal()
    rig.books.ledger.filing.files.clear()
    assert (await client.problem(path))[:2] == (404, "xero_not_found")
    assert (await file_record(rig))["sha256"] is None
