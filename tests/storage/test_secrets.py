"""What is encrypted, with which key, and that none of it shows; and attempts to link."""

import asyncio
from pathlib import Path

import pytest

from storage.database import Database
from storage.errors import SecretsUnreadable
from storage.links import LinkAttempt, begin_link, take_link
from storage.secrets import KEY_FILE, SecretBox, new_key
from tests.storage.makers import authorize, box, tokens


def test_first_key_encrypts_and_all_decrypt() -> None:
    """Keys rotate with overlap: what an old key sealed still opens, new things use the new key."""
    old, new = new_key(), new_key()
    sealed = SecretBox([old]).encrypt(b"token")

    both = SecretBox([new, old])

    assert both.decrypt(sealed) == b"token"
    assert SecretBox([new]).decrypt(both.encrypt(b"token")) == b"token"
    assert SecretBox([new]).decrypt(both.rotate(sealed)) == b"token"
    with pytest.raises(SecretsUnreadable, match="LEDGERWIRE_SECRET_KEYS"):
        SecretBox([new]).decrypt(sealed)


def test_signatures_of_any_key_are_believed_for_their_purpose_alone() -> None:
    """What was handed out before a rotation is still ours; what was changed, or was signed for
    something else, is not."""
    old, new = new_key(), new_key()
    signature = SecretBox([old]).sign(b"place", b"content")

    both = SecretBox([new, old])

    assert both.signed(b"place", b"content", signature)
    assert not both.signed(b"place", b"content.", signature)
    assert not both.signed(b"places", b"content", signature)
    assert not both.signed(b"place", b"content", signature[:-1])
    assert not SecretBox([new]).signed(b"place", b"content", signature)
    assert SecretBox([new]).signed(b"place", b"content", both.sign(b"place", b"content"))


@pytest.mark.parametrize("keys", [[], [""], ["short"], ["ü" * 44]])
def test_unusable_keys_are_refused_without_being_quoted(keys: list[str]) -> None:
    """A wrong setting is named; its value is not."""
    with pytest.raises(SecretsUnreadable) as refusal:
        SecretBox(keys)

    assert "LEDGERWIRE_SECRET_KEYS" in str(refusal.value)
    assert "short" not in str(refusal.value)


def test_nothing_secret_shows_in_reprs() -> None:
    """Tokens, verifiers and keys never reach a log by way of repr."""
    key = new_key()
    shown = repr((SecretBox([key]), tokens("hidden"), LinkAttempt(verifier="hidden")))

    assert key not in shown
    assert "hidden" not in shown


async def test_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """Processes that start together agree on one key; nobody else may read it."""
    boxes = await asyncio.gather(
        *(asyncio.to_thread(SecretBox.for_data_dir, tmp_path / "data") for _ in range(8))
    )

    sealed = boxes[0].encrypt(b"token")
    assert [each.decrypt(sealed) for each in boxes] == [b"token"] * 8
    assert (tmp_path / "data" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in (tmp_path / "data").iterdir()] == [KEY_FILE]


async def test_tokens_are_stored_encrypted(database: Database) -> None:
    """A dump of the database shows no token."""
    await authorize(database, box())

    stored = await database.fetchval('SELECT tokens FROM "authorization"')

    assert b"access-first" not in stored


async def test_link_attempt_is_good_once(database: Database) -> None:
    """The callback finds what was asked for, one time; two racing callbacks share one."""
    secrets = box()
    attempt = LinkAttempt(verifier="v" * 43, external_id="acme", return_to="https://app.test/")
    await begin_link(database, secrets, "state", attempt, browser="b")

    taken = await asyncio.gather(
        *(take_link(database, secrets, "state", browser="b") for _ in range(3))
    )

    assert [each for each in taken if each is not None] == [attempt]
    assert await take_link(database, secrets, "other", browser="b") is None


async def test_link_attempt_lives_ten_minutes(database: Database) -> None:
    """A late callback finds nothing, and what is stored tells neither state nor verifier."""
    secrets = box()
    await begin_link(database, secrets, "state", LinkAttempt(verifier="v" * 43), browser="b")
    row = await database.fetchrow(
        """SELECT state_hash, verifier,
                  expires_at BETWEEN now() + interval '9 min' AND now() + interval '10 min' AS life
             FROM link_attempt"""
    )

    assert row is not None
    assert row["life"]
    assert b"state" not in row["state_hash"]
    assert b"vvvv" not in row["verifier"]
    await database.execute("UPDATE link_attempt SET expires_at = now()")
    assert await take_link(database, secrets, "state", browser="b") is None
