"""What the consumer says of itself, by a clock that the test moves, and what metrics make of it."""

from dataclasses import dataclass

from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from crm.health import PATIENCE_S, Health
from crm.metrics import CrmMetrics
from storage.database import Database


@dataclass
class Seconds:
    """A clock of real time."""

    passed: float = 0.0

    def __call__(self) -> float:
        """Seconds since some moment."""
        return self.passed


async def test_not_ready_before_the_first_round() -> None:
    """And says what stands in its way."""
    health = Health(clock=Seconds())
    first = await health.trouble()
    health.session_failed(KafkaConnectionError("kafka.internal:9092"))

    assert first == "no round has been completed yet"
    assert await health.trouble() == "no round has been completed yet: KafkaConnectionError"


async def test_not_ready_where_no_round_ends() -> None:
    """Kafka answers, the database does not, and nothing moves."""
    clock = Seconds()
    health = Health(clock=clock)
    health.round_completed()
    clock.passed = PATIENCE_S + 1
    health.kafka_answered(behind=0)

    assert await health.trouble() == "no round has been completed for 31 s"


async def test_not_ready_where_kafka_is_silent() -> None:
    """Rounds go on without it: they find nothing to read."""
    clock = Seconds()
    health = Health(clock=clock)
    health.kafka_answered(behind=0)
    said = []
    for passed in (PATIENCE_S, PATIENCE_S + 1):
        clock.passed = passed
        health.round_completed()
        said.append(await health.trouble())

    assert said == [None, "Kafka has not answered for 31 s"]


async def test_metrics_tell_what_was_done(database: Database) -> None:
    """By fixed words: however many organisations there are, as many lines."""
    clock, registry = Seconds(), CollectorRegistry()
    health = Health(clock=clock)
    metrics = CrmMetrics(health, database, registry)
    health.counters.taken, health.counters.sent = 5, 7
    health.round_completed()
    health.kafka_answered(behind=9)
    health.session_failed(OSError())
    clock.passed = 2.5
    await database.execute(
        "INSERT INTO crm_contact (tenant_id, contact_id, tenant_hash)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 1)"
    )
    await metrics.measure()

    def shown(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"ledgerwire_crm_{name}", labels)

    assert shown("changes_total", verdict="taken") == 5.0
    assert shown("statuses_published_total") == 7.0
    assert shown("rounds_total") == 1.0
    assert shown("round_age_seconds") == 2.5
    assert shown("events_behind") == 9.0
    assert shown("failed_sessions_total", error="OSError") == 1.0
    assert shown("statuses_waiting") == 1.0
