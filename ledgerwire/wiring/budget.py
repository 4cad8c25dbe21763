"""The call budget that `xero` asks for, over the counts that `storage` keeps in tenants' rows.

Calls are reserved in blocks, so that not every call costs a transaction. A block is good for a few
seconds only: what it holds would else come on top of a bucket that is full again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

import structlog

from storage.call_budget import Kept, Refused, Wish
from storage.calls import Usage, block_calls, learn_limits, meter, reserve_calls
from storage.database import Database
from storage.errors import UnknownTenant
from unified.clock import Clock
from unified.ids import TenantId
from xero.errors import RateLimited, TenantRefused
from xero.limits import API, UNTOLD, Limits
from xero.turns import FairLock, behalf

log = structlog.get_logger(__name__)

BLOCK = 5  #: calls reserved at once for live changes; everybody else takes them singly
SLOW = frozenset({"sweep", "backfill", "audit"})  #: purposes that stand back behind live changes
LEFT_FOR_LIVE = 2  #: calls that slow work leaves in the bucket, unless it has waited its time
BLOCK_LIFE = timedelta(seconds=5)  #: business time; the bucket refills by a call a second
LONGEST_WAIT_S = 5.0  #: a longer wait is the caller's: it has other tenants to work for
#: Of a day's calls, for callers and for the handlers: a twentieth each of most tiers' 5,000.
KEPT = Kept(api=250, handlers=250)
#: Business time by which a lane that had the last call comes later for the next. Processes that
#: wait for the same call would else be served by chance. It costs no call: the bucket fills on.
YIELD_S = 0.1
APP_MATTERS_BELOW = 1_500  #: above this the app's remaining minute changes nothing in our counts


class _Lane(Enum):
    """Who calls: each lane has a queue of its own."""

    LIVE = "live"
    SLOW = "slow"
    API = "api"

    @classmethod
    def of(cls, purpose: str) -> "_Lane":
        if purpose == API:
            return cls.API
        return cls.SLOW if purpose in SLOW else cls.LIVE


@dataclass(slots=True)
class _Block:
    """Calls reserved and not yet made, and the queue of those who want one."""

    calls: int = 0
    until: datetime | None = None
    turn: FairLock = field(default_factory=FairLock)
    yields: bool = False  #: had the last call: lets another process, who waits too, go first

    def at_hand(self, now: datetime) -> bool:
        return self.calls > 0 and self.until is not None and now < self.until

    def take(self, now: datetime) -> bool:
        if not self.at_hand(now):
            return False
        self.calls -= 1
        return True


class StoredBudget:
    """The `CallBudget` of a process.

    Args of the constructor:
        kept: calls of a tenant's day that api and handlers leave to each other.
        pause: waits so many seconds; tests hand in one that moves their clock.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        kept: Kept = KEPT,
        longest_wait_s: float = LONGEST_WAIT_S,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept
        self._longest_wait_s = longest_wait_s
        self._pause = pause
        self._blocks: dict[tuple[TenantId, _Lane], _Block] = {}
        self._contests: dict[TenantId, FairLock] = {}

    async def reserve(self, tenant_id: TenantId, purpose: str) -> None:
        """Return once a call may be made.

        Raises:
            RateLimited: that would take longer than a few seconds.
            TenantRefused: there is no such tenant.
            StorageUnavailable.
        """
        lane = _Lane.of(purpose)
        block = self._blocks.setdefault((tenant_id, lane), _Block())
        deadline = self._clock.now() + timedelta(seconds=self._longest_wait_s)
        async with block.turn.turn(behalf()):  # callers in turn, what each asked in its order
            if lane is _Lane.API:
                deadline = self._head_deadline(tenant_id, deadline)
            while not block.take(self._clock.now()):
                deadline = self._still(deadline)
                await self._fill(block, tenant_id, lane, deadline=deadline)

    async def ahead(self, tenant_id: TenantId, most: int) -> int:
        """Return once the handlers have a call at hand: how many, up to `most`.

        Nothing is taken. Planning after this wait lets what arrived meanwhile share a call.

        Raises: as `reserve`.
        """
        block = self._blocks.setdefault((tenant_id, _Lane.LIVE), _Block())
        deadline = self._clock.now() + timedelta(seconds=self._longest_wait_s)
        async with block.turn.turn(behalf()):
            while not block.at_hand(self._clock.now()):
                deadline = self._still(deadline)
                await self._fill(block, tenant_id, _Lane.LIVE, deadline=deadline)
            return min(block.calls, most)

    async def refused(
        self, tenant_id: TenantId, problem: str, *, retry_after_s: float, purpose: str
    ) -> None:
        """After a 429: nobody calls for this tenant until then, or for any if it was the app's."""
        log.warning(
            "calls_refused", tenant_id=tenant_id, problem=problem, retry_after_s=retry_after_s
        )
        self._drop_blocks(tenant_id)
        now = self._clock.now()
        until = now + timedelta(seconds=retry_after_s)
        await block_calls(self._database, tenant_id, until=until, by=problem, now=now)
        usage = Usage(tenant_id=tenant_id, day=now.date(), purpose=purpose, refused=1)
        await meter(self._database, [usage])

    async def spent(
        self,
        tenant_id: TenantId,
        purpose: str,
        *,
        size: int,
        limits: Limits = UNTOLD,
        endpoint: str | None = None,
    ) -> None:
        """One call was answered, with `size` bytes: add it to the tenant's day, and take over
        what Xero says is left."""
        app = limits.app_minute_remaining
        # The app's row is one for all tenants: it is touched only when that changes something.
        tight = app if app is not None and app < APP_MATTERS_BELOW else None
        if limits.minute_remaining == 0 or limits.day_remaining == 0:
            self._drop_blocks(tenant_id)
        now = self._clock.now()
        await learn_limits(
            self._database,
            tenant_id,
            now=now,
            minute_remaining=limits.minute_remaining,
            day_remaining=limits.day_remaining,
            app_minute_remaining=tight,
            spent=Usage(tenant_id=tenant_id, day=now.date(), purpose=purpose, calls=1, bytes=size),
            endpoint=endpoint,
        )

    def _still(self, deadline: datetime, *, spans: int = 1) -> datetime:
        """A deadline so many longest waits away at most, as it is but where the clock was set back
        meanwhile: nobody waits until it has come as far again."""
        return min(deadline, self._clock.now() + spans * timedelta(seconds=self._longest_wait_s))

    def _head_deadline(self, tenant_id: TenantId, deadline: datetime) -> datetime:
        """Until when the head of the callers' queue waits for its call.

        Where too many ask, those who come to the head have waited for most of their time. If they
        could only give up there, none would ever get a call: so whoever comes in time has as long
        again, and whoever comes late holds nobody up.
        """
        now = self._clock.now()
        if now > deadline:
            raise RateLimited(tenant_id, "minute", self._longest_wait_s)
        return now + timedelta(seconds=self._longest_wait_s)

    async def _fill(
        self, block: _Block, tenant_id: TenantId, lane: "_Lane", *, deadline: datetime
    ) -> None:
        """Put calls into the block, or wait for a while, or give up.

        Slow work stands back until its time is up. Then it takes turns with live changes and
        callers as these do with each other, for as long again, so that nobody starves anybody.
        """
        if lane is _Lane.SLOW:
            if self._clock.now() < deadline:
                await self._stand_back(block, tenant_id, deadline)
                return
            deadline += timedelta(seconds=self._longest_wait_s)
        async with self._contests.setdefault(tenant_id, FairLock()).turn(lane.value):
            while not block.at_hand(self._clock.now()):
                now = self._clock.now()
                wish = Wish(calls=BLOCK if lane is _Lane.LIVE else 1, for_api=lane is _Lane.API)
                refused = await self._asked(block, tenant_id, wish, now)
                if refused is None:
                    block.yields = True
                    return
                await self._wait(tenant_id, refused, now, deadline=self._still(deadline, spans=2))
                if block.yields:
                    await self._pause(YIELD_S)
                block.yields = False

    async def _stand_back(self, block: _Block, tenant_id: TenantId, deadline: datetime) -> None:
        """Take a call where more than enough are there; else wait for that, up to the deadline."""
        now = self._clock.now()
        refused = await self._asked(block, tenant_id, Wish(calls=1, leave=LEFT_FOR_LIVE), now)
        if refused is None:
            return
        last = deadline + timedelta(seconds=self._longest_wait_s)
        soon = Refused(min(refused.until, deadline), refused.by)
        await self._wait(tenant_id, soon if refused.until <= last else refused, now, deadline=last)

    async def _asked(
        self, block: _Block, tenant_id: TenantId, wish: Wish, now: datetime
    ) -> Refused | None:
        try:
            decision = await reserve_calls(
                self._database, tenant_id, wish, now=now, kept=self._kept
            )
        except UnknownTenant:
            raise TenantRefused(tenant_id) from None
        if isinstance(decision, Refused):
            return decision
        block.calls, block.until = decision.calls, now + BLOCK_LIFE
        return None

    async def _wait(
        self, tenant_id: TenantId, refused: Refused, now: datetime, *, deadline: datetime
    ) -> None:
        wait_s = (refused.until - now).total_seconds()
        if refused.until > deadline:
            raise RateLimited(tenant_id, refused.by, wait_s)
        await self._pause(max(wait_s, 0.01))

    def _drop_blocks(self, tenant_id: TenantId) -> None:
        for lane in _Lane:
            block = self._blocks.get((tenant_id, lane))
            if block is not None:
                block.calls = 0
