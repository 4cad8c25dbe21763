"""What belongs to single things: read below its parent, when that comes or changes, and slowly."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from handlers import children
from handlers.absence import CONFIRM_AFTER
from handlers.capability import ASK_AGAIN
from simulator import attachments
from simulator.filing import Attachment
from simulator.model import Contact, Invoice
from storage.database import Database
from storage.tenants import NewLink, link_tenant
from tests.handlers.answers import NOW
from tests.handlers.rig import FEW, Rig, running
from tests.unified.books import NZ
from unified.ids import Parent, RemoteId
from unified.resources import resource
from unified.shape import Read
from xero.scopes import app_scopes_for

PATHS = (*FEW, "Attachments")
ATTACHMENT = resource("attachment")
KINDS = {"Contacts": "contact", "Invoices": "invoice"}


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, its files too."""
    async with running(database, PATHS) as started:
        await started.work()
        yield started


def put(rig: Rig, contact: Contact, name: str = "terms.pdf", content: bytes = b"one") -> None:
    """Put a file with a contact, and edit that, as the generator does."""
    sent = Attachment("", name, "application/pdf", content)
    attachments.keep(rig.books.ledger, contact, sent, by="tests")
    number = f"S-{len(content)}-{name}"
    rig.books.update_contact(contact.id, AccountNumber=number)


def first_contact(rig: Rig) -> Contact:
    """A contact without files."""
    held = rig.books.ledger.filing.files
    return next(each for each in rig.books.ledger.contacts if each.id not in held)


async def held(rig: Rig) -> dict[str, dict[str, Any]]:
    """All files in the mirror, by the id of the file."""
    rows = await rig.db.fetch("SELECT unified FROM record WHERE resource = 'attachment'")
    records = [msgspec.json.decode(row["unified"]) for row in rows]
    return {record["remote_id"]: record for record in records}


async def told(rig: Rig) -> list[dict[str, Any]]:
    """What was announced about capabilities."""
    rows = await rig.db.fetch(
        "SELECT value FROM announcement WHERE kind = 'capability' ORDER BY position"
    )
    return [msgspec.json.decode(row["value"]) for row in rows]


async def test_backfill_reads_the_files_of_every_parent(database: Database) -> None:
    """One call for each parent with files; all merely observed, and then it has ended."""
    async with running(database, PATHS) as rig:
        for contact in list(rig.books.ledger.contacts)[:2]:
            put(rig, contact)
            put(rig, contact, name="other.pdf")
        files = [each for each in rig.books.raw()["Attachments"] if each["Parent"] in KINDS]

        await rig.work()

        found = await held(rig)
        assert set(found) == {each["AttachmentID"] for each in files}
        for each in files:
            record = found[each["AttachmentID"]]
            assert record["parent"]["remote_id"] == each["ParentID"]
            assert record["parent"]["resource"] == KINDS[each["Parent"]]
            assert record["file_name"] == each["FileName"]
            assert record["size_bytes"] == each["ContentLength"]
        events = await rig.mirror.events("attachment")
        assert {(each["op"], each["cause"]["kind"]) for each in events} == {("r", "backfill")}
        cursor = await rig.cursor("Attachments")
        assert (cursor.backfill_state, cursor.backfill_complete) == ("done", True)
        parents = {each["ParentID"] for each in files}
        assert cursor.backfill_read == len(parents)
        assert rig.calls == len(FEW) + len(parents) + 1  # the first asks whether it may
        assert await rig.notices() == []


async def test_new_file_is_read_when_its_parent_changes(rig: Rig) -> None:
    """By one call beside the parent's; announced as created, where Xero shows its bytes."""
    contact = first_contact(rig)
    put(rig, contact)
    before = rig.calls
    await rig.announce(contact)

    await rig.work()

    event = (await rig.mirror.events("attachment"))[-1]
    after = event["after"]
    assert rig.calls - before == 2
    assert (event["op"], after["file_name"], after["size_bytes"]) == ("c", "terms.pdf", 3)
    place = f"api.xro/2.0/Contacts/{contact.id}/Attachments/{after['remote_id']}"
    assert event["links"]["proxy"] == f"/v1/proxy/{place}"
    assert after["download_url"] == f"/v1/accounting/attachments/{after['id']}/content"
    assert await rig.notices() == []


