"""Group commit: whatever arrives while a commit runs shares the next one.

A commit costs a write to disk however much is in it, so under load it is shared and with no load
nobody waits for company. This module knows nothing of deliveries or SQL: it is handed the function
that stores a batch, all of it or nothing.

Whoever submits waits for the commit that holds its item, and may stop waiting at any time. If it
does so before that commit begins, the item is left out; if later, the item may be stored although
nobody was told. For a delivery that is harmless: it is answered 503, Xero sends the same bytes
again, and their digest shows the repetition, which adds no second notice.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Any, Generic, TypeVar

import structlog

from storage.errors import StorageConflict, StorageUnavailable

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_TRIES = 3  # of a transaction that a concurrent one got in the way of

log = structlog.get_logger(__name__)


class Reason(StrEnum):
    """Why an item was not stored; submitting it again is right in every case."""

    STOPPING = "stopping"  # not started yet, or draining
    FULL = "full"  # too many wait already
    DATABASE = "database"  # it is away, shutting down or cannot write
    LATE = "late"  # no commit in time; it may still happen
    FAILED = "failed"  # the database refused this item itself


class NotStored(Exception):
    """An item was not stored, or not in time to know.

    Attributes:
        reason: why, as a word that can be counted.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"not stored: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitLimits:
    """How much may wait, how much goes into one commit and how long one may take."""

    waiting: int = 4096  # items; one more is refused at once
    batch: int = 128  # items: long write transactions would hold up the handlers' short ones
    gather_s: float = 0.005  # at most, before a commit while others keep coming in
    commit_s: float = 4.0  # by then nobody waits for it any more, so it is given up
    end_s: float = 1.0  # at the end, for what nobody waits for any more


@dataclass(slots=True)
class _Waiting(Generic[ItemT, ResultT]):
    item: ItemT
    answer: asyncio.Future[ResultT]


class GroupCommit(Generic[ItemT, ResultT]):
    """A bounded line of items in front of one commit at a time."""

    def __init__(
        self,
        store: Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]],
        *,
        limits: CommitLimits,
        committed: Callable[[int, float], None],
    ) -> None:
        """Store batches with `store`, which returns one result per item, in order.

        `committed` is told of each commit: its number of items and its seconds.
        """
        self._store = store
        self._limits = limits
        self._committed = committed
        self._line: deque[_Waiting[ItemT, ResultT]] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._loop_task: asyncio.Task[None] | None = None
        self._writing: Sequence[_Waiting[ItemT, ResultT]] = ()  # the running commit's
        self._given_up: set[asyncio.Future[Sequence[ResultT]]] = set()

    @property
    def waiting(self) -> int:
        """Items in line, not counting those of the running commit."""
        return len(self._line)

    @property
    def accepting(self) -> bool:
        """Whether another item would be let in now."""
        return self._running and len(self._line) < self._limits.waiting

    @property
    def _running(self) -> bool:
        task = self._loop_task
        return task is not None and not task.done() and not self._stopping

    def start(self) -> None:
        """Begin committing, on the running event loop."""
        self._loop_task = asyncio.create_task(self._run(), name="group-commit")

    async def drain(self) -> None:
        """Let nobody in any more, finish all that was let in, and end."""
        self._stopping = True
        self._arrived.set()
        if self._loop_task is not None:
            await self._finish(self._loop_task)
        if self._given_up:  # cancelled already; one on a dead connection may take minutes to end
            await asyncio.wait(self._given_up, timeout=self._limits.end_s)

    async def _finish(self, loop_task: asyncio.Task[None]) -> None:
        """Let it work for as long as anybody waits for an answer, and then not much longer."""
        waiting = [each.answer for each in (*self._writing, *self._line)]
        either: set[asyncio.Future[Any]] = {loop_task}
        either.add(asyncio.gather(*waiting, return_exceptions=True))
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({loop_task}, timeout=self._limits.end_s)
        loop_task.cancel()
        with suppress(asyncio.CancelledError):
            await loop_task

    async def submit(self, item: ItemT) -> ResultT:
        """Store one item and return its result once it is on disk.

        Raises:
            NotStored: it was not, or not in time to know. Submitting it again is safe.
        """
        if not self.accepting:
            raise NotStored(Reason.FULL if self._running else Reason.STOPPING)
        answer: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._line.append(_Waiting(item, answer))
        self._arrived.set()
        return await answer

    async def _run(self) -> None:
        while not (self._stopping and not self._line):
            await self._arrived.wait()
            self._arrived.clear()
            while batch := await self._gathered():
                await self._commit(batch)

    async def _gathered(self) -> list[_Waiting[ItemT, ResultT]]:
        """Take a batch, once everybody who is at the door has come in.

        What has reached the process but not yet the line comes in within two turns of the event
        loop. With no load that costs microseconds; under load it makes few large commits of many
        small ones, and these are what costs. New arrivals may put it off for so long only.
        """
        until = perf_counter() + self._limits.gather_s
        before, quiet = 0, 0
        while quiet < 2 and len(self._line) < self._limits.batch and perf_counter() < until:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._line) == before else 0
            before = len(self._line)
        return self._take()

    def _take(self) -> list[_Waiting[ItemT, ResultT]]:
        batch: list[_Waiting[ItemT, ResultT]] = []
        while self._line and len(batch) < self._limits.batch:
            waiting = self._line.popleft()
            if not waiting.answer.done():  # done: cancelled, its deadline passed in line
                batch.append(waiting)
        return batch

    async def _commit(self, batch: list[_Waiting[ItemT, ResultT]]) -> None:
        started = perf_counter()
        self._writing = batch
        try:
            results = await self._stored([waiting.item for waiting in batch])
            for waiting, result in zip(batch, results, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(result)
        except (StorageUnavailable, StorageConflict):
            _refuse(batch, Reason.DATABASE)
        except TimeoutError:
            _refuse(batch, Reason.LATE)
        except Exception as error:  # noqa: BLE001  # one item nobody foresaw must not end the loop
            # Its text may quote the row, so the type alone is logged.
            log.error("commit_failed", error=type(error).__name__, items=len(batch))  # noqa: TRY400  # as above
            await self._commit_singly(batch)
        else:
            self._committed(len(batch), perf_counter() - started)

    async def _commit_singly(self, batch: list[_Waiting[ItemT, ResultT]]) -> None:
        """Keep one item that cannot be stored from failing those it shared a commit with."""
        if len(batch) == 1:
            _refuse(batch, Reason.FAILED)
            return
        for waiting in batch:
            if not waiting.answer.done():
                await self._commit([waiting])

    async def _stored(self, items: list[ItemT]) -> Sequence[ResultT]:
        """Store, or raise TimeoutError without waiting for the cancelled attempt to notice.

        A connection to a machine that fell silent takes minutes to fail; the next commit has
        another one from the pool and need not wait for it.
        """
        task = asyncio.ensure_future(self._attempted(items))
        try:
            await asyncio.wait({task}, timeout=self._limits.commit_s)
        finally:
            if not task.done():
                self._given_up.add(task)
                task.add_done_callback(self._forget)
                task.cancel()
        if task in self._given_up:
            raise TimeoutError
        return task.result()

    async def _attempted(self, items: list[ItemT]) -> Sequence[ResultT]:
        for _ in range(_TRIES - 1):
            try:
                return await self._store(items)
            except StorageConflict:
                continue
        return await self._store(items)

    def _forget(self, task: "asyncio.Future[Sequence[ResultT]]") -> None:
        self._given_up.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, or asyncio would report it as lost


def _refuse(batch: Sequence[_Waiting[ItemT, ResultT]], reason: Reason) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(NotStored(reason))
