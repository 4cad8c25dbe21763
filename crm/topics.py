"""The topics this consumer reads and writes, and making them when they are absent.

Names and settings come from unified.topics. The two topics it reads are made as well, by the
same settings as their owner uses: so neither program has to start first, and no broker makes
them on its own with one partition.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from unified.broker import BrokerSettings
from unified.resources import resource
from unified.topics import (
    Topic,
    all_topics,
    contact_status_topic,
    events_topic,
    invoice_status_topic,
    state_topic,
)

log = structlog.get_logger(__name__)

VISIBLE_WITHIN_S = 10.0  #: how long a topic just made may take to be known to the broker
LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class CrmTopics:
    """Names of the four topics."""

    events: str
    state: str
    invoice_status: str
    contact_status: str


def crm_topics(prefix: str) -> CrmTopics:
    """Return the names under one prefix."""
    invoice = resource("invoice")
    return CrmTopics(
        events=events_topic(prefix, invoice),
        state=state_topic(prefix, invoice),
        invoice_status=invoice_status_topic(prefix),
        contact_status=contact_status_topic(prefix),
    )


async def ensure_crm_topics(broker: BrokerSettings) -> CrmTopics:
    """Make those of the four topics that are absent.

    Raises:
        KafkaError: the broker is away or refuses.
    """
    names = crm_topics(broker.prefix)
    wanted = {names.events, names.state, names.invoice_status, names.contact_status}
    await ensure_topics(
        broker, [t for t in all_topics(broker.prefix, [resource("invoice")]) if t.name in wanted]
    )
    return names


async def ensure_topics(broker: BrokerSettings, topics: Iterable[Topic]) -> None:
    """Make the topics that are absent and return when the broker knows them all.

    A topic that exists stays as it is.

    Raises:
        KafkaError: the broker is away or refuses.
    """
    topics = list(topics)
    admin = AIOKafkaAdminClient(**broker.client_options())
    await admin.start()
    try:
        known = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in known]
        if missing:
            await _create(admin, broker, missing)
            await _wait_visible(admin, {topic.name for topic in missing})
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, broker: BrokerSettings, topics: list[Topic]) -> None:
    # The broker's own default is asked for by -1, which aiokafka takes beside an assignment only.
    by_default = broker.replication is None
    answer = await admin.create_topics(
        [
            NewTopic(
                name=topic.name,
                num_partitions=broker.partitions,
                replication_factor=-1 if by_default else broker.replication,
                replica_assignments={} if by_default else None,
                topic_configs=dict(topic.config),
            )
            for topic in topics
        ]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            continue  # another process was quicker
        if code != 0:
            raise error(f"topic {name} could not be made")
        log.info("topic_made", topic=name, partitions=broker.partitions)


async def _wait_visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    deadline = asyncio.get_running_loop().time() + VISIBLE_WITHIN_S
    while not names <= set(await admin.list_topics()):
        if asyncio.get_running_loop().time() > deadline:
            raise KafkaError("topics just made did not become visible")
        await asyncio.sleep(LOOK_AGAIN_S)
