"""Xero's call limits: what answers say of them, and how many calls of a tenant may be in flight.

Five concurrent calls, 60 a minute and 1,000 or 5,000 a day per app and tenant; 10,000 a minute per
app (Xero: OAuth 2.0 API limits). Counting calls across processes is not done here: that is the
`CallBudget` which the client is handed.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from unified.ids import TenantId
from xero.turns import Turns, behalf

API = "api"  #: the one purpose with a share of its own; every other purpose is the handlers'
PROBLEMS = frozenset({"minute", "day", "concurrent", "appminute"})

#: Seconds to wait where a 429 does not say: Retry-After is promised for minute and day only. The
#: reset hour of a day differs by tenant and is told nowhere, so it is asked again after an hour.
DEFAULT_WAIT_S: Mapping[str, float] = {
    "minute": 60.0,
    "appminute": 60.0,
    "day": 3600.0,
    "unknown": 15.0,
}
LONGEST_WAIT_S = 86_400.0
MOST_COUNT = 1_000_000_000  #: fits wherever counts are kept
CONCURRENT_WAIT_S = (0.25, 1.0)  # least and most; any call that ends frees a place


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is left of each limit, as one answer told it; None where it said nothing."""

    minute_remaining: int | None = None
    day_remaining: int | None = None
    app_minute_remaining: int | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "Limits":
        """Read the X-…Limit-Remaining headers; what is no number counts as not said."""
        return cls(
            minute_remaining=_count(headers.get("x-minlimit-remaining")),
            day_remaining=_count(headers.get("x-daylimit-remaining")),
            app_minute_remaining=_count(headers.get("x-appminlimit-remaining")),
        )


UNTOLD = Limits()  #: an answer that said nothing, or none at all


def problem_of(headers: Mapping[str, str]) -> str:
    """Which limit a 429 is about; documentation writes both `appminute` and `app-minute`."""
    word = headers.get("x-rate-limit-problem", "")
    loose = "".join(letter for letter in word.lower() if letter.isalpha())
    return loose if loose in PROBLEMS else "unknown"


def wait_of(
    headers: Mapping[str, str], problem: str, rand: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after a 429: what Xero says, else what suits the limit."""
    told = retry_after(headers)
    if told is not None:
        return told
    if problem == "concurrent":
        least, most = CONCURRENT_WAIT_S
        return least + (most - least) * rand()
    return DEFAULT_WAIT_S.get(problem, DEFAULT_WAIT_S["unknown"])


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, at least 1 and at most a day; None where absent or no number."""
    told = _count(headers.get("retry-after"))
    return None if told is None else min(max(float(told), 1.0), LONGEST_WAIT_S)


def _count(text: str | None) -> int | None:
    """A count; one that is beyond all reason says that there is no limit to speak of."""
    digits = "" if text is None else text.strip()
    if not (digits.isascii() and digits.isdecimal()):
        return None
    return int(digits) if len(digits) < len(str(MOST_COUNT)) else MOST_COUNT


@dataclass(slots=True)
class _Slots:
    """Calls of one tenant: how many are in flight, and who waits, by purpose."""

    busy: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    waiting: dict[bool, Turns[asyncio.Future[None]]] = field(
        default_factory=lambda: {True: Turns(), False: Turns()}
    )


class ConcurrentCalls:
    """Places for calls in flight, per tenant: 4 for the handlers, 1 for the api.

    A process that runs both lends: an idle share may be used by the other, and a place that gets
    free goes first to whoever is below its own share. The api never borrows the handlers' last
    place: callers may read their answers slowly, handlers don't. A process that runs one of them
    must not lend (`lending=False`), since it can't see what the other process has in flight.

    Callers, as `turns.on_behalf_of` names them, are served in turn.
    """

    def __init__(self, *, handlers: int = 4, api: int = 1, lending: bool = True) -> None:
        self._share = {False: handlers, True: api}
        self._lending = lending
        self._tenants: dict[TenantId, _Slots] = {}

    @asynccontextmanager
    async def place(self, tenant_id: TenantId, purpose: str) -> AsyncIterator[None]:
        """Hold one place for the length of a call."""
        is_api = purpose == API
        slots = self._tenants.setdefault(tenant_id, _Slots())
        await self._enter(slots, is_api)
        try:
            yield
        finally:
            self._leave(tenant_id, slots, is_api)

    def in_flight(self, tenant_id: TenantId) -> int:
        """How many calls of a tenant are under way in this process."""
        slots = self._tenants.get(tenant_id)
        return sum(slots.busy.values()) if slots else 0

    async def _enter(self, slots: _Slots, is_api: bool) -> None:
        if self._free(slots, is_api):
            slots.busy[is_api] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        slots.waiting[is_api].push(behalf(), turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The place was granted in the same moment: hand it on.
                slots.busy[is_api] -= 1
                self._grant(slots)
            raise

    def _leave(self, tenant_id: TenantId, slots: _Slots, is_api: bool) -> None:
        slots.busy[is_api] -= 1
        self._grant(slots)
        if not any(slots.busy.values()) and not any(slots.waiting.values()):
            self._tenants.pop(tenant_id, None)

    def _free(self, slots: _Slots, is_api: bool) -> bool:
        if slots.busy[is_api] < self._share[is_api]:
            return not self._lending or sum(slots.busy.values()) < sum(self._share.values())
        if not self._lending or sum(slots.busy.values()) >= sum(self._share.values()):
            return False
        if is_api and slots.busy[is_api] >= sum(self._share.values()) - 1:
            return False
        return not any(not turn.done() for turn in slots.waiting[not is_api])

    def _grant(self, slots: _Slots) -> None:
        for is_api in sorted((True, False), key=lambda a: slots.busy[a] - self._share[a]):
            while self._free(slots, is_api):
                turn = slots.waiting[is_api].pop()
                if turn is None:
                    break
                if not turn.done():
                    slots.busy[is_api] += 1
                    turn.set_result(None)
