"""Fixtures of reading: one organisation with many invoices, made once, and one with nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import pytest

from storage.database import Database
from tests.api.reading.books import NOW, many_invoices
from tests.api.reading.rig import Reading, reading_of
from tests.conftest import TestServer
from tests.storage.makers import link
from unified.clock import ManualClock
from unified.ids import TenantId

MANY = 50_000
OTHERS = 2_000  #: of another organisation, which must never show


@dataclass(frozen=True)
class LargeBooks:
    """A database with a large organisation and another one; each test opens it for itself."""

    url: str
    tenant: TenantId
    other: TenantId


@pytest.fixture(scope="module")
def large_books(postgres_server: TestServer) -> Iterator[LargeBooks]:
    """The books, with statistics as the server makes them by itself within a minute."""
    name = "large_books"

    async def fill() -> LargeBooks:
        await postgres_server.order(
            f"CREATE DATABASE {name} TEMPLATE {postgres_server.template} STRATEGY file_copy"
        )
        db = await Database.connect(postgres_server.url_of(name), max_size=2)
        try:
            tenant, other = await many_invoices(db, MANY), await many_invoices(db, OTHERS)
            await db.execute("VACUUM ANALYZE record")
        finally:
            await db.close()
        return LargeBooks(postgres_server.url_of(name), tenant, other)

    yield asyncio.run(fill())
    asyncio.run(postgres_server.order(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def bare(database: Database) -> AsyncIterator[Reading]:
    """The api over an organisation with nothing in its mirror, all of it said to be read."""
    tenant = await link(database)
    async with reading_of(database, tenant, clock=ManualClock(NOW)) as made:
        yield made


@pytest.fixture
async def large_copy(
    postgres_server: TestServer, large_books: LargeBooks
) -> AsyncIterator[LargeBooks]:
    """The large books once more, for a test that changes them."""
    name = "large_books_changed"
    await postgres_server.order(f"CREATE DATABASE {name} TEMPLATE large_books STRATEGY file_copy")
    yield replace(large_books, url=postgres_server.url_of(name))
    await postgres_server.order(f"DROP DATABASE {name} WITH (FORCE)")