async def test_file_in_the_place_of_another_changes_it(rig: Rig) -> None:
    """Under the same id, as Xero keeps it; what was known of its bytes is forgotten."""
    contact = first_contact(rig)
    put(rig, contact)
    await rig.announce(contact)
    await rig.work()
    await rig.db.execute(
        """UPDATE record SET unified = replace(unified::text, '"sha256":null',
                  '"sha256":"old"')::json WHERE resource = 'attachment'"""
    )

    put(rig, contact, content=b"longer")
    await rig.announce(contact)
    await rig.work()

    event = (await rig.mirror.events("attachment"))[-1]
    assert (event["op"], event["changed_fields"]) == ("u", ["/size_bytes"])
    assert event["after"]["sha256"] is None
    others = [each for each in (await held(rig)).values() if each["id"] != event["after"]["id"]]
    assert {each["sha256"] for each in others} <= {"old"}


async def test_slow_pass_finds_what_stamps_nothing(rig: Rig) -> None:
    """A file that took another's place while its parent stayed as it was."""
    contact = first_contact(rig)
    put(rig, contact)
    await rig.announce(contact)
    await rig.work()
    sent = Attachment("", "terms.pdf", "application/pdf", b"unseen")
    attachments.keep(rig.books.ledger, contact, sent, by="tests")

    await rig.only("Attachments")
    rig.pass_time(days=8)
    await rig.work()

    event = (await rig.mirror.events("attachment"))[-1]
    assert (event["op"], event["after"]["size_bytes"]) == ("u", 6)
    assert event["cause"]["kind"] == "poll"
    due = (await rig.cursor("Attachments")).sweep_due_at
    assert due == rig.clock.now() + ATTACHMENT.endpoint.pace.longest


async def test_file_is_gone_after_two_readings(rig: Rig) -> None:
    """Not after one, which may be an answer cut short; then its state is a tombstone."""
    contact = first_contact(rig)
    put(rig, contact)
    put(rig, contact, name="stays.pdf")
    await rig.announce(contact)
    await rig.work()
    files = rig.books.ledger.filing.files
    files[contact.id] = [each for each in files[contact.id] if each.name == "stays.pdf"]
    rig.books.update_contact(contact.id, AccountNumber="changed")
    await rig.announce(contact)

    await rig.work()
    assert {event["op"] for event in await rig.mirror.events("attachment")} <= {"r", "c"}
    [waiting] = await rig.notices()
    assert waiting["due_at"] == rig.clock.now() + CONFIRM_AFTER
    rig.clock.advance(CONFIRM_AFTER)
    await rig.work()

    event = (await rig.mirror.events("attachment"))[-1]
    assert (event["op"], event["after"]["deletion_kind"]) == ("d", "missing")
    assert event["after"]["file_name"] == "terms.pdf"
    state = await rig.db.fetchval("SELECT state FROM event ORDER BY tenant_sequence DESC LIMIT 1")
    assert state is None
    assert await rig.notices() == []


async def test_second_webhook_is_no_second_proof(rig: Rig) -> None:
    """It has the files read again at once, and what lagged in one answer may lag in the next: the
    file is there, and nobody is told that it went."""
    contact = first_contact(rig)
    put(rig, contact)
    put(rig, contact, name="stays.pdf")
    await rig.announce(contact)
    await rig.work()
    files = rig.books.ledger.filing.files
    both = files[contact.id]
    files[contact.id] = [each for each in both if each.name == "stays.pdf"]
    for number in ("1", "2", "3"):
        rig.pass_time(seconds=10)
        rig.books.update_contact(contact.id, AccountNumber=number)
        await rig.announce(contact)
        await rig.work()
        assert len(await rig.notices()) == 1  # they are to be read again
    files[contact.id] = both
    rig.clock.advance(CONFIRM_AFTER)

    await rig.work()

    assert {event["op"] for event in await rig.mirror.events("attachment")} <= {"r", "c"}
    assert await rig.notices() == []


