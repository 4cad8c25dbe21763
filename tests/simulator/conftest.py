"""Fixtures of these tests: a factory of running simulators, and a linked caller."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.config import TenantSpec
from simulator.server import RunningSimulator
from simulator.simulation import Simulation
from tests.simulator.callers import Caller, Sink, TurnedClock, config

Start = Callable[..., Awaitable[RunningSimulator]]
Link = Callable[..., Awaitable[Caller]]


@pytest.fixture
def clock() -> TurnedClock:
    """Business time of the test."""
    return TurnedClock()


@pytest.fixture
def tenant(clock: TurnedClock) -> Tenant:
    """An organisation of New Zealand with empty books, reached past the wire."""
    return Simulation(config(clock=clock)).books.add(TenantSpec())


@pytest.fixture
async def start(clock: TurnedClock) -> AsyncIterator[Start]:
    """Start simulators that run until the test ends."""
    async with AsyncExitStack() as stack:

        async def begin(**wishes: Any) -> RunningSimulator:
            made = RunningSimulator(config(**{"clock": clock, **wishes}))
            return await stack.enter_async_context(made)

        yield begin


@pytest.fixture
async def meet(start: Start) -> AsyncIterator[Link]:
    """Start a simulator and get a caller who has no token yet."""
    async with AsyncExitStack() as stack:

        async def begin(**wishes: Any) -> Caller:
            caller = Caller(await start(**wishes))
            stack.push_async_callback(caller.http.aclose)
            return caller

        yield begin


@pytest.fixture
def link(meet: Link) -> Link:
    """Start a simulator and link its first organisation; keyword `scope` narrows the token."""

    async def begin(scope: str | None = None, **wishes: Any) -> Caller:
        caller = await meet(**wishes)
        return await caller.link(**({"scope": scope} if scope else {}))

    return begin


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A webhook receiver that knows the default seed's key."""
    async with Sink(config().key()) as receiver:
        yield receiver
