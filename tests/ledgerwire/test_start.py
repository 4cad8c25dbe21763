"""Starting: what a program loads before it works, and how it waits for its database."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from ledgerwire.installation import migrate_in_time
from storage.errors import LoginRefused
from tests.receiver.cable import Cable, cable_to

HEAVY = {
    "aiokafka", "alembic", "asyncpg", "cryptography", "httpx", "prometheus_client", "psutil",
    "pydantic", "rich", "sqlalchemy", "starlette", "structlog", "uvicorn",
}  # fmt: skip
#: What each of these needs not, and which was slow to load.
NEEDLESS = {
    "ledgerwire.cli": HEAVY,
    "ledgerwire.roles": {"aiokafka", "alembic", "cryptography", "httpx", "psutil", "sqlalchemy"},
    "ledgerwire.wiring.receiver": {"aiokafka", "alembic", "cryptography", "httpx", "sqlalchemy"},
    "ledgerwire.wiring.api": {"aiokafka", "alembic", "sqlalchemy"},
    "ledgerwire.wiring.crm": {"alembic", "cryptography", "httpx", "sqlalchemy"},
    "ledgerwire.wiring.handlers": {"alembic", "sqlalchemy"},
}


@pytest.mark.parametrize("module", NEEDLESS)
async def test_program_loads_what_it_needs_alone(module: str) -> None:
    """Loading is most of what a start costs: a receiver that restarts must be back at once."""
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert process.returncode == 0
    assert set(json.loads(out)) & NEEDLESS[module] == set()


@pytest.fixture
async def cable(empty_database_url: str) -> AsyncIterator[Cable]:
    """A wire to a database that holds nothing yet."""
    async with cable_to(empty_database_url) as laid:
        yield laid


async def test_database_that_is_away_is_waited_for_with_one_line(cable: Cable) -> None:
    """Whoever reads the log sees what is missing and when it came, and not every attempt."""
    await cable.cut()
    with capture_logs() as logs:
        preparing = asyncio.create_task(migrate_in_time(cable.url))
        async with asyncio.timeout(20):
            while not logs:  # noqa: ASYNC110  # a log has no event
                await asyncio.sleep(0)
        await cable.mend()
        async with asyncio.timeout(60):
            await preparing

    words = [each["event"] for each in logs if each["event"].startswith("database_")]
    assert words == ["database_away", "database_answers"]


async def test_database_that_refuses_us_is_not_waited_for(database_url: str) -> None:
    """A wrong password stays wrong."""
    async with asyncio.timeout(20):
        with pytest.raises(LoginRefused):
            await migrate_in_time(f"{database_url}-none")
