"""The api is killed around creations that have an Idempotency-Key: never two invoices in the books,
never an answer that is lost or another one.

The api is a process of its own; it is led to each named point of a creation (see `crash.points`),
frozen there and killed (kill -9), started again, and asked the same with the same key, as a caller
would whose connection broke.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledgerwire.demo.linking import link_all
from ledgerwire.settings import as_environment
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.api_keys import create_api_key
from storage.database import Database
from tests.acceptance.crash.nursery import nursery
from tests.acceptance.crash.points import Point, after, asked, before
from tests.acceptance.crash.proxy import DatabaseProxy
from tests.acceptance.crash.victim import Victim
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.rig import settings_for
from tests.figures import Figure
from unified.broker import BrokerSettings

KILLS = int(os.environ.get("PROOF_WRITE_KILLS", "8"))
SEED = os.environ.get("PROOF_SEED", "crash")
PATIENCE_S = 120.0
MOMENT_S = 0.06  #: a random moment lies at most so far ahead: about as long as a creation takes
TENANTS = 4  #: an organisation's calls flow one a second

_CLAIM = "INSERT INTO idempotency"
_LOCK = "FROM tenant WHERE id = $1 FOR NO KEY UPDATE"
_EVENT = "INSERT INTO event"
_ANSWER = "UPDATE idempotency SET status"
POINTS = (
    Point("api", "known to nobody", 1, asked(_CLAIM)),
    Point("api", "claimed, not sent", 1, after(_CLAIM)),
    Point("api", "answered by Xero, not absorbed", 1, asked(_LOCK)),
    Point("api", "absorbed, not committed", 1, before(_EVENT)),
    Point("api", "committed, not known", 1, after(_EVENT)),
    Point("api", "absorbed, answer not stored", 1, asked(_ANSWER)),
    Point("api", "answer stored, not given", 1, after(_ANSWER)),
    Point("api", "at random", 1),
)

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(sys.platform != "linux", reason="killed by pidfd, which Linux alone has"),
    pytest.mark.timeout(240 + 15 * KILLS),
]


@dataclass
class Caller:
    """Creates invoices through an api that is killed under it."""

    db: Database
    simulator: RunningSimulator
    victim: Victim
    headers: dict[str, str]
    rng: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    answered: int = 0  #: before the kill came
    _made: int = 0

    def order(self) -> tuple[dict[str, Any], dict[str, str]]:
        """A new invoice to make, and the headers that name it."""
        self._made += 1
        tenant = list(self.simulator.books)[self._made % TENANTS]
        body = {
            "type": "invoice",
            "status": "open",
            "contact": {"remote_id": next(iter(tenant.ledger.contacts)).id},
            "issue_date": "2026-11-01",
            "due_date": "2026-12-01",
            "reference": f"order {self._made}",
            "line_items": [{"description": "x", "unit_price": "10.00", "account": {"code": "200"}}],
        }
        key = {"X-Tenant-Id": tenant.id, "Idempotency-Key": f"order-{self._made}"}
        return body, {**self.headers, **key}

    async def send(self, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        """Ask the api once. Raises httpx.TransportError where it dies meanwhile."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            address = f"{self.victim.url}/v1/accounting/invoices"
            return await client.post(address, json=body, headers=headers)

    async def insist(self, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        """Ask again with the same key until there is an answer, as Retry-After allows."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await self.send(body, headers)
                if answer.status_code not in {409, 429, 503}:
                    return answer
                assert answer.json()["code"] in {
                    "write_in_progress", "write_unresolved", "limit_spent",
                }, answer.text  # fmt: skip
                await asyncio.sleep(0.2)  # the caller's own patience

    async def kill_at(self, point: Point) -> httpx.Response | None:
        """Kill the api at a point of a creation, and get that done all the same."""
        body, headers = self.order()
        sending = asyncio.create_task(self.send(body, headers))
        if point.question is None:
            await asyncio.sleep(self.rng.uniform(0.0, MOMENT_S))  # the moment is drawn by lot
        else:
            await self.victim.reaches(point.question, patience_s=PATIENCE_S)
        await self.victim.kill()
        self.kills[point.name] += 1
        first = None
        with suppress(httpx.TransportError):
            first = await sending
            self.answered += 1
        await self.victim.start()
        await self.victim.ready()
        # What the killed one held ends in its own seconds, which need not be waited for here.
        await self.db.execute(
            "UPDATE idempotency SET claimed_until = clock_timestamp() WHERE status IS NULL"
        )
        found = await self.insist(body, headers)
        again = await self.insist(body, headers)
        assert found.status_code == 201, found.text
        assert (again.status_code, again.content) == (found.status_code, found.content)
        assert again.headers["idempotency-replayed"] == "true"
        if first is not None:
            assert (first.status_code, first.content) == (found.status_code, found.content)
        return first


@asynccontextmanager
async def caller(database_url: str, folder: Path) -> AsyncIterator[Caller]:
    """An api of its own process, with organisations that may be written to."""
    config = SimulatorConfig(
        seed="writes",
        tenants=TENANTS,
        opening=OpeningBooks(contacts=2, invoices=1, bills=1, months=1),
        bulk_consent=True,
    )
    port = neighbouring_ports(1)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        forks = await enter(nursery())
        simulator = await enter(RunningSimulator(config))
        db = await Database.connect(database_url, min_size=1, max_size=4)
        stack.push_async_callback(db.close)
        broker = BrokerSettings(bootstrap="127.0.0.1:1")  # the api has no business with Kafka
        settings = settings_for(simulator, database_url, broker).model_copy(
            update={
                "public_url": f"http://localhost:{port}",
                "xero_scopes": "granular write",
                "log_format": "json",
                "log_level": "warning",
            }
        )
        victim = Victim(
            "api",
            await enter(DatabaseProxy(database_url)),
            nursery=forks,
            port=port,
            environment=as_environment(settings),
            log=folder / "api.log",
        )
        stack.push_async_callback(victim.kill)
        await victim.start()
        await victim.ready()
        tenants = [tenant.id for tenant in simulator.books]
        await link_all(f"http://localhost:{port}", tenants, external_id="crash")
        key = await create_api_key(db, "crash", scopes=["write"])
        rng = random.Random(SEED)  # noqa: S311  # play
        yield Caller(db, simulator, victim, {"Authorization": f"Bearer {key.text}"}, rng)


async def test_creation_that_a_kill_interrupts_is_done_once(
    database_url: str, tmp_path: Path, figure: Figure
) -> None:
    """PROOF_WRITE_KILLS kills (8), each point in turn: one invoice in the books, one
    record, one event and one answer for each key."""
    async with caller(database_url, tmp_path) as made:
        for number in range(KILLS):
            await made.kill_at(POINTS[number % len(POINTS)])
        references = Counter(
            invoice.reference
            for tenant in made.simulator.books
            for invoice in tenant.ledger.invoices
            if (invoice.reference or "").startswith("order ")
        )
        events = await made.db.fetch(
            """SELECT op, cause, count(*) FROM event WHERE resource = 'invoice'
                GROUP BY op, cause"""
        )
        answers = await made.db.fetchval("SELECT count(*) FROM idempotency WHERE status = 201")

    figure(
        f"crash of writes: {made.kills.total()} kills, {made.answered} answered before: "
        + "; ".join(f"{point} {times}" for point, times in sorted(made.kills.items()))
    )
    assert references == Counter({f"order {n + 1}": 1 for n in range(KILLS)})
    assert [tuple(row) for row in events] == [("c", "api_write", KILLS)]
    assert answers == KILLS
