"""Does Kafka answer, take transactions, and hold our topics as they have to be?"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.settings import variable
from unified.broker import BrokerSettings
from unified.topics import all_topics

PART = "kafka"
ANSWER_S = 15.0


async def check_kafka(broker: BrokerSettings) -> list[Finding]:
    """Look at the cluster and the topics, and begin and end a transaction; writes nothing."""
    try:
        async with asyncio.timeout(ANSWER_S):
            brokers, partitions = await _cluster(broker)
    except (KafkaError, OSError, TimeoutError) as error:
        return [_no_answer(broker, error)]
    findings = _of_topics(broker, partitions)
    try:
        async with asyncio.timeout(ANSWER_S):
            await _transaction(broker)
    except (KafkaError, OSError, TimeoutError) as error:
        findings.append(
            _finding(Verdict.BAD, f"Kafka takes no transaction of ours ({type(error).__name__})",
                     "Allow writing, and transactional ids that begin with "
                     f"{broker.prefix}; a cluster needs enough brokers for its transaction log")
        )  # fmt: skip
    if broker.embedded:
        findings.append(
            _finding(Verdict.NOTE, "The embedded broker is for trying out: it is not durable",
                     f"For production set {variable('kafka')} to an Apache Kafka")
        )  # fmt: skip
    nodes = "1 broker" if brokers == 1 else f"{brokers} brokers"
    return [_finding(Verdict.OK, f"Kafka answers at {broker.bootstrap} ({nodes})"), *findings]


async def _cluster(broker: BrokerSettings) -> tuple[int, dict[str, int]]:
    """How many brokers there are, and how many partitions each topic has."""
    admin = AIOKafkaAdminClient(**broker.client_options())
    try:
        await admin.start()
        names = await admin.list_topics()
        ours = sorted({topic.name for topic in all_topics(broker.prefix)} & set(names))
        told = await admin.describe_topics(ours) if ours else []
        described = await admin.describe_cluster()
        return len(described["brokers"]), {
            topic["topic"]: len(topic["partitions"]) for topic in told
        }
    finally:
        await admin.close()


async def _transaction(broker: BrokerSettings) -> None:
    """One that holds nothing; under an id of its own, so that no relay is fenced."""
    producer = AIOKafkaProducer(
        transactional_id=f"{broker.prefix}.doctor", **broker.client_options()
    )
    try:
        await producer.start()
        await producer.begin_transaction()
        await producer.abort_transaction()
    finally:
        with suppress(KafkaError, OSError):
            await producer.stop()


def _no_answer(broker: BrokerSettings, error: BaseException) -> Finding:
    if isinstance(error, KafkaConnectionError | KafkaTimeoutError | OSError | TimeoutError):
        return _finding(
            Verdict.AWAY, f"Kafka does not answer at {broker.bootstrap}",
            f"Check {variable('kafka')}, {variable('kafka_security')} and that the broker runs and "
            "advertises an address that can be reached from here",
        )  # fmt: skip
    return _finding(
        Verdict.BAD, f"Kafka at {broker.bootstrap} refuses us ({type(error).__name__})",
        f"Check {variable('kafka_security')}, the settings that begin with "
        f"{variable('kafka_sasl_')[:-1]}, and what the user may do",
    )  # fmt: skip


def _of_topics(broker: BrokerSettings, partitions: Mapping[str, int]) -> list[Finding]:
    wanted = [topic.name for topic in all_topics(broker.prefix)]
    missing = [name for name in wanted if name not in partitions]
    other = {name: count for name, count in partitions.items() if count != broker.partitions}
    findings = []
    if other:
        name, count = min(other.items())
        findings.append(
            _finding(Verdict.BAD, f"{len(other)} of our topics have other than {broker.partitions} "
                     f"partitions, such as {name} with {count}",
                     f"Set {variable('kafka_partitions')} to what they have; where they differ, "
                     "delete them and let `ledgerwire up` make them anew")
        )  # fmt: skip
    if missing:
        findings.append(
            _finding(Verdict.NOTE, f"{len(missing)} of our {len(wanted)} topics are not there yet",
                     "`ledgerwire up` makes them")
        )  # fmt: skip
    elif not other:
        findings.append(
            _finding(Verdict.OK, f"All {len(wanted)} topics are there, with {broker.partitions} "
                     "partitions each")
        )  # fmt: skip
    return findings


def _finding(verdict: Verdict, what: str, remedy: str = "") -> Finding:
    return Finding(PART, verdict, what, remedy)
