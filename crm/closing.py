"""Close Kafka clients whatever state they and the broker are in.

aiokafka's consumer cancels its pending fetches and waits for them; one that is just then waiting
for a lost broker lets its cancellation out of stop(), which then leaves the connection open.
"""

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

log = structlog.get_logger(__name__)

CLOSE_WITHIN_S = 1.5  #: a producer would wait for a lost broker far longer than a program may


async def close_clients(clients: Iterable[AIOKafkaConsumer | AIOKafkaProducer]) -> None:
    """Stop clients side by side."""
    await asyncio.gather(*(close_client(client) for client in clients))


async def close_client(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client, started or not; never raises for what the client does meanwhile."""
    stopping = asyncio.ensure_future(client.stop())
    await asyncio.wait({stopping}, timeout=CLOSE_WITHIN_S)
    if stopping.done() and not stopping.cancelled() and stopping.exception() is None:
        return
    stopping.cancel()
    log.info("kafka_client_cut_off", client=type(client).__name__)
    # The rest of what stop() would have done: without it the client asks for metadata for ever.
    connections = client.client if isinstance(client, AIOKafkaProducer) else client._client
    rest = asyncio.ensure_future(connections.close())
    await asyncio.wait({stopping, rest}, timeout=CLOSE_WITHIN_S)
