"""One failed read and what it costs its notices: wait, try again, or bury. Pure.

Waiting isn't failing: a spent limit moves the due time and uses no attempt. Neither does an outage
of Xero, which is waited out for as long as it lasts: every notice would otherwise die with it, or
at the first refusal after it. What Xero refuses, or what can't be read, is buried once the attempts
run out, visible and replayable. Where Xero breaks at one thing alone, that waits for itself only.
"""

from dataclasses import dataclass
from datetime import timedelta

from xero.errors import PayloadRefused, ResourceMissing, UndecodableAnswer, XeroUnreachable

ABOUT_ONE = (PayloadRefused, ResourceMissing, UndecodableAnswer)
"""What one bad thing can bring on its whole batch; other refusals meet every thing alike."""
MAX_ATTEMPTS = 6  #: tries of what Xero refuses or what can't be decoded
OUTAGES_TOGETHER = 5  #: times in a row that a batch breaks Xero before one of it is tried alone
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
CONCURRENT_WAIT_S = 1.0  #: Xero promises no Retry-After when too many calls are under way


@dataclass(frozen=True, slots=True)
class Snooze:
    """Wait; no attempt is used. After an `outage` the next wait is longer; read it alone next time
    if `alone`."""

    wait: timedelta
    outage: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Wait and count the attempt; read it alone next time if `alone`."""

    wait: timedelta
    alone: bool


@dataclass(frozen=True, slots=True)
class Bury:
    """Stop, and keep it for a person."""

    code: str
    reason: str


def may_be_spoilt(error: Exception, *, outages: int) -> bool:
    """Whether it may be one thing of the batch that breaks Xero, and not Xero that is out of order:
    time and again it was there, and failed."""
    broke = isinstance(error, XeroUnreachable) and error.status == 500
    return broke and outages >= OUTAGES_TOGETHER


def decide(
    error: Exception,
    *,
    attempts: int,
    outages: int,
    batched: bool,
    jitter: float,
    spoilt: bool = False,
) -> Snooze | Retry | Bury:
    """Judge one failure.

    `attempts` counts the tries that were refused so far, `outages` the times in a row that there
    was no usable answer, both with this one; `batched` says whether the read was for several
    things at once, `spoilt` that one of these was answered by itself meanwhile; `jitter` is a
    number from 0 to 1 that spreads the waits. Errors tell by `retriable` and `retry_after_s` what
    they are.
    """
    retry_after_s: float | None = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        return Snooze(timedelta(seconds=max(retry_after_s, CONCURRENT_WAIT_S * (0.5 + jitter))))
    if getattr(error, "retriable", False):
        if spoilt:
            return Snooze(timedelta(0), outage=True, alone=True)
        return Snooze(timedelta(seconds=_backoff_s(outages, jitter)), outage=True)
    wait = timedelta(seconds=_backoff_s(attempts, jitter))
    undecodable = isinstance(error, UndecodableAnswer)
    if batched and isinstance(error, ABOUT_ONE) and (not undecodable or attempts > 1):
        # One bad thing fails its whole batch: alone, it can only fail itself. An answer that can't
        # be read was mostly cut short on its way, so its batch gets a second chance.
        return Retry(timedelta(0), alone=True)
    if attempts >= MAX_ATTEMPTS:
        return Bury(type(error).__name__, f"{attempts} attempts, the last: {error}")
    return Retry(wait, alone=not batched)


def _backoff_s(failures: int, jitter: float) -> float:
    """1 s after the first failure, 2, 4, … up to 300 s, each between half and whole."""
    longest = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 16), LONGEST_WAIT_S)
    return longest * (0.5 + jitter / 2)
