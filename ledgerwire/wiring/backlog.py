"""What waits in the tables, as metrics. Every process tells the same figures, so that an alert
still has them when the process whose work it is has ended."""

from prometheus_client import CollectorRegistry, Gauge

from ledgerwire.installation import Installation
from storage.backlog import backlog
from storage.errors import StorageError

_UNKNOWN = float("nan")


class BacklogMetrics:
    """The gauges, brought up to date at each scrape; not a number while the database is away."""

    def __init__(self, here: Installation, registry: CollectorRegistry) -> None:
        self._here = here
        self._notices = Gauge(
            "ledgerwire_notices_due", "Notices due, of organisations that may be read now",
            registry=registry,
        )  # fmt: skip
        self._notice_age_s = Gauge(
            "ledgerwire_oldest_notice_seconds", "For how long the oldest of them has been due",
            registry=registry,
        )  # fmt: skip
        self._dead = Gauge("ledgerwire_dead_letters", "Things that are buried", registry=registry)
        self._events = Gauge(
            "ledgerwire_events_unrelayed", "Events that Kafka has not acknowledged",
            registry=registry,
        )  # fmt: skip
        self._event_age_s = Gauge(
            "ledgerwire_oldest_unrelayed_seconds", "For how long the oldest of them has waited",
            registry=registry,
        )  # fmt: skip
        self._tenants = Gauge(
            "ledgerwire_tenants", "Organisations by state", ["state"], registry=registry
        )

    async def measure(self) -> None:
        """Look at the tables.

        Raises:
            StorageError: the database is away; the gauges say that nothing is known.
        """
        try:
            found = await backlog(self._here.db, now=self._here.clock.now())
        except StorageError:
            single = (self._notices, self._notice_age_s, self._dead, self._events,
                      self._event_age_s)  # fmt: skip
            for gauge in single:
                gauge.set(_UNKNOWN)
            self._tenants.clear()
            raise
        self._notices.set(found.notices)
        self._notice_age_s.set(found.notice_age.total_seconds())
        self._dead.set(found.dead_letters)
        self._events.set(found.events)
        self._event_age_s.set(found.event_age.total_seconds())
        for state, tenants in found.tenants.items():
            self._tenants.labels(state=state).set(tenants)
