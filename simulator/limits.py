"""Xero's four call limits, per app and organisation, on business time.

5 in flight, 60 in any 60 seconds, 1,000 or 5,000 a day (fixed window whose hour differs per
organisation), 10,000 in any 60 seconds for the whole app. Refused calls use up nothing.
Source: Xero's "OAuth 2.0 API limits".
"""

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CONCURRENT = 5
MINUTE = 60
APP_MINUTE = 10_000
_WINDOW = timedelta(seconds=60)


@dataclass(frozen=True)
class Exceeded:
    """A refusal: Xero's word for the limit, and whole seconds until calls are taken again.

    `retry_after_s` is None for the concurrent limit: Xero promises none there.
    """

    problem: str
    retry_after_s: int | None


@dataclass
class _Use:
    """What one app used of one organisation's limits."""

    recent: deque[datetime] = field(default_factory=deque)
    in_flight: int = 0
    day_calls: int = 0
    day_ends: datetime | None = None


class Limits:
    """Counts calls and says no. `enter` must be followed by `leave` when it was let in."""

    def __init__(
        self, clock: Callable[[], datetime], *, day_limit: int, enforced: bool = True
    ) -> None:
        self._clock = clock
        self._day_limit = day_limit
        self._enforced = enforced
        self._uses: dict[tuple[str, str], _Use] = {}
        self._apps: dict[str, deque[datetime]] = {}

    def enter(self, client_id: str, tenant_id: str) -> Exceeded | None:
        """Count one call as begun, or say which limit refuses it."""
        if not self._enforced:
            return None
        now = self._clock()
        use, recent = self._current(client_id, tenant_id, now), self._app(client_id, now)
        refused = self._refusal(use, recent, now)
        if refused is None:
            use.in_flight += 1
            use.recent.append(now)
            use.day_calls += 1
            recent.append(now)
        return refused

    def enter_app(self, client_id: str) -> Exceeded | None:
        """Count a call that belongs to no organisation (/connections)."""
        if not self._enforced:
            return None
        now = self._clock()
        recent = self._app(client_id, now)
        if len(recent) >= APP_MINUTE:
            return Exceeded("appminute", _until(recent[0] + _WINDOW, now))
        recent.append(now)
        return None

    def leave(self, client_id: str, tenant_id: str) -> None:
        """Count one call as ended."""
        if self._enforced:
            self._uses[client_id, tenant_id].in_flight -= 1

    def headers(self, client_id: str, tenant_id: str) -> dict[str, str]:
        """What is left, as the answer's headers."""
        now = self._clock()
        use = self._current(client_id, tenant_id, now)
        return {
            **self.app_headers(client_id),
            "X-MinLimit-Remaining": str(MINUTE - len(use.recent)),
            "X-DayLimit-Remaining": str(self._day_limit - use.day_calls),
        }

    def app_headers(self, client_id: str) -> dict[str, str]:
        """What is left of the app's own limit."""
        left = APP_MINUTE - len(self._app(client_id, self._clock()))
        return {"X-AppMinLimit-Remaining": str(left)}

    def day_ends(self, tenant_id: str) -> datetime:
        """When the organisation's current day window ends."""
        return _next_reset(tenant_id, self._clock())

    def wait_for(self, problem: str, tenant_id: str) -> int | None:
        """The Retry-After a refusal of that kind would carry now."""
        if problem == "day":
            return _until(self.day_ends(tenant_id), self._clock())
        return None if problem == "concurrent" else 60

    def _refusal(self, use: _Use, app: deque[datetime], now: datetime) -> Exceeded | None:
        if use.in_flight >= CONCURRENT:
            return Exceeded("concurrent", None)
        if len(app) >= APP_MINUTE:
            return Exceeded("appminute", _until(app[0] + _WINDOW, now))
        if use.day_calls >= self._day_limit and use.day_ends is not None:
            return Exceeded("day", _until(use.day_ends, now))
        if len(use.recent) >= MINUTE:
            return Exceeded("minute", _until(use.recent[0] + _WINDOW, now))
        return None

    def _current(self, client_id: str, tenant_id: str, now: datetime) -> _Use:
        use = self._uses.setdefault((client_id, tenant_id), _Use())
        _forget(use.recent, now)
        if use.day_ends is None or now >= use.day_ends:
            use.day_ends = _next_reset(tenant_id, now)
            use.day_calls = 0
        return use

    def _app(self, client_id: str, now: datetime) -> deque[datetime]:
        recent = self._apps.setdefault(client_id, deque())
        _forget(recent, now)
        return recent


def _forget(recent: deque[datetime], now: datetime) -> None:
    while recent and now - recent[0] >= _WINDOW:
        recent.popleft()


def _until(then: datetime, now: datetime) -> int:
    return max(1, math.ceil((then - now).total_seconds()))


def _next_reset(tenant_id: str, now: datetime) -> datetime:
    """The next full hour at which this organisation's day begins (a fixed one per tenant)."""
    hour = hashlib.sha256(tenant_id.encode()).digest()[0] % 24
    reset = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return reset if reset > now else reset + timedelta(days=1)
