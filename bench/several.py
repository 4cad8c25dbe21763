"""How fast a backlog is read, absorbed and relayed by one handlers process, and by three.

Simulator, receiver, PostgreSQL (durable), Kafka and handlers are processes of their own on this one
machine. While the app's own limit is marked as spent, organisations change and their notices pile
up, and the handlers of the round start; then the mark is taken away. The rate is that of events,
from that moment until Kafka has acknowledged the last one, by PostgreSQL's clock.

The baseline is one handlers process, in turns with three. Where two cores carry the simulator and
both servers too, three processes can win little (and where other programs use the cores, three are
given more of them than one); how much processor time an event costs, in all programs together, says
what sharing costs. From the project's root:

    .venv/bin/python -m bench.several --tenants 200 --changes 4000 --rounds 3
"""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import uvloop

from bench.report import Row, options, write_result
from bench.stage import Program, Stage, staged
from ledgerwire.up import end
from storage.notices import NOTICE_CHANNEL

COUNTS = (1, 3)
QUICK = (6, 60, 1)  #: tenants, changes, rounds
ACTIONS = 250  #: asked of the simulator at once
FLUSH_S = 600.0

_ALL_SENT = """
SELECT NOT EXISTS (SELECT 1 FROM notice WHERE state = 'due')
   AND NOT EXISTS (SELECT 1 FROM event WHERE relayed_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One backlog, worked off."""

    processes: int
    events: int
    seconds: float
    processor_ms: float  #: of one event, in all programs together
    by_process: Sequence[float]  #: processor seconds of each handlers process

    @property
    def per_s(self) -> float:
        """Events a second."""
        return self.events / self.seconds


async def hold(stage: Stage) -> None:
    """Let no handlers lease anybody."""
    await stage.db.execute("UPDATE app_budget SET blocked_until = now() + interval '1 day'")


async def let_go(stage: Stage) -> datetime:
    """Let them; returns when, by PostgreSQL's clock."""
    at: datetime = await stage.db.fetchval(
        """WITH freed AS (UPDATE app_budget SET blocked_until = NULL RETURNING true)
           SELECT clock_timestamp() FROM freed"""
    )
    await stage.db.execute("SELECT pg_notify($1, '')", NOTICE_CHANNEL)
    return at


async def pile_up(stage: Stage, changes: int) -> None:
    """Change the books, and wait until the receiver has taken every webhook in."""
    for done in range(0, changes, ACTIONS):
        await stage.steer("act", {"actions": min(ACTIONS, changes - done)})
    while (await stage.steer("deliveries", {"timeout_s": 30}))["pending"]:
        pass


async def work_off(stage: Stage, processes: int, changes: int) -> Round:
    """One round."""
    await hold(stage)
    await pile_up(stage, changes)
    handlers = await start(stage, processes)
    newest = await stage.db.fetchval("SELECT coalesce(max(position), 0) FROM event")
    used = stage.processor_s()
    began = await let_go(stage)
    await stage.until(_ALL_SENT, patience_s=FLUSH_S)
    spent = {name: now - used[name] for name, now in stage.processor_s().items()}
    row = await stage.db.fetchrow(
        "SELECT count(*) AS events, max(relayed_at) AS ended FROM event WHERE position > $1", newest
    )
    await asyncio.gather(*(end(each.process) for each in handlers))
    if row is None or not row["events"]:
        raise RuntimeError("nothing was absorbed")
    return Round(
        processes,
        row["events"],
        (row["ended"] - began).total_seconds(),
        sum(spent.values()) / row["events"] * 1000,
        [round(spent[name], 2) for name in _names(processes)],
    )


async def start(stage: Stage, processes: int) -> Sequence[Program]:
    """So many handlers; returns once all shards lie evenly, so that no start-up is measured."""
    handlers = await asyncio.gather(
        *(stage.start("handlers", name=name) for name in _names(processes))
    )
    await stage.until(
        """SELECT count(*) = 16 AND count(DISTINCT owner) = $1
             FROM lease WHERE name LIKE 'relay.%' AND until > clock_timestamp()""",
        processes,
    )
    return handlers


def _names(processes: int) -> list[str]:
    return [f"handlers-{number}" for number in range(processes)]


async def measure(tenants: int, changes: int, rounds: int) -> tuple[list[Round], str]:
    """All rounds, and which Kafka it was."""
    async with staged("--small", "--no-limits", tenants=tenants) as stage:
        front = await stage.start("receiver", "api")
        await stage.subscribe(front)
        [handlers] = await start(stage, 1)
        await stage.link(front, stage.tenants)
        await stage.backfilled(tenants)
        await end(handlers.process)
        # A sweep in the middle of a round would be work that no change has made.
        await stage.db.execute("UPDATE cursor SET sweep_due_at = sweep_due_at + interval '1 day'")
        measured = [
            await work_off(stage, count, changes) for _ in range(rounds) for count in COUNTS
        ]
        return measured, stage.kafka


def rows_of(measured: Sequence[Round]) -> list[Row]:
    """The lines of the table."""
    one, three = ([each for each in measured if each.processes == count] for count in COUNTS)
    pairs = list(zip(one, three, strict=True))
    faster = statistics.median(many.per_s / alone.per_s for alone, many in pairs)
    dearer = statistics.median(many.processor_ms / alone.processor_ms for alone, many in pairs)
    rates = [statistics.median(each.per_s for each in some) for some in (one, three)]
    costs = [statistics.median(each.processor_ms for each in some) for some in (one, three)]
    return [
        Row(
            what="Working off a backlog with three handlers processes",
            figure=f"{rates[1]:,.0f} events/s",
            ratio=round(faster, 2),
            baseline=f"one handlers process: {rates[0]:,.0f} events/s",
            aim="ratio ≥ 0.95",
            reached=faster >= 0.95,
            why="" if faster >= 0.95 else "simulator, both servers and handlers share the cores",
        ),
        Row(
            what="Processor time of an event with three handlers processes, in all programs",
            figure=f"{costs[1]:.1f} ms",
            ratio=round(dearer, 2),
            baseline=f"one handlers process: {costs[0]:.1f} ms",
            aim="ratio ≤ 1.2",
            reached=dearer <= 1.2,
        ),
    ]


def main() -> None:
    """Measure and write the result."""
    parser = options(__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--changes", type=int, default=4000, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    sizes = QUICK if asked.quick else (asked.tenants, asked.changes, asked.rounds)
    measured, kafka = uvloop.run(measure(*sizes))
    details = {
        "kafka": kafka,
        "tenants": sizes[0],
        "changes": sizes[1],
        "rounds": [
            {
                "processes": each.processes,
                "events": each.events,
                "seconds": round(each.seconds, 2),
                "per_s": round(each.per_s),
                "processor_ms": round(each.processor_ms, 2),
                "handlers_processor_s": list(each.by_process),
            }
            for each in measured
        ],
    }
    write_result("several", rows_of(measured), asked=asked, details=details)


if __name__ == "__main__":
    main()
