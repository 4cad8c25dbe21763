"""Commands on keys, secrets and epochs as a person types them: what they print and how they end."""

import pytest

from storage.database import Database
from storage.secrets import SecretBox, new_key
from storage.tenants import tenant, tenants
from tests.acceptance.programs import Ended, Shell
from tests.storage.makers import authorize, link


@pytest.fixture
def shell(database_url: str) -> Shell:
    """An installation on this database, with a key of its own."""
    return Shell({}).but(database_url=database_url, secret_keys=new_key(), kafka="127.0.0.1:1")


def refused(ended: Ended, code: int, words: str) -> None:
    """It ended with this code and one sentence that says these words."""
    assert ended.code == code, ended
    assert ended.err.startswith("ledgerwire: ")
    assert ended.err.count("\n") == 1
    assert words in ended.err


async def test_api_key_is_made_listed_and_revoked(shell: Shell, database: Database) -> None:
    """Shown once; afterwards its id is all that anybody sees."""
    tenant_id = await link(database)
    await database.execute("UPDATE tenant SET external_id = 'customer-42'")

    made = await shell.run(
        "keys", "create", "--name", "reports", "--scope", "read", "--scope", "proxy",
        "--tenant", "customer-42", "--expires", "2999-01-01T00:00:00Z", "--limit", "600", "--json",
    )  # fmt: skip
    past = await shell.run("keys", "create", "--name", "x", "--scope", "read", "--expires", "2020")
    unknown = await shell.run("keys", "create", "--name", "x", "--scope", "read", "--tenant", "no")
    listed = await shell.run("keys", "list", "--json")

    assert made.code == 0, made.err
    refused(unknown, 2, "There is no organisation no")
    assert (past.code, "a time to come" in past.err) == (2, True)
    text = made.json["key"]
    assert text.startswith(f"lw_{made.json['id']}_")
    [row] = listed.json
    assert (row["expires_at"], row["requests_a_minute"]) == ("2999-01-01T00:00:00.000Z", 600)
    assert row["last_used_at"] is None
    assert (row["scopes"], row["tenants"]) == (["read", "proxy"], [tenant_id])
    assert text not in listed.out

    mistaken = await shell.run("keys", "revoke", text)
    revoked = await shell.run("keys", "revoke", row["id"])
    table = await shell.run("keys", "list")
    acts = await shell.run("keys", "acts", "--json")
    lines = await shell.run("keys", "acts", "--limit", "1")

    refused(mistaken, 2, "No living key has this id")
    assert text not in mistaken.err
    assert revoked.code == 0
    assert row["id"] in table.out
    assert table.out.splitlines()[1].split()[-1].startswith("20")  # when it was revoked
    assert [(each["operation"], each["actor"], each["status"]) for each in acts.json] == [
        ("keys revoke", "command", 0), ("keys create", "command", 0)
    ]  # fmt: skip
    assert [each["entity_ids"] for each in acts.json] == [[row["id"]]] * 2
    assert text not in acts.out
    assert len(lines.out.splitlines()) == 2


async def test_secrets_rotate_to_the_first_key(shell: Shell, database: Database) -> None:
    """And what no key opens is said, while the rest is done."""
    old, new, lost = new_key(), new_key(), new_key()
    await authorize(database, SecretBox([old]), user="one")

    done = await shell.but(secret_keys=f"{new},{old}").run("secrets", "rotate")
    await authorize(database, SecretBox([lost]), user="two")
    half = await shell.but(secret_keys=new).run("secrets", "rotate")

    assert done.code == 0, done.err
    assert "1 encrypted under the first key" in done.out
    stored = await database.fetchval(
        """SELECT tokens FROM "authorization" WHERE xero_user_id = 'one'"""
    )
    assert b"access-first" in SecretBox([new]).decrypt(stored)
    assert half.code == 1
    assert "1 can be opened by none of LEDGERWIRE_SECRET_KEYS" in half.err
    assert old not in done.out + done.err + half.err


async def test_epochs_are_raised_for_all_or_for_one(shell: Shell, database: Database) -> None:
    """Every new one orders after the old one, and the others stay when one is named."""
    one, other = await link(database), await link(database)
    before = {each.id: each.epoch for each in await tenants(database)}

    every = await shell.run("epoch", "bump")
    after = {each.id: each.epoch for each in await tenants(database)}
    single = await shell.run("epoch", "bump", one)

    assert every.code == single.code == 0
    assert all(after[each] > before[each] for each in (one, other))
    assert str(after[other]) in every.out
    assert other not in single.out
    assert (await tenant(database, one)).epoch > after[one]
    assert (await tenant(database, other)).epoch == after[other]


async def test_backfill_without_handlers_says_so(shell: Shell, database: Database) -> None:
    """Code 3: what would do it does not run."""
    tenant_id = await link(database)

    refused(await shell.run("backfill", tenant_id, "contacts"), 3, "No handlers run")
    refused(await shell.run("sweep", "nobody"), 2, "There is no organisation nobody")


async def test_audit_says_what_is_in_its_way(shell: Shell, database: Database) -> None:
    """Nobody runs, nothing is known in full, or nothing says how Xero is reached."""
    tenant_id = await link(database)

    refused(await shell.run("audit", "nobody"), 2, "There is no organisation nobody")
    refused(await shell.run("audit", tenant_id, "contacts"), 3, "No handlers run")
    refused(await shell.run("audit", tenant_id, "contacts", "--dry-run"), 2, "XERO_CLIENT_ID")
    await database.execute("UPDATE cursor SET backfill_complete = false")
    refused(await shell.run("audit", tenant_id, "contacts"), 1, "are not known in full")


async def test_doctor_tells_findings_as_json_and_by_its_exit_code(shell: Shell) -> None:
    """3 where something is away; each finding has part, verdict, sentence and remedy."""
    looked = await shell.run("doctor", "kafka", "webhook", "--json")

    assert looked.code == 3, looked.err
    told = {each["part"]: each for each in looked.json}
    assert {name: each["verdict"] for name, each in told.items()} == {
        "kafka": "away", "webhook": "note",
    }  # fmt: skip
    assert all(set(each) == {"part", "verdict", "what", "remedy"} for each in looked.json)
    assert "sweeps alone" in told["webhook"]["what"]
