"""Does an event cost more where more organisations are linked?

The same ten organisations change at the same pace while 10, 1,000 and 10,000 are linked; the others
are quiet, their timers and next sweeps lie ahead. The figure is processor time of the handlers and
PostgreSQL together for one event, everything included that is done again and again for nobody in
particular (looking for work, calendars, gaps, leases). The baseline is the same at 10.

Each size has servers of its own, and they take turns, so that a busy machine disturbs all alike.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import psutil
import uvloop

from bench.chain import INVOICES, Chain, chained
from bench.receive import processor_s
from bench.report import Row, options, write_result

SIZES = (10, 1_000, 10_000)
ACTIVE = 10
RATE = 50.0  #: events a second
MOST_GROWTH = 1.2


async def settle(chain: Chain) -> None:
    """Wait until every calendar has been looked at once."""
    while await chain.db.fetchval("SELECT count(*) FROM tenant WHERE calendar_open"):  # noqa: ASYNC110  # another program
        await asyncio.sleep(0.2)


async def traffic(chain: Chain, seconds: float) -> int:
    """Change one thing after the other at a steady pace; returns how many."""
    loop = asyncio.get_running_loop()
    began, count = loop.time(), int(seconds * RATE)
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
        await chain.change(chain.tenants[number % ACTIVE], [number // ACTIVE % INVOICES])
    await chain.until_sent()
    return count


async def measure(chain: Chain, handlers: psutil.Process, seconds: float) -> dict[str, Any]:
    """Processor time for an event, in ms, and of a second in which nothing happens."""
    await settle(chain)
    await traffic(chain, seconds / 5)

    def used() -> tuple[float, float]:
        return processor_s(handlers.pid), processor_s(chain.postgres)

    idle_from, began = used(), time.perf_counter()
    await asyncio.sleep(seconds / 2)
    idle_to, idled = used(), time.perf_counter() - began
    events = await traffic(chain, seconds)
    busy_to = used()
    return {
        "tenants": len(chain.tenants),
        "events": events,
        **{
            f"{name}_ms": round((busy_to[at] - idle_to[at]) / events * 1000, 3)
            for at, name in enumerate(("handlers", "postgres"))
        },
        **{
            f"idle_{name}_ms_per_s": round((idle_to[at] - idle_from[at]) / idled * 1000, 2)
            for at, name in enumerate(("handlers", "postgres"))
        },
    }


async def run(sizes: Sequence[int], rounds: int, seconds: float) -> list[list[dict[str, Any]]]:
    """Measure each size in turn; one list per round."""
    async with AsyncExitStack() as stack:
        chains = [await stack.enter_async_context(chained()) for _ in sizes]
        for chain, size in zip(chains, sizes, strict=True):
            await chain.link(size)
        found = []
        for _ in range(rounds):
            measured = []
            for chain in chains:
                async with chain.handlers() as handlers:
                    measured.append(await measure(chain, handlers, seconds))
            found.append(measured)
        return found


def row(at: int, rounds: Sequence[Sequence[dict[str, Any]]]) -> Row:
    """One size against the first: medians over the rounds, and of each round's ratio."""

    def cost(measured: dict[str, Any]) -> float:
        return float(measured["handlers_ms"] + measured["postgres_ms"])

    ratio = statistics.median(cost(each[at]) / cost(each[0]) for each in rounds)
    least, costs = (statistics.median(cost(each[place]) for each in rounds) for place in (0, at))
    return Row(
        what=f"Processor time for an event with {rounds[0][at]['tenants']:,} organisations linked",
        figure=f"{costs:.1f} ms",
        ratio=round(ratio, 3),
        baseline=f"{least:.1f} ms with {rounds[0][0]['tenants']}",
        aim=f"constant: ratio ≤ {MOST_GROWTH}",
        reached=ratio <= MOST_GROWTH,
    )


def main() -> None:
    """Measure and write the result."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="of traffic at each size")
    asked = parser.parse_args()
    if asked.quick:
        rounds = uvloop.run(run((10, 50), 1, 1.0))
    else:
        rounds = uvloop.run(run(SIZES, asked.rounds, asked.seconds))
    rows = [row(at, rounds) for at in range(1, len(rounds[0]))]
    write_result("tenants", rows, asked=asked, details={"rounds": rounds})


if __name__ == "__main__":
    main()
