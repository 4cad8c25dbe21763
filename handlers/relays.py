"""Who relays which shard: holds the leases of shards and runs one relay for each.

A process takes every shard that is free, so one alone serves all of them, and another takes over
what a killed one leaves once its leases have run out.
"""

import asyncio
import contextlib
from datetime import timedelta

import structlog

from handlers.metrics import HandlerMetrics
from handlers.producer import MakeProducer, kafka_producer
from handlers.relay import ShardRelay
from handlers.waiting import either
from storage.absorbing import EVENT_CHANNEL
from storage.database import Database
from storage.errors import LeaseLost, StorageError
from storage.leases import Lease, release_lease, renew_lease, take_lease
from storage.relay import shards_with_work
from unified.broker import BrokerSettings
from unified.clock import Clock
from unified.topics import RELAY_SHARDS

LEASE = timedelta(seconds=10)
RENEW_EVERY_S = 3.0
POLL_S = 0.25  #: behind NOTIFY

log = structlog.get_logger(__name__)


class Relays:
    """The relays of one process."""

    def __init__(
        self,
        db: Database,
        broker: BrokerSettings,
        clock: Clock,
        metrics: HandlerMetrics,
        owner: str,
        *,
        make_producer: MakeProducer = kafka_producer,
    ) -> None:
        self._db = db
        self._broker = broker
        self._clock = clock
        self._metrics = metrics
        self._owner = owner
        self._make_producer = make_producer
        self._work: dict[int, asyncio.Event] = {}
        self._stops: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._leases: dict[int, Lease] = {}
        self._kick = asyncio.Event()

    @property
    def shards(self) -> list[int]:
        """Shards that this process owns now."""
        return sorted(self._tasks)

    def hint(self, payload: str) -> None:
        """A NOTIFY came: `payload` is the shard with something to send; empty means any."""
        if not payload:
            self._kick.set()
        elif payload.isdecimal() and int(payload) in self._work:
            self._work[int(payload)].set()

    async def run(self, stop: asyncio.Event) -> None:
        """Own and relay shards until `stop`; then end what is under way and give them back.

        What has not left by then stays for the next owner. A relay that ends by an error nobody
        foresaw ends this too: a shard must not stand still unseen.
        """
        subscription = await self._db.listen(EVENT_CHANNEL, self.hint)
        renewed_at = -RENEW_EVERY_S
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                self._kick.clear()
                try:
                    if loop.time() - renewed_at >= RENEW_EVERY_S:
                        renewed_at = loop.time()
                        await self._own()
                    for shard in await shards_with_work(self._db, self.shards):
                        self._work[shard].set()
                except StorageError as error:
                    log.warning("relay_poll_failed", error=type(error).__name__)
                for task in self._tasks.values():
                    if task.done():
                        task.result()
                await either(self._kick, stop, seconds=POLL_S)
        finally:
            await self._give_back()
            await subscription.close()

    async def _own(self) -> None:
        """Renew what is held, drop what was lost, and take what is free."""
        lost = []
        for shard, lease in self._leases.items():
            try:
                await renew_lease(self._db, lease, life=LEASE)
            except LeaseLost:
                log.warning("relay_lost", shard=shard)
                lost.append(shard)
        for shard in lost:
            self._leases.pop(shard)
        await asyncio.gather(*(self._stop(shard) for shard in lost))
        for shard in range(RELAY_SHARDS):
            if shard in self._leases:
                continue
            taken = await take_lease(self._db, f"relay.{shard}", self._owner, life=LEASE)
            if taken is not None:
                self._leases[shard] = taken
                self._start(shard)

    def _start(self, shard: int) -> None:
        relay = ShardRelay(
            self._db,
            self._broker,
            self._clock,
            shard,
            self._metrics,
            make_producer=self._make_producer,
        )
        work, stop = asyncio.Event(), asyncio.Event()
        self._work[shard], self._stops[shard] = work, stop
        self._tasks[shard] = asyncio.create_task(self._relay(relay, work, stop))

    async def _relay(self, relay: ShardRelay, work: asyncio.Event, stop: asyncio.Event) -> None:
        try:
            await relay.run(work, stop)
        finally:
            await relay.close()

    async def _stop(self, shard: int) -> None:
        self._stops.pop(shard).set()
        self._work.pop(shard)
        task = self._tasks.pop(shard)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 5.0)

    async def _give_back(self) -> None:
        shards = self.shards
        await asyncio.gather(*(self._stop(shard) for shard in shards))
        for shard, lease in self._leases.items():
            try:
                await release_lease(self._db, lease)
            except StorageError as error:
                log.warning("release_failed", shard=shard, error=type(error).__name__)
        self._leases.clear()
