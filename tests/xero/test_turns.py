"""Fair queues: in turn by name, in order within a name, and nobody lost who goes away."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from xero.turns import FairLock, Turns, behalf, on_behalf_of


@given(st.lists(st.sampled_from("abc")))
def test_each_name_keeps_its_order_and_none_is_served_twice_running(names: list[str]) -> None:
    """As long as somebody else waits."""
    turns: Turns[tuple[str, int]] = Turns()
    for number, name in enumerate(names):
        turns.push(name, (name, number))

    served = []
    while (each := turns.pop()) is not None:
        waiting = {name for name, _ in turns}
        served.append(each)
        if len(served) > 1 and served[-2][0] == each[0]:
            assert not (waiting - {each[0]})

    assert sorted(served, key=lambda pair: pair[1]) == [(n, i) for i, n in enumerate(names)]
    for name in "abc":
        numbers = [number for one, number in served if one == name]
        assert numbers == sorted(numbers)
    assert not turns


async def test_lock_is_handed_on_in_turns_past_who_went_away() -> None:
    """Also past one who goes in the very moment in which it is handed over."""
    lock, order = FairLock(), list[str]()

    async def wait(name: str) -> None:
        async with lock.turn(name):
            order.append(name)

    async with lock.turn("a"):
        tasks = {name: asyncio.create_task(wait(name[0])) for name in ("a1", "a2", "b1", "c1")}
        await asyncio.sleep(0)
        tasks["b1"].cancel()
        await asyncio.sleep(0)
    tasks["a1"].cancel()  # it has just been given the lock
    await asyncio.wait(tasks.values())

    assert order == ["c", "a"]
    async with asyncio.timeout(1), lock.turn("d"):
        order.append("d")


def test_behalf_is_known_inside_and_forgotten_after() -> None:
    """A task that serves somebody else next must not queue under the old name."""
    with on_behalf_of("0a1b2c3d"):
        inside = behalf()

    assert (inside, behalf()) == ("0a1b2c3d", "")
