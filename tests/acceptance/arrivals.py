"""When each key first stood on a topic, as whoever reads committed records sees it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from unified.broker import BrokerSettings

FETCH_MS = 50


class Arrivals:
    """Reads topics from their ends on, and remembers when it saw which key first.

    Attributes:
        repeated: the ids of events that came once more.
    """

    def __init__(self, broker: BrokerSettings, *topics: str) -> None:
        self._broker = broker
        self._topics = topics
        self.repeated: list[str] = []
        self._first: dict[tuple[str, str], float] = {}
        self._ids: set[str] = set()
        self._more = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Arrivals"]:
        """Read until the block ends."""
        consumer = AIOKafkaConsumer(
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_MS,
            **self._broker.client_options(),
        )
        await consumer.start()
        places = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in range(self._broker.partitions)
        ]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        self._reading = asyncio.create_task(self._read(consumer))
        try:
            yield self
        finally:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            await consumer.stop()

    async def of(self, topic: str, keys: Iterable[str], *, patience_s: float) -> dict[str, float]:
        """Wait until all these keys have come; returns when each did, by the event loop's clock.

        Raises:
            AssertionError: some had not, when patience ended.
        """
        wanted = {(topic, key) for key in keys}

        def all_there() -> bool:
            if self._reading is not None and self._reading.done():
                self._reading.result()  # says why it ended
            return wanted <= self._first.keys()

        try:
            async with asyncio.timeout(patience_s), self._more:
                await self._more.wait_for(all_there)
        except TimeoutError:
            missing = len(wanted - self._first.keys())
            raise AssertionError(
                f"{missing} of {len(wanted)} keys were not on {topic} after {patience_s:.1f} s"
            ) from None
        return {key: self._first[topic, key] for topic, key in wanted}

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            batches = await consumer.getmany(timeout_ms=FETCH_MS)
            now = asyncio.get_running_loop().time()
            for place, batch in batches.items():
                for record in batch:
                    self._first.setdefault((place.topic, record.key.decode()), now)
                    event_id = dict(record.headers).get("ce_id", b"").decode()
                    if event_id and event_id in self._ids:
                        self.repeated.append(event_id)
                    self._ids.add(event_id)
            async with self._more:
                self._more.notify_all()
