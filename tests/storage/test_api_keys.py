"""API keys: shown once, kept as digests, found by their text alone."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.api_key_use import last_uses, note_use, take_requests
from storage.api_keys import (
    KEY_CHANNEL,
    PREFIX,
    api_key,
    api_keys,
    create_api_key,
    look_up_api_key,
    revoke_api_key,
)
from storage.database import Database
from tests.storage.makers import new_tenant_id

HOUR = timedelta(hours=1)


async def test_key_is_found_by_its_text_and_kept_as_a_digest(database: Database) -> None:
    """A dump of the table lets nobody in."""
    made = await create_api_key(database, "reports", scopes={"read"})

    row = await database.fetchrow("SELECT * FROM api_key")
    found = await look_up_api_key(database, made.text)

    assert made.text.startswith(f"{PREFIX}{made.key.id}_")
    assert row is not None
    secret = made.text.rsplit("_", 1)[0]
    assert made.text not in str(dict(row.items()))
    assert secret != made.text
    assert made.text not in repr(made)
    assert found is not None
    assert (found.key, found.ended, found.lives_s) == (made.key, None, None)
    assert await api_keys(database) == [made.key]
    assert await api_key(database, made.key.id) == made.key


@pytest.mark.parametrize("spoil", ["{}x", "x{}", "{}"])
async def test_other_texts_find_nothing(database: Database, spoil: str) -> None:
    """Neither a longer text, nor one without the prefix, nor a key that was never made."""
    made = await create_api_key(database, "reports", scopes={"read"})
    text = spoil.format(made.text) if spoil != "{}" else f"{PREFIX}{made.key.id}_{'A' * 43}"

    assert await look_up_api_key(database, text) is None


async def test_revoked_key_lets_nobody_in_and_stays_in_the_list(database: Database) -> None:
    """Once is enough; the second time says that there is nothing to revoke."""
    made = await create_api_key(database, "reports", scopes={"read"})

    assert await revoke_api_key(database, made.key.id)

    found = await look_up_api_key(database, made.text)
    assert found is not None
    assert found.ended == "revoked"
    assert not await revoke_api_key(database, made.key.id)
    [kept] = await api_keys(database)
    assert kept.revoked_at is not None
    assert not kept.may("read")


async def test_revoking_is_told_to_all_processes(database: Database) -> None:
    """Whoever keeps keys in memory hears which one to forget."""
    made = await create_api_key(database, "reports", scopes={"read"})
    heard: asyncio.Queue[str] = asyncio.Queue()
    subscription = await database.listen(KEY_CHANNEL, heard.put_nowait)

    await revoke_api_key(database, made.key.id)

    async with asyncio.timeout(10):
        assert await heard.get() == made.key.id
    await subscription.close()


async def test_expired_key_says_so_and_a_living_one_for_how_long(database: Database) -> None:
    """The holder of a key that ended may know why it does not work any more."""
    now = await database.now()
    old = await create_api_key(database, "old", scopes={"read"}, expires_at=now - HOUR)
    young = await create_api_key(database, "young", scopes={"read"}, expires_at=now + HOUR)

    ended = await look_up_api_key(database, old.text)
    living = await look_up_api_key(database, young.text)

    assert ended is not None
    assert (ended.ended, ended.lives_s) == ("expired", None)
    assert living is not None
    assert living.ended is None
    assert living.lives_s is not None
    assert 3500 < living.lives_s <= 3600


async def test_key_covers_its_scopes_and_organisations_only(database: Database) -> None:
    """`admin` covers every scope, still for its organisations alone."""
    mine, other = new_tenant_id(), new_tenant_id()
    reader = (await create_api_key(database, "r", scopes={"read"}, tenants={mine})).key
    admin = (await create_api_key(database, "a", scopes={"admin"}, tenants={mine})).key
    everywhere = (await create_api_key(database, "e", scopes={"read", "proxy"})).key

    assert reader.may("read", mine)
    assert not reader.may("write", mine)
    assert not reader.may("read", other)
    assert admin.may("proxy", mine)
    assert not admin.may("proxy", other)
    assert everywhere.scopes == ("read", "proxy")
    assert everywhere.may("proxy", other)
    assert admin.covers(reader)
    assert not admin.covers(everywhere)
    assert everywhere.covers(admin)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scopes": set[str]()}, "read, write, proxy, admin"),
        ({"scopes": {"read", "everything"}}, "read, write, proxy, admin"),
        ({"name": " "}, "a name has"),
        ({"name": "x" * 101}, "a name has"),
        ({"name": "a\nb"}, "a name has"),
        ({"tenants": set[str]()}, "no organisation"),
        ({"requests_a_minute": 0}, "a limit is"),
    ],
)
async def test_key_that_would_be_a_mistake_is_not_made(
    database: Database, wrong: dict[str, Any], words: str
) -> None:
    """A key that may do nothing, or nobody knows what, or that nobody would find again."""
    asked: dict[str, Any] = {"name": "x", "scopes": {"read"}, **wrong}

    with pytest.raises(ValueError, match=words):
        await create_api_key(database, asked.pop("name"), **asked)
    assert await api_keys(database) == []


async def test_minute_of_a_key_is_shared_by_all_who_take_from_it(database: Database) -> None:
    """Blocks that several processes take at once add up to the limit, and no further."""
    key = (await create_api_key(database, "k", scopes={"read"}, requests_a_minute=10)).key
    await take_requests(database, key.id, want=0, limit=10)
    # A minute that can't end while the test runs.
    await database.execute("UPDATE api_key_use SET minute = minute + interval '2 minutes'")

    taken = await asyncio.gather(
        *(take_requests(database, key.id, want=3, limit=10) for _ in range(5))
    )

    assert sorted(each.requests for each in taken) == [0, 1, 3, 3, 3]
    assert min(each.left for each in taken) == 0
    assert all(each.ends_in_s >= 60 for each in taken)


async def test_next_minute_begins_with_nothing_taken(database: Database) -> None:
    """What was counted of a minute that is over counts no more, and never goes back."""
    key = (await create_api_key(database, "k", scopes={"read"}, requests_a_minute=5)).key
    await take_requests(database, key.id, want=5, limit=5)
    await database.execute("UPDATE api_key_use SET minute = minute - interval '1 minute'")

    fresh = await take_requests(database, key.id, want=2, limit=5)
    await database.execute("UPDATE api_key_use SET minute = minute + interval '2 minutes'")
    ahead = await take_requests(database, key.id, want=5, limit=5)

    assert (fresh.requests, fresh.left) == (2, 3)
    assert ahead.requests == 3  # another process's clock minute, already counted


async def test_last_use_is_the_latest_and_of_known_keys_only(database: Database) -> None:
    """Batches of several processes may come in any order."""
    key = (await create_api_key(database, "k", scopes={"read"})).key
    now: datetime = await database.now()

    await note_use(database, {key.id: 5.0, "unknown": 1.0})
    await note_use(database, {key.id: 500.0})
    await note_use(database, {})

    [(found, at)] = (await last_uses(database)).items()
    assert found == key.id
    assert now - timedelta(seconds=5) <= at <= await database.now() - timedelta(seconds=4)
