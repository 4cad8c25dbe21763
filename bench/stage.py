"""Everything that a benchmark of the whole chain runs, as real processes: a durable PostgreSQL, a
Kafka (Apache's where Java is, else the embedded broker), the simulator and our roles.

It starts and stops programs and counts the processor time they use; measuring is the benchmark's.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from pydantic import SecretStr

from ledgerwire import apache_kafka, embedded_broker, kafka_artifacts
from ledgerwire.demo.linking import link_all
from ledgerwire.demo.stage import free_ports
from ledgerwire.settings import Settings, as_environment, without_settings
from ledgerwire.up import end, start_roles
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.secrets import SecretBox, new_key
from unified.broker import BrokerSettings

LOOPBACK = "127.0.0.1"
READY_S = 90.0
PATIENCE_S = 600.0
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Program:
    """Some roles in a process of their own."""

    process: asyncio.subprocess.Process
    url: str
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


@dataclass
class Stage:
    """What runs.

    Attributes:
        kafka: which broker it is, in words.
        simulated: what the simulator announced: addresses, ids, keys, organisations.
        processes: process ids by what they do, for counting processor time.
    """

    settings: Settings
    db: Database
    broker: BrokerSettings
    kafka: str
    simulated: dict[str, Any]
    http: httpx.AsyncClient
    folder: Path
    processes: dict[str, int]
    _stack: AsyncExitStack = field(repr=False)

    @property
    def tenants(self) -> list[str]:
        """The simulator's organisations, as announced at its start."""
        return [each["tenant_id"] for each in self.simulated["tenants"]]

    @property
    def box(self) -> SecretBox:
        """Opens the stored tokens."""
        return SecretBox([key.get_secret_value() for key in self.settings.secret_keys])

    async def start(
        self, *roles: str, name: str | None = None, port: int | None = None, level: str = "warning"
    ) -> Program:
        """Run roles in a process of their own; returns once it is ready."""
        port = port or free_ports(1)[0]
        name = name or "-".join(roles)
        log = self.folder / f"{name}.log"
        settings = self.settings.model_copy(
            update={"port": port, "public_url": f"http://localhost:{port}"}
        )
        environment = {
            **without_settings(os.environ),
            **as_environment(settings),
            "LEDGERWIRE_LOG_LEVEL": level,
        }
        output = self._stack.enter_context(log.open("wb"))
        process = await start_roles(roles, environment, stderr=output)
        self._stack.push_async_callback(end, process)
        program = Program(process, f"http://localhost:{port}", log)
        await _ready(self.http, program)
        self.processes[name] = program.pid
        return program

    async def steer(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the simulator for something through its control API."""
        answer = await self.http.post(f"{self.simulated['control_url']}/{what}", json=body)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def subscribe(self, receiver: Program) -> None:
        """Point the simulator's webhooks at a receiver."""
        port = receiver.url.rsplit(":", 1)[1]
        address = f"http://{LOOPBACK}:{port}/webhooks/xero"
        answer = await self.steer("webhook", {"url": address, "validate": True})
        if answer["state"] != "enabled":
            raise RuntimeError(f"the webhook was not enabled: {answer}")

    async def link(self, api: Program, tenants: Sequence[str]) -> None:
        """Link organisations through OAuth, as a person would."""
        await link_all(api.url, list(tenants), external_id="bench")

    async def until(self, query: str, *arguments: object, patience_s: float = PATIENCE_S) -> None:
        """Wait until a statement returns true.

        Raises:
            TimeoutError: it did not in time.
        """
        async with asyncio.timeout(patience_s):
            while not await self.db.fetchval(query, *arguments):  # noqa: ASYNC110  # other programs
                await asyncio.sleep(LOOK_EVERY_S)

    async def backfilled(self, tenants: int) -> None:
        """Wait until every backfill has ended and everything is on Kafka."""
        await self.until(
            """SELECT count(DISTINCT tenant_id) >= $1 AND
                      bool_and(backfill_state = 'done' OR unsupported_reason IS NOT NULL)
                 FROM cursor""",
            tenants,
        )
        await self.until("SELECT NOT EXISTS (SELECT 1 FROM event WHERE relayed_at IS NULL)")

    def processor_s(self) -> dict[str, float]:
        """Seconds of processor time that each program has used so far, with its children's."""
        return {name: _used(pid) for name, pid in self.processes.items()}


@asynccontextmanager
async def staged(
    *simulator_options: str, tenants: int, embedded: bool = False
) -> AsyncIterator[Stage]:
    """Start servers and simulator; roles are started through the stage. All ends with the block.

    Args:
        simulator_options: of `ledgerwire simulate`, beside those for tenants and port.
        tenants: organisations to begin with.
        embedded: the embedded broker, even where Java is.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerwire-bench-")))
        url, postgres_pid = await _postgres(stack, folder)
        broker, kafka, kafka_pid = await _kafka(stack, folder, embedded=embedded)
        told, simulator_pid = await _simulator(stack, folder, simulator_options, tenants)
        settings = Settings(
            database_url=url,
            kafka=broker.bootstrap,
            topic_prefix=broker.prefix,
            secret_keys=(SecretStr(new_key()),),
            xero_client_id=told["client_id"],
            xero_client_secret=SecretStr(told["client_secret"]),
            xero_webhook_keys=(SecretStr(told["webhook_key"]),),
            xero_api_url=told["base_url"],
            xero_identity_url=told["base_url"],
            xero_login_url=told["base_url"],
            log_format="json",
        )
        db = await Database.connect(url, min_size=1, max_size=4)
        stack.push_async_callback(db.close)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=120.0))
        programs = await stack.enter_async_context(AsyncExitStack())
        yield Stage(
            settings=settings,
            db=db,
            broker=broker,
            kafka=kafka,
            simulated=told,
            http=http,
            folder=folder,
            processes={
                "postgres": postgres_pid,
                "kafka": kafka_pid,
                "simulator": simulator_pid,
                "benchmark": os.getpid(),
            },
            _stack=programs,
        )


async def _postgres(stack: AsyncExitStack, folder: Path) -> tuple[str, int]:
    postgres = EmbeddedPostgres(folder / "database", durable=True)
    url, pid = await postgres.start()
    stack.push_async_callback(postgres.stop)
    await migrate(url)
    return url, pid


async def _kafka(
    stack: AsyncExitStack, folder: Path, *, embedded: bool
) -> tuple[BrokerSettings, str, int]:
    if not embedded and kafka_artifacts.missing() is None:
        cluster = await asyncio.to_thread(apache_kafka.start, folder / "kafka")
        stack.push_async_callback(asyncio.to_thread, cluster.stop)
        process = cluster.nodes[0].process
        assert process is not None  # noqa: S101  # start() leaves every node running
        return BrokerSettings(bootstrap=cluster.bootstrap), "Apache Kafka, one node", process.pid
    server = await asyncio.to_thread(embedded_broker.start, folder / "kafka")
    stack.push_async_callback(asyncio.to_thread, embedded_broker.stop, server)
    settings = BrokerSettings(bootstrap=server.address, embedded=True)
    return settings, "embedded broker", server.pid


async def _simulator(
    stack: AsyncExitStack, folder: Path, options: Sequence[str], tenants: int
) -> tuple[dict[str, Any], int]:
    log = stack.enter_context((folder / "simulator.log").open("wb"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ledgerwire", "simulate", "--json", "--port", "0"),
        *("--tenants", f"{tenants}", *options),
        env={**without_settings(os.environ), "LEDGERWIRE_LOG_LEVEL": "warning"},
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        start_new_session=True,
    )
    stack.push_async_callback(end, process)
    assert process.stdout is not None  # noqa: S101  # asked for above
    async with asyncio.timeout(READY_S):
        line = await process.stdout.readline()
    told: dict[str, Any] = json.loads(line)
    return told, process.pid


async def _ready(http: httpx.AsyncClient, program: Program) -> None:
    async with asyncio.timeout(READY_S):
        while True:
            if program.process.returncode is not None:
                raise RuntimeError(f"a program ended at once: {program.log.read_text()[-2000:]}")
            try:
                if (await http.get(f"{program.url}/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(LOOK_EVERY_S)


def _used(pid: int) -> float:
    """Processor seconds of a process, of its living children, and of those that have ended; of
    this process its own alone, since everything else is a child of it."""
    try:
        process = psutil.Process(pid)
        own = process.cpu_times()
        total: float = own.user + own.system
        if pid == os.getpid():
            return total
        total += own.children_user + own.children_system
        for each in process.children(recursive=True):
            times = each.cpu_times()
            total += times.user + times.system
    except psutil.NoSuchProcess:
        return 0.0
    return total
