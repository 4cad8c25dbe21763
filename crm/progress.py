"""Is the CRM through with everything? Asked from outside, in whatever process it runs.

For the demo, tests and operators. It changes nothing.
"""

from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from crm import pending, tables
from crm.closing import close_client
from crm.consumer import group_id
from crm.snapshot import all_partitions
from crm.topics import crm_topics
from storage.database import Database
from unified.broker import BrokerSettings


class CrmProgress:
    """A view on how far the tables reach, and on their dirty marks; open it with `async with`."""

    def __init__(self, db: Database, broker: BrokerSettings) -> None:
        self._db = db
        self._count = broker.partitions
        self._events = crm_topics(broker.prefix).events
        self._begun: set[TopicPartition] = set()
        # It names the group to read its offsets and never joins it, since it subscribes to nothing.
        self._kafka = AIOKafkaConsumer(
            **broker.client_options(),
            group_id=group_id(broker.prefix),
            isolation_level="read_committed",
            enable_auto_commit=False,
        )

    async def __aenter__(self) -> Self:
        await self._kafka.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await close_client(self._kafka)

    async def lag(self) -> int | None:
        """Return how many offsets the tables are behind; None while they have not begun everywhere.

        Raises:
            KafkaError, StorageError: one of them is away.
        """
        partitions = all_partitions(self._count, *self._events)
        ends = await self._kafka.end_offsets(partitions)
        stored = await tables.offsets(self._db, self._events)
        lag = 0
        for tp in partitions:
            reached = stored.get(tp)
            if not await self._has_begun(tp) or reached is None or reached > ends[tp]:
                return None  # it has still to catch up
            lag += ends[tp] - reached
        return lag

    async def _has_begun(self, partition: TopicPartition) -> bool:
        """Whether the group has committed an offset; asked until it has, since it keeps that."""
        if partition not in self._begun:
            if await self._kafka.committed(partition) is None:
                return False
            self._begun.add(partition)
        return True

    async def is_idle(self) -> bool:
        """Return whether every event is in the tables and every status acknowledged by Kafka.

        Raises:
            KafkaError, StorageError: one of them is away.
        """
        return await self.lag() == 0 and await pending.dirty_count(self._db) == 0
