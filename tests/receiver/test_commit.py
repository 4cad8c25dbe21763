"""Group commit: who shares a commit, who is refused and why. No SQL here: see test_exchange.py."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from receiver.commit import CommitLimits, GroupCommit, NotStored, Reason
from storage.errors import StorageConflict, StorageUnavailable

Store = Callable[[Sequence[str]], Awaitable[Sequence[str]]]


class Gate:
    """A store whose commits wait until they are let through, and which keeps what it stored."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.let = asyncio.Semaphore(0)
        self.batches: list[list[str]] = []

    async def __call__(self, items: Sequence[str]) -> Sequence[str]:
        self.begun.release()
        await self.let.acquire()
        self.batches.append(list(items))
        return [item.upper() for item in items]


@asynccontextmanager
async def committing(
    store: Store, limits: CommitLimits | None = None
) -> AsyncIterator[GroupCommit[str, str]]:
    """Run a group commit over `store`."""
    commit = GroupCommit[str, str](
        store, limits=limits or CommitLimits(), committed=lambda _items, _seconds: None
    )
    commit.start()
    try:
        yield commit
    finally:
        await commit.drain()


async def refused(submitted: Awaitable[str]) -> Reason:
    """Why this was not stored."""
    with pytest.raises(NotStored) as caught:
        await submitted
    return caught.value.reason


def submitting(commit: GroupCommit[str, str], *items: str) -> list[asyncio.Task[str]]:
    """Submit items side by side."""
    return [asyncio.create_task(commit.submit(item)) for item in items]


async def test_items_that_arrive_during_a_commit_share_the_next() -> None:
    """Three that come while one is being written cost one more commit, not three."""
    gate = Gate()
    async with committing(gate) as commit:
        first = submitting(commit, "a")
        await gate.begun.acquire()
        others = submitting(commit, "b", "c", "d")
        gate.let.release()
        await gate.begun.acquire()
        gate.let.release()

        assert await asyncio.gather(*first, *others) == ["A", "B", "C", "D"]
        assert gate.batches == [["a"], ["b", "c", "d"]]


async def test_a_commit_takes_no_more_than_a_batch() -> None:
    """A long line is written in several transactions of bounded size."""
    gate = Gate()
    async with committing(gate, CommitLimits(batch=2)) as commit:
        tasks = submitting(commit, *"abcde")
        for _ in range(3):
            gate.let.release()
        await asyncio.gather(*tasks)

        assert [len(batch) for batch in gate.batches] == [2, 2, 1]


async def test_full_line_refuses_at_once() -> None:
    """Memory is bounded: one more than may wait is refused without waiting."""
    gate = Gate()
    async with committing(gate, CommitLimits(waiting=2)) as commit:
        first = submitting(commit, "a")
        await gate.begun.acquire()
        waiting = submitting(commit, "b", "c")
        await asyncio.wait_for(_until(lambda: commit.waiting == 2), 5)

        assert not commit.accepting
        assert await refused(commit.submit("d")) == Reason.FULL
        gate.let.release()
        gate.let.release()
        await asyncio.gather(*first, *waiting)
        assert commit.accepting


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110  # a line has no event for its length, and needs none
        await asyncio.sleep(0)  # no time passes: the tasks just made take their first steps


async def test_one_that_stops_waiting_in_line_is_left_out() -> None:
    """Its sender was told 503 and will send again: storing it now would be work for nobody."""
    gate = Gate()
    async with committing(gate) as commit:
        first = submitting(commit, "a")
        await gate.begun.acquire()
        gone, stays = submitting(commit, "gone", "stays")
        await asyncio.wait_for(_until(lambda: commit.waiting == 2), 5)
        gone.cancel()
        gate.let.release()
        gate.let.release()
        await asyncio.gather(*first, stays)

        assert gate.batches == [["a"], ["stays"]]


async def test_one_that_stops_waiting_during_its_commit_harms_nobody() -> None:
    """The commit goes on and the others in it get their answers."""
    gate = Gate()
    async with committing(gate) as commit:
        gone, stays = submitting(commit, "gone", "stays")
        await gate.begun.acquire()
        gone.cancel()
        gate.let.release()

        assert await stays == "STAYS"
        assert gone.cancelled() or gone.cancelling()
        assert gate.batches == [["gone", "stays"]]


async def test_commit_that_takes_too_long_is_given_up() -> None:
    """A database that fell silent delays the next commit by no more than one deadline."""
    gate = Gate()
    async with committing(gate, CommitLimits(commit_s=0.05)) as commit:
        assert await refused(commit.submit("stuck")) == Reason.LATE

        gate.let.release()
        assert await commit.submit("next") == "NEXT"
        assert gate.batches == [["next"]]


