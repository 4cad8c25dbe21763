"""An installation under steady traffic, and what kills its programs one by one.

Each program has a list of points (see `points`). It is led to the next one, frozen there, and
killed only if something unfinished would be at stake; else it goes on and is led there again. So
every kill counts, and what was at stake is known. The three lists are worked off side by side, at
one pace: programs are away together as often as alone.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from crm.progress import CrmProgress
from ledgerwire.demo.linking import link_all
from ledgerwire.demo.quiet import Watch
from ledgerwire.settings import as_environment
from simulator.business import Business
from simulator.config import DeliveryPolicy, OpeningBooks, SimulatorConfig
from simulator.refusals import Refused
from simulator.server import RunningSimulator
from storage.database import Database
from storage.leases import take_lease
from tests.acceptance.crash.nursery import nursery
from tests.acceptance.crash.points import CLAIMED, MIDST, RENEWED, Point
from tests.acceptance.crash.postbox import Postbox
from tests.acceptance.crash.proxy import DatabaseProxy
from tests.acceptance.crash.unfinished import (
    OpenTransactions,
    kept,
    let_leases_end,
    refreshing,
    unfinished,
)
from tests.acceptance.crash.victim import Victim
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.rig import settings_for
from unified.broker import BrokerSettings
from unified.clock import OffsetClock

ROLES = ("receiver", "handlers", "crm")
TENANTS = 6
RATE = 12.0  #: changes a second, of all organisations together
PATIENCE_S = 120.0  #: for one kill, or for everything to be through
MOMENT_S = 0.3  #: a random moment lies at most so far ahead
IN_HAND_S = 0.006  #: the same after a delivery came in: about as long as it takes
AFTER_S = 0.02  #: the same after the relay has read what it will send
ARRIVE_S = 0.02  #: in which an answer that has left the receiver is here
AHEAD = 3  #: kills of the longest list by which one may be ahead of another
LEFT_ALONE = 20  #: of so many killed handlers one leaves leases that end in their own time

XERO = SimulatorConfig(
    seed="crash",
    tenants=TENANTS,
    opening=OpeningBooks(contacts=6, invoices=8, bills=4, months=2),
    delivery=DeliveryPolicy(
        spacing_s=(0.002, 0.03),
        batch_max=6,
        retry_schedule_s=(0.0, *([0.1] * 6000)),
        concurrency=8,
    ),
    bulk_consent=True,
)
"""Xero with its limits, that sends again soon what the receiver has not answered."""


@dataclass
class Campaign:
    """Everything that runs, and the kills so far."""

    db: Database
    simulator: RunningSimulator
    postbox: Postbox
    watch: Watch
    transactions: OpenTransactions
    victims: dict[str, Victim]
    rng: random.Random
    business: Business
    kills: Counter[str] = field(default_factory=Counter)
    _ahead: float = 0.0  #: what AHEAD comes to as a share of a list
    _progress: dict[str, float] = field(default_factory=dict)  #: shares of the lists, by role
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def link(self, api: Victim) -> None:
        """Link all organisations; from then on webhooks alone tell what changes.

        A sweep would find what a crash has lost, and hide it. None is due for a day, and whose
        duty it is to bring them forward (a delivery is missing for a minute) neglects it.
        """
        await take_lease(self.db, "duty.gaps", "crash test", life=timedelta(days=1))
        for victim in (api, *self.victims.values()):
            await victim.start()
        for victim in (api, *self.victims.values()):
            await victim.ready()
        await self.watch.steer("webhook", {"url": self.postbox.url, "validate": True})
        self.postbox.answered.clear()  # the validation's own, of which nothing is kept
        tenants = [tenant.id for tenant in self.simulator.books]
        await link_all(f"http://localhost:{api.port}", tenants, external_id="crash")
        await self.watch.backfilled(TENANTS, PATIENCE_S)
        await self.watch.quiet(PATIENCE_S)
        await api.end()
        await self._put_off_sweeps()
        async with asyncio.timeout(PATIENCE_S):
            while await self._leased():  # noqa: ASYNC110  # by other programs
                await asyncio.sleep(0.02)
        await self._put_off_sweeps()  # one that was under way has set its next

    async def _put_off_sweeps(self) -> None:
        await self.db.execute("UPDATE cursor SET sweep_due_at = now() + interval '1 day'")

    async def _leased(self) -> int:
        count: int = await self.db.fetchval("SELECT count(lease_owner) FROM tenant")
        return count

    async def kill_all_along(self, points: Sequence[Point]) -> None:
        """Kill each program at its points, in their order, and start it again every time."""
        lists = {role: [each for each in points if each.role == role] for role in ROLES}
        self._progress = dict.fromkeys(ROLES, 0.0)
        self._ahead = AHEAD / max(map(len, lists.values()))
        async with asyncio.TaskGroup() as group:
            for role, own in lists.items():
                group.create_task(self._kill_along(self.victims[role], own))

    async def _kill_along(self, victim: Victim, points: Sequence[Point]) -> None:
        for number, point in enumerate(points, start=1):
            await victim.ready()
            await self.kill_at(victim, point)
            if victim.role == "handlers" and number % LEFT_ALONE != LEFT_ALONE // 2:
                await let_leases_end(self.db, victim.pid)
            await victim.start()
            await self._keep_pace(victim.role, number / len(points))
        await victim.ready()

    async def _keep_pace(self, role: str, share: float) -> None:
        """Say how far a list is worked off, and wait for those that are far behind.

        Else handlers that are killed over and over would leave the crm nothing to read.
        """
        async with self._moved:
            self._progress[role] = share
            self._moved.notify_all()
            await self._moved.wait_for(lambda: share - min(self._progress.values()) <= self._ahead)

    async def kill_at(self, victim: Victim, point: Point) -> None:
        """Lead it to the point and kill it there, as soon as something is at stake."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self._is_at_stake(victim, point):
                    victim.thaw()
        except TimeoutError:
            raise AssertionError(victim.complaint(f"never came to: {point.name}")) from None
        await victim.kill()
        self.kills[f"{point.role}, {point.name}"] += 1

    async def _is_at_stake(self, victim: Victim, point: Point) -> bool:
        """Lead it there, leave it frozen, and look."""
        await self._lead(victim, point)
        if victim.role == "receiver":
            in_flight = await self._in_flight()
            return bool(in_flight if point.question is None else await kept(self.db, in_flight))
        if point in (CLAIMED, RENEWED) and not await refreshing(self.db):
            return False
        if point is MIDST and not await self.transactions.any():
            return False
        return bool(await unfinished(self.db))

    async def _in_flight(self) -> set[bytes]:
        """Deliveries that the frozen receiver has been given and has not answered."""
        given = set(self.postbox.in_flight)
        await asyncio.sleep(ARRIVE_S)
        return given & self.postbox.in_flight.keys()

    def _change_for_the_last_time(self) -> None:
        """End a document's life: what is lost of this, no later hint of the document heals."""
        tenant = self.rng.choice(list(self.simulator.books))
        with suppress(Refused):
            _ = self.business.void(tenant) or self.business.delete_draft(tenant)

    async def _lead(self, victim: Victim, point: Point) -> None:
        """Let it come to the point and freeze it."""
        self._change_for_the_last_time()
        if point in (CLAIMED, RENEWED):
            self.simulator.simulation.faults.ask(
                {"calls": [{"kind": "status", "status": 401, "path": "/api.xro"}]}
            )
        if point is MIDST:
            await self._no_open_transaction()
        if point.question is not None:
            await victim.reaches(point.question, patience_s=PATIENCE_S, holds=point.holds)
        if point.question is None and victim.role == "receiver":
            await self.postbox.next()
        if point.question is None or not point.holds:
            # The moment itself is drawn by lot: nothing is waited for.
            await asyncio.sleep(self.rng.uniform(0.0, self._ahead_s(point)))
            victim.freeze()

    @staticmethod
    def _ahead_s(point: Point) -> float:
        if point is MIDST:
            return AFTER_S
        return IN_HAND_S if point.role == "receiver" else MOMENT_S

    async def _no_open_transaction(self) -> None:
        """Wait until what an earlier kill left open has ended; a living relay's end at once."""
        while await self.transactions.any():  # noqa: ASYNC110  # Kafka's own state
            await asyncio.sleep(0.02)


