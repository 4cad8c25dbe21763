"""The worker: leases tenants that have something due and runs a session for each.

A NOTIFY wakes it at once; a poll stands behind it for what a NOTIFY can't tell (due times,
leases that ran out, a listener that was away). One tenant is worked for by one session at a time,
wherever it runs: the lease sees to that, and each commit checks its fencing token.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from handlers.session import TURN_S, TenantSession
from handlers.waiting import either, until
from handlers.workshop import Workshop, place_of
from storage.errors import LeaseLost, SecretsUnreadable, StorageError
from storage.leases import (
    TenantLease,
    release_tenant,
    renew_tenant,
    take_named_tenants,
    take_tenants,
)
from storage.notices import NOTICE_CHANNEL
from unified.ids import TenantId

POLL_S = 0.25  #: behind NOTIFY
LEASE = timedelta(seconds=10)  #: how long a killed worker's tenants wait for another
RENEW_EVERY_S = 3.0
TAKE_AT_ONCE = 8  #: tenants leased by one look, so that a backlog spreads over all workers
LONGEST_DRAIN_S = 4.0
STORAGE_REST_S = 1.0  #: a tenant's rest after the database failed its session
BROKEN_REST_S = 10.0  #: the same after a mistake of ours, which will most likely come again
SECRETS_REST_S = 300.0  #: the same where a key is missing: settings are read at the start alone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How much one worker takes on."""

    owner: str  #: who holds the leases; unique per process
    tenants_at_once: int = 64
    drain_s: float = LONGEST_DRAIN_S  #: for what is under way when told to stop
    turn_s: float = TURN_S  #: a tenant's turn where others wait for a place


