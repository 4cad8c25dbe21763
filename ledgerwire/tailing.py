"""Following our topics for a person: no group, nothing committed, nothing changed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from ledgerwire.failures import NothingRuns, WrongUsage
from ledgerwire.installation import open_broker
from ledgerwire.lines import event_line, record_line
from ledgerwire.settings import Settings
from unified.broker import BrokerSettings
from unified.resources import KINDS
from unified.topics import all_topics, events_topic

EMPTY_REST_S = 0.05  #: the embedded broker answers at once even when it has nothing
POLL_MS = 250


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to follow."""

    topics: tuple[str, ...] = ()  #: full names or parts; empty: every event topic
    start: str = "end"  #: beginning, end, or an ISO instant (UTC unless it says otherwise)
    tenant: str | None = None
    entity: str | None = None

    def names(self, prefix: str) -> list[str]:
        """Full topic names.

        Raises:
            WrongUsage: one of them is no topic of ours.
        """
        if not self.topics:
            return sorted(events_topic(prefix, resource) for resource in KINDS)
        known = topics_by_name(prefix)
        for topic in self.topics:
            if topic not in known:
                short = ", ".join(sorted(name for name in known if "." not in name))
                raise WrongUsage(f"There is no topic {topic}: take one of {short}, or a full name")
        return list(dict.fromkeys(known[topic] for topic in self.topics))

    def matches(self, key: str) -> bool:
        """Whether the record under this key is asked for."""
        tenant, _, rest = key.partition(":")
        entity = rest.partition(":")[0]
        return self.tenant in (None, tenant) and self.entity in (None, entity)


@dataclass(frozen=True, slots=True)
class Message:
    """One record of a topic; `value` is None for a tombstone, `at` is the broker's own time."""

    topic: str
    key: str
    value: Any
    kind: str | None
    at: datetime

    @property
    def line(self) -> str:
        """The record on one line."""
        if self.topic.endswith(".events.v1") and isinstance(self.value, Mapping):
            return event_line(self.value)
        return record_line(self.topic, self.key, self.value, kind=self.kind, at=self.at)

    def as_json(self) -> str:
        """The value; for a tombstone, which has none, its key."""
        value = {"key": self.key, "tombstone": True} if self.value is None else self.value
        return msgspec.json.encode(value).decode()


def topics_by_name(prefix: str) -> dict[str, str]:
    """Our topics by their full names, and all but the state topics by their telling part, too."""
    names: dict[str, str] = {}
    for topic in all_topics(prefix):
        parts = topic.name.split(".")
        names[topic.name] = topic.name
        if parts[-2] == "events":
            names[parts[-3]] = topic.name
        elif parts[-2] != "state":
            names[parts[-2]] = topic.name
    return names


async def follow(settings: Settings, wanted: Wanted, stop: asyncio.Event) -> AsyncIterator[Message]:
    """Records as they come, until `stop`.

    Raises:
        WrongUsage: a topic is none of ours.
        NothingRuns: nobody has made the topics yet.
        KafkaError: the broker is away.
    """
    wanted.names(settings.topic_prefix)
    async with open_broker(settings) as broker:
        async for message in follow_broker(broker, wanted, stop):
            yield message


async def follow_broker(
    broker: BrokerSettings, wanted: Wanted, stop: asyncio.Event
) -> AsyncIterator[Message]:
    """The same, of a broker that is known already."""
    consumer = AIOKafkaConsumer(
        **broker.client_options(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        partitions = await _partitions(consumer, wanted.names(broker.prefix), broker.partitions)
        consumer.assign(partitions)
        await _seek(consumer, partitions, wanted.start)
        while not stop.is_set():
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            for records in batches.values():
                for record in records:
                    message = _message(record)
                    if wanted.matches(message.key):
                        yield message
            if not batches and broker.embedded:
                await asyncio.sleep(EMPTY_REST_S)
    finally:
        await consumer.stop()


async def _partitions(
    consumer: AIOKafkaConsumer, topics: list[str], count: int
) -> list[TopicPartition]:
    # Asked without naming a topic: a broker may make what it is asked for by name.
    missing = sorted(set(topics) - await consumer.topics())
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise NothingRuns(
            f"Kafka has no topic {missing[0]}{more} yet: `ledgerwire up` or `ledgerwire run "
            "handlers` makes them"
        )
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(topic) or range(count))
    ]


def _message(record: Any) -> Message:
    kinds = [held.decode() for name, held in record.headers if name == "kind"]
    return Message(
        topic=record.topic,
        key=(record.key or b"").decode(errors="replace"),
        value=None if record.value is None else msgspec.json.decode(record.value),
        kind=kinds[0] if kinds else None,
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )


async def _seek(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], start: str) -> None:
    if start == "beginning":
        await consumer.seek_to_beginning(*partitions)
        return
    if start != "end":
        at = datetime.fromisoformat(start)
        at_ms = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
        later = [partition for partition in partitions if found.get(partition) is None]
        for partition, place in found.items():
            if place is not None:
                consumer.seek(partition, place.offset)
        partitions = later
    if partitions:
        await consumer.seek_to_end(*partitions)
