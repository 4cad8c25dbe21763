"""Dead letters that no read of Xero can answer for: what was kept of them is read once more."""

import hashlib
import zlib
from typing import Any

import msgspec
import pytest

from ledgerwire.deadletters import (
    NoSuchDeadLetter,
    drop_dead_letters,
    list_dead_letters,
    retry_dead_letters,
    show_dead_letter,
)
from ledgerwire.failures import WrongUsage
from ledgerwire.settings import Settings
from storage.database import Database
from storage.dead_letters import UNNAMED
from storage.deliveries import store_deliveries
from storage.notices import Buried, bury_notice
from tests.handlers.answers import NOW, Mirror, mirror, raw_contact
from tests.receiver.service import delivery as body_of
from tests.receiver.service import event
from tests.storage.makers import delivery, link
from unified.ids import RemoteId


@pytest.fixture
async def books(database: Database) -> Mirror:
    """A linked organisation that has been read."""
    return await mirror(database)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """What a command on that database is started with."""
    return Settings(database_url=database_url)


async def bury_nameless(books: Mirror, raw: dict[str, Any]) -> str:
    """Something of a page whose own id could not be read; returns its key."""
    buried = Buried(
        endpoint="Contacts",
        remote_id=RemoteId(f"{UNNAMED}0123456789abcdef"),
        version=None,
        error_code="unreadable",
        error="contact: no id",
        raw=zlib.compress(msgspec.json.encode(raw)),
    )
    async with books.db.transaction() as conn:
        assert await bury_notice(conn, books.id, buried)
    return f"{books.id}/Contacts/{buried.remote_id}"


async def keep_unreadable(books: Mirror, body: bytes) -> str:
    """A genuine delivery that could not be read; returns its key."""
    kept = delivery(unreadable=True, body=body, digest=hashlib.sha256(body).digest())
    await store_deliveries(books.db, [kept], now=NOW)
    return kept.id


async def test_nameless_thing_that_can_be_read_now_is_asked_for(
    books: Mirror, settings: Settings
) -> None:
    """A newer version found its id in what was kept; what it is now comes from Xero."""
    raw = raw_contact()
    key = await bury_nameless(books, raw)

    [told] = await retry_dead_letters(settings, [key])

    assert (told["key"], told["stays_dead"], told["became"]) == (key, False, "due")
    row = await books.db.fetchrow("SELECT * FROM notice")
    assert row is not None
    assert (row["remote_id"], row["state"], row["single_read"]) == (raw["ContactID"], "due", True)
    assert await list_dead_letters(settings, tenant=None, limit=9) == []


async def test_nameless_thing_that_still_can_not_be_read_stays_dead(
    books: Mirror, settings: Settings
) -> None:
    """With what is wrong, by the field's name, and with its bytes."""
    raw = raw_contact(ContactID=...)
    key = await bury_nameless(books, raw)

    [told] = await retry_dead_letters(settings, [key])

    assert told["stays_dead"]
    assert "ContactID" in told["why"]
    letter, content = await show_dead_letter(settings, key)
    assert letter["key"] == key
    assert content == msgspec.json.encode(raw)


async def test_nameless_thing_of_an_organisation_that_left_stays_dead(
    books: Mirror, settings: Settings
) -> None:
    """Nothing may be done for it; linked again, it may be tried again."""
    key = await bury_nameless(books, raw_contact())
    await books.db.execute("UPDATE tenant SET state = 'vanished'")

    [told] = await retry_dead_letters(settings, [key])

    assert told["stays_dead"]
    assert "vanished" in told["why"]


async def test_delivery_that_can_be_read_now_makes_its_notices(
    books: Mirror, settings: Settings
) -> None:
    """One that still can not be read stays, and says so; all of them are tried by one command."""
    readable = await keep_unreadable(books, body_of(event(books.id)))
    broken = await keep_unreadable(books, b"\xff{")

    told = {each["key"]: each for each in await retry_dead_letters(settings, [])}

    assert told[readable]["became"] == "accepted"
    assert told[broken]["stays_dead"]
    assert await books.db.fetchval("SELECT count(*) FROM notice WHERE state = 'due'") == 1
    left = await list_dead_letters(settings, tenant=None, limit=9)
    assert [letter["key"] for letter in left] == [broken]


async def test_unknown_key_among_good_ones_stops_everything(
    books: Mirror, settings: Settings
) -> None:
    """Whoever mistyped one looks again before anything moves."""
    key = await keep_unreadable(books, b"\xff{")

    with pytest.raises(NoSuchDeadLetter, match="nonsense"):
        await drop_dead_letters(settings, [key, "nonsense"], reason="x")
    assert len(await list_dead_letters(settings, tenant=None, limit=9)) == 1

    assert [each["key"] for each in await drop_dead_letters(settings, [key], reason="x")] == [key]
    with pytest.raises(NoSuchDeadLetter):
        await show_dead_letter(settings, key)


async def test_organisation_is_named_as_everywhere(books: Mirror, settings: Settings) -> None:
    """By id, external id or name; one that there is not is said, and is no empty list."""
    await books.db.execute("UPDATE tenant SET external_id = 'customer-42'")
    other = await link(books.db)
    key = await bury_nameless(books, raw_contact())

    for name, keys in (("customer-42", [key]), (books.id.upper(), [key]), (other, [])):
        found = await list_dead_letters(settings, tenant=name, limit=10)
        assert [each["key"] for each in found] == keys
    assert await retry_dead_letters(settings, (), tenant=other) == []
    [retried] = await retry_dead_letters(settings, (), tenant="customer-42")
    assert retried["key"] == key
    with pytest.raises(WrongUsage, match="There is no organisation customer-43"):
        await list_dead_letters(settings, tenant="customer-43", limit=10)