async def test_removed_parent_is_asked_for_its_files(rig: Rig) -> None:
    """They may have gone with it, and nothing else would tell."""
    contact = next(iter(rig.books.ledger.contacts))
    draft = rig.books.create_invoice(
        Type="ACCREC", Status="DRAFT", Contact={"ContactID": contact.id}, LineItems=[]
    )
    sent = Attachment("", "scan.pdf", "application/pdf", b"one")
    attachments.keep(rig.books.ledger, draft, sent, by="tests")
    await rig.announce(draft)
    await rig.work()
    rig.books.ledger.filing.files[draft.id] = []
    rig.books.delete_draft(draft.id)
    await rig.announce(draft)

    await rig.work()
    rig.clock.advance(CONFIRM_AFTER)
    await rig.work()

    assert (await rig.mirror.events("invoice"))[-1]["op"] == "d"
    event = (await rig.mirror.events("attachment"))[-1]
    assert (event["op"], event["after"]["parent"]["remote_id"]) == ("d", draft.id)


def scanned(rig: Rig) -> Invoice:
    """A new draft with a file, deleted at once."""
    contact = next(iter(rig.books.ledger.contacts))
    draft = rig.books.create_invoice(
        Type="ACCREC", Status="DRAFT", Contact={"ContactID": contact.id}, LineItems=[]
    )
    sent = Attachment("", "scan.pdf", "application/pdf", b"one")
    attachments.keep(rig.books.ledger, draft, sent, by="tests")
    return rig.books.delete_draft(draft.id)


async def test_files_of_what_was_deleted_before_we_came_are_read(database: Database) -> None:
    """They stand in the books as those do whose parent was deleted later."""
    async with running(database, PATHS) as rig:
        draft = scanned(rig)

        await rig.work()

        assert draft.id in {each["parent"]["remote_id"] for each in (await held(rig)).values()}


async def test_files_of_what_is_met_too_late_are_read(rig: Rig) -> None:
    """A parent that was made and deleted between two sweeps is merely observed, like those of a
    backfill; but the files' own backfill, which asks for those, is over."""
    draft = scanned(rig)
    await rig.only("Invoices")
    rig.pass_time(hours=13)

    await rig.work()

    assert (await rig.mirror.events("invoice"))[-1]["op"] == "r"
    assert draft.id in {each["parent"]["remote_id"] for each in (await held(rig)).values()}


async def test_stamp_alone_asks_for_the_files_of_a_parent(rig: Rig) -> None:
    """Xero may move it for a file, and a parent that had one shows nothing else. One that has
    none is not asked, nor is one whose stamp stays."""
    contact = first_contact(rig)
    put(rig, contact)
    await rig.announce(contact)
    await rig.work()
    sent = Attachment("", "second.pdf", "application/pdf", b"two")
    attachments.keep(rig.books.ledger, contact, sent, by="tests")
    rig.pass_time(seconds=1)
    rig.books.update_contact(contact.id, Name=contact.name)
    await rig.announce(contact)
    before = rig.calls

    await rig.work()

    assert rig.calls - before == 2
    assert "second.pdf" in {each["file_name"] for each in (await held(rig)).values()}

    other = first_contact(rig)
    rig.books.update_contact(other.id, Name=other.name)
    await rig.announce(other)
    await rig.hint(contact.id, "Contacts")
    before = rig.calls
    await rig.work()
    assert rig.calls - before == 1
    assert await rig.notices() == []


async def test_parent_that_xero_does_not_know_has_no_files(rig: Rig) -> None:
    """Twice, and they are gone with it."""
    contact = first_contact(rig)
    put(rig, contact)
    await rig.announce(contact)
    await rig.work()
    del rig.books.ledger.contacts.by_id[contact.id]
    await rig.hint(f"Contacts:{contact.id}", "Attachments")

    await rig.work()
    rig.clock.advance(CONFIRM_AFTER)
    await rig.work()

    event = (await rig.mirror.events("attachment"))[-1]
    assert (event["op"], event["after"]["parent"]["remote_id"]) == ("d", contact.id)


async def test_unreadable_file_is_buried_under_its_parent(rig: Rig) -> None:
    """The others are absorbed; trying again reads the parent, and nobody counts as gone."""
    contact = first_contact(rig)
    put(rig, contact)
    await rig.announce(contact)
    await rig.work()
    put(rig, contact, name="other.pdf")
    files = rig.books.ledger.filing.files
    files[contact.id] = [
        replace(each, id="") if each.name == "terms.pdf" else each for each in files[contact.id]
    ]
    await rig.announce(contact)

    await rig.work()

    [letter] = await rig.notices("dead")
    assert letter["remote_id"] == f"Contacts:{contact.id}"
    assert "AttachmentID" in letter["error"]
    names = {each["file_name"] for each in (await held(rig)).values()}
    assert {"terms.pdf", "other.pdf"} <= names
    missed = "SELECT max(missed_lists) FROM record WHERE resource = 'attachment'"
    assert await rig.db.fetchval(missed) == 0