async def test_attempt_that_ignores_its_cancellation_does_not_hold_up_the_end() -> None:
    """A given-up commit that fails at last is nobody's business any more."""
    dying = asyncio.Event()

    async def stubborn(_items: Sequence[str]) -> Sequence[str]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await dying.wait()
            raise ConnectionResetError from None
        raise AssertionError

    async with committing(stubborn, CommitLimits(commit_s=0.05)) as commit:
        assert await refused(commit.submit("stuck")) == Reason.LATE
        draining = asyncio.create_task(commit.drain())
        await asyncio.wait_for(_until(lambda: not commit.accepting), 5)
        await asyncio.wait({draining}, timeout=0)
        dying.set()
        await draining


async def test_database_away_refuses_the_whole_batch_and_goes_on() -> None:
    """Nothing was stored, everybody is told, and the next commit tries again."""
    away = True

    async def store(items: Sequence[str]) -> Sequence[str]:
        if away:
            raise StorageUnavailable
        return items

    async with committing(store) as commit:
        first, second = submitting(commit, "a", "b")
        assert await refused(first) == Reason.DATABASE
        assert await refused(second) == Reason.DATABASE

        away = False
        assert await commit.submit("c") == "c"


async def test_conflict_is_repeated() -> None:
    """A deadlock voids the transaction, not the deliveries."""
    tries = 0

    async def store(items: Sequence[str]) -> Sequence[str]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise StorageConflict
        return items

    async with committing(store) as commit:
        assert await commit.submit("a") == "a"
        assert tries == 3


async def test_conflict_without_end_is_refused() -> None:
    """Three conflicts in a row: sending again later has better chances."""

    async def store(_items: Sequence[str]) -> Sequence[str]:
        raise StorageConflict

    async with committing(store) as commit:
        assert await refused(commit.submit("a")) == Reason.DATABASE


async def test_item_that_cannot_be_stored_fails_alone() -> None:
    """One delivery that nobody foresaw must not keep those beside it from being stored."""
    gate = asyncio.Event()
    stored: list[str] = []

    async def store(items: Sequence[str]) -> Sequence[str]:
        await gate.wait()
        if "poison" in items:
            raise ValueError("poison")
        stored.extend(items)
        return items

    async with committing(store) as commit:
        tasks = submitting(commit, "a", "poison", "gone", "b")
        await asyncio.wait_for(_until(lambda: commit.waiting == 0), 5)
        tasks[2].cancel()
        gate.set()

        assert await refused(tasks[1]) == Reason.FAILED
        assert [await tasks[0], await tasks[3]] == ["a", "b"]
        assert stored == ["a", "b"]


async def test_drain_finishes_what_was_accepted() -> None:
    """Stopping lets nobody in and loses nobody who is in."""
    gate = Gate()
    async with committing(gate) as commit:
        accepted = submitting(commit, "a", "b")
        await gate.begun.acquire()
        late_comer = submitting(commit, "c")
        await asyncio.wait_for(_until(lambda: commit.waiting == 1), 5)
        draining = asyncio.create_task(commit.drain())
        await asyncio.wait_for(_until(lambda: not commit.accepting), 5)

        assert await refused(commit.submit("d")) == Reason.STOPPING
        gate.let.release()
        gate.let.release()
        await draining
        assert await asyncio.gather(*accepted, *late_comer) == ["A", "B", "C"]


async def test_not_started_takes_nothing() -> None:
    """Nobody would commit it; and there is nothing to drain."""
    commit = GroupCommit[str, str](
        Gate(), limits=CommitLimits(), committed=lambda _items, _seconds: None
    )

    assert not commit.accepting
    assert await refused(commit.submit("a")) == Reason.STOPPING
    await commit.drain()


async def test_each_commit_is_reported_once() -> None:
    """Sizes and durations go to whoever counts them; failures are not commits."""
    reported: list[tuple[int, bool]] = []
    gate = Gate()
    commit = GroupCommit[str, str](
        gate,
        limits=CommitLimits(),
        committed=lambda items, seconds: reported.append((items, seconds >= 0)),
    )
    commit.start()
    tasks = submitting(commit, "a", "b")
    gate.let.release()
    await asyncio.gather(*tasks)
    await commit.drain()

    assert reported == [(2, True)]


async def test_end_waits_for_whoever_still_waits_and_for_nobody_else() -> None:
    """A silent database must not put off the end of the process."""
    gate, begun = Gate(), asyncio.get_running_loop().time()
    async with committing(gate, CommitLimits(commit_s=60, end_s=0.05)) as commit:
        [gone, stays] = submitting(commit, "a", "b")
        await gate.begun.acquire()
        gone.cancel()
        ending = asyncio.create_task(commit.drain())
        await asyncio.sleep(0)
        gate.let.release()
        assert await stays == "B"
        await ending

    async with committing(gate, CommitLimits(commit_s=60, end_s=0.05)) as commit:
        [late] = submitting(commit, "c")
        await gate.begun.acquire()
        late.cancel()
    assert gate.batches == [["a", "b"]]
    assert asyncio.get_running_loop().time() - begun < 30
