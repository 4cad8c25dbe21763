"""Who takes part in shared work, and leases taken, renewed and given back by the dozen."""

import asyncio
from datetime import timedelta

import pytest

from storage.database import Database
from storage.errors import LeaseLost
from storage.leases import (
    LEASE_CHANNEL,
    Lease,
    free_leases,
    release_lease,
    renew_lease,
    renew_leases,
    take_lease,
)
from storage.presence import end_presence, forget_ended_presences, keep_presence

LIFE = timedelta(seconds=30)
ENDED = timedelta(seconds=-1)


async def taken(db: Database, name: str, owner: str = "me") -> Lease:
    """A lease that was free."""
    lease = await take_lease(db, name, owner)
    assert lease is not None
    return lease


async def test_those_who_say_so_are_present_in_order(database: Database) -> None:
    """Each learns of all others of its group, at once and in the same order."""
    await keep_presence(database, "relays", "b", life=LIFE)
    await keep_presence(database, "others", "z", life=LIFE)

    assert await keep_presence(database, "relays", "a", life=LIFE) == ["a", "b"]
    assert await keep_presence(database, "relays", "b", life=LIFE) == ["a", "b"]


async def test_presence_ends_by_itself(database: Database) -> None:
    """A killed process is reckoned with no longer than it said; one that wakes is there again."""
    await keep_presence(database, "relays", "killed", life=ENDED)
    assert await keep_presence(database, "relays", "a", life=LIFE) == ["a"]

    await keep_presence(database, "relays", "killed", life=LIFE)

    assert await keep_presence(database, "relays", "a", life=LIFE) == ["a", "killed"]


async def test_who_leaves_is_gone_at_once_and_the_others_hear_of_it(database: Database) -> None:
    """They need not wait for their next look."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    subscription = await database.listen(LEASE_CHANNEL, heard.put_nowait)
    await keep_presence(database, "relays", "a", life=LIFE)

    await end_presence(database, "relays", "a")

    async with asyncio.timeout(10):
        assert await heard.get() == "relays:a"
    assert await keep_presence(database, "relays", "b", life=LIFE) == ["b"]
    await subscription.close()


async def test_only_ended_presences_of_the_group_are_forgotten(database: Database) -> None:
    """Rows of processes that are gone pile up nowhere; leases keep theirs, with their tokens."""
    await keep_presence(database, "relays", "gone", life=ENDED)
    await keep_presence(database, "relays", "here", life=LIFE)
    await keep_presence(database, "others", "gone", life=ENDED)
    await release_lease(database, await taken(database, "relay.3"))

    assert await forget_ended_presences(database, "relays") == 1

    rows = await database.fetch("SELECT name FROM lease ORDER BY name")
    assert [row["name"] for row in rows] == ["others:gone", "relay.3", "relays:here"]


async def test_lost_leases_are_told_and_the_others_renewed(database: Database) -> None:
    """One that ended unnoticed is still its holder's, as long as nobody has taken it."""
    kept, late, lost = [await taken(database, f"relay.{number}") for number in range(3)]
    await database.execute("UPDATE lease SET until = clock_timestamp() - interval '1 s'")
    await taken(database, lost.name, "other")

    assert await renew_leases(database, [kept, late, lost]) == [lost]

    assert await take_lease(database, late.name, "other") is None


async def test_lease_given_back_stays_given_back(database: Database) -> None:
    """A renewal that was under way meanwhile must not take it from whoever was told of it."""
    lease = await taken(database, "relay.3")
    heard: asyncio.Queue[str] = asyncio.Queue()
    subscription = await database.listen(LEASE_CHANNEL, heard.put_nowait)

    await release_lease(database, lease)

    async with asyncio.timeout(10):
        assert await heard.get() == lease.name
    assert await renew_leases(database, [lease]) == [lease]
    with pytest.raises(LeaseLost):
        await renew_lease(database, lease)
    assert await take_lease(database, lease.name, "other") is not None
    await subscription.close()


async def test_free_leases_are_those_that_could_be_taken(database: Database) -> None:
    """Never held, given back, ended, or left by one of the same name that was killed."""
    names = ["new", "mine", "theirs", "given back", "ended"]
    await taken(database, "mine", "me")
    await taken(database, "theirs", "other")
    await release_lease(database, await taken(database, "given back", "other"))
    await take_lease(database, "ended", "other", life=ENDED)

    free = await free_leases(database, names, "me")

    assert free == ["new", "mine", "given back", "ended"]
    assert [await take_lease(database, name, "me") is not None for name in names] == [
        name in free for name in names
    ]
