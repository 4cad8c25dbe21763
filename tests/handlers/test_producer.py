"""The relay's producer: it lets go in good time, whatever the broker does."""

import asyncio
import gc
import os
import signal
from pathlib import Path

from handlers.producer import Producer, kafka_producer
from ledgerwire import embedded_broker
from tests.handlers.kafka import make_topics
from unified.broker import BrokerSettings
from unified.topics import control_topic

TURNS = 40  #: more than a start takes
IN_GOOD_TIME_S = 8.0  #: on a machine that is busy; the library's own way takes most of a minute


async def test_stops_though_the_broker_is_silent(tmp_path: Path) -> None:
    """A record is on its way and its acknowledgement never comes; SIGTERM can't wait for it."""
    server = await asyncio.to_thread(embedded_broker.start, tmp_path)
    try:
        broker = BrokerSettings(bootstrap=server.address, embedded=True)
        await make_topics(broker)
        producer, topic = kafka_producer(broker, 3), control_topic(broker.prefix)
        await producer.start()
        await _send(producer, topic, asyncio.Event())
        os.kill(server.pid, signal.SIGSTOP)
        on_its_way = asyncio.Event()
        sending = asyncio.create_task(_send(producer, topic, on_its_way))
        try:
            await on_its_way.wait()
            async with asyncio.timeout(IN_GOOD_TIME_S):
                await producer.stop()
        finally:
            os.kill(server.pid, signal.SIGCONT)
        while not sending.done():  # its transaction's end would wait for the broker as well
            sending.cancel()
            await asyncio.wait({sending}, timeout=0.1)
    finally:
        await asyncio.to_thread(embedded_broker.stop, server)


async def test_start_that_is_cancelled_leaves_no_connection_open(
    embedded_broker_settings: BrokerSettings,
) -> None:
    """Whichever of the event loop's turns it is cancelled in; pytest fails a test that leaves an
    open socket to the garbage."""
    await make_topics(embedded_broker_settings)
    for turns in range(TURNS):
        producer = kafka_producer(embedded_broker_settings, 3)
        starting = asyncio.create_task(producer.start())
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await producer.stop()
        del producer, starting
        gc.collect()


async def _send(producer: Producer, topic: str, on_its_way: asyncio.Event) -> None:
    async with producer.transaction():
        sent = await producer.send(topic, key=b"key", value=b"{}", partition=0, headers=[])
        on_its_way.set()
        await sent
