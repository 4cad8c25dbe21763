"""The clocks of one history: virtual real time, and business time that the history moves.

Both begin at a fixed instant, so that nothing depends on the day on which a seed is played.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.simulation.loop import START_S, VirtualLoop

BEGIN = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)


@dataclass
class BusinessOffset:
    """How far business time is ahead of real time: nights, lunch breaks."""

    ahead: timedelta = timedelta(0)

    def forward(self, **by: float) -> None:
        """Let business time pass."""
        self.ahead += timedelta(**by)


@dataclass
class SimulatedClock:
    """A program's clock; `skew` is how far its machine's clock goes wrong."""

    loop: VirtualLoop
    offset: BusinessOffset
    skew: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        """Business time."""
        return self.real() + self.offset.ahead

    def real(self) -> datetime:
        """Real time."""
        return BEGIN + timedelta(seconds=self.loop.time() - START_S) + self.skew
