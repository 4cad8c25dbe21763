"""When to look again unasked: intervals of sweeps, from how much they find and what they may cost.

If an endpoint changes unannounced at rate r and is swept every T, a change waits T/2 on average.
The sum of all such waits is least, for a given number of calls, when T is proportional to
1/sqrt(r). So quiet endpoints get long intervals, busy ones short ones, and the total stays inside
the calls set aside for sweeps. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

from unified.resource import Pace

SHORTEST = timedelta(minutes=1)
USUAL = Pace()
"""An endpoint that never showed a change is still assumed to change once in four days."""
SMOOTHING = 0.3  #: weight of the newest observation in the rate
ALONE_OF_DAY = 0.6  #: of a day's calls, where sweeps are all there is; reads and audits need some


@dataclass(frozen=True, slots=True)
class SweepShare:
    """Calls a day that one tenant's sweeps may use."""

    calls_per_day: int = 120  #: with webhooks: sweeps are the safety net
    calls_per_day_alone: int = 1_500  #: without webhook keys: sweeps are all there is

    @classmethod
    def of_day(cls, calls: int) -> "SweepShare":
        """The usual share, or less where Xero allows an organisation fewer calls a day: looking
        less often all day long beats finding nothing in the evening."""
        usual = cls()
        return cls(
            calls_per_day=min(usual.calls_per_day, round(calls * ALONE_OF_DAY)),
            calls_per_day_alone=min(usual.calls_per_day_alone, round(calls * ALONE_OF_DAY)),
        )


def observed_rate(previous_per_hour: float, found: int, elapsed: timedelta) -> float:
    """The change rate after a sweep found `found` unannounced changes in `elapsed`."""
    hours = max(elapsed.total_seconds(), 1.0) / 3600
    return previous_per_hour + SMOOTHING * (found / hours - previous_per_hour)


def sweep_interval(
    endpoint: str,
    rates_per_hour: Mapping[str, float],
    *,
    calls_per_day: int,
    paces: Mapping[str, Pace] | None = None,
) -> timedelta:
    """How long the endpoint may wait for its next sweep.

    `rates_per_hour` holds the rates of all swept endpoints of the tenant, this one included.
    `paces` says of an endpoint what is assumed while it shows no change, and the longest wait.
    """
    paces = paces or {}
    weights = {
        path: sqrt(max(rate, paces.get(path, USUAL).changes_per_hour))
        for path, rate in rates_per_hour.items()
    }
    calls = calls_per_day * weights[endpoint] / sum(weights.values())
    return min(max(timedelta(days=1) / calls, SHORTEST), paces.get(endpoint, USUAL).longest)
