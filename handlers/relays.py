"""Who relays which shard: holds the leases of shards and runs one relay for each.

Every process that relays says that it is there, and takes an even share of the shards: all of them
where it is alone. What it holds above its share it gives back, each shard after the batch in hand;
whoever has less is told and takes it. A killed process's presence and leases end together, so the
others' shares grow just when its shards become free.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from handlers.metrics import HandlerMetrics
from handlers.producer import MakeProducer, kafka_producer
from handlers.relay import ShardRelay
from handlers.waiting import either
from storage.absorbing import EVENT_CHANNEL
from storage.database import Database
from storage.errors import StorageError
from storage.leases import (
    LEASE_CHANNEL,
    Lease,
    free_leases,
    release_lease,
    renew_lease,
    renew_leases,
    take_lease,
)
from storage.presence import end_presence, keep_presence
from storage.relay import shards_with_work
from unified.broker import BrokerSettings
from unified.clock import Clock
from unified.topics import RELAY_SHARDS

GROUP = "relays"  #: whose presences are counted
LEASE = timedelta(seconds=10)  #: how long a killed process's shards wait for another
LOOK_EVERY_S = 2.0  #: at who is there, and what is held; at once where something was given back
POLL_S = 0.25  #: behind NOTIFY
LONGEST_BATCH_S = 3.0  #: for the batch in hand of a shard that is given back; a role ends in 10
CUT_AGAIN_S = 1.0

log = structlog.get_logger(__name__)


def share_of(owner: str, present: Sequence[str], *, shards: int = RELAY_SHARDS) -> int:
    """How many shards `owner` should hold: as many as everybody, one more for the first by name
    where they do not divide evenly."""
    each, left = divmod(shards, len(present))
    return each + (present.index(owner) < left)


@dataclass(slots=True)
class _Owned:
    """One shard that this process relays, or still finishes a batch of."""

    shard: int
    lease: Lease
    work: asyncio.Event
    stop: asyncio.Event
    task: "asyncio.Task[None]"
    ending: "asyncio.Task[None] | None" = None


class Relays:
    """The relays of one process.

    Attributes:
        patience_s: for the batch in hand of a shard that is given back.
    """

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
        self.patience_s = LONGEST_BATCH_S
        self._owned: dict[int, _Owned] = {}
        self._looked_at = float("-inf")
        self._kick = asyncio.Event()

    @property
    def shards(self) -> list[int]:
        """Shards that this process owns now and means to keep."""
        return sorted(shard for shard, owned in self._owned.items() if owned.ending is None)

    def hint(self, payload: str) -> None:
        """A NOTIFY came: `payload` is the shard with something to send; empty means any."""
        if not payload:
            self._kick.set()
        elif payload.isdecimal() and int(payload) in self._owned:
            self._owned[int(payload)].work.set()

    def look_again(self, _: str) -> None:
        """A NOTIFY came: somebody gave a lease back, or is leaving."""
        self._looked_at = float("-inf")
        self._kick.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Own and relay shards until `stop`; then end what is under way and give them back.

        What has not left by then stays for the next owner. A relay that ends by an error nobody
        foresaw ends this too: a shard must not stand still unseen.
        """
        subscriptions = (
            await self._db.listen(EVENT_CHANNEL, self.hint),
            await self._db.listen(LEASE_CHANNEL, self.look_again),
        )
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                self._kick.clear()
                try:
                    if loop.time() - self._looked_at >= LOOK_EVERY_S:
                        self._looked_at = loop.time()
                        await self._look()
                    for shard in await shards_with_work(self._db, self.shards):
                        self._owned[shard].work.set()
                except StorageError as error:
                    log.warning("relay_poll_failed", error=type(error).__name__)
                self._collect()
                await either(self._kick, stop, seconds=POLL_S)
        finally:
            await self._leave()
            for subscription in subscriptions:
                await subscription.close()

    async def _look(self) -> None:
        """Renew what is held, and bring it to this process's share."""
        present = await keep_presence(self._db, GROUP, self._owner, life=LEASE)
        await self._renew()
        share, mine = share_of(self._owner, present), self.shards
        if len(mine) > share:
            log.info("relay_given_back", shards=mine[share:], present=len(present))
            for shard in mine[share:]:
                self._give_back(shard)
        elif len(mine) < share:
            await self._take(share - len(mine))

    async def _renew(self) -> None:
        held = {owned.lease: owned for owned in self._owned.values()}
        for lease in await renew_leases(self._db, list(held), life=LEASE) if held else ():
            if held[lease].ending is None:
                log.warning("relay_lost", shard=held[lease].shard)
                self._give_back(held[lease].shard)

    async def _take(self, most: int) -> None:
        names = {f"relay.{n}": n for n in range(RELAY_SHARDS) if n not in self._owned}
        for name in await free_leases(self._db, list(names), self._owner):
            lease = await take_lease(self._db, name, self._owner, life=LEASE)
            if lease is not None:
                self._start(names[name], lease)
                most -= 1
            if not most:
                break

    def _start(self, shard: int, lease: Lease) -> None:
        relay = ShardRelay(
            self._db, self._broker, self._clock, shard, self._metrics,
            make_producer=self._make_producer,
        )  # fmt: skip
        work, stop = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(self._relay(relay, lease, work, stop))
        self._owned[shard] = _Owned(shard, lease, work, stop, task)

    async def _relay(
        self, relay: ShardRelay, lease: Lease, work: asyncio.Event, stop: asyncio.Event
    ) -> None:
        async def assure() -> None:
            await renew_lease(self._db, lease, life=LEASE)

        try:
            await relay.run(work, stop, assure=assure)
        finally:
            await relay.close()

    def _give_back(self, shard: int) -> None:
        owned = self._owned[shard]
        if owned.ending is None:
            owned.ending = asyncio.create_task(self._end(owned))

    async def _end(self, owned: _Owned) -> None:
        """Let the batch in hand leave, cut off one that takes too long, and free the shard.

        Its lease is renewed until then: nobody else begins before this one has ended.
        """
        owned.stop.set()
        await asyncio.wait({owned.task}, timeout=self.patience_s)
        while not owned.task.done():
            owned.task.cancel()
            await asyncio.wait({owned.task}, timeout=CUT_AGAIN_S)
        try:
            await release_lease(self._db, owned.lease)
        except StorageError as error:
            log.warning("release_failed", shard=owned.shard, error=type(error).__name__)

    def _collect(self) -> None:
        """Forget the shards whose relays have ended.

        Raises:
            Exception: what a relay ended by, which nobody foresaw.
        """
        for shard, owned in list(self._owned.items()):
            if owned.task.done() and not owned.task.cancelled():
                owned.task.result()
                self._give_back(shard)
            if owned.ending is not None and owned.ending.done():
                del self._owned[shard]
                owned.ending.result()

    async def _leave(self) -> None:
        """Give everything back, after saying that nobody need reckon with this process."""
        try:
            await end_presence(self._db, GROUP, self._owner)
        except StorageError as error:
            log.warning("release_failed", lease=GROUP, error=type(error).__name__)
        for shard in list(self._owned):
            self._give_back(shard)
        endings = [owned.ending for owned in self._owned.values() if owned.ending is not None]
        await asyncio.gather(*endings)
        self._owned.clear()