class Worker:
    """Runs sessions until told to stop, then drains: work in hand is finished or given back."""

    def __init__(self, shop: Workshop, settings: WorkerSettings) -> None:
        self._shop = shop
        self._settings = settings
        self._sessions: dict[TenantId, TenantSession] = {}
        self._tasks: dict[TenantId, asyncio.Task[None]] = {}
        self._leases: dict[TenantId, TenantLease] = {}
        self._renewing: set[TenantLease] = set()
        self._resting: dict[TenantId, float] = {}  #: until when, by the event loop's clock
        self._kick = asyncio.Event()
        self._hinted: set[TenantId] = set()
        self._look_at = float("-inf")  #: the next look around, by the event loop's clock
        self._others_wait = False  #: the last one found at least as many as it could take

    def hint(self, payload: str) -> None:
        """A NOTIFY came: wake the sessions of the tenants that it names, and lease the others; it
        may mean anybody where it names nobody."""
        if not payload:
            for running in self._sessions.values():
                running.wake.set()
            self._look_around()
            return
        for tenant_id in map(TenantId, payload.split(",")):
            session = self._sessions.get(tenant_id)
            if session is not None:
                session.wake.set()
            else:
                self._hinted.add(tenant_id)
                self._kick.set()

    def _look_around(self) -> None:
        """Look for work of any tenant, whoever has waited longest first."""
        self._look_at = float("-inf")
        self._kick.set()

    @property
    def active(self) -> int:
        """Sessions running now."""
        return len(self._tasks)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and everything under way has ended."""
        subscription = await self._shop.db.listen(NOTICE_CHANNEL, self.hint)
        renewing = asyncio.create_task(self._renew())
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                self._kick.clear()
                try:
                    await self._lease_hinted()
                    if loop.time() >= self._look_at:
                        self._look_at = loop.time() + POLL_S
                        await self._lease_more()
                    self._shop.metrics.health.looked_for_work()
                except StorageError as error:
                    log.warning("lease_failed", error=type(error).__name__)
                    await until(stop, 1.0)
                wait_s = max(self._look_at - loop.time(), 0.0)
                await either(self._kick, stop, seconds=min(wait_s, POLL_S))
        finally:
            await self._drain()
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await subscription.close()

    async def _lease_hinted(self) -> None:
        """Lease those whom hints named, where nobody who has waited longer wants the place."""
        if self._is_full() or self._others_wait:
            self._hinted.clear()  # whoever is due is found in turn, as soon as a place is free
            return
        named = self._hinted.difference(self._tasks, self._still_resting())
        self._hinted.clear()
        if not named:
            return
        limit = self._limit()
        leases = await take_named_tenants(
            self._shop.db, self._settings.owner, sorted(named),
            now=self._shop.clock.now(), limit=limit, life=LEASE,
        )  # fmt: skip
        self._begin(leases)
        if len(leases) == limit:
            self._hinted |= named.difference(self._tasks)
            self._kick.set()

    async def _lease_more(self) -> None:
        if self._is_full():
            return
        limit = self._limit()
        leases = await take_tenants(
            self._shop.db,
            self._settings.owner,
            now=self._shop.clock.now(),
            limit=limit,
            life=LEASE,
            besides=[*self._tasks, *self._still_resting()],
        )
        self._begin(leases)
        self._others_wait = len(leases) == limit
        if self._others_wait:
            self._look_around()  # there may be more, unless another worker takes them meanwhile

    def _limit(self) -> int:
        return min(TAKE_AT_ONCE, self._settings.tenants_at_once - len(self._tasks))

    def _begin(self, leases: Sequence[TenantLease]) -> None:
        """Start a session for each."""
        for lease in leases:
            session = TenantSession(
                self._shop,
                lease.tenant_id,
                lease.fencing,
                crowded=self._is_full,
                turn_s=self._settings.turn_s,
            )
            self._sessions[lease.tenant_id] = session
            self._leases[lease.tenant_id] = lease
            self._tasks[lease.tenant_id] = asyncio.create_task(self._serve(session, lease))
        self._shop.metrics.sessions.set(len(self._tasks))

    def _is_full(self) -> bool:
        return len(self._tasks) >= self._settings.tenants_at_once

    def _still_resting(self) -> list[TenantId]:
        """Tenants whose last session said to leave them alone for a while."""
        now = asyncio.get_running_loop().time()
        self._resting = {each: until for each, until in self._resting.items() if until > now}
        return list(self._resting)

    async def _serve(self, session: TenantSession, lease: TenantLease) -> None:
        rest_s = STORAGE_REST_S
        try:
            rest_s = await session.run()
        except SecretsUnreadable:
            rest_s = SECRETS_REST_S
            log.error(  # noqa: TRY400  # where it was raised tells nothing
                "secrets_unreadable",
                tenant_id=lease.tenant_id,
                setting="LEDGERWIRE_SECRET_KEYS",
                remedy="add the key that this tenant's tokens were encrypted with, and restart",
                rest_s=rest_s,
            )
        except StorageError as error:
            log.warning("session_failed", tenant_id=lease.tenant_id, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001  # a fault of ours stays inside its tenant
            rest_s = BROKEN_REST_S
            name, place = type(error).__name__, place_of(error)
            log.error("session_broke", tenant_id=lease.tenant_id, error=name, at=place)  # noqa: TRY400  # its text may hold what was read
        finally:
            # From here on the lease is nobody's to renew: a renewal that comes too late must not
            # cut this off half-way, or the tenant would count as served for ever.
            self._leases.pop(lease.tenant_id, None)
            if rest_s > 0:
                until_s = asyncio.get_running_loop().time() + rest_s
                self._resting[lease.tenant_id] = until_s
            try:
                await self._give_back(lease)
            finally:
                if self._is_full():
                    self._look_around()  # somebody may wait for this place
                self._sessions.pop(lease.tenant_id, None)
                self._tasks.pop(lease.tenant_id, None)
                if session.wake.is_set():  # a hint that came after its last look is due again
                    self.hint(lease.tenant_id)

    async def _give_back(self, lease: TenantLease) -> None:
        try:
            await release_tenant(self._shop.db, lease)
        except StorageError as error:
            log.warning("release_failed", tenant_id=lease.tenant_id, error=type(error).__name__)

    async def _renew(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(RENEW_EVERY_S)
                group.create_task(self._renew_all())

    async def _renew_all(self) -> None:
        # Side by side: a row that somebody keeps locked holds up its own renewal and no other.
        waiting = [each for each in self._leases.values() if each not in self._renewing]
        self._renewing.update(waiting)
        await asyncio.gather(*(self._renew_one(lease) for lease in waiting))

    async def _renew_one(self, lease: TenantLease) -> None:
        try:
            await renew_tenant(self._shop.db, lease, life=LEASE)
        except LeaseLost:
            self._lost(lease)
        except StorageError as error:
            log.warning("renew_failed", tenant_id=lease.tenant_id, error=type(error).__name__)
        finally:
            self._renewing.discard(lease)

    def _lost(self, lease: TenantLease) -> None:
        """Somebody else works for the tenant now; what is under way here can't commit any more."""
        if self._leases.get(lease.tenant_id) != lease:
            return  # its session has ended meanwhile and gave the lease back itself
        log.warning("tenant_lost", tenant_id=lease.tenant_id)
        self._tasks[lease.tenant_id].cancel()

    async def _drain(self) -> None:
        """Let sessions end after their present step; cut off what takes too long.

        Whatever is cut off was not committed, so it is still due for whoever leases it next.
        """
        for session in self._sessions.values():
            session.stopping = True
            session.wake.set()
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._settings.drain_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
