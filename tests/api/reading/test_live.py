"""Reading through Xero: what changed there is seen at once, absorbed, and its cost is told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.reading.live import MOST_CALLS
from simulator import attachments, history
from simulator.filing import Attachment
from storage.database import Database
from tests.api.reading.rig import Reading, reading, reading_of
from tests.handlers.rig import FEW, Rig, running

PATHS = (*FEW, "ContactGroups", "Currencies", "BankTransactions", "BankTransfers", "Attachments")
NOBODY = "0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d"
BYTES = b"%PDF-1.4 \x00\xff\xfe as it is"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with no webhooks from here on."""
    async with running(database, PATHS) as started:
        for _ in range(5):
            await started.work()
        started.pass_time(minutes=5)
        yield started


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Reading]:
    """The api over it."""
    async with reading(rig) as made:
        yield made


async def _live(rig: Rig, client: Reading, path: str, **query: Any) -> dict[str, Any]:
    """A live answer, whose cost is what Xero counted."""
    before = rig.calls
    told = await client.told(path, consistency="live", **query)
    assert told["meta"]["source"] == "live"
    assert told["meta"]["cost"]["calls"] == rig.calls - before
    return told


async def test_a_change_that_nobody_told_shows_at_once(rig: Rig, client: Reading) -> None:
    """One call for what changed since the last reading; an event comes of it, and the mirror knows
    it from then on."""
    contact = next(iter(rig.books.ledger.contacts))
    rig.books.rename_contact(contact.id, "Renamed Ltd")
    mirror = await client.told("accounting/contacts")
    assert "Renamed Ltd" not in {each["name"] for each in mirror["result"]}
    events = len(await rig.mirror.events("contact"))

    told = await _live(rig, client, "accounting/contacts", limit=2)

    assert told["meta"]["cost"]["calls"] == 1
    assert told["meta"]["as_of"] > mirror["meta"]["as_of"]
    assert (await client.one(f"accounting/contacts/remote:{contact.id}"))["name"] == "Renamed Ltd"
    event = (await rig.mirror.events("contact"))[-1]
    assert len(await rig.mirror.events("contact")) == events + 1
    assert (event["cause"]["kind"], event["cause"]["detected_by"]) == ("poll", "api")
    calls = rig.calls
    rest = await client.told("accounting/contacts", limit=2, cursor=told["next_cursor"])
    assert rig.calls == calls  # the first page has brought all of it
    assert rest["meta"]["source"] == "live"
    assert rest["meta"]["as_of"][:19] == told["meta"]["as_of"][:19]


async def test_every_kind_of_list_is_read_in_its_own_way(rig: Rig, client: Reading) -> None:
    """Two sources, a list in one piece, one that names its things only, files below a parent."""
    told = await _live(rig, client, "accounting/transactions")
    assert told["meta"]["cost"]["calls"] == 2
    told = await _live(rig, client, "accounting/currencies")
    assert told["meta"]["cost"]["calls"] == 1
    groups = await _live(rig, client, "accounting/contact_groups")
    assert groups["meta"]["cost"]["calls"] == 1 + len(groups["result"])
    rig.pass_time(minutes=1)
    contact = next(iter(rig.books.ledger.contacts))
    sent = Attachment("", "terms.pdf", "application/pdf", BYTES)
    attachments.keep(rig.books.ledger, contact, sent, by="tests")
    one = await client.one(f"accounting/contacts/remote:{contact.id}")
    before = await client.ids("accounting/attachments", parent=one["id"])
    told = await _live(rig, client, "accounting/attachments", parent=one["id"])
    assert len(told["result"]) == len(before) + 1
    status, code, detail = await client.problem("accounting/attachments", consistency="live")
    assert (status, code) == (400, "live_unavailable")
    assert "parent" in detail


async def test_things_are_read_by_their_ids(rig: Rig, client: Reading) -> None:
    """As many in one call as Xero takes; unknown ones are no error in a list."""
    known = [each.id for each in rig.books.ledger.invoices]
    told = await _live(rig, client, "accounting/invoices", remote_id=[*known, NOBODY])
    assert told["meta"]["cost"]["calls"] == 1
    assert {each["remote_id"] for each in told["result"]} <= set(known)
    many = [NOBODY.replace("1", f"{digit:x}") for digit in range(12)]
    told = await _live(rig, client, "accounting/transactions", remote_id=many)
    assert told["meta"]["cost"]["calls"] == MOST_CALLS
    assert told["is_partial_response"]
    assert "live_not_complete" in {each["code"] for each in told["meta"]["warnings"]}


async def test_one_record_is_read_through(rig: Rig, client: Reading) -> None:
    """One that the mirror does not know yet, too; what Xero does not know is not found."""
    made = rig.books.create_contact(Name="Fresh Ltd")
    path = f"accounting/contacts/remote:{made.id}"
    assert (await client.problem(path))[:2] == (404, "not_found")
    calls = rig.calls
    fresh = await client.told(path, consistency="live")
    assert fresh["result"]["name"] == "Fresh Ltd"
    assert rig.calls == calls + 1
    assert (fresh["meta"]["source"], fresh["meta"]["cost"]["calls"]) == ("live", 1)
    unknown = await client.problem(f"accounting/contacts/remote:{NOBODY}", consistency="live")
    assert unknown[:2] == (404, "xero_not_found")
    calls = rig.calls
    for given in (NOBODY, "remote:.."):
        told = await client.problem(f"accounting/contacts/{given}", consistency="live")
        assert told[:2] == (404, "not_found")
    assert rig.calls == calls
    money = await client.one("accounting/currencies/remote:NZD", consistency="live")
    assert money["code"] == "NZD"


