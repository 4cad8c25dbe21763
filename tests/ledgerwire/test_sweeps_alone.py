"""Without webhook keys: it runs, says what that means, and looks for changes more often."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.database import Database
from storage.secrets import new_key
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.programs import Shell
from tests.handlers.answers import NOW
from tests.handlers.rig import Rig, running


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read."""
    async with running(database) as started:
        await started.work()
        yield started


async def test_handlers_say_at_their_start_that_sweeps_are_all_there_is(database_url: str) -> None:
    """Once, with what it means and the setting; under `up` it is this process that says it."""
    port = neighbouring_ports(1)
    shell = Shell({}).but(
        database_url=database_url, kafka="127.0.0.1:1", port=str(port), log_format="json",
        secret_keys=new_key(), xero_client_id="id", xero_client_secret="secret",
    )  # fmt: skip

    async with shell.running("run", "handlers", port=port) as program:
        await program.stop()

    said = [line for line in program.log if "no_webhook_keys" in line]
    assert len(said) == 1
    assert "sweeps alone" in said[0]
    assert "LEDGERWIRE_XERO_WEBHOOK_KEYS" in said[0]


async def test_sweeps_alone_come_more_often(rig: Rig) -> None:
    """They get most of the day's calls instead of a safety net's few."""

    async def interval() -> timedelta:
        await rig.cursors_say("sweep_due_at = $1, changes_per_hour = 0", NOW)
        await rig.work()
        return (await rig.cursor("Contacts")).sweep_due_at - rig.clock.now()

    rig.pass_time(minutes=5)
    with_webhooks = await interval()
    rig.shop = replace(rig.shop, webhooks=False)
    alone = await interval()

    assert alone < with_webhooks / 5
