"""The embedded broker starts, keeps what it was told across a stop, and ends when asked."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ledgerwire import embedded_broker
from ledgerwire.embedded_broker import EmbeddedBroker, PortTaken
from ledgerwire.kafka_ping import brokers_known_to, free_ports

TOPIC = "kept.v1"


async def _make_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 12, 1, topic_configs={"retention.ms": "-1"})])
    await admin.close()


async def _produce(address: str, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True)
    await producer.start()
    sent = [await producer.send(TOPIC, b"%d" % number) for number in range(count)]
    for acknowledged in sent:
        await acknowledged
    await producer.stop()


async def _count(address: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    ends = await consumer.end_offsets([TopicPartition(TOPIC, number) for number in range(12)])
    await consumer.stop()
    return sum(ends.values())


async def test_what_it_received_survives_a_stop_and_a_start(tmp_path: Path) -> None:
    """Every record is there again, at the same port, as soon as `start` returns."""
    first = embedded_broker.start(tmp_path)
    await _make_topic(first.address)
    await _produce(first.address, 500)
    embedded_broker.stop(first)
    assert not embedded_broker.is_running(first)

    port = int(first.address.rpartition(":")[2])
    second = embedded_broker.start(tmp_path, port=port)
    try:
        assert first.address == second.address
        assert await _count(second.address) == 500
    finally:
        embedded_broker.stop(second)


async def test_what_it_acknowledges_while_it_is_being_stopped_is_kept(tmp_path: Path) -> None:
    """Whoever is told that a record is taken will not send it again."""
    broker = embedded_broker.start(tmp_path)
    await _make_topic(broker.address)
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, enable_idempotence=True)
    await producer.start()
    acknowledged, busy = 0, asyncio.Event()

    async def keep_sending(partition: int) -> None:
        nonlocal acknowledged
        while True:
            await producer.send_and_wait(TOPIC, b"busy", partition=partition)
            acknowledged += 1
            if acknowledged == 2000:
                busy.set()

    sending = [asyncio.create_task(keep_sending(partition)) for partition in range(12)]
    await busy.wait()
    await asyncio.to_thread(embedded_broker.stop, broker)
    port = int(broker.address.rpartition(":")[2])
    told = acknowledged
    for task in sending:
        task.cancel()
    await asyncio.wait(sending)

    again = await asyncio.to_thread(embedded_broker.start, tmp_path, port=port)
    try:
        await producer.stop()
        assert await _count(again.address) >= told > 2000
    finally:
        embedded_broker.stop(again)


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    """No address of the machine other than 127.0.0.1 is bound."""
    broker = embedded_broker.start(tmp_path)
    try:
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(broker.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}
    finally:
        embedded_broker.stop(broker)


def test_another_process_may_stop_it(tmp_path: Path) -> None:
    """Address and process id are all it takes: the first process to start it may be long gone."""
    program = (
        "import sys, pathlib; from ledgerwire import embedded_broker;"
        "broker = embedded_broker.start(pathlib.Path(sys.argv[1]));"
        "print('STARTED', broker.address, broker.pid)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    )
    _, address, pid = done.stdout.splitlines()[-1].split()
    broker = EmbeddedBroker(address, int(pid))

    assert embedded_broker.is_running(broker)
    assert brokers_known_to(address, timeout_s=5)
    embedded_broker.stop(broker)
    assert not embedded_broker.is_running(broker)


def test_stopping_twice_does_no_harm(tmp_path: Path) -> None:
    """The second stop finds nothing to end."""
    broker = embedded_broker.start(tmp_path)
    embedded_broker.stop(broker)
    embedded_broker.stop(broker)
    assert not embedded_broker.is_running(broker)


def test_a_process_that_took_over_the_id_is_left_alone() -> None:
    """A stale note naming a process id that is somebody else's by now ends nobody."""
    stale = EmbeddedBroker(f"127.0.0.1:{free_ports(1)[0]}", os.getpid())

    assert not embedded_broker.is_running(stale)
    embedded_broker.stop(stale)


def test_a_start_that_fails_says_what_the_program_printed(tmp_path: Path) -> None:
    """A port that is taken is reported at once, not after the deadline."""
    broker = embedded_broker.start(tmp_path / "one")
    try:
        port = int(broker.address.rpartition(":")[2])
        with pytest.raises(PortTaken, match=r"ended at once.*already in use"):
            embedded_broker.start(tmp_path / "two", port=port)
    finally:
        embedded_broker.stop(broker)