async def test_a_file_is_read_through_by_xeros_id(rig: Rig, client: Reading) -> None:
    """The mirror keeps it below its parent, whose files are read anew; of one that it does not
    know, nobody knows below what it is."""
    contact = next(iter(rig.books.ledger.contacts))
    sent = Attachment("", "terms.pdf", "application/pdf", BYTES)
    attachments.keep(rig.books.ledger, contact, sent, by="tests")
    one = await client.one(f"accounting/contacts/remote:{contact.id}")
    listed = await _live(rig, client, "accounting/attachments", parent=one["id"])
    [known] = [each for each in listed["result"] if each["file_name"] == sent.name]
    path = f"accounting/attachments/remote:{known['remote_id']}"

    told = await _live(rig, client, path)

    assert (told["result"]["id"], told["meta"]["cost"]["calls"]) == (known["id"], 1)
    upper = f"accounting/attachments/remote:{known['remote_id'].upper()}"
    assert (await client.one(upper, consistency="live"))["id"] == known["id"]
    unknown = f"accounting/attachments/remote:{NOBODY}"
    assert (await client.problem(unknown, consistency="live"))[:2] == (404, "not_found")


async def test_what_cannot_be_read_is_lacking_in_a_live_list_too(rig: Rig, client: Reading) -> None:
    """A first reading that has not ended is settled by reading now, a dead letter is not."""
    await rig.cursors_say("backfill_state = 'running'")
    await rig.db.execute(
        """INSERT INTO notice (tenant_id, endpoint, remote_id, origin, received_at, due_at, state,
                               died_at)
           VALUES ($1, 'Contacts', 'x', 'webhook', now(), now(), 'dead', now())""",
        rig.tenant,
    )

    told = await _live(rig, client, "accounting/contacts")

    assert [each["code"] for each in told["meta"]["warnings"]] == ["unreadable_records"]
    assert told["is_partial_response"]


async def test_trouble_of_xeros_is_the_callers_to_know(rig: Rig, client: Reading) -> None:
    """A spent limit says when it frees; an answer that can't be read is told as such."""
    rig.fault("status", status=503)
    told = await client.problem("accounting/contacts", consistency="live")
    assert told[:2] == (503, "xero_unreachable")
    rig.heal()
    await rig.db.execute(
        "UPDATE tenant SET blocked_until = $1, blocked_by = 'day'",
        rig.clock.now() + timedelta(hours=1),
    )
    answer = await client.get("accounting/contacts", consistency="live")
    assert (answer.status_code, answer.json()["code"]) == (429, "limit_spent")
    assert int(answer.headers["retry-after"]) > 3_000
    assert (await client.get("accounting/contacts")).status_code == 200


async def test_history_of_a_record_costs_a_call(rig: Rig, client: Reading) -> None:
    """Notes come newest first; a record of another resource has none here."""
    contact = next(iter(rig.books.ledger.contacts))
    history.add(rig.books.ledger, contact, "Note", "Rang twice")
    one = await client.one(f"accounting/contacts/remote:{contact.id}")
    calls = rig.calls
    notes = await client.told(f"accounting/contacts/{one['id']}/history")
    assert rig.calls == calls + 1
    assert notes["result"][0]["details"] == "Rang twice"
    assert notes["meta"]["cost"] == {"calls": 1}
    for path in (f"accounting/invoices/{one['id']}/history", "accounting/contacts/x/history"):
        assert (await client.problem(path))[:2] == (404, "not_found")


async def test_books_that_were_never_read_are_narrowed_by_xero(database: Database) -> None:
    """What is asked for is read, and nothing else; the answer is whole all the same."""
    async with running(database, FEW) as rig, reading(rig) as client:
        wanted = next(each for each in rig.books.ledger.invoices if each.number)
        told = await _live(rig, client, "accounting/invoices", number=wanted.number)
        assert [each["remote_id"] for each in told["result"]] == [wanted.id]
        assert told["meta"]["cost"]["calls"] == 1
        assert not told["is_partial_response"]
        assert told["meta"]["warnings"] == []
        stored = await database.fetchval("SELECT count(*) FROM record WHERE resource = 'invoice'")
        assert stored == 1
        mirror = await client.told("accounting/invoices")
        assert mirror["is_partial_response"]


async def test_secret_key_that_is_missing_is_the_operators_to_mend(rig: Rig) -> None:
    """It says which setting, and nothing of what is kept; the mirror answers meanwhile."""
    async with reading_of(
        rig.db, rig.tenant, clock=rig.clock, base_url=rig.simulator.base_url,
        told=rig.simulator.announcement,
    ) as stranger:  # fmt: skip
        answer = await stranger.get("accounting/contacts", consistency="live")
        mirror = await stranger.get("accounting/contacts")

    told = answer.json()
    assert (answer.status_code, told["code"]) == (500, "secrets_unreadable")
    assert "LEDGERWIRE_SECRET_KEYS" in told["remedy"]
    assert set(told) == {"type", "title", "status", "detail", "code", "remedy", "instance"}
    assert mirror.status_code == 200
