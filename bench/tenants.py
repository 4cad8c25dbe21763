"""Does an event cost more where more organisations are linked?

The same ten organisations change at the same pace while 10, 1,000 and 10,000 are linked; the others
are quiet, their timers and next sweeps lie ahead. The figure is processor time of the handlers and
PostgreSQL together for one event, everything included that is done again and again for nobody in
particular (looking for work, calendars, gaps, leases). The baseline is the same at 10.
"""

import asyncio
import time
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


async def traffic(chain: Chain, seconds: float, first: int) -> int:
    """Change one thing after the other at a steady pace; returns how many."""
    loop = asyncio.get_running_loop()
    began, count = loop.time(), int(seconds * RATE)
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
        place = first + number
        await chain.change(chain.tenants[place % ACTIVE], [place // ACTIVE % INVOICES])
    await chain.until_sent()
    return count


async def measure(chain: Chain, handlers: psutil.Process, seconds: float) -> dict[str, Any]:
    """Processor time for an event, in ms, and of a second in which nothing happens."""
    await settle(chain)
    await traffic(chain, seconds / 5, 0)

    def used() -> tuple[float, float]:
        return processor_s(handlers.pid), processor_s(chain.postgres)

    idle_from, began = used(), time.perf_counter()
    await asyncio.sleep(seconds)
    idle_to, idled = used(), time.perf_counter() - began
    events = await traffic(chain, seconds, 10_000)
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


async def run(sizes: tuple[int, ...], seconds: float) -> list[dict[str, Any]]:
    """Measure at each size, on the same servers."""
    found = []
    async with chained() as chain:
        for size in sizes:
            await chain.link(size - len(chain.tenants))
            async with chain.handlers() as handlers:
                found.append(await measure(chain, handlers, seconds))
    return found


def main() -> None:
    """Measure and write the result."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of traffic at each size")
    asked = parser.parse_args()
    sizes, seconds = ((10, 50), 1.0) if asked.quick else (SIZES, asked.seconds)
    found = uvloop.run(run(sizes, seconds))
    costs = {each["tenants"]: each["handlers_ms"] + each["postgres_ms"] for each in found}
    least, *others = costs
    rows = [
        Row(
            what=f"Processor time for an event with {size:,} organisations linked",
            figure=f"{costs[size]:.1f} ms",
            ratio=round(costs[size] / costs[least], 3),
            baseline=f"{costs[least]:.1f} ms with {least}",
            aim=f"constant: ratio ≤ {MOST_GROWTH}",
            reached=costs[size] <= MOST_GROWTH * costs[least],
        )
        for size in others
    ]
    write_result("tenants", rows, asked=asked, details={"sizes": found})


if __name__ == "__main__":
    main()
