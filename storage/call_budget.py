"""How many calls a tenant may make now: the arithmetic, pure. Business time throughout."""

from dataclasses import dataclass
from datetime import datetime, timedelta

TENANT_BUCKET, TENANT_REFILL = 6.0, 1.0  # calls; calls a second
APP_BUCKET, APP_REFILL = 1_000.0, 150.0  # together 10,000 in any minute
PROBE_EVERY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Granted:
    """Calls that may be made now."""

    calls: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No call now. `by` names the limit: "minute", "day", "appminute" or Xero's own word."""

    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Calls of a day that the api and the handlers each find left, whatever the other has used.

    They count from the end: once fewer than both together are left of the day, each may take what
    is kept for it and nothing of the other's. Until then nobody is held back.
    """

    api: int = 0
    handlers: int = 0

    @property
    def both(self) -> int:
        """Calls that are kept at the end of a day."""
        return self.api + self.handlers

    def used_after(self, used: "Kept", left: int, calls: int, *, by_api: bool) -> "Kept":
        """What was taken of the last calls of the day, after `calls` more of `left`."""
        used = used if left < self.both else Kept()
        more = min(calls, max(self.both - (left - calls), 0))
        if by_api:
            return Kept(used.api + more, used.handlers)
        return Kept(used.api, used.handlers + more)

    def spare(self, used: "Kept", left: int, *, for_api: bool) -> int:
        """Calls of `left` that are not kept for the other side."""
        used = used if left < self.both else Kept()
        others = self.handlers - used.handlers if for_api else self.api - used.api
        return left - max(others, 0)


NOTHING_KEPT = Kept()


@dataclass(frozen=True, slots=True)
class TenantBudget:
    """A tenant's bucket and what Xero last told of it; `used` of the calls that are kept."""

    tokens: float
    tokens_at: datetime
    minute_remaining: int | None = None
    day_remaining: int | None = None
    limits_at: datetime | None = None
    blocked_until: datetime | None = None
    blocked_by: str | None = None
    used: Kept = NOTHING_KEPT

    def tokens_at_instant(self, now: datetime) -> float:
        """Tokens in the bucket at `now`."""
        return _refilled(self.tokens, self.tokens_at, now, TENANT_REFILL, TENANT_BUCKET)


@dataclass(frozen=True, slots=True)
class AppBudget:
    """The bucket of the whole app."""

    tokens: float
    tokens_at: datetime
    blocked_until: datetime | None = None

    @classmethod
    def full(cls, now: datetime) -> "AppBudget":
        """A bucket nobody has drawn from."""
        return cls(APP_BUCKET, now)

    def tokens_at_instant(self, now: datetime) -> float:
        """Tokens in the bucket at `now`."""
        return _refilled(self.tokens, self.tokens_at, now, APP_REFILL, APP_BUCKET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of a budget.

    Attributes:
        calls: how many at most, 1 or more.
        for_api: for a caller who waits; else for the handlers.
        leave: calls that stay in the tenant's bucket, for work that is more urgent than this.
    """

    calls: int
    for_api: bool = False
    leave: int = 0


def grant(
    budget: TenantBudget, app: AppBudget, wish: Wish, *, kept: Kept, now: datetime
) -> Granted | Refused:
    """Decide. What is granted is at least 1 call and at most what was asked for."""
    for until, by in ((budget.blocked_until, budget.blocked_by), (app.blocked_until, "appminute")):
        if until is not None and until > now:
            return Refused(until, by or "minute")
    want = _within_day(budget, wish, kept, now)
    if want == 0:
        return Refused((budget.limits_at or now) + PROBE_EVERY, "day")
    tokens, app_tokens = budget.tokens_at_instant(now) - wish.leave, app.tokens_at_instant(now)
    if tokens < 1:
        return Refused(_ready(budget.tokens_at, now, (1 - tokens) / TENANT_REFILL), "minute")
    if app_tokens < 1:
        return Refused(_ready(app.tokens_at, now, (1 - app_tokens) / APP_REFILL), "appminute")
    return Granted(min(want, int(tokens), int(app_tokens)))


def _within_day(budget: TenantBudget, wish: Wish, kept: Kept, now: datetime) -> int:
    if budget.day_remaining is None or budget.limits_at is None:
        return wish.calls
    spare = kept.spare(budget.used, budget.day_remaining, for_api=wish.for_api)
    if spare > 0:
        # What is thrown away of a block would count as used of what is kept for who asked.
        near = budget.day_remaining - wish.calls < kept.both
        return min(1 if near else wish.calls, spare)
    # The hour at which a tenant's day begins anew is told nowhere, so one call finds out.
    return 1 if now - budget.limits_at >= PROBE_EVERY else 0


def _refilled(
    tokens: float, filled_at: datetime, now: datetime, per_s: float, bucket: float
) -> float:
    # A fill time ahead of now means that nothing flows in until then.
    waited_s = max((now - filled_at).total_seconds(), 0.0)
    return min(bucket, tokens + waited_s * per_s)


def _ready(filled_at: datetime, now: datetime, wait_s: float) -> datetime:
    return max(filled_at, now) + timedelta(seconds=wait_s)
