"""The simulator as a program among others: whoever starts it asks the same two addresses."""

import asyncio

from tests.simulator.conftest import Link


async def test_ready_while_it_answers_and_delivers(meet: Link) -> None:
    """A simulator whose webhooks no longer leave answers calls as ever, and is not well."""
    caller = await meet()
    courier: asyncio.Task[None] = caller.running.app.state.courier

    ready = await caller.http.get("/readyz")
    courier.cancel()
    await asyncio.wait({courier})
    broken = await caller.http.get("/readyz")
    live = await caller.http.get("/livez")

    assert (ready.status_code, live.status_code) == (200, 200)
    assert (broken.status_code, broken.json()["ready"]) == (503, False)
