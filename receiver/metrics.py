"""What the receiver counts, for Prometheus. The registry is handed in, so tests have their own.

Labels hold fixed words only: nothing that comes out of a delivery, which would be without bound.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from receiver.signature import Verdict

# Seconds. Xero wants its answer within 5 s, and we give up at 4.
_ANSWER_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0)
_COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
_COMMIT_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class ReceiverMetrics:
    """The receiver's instruments in one registry."""

    def __init__(self, registry: CollectorRegistry, *, webhook_keys: int) -> None:
        """Register everything; `webhook_keys` is how many keys are active."""
        self.registry = registry
        self._deliveries = Counter(
            "ledgerwire_deliveries",
            "POSTs to the webhook address by how they ended.",
            ["outcome"],
            registry=registry,
        )
        self._outcome = lru_cache(maxsize=32)(self._deliveries.labels)  # labels() is slow
        self._ignored = Counter(
            "ledgerwire_ignored_events",
            "Oddities in genuine deliveries by reason; most made no notice.",
            ["reason"],
            registry=registry,
        )
        self._refused = Counter(
            "ledgerwire_signature_failures",
            "Deliveries that were not proven genuine, by what was wrong.",
            ["verdict"],
            registry=registry,
        )
        self._commit_size = Histogram(
            "ledgerwire_commit_deliveries",
            "Deliveries that shared one commit.",
            buckets=_COMMIT_SIZES,
            registry=registry,
        )
        self._commit_s = Histogram(
            "ledgerwire_commit_seconds",
            "Time one commit of deliveries took.",
            buckets=_COMMIT_BUCKETS_S,
            registry=registry,
        )
        self._answer_s = Histogram(
            "ledgerwire_delivery_answer_seconds",
            "Time from a delivery's arrival to its answer.",
            buckets=_ANSWER_BUCKETS_S,
            registry=registry,
        )
        keys = Gauge(
            "ledgerwire_webhook_keys",
            "Active webhook keys; with 0 every delivery is refused.",
            registry=registry,
        )
        keys.set(webhook_keys)

    def show_waiting(self, waiting: Callable[[], int]) -> None:
        """Show how many deliveries wait for the next commit, asked for at each scrape."""
        gauge = Gauge(
            "ledgerwire_deliveries_waiting",
            "Deliveries waiting for the next commit.",
            registry=self.registry,
        )
        gauge.set_function(waiting)

    def answered(self, outcome: str, seconds: float) -> None:
        """Count one answered delivery."""
        self._outcome(outcome).inc()
        self._answer_s.observe(seconds)

    def signature_refused(self, verdict: Verdict) -> None:
        """Count one delivery that was not proven genuine."""
        self._refused.labels(verdict).inc()

    def ignored(self, reasons: Mapping[str, int]) -> None:
        """Count what was odd in one stored delivery."""
        for reason, count in reasons.items():
            self._ignored.labels(reason).inc(count)

    def committed(self, deliveries: int, seconds: float) -> None:
        """Count one commit."""
        self._commit_size.observe(deliveries)
        self._commit_s.observe(seconds)
