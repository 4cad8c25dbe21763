"""Following event topics for a person: no group, nothing committed, nothing changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from ledgerwire.installation import open_broker
from ledgerwire.settings import Settings
from unified.broker import BrokerSettings
from unified.resources import RESOURCES
from unified.topics import events_topic

EMPTY_REST_S = 0.05  #: the embedded broker answers at once even when it has nothing
POLL_MS = 250


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to follow."""

    topics: tuple[str, ...] = ()  #: full names or parts; empty: every event topic
    start: str = "end"  #: beginning, end, or an ISO instant
    tenant: str | None = None
    entity: str | None = None

    def names(self, prefix: str) -> list[str]:
        """Full topic names."""
        known = {resource.topic_part: events_topic(prefix, resource) for resource in RESOURCES}
        return [known.get(topic, topic) for topic in self.topics] or sorted(known.values())

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether this event is asked for."""
        tenant, entity = event.get("tenant", {}), event.get("entity", {})
        return (self.tenant in (None, tenant.get("id"))) and (
            self.entity in (None, entity.get("resource"))
        )


async def follow(
    settings: Settings, wanted: Wanted, stop: asyncio.Event
) -> AsyncIterator[dict[str, Any]]:
    """Event values as they come, until `stop`."""
    async with open_broker(settings) as broker:
        async for event in follow_broker(broker, wanted, stop):
            yield event


async def follow_broker(
    broker: BrokerSettings, wanted: Wanted, stop: asyncio.Event
) -> AsyncIterator[dict[str, Any]]:
    """The same, of a broker that is known already."""
    consumer = AIOKafkaConsumer(
        **broker.client_options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in wanted.names(broker.prefix)
            for number in sorted(consumer.partitions_for_topic(topic) or range(broker.partitions))
        ]
        consumer.assign(partitions)
        await _seek(consumer, partitions, wanted.start)
        while not stop.is_set():
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            for records in batches.values():
                for record in records:
                    if record.value is None:
                        continue
                    event = msgspec.json.decode(record.value)
                    if isinstance(event, dict) and wanted.matches(event):
                        yield event
            if not batches and broker.embedded:
                await asyncio.sleep(EMPTY_REST_S)
    finally:
        await consumer.stop()


async def _seek(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], start: str) -> None:
    if start == "beginning":
        await consumer.seek_to_beginning(*partitions)
        return
    if start != "end":
        at_ms = int(datetime.fromisoformat(start).timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
        later = [partition for partition in partitions if found.get(partition) is None]
        for partition, place in found.items():
            if place is not None:
                consumer.seek(partition, place.offset)
        partitions = later
    if partitions:
        await consumer.seek_to_end(*partitions)


_MOST_FIELDS = 4


def line_of(event: dict[str, Any]) -> str:
    """One event on one line: when, what, which, what changed, why."""
    entity = event["entity"]
    after = event.get("after") or {}
    moved = [path.split("/")[1] for path in event.get("changed_fields", [])]
    fields = list(dict.fromkeys(moved))
    shown = ",".join(fields[:_MOST_FIELDS]) + ("…" if len(fields) > _MOST_FIELDS else "")
    name = entity.get("number") or after.get("name") or entity["id"][:8]
    facts = " ".join(event.get("facts", []))
    return (
        f"{event['timing']['published_at'][11:23]}  {event['op']} "
        f"{entity.get('type') or entity['resource']:<12} {name:<24.24} "
        f"#{event['sequence']:<3} {event['cause']['kind']:<9} {facts or shown}"
    ).rstrip()
