"""The virtual loop: time that jumps, the order of what runs, programs that die or stand still."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.simulation.loop import START_S, Program, Stuck, VirtualLoop

A_YEAR_S = 365 * 86_400.0


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    """A loop of one's own, thrown away with whatever runs in it."""
    made = VirtualLoop()
    yield made
    made.forget()


def test_a_year_passes_at_once(loop: VirtualLoop) -> None:
    """Nothing is waited for: time jumps to the next timer."""
    loop.run_until_complete(asyncio.sleep(A_YEAR_S))

    assert loop.time() == START_S + A_YEAR_S


def test_timers_run_by_time_and_then_by_their_making(loop: VirtualLoop) -> None:
    """What asyncio promises holds, or impossible histories would be played."""
    ran: list[str] = []
    loop.call_later(2.0, ran.append, "late")
    loop.call_later(1.0, ran.append, "first of one instant")
    loop.call_later(1.0, ran.append, "second of one instant")
    loop.call_later(1.5, ran.append, "cancelled").cancel()

    loop.run_until_complete(asyncio.sleep(3.0))

    assert ran == ["first of one instant", "second of one instant", "late"]


def test_nothing_left_to_run_is_an_error(loop: VirtualLoop) -> None:
    """A history that hangs ends with a report, not with a test that hangs."""
    with pytest.raises(Stuck):
        loop.run_until_complete(asyncio.Event().wait())


def test_a_killed_program_gives_nothing_back(loop: VirtualLoop) -> None:
    """A kill is a kill: no `finally` and no `except` of it ever runs."""
    did: list[str] = []
    program = Program("victim", loop)

    async def work() -> None:
        try:
            await asyncio.sleep(1.0)
        finally:
            did.append("tidied up")

    program.spawn(work())
    program.at_end(lambda: did.append("its connections were cut"))
    loop.call_later(0.5, program.kill)

    loop.run_until_complete(asyncio.sleep(5.0))

    assert did == ["its connections were cut"]


def test_a_sleeping_program_goes_on_late(loop: VirtualLoop) -> None:
    """Whatever came due while it stood still comes when it wakes, and others work meanwhile."""
    at: dict[str, float] = {}

    async def wait(name: str) -> None:
        await asyncio.sleep(1.0)
        at[name] = loop.time() - START_S

    sleeper, other = Program("sleeper", loop), Program("other", loop)
    sleeper.spawn(wait("sleeper"))
    other.spawn(wait("other"))
    loop.call_later(0.5, sleeper.sleep)
    loop.call_later(7.0, sleeper.wake)

    loop.run_until_complete(asyncio.sleep(9.0))

    assert at == {"other": 1.0, "sleeper": 7.0}


def test_sets_of_tasks_have_one_order(loop: VirtualLoop) -> None:
    """asyncio keeps tasks in sets; their order must not be that of their addresses."""

    async def nothing() -> None:
        """End at once."""

    tasks = [loop.create_task(nothing()) for _ in range(50)]

    assert [hash(task) for task in tasks] == list(range(1, 51))
    loop.run_until_complete(asyncio.wait(tasks))
