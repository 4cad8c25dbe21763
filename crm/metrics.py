"""What the payment-status consumer shows, for Prometheus: read from its health at each scrape.

Labels hold fixed words and names of errors only: nothing that comes out of a record.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from crm import pending
from crm.health import Health
from storage.database import Database
from storage.errors import StorageError


class CrmMetrics(Collector):
    """The instruments of one consumer in one registry."""

    def __init__(self, health: Health, db: Database, registry: CollectorRegistry) -> None:
        self._health = health
        self._db = db
        registry.register(self)
        self._dirty = Gauge(
            "ledgerwire_crm_statuses_waiting",
            "Payment statuses that Kafka has not acknowledged, of all processes",
            registry=registry,
        )

    async def measure(self) -> None:
        """Look at the tables.

        Raises:
            StorageError: the database is away; the gauge says that nothing is known.
        """
        try:
            self._dirty.set(await pending.dirty_count(self._db))
        except StorageError:
            self._dirty.set(float("nan"))
            raise

    def collect(self) -> Iterable[Metric]:
        """Return what the consumer has done, and how it stands now."""
        health, counters = self._health, self._health.counters
        changes = CounterMetricFamily(
            "ledgerwire_crm_changes", "Changes read from Kafka, by verdict", labels=["verdict"]
        )
        for verdict in ("taken", "repeated", "unreadable"):
            changes.add_metric([verdict], getattr(counters, verdict))
        failures = CounterMetricFamily(
            "ledgerwire_crm_failed_sessions", "Sessions that failed, by error", labels=["error"]
        )
        for error, times in health.failures.items():
            failures.add_metric([error], times)
        return (
            CounterMetricFamily(
                "ledgerwire_crm_rounds", "Rounds completed", value=health.rounds
            ),
            changes,
            CounterMetricFamily(
                "ledgerwire_crm_statuses_published", "Payment statuses that Kafka acknowledged",
                value=counters.sent,
            ),
            failures,
            GaugeMetricFamily(
                "ledgerwire_crm_round_age_seconds", "Time since the last completed round",
                value=health.round_age_s,
            ),
            GaugeMetricFamily(
                "ledgerwire_crm_events_behind", "Events on Kafka that have not been read",
                value=health.behind,
            ),
            GaugeMetricFamily(
                "ledgerwire_crm_delay_seconds", "Age of the oldest event in the last batch",
                value=health.delay_s,
            ),
            GaugeMetricFamily(
                "ledgerwire_crm_partitions_catching_up", "Partitions being worked out anew",
                value=health.catching_up,
            ),
        )  # fmt: skip
