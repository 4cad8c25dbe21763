"""What stands on Kafka, read by other people's tools: kcat, and CloudEvents' own library.

On the embedded broker and again on Apache Kafka. The README's consumer has its own test in
tests/crm.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from ledgerwire.demo.judging import read_topics
from oracle.inputs import KafkaRecord
from tests.acceptance.rig import Rig, running
from unified.broker import BrokerSettings
from unified.resources import KINDS, resource
from unified.topics import events_topic, state_topic

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

INVOICE = resource("invoice")


@pytest.fixture
async def rig(database_url: str, broker: BrokerSettings) -> AsyncIterator[Rig]:
    """Two organisations with a little business, all of it on Kafka."""
    async with running(database_url, broker) as linked:
        linked.clock.forward(minutes=1)  # the bucket of calls is full again
        linked.simulator.player.act(25)
        await linked.quiet()
        yield linked


async def kcat(broker: BrokerSettings, topic: str) -> list[dict[str, Any]]:
    """Every record of a topic, as kcat shows it in JSON."""
    program = await asyncio.create_subprocess_exec(
        *("kcat", "-C", "-b", broker.bootstrap, "-t", topic, "-o", "beginning", "-e", "-q", "-J"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        printed, complaints = await program.communicate()
    assert program.returncode == 0, complaints.decode()
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.needs_kcat
async def test_kcat_reads_what_the_contract_says(rig: Rig) -> None:
    """Key, headers and value of each event, and nothing but events, in a tool from elsewhere; and
    the newest state of each key is the record itself, at the mirror's version."""
    topic = events_topic(rig.here.broker.prefix, INVOICE)
    shown = await kcat(rig.here.broker, topic)

    assert len(shown) == await rig.db.fetchval(
        "SELECT count(*) FROM event WHERE resource = 'invoice'"
    )
    partitions: dict[str, set[int]] = {}
    for record in shown:
        value = json.loads(record["payload"])
        headers = dict(zip(record["headers"][::2], record["headers"][1::2], strict=True))
        tenant, entity = value["tenant"]["id"], value["entity"]
        assert record["key"] == f"{tenant}:invoice:{entity['id']}"
        assert headers["ce_partitionkey"] == record["key"]
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_id"] == value["event_id"]
        assert headers["ce_type"] == value["type"]
        assert headers["ce_source"] == f"/xero/{tenant}"
        assert headers["ce_sequence"] == f"{value['tenant_sequence']:020d}"
        assert headers["ce_entityseq"] == f"{value['epoch']:020d}.{value['sequence']:020d}"
        assert headers["ce_cause"] == value["cause"]["kind"]
        assert headers["content-type"] == "application/json"
        assert value["type"].startswith("io.ledgerwire.accounting.invoice.")
        assert value["after"]["version"] == value["sequence"]
        assert list(value)[-1] == "timing"
        assert list(value["timing"])[-1] == "published_at"
        partitions.setdefault(tenant, set()).add(record["partition"])
    assert {len(numbers) for numbers in partitions.values()} == {1}

    shown = await kcat(rig.here.broker, state_topic(rig.here.broker.prefix, INVOICE))
    newest = {record["key"]: json.loads(record["payload"]) for record in shown}
    rows = await rig.db.fetch(
        "SELECT tenant_id, id, sequence FROM record WHERE resource = 'invoice'"
    )
    expected = {f"{row['tenant_id']}:invoice:{row['id']}": row["sequence"] for row in rows}
    assert {key: record["version"] for key, record in newest.items()} == expected


async def test_cloudevents_library_reads_events_and_states(rig: Rig) -> None:
    """Each record of every topic is a CloudEvent in Kafka's binary mode; ids are unique."""
    prefix = rig.here.broker.prefix
    events = await read_topics(rig.here.broker, *(events_topic(prefix, r) for r in KINDS))
    states = await read_topics(rig.here.broker, *(state_topic(prefix, r) for r in KINDS))

    parsed = [parse(record) for record in (*events, *states)]

    assert len(parsed) == len(events) + len(states) > 0
    assert len({(event.get_source(), event.get_id()) for event in parsed}) == len(parsed)
    for event in parsed[: len(events)]:
        data = event.get_data()
        assert UUID(event.get_id()).version == 5
        assert event.get_id() == data["event_id"]
        assert event.get_subject() == f"{data['entity']['resource']}/{data['entity']['id']}"
        assert isinstance(event.get_time(), datetime)
        assert event.get_datacontenttype() == "application/json"
        assert event.get_extension("tenantid") == data["tenant"]["id"]
        assert event.get_extension("facts") == (",".join(data["facts"]) or None)
        assert event.get_extension("recordedtime") == data["timing"]["published_at"]


def parse(record: KafkaRecord) -> Any:
    """A record through the library's own parser."""
    headers = {name: bytes(value) for name, value in record.headers if isinstance(value, bytes)}
    assert isinstance(record.value, bytes)
    return from_binary_event(KafkaMessage(headers=headers, key=record.key, value=record.value))
