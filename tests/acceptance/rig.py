"""The whole chain inside one event loop: simulator, receiver, api, handlers and crm, on a real
database and broker, under a business clock that the test moves.

The roles are the product's own wiring (`ledgerwire.roles`), each with its own pool and socket, so
that one can be killed under the others. Programs as a user starts them stand in test_programs.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr

from crm.progress import CrmProgress
from ledgerwire.demo.judging import Judged, judge_installation
from ledgerwire.demo.linking import link_all
from ledgerwire.demo.quiet import Watch
from ledgerwire.installation import Installation
from ledgerwire.roles import Process
from ledgerwire.settings import Settings
from oracle.report import report
from receiver.app import WEBHOOK_PATH
from receiver.server import listen
from simulator.config import DeliveryPolicy, OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.database import Database
from storage.secrets import new_key
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.unannounced import UNANNOUNCED, sweep_soon
from unified.broker import BrokerSettings
from unified.clock import OffsetClock
from unified.resources import RESOURCES

LOOPBACK = "127.0.0.1"
PATIENCE_S = 240.0  #: on a busy machine
LOOK_EVERY_S = 0.02
HURRY = 100.0  #: business seconds in one real second, once everything is to be healed
UNHURRIED = 10.0  #: the same before judging: no sweep but those asked for should come due
CALLS_A_SECOND = 60.0  #: that a slow machine can make, of all organisations together
LONGEST_LIMIT_S = 5_400.0  #: business seconds after which no limit that tests ask for holds
SMALL = OpeningBooks(contacts=4, invoices=6, bills=3, months=2)
ALL_ROLES = (("receiver", "api"), ("handlers",), ("crm",))

QUICK = DeliveryPolicy(
    spacing_s=(0.002, 0.02),
    batch_max=6,
    retry_schedule_s=(0.0, *([0.1] * 600)),
    concurrency=8,
    hold_s=0.3,
)
"""Webhooks as from Xero, with the waits of a test: a receiver that is away is asked again soon."""

Condition = Callable[[], Awaitable[object]]

_numbers = itertools.count(1)


class MovedClock(OffsetClock):
    """Real time, with business time ahead by as much as the test has moved it."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        super().__init__(lambda: self.offset)

    def forward(self, **by: float) -> None:
        """Let business time pass: nights, lunch breaks."""
        self.offset += timedelta(**by)

    @asynccontextmanager
    async def hurrying(self, *, pace: float = HURRY) -> AsyncIterator[None]:
        """Let business time run that many times as fast, so that its waits are short.

        The longest is the quarter of an hour after which a spent day's limit is asked about again.
        But the faster it runs, the more sweeps become due beside what is waited for: of many
        organisations, more than can be done (`Rig.pace`).
        """

        async def run() -> None:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                self.forward(seconds=pace * LOOK_EVERY_S)

        running = asyncio.create_task(run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def pause(self, seconds: float) -> None:
        """Wait so long in business time, however fast that runs; a jump back makes it no longer,
        as with the real seconds that programs wait."""
        left_s, before = seconds, self.now()
        while left_s > 0:
            await asyncio.sleep(min(left_s, LOOK_EVERY_S))
            now = self.now()
            left_s -= max((now - before).total_seconds(), 0.0)
            before = now


@dataclass
class Program:
    """Some roles as one process of the installation would run them."""

    roles: frozenset[str]
    port: int
    db: Database
    stop: asyncio.Event
    task: "asyncio.Task[None]"

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://localhost:{self.port}"

    async def end(self) -> None:
        """Ask it to drain, as SIGTERM does, and wait.

        Raises:
            BaseExceptionGroup: a role ended on its own before, by this.
        """
        self.stop.set()
        try:
            await self.task
        finally:
            await self.db.close()

    async def kill(self) -> None:
        """Cut it off: transactions under way roll back, and nothing is given back in good order."""
        self.db.pool.terminate()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.db.close()


@dataclass
class Rig:
    """Everything that runs, and what a test does with it."""

    simulator: RunningSimulator
    here: Installation
    clock: MovedClock
    watch: Watch
    patience_s: float = PATIENCE_S  #: for backfills, and for nothing to be pending
    programs: list[Program] = field(default_factory=list)

    @property
    def tenants(self) -> list[str]:
        """The simulator's organisations."""
        return [tenant.id for tenant in self.simulator.books]

    @property
    def pace(self) -> float:
        """Business seconds in a real one in which everything that is due can be done: a second
        allows each organisation one call."""
        return max(CALLS_A_SECOND / len(self.tenants), 1.0)

    @property
    def db(self) -> Database:
        """The installation's database."""
        return self.here.db

    async def start(self, *roles: str, port: int | None = None) -> Program:
        """Run roles as a process would; returns once it says that it is ready."""
        port = port or neighbouring_ports(1)
        listening = listen(LOOPBACK, port)
        db = await Database.connect(self.here.database_url, min_size=1, max_size=16)
        settings = self.here.settings
        if "api" in roles:
            settings = settings.model_copy(update={"public_url": f"http://localhost:{port}"})
        settings = settings.model_copy(update={"port": port})
        here = replace(self.here, settings=settings, db=db)
        process = Process(here, owner=f"rig-{next(_numbers)}")
        stop = asyncio.Event()
        task = asyncio.create_task(process.run(frozenset(roles), listening, stop))
        program = Program(frozenset(roles), port, db, stop, task)
        self.programs.append(program)
        await self.wait_for(lambda: self._ready(program))
        return program

    async def end(self, program: Program) -> None:
        """Let a program drain."""
        self.programs.remove(program)
        await program.end()

    async def kill(self, program: Program) -> None:
        """Cut a program off."""
        self.programs.remove(program)
        await program.kill()

    async def let_leases_end(self) -> None:
        """What a killed program held becomes free, as after the leases' own seconds."""
        await self.db.execute(
            "UPDATE tenant SET lease_until = clock_timestamp() - interval '1 second' "
            "WHERE lease_until IS NOT NULL"
        )
        await self.db.execute("UPDATE lease SET until = '-infinity'")
        await self.db.execute(
            """UPDATE "authorization" SET refresh_claimed_until = clock_timestamp()
                WHERE refresh_claim IS NOT NULL"""
        )

    def running(self, role: str) -> list[Program]:
        """The programs with this role."""
        return [program for program in self.programs if role in program.roles]

    async def link(self) -> None:
        """Subscribe to webhooks, link all organisations by OAuth, wait for their backfills."""
        [api] = self.running("api")
        await self.subscribe()
        await link_all(api.url, self.tenants, external_id="acceptance")
        async with self.clock.hurrying(pace=self.pace):  # the calls of all endpoints are paced
            await self.until(self.watch.backfilled(len(self.tenants), self.patience_s))
            await self.quiet()

    async def subscribe(self) -> None:
        """Point the simulator's webhooks at the receiver, with the intent-to-receive exchange."""
        [receiver] = self.running("receiver")
        address = f"http://{LOOPBACK}:{receiver.port}{WEBHOOK_PATH}"
        answer = await self.watch.steer("webhook", {"url": address, "validate": True})
        assert answer["state"] == "enabled", answer

    async def quiet(self) -> None:
        """Wait until nothing is pending anywhere."""
        await self.until(self.watch.quiet(self.patience_s))

    async def sweep(self) -> None:
        """Sweep everything once, as the demo does before it compares."""
        asked_at = self.clock.now()
        await sweep_soon(self.db, RESOURCES, now=asked_at)
        await self.swept_since(asked_at)

    async def swept_since(self, moment: datetime) -> None:
        """Wait until everything has been swept since a moment, and nothing is pending: a sweep
        that failed is not due for a while, and yet was not done.

        A call under way at that moment may still have been refused for the day. Where nothing but
        such limits is waited for, that time passes at once.
        """
        passed = False

        async def swept() -> bool:
            nonlocal passed
            row = await self.db.fetchrow(
                """SELECT count(*) AS waiting,
                          count(*) FILTER (WHERE t.day_remaining = 0 OR t.blocked_until > $2)
                              AS limited
                     FROM cursor c JOIN tenant t ON t.id = c.tenant_id
                    WHERE t.state = 'linked' AND c.unsupported_reason IS NULL
                      AND c.last_swept_at < $1""",
                moment,
                self.clock.now(),
            )
            assert row is not None
            if row["waiting"] and row["waiting"] == row["limited"] and not passed:
                self.clock.forward(seconds=LONGEST_LIMIT_S)
                passed = True
            return not row["waiting"]

        async with self.clock.hurrying(pace=self.pace):
            await self.wait_for(swept, patience_s=self.patience_s)
            await self.quiet()

    async def judge(self) -> Judged:
        """Hold books, mirror and topics against each other."""
        return await judge_installation(self.db, self.here.broker, self.simulator.control_url)

    async def agrees(self) -> Judged:
        """Assert that the oracle finds no difference, once what no webhook tells was looked for.

        Nothing else is swept: whatever webhooks announced has to be there by itself.
        """
        await sweep_soon(self.db, UNANNOUNCED, now=self.clock.now())
        # As much business time as these calls take, and no more: others' sweeps would come due.
        async with self.clock.hurrying(pace=min(self.pace, UNHURRIED)):
            await self.quiet()
        judged = await self.judge()
        assert not judged.differences, report(judged.differences)
        return judged

    async def until(self, waiting: Awaitable[object]) -> None:
        """Wait for something, and fail at once if a program ends meanwhile."""
        job = asyncio.ensure_future(waiting)
        tasks = {program.task for program in self.programs}
        try:
            await asyncio.wait({job, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not job.done():
                    await task
                    raise AssertionError("a program ended by itself")
            await job
        finally:
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)

    async def wait_for(self, condition: Condition, *, patience_s: float = PATIENCE_S) -> None:
        """Wait until a condition holds; what it waits for lies in other programs."""

        async def looking() -> None:
            async with asyncio.timeout(patience_s):
                while not await condition():  # noqa: ASYNC110  # another program's state
                    await asyncio.sleep(LOOK_EVERY_S)

        await self.until(looking())

    async def _ready(self, program: Program) -> bool:
        with suppress(httpx.TransportError):
            answer = await self.watch.http.get(f"http://{LOOPBACK}:{program.port}/readyz")
            return answer.status_code == httpx.codes.OK
        return False


@asynccontextmanager
async def installed(
    database_url: str, broker: BrokerSettings, config: SimulatorConfig | None = None
) -> AsyncIterator[Rig]:
    """A simulator and an installation beside it, with no role running yet; both live by one clock,
    unless the simulator has its own."""
    clock = MovedClock()
    config = replace(config or SimulatorConfig(opening=SMALL, delivery=QUICK), bulk_consent=True)
    config = replace(config, clock=config.clock or clock.now)
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(RunningSimulator(config))
        db = await Database.connect(database_url, min_size=1, max_size=4)
        stack.push_async_callback(db.close)
        settings = settings_for(simulator, database_url, broker)
        here = Installation(settings, db, database_url, broker, clock, clock.pause)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60.0))
        crm = await stack.enter_async_context(CrmProgress(db, broker))
        rig = Rig(simulator, here, clock, Watch(db, crm, clock, simulator.control_url, http))
        try:
            yield rig
        finally:
            await asyncio.gather(*(program.end() for program in reversed(rig.programs)))


@asynccontextmanager
async def running(
    database_url: str,
    broker: BrokerSettings,
    config: SimulatorConfig | None = None,
    *,
    roles: Iterable[tuple[str, ...]] = ALL_ROLES,
) -> AsyncIterator[Rig]:
    """An installation with all its roles, linked and backfilled."""
    async with installed(database_url, broker, config) as rig:
        await asyncio.gather(*(rig.start(*names) for names in roles))
        await rig.link()
        yield rig


def settings_for(
    simulator: RunningSimulator, database_url: str, broker: BrokerSettings
) -> Settings:
    """The settings of an installation whose Xero is the simulator."""
    told = simulator.announcement
    return Settings(
        database_url=database_url,
        kafka=broker.bootstrap,
        topic_prefix=broker.prefix,
        kafka_partitions=broker.partitions,
        secret_keys=(SecretStr(new_key()),),
        xero_client_id=told["client_id"],
        xero_client_secret=SecretStr(told["client_secret"]),
        xero_webhook_keys=(SecretStr(told["webhook_key"]),),
        xero_api_url=simulator.base_url,
        xero_identity_url=simulator.base_url,
        xero_login_url=simulator.base_url,
        xero_scopes="write",
    )
