"""Catching up: fill the tables for partitions whose history in events is not complete.

Reads the state topics, and what this consumer published earlier: an invoice that is on the status
topic but nowhere else has gone while nobody looked, and gets a tombstone. Afterwards everything
in these partitions is published once, so that an emptied broker is filled again as well.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from crm import tables
from crm.intake import Counters, from_state, read_states, take
from crm.kit import Key, Unreadable, read_key
from crm.partitions import Partitions
from crm.reading import lower_uuid
from crm.snapshot import snapshot
from crm.topics import CrmTopics
from storage.database import Database
from unified.broker import BrokerSettings

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CatchUp:
    """One reading of state topics for some partitions, done step by step.

    Attributes:
        behind: partitions of event topics whose past has to be made good.
        partitions: their numbers.
    """

    db: Database
    broker: BrokerSettings
    topics: CrmTopics
    behind: frozenset[TopicPartition]
    partitions: Partitions
    counters: Counters
    _batches: AsyncGenerator[list[ConsumerRecord], None] | None = None
    _found: set[Key] = field(default_factory=set)

    async def step(self) -> bool:
        """Take one batch; return whether that was the end and all is committed.

        Raises:
            KafkaError, StorageError: begin a new CatchUp.
        """
        if self._batches is None:
            self._batches = snapshot(self.broker, self._sources())
        batch = await anext(self._batches, None)
        if batch is None:
            await tables.mark_all(self.db, self.partitions, sorted(self._found))
            log.info("caught_up", partitions=sorted(self.partitions.owned))
            return True
        kept = [record for record in batch if record.topic in self.topics.state]
        states = read_states(kept, from_state, self.topics, self.counters)
        await take(self.db, states, self.counters)
        for record in batch:
            if record.topic not in self.topics.state:
                self._note_published(record)
        return False

    async def close(self) -> None:
        """Give up the connection, if there is one."""
        if self._batches is not None:
            await self._batches.aclose()

    def _sources(self) -> list[TopicPartition]:
        states = [
            TopicPartition(self.topics.source_of(tp.topic).state, tp.partition)
            for tp in sorted(self.behind)
        ]
        names = (self.topics.invoice_status, self.topics.contact_status)
        owned = sorted(self.partitions.owned)
        return states + [TopicPartition(name, number) for name in names for number in owned]

    def _note_published(self, record: ConsumerRecord) -> None:
        try:
            key = read_key(record.key)
            lower_uuid(key.tenant_id, "tenant")
            lower_uuid(key.entity_id, key.resource)
        except Unreadable:
            self.counters.unreadable += 1
            return
        if record.value is None:
            self._found.discard(key)
        else:
            self._found.add(key)
