"""Events published again: same ids, same order, nothing marked, nothing taken for changed.

Through a producer of its own, not the relays': a relay sends what is unacknowledged and marks it,
writes the state topics with each event's own state, and its `transactional.id` belongs to whoever
owns the shard. Old events must not be marked, old states must not stand behind newer ones on a
compacted topic, and nobody may be fenced. So only event topics are written here, idempotently and
in order; a live event of the same key may come in between, with a higher sequence.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ledgerwire.failures import JobFailed, WrongUsage
from ledgerwire.installation import Installation
from ledgerwire.naming import named_resources, named_tenant
from storage.replaying import Replayed, Selection, count_selected, newest_position, selected
from unified.codecs import instant_text
from unified.ids import TenantId
from unified.partition import partition_of
from unified.resources import KINDS
from unified.resources import resource as resource_named
from unified.topics import MAX_RECORD_BYTES, all_topics, events_topic, key

KIND = "replay"

#: Told again and again: how many events are sent, of how many, and what stands in the way.
Seen = Callable[[int, int | None, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOrder:
    """What to send again, and where to; None means: of every resource, from the first event kept,
    to the topics that the events came from."""

    tenant: str
    resource: str | None = None
    since: datetime | None = None
    to_topic: str | None = None


async def replay(here: Installation, order: ReplayOrder, *, seen: Seen) -> dict[str, int]:
    """Send the chosen events again; returns how many went to each topic.

    Raises:
        WrongUsage: no such organisation, resource or topic, or a topic that holds other records.
        JobFailed: Kafka failed half-way; what was sent is sent, and may be sent again.
        KafkaError: the broker is away.
    """
    tenant_id = (await named_tenant(here.db, order.tenant)).id
    resource = None if order.resource is None else named_resources([order.resource])[0].name
    _insist_on_topic(order.to_topic, here.broker.prefix)
    chosen = Selection(resource=resource, since=order.since, upto=await newest_position(here.db))
    total = await count_selected(here.db, tenant_id, chosen)
    sent = dict[str, int]()
    producer = AIOKafkaProducer(
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_request_size=MAX_RECORD_BYTES,
        **here.broker.client_options(),
    )
    try:
        await producer.start()
        partitions = await _partitions(producer, here.broker.prefix, order.to_topic)
        async for page in selected(here.db, tenant_id, chosen):
            published_at = instant_text(here.clock.real())
            await _send(producer, tenant_id, page, partitions, published_at, sent=sent)
            seen(sum(sent.values()), total, "")
    except KafkaError as error:
        done = sum(sent.values())
        if not done:
            raise
        raise JobFailed(
            f"Kafka failed ({type(error).__name__}) after {done} of {total} events: replay again "
            "when it answers, the same ids come twice"
        ) from None
    finally:
        await producer.stop()
    return sent


def _insist_on_topic(name: str | None, prefix: str) -> None:
    """A topic of ours that holds other records must not get events."""
    events = {events_topic(prefix, each) for each in KINDS}
    if name is not None and name not in events and name in {t.name for t in all_topics(prefix)}:
        raise WrongUsage(f"{name} holds other records than events: name a topic of your own")


async def _partitions(
    producer: AIOKafkaProducer, prefix: str, to_topic: str | None
) -> dict[str, tuple[str, int]]:
    """Where the events of each resource go: topic, and how many partitions it has."""
    names = {each.name: to_topic or events_topic(prefix, each) for each in KINDS}
    # Asked without naming a topic: a broker may make what it is asked for by name.
    cluster = await producer.client.fetch_all_metadata()
    found: dict[str, tuple[str, int]] = {}
    for resource, topic in names.items():
        numbers = cluster.partitions_for_topic(topic)
        if numbers:
            found[resource] = topic, len(numbers)
        elif to_topic is not None:
            raise WrongUsage(f"Kafka has no topic {topic}: make it first")
    return found


async def _send(  # a page and where it goes
    producer: AIOKafkaProducer,
    tenant_id: TenantId,
    page: Sequence[Replayed],
    places: dict[str, tuple[str, int]],
    published_at: str,
    *,
    sent: dict[str, int],
) -> None:
    under_way = list[asyncio.Future[Any]]()
    went = dict[str, int]()
    for event in page:
        place = places.get(event.resource)
        if place is None:
            topic = events_topic("…", resource_named(event.resource))
            raise JobFailed(f"Kafka has no topic {topic}: `ledgerwire up` makes it")
        topic, partitions = place
        under_way.append(
            await producer.send(
                topic,
                key=key(tenant_id, event.resource, event.entity_id),
                value=replayed_value(event.value, published_at),
                partition=partition_of(tenant_id, partitions),
                headers=replayed_headers(event.headers, published_at),
            )
        )
        went[topic] = went.get(topic, 0) + 1
    await asyncio.gather(*under_way)
    for topic, count in went.items():
        sent[topic] = sent.get(topic, 0) + count


def replayed_value(value: bytes, published_at: str) -> bytes:
    """The event as it was, with `cause.kind` replay and the moment of sending; why it came the
    first time stays in the details of its cause."""
    event = msgspec.json.decode(value)
    event["cause"]["kind"] = KIND
    event["timing"]["published_at"] = published_at
    return msgspec.json.encode(event)


def replayed_headers(headers: str, published_at: str) -> list[tuple[str, bytes]]:
    """The headers that belong to it."""
    stored = {name: text.encode() for name, text in msgspec.json.decode(headers)}
    stored |= {"ce_cause": KIND.encode(), "ce_recordedtime": published_at.encode()}
    return list(stored.items())
