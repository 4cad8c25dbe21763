"""Does the memory of the handlers grow with what they have done?

Worker, absorb and relays work off 300,000 changes of 100 organisations as fast as they can, in a
process of their own (bench/handlers_alone.py). The figure is that process's resident memory after
the last event, the baseline the same after the first tenth, when all code is loaded and all buffers
have their size. Anything kept for each event would show: 100 bytes each are 27 MB.
"""

import sys
import time
from typing import Any

import psutil
import uvloop

from bench.chain import INVOICES, Chain, chained
from bench.report import Row, options, write_result

TENANTS = 100
AT_ONCE = 40  #: changes of one organisation that a delivery tells of, and one read answers
MOST_WAITING = 2_000
SAMPLES = 50
MOST_GROWTH = 1.1


async def drive(chain: Chain, handlers: psutil.Process, events: int) -> list[dict[str, float]]:
    """Let so many things change; memory and time at even distances."""
    samples: list[dict[str, float]] = []
    began = time.perf_counter()
    every = max(1, events // AT_ONCE // SAMPLES)
    for number in range(1, events // AT_ONCE + 1):
        lap, turn = divmod(number, len(chain.tenants))
        changed = [(lap * AT_ONCE + n) % INVOICES for n in range(AT_ONCE)]
        await chain.change(chain.tenants[turn], changed)
        if number % every == 0:
            await chain.until_sent(waiting=MOST_WAITING)
            await chain.trim_kafka()
            sample = {
                "events": number * AT_ONCE,
                "seconds": round(time.perf_counter() - began, 1),
                "rss_mb": round(handlers.memory_info().rss / 2**20, 1),
            }
            samples.append(sample)
            sys.stdout.write(f"{sample}\n")
            sys.stdout.flush()
    await chain.until_sent()
    samples[-1]["rss_mb"] = round(handlers.memory_info().rss / 2**20, 1)
    return samples


async def run(events: int) -> dict[str, Any]:
    """Measure on fresh servers."""
    async with chained() as chain:
        await chain.link(TENANTS)
        async with chain.handlers() as handlers:
            samples = await drive(chain, handlers, events)
        made = await chain.relayed()
        if made < events * 0.99:  # a thing that changes twice before it is read is one event
            raise RuntimeError(f"only {made} of {events} changes became events")
    return {"events": made, "samples": samples}


def main() -> None:
    """Measure and write the result."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    asked = parser.parse_args()
    result = uvloop.run(run(2_000 if asked.quick else asked.events))
    samples = result["samples"]
    after, before = samples[-1], samples[len(samples) // 10]
    ratio = after["rss_mb"] / before["rss_mb"]
    row = Row(
        what=f"Resident memory of the handlers over {result['events']:,} events",
        figure=f"{after['rss_mb']:.0f} MB after the last",
        ratio=round(ratio, 3),
        baseline=f"{before['rss_mb']:.0f} MB after {before['events']:,}",
        aim=f"flat: ratio ≤ {MOST_GROWTH}",
        reached=ratio <= MOST_GROWTH,
    )
    write_result("memory", [row], asked=asked, details=result)


if __name__ == "__main__":
    main()
