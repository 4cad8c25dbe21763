"""What the handlers count. Each process hands in its own registry; nothing is global."""

from collections import deque

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from handlers.health import HandlersHealth

_LATENCY_BUCKETS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
_KEPT_LATENCIES = 100_000
_MOST_DRIFTING = 200  #: names of fields on their own; the rest share one, since they come from Xero


class DriftMetrics:
    """Counts what is odd in Xero's answers, whichever role reads them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._drift = Counter(
            "ledgerwire_drift", "Unknown fields and values that passed through",
            ["resource", "field"], registry=registry,
        )  # fmt: skip
        self._drifting: set[tuple[str, str]] = set()

    def drifted(self, resource: str, field: str) -> None:
        """Count a field or value of Xero's that we do not know."""
        if len(self._drifting) >= _MOST_DRIFTING and (resource, field) not in self._drifting:
            field = "other"
        self._drifting.add((resource, field))
        self._drift.labels(resource=resource, field=field).inc()


class HandlerMetrics:
    """Counters of one handlers process, and its health, which two gauges show.

    `drift` is counted by the process's other readers too, where it has any.
    """

    def __init__(self, registry: CollectorRegistry, *, drift: DriftMetrics | None = None) -> None:
        self.health = HandlersHealth()
        self.relayed = Counter(
            "ledgerwire_events_relayed", "Events acknowledged by Kafka",
            ["resource", "cause"], registry=registry,
        )  # fmt: skip
        self.latency_s = Histogram(
            "ledgerwire_webhook_to_kafka_seconds", "Webhook receipt to Kafka's acknowledgement",
            buckets=_LATENCY_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.absorbed = Counter(
            "ledgerwire_absorbed", "Things read from Xero, by verdict",
            ["resource", "verdict"], registry=registry,
        )  # fmt: skip
        self.unlisted = Counter(
            "ledgerwire_unlisted", "Things that a list lacked though Xero never removes them",
            ["resource"], registry=registry,
        )  # fmt: skip
        self._drift = drift or DriftMetrics(registry)
        self.buried = Counter(
            "ledgerwire_buried", "Things that became dead letters", ["resource"], registry=registry
        )
        self.failed_reads = Counter(
            "ledgerwire_failed_reads", "Reads of Xero that failed", ["error"], registry=registry
        )
        self.sessions = Gauge(
            "ledgerwire_tenant_sessions", "Tenants being worked for now", registry=registry
        )
        self.relay_failures = Counter(
            "ledgerwire_relay_failures", "Times a relay had to begin anew, by error",
            ["error"], registry=registry,
        )  # fmt: skip
        Gauge(
            "ledgerwire_relay_stalled_seconds",
            "For how long the relay that is worst off has been trying in vain",
            registry=registry,
        ).set_function(lambda: self.health.relay_stalled_s)
        Gauge(
            "ledgerwire_worker_look_age_seconds", "Time since the worker last looked for work",
            registry=registry,
        ).set_function(lambda: self.health.look_age_s)  # fmt: skip
        self.latencies_ms: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        """Webhook to Kafka, newest last: what `demo` prints percentiles of."""

    def drifted(self, resource: str, field: str) -> None:
        """Count a field or value of Xero's that we do not know."""
        self._drift.drifted(resource, field)
