"""What a relay needs of Kafka, and the producer that gives it.

A relay is handed the function that makes its producers, so that what it does when Kafka fails at
any point can be tried out where Kafka can be made to fail so. Not here: when a producer is made
and thrown away, which is the relay's own matter.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from unified.broker import BrokerSettings
from unified.topics import MAX_RECORD_BYTES

TRANSACTION_TIMEOUT_MS = 30_000  #: for a batch on a slow broker; a successor need not wait for it
BATCH_BYTES = 512 * 1024
"""Of one partition in one request. The library sends a partition's requests one after the other: at
its usual 16 KB a tenant's backlog would be hundreds of round trips to a broker that is far away,
more than a transaction may last. What Kafka takes by default is twice as much."""
STOP_WITHIN_S = 1.5  #: then connections are cut; whatever was not acknowledged is sent again


class Producer(Protocol):
    """A producer, transactional where that can be trusted; each method raises KafkaError where the
    broker fails it."""

    async def start(self) -> None:
        """Take over the `transactional.id`; an earlier owner's open transaction is aborted."""
        ...

    async def stop(self) -> None:
        """Let go of everything; an open transaction stays for the broker's time-out."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """One transaction: committed at the block's end, aborted by an exception."""
        ...

    async def send(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        partition: int,
        headers: Sequence[tuple[str, bytes]],
    ) -> "asyncio.Future[Any]":
        """Put a record into the buffers, in order; the future ends with its acknowledgement."""
        ...


MakeProducer = Callable[[BrokerSettings, int], Producer]
"""Makes a producer, not yet started, for one relay shard."""


class _PromptProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka is untyped
    """Stops in good time: the library's own would wait for a lost broker for most of a minute."""

    async def start(self) -> None:
        """Cancelled while it waits for its first answer, the library would forget the connection
        and leave it open; so it is given a moment to finish."""
        starting = asyncio.ensure_future(super().start())
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait({starting}, timeout=STOP_WITHIN_S)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            raise

    async def stop(self) -> None:
        stopping = asyncio.ensure_future(super().stop())
        try:
            await asyncio.wait({stopping}, timeout=STOP_WITHIN_S)
        finally:
            if not stopping.done():
                stopping.cancel()
                letting_go = asyncio.ensure_future(self._let_go())
                await asyncio.wait({letting_go}, timeout=STOP_WITHIN_S)
        if not stopping.cancelled() and stopping.done():
            stopping.result()

    async def _let_go(self) -> None:
        """The rest of what stopping would have done; else it asks for metadata for ever."""
        with contextlib.suppress(KafkaError, OSError):
            await self.client.close()
        if self._sender is not None:
            await self._sender.close()


class _PlainProducer(_PromptProducer):
    """Each record counts by itself as soon as it is acknowledged."""

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A batch is nothing of its own here; the block waits for its acknowledgements itself."""
        yield


def kafka_producer(broker: BrokerSettings, shard: int) -> Producer:
    """A producer of Kafka's own kind; the shard has a `transactional.id` of its own.

    The embedded broker goes on telling readers of an aborted transaction after its end, and these
    then skip whatever the same producer commits later: one relay killed in mid-transaction, and a
    running consumer would miss all that follows. So there are no transactions on it; what a killed
    relay left half sent is sent again, with the same ids (docs/decisions/0018).
    """
    options: dict[str, Any] = {
        "acks": "all",
        "linger_ms": 0,
        "max_batch_size": BATCH_BYTES,
        "max_request_size": MAX_RECORD_BYTES,
        **broker.client_options(),
    }
    producer: Producer
    if broker.embedded:
        producer = _PlainProducer(enable_idempotence=True, **options)
    else:
        producer = _PromptProducer(
            transactional_id=f"{broker.prefix}.relay.{shard}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            **options,
        )
    return producer
