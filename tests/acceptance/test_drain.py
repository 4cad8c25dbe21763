"""SIGTERM in bad moments, to real processes: each role ends in time, in good order, losing nothing.

`PROOF_DRAINS` says how often the whole row of bad moments is gone through (1).
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from crm.progress import CrmProgress
from ledgerwire.demo.judging import judge_installation
from ledgerwire.demo.linking import link_all
from ledgerwire.demo.quiet import Watch
from ledgerwire.installation import clock_of
from oracle.report import report
from receiver.app import WEBHOOK_PATH
from simulator.config import SimulatorConfig
from simulator.server import RunningSimulator
from storage.database import Database
from storage.secrets import new_key
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.programs import DRAIN_S, Running, Shell, installation
from tests.acceptance.rig import LOOK_EVERY_S, LOOPBACK, QUICK, SMALL
from tests.acceptance.test_outages import Broker
from tests.acceptance.unannounced import UNANNOUNCED, sweep_soon
from tests.figures import Figure
from tests.receiver.cable import Cable, cable_to

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("PROOF_DRAINS", "1"))
PATIENCE_S = 120.0
ROLES = {"receiver": ("receiver", "api"), "handlers": ("handlers",), "crm": ("crm",)}
HALF_A_DELIVERY = "\r\n".join(
    (
        f"POST {WEBHOOK_PATH} HTTP/1.1",
        "host: x",
        "x-xero-signature: x",
        "content-length: 99",
        "",
        "{",
    )
)


@dataclass
class World:
    """An installation whose database, broker and Xero can each go away or fall silent."""

    simulator: RunningSimulator
    broker: Broker
    cable: Cable
    db: Database
    shell: Shell
    port: int
    watch: Watch

    def port_of(self, role: str) -> int:
        """Where a process with this role listens."""
        return self.port + list(ROLES).index(role)

    @asynccontextmanager
    async def programs(self) -> AsyncIterator[dict[str, Running]]:
        """All roles, ready to work."""
        async with AsyncExitStack() as stack:
            started = [
                stack.enter_async_context(
                    self.shell.but(port=str(self.port_of(name))).running("run", *roles)
                )
                for name, roles in ROLES.items()
            ]
            running = dict(zip(ROLES, await asyncio.gather(*started), strict=True))
            await asyncio.gather(*(each.ready(self.port_of(n)) for n, each in running.items()))
            yield running

    async def link(self) -> None:
        """Subscribe to webhooks and link every organisation."""
        address = f"http://{LOOPBACK}:{self.port}{WEBHOOK_PATH}"
        answer = await self.watch.steer("webhook", {"url": address, "validate": True})
        assert answer["state"] == "enabled"
        tenants = [tenant.id for tenant in self.simulator.books]
        await link_all(f"http://localhost:{self.port}", tenants, external_id="drained")

    async def xero_hangs(self, seconds: float) -> None:
        """Let every call to the books take so long."""
        slow = {"kind": "slow", "path": "/api.xro/2.0", "times": None, "seconds": seconds}
        await self.watch.steer("faults", {"calls": [slow]})

    async def xero_answers(self) -> None:
        """As ever."""
        await self.watch.steer("faults", {"clear": True})

    async def fault_has_struck(self) -> bool:
        """Whether every fault with a number of times has struck so often."""
        return not self.simulator.simulation.faults.calls

    async def figure(self, role: str, name: str) -> float:
        """The sum of one of a process's metrics."""
        text = (await self.watch.http.get(f"http://{LOOPBACK}:{self.port_of(role)}/metrics")).text
        families = text_string_to_metric_families(text)
        return sum(s.value for family in families for s in family.samples if s.name == name)

    async def unready(self, role: str) -> bool:
        """Whether a process says that it can't work."""
        answer = await self.watch.http.get(f"http://{LOOPBACK}:{self.port_of(role)}/readyz")
        return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE

    async def rows(self, query: str) -> int:
        """A count in the tables."""
        count: int = await self.db.fetchval(query)
        return count


