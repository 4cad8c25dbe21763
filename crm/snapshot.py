"""Read partitions from their beginning to where they end now. Nothing is committed to Kafka.

"End" is the last stable offset. Kafka acknowledges a commit before it has marked every partition as
committed, so what was acknowledged a moment ago may stand behind it: whoever has to see that waits
for the high watermark instead, below which a transaction under way must end first.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from crm.closing import close_client
from unified.broker import BrokerSettings

BATCH = 500  #: records at most in one batch
WAIT_MS = 200  #: longest wait for a batch
STALLED_AFTER_S = 60.0  #: without any record, while some should be there


async def snapshot(
    broker: BrokerSettings, partitions: Sequence[TopicPartition], *, settled: bool = False
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Yield batches, in order within each partition; a batch may be empty.

    With `settled`, all that was acknowledged before is among it.

    Raises:
        KafkaError: the broker is away, or stopped giving what it said it has.
    """
    reader = AIOKafkaConsumer(
        **broker.client_options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await reader.start()
        reader.assign(list(partitions))
        ends = await (
            _watermarks(broker, partitions) if settled else reader.end_offsets(partitions)
        )
        begins = await reader.beginning_offsets(partitions)
        left = {tp for tp in partitions if begins[tp] < ends[tp]}
        reader.pause(*(set(partitions) - left))
        loop = asyncio.get_running_loop()
        moved_at = loop.time()
        while left:
            fetched = await reader.getmany(timeout_ms=WAIT_MS, max_records=BATCH)
            yield [r for tp, rs in fetched.items() for r in rs if r.offset < ends[tp]]
            if fetched:
                moved_at = loop.time()
            elif loop.time() - moved_at > STALLED_AFTER_S:
                raise KafkaError(f"no records for {STALLED_AFTER_S:g} s before the end")
            ended = {tp for tp in left if await reader.position(tp) >= ends[tp]}
            reader.pause(*ended)
            left -= ended
    finally:
        await close_client(reader)


async def _watermarks(
    broker: BrokerSettings, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """Where the partitions end, transactions under way among it."""
    asker = AIOKafkaConsumer(**broker.client_options(), enable_auto_commit=False)
    try:
        await asker.start()
        ends: dict[TopicPartition, int] = await asker.end_offsets(partitions)
        return ends
    finally:
        await close_client(asker)


def all_partitions(count: int, *topics: str) -> list[TopicPartition]:
    """Return every partition of topics that have `count` of them."""
    return [TopicPartition(topic, number) for topic in topics for number in range(count)]
