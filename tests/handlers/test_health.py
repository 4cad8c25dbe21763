"""What a handlers process says of its own work, by a clock that the test moves."""

from dataclasses import dataclass

from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from handlers.health import PATIENCE_S, HandlersHealth
from handlers.metrics import HandlerMetrics


@dataclass
class Seconds:
    """A clock of real time."""

    passed: float = 0.0

    def __call__(self) -> float:
        """Seconds since some moment."""
        return self.passed


async def test_worker_that_looks_for_work_is_ready() -> None:
    """Until nobody has looked for longer than a stuck query may take."""
    clock = Seconds()
    health = HandlersHealth(clock)
    said = []

    for passed in (0.0, PATIENCE_S, PATIENCE_S + 1):
        clock.passed = passed
        said.append(await health.worker_trouble())
    health.looked_for_work()

    assert said == [None, None, "nobody has looked for work for 31 s"]
    assert await health.worker_trouble() is None


async def test_relay_that_gets_nothing_through_is_not_ready() -> None:
    """However often it begins anew: what counts is since when it has been trying."""
    clock = Seconds()
    health = HandlersHealth(clock)
    for passed in range(0, 42, 6):
        clock.passed = float(passed)
        health.relay_tries("3")
        health.relay_failed("3", KafkaConnectionError("kafka.internal:9092"))

    assert health.relay_stalled_s == 36.0
    assert await health.relay_trouble() == "Kafka has taken nothing for 36 s: KafkaConnectionError"

    health.relay_sent("3")
    assert (health.relay_stalled_s, await health.relay_trouble()) == (0.0, None)


async def test_relay_that_hangs_without_an_error_is_seen() -> None:
    """A broker that fell silent raises nothing for a long while."""
    clock = Seconds()
    health = HandlersHealth(clock)
    health.relay_tries("3")

    clock.passed = PATIENCE_S + 1

    assert await health.relay_trouble() == "Kafka has taken nothing for 31 s"


async def test_relay_that_is_never_done_but_gets_on_is_ready() -> None:
    """A backlog of hours is no outage."""
    clock = Seconds()
    health = HandlersHealth(clock)
    health.relay_tries("3")
    for passed in range(0, 600, 10):
        clock.passed = float(passed)
        health.relay_sent("3")

    assert await health.relay_trouble() is None


async def test_one_stalled_shard_is_enough() -> None:
    """Its tenants' events stand still, whatever the others do."""
    clock = Seconds()
    health = HandlersHealth(clock)
    health.relay_tries("3")
    clock.passed = 40.0
    health.relay_tries("5")
    health.relay_rests("5")

    assert health.relay_stalled_s == 40.0


def test_names_from_xero_can_not_fill_the_metrics() -> None:
    """Fields that we do not know are named by Xero's answer: after many they share one name."""
    registry = CollectorRegistry()
    metrics = HandlerMetrics(registry)

    for number in range(1_000):
        metrics.drifted("invoice", f"Invoices.Field{number}")
    metrics.drifted("invoice", "Invoices.Field7")

    [family] = [each for each in registry.collect() if each.name == "ledgerwire_drift"]
    totals = [each for each in family.samples if each.name.endswith("_total")]
    by_field = {each.labels["field"]: each.value for each in totals}
    assert (len(totals), by_field["other"], by_field["Invoices.Field7"]) == (201, 800.0, 2.0)
