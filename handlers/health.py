"""What a handlers process tells about itself: does it get on with its work?

Kept up by those who do the work, read by readiness and by metrics, so that both say the same.
"""

import time
from collections.abc import Callable

PATIENCE_S = 30.0  #: real time without getting on, after which a process is not ready


class HandlersHealth:
    """When the worker last looked for work, and since when relays have been trying to send."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds of real time; counting begins now."""
        self._clock = clock
        self._looked_at = clock()
        self._trying: dict[str, float] = {}  #: since when, by shard; "topics" before all of them
        self._error: dict[str, str] = {}

    def looked_for_work(self) -> None:
        """The worker has asked the database for what is due, and was answered."""
        self._looked_at = self._clock()

    def relay_tries(self, shard: str) -> None:
        """A relay begins to try, or still does."""
        self._trying.setdefault(shard, self._clock())

    def relay_failed(self, shard: str, error: Exception) -> None:
        """It did not get through, and will try again."""
        self._error[shard] = type(error).__name__

    def relay_sent(self, shard: str) -> None:
        """Kafka has acknowledged a batch, and there may be another."""
        self.relay_rests(shard)
        self.relay_tries(shard)

    def relay_rests(self, shard: str) -> None:
        """Nothing is left to send, or the shard is somebody else's now."""
        self._trying.pop(shard, None)
        self._error.pop(shard, None)

    @property
    def look_age_s(self) -> float:
        """Seconds since the worker last looked for work."""
        return self._clock() - self._looked_at

    @property
    def relay_stalled_s(self) -> float:
        """For how many seconds the relay that is worst off has been trying in vain; 0: none is."""
        return self._clock() - min(self._trying.values()) if self._trying else 0.0

    async def worker_trouble(self) -> str | None:
        """Why the worker is not ready; None if it is."""
        if self.look_age_s <= PATIENCE_S:
            return None
        return f"nobody has looked for work for {self.look_age_s:.0f} s"

    async def relay_trouble(self) -> str | None:
        """Why the relays are not ready; None if they are."""
        if self.relay_stalled_s <= PATIENCE_S:
            return None
        errors = ", ".join(sorted(set(self._error.values())))
        said = f"Kafka has taken nothing for {self.relay_stalled_s:.0f} s"
        return f"{said}: {errors}" if errors else said
