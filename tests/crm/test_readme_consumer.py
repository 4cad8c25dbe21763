"""The README's consumer, taken from the README itself: each change once, whatever is repeated."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crm.topics import crm_topics
from tests.crm.feed import EPOCH, Feed, invoice, moment
from tests.crm.running import eventually
from unified.broker import BrokerSettings

README = Path(__file__).parents[2] / "README.md"
HEADING = "## A consumer in twenty lines"

Change = tuple[str, int, int]
Follow = Callable[[str, str, sqlite3.Connection, Callable[..., None]], Awaitable[None]]


def code_in_readme() -> str:
    """Return the first Python block below the heading."""
    block = re.search(
        rf"^{HEADING}$.*?^```python\n(.*?)^```$",
        README.read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert block is not None, "the README shows no consumer"
    return block[1]


@pytest.fixture
def follow() -> Follow:
    """The function the README defines."""
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code_in_readme(), str(README), "exec"), names)  # noqa: S102  # our own README
    function: Follow = names["follow"]
    return function


@pytest.fixture
def books(tmp_path: Path) -> sqlite3.Connection:
    """The reader's own database, with a table of the changes it was given."""
    db = sqlite3.connect(tmp_path / "app.db")
    db.execute("CREATE TABLE given (id TEXT, epoch INT, sequence INT)")
    return db


def note(db: sqlite3.Connection, event: dict[str, Any]) -> None:
    """Do the work of this application: note the change."""
    row = (event["entity"]["id"], event["epoch"], event["sequence"])
    db.execute("INSERT INTO given VALUES (?, ?, ?)", row)


def given(db: sqlite3.Connection) -> list[Change]:
    """Return every change the application was given, in order."""
    return list(db.execute("SELECT id, epoch, sequence FROM given ORDER BY rowid"))


@asynccontextmanager
async def following(
    follow: Follow, broker: BrokerSettings, books: sqlite3.Connection
) -> AsyncIterator[None]:
    """Let the README's consumer run while the body runs."""
    task = asyncio.ensure_future(
        follow(broker.bootstrap, crm_topics(broker.prefix).of("invoice").events, books, note)
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_change_is_given_once(
    follow: Follow, books: sqlite3.Connection, broker: BrokerSettings
) -> None:
    """Repetitions, within a run and after a restart, are not given again; a new epoch is."""
    record = invoice()
    first, second, third = (moment(record, sequence) for sequence in (1, 2, 3))
    after_restore = moment(record, 1, epoch=EPOCH + 1)

    async def has(count: int) -> bool:
        return len(given(books)) >= count

    async with Feed(broker) as feed:
        await feed.publish(first, second, second, first)
        async with following(follow, broker, books):
            await eventually(lambda: has(2))
        await feed.publish(first, second, third, after_restore, third)
        async with following(follow, broker, books):
            await eventually(lambda: has(4))

    expected = [(record["id"], m.epoch, m.sequence) for m in (first, second, third, after_restore)]
    assert expected == given(books)
