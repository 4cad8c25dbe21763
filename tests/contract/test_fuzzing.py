"""The api holds to its OpenAPI document, whatever is asked of it: no server error, no answer that
is not described, nothing unsound let in and nothing sound called malformed.

About a minute in the suite; `LEDGERWIRE_TEST_SCHEMATHESIS=20000` asks so many times.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from api.app import create_app
from api.catalogue import catalogue
from api.door import Door
from api.routing import operation_route
from ledgerwire.openapi import openapi, operations
from receiver.server import listen, serve
from storage.api_keys import create_api_key
from storage.database import Database
from tests.api.writing.rig import Writing, writing
from tests.contract.fuzzing import Outcome, configured, figures, fuzzed, shuffled
from unified.resources import RESOURCES

CASES = int(os.environ.get("LEDGERWIRE_TEST_SCHEMATHESIS", "0")) or 1_200
LONG = CASES > 5_000
#: Another one each day of the long run would find more; the short one must not surprise anybody.
SEED = int(os.environ.get("LEDGERWIRE_TEST_SEED", "17"))
DOCUMENT = shuffled(openapi(), SEED)
#: Of each operation and phase, where there is no end before.
EXAMPLES = max(CASES // (2 * len(operations())), 3)
#: Each field's bounds, one by one, are most of what a long run looks at.
PASSES = (
    (("examples", "fuzzing"), CASES * 2 // 3 if LONG else CASES),
    *(((("coverage",), CASES),) if LONG else ()),
)
EVERYTHING = tuple(each.endpoint.path for each in RESOURCES)


@dataclass(frozen=True)
class Served:
    """The api on a port, and the headers of a key for its one organisation."""

    url: str
    headers: dict[str, str]


@asynccontextmanager
async def served(it: Writing, *scopes: str) -> AsyncIterator[Served]:
    """All operations over a real server."""
    door = Door(it.db)
    app = create_app([operation_route(catalogue(it.api), door, it.rig.clock)])
    socket, stop = listen("127.0.0.1", 0), asyncio.Event()
    key = await create_api_key(it.db, "fuzz", scopes=scopes, tenants=[it.tenant])
    serving = asyncio.create_task(serve(app, socket, stop))
    try:
        headers = {"Authorization": f"Bearer {key.text}", "X-Tenant-Id": it.tenant}
        yield Served(f"http://127.0.0.1:{socket.getsockname()[1]}", headers)
    finally:
        stop.set()
        await serving


@pytest.mark.timeout(3_600)
async def test_api_answers_as_its_document_says(database: Database) -> None:
    """All operations, with a key that may read, write and use the proxy."""
    outcome = Outcome()
    with capture_logs() as logs:
        async with writing(database, EVERYTHING) as it, served(it, "read", "write", "proxy") as api:
            for phases, most in PASSES:
                config = configured(
                    api.url, api.headers, examples=EXAMPLES, phases=phases, seed=SEED
                )
                await asyncio.to_thread(fuzzed, DOCUMENT, config, outcome, most=most)

    print(figures(outcome))  # noqa: T201  # of the long run
    broken = [each for each in logs if each["event"] == "operation_failed"]
    assert outcome.failures == {}, f"{outcome.told()}\n{broken}"
    assert outcome.errors == []
    assert broken == []
    assert outcome.cases >= min(CASES, 800)
