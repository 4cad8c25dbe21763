"""One worker's time with one tenant, under the tenant's lease: live changes first, then slow work.

Two lanes run side by side under the same lease and the same call budget. The live lane reads what
notices ask for; the slow lane makes one sweep or one page of a backfill at a time. Calls are
reserved before anything is planned, so what arrives while a limit makes us wait is read together.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from handlers.absence import settle_missing
from handlers.absorb import Absorbed
from handlers.backfilling import backfill_origin
from handlers.capability import refusal_of
from handlers.cause import Origin
from handlers.children import parent_of, read_children, refuse_all
from handlers.compare import may_be_early, stale_wait
from handlers.planner import Call, CatchUpRead, IdsRead, ListRead, SingleRead, plan
from handlers.reading import Before, Harvest
from handlers.retry import Bury, Retry, Snooze, decide, may_be_spoilt
from handlers.slow_lane import backfill_organisation, slow_step
from handlers.snapshots import note_snapshot, question_of, refuse_snapshots
from handlers.sweeping import walk
from handlers.workshop import Workshop, bury, take_in
from storage.absorbing import lock_tenant
from storage.cursors import cursors
from storage.errors import LeaseLost, TenantNotLinked
from storage.notices import (
    Buried,
    Notice,
    Postponed,
    finish_notices,
    postpone_notices,
)
from storage.tenant_context import read_context
from storage.work import Work, look
from unified.ids import TenantId
from unified.resource import Resource, TenantContext
from unified.resources import SOURCES, by_endpoint
from xero.calling import HANDLERS
from xero.errors import RateLimited, XeroError

ORIGIN = Origin(kind="poll", detected_by="notice")
MOST_DUE = 2_000  #: notices looked at for one plan
LOOK_AGAIN = timedelta(seconds=0.1)  #: business time; a longer wait for calls may have brought more
MISSING = "missing"
REST_S = 2.0  #: a tenant's rest after a session that could not go on
IDLE_REST_S = 1.0  #: the same after one that found nothing to do, so that no mistake runs hot
DAY_REST_S = 30.0  #: the same where the day's calls are spent: that takes hours, not seconds
TURN_S = 5.0  #: a tenant's turn where others may be waiting for theirs

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TenantSession:
    """Works for one leased tenant until nothing is due."""

    shop: Workshop
    tenant_id: TenantId
    fencing: int
    crowded: Callable[[], bool] = lambda: False  #: whether other tenants may be kept waiting
    turn_s: float = TURN_S
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False

    async def run(self) -> float:
        """Work until nothing is due, the tenant is lost, its turn is over, or a limit says wait.

        Returns the seconds (real time) for which the tenant should be left alone.

        Raises:
            StorageUnavailable: the database went away; whatever was not committed is still due.
        """
        try:
            work = await self._ensure_organisation()
            if work is None:
                return REST_S
            return 0.0 if await self._work(work) else IDLE_REST_S
        except (LeaseLost, TenantNotLinked) as error:
            log.info("session_ended", tenant_id=self.tenant_id, reason=type(error).__name__)
            return REST_S
        except RateLimited as error:
            log.info("tenant_snoozed", tenant_id=self.tenant_id, problem=error.problem,
                     retry_after_s=round(error.retry_after_s, 1))  # fmt: skip
            return min(error.retry_after_s, DAY_REST_S if error.problem == "day" else REST_S)
        except XeroError as error:
            self.shop.metrics.failed_reads.labels(error=type(error).__name__).inc()
            log.warning("session_failed", tenant_id=self.tenant_id, error=type(error).__name__)
            return REST_S

    async def _work(self, first: Work | None) -> bool:
        """Do what is due in both lanes, beginning with what was seen first; False if nothing ever
        was."""
        found = overtaken = False
        slow: asyncio.Task[bool] | None = None
        ends_at = asyncio.get_running_loop().time() + self.turn_s
        try:
            while not self.stopping:
                if found and (slow is None or slow.done()) and self._is_over(ends_at):
                    break  # what is left is still due, and leased again when its turn has come
                work = first or await self._look()
                first = None
                if work.notices:
                    await self._live_step(work)
                    found = overtaken = True
                    continue
                if slow is None and self._is_idle(work):
                    break
                if slow is None:
                    slow, overtaken = asyncio.create_task(self._slow_step()), False
                await self._either(slow)
                if slow.done():
                    done, slow = slow, None
                    if overtaken and _gave_way(done):
                        continue
                    worked = done.result()
                    found = found or worked
                    if not worked and not self.wake.is_set():
                        break
        finally:
            if slow is not None:
                slow.cancel()
                await asyncio.gather(slow, return_exceptions=True)
        return found

    def _is_idle(self, work: Work) -> bool:
        """Whether nothing slow is due either, and no hint has come since that look."""
        due_at = work.slow_due_at
        return not self.wake.is_set() and (due_at is None or due_at > self.shop.clock.now())

    def _is_over(self, ends_at: float) -> bool:
        return self.crowded() and asyncio.get_running_loop().time() >= ends_at

    async def _either(self, slow: "asyncio.Task[bool]") -> None:
        woken = asyncio.create_task(self.wake.wait())
        try:
            await asyncio.wait((slow, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def context(self) -> TenantContext:
        """What normalizing needs to know of the tenant, as of now.

        Raises:
            TenantNotLinked: nothing may be done for it.
        """
        return await read_context(self.shop.db, self.tenant_id)

    async def _look(self) -> Work:
        """What is due; a hint that comes from here on wakes the session again."""
        self.wake.clear()
        shop = self.shop
        return await look(shop.db, self.tenant_id, now=shop.clock.now(), limit=MOST_DUE)

    async def _ensure_organisation(self) -> Work | None:
        """Read the organisation first: its currency, zone and calendar shape every other record.

        None if it can't be read (now): nothing else may be.
        """
        work = await self._look()
        if work.context.business_date is None:
            await backfill_organisation(self.shop, work.context, self.fencing)
            work = await self._look()
        return None if work.context.business_date is None else work

    async def _slow_step(self) -> bool:
        return await slow_step(self.shop, await self.context(), self.fencing)

    async def _live_step(self, work: Work) -> None:
        """Read one plan's worth of what is due."""
        shop, looked = self.shop, self.shop.clock.now()
        free = await shop.budget.ahead(self.tenant_id, shop.most_calls)
        if self.wake.is_set() or shop.clock.now() - looked > LOOK_AGAIN:
            work = await self._look()  # what came while a limit made us wait is read together
        due = work.notices
        carried = [notice for notice in due if by_endpoint(notice.endpoint) is not None]
        await self._drop([notice for notice in due if by_endpoint(notice.endpoint) is None])
        chosen = plan(carried, {r.endpoint.path: r.endpoint for r in SOURCES}, budget=free)
        await self._all(self._perform(work, call) for call in chosen.calls)

    @staticmethod
    async def _all(jobs: Iterable[Awaitable[None]]) -> None:
        """Run jobs side by side; every one ends before the first error is passed on."""
        results = await asyncio.gather(*jobs, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _drop(self, notices: Sequence[Notice]) -> None:
        """Finish notices of endpoints that this version does not carry (any more)."""
        if not notices:
            return
        async with self.shop.db.transaction() as conn:
            await lock_tenant(conn, self.tenant_id, fencing=self.fencing)
            await finish_notices(conn, self.tenant_id, notices)

    async def _perform(self, work: Work, call: Call) -> None:
        shop = self.shop
        resource = by_endpoint(call.endpoint.path)
        assert resource is not None  # noqa: S101  # plan() was given registered endpoints
        notices = (call.notice,) if isinstance(call, SingleRead) else call.notices
        origin = await self._origin(resource)
        if isinstance(call, SingleRead) and call.endpoint.children:
            await self._read_children(work, resource, call.notice, origin)
            return
        done = Absorbed()
        answered: set[str] = set()

        async def take(harvest: Harvest) -> None:
            nonlocal done
            answered.update(harvest.remote_ids)
            done += await take_in(
                shop, self.tenant_id, resource, harvest, origin, fencing=self.fencing
            )

        try:
            await self._fetch(work, resource, call, take)
        except XeroError as error:
            reason = refusal_of(resource.endpoint, error)
            if reason is not None and resource.endpoint.asked is not None:
                await refuse_snapshots(
                    self.shop, self.tenant_id, resource, reason, fencing=self.fencing
                )
                return
            left = [each for each in notices if each.remote_id not in answered]
            batched = len(left) > 1
            spoilt = batched and await self._is_spoilt(work, resource, left, error, take)
            left = [each for each in left if each.remote_id not in answered]
            await self._failed(resource, left, error, batched=batched, spoilt=spoilt)
            if isinstance(error, RateLimited):
                raise
            return
        await self._settle_absent(
            resource, notices, answered,
            alone=isinstance(call, SingleRead), asked_at=work.looked_at,
        )  # fmt: skip
        log.info("absorbed", tenant_id=self.tenant_id, resource=resource.name,
                 call=type(call).__name__, notices=len(notices), events=done.events,
                 same=done.same, too_early=done.too_early)  # fmt: skip

    async def _origin(self, resource: Resource) -> Origin:
        """Why it is read: what the lists of a backfill asked for is that backfill's."""
        if resource.endpoint.detail or resource.endpoint.children:
            state = (await cursors(self.shop.db, self.tenant_id)).get(resource.endpoint.path)
            if state is not None and state.backfill_state != "done":
                return backfill_origin(state)
        return ORIGIN

    async def _read_children(
        self, work: Work, resource: Resource, notice: Notice, origin: Origin
    ) -> None:
        """Read what belongs to one parent."""
        parent = parent_of(notice)
        if parent is None:
            await self._drop([notice])
            return
        try:
            events = await read_children(
                self.shop, work, resource, notice, parent, origin, fencing=self.fencing
            )
        except XeroError as error:
            reason = refusal_of(resource.endpoint, error)
            if reason is not None:
                await refuse_all(self.shop, self.tenant_id, resource, reason, fencing=self.fencing)
                return
            await self._failed(resource, [notice], error, batched=False)
            if isinstance(error, RateLimited):
                raise
            return
        log.info("children_read", tenant_id=self.tenant_id, resource=resource.name,
                 parent=parent.endpoint, events=events)  # fmt: skip

    async def _fetch(
        self,
        work: Work,
        resource: Resource,
        call: Call,
        take: Callable[[Harvest], Awaitable[None]],
    ) -> None:
        reader, context = self.shop.reader, work.context
        before = Before(mark=work.mark, asked_at=work.looked_at)
        match call:
            case SingleRead():
                remote_id = call.notice.remote_id
                question = await question_of(self.shop, context, resource, remote_id)
                if question is None:
                    await take(await reader.single(context, resource, remote_id, before=before))
                    return
                await take(await reader.answer(context, resource, question, before=before))
                await note_snapshot(self.shop, self.tenant_id, resource, fencing=self.fencing)
            case IdsRead():
                ids = [notice.remote_id for notice in call.notices]
                await take(await reader.by_ids(context, resource, ids, before=before))
            case CatchUpRead() | ListRead():
                since = call.since if isinstance(call, CatchUpRead) else None
                await walk(reader, context, resource, since=since, purpose=HANDLERS, take=take)

    async def _settle_absent(
        self,
        resource: Resource,
        notices: Sequence[Notice],
        answered: Set[str],
        *,
        alone: bool,
        asked_at: datetime,
    ) -> None:
        """What was asked for and not answered is read alone; what is missing alone is buried.

        Where a hint says that it exists, it may only be too early to see it, so it is asked for
        again first. One answer is no proof that it is gone, unless complete lists say so too.
        """
        absent = [notice for notice in notices if notice.remote_id not in answered]
        if not absent:
            return
        now = self.shop.clock.now()
        if not alone and resource.endpoint.single:
            await self._postpone([_again(notice, now, single_read=True) for notice in absent])
            return
        early = [each for each in absent if each.hinted_at and may_be_early(each)]
        await self._postpone([_later(notice, now) for notice in early])
        for notice in absent:
            if notice in early or await settle_missing(
                self.shop, self.tenant_id, resource, notice,
                asked_at=asked_at, fencing=self.fencing,
            ):  # fmt: skip
                continue
            await bury(
                self.shop, self.tenant_id, resource, fencing=self.fencing,
                buried=Buried(
                    endpoint=notice.endpoint, remote_id=notice.remote_id, version=notice.version,
                    error_code=MISSING, error="Xero does not know it (404)", raw=None,
                ),
            )  # fmt: skip

    async def _is_spoilt(
        self,
        work: Work,
        resource: Resource,
        notices: Sequence[Notice],
        error: XeroError,
        take: Callable[[Harvest], Awaitable[None]],
    ) -> bool:
        """Whether Xero answers for one of these by itself, another one each time.

        Then one of the others fails them all. In an outage that costs one call more; taking every
        batch apart would cost one for each thing, again and again, until the day's are spent.
        """
        outages = max(notice.outages for notice in notices) + 1
        if not resource.endpoint.single or not may_be_spoilt(error, outages=outages):
            return False
        by_id = sorted(notices, key=lambda notice: notice.remote_id)
        one = SingleRead(resource.endpoint, by_id[outages % len(by_id)])
        try:
            await self._fetch(work, resource, one, take)
        except XeroError:
            return False
        return True

    async def _failed(
        self,
        resource: Resource,
        notices: Sequence[Notice],
        error: XeroError,
        *,
        batched: bool,
        spoilt: bool = False,
    ) -> None:
        """Let each notice of a failed call wait, try again, or be buried."""
        shop = self.shop
        shop.metrics.failed_reads.labels(error=type(error).__name__).inc()
        log.warning("read_failed", tenant_id=self.tenant_id, resource=resource.name,
                    notices=len(notices), error=type(error).__name__)  # fmt: skip
        now = shop.clock.now()
        waiting: list[Postponed] = []
        jitter = random.random()  # noqa: S311  # spreads waits, guards nothing
        for notice in notices:
            attempts, outages = notice.attempts + 1, notice.outages + 1
            decision = decide(
                error, attempts=attempts, outages=outages,
                batched=batched, jitter=jitter, spoilt=spoilt,
            )  # fmt: skip
            match decision:
                case Snooze(wait, outage, apart):
                    why = error if outage else None
                    kept = _postponed(notice, now + wait, error=why, alone=apart)
                    waiting.append(replace(kept, outages=outages if outage else 0))
                case Retry(wait, alone):
                    kept = _postponed(notice, now + wait, error=error, alone=alone)
                    waiting.append(replace(kept, attempts=attempts))
                case Bury(code, reason):
                    buried = Buried(
                        endpoint=notice.endpoint, remote_id=notice.remote_id,
                        version=notice.version, error_code=code, error=reason, raw=None,
                    )  # fmt: skip
                    await bury(shop, self.tenant_id, resource, fencing=self.fencing, buried=buried)
        await self._postpone(waiting)

    async def _postpone(self, rows: Sequence[Postponed]) -> None:
        if not rows:
            return
        async with self.shop.db.transaction() as conn:
            await lock_tenant(conn, self.tenant_id, fencing=self.fencing)
            await postpone_notices(conn, self.tenant_id, rows)


def _gave_way(slow: "asyncio.Task[bool]") -> bool:
    """Whether slow work found no call left because live changes had taken them: it asks again."""
    error = slow.exception()
    return isinstance(error, RateLimited) and error.problem == "minute"


def _again(notice: Notice, now: datetime, *, single_read: bool) -> Postponed:
    return Postponed(
        notice=notice,
        due_at=now,
        attempts=notice.attempts,
        stale_reads=notice.stale_reads,
        single_read=single_read,
    )


def _later(notice: Notice, now: datetime) -> Postponed:
    return Postponed(
        notice=notice,
        due_at=now + stale_wait(notice),
        attempts=notice.attempts,
        stale_reads=notice.stale_reads + 1,
        single_read=notice.single_read,
    )


def _postponed(
    notice: Notice,
    due_at: datetime,
    *,
    error: XeroError | None = None,
    alone: bool = False,
) -> Postponed:
    return Postponed(
        notice=notice,
        due_at=due_at,
        attempts=notice.attempts,
        stale_reads=notice.stale_reads,
        single_read=notice.single_read or alone,
        error_code=None if error is None else type(error).__name__,
        error=None if error is None else str(error),
    )
