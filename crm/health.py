"""What a running consumer tells about itself: kept up by its sessions, read by others."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from crm.intake import Counters

PATIENCE_S = 30.0  #: real time without a round, or without a word from Kafka, that is too long


@dataclass(slots=True)
class Health:
    """Figures since the process began; times by `clock`, in seconds.

    Attributes:
        rounds: rounds completed.
        round_at: the time of the last one; None before the first.
        kafka_at: when Kafka last told where the topic ends; None before it first did.
        behind: events between there and what has been read, in the partitions that are ours.
        delay_s: how long ago the oldest event of the last batch that held any was sent.
        catching_up: partitions for which the state topic is still being read.
        failures: sessions that failed, by error.
    """

    counters: Counters = field(default_factory=Counters)
    clock: Callable[[], float] = time.monotonic
    rounds: int = 0
    round_at: float | None = None
    kafka_at: float | None = None
    behind: int = 0
    delay_s: float = 0.0
    catching_up: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    _began_at: float = field(init=False)
    _error: str | None = None  #: of the last session, until the next round

    def __post_init__(self) -> None:
        self._began_at = self.clock()

    def round_completed(self) -> None:
        """Everything that was read is in the tables, and what was dirty is on its way."""
        self.rounds += 1
        self.round_at = self.clock()
        self._error = None

    def kafka_answered(self, behind: int) -> None:
        """Kafka told where the topic ends: `behind` events beyond what has been read."""
        self.kafka_at = self.clock()
        self.behind = behind

    def session_failed(self, error: Exception) -> None:
        """A session is over; another begins soon."""
        self._error = type(error).__name__
        self.failures[self._error] += 1

    @property
    def round_age_s(self) -> float:
        """Seconds since the last round, or since the beginning."""
        return self.clock() - (self._began_at if self.round_at is None else self.round_at)

    async def trouble(self) -> str | None:
        """Why the consumer is not ready; None if it is."""
        said = "" if self._error is None else f": {self._error}"
        if self.round_at is None:
            return f"no round has been completed yet{said}"
        if self.round_age_s > PATIENCE_S:
            return f"no round has been completed for {self.round_age_s:.0f} s{said}"
        silent_s = self.clock() - (self._began_at if self.kafka_at is None else self.kafka_at)
        if silent_s > PATIENCE_S:
            return f"Kafka has not answered for {silent_s:.0f} s"
        return None
