"""Fixtures of these tests: an organisation whose mirror is empty."""

import pytest

from storage.database import Database
from tests.handlers.answers import Mirror, mirror


@pytest.fixture
async def empty(database: Database) -> Mirror:
    """A linked, backfilled organisation in Auckland, on 3 November 2026; no record but itself."""
    return await mirror(database)