@asynccontextmanager
async def campaign(
    database_url: str, broker: BrokerSettings, folder: Path, *, seed: str
) -> AsyncIterator[Campaign]:
    """An installation of real programs, linked and backfilled."""
    ports = neighbouring_ports(len(ROLES) + 1)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        forks = await enter(nursery())
        simulator = await enter(RunningSimulator(XERO))
        db = await Database.connect(database_url, min_size=1, max_size=4)
        stack.push_async_callback(db.close)
        settings = settings_for(simulator, database_url, broker).model_copy(
            update={
                "public_url": f"http://localhost:{ports}",
                "log_format": "json",
                "log_level": "warning",
            }
        )
        victims = {}
        for number, role in enumerate(("api", *ROLES)):
            victims[role] = Victim(
                role,
                await enter(DatabaseProxy(database_url)),
                nursery=forks,
                port=ports + number,
                environment=as_environment(settings),
                log=folder / f"{role}.log",
            )
            stack.push_async_callback(victims[role].kill)
        api = victims.pop("api")
        postbox = await enter(Postbox(victims["receiver"].url))
        http = await enter(httpx.AsyncClient(timeout=60.0))
        crm = await enter(CrmProgress(db, broker))
        watch = Watch(db, crm, OffsetClock(), simulator.control_url, http)
        transactions = OpenTransactions(broker)
        rng = random.Random(seed)  # noqa: S311  # play
        business = Business(simulator.books, rng)
        made = Campaign(db, simulator, postbox, watch, transactions, victims, rng, business)
        await made.link(api)
        await enter(transactions)  # its topics are there now
        yield made
