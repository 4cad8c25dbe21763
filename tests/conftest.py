"""Fixtures every test may ask for: a real PostgreSQL, and a database of one's own on it.

One server per pytest process, thrown away afterwards; each database is cloned from a template
that was migrated once.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from ledgerwire.settings import without_settings
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate

if find_spec("tests.brokers") is not None:
    pytest_plugins = ["tests.brokers", "tests.figures"]

# What the person who runs the tests has set for a Ledgerwire of their own is no test's setting.
for _name in os.environ.keys() - without_settings(os.environ).keys():
    del os.environ[_name]

# How long an example takes says something about the machine's other work, not about ours.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

_numbers = itertools.count(1)


@dataclass(frozen=True)
class TestServer:
    """A running PostgreSQL and the databases on it.

    Attributes:
        admin_url: a database to give orders from.
        template: name of the migrated database that is cloned.
    """

    __test__ = False

    admin_url: str
    template: str

    def url_of(self, name: str) -> str:
        """Address of the database called `name`."""
        return f"{self.admin_url.rsplit('/', 1)[0]}/{name}"

    async def order(self, statement: str) -> None:
        """Run one statement that must stand alone, such as CREATE DATABASE."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[TestServer]:
    """A PostgreSQL for this pytest process, with a migrated template database."""
    folder = Path(tempfile.mkdtemp(prefix="ledgerwire-tests-"))
    embedded = EmbeddedPostgres(folder, durable=False)

    async def prepare() -> TestServer:
        url, _ = await embedded.start()
        server = TestServer(url, "template_migrated")
        await server.order(f"CREATE DATABASE {server.template}")
        await migrate(server.url_of(server.template))
        return server

    try:
        yield asyncio.run(prepare())
    finally:
        asyncio.run(embedded.stop())
        shutil.rmtree(folder)


@pytest.fixture
async def database_url(postgres_server: TestServer) -> AsyncIterator[str]:
    """Address of a migrated, empty database for this test alone."""
    name = f"test_{next(_numbers)}"
    await postgres_server.order(
        f"CREATE DATABASE {name} TEMPLATE {postgres_server.template} STRATEGY file_copy"
    )
    yield postgres_server.url_of(name)
    await postgres_server.order(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_database_url(postgres_server: TestServer) -> AsyncIterator[str]:
    """Address of a database without any table, for tests of migrating itself."""
    name = f"test_{next(_numbers)}"
    await postgres_server.order(f"CREATE DATABASE {name}")
    yield postgres_server.url_of(name)
    await postgres_server.order(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A connection pool to `database_url`."""
    opened = await Database.connect(database_url, min_size=1, max_size=8)
    yield opened
    await opened.close()
