"""The topics this consumer reads and writes, and making them when they are absent.

Names and settings come from unified.topics. The topics it reads are made as well, by the same
settings as their owner uses: so neither program has to start first, and no broker makes them on
its own with one partition.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from crm.kit import Change
from crm.states import CREDITS, State, credit_state, invoice_state, payment_state
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
class Source:
    """One resource that is read.

    Attributes:
        entity: its name in keys.
        events, state: names of its topics.
        keep: what payment status keeps of one of its changes.
    """

    entity: str
    events: str
    state: str
    keep: Callable[[Change], State]


@dataclass(frozen=True, slots=True)
class CrmTopics:
    """The topics under one prefix."""

    sources: tuple[Source, ...]
    invoice_status: str
    contact_status: str

    @property
    def events(self) -> tuple[str, ...]:
        """The event topics that are read."""
        return tuple(source.events for source in self.sources)

    @property
    def state(self) -> tuple[str, ...]:
        """The state topics that are read."""
        return tuple(source.state for source in self.sources)

    def of(self, entity: str) -> Source:
        """The source of an entity.

        Raises:
            KeyError: it is not read.
        """
        return {source.entity: source for source in self.sources}[entity]

    def source_of(self, topic: str) -> Source:
        """The source with this event or state topic.

        Raises:
            KeyError: none has it.
        """
        return {name: each for each in self.sources for name in (each.events, each.state)}[topic]


_KEPT: dict[str, Callable[[Change], State]] = {
    "invoice": invoice_state,
    **dict.fromkeys(CREDITS, credit_state),
    "payment": payment_state,
}


def crm_topics(prefix: str) -> CrmTopics:
    """Return the names under one prefix."""
    return CrmTopics(
        sources=tuple(
            Source(
                entity=entity,
                events=events_topic(prefix, resource(entity)),
                state=state_topic(prefix, resource(entity)),
                keep=keep,
            )
            for entity, keep in _KEPT.items()
        ),
        invoice_status=invoice_status_topic(prefix),
        contact_status=contact_status_topic(prefix),
    )


async def ensure_crm_topics(broker: BrokerSettings) -> CrmTopics:
    """Make those of the topics that are absent.

    Raises:
        KafkaError: the broker is away or refuses.
    """
    names = crm_topics(broker.prefix)
    wanted = {*names.events, *names.state, names.invoice_status, names.contact_status}
    resources = [resource(source.entity) for source in names.sources]
    await ensure_topics(
        broker, [t for t in all_topics(broker.prefix, resources) if t.name in wanted]
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
