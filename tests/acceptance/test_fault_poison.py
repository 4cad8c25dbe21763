"""A record that can't be read, in the middle of a page: buried alone, shown, tried again, dropped.

The commands are the programs that a user starts.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest

from simulator.config import SimulatorConfig
from tests.acceptance.faults import arrived, dead, new_contact
from tests.acceptance.programs import Ended, Shell
from tests.acceptance.rig import ALL_ROLES, QUICK, SMALL, Rig, installed
from tests.handlers.answers import remote_id
from unified.broker import BrokerSettings

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.timeout(600),
]


@pytest.fixture
async def rig(database_url: str, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Rig]:
    """An organisation that is not linked yet, with one poisoned contact among its good ones: no
    text of PostgreSQL can hold a NUL."""
    config = SimulatorConfig(seed="poison", tenants=1, opening=SMALL, delivery=QUICK)
    async with installed(database_url, embedded_broker_settings, config) as made:
        [tenant] = made.simulator.books
        tenant.create_contact(Name="Bad \x00 Ltd")
        for roles in ALL_ROLES:
            await made.start(*roles)
        await made.link()
        yield made


def shell(rig: Rig) -> Shell:
    """A terminal on the machine of the installation."""
    settings = rig.here.settings
    [secret] = settings.secret_keys
    return Shell({}).but(
        database_url=rig.here.database_url,
        secret_keys=secret.get_secret_value(),
        log_format="json",
    )


async def letters(rig: Rig) -> list[dict[str, Any]]:
    """What `dead list` lists."""
    listed = await shell(rig).run("dead", "list", "--json")
    assert listed.code == 0, listed.err
    found: list[dict[str, Any]] = listed.json
    return found


def failed_kindly(ended: Ended, code: int, *words: str) -> None:
    """One sentence, no traceback."""
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert all(word in ended.err for word in words), ended.err


async def test_poison_in_a_page_is_buried_alone_and_read_when_a_person_says_so(rig: Rig) -> None:
    """The rest of its page arrives; its bytes are kept as Xero sent them; mended at Xero without a
    word to us, it is read by `dead retry`, and nothing else would have read it."""
    [tenant] = rig.simulator.books
    good = [contact.id for contact in tenant.ledger.contacts if "\x00" not in contact.name]
    [bad] = [contact for contact in tenant.ledger.contacts if "\x00" in contact.name]
    assert await arrived(rig, good)

    [letter] = await letters(rig)
    shown = await shell(rig).run("dead", "show", letter["key"], "--json")
    kept = msgspec.json.decode(shown.json["content"])
    assert (letter["remote_id"], letter["error_code"]) == (bad.id, "unreadable")
    assert kept["ContactID"] == bad.id
    assert kept["Name"] == "Bad \x00 Ltd"
    assert letter["size_bytes"] > 0

    await rig.watch.steer("faults", {"deliveries": {"next": {"lose": 1}}})
    tenant.rename_contact(bad.id, "Mended Ltd")
    await rig.quiet()
    assert not await arrived(rig, [bad.id])
    tried = await shell(rig).run("dead", "retry", letter["key"], "--json")

    assert tried.code == 0, tried.err
    assert tried.json == [
        {
            "key": letter["key"],
            "stays_dead": False,
            "became": "due",
            "why": "it is read from Xero again",
        }
    ]
    await rig.wait_for(partial(arrived, rig, [bad.id]))
    assert await letters(rig) == []
    await rig.quiet()
    await rig.agrees()


async def test_poison_that_stays_is_buried_again_by_its_retry_and_can_be_dropped(rig: Rig) -> None:
    """Trying again harms nothing; what is dropped is gone, with a reason in the log, and is read
    all the same once it changes at Xero."""
    [tenant] = rig.simulator.books
    [bad] = [contact for contact in tenant.ledger.contacts if "\x00" in contact.name]
    [letter] = await letters(rig)
    version = await rig.db.fetchval("SELECT version FROM notice WHERE remote_id = $1", bad.id)
    assert (await shell(rig).run("dead", "retry", "--all")).code == 0

    async def buried_again() -> bool:
        row = await rig.db.fetchrow("SELECT * FROM notice WHERE remote_id = $1", bad.id)
        return row is not None and row["state"] == "dead" and row["version"] > version

    await rig.wait_for(buried_again)
    after = new_contact(tenant, "After it")
    await rig.wait_for(partial(arrived, rig, [after]))

    dropped = await shell(rig).run("dead", "drop", letter["key"], "--reason", "a test of mine")
    line = msgspec.json.decode(dropped.err.splitlines()[-1])
    assert dropped.code == 0, dropped.err
    assert (line["event"], line["key"], line["reason"]) == (
        "dead_letter_dropped",
        letter["key"],
        "a test of mine",
    )
    assert await dead(rig) == 0
    tenant.rename_contact(bad.id, "Mended Ltd")
    await rig.wait_for(partial(arrived, rig, [bad.id]))
    await rig.quiet()
    await rig.agrees()


async def test_commands_on_dead_letters_tell_what_is_wrong(rig: Rig) -> None:
    """Nothing is tried or dropped by a command that is not quite right."""
    terminal = shell(rig)
    [letter] = await letters(rig)
    unknown = f"{rig.tenants[0]}/Contacts/{remote_id('never was')}"

    show, retry, drop, mixed, nothing, no_reason, empty_reason = await asyncio.gather(
        terminal.run("dead", "show", unknown),
        terminal.run("dead", "retry", letter["key"], unknown),
        terminal.run("dead", "drop", letter["key"], unknown, "--reason", "x"),
        terminal.run("dead", "retry", letter["key"], "--all"),
        terminal.run("dead", "retry"),
        terminal.run("dead", "drop", letter["key"]),
        terminal.run("dead", "drop", letter["key"], "--reason", " "),
    )

    for ended in (show, retry, drop):
        failed_kindly(ended, 1, unknown, "dead list")
    failed_kindly(mixed, 2, "--all")
    failed_kindly(nothing, 2, "KEYS")
    failed_kindly(no_reason, 2, "--reason")
    failed_kindly(empty_reason, 2, "--reason")
    assert [each["key"] for each in await letters(rig)] == [letter["key"]]
