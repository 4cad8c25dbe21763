"""Everything encrypted moves to the first key, whatever happens on the way."""

from contextlib import aclosing

from storage.database import Database
from storage.links import LinkAttempt, begin_link, take_link
from storage.rotation import Rotated, count_secrets, rotate_secrets
from storage.secrets import SecretBox, new_key
from tests.storage.makers import authorize


async def sealed(database: Database) -> dict[str, bytes]:
    """What is stored of each token set, by its id."""
    rows = await database.fetch('SELECT id, tokens FROM "authorization"')
    return {row["id"]: row["tokens"] for row in rows}


async def rotated(database: Database, secrets: SecretBox) -> list[Rotated]:
    """All of it, to the end."""
    return [each async for each in rotate_secrets(database, secrets)]


async def test_old_key_is_needed_no_longer(database: Database) -> None:
    """Token sets and attempts to link open with the new key alone."""
    old, new = new_key(), new_key()
    users = [await authorize(database, SecretBox([old]), user=f"user-{n}") for n in range(3)]
    await begin_link(
        database, SecretBox([old]), "state", LinkAttempt(verifier="v" * 43), browser="b"
    )

    done = await rotated(database, SecretBox([new, old]))

    assert await count_secrets(database) == len(done) == 4
    assert {each.id for each in done if each.kind == "authorization"} == set(users)
    assert all(each.done for each in done)
    for stored in (await sealed(database)).values():
        assert b"access-first" in SecretBox([new]).decrypt(stored)
    attempt = await take_link(database, SecretBox([new]), "state", browser="b")
    assert attempt is not None
    assert attempt.verifier == "v" * 43


async def test_cut_off_half_way_it_is_finished_by_the_next_run(database: Database) -> None:
    """What was done stands, and the rest still opens with the old key."""
    old, new = new_key(), new_key()
    for number in range(3):
        await authorize(database, SecretBox([old]), user=f"user-{number}")
    both = SecretBox([new, old])

    async with aclosing(rotate_secrets(database, both)) as first:
        await anext(first)

    opened = [_opens(stored, new) for stored in (await sealed(database)).values()]
    assert sorted(opened) == [False, False, True]
    await rotated(database, both)
    assert all(_opens(stored, new) for stored in (await sealed(database)).values())


async def test_secret_that_no_key_opens_is_left_and_told(database: Database) -> None:
    """The others are done all the same; its own key may still be found."""
    lost, old, new = new_key(), new_key(), new_key()
    closed = await authorize(database, SecretBox([lost]), user="lost")
    await authorize(database, SecretBox([old]), user="kept")
    before = (await sealed(database))[closed]

    done = {each.id: each.done for each in await rotated(database, SecretBox([new, old]))}

    assert sorted(done.values()) == [False, True]
    assert not done[closed]
    assert (await sealed(database))[closed] == before


def _opens(stored: bytes, key: str) -> bool:
    from storage.errors import SecretsUnreadable

    try:
        SecretBox([key]).decrypt(stored)
    except SecretsUnreadable:
        return False
    return True
