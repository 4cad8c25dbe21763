"""Programs that start while their database is away: they wait, answer what they can, and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from storage.secrets import new_key
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.programs import READY_S, Running, Shell
from tests.acceptance.rig import LOOK_EVERY_S, LOOPBACK
from tests.receiver.cable import Cable, cable_to
from tests.receiver.service import WEBHOOK
from tests.receiver.vectors import KEY, VALIDATION, VALIDATION_SIGNATURE
from unified.broker import BrokerSettings

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

ROLES = ("receiver", "api", "handlers", "crm")
AWAY, BACK = '"event": "database_away"', '"event": "database_answers"'


@pytest.fixture
async def cable(empty_database_url: str) -> AsyncIterator[Cable]:
    """A wire to a database without any table; it is cut."""
    async with cable_to(empty_database_url) as laid:
        await laid.cut()
        yield laid


@pytest.fixture
def shell(cable: Cable, embedded_broker_settings: BrokerSettings, tmp_path: Path) -> Shell:
    """An installation on servers of its own, with Xero away."""
    return Shell({}).but(
        database_url=cable.url,
        kafka=embedded_broker_settings.bootstrap,
        topic_prefix=embedded_broker_settings.prefix,
        data_dir=str(tmp_path),
        secret_keys=new_key(),
        xero_client_id="id",
        xero_client_secret="secret",
        xero_webhook_keys=KEY,
        xero_api_url=f"http://{LOOPBACK}:1",
        xero_identity_url=f"http://{LOOPBACK}:1",
        xero_login_url=f"http://{LOOPBACK}:1",
        log_format="json",
    )


async def says(program: Running, words: str, times: int = 1) -> None:
    """Wait until its log has these words so often."""
    async with asyncio.timeout(READY_S):
        while count(program, words) < times:
            assert program.process.returncode is None, program.complaint("ended at once")
            await asyncio.sleep(LOOK_EVERY_S)


def count(program: Running, words: str) -> int:
    """How many lines of its log have these words."""
    return sum(words in line for line in program.log)


async def test_waiting_programs_end_when_told_to(shell: Shell) -> None:
    """Each role says once what is missing, and SIGTERM need not wait for it."""
    first = neighbouring_ports(len(ROLES))
    async with AsyncExitStack() as stack:
        programs = [
            await stack.enter_async_context(shell.but(port=str(first + n)).running("run", role))
            for n, role in enumerate(ROLES)
        ]
        await asyncio.gather(*(says(program, AWAY) for program in programs))

        codes = await asyncio.gather(*(program.stop() for program in programs))

    assert codes == [0] * len(ROLES)
    assert [count(program, AWAY) for program in programs] == [1] * len(ROLES)


async def test_up_waits_for_its_database_and_works_once_it_is_there(
    shell: Shell, cable: Cable
) -> None:
    """Meanwhile Xero's validation is answered, and readiness says what is missing."""
    port = neighbouring_ports(2)
    url = f"http://{LOOPBACK}:{port}"
    signed = {"x-xero-signature": VALIDATION_SIGNATURE.decode()}
    async with shell.but(port=str(port)).running("up") as up, httpx.AsyncClient() as client:
        await says(up, AWAY, times=2)
        validated = await client.post(f"{url}{WEBHOOK}", content=VALIDATION, headers=signed)
        unready = await client.get(f"{url}/readyz")
        live = await client.get(f"{url}/livez")

        await cable.mend()
        await asyncio.gather(up.ready(port), up.ready(port + 1))
        assert await up.stop() == 0

    assert validated.status_code == live.status_code == httpx.codes.OK
    assert unready.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert unready.json()["checks"]["database"] == "the database does not answer"
    assert (count(up, AWAY), count(up, BACK)) == (2, 2)


async def test_database_that_refuses_us_ends_the_start(shell: Shell, database_url: str) -> None:
    """Waiting would hide that the address is wrong."""
    wrong = shell.but(database_url=f"{database_url}-none")
    for words in (("up",), ("run", "receiver")):
        ended = await wrong.run(*words)

        assert ended.code == 3, ended
        assert "refuses" in ended.err.splitlines()[-1]
        assert "LEDGERWIRE_DATABASE_URL" in ended.err.splitlines()[-1]
