"""The receiver on its own: Kafka and handlers away, and killed in the moment after its 200."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ledgerwire import embedded_broker
from ledgerwire.up import start_roles
from storage.database import Database
from storage.secrets import new_key
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.rig import ALL_ROLES, LOOPBACK, installed
from tests.receiver.service import WEBHOOK, delivery, event, link, signature
from tests.receiver.vectors import KEY
from unified.broker import BrokerSettings

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

KILLS = 10
SENDERS = 8  #: deliveries under way when the receiver is killed


class Broker:
    """An embedded broker of this test alone, which goes away and comes back at its address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = embedded_broker.start(folder, port=neighbouring_ports(1))
        self.settings = BrokerSettings(
            bootstrap=self._running.address, prefix="outage", embedded=True
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._running.pid

    def go_away(self) -> None:
        """Save what it holds and end."""
        embedded_broker.stop(self._running)

    def come_back(self) -> None:
        """At the same address, with what it held."""
        _, _, port = self._running.address.rpartition(":")
        self._running = embedded_broker.start(self._folder, port=int(port))


@pytest.fixture
def broker_of_its_own(tmp_path: Path) -> Iterator[Broker]:
    """A broker that nobody else uses."""
    broker = Broker(tmp_path / "kafka")
    yield broker
    broker.go_away()


async def test_receiving_needs_neither_kafka_nor_handlers(
    database_url: str, broker_of_its_own: Broker
) -> None:
    """Every webhook is taken while they are away; when they are back, everything follows."""
    async with installed(database_url, broker_of_its_own.settings) as rig:
        for roles in ALL_ROLES:
            await rig.start(*roles)
        await rig.link()
        await rig.end(rig.running("handlers")[0])
        await asyncio.to_thread(broker_of_its_own.go_away)
        events = await rig.db.fetchval("SELECT count(*) FROM event")

        rig.simulator.player.act(30)
        courier = rig.simulator.simulation.courier
        assert await courier.flush(30.0) == 0
        taken = courier.counts
        assert (taken.failures, taken.events_lost) == ({}, 0)
        assert await rig.db.fetchval("SELECT count(*) FROM notice WHERE state = 'due'") > 0

        await rig.start("handlers")

        async def read_and_unsent() -> bool:
            row = await rig.db.fetchrow(
                """SELECT count(*) FILTER (WHERE relayed_at IS NULL) AS unsent,
                          (SELECT count(*) FROM notice WHERE state = 'due') AS due FROM event"""
            )
            return row is not None and row["unsent"] > 0 and row["due"] == 0

        await rig.wait_for(read_and_unsent)
        assert await rig.db.fetchval("SELECT count(*) FROM event WHERE relayed_at IS NULL") == (
            await rig.db.fetchval("SELECT count(*) FROM event") - events
        )

        await asyncio.to_thread(broker_of_its_own.come_back)
        await rig.quiet()
        await rig.agrees()


async def test_nothing_answered_200_is_lost_by_a_kill(
    database_url: str, database: Database
) -> None:
    """kill -9 right after an answer, again and again: each delivery that got a 200 is there."""
    tenant = str(uuid4())
    await link(database, tenant)
    answered: set[str] = set()
    port = neighbouring_ports(1)

    for _ in range(KILLS):
        async with receiving(database_url, port) as program, httpx.AsyncClient() as client:
            first = asyncio.Event()
            senders = [
                asyncio.create_task(send(client, port, tenant, answered, first))
                for _ in range(SENDERS)
            ]
            async with asyncio.timeout(30):
                await first.wait()
            program.kill()
            await asyncio.gather(*senders)

    rows = await database.fetch("SELECT body_digest FROM delivery WHERE outcome = 'accepted'")
    kept = {bytes(row["body_digest"]).hex() for row in rows}
    assert len(answered) >= KILLS
    assert answered <= kept
    assert await database.fetchval("SELECT count(*) FROM notice") == len(kept)


async def send(
    client: httpx.AsyncClient, port: int, tenant: str, answered: set[str], first: asyncio.Event
) -> None:
    """Deliver one webhook after the other until the receiver is gone; note what got its 200."""
    number = 0
    with suppress(httpx.TransportError):
        while True:
            number += 1
            body = delivery(event(tenant), first=number, last=number)
            answer = await client.post(
                f"http://{LOOPBACK}:{port}{WEBHOOK}",
                content=body,
                headers={"x-xero-signature": signature(body)},
            )
            assert answer.status_code == httpx.codes.OK
            answered.add(hashlib.sha256(body).hexdigest())
            first.set()


@asynccontextmanager
async def receiving(database_url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ledgerwire run receiver`, ready."""
    program = await start_roles(
        ["receiver"],
        {
            **os.environ,
            "LEDGERWIRE_DATABASE_URL": database_url,
            "LEDGERWIRE_PORT": str(port),
            "LEDGERWIRE_XERO_WEBHOOK_KEYS": KEY,
            "LEDGERWIRE_SECRET_KEYS": new_key(),
            "LEDGERWIRE_LOG_LEVEL": "error",
        },
    )
    try:
        await ready(program, port)
        yield program
    finally:
        if program.returncode is None:
            with suppress(ProcessLookupError):
                program.send_signal(signal.SIGKILL)
        await program.wait()


async def ready(program: asyncio.subprocess.Process, port: int) -> None:
    """Wait until it says that it can durably accept."""
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            assert program.returncode is None, "the receiver ended at once"
            with suppress(httpx.TransportError):
                answer = await client.get(f"http://{LOOPBACK}:{port}/readyz")
                if answer.status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.02)