@pytest.fixture
async def world(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """Everything but our programs."""
    broker = await asyncio.to_thread(Broker, tmp_path / "kafka")
    config = SimulatorConfig(opening=SMALL, delivery=QUICK, bulk_consent=True)
    async with (
        RunningSimulator(config) as simulator,
        cable_to(database_url) as cable,
        httpx.AsyncClient(timeout=60.0) as http,
    ):
        shell, port = installation(simulator.announcement, tmp_path)
        shell = shell.but(
            database_url=cable.url,
            kafka=broker.settings.bootstrap,
            topic_prefix=broker.settings.prefix,
            secret_keys=new_key(),
        )
        clock = clock_of(shell.settings())
        async with CrmProgress(database, broker.settings) as crm:
            watch = Watch(database, crm, clock, simulator.control_url, http)
            yield World(simulator, broker, cable, database, shell, port, watch)
    await asyncio.to_thread(broker.go_away)


async def until(true: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that other programs do."""
    async with asyncio.timeout(PATIENCE_S):
        while not await true():  # noqa: ASYNC110  # another program's state
            await asyncio.sleep(LOOK_EVERY_S)


# Each brings about a bad moment, and returns what ends it.


async def in_a_backfill(world: World) -> Callable[[], Awaitable[None]]:
    """Pages are being read, slowly."""
    await world.xero_hangs(0.5)
    await world.link()
    running = "SELECT count(*) FROM cursor WHERE backfill_state = 'running'"
    await until(lambda: world.rows(running))
    return world.xero_answers


async def xero_hangs(world: World) -> Callable[[], Awaitable[None]]:
    """Calls are under way, and no answer comes."""
    await world.xero_hangs(300.0)
    world.simulator.player.act(20)
    await until(lambda: world.figure("handlers", "ledgerwire_tenant_sessions"))
    return world.xero_answers


async def kafka_is_silent(world: World) -> Callable[[], Awaitable[None]]:
    """Batches are sent, and nobody acknowledges them."""
    os.kill(world.broker.pid, signal.SIGSTOP)

    async def heal() -> None:
        os.kill(world.broker.pid, signal.SIGCONT)

    world.simulator.player.act(20)
    await until(lambda: world.rows("SELECT count(*) FROM event WHERE relayed_at IS NULL"))
    await until(lambda: world.figure("handlers", "ledgerwire_relay_stalled_seconds"))
    return heal


async def kafka_is_away(world: World) -> Callable[[], Awaitable[None]]:
    """Batches can't be sent and are tried again, until those who need Kafka say that it is away.

    A producer that runs already tries for ever, without a failure that it would tell of.
    """
    await asyncio.to_thread(world.broker.go_away)

    async def heal() -> None:
        await asyncio.to_thread(world.broker.come_back)

    world.simulator.player.act(20)
    await until(lambda: world.figure("handlers", "ledgerwire_relay_stalled_seconds"))
    await until(lambda: world.unready("handlers"))
    await until(lambda: world.unready("crm"))
    assert not await world.unready("receiver")
    return heal


async def database_is_silent(world: World) -> Callable[[], Awaitable[None]]:
    """Every connection stays open, and no answer comes."""
    world.simulator.player.act(20)
    world.cable.block()
    for role in ROLES:
        await until(lambda role=role: world.unready(role))  # type: ignore[misc]  # a lambda's default
    return world.cable.mend


async def database_is_away(world: World) -> Callable[[], Awaitable[None]]:
    """Every connection is refused."""
    world.simulator.player.act(20)
    await world.cable.cut()
    for role in ROLES:
        await until(lambda role=role: world.unready(role))  # type: ignore[misc]  # a lambda's default
    return world.cable.mend


MOMENTS = (
    in_a_backfill, xero_hangs, kafka_is_silent, kafka_is_away, database_is_silent, database_is_away,
)  # fmt: skip


@pytest.mark.proof
async def test_every_role_ends_in_time_whatever_is_away(world: World, figure: Figure) -> None:
    """With a client on each port that never finishes its request, too. In the end all agrees."""
    slowest = dict.fromkeys(ROLES, 0.0)
    for moment in MOMENTS * ROUNDS:
        async with world.programs() as programs, AsyncExitStack() as clients:
            for role in ROLES:
                await clients.enter_async_context(hung_client(world.port_of(role)))
            heal = await moment(world)
            try:
                spans = await asyncio.gather(
                    *(ended(programs[role], f"{role}, {moment.__name__}") for role in ROLES)
                )
            finally:
                await heal()
        figure(f"drain, {moment.__name__}: " + ", ".join(
            f"{role} {span:.1f} s" for role, span in zip(ROLES, spans, strict=True)
        ))  # fmt: skip
        slowest = {r: max(slowest[r], span) for r, span in zip(ROLES, spans, strict=True)}

    async with world.programs():
        await world.watch.backfilled(len(list(world.simulator.books)), PATIENCE_S)
        await sweep_soon(world.db, UNANNOUNCED, now=datetime.now(UTC))
        await world.watch.quiet(PATIENCE_S)
        judged = await judge_installation(
            world.db, world.broker.settings, world.simulator.control_url
        )
        assert not judged.differences, report(judged.differences)
    assert max(slowest.values()) < DRAIN_S


async def test_consent_under_way_does_not_hold_up_the_end(world: World) -> None:
    """A person waits for a page, and we for Xero's token server, which does not answer."""
    role = world.shell.but(port=str(world.port))
    async with role.running("run", "api", port=world.port) as program:
        slow = {"kind": "slow", "path": "/connect/token", "times": 1, "seconds": 300.0}
        await world.watch.steer("faults", {"calls": [slow]})
        tenants = [tenant.id for tenant in world.simulator.books]
        linking = asyncio.create_task(
            link_all(f"http://localhost:{world.port}", tenants, external_id="drained")
        )
        await until(world.fault_has_struck)
        await ended(program, "api, consent")
        await asyncio.gather(linking, return_exceptions=True)

    assert await world.rows("SELECT count(*) FROM tenant") == 0


async def test_simulator_ends_though_a_client_hangs() -> None:
    """It is a program like the others, for whoever starts and stops them."""
    port = neighbouring_ports(1)
    words = ("simulate", "--json", "--port", str(port), "--small")
    async with Shell({}).running(*words) as program:
        await program.line()
        async with hung_client(port):
            await ended(program, "simulator")


async def ended(program: Running, who: str) -> float:
    """Tell it to stop; returns the seconds that it took."""
    began = time.monotonic()
    try:
        code = await program.stop()
    except TimeoutError:
        raise AssertionError(program.complaint(f"({who}) did not end in {DRAIN_S:g} s")) from None
    assert code == 0, program.complaint(f"({who}) ended wrongly")
    return time.monotonic() - began


@asynccontextmanager
async def hung_client(port: int) -> AsyncIterator[None]:
    """Somebody who has begun a request and goes no further, and somebody who says nothing."""
    said, mute = [await asyncio.open_connection(LOOPBACK, port) for _ in range(2)]
    said[1].write(HALF_A_DELIVERY.encode())
    await said[1].drain()
    try:
        yield
    finally:
        for _, writer in (said, mute):
            writer.transport.abort()