async def test_many_parents_are_read_in_time(rig: Rig) -> None:
    """A hundred at once, the rest a minute apart: they leave the day's calls alone."""
    for number in range(children.AT_ONCE + 3):
        contact = rig.books.create_contact(Name=f"Filed {number}")
        sent = Attachment("", "terms.pdf", "application/pdf", b"one")
        attachments.keep(rig.books.ledger, contact, sent, by="tests")
    await rig.only("Contacts")
    rig.pass_time(hours=1)
    await rig.work()
    await rig.db.execute("DELETE FROM notice")
    session = await rig.session()
    asked = await children.ask_for_all(
        rig.shop, await session.context(), ATTACHMENT, probe=False, fencing=session.fencing
    )

    waits = sorted(each["due_at"] - rig.clock.now() for each in await rig.notices())
    assert len(waits) == asked > children.AT_ONCE
    beyond = asked - children.AT_ONCE
    assert waits == [
        *[timedelta(0)] * children.AT_ONCE,
        *[number * children.SPREAD for number in range(1, beyond + 1)],
    ]


async def test_consent_without_the_scope_is_no_empty_list(database: Database) -> None:
    """Kept with its reason and said once; nothing waits, and a new consent is asked about."""
    scopes = app_scopes_for(resource(name).endpoint for name in ("company_info", *KINDS.values()))
    async with running(database, PATHS, scopes=scopes) as rig:
        put(rig, next(iter(rig.books.ledger.contacts)))
        await rig.work()
        cursor = await rig.cursor("Attachments")
        assert cursor.unsupported_reason == "the consent does not cover accounting.attachments"
        assert cursor.unsupported_since == NOW
        assert cursor.sweep_due_at == NOW + ASK_AGAIN
        assert cursor.backfill_state != "done"
        [message] = await told(rig)
        assert (message["state"], message["endpoint"]) == ("unsupported", "Attachments")
        assert message["reason"] == cursor.unsupported_reason

        contact = first_contact(rig)
        put(rig, contact)
        await rig.announce(contact)
        before = rig.calls
        await rig.work()
        assert rig.calls - before == 1
        assert await rig.notices() == []

        await link_tenant(
            rig.db,
            NewLink(
                tenant_id=rig.tenant,
                authorization_id=await rig.db.fetchval("SELECT authorization_id FROM tenant"),
                xero_connection_id=await rig.db.fetchval("SELECT xero_connection_id FROM tenant"),
            ),
            endpoints=PATHS,
            now=rig.clock.now(),
        )
        assert (await rig.cursor("Attachments")).sweep_due_at == rig.clock.now()
        await rig.work()
        assert len(await told(rig)) == 1  # the same reason is not said again


async def test_notice_of_no_parent_is_dropped(rig: Rig) -> None:
    """A name that no endpoint has, or no name at all, can never be read."""
    before = rig.calls
    await rig.hint("Receipts:00000000-0000-4000-8000-000000000001", "Attachments")
    await rig.hint("00000000-0000-4000-8000-000000000001", "Attachments")

    await rig.work()

    assert await rig.notices() == []
    assert rig.calls == before


def test_children_are_known_below_their_parent() -> None:
    """Xero promises no id that is unique beyond it: two parents may have one each."""
    raw = {"AttachmentID": "3f8a1c2e-7d6b-4a59-8e0f-1b2c3d4e5f60", "FileName": "a"}

    one, other = (
        ATTACHMENT.normalize(raw, replace(NZ, parent=Parent(kind, "x", "p")), Read.SINGLE)
        for kind in ("invoice", "contact")
    )
    assert one.remote_id == RemoteId(f"invoice:p:{raw['AttachmentID']}")
    assert one.record["remote_id"] == other.record["remote_id"] == raw["AttachmentID"]
    assert one.record["id"] != other.record["id"]
