"""The topics that the relay writes to, made when absent with the settings of the contract."""

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from unified.broker import BrokerSettings
from unified.topics import all_topics

log = structlog.get_logger(__name__)


async def ensure_topics(broker: BrokerSettings) -> None:
    """Make every topic that is missing; existing ones are left as they are.

    Raises:
        KafkaError: the broker refused for another reason than that the topic exists.
    """
    admin = AIOKafkaAdminClient(**broker.client_options())
    await admin.start()
    try:
        present = set(await admin.list_topics())
        wanted = [topic for topic in all_topics(broker.prefix) if topic.name not in present]
        if not wanted:
            return
        answer = await admin.create_topics(
            [
                NewTopic(
                    name=topic.name,
                    num_partitions=broker.partitions,
                    replication_factor=broker.replication or -1,
                    topic_configs=dict(topic.config),
                )
                for topic in wanted
            ]
        )
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(f"topic {name} could not be made")
        log.info("topics_made", count=len(wanted))
    finally:
        await admin.close()
