"""How late the event loop is: the one figure that tells of work done where nobody may compute.

A loop that is stuck altogether shows otherwise: the process answers no probe any more.
"""

import asyncio

from prometheus_client import CollectorRegistry, Histogram

LOOK_EVERY_S = 0.25
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class LoopLag:
    """Looks a few times a second how much later than asked for it is woken."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag_s = Histogram(
            "ledgerwire_event_loop_lag_seconds",
            "How much later than asked for the event loop woke a sleeper.",
            buckets=_BUCKETS_S,
            registry=registry,
        )

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            asked_at = loop.time()
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
            except TimeoutError:
                self._lag_s.observe(max(loop.time() - asked_at - LOOK_EVERY_S, 0.0))
