"""Plays seeds one after the other on one database of its own, and says how each ended."""

import asyncio
import gc
import random
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle.report import line_of
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.simulation import determinism
from tests.simulation.engine import Engine
from tests.simulation.history import History, NotQuiet, ProgramEnded
from tests.simulation.judging import differences
from tests.simulation.loop import START_S, Stuck, VirtualLoop
from tests.simulation.trace import Logs, Trace
from tests.simulation.weather import Weather

COLLECT_EVERY = 10  #: histories


@dataclass
class Outcome:
    """How one seed ended."""

    seed: int
    digest: str
    problems: list[str]
    lines: list[str]
    counts: dict[str, int] = field(default_factory=dict)


@contextmanager
def engine_in(folder: Path) -> Iterator[Engine]:
    """A PostgreSQL of our own in this folder, migrated and under the virtual clock."""
    server = EmbeddedPostgres(folder, durable=False)
    url, _ = asyncio.run(server.start())
    try:
        asyncio.run(_prepare(url))
        engine = Engine(url)
        engine.open()
        try:
            yield engine
        finally:
            engine.close()
    finally:
        asyncio.run(server.stop())


async def _prepare(url: str) -> None:
    import asyncpg

    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        # Whatever the server does by itself, it does at a moment that no seed knows.
        await connection.execute("ALTER SYSTEM SET autovacuum = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


class Runner:
    """One process's player of seeds."""

    def __init__(self, engine: Engine, logs: Logs, *, fine: bool = False) -> None:
        self._engine = engine
        self._fine = fine
        self._logs = logs
        self._played = 0
        # What was killed, or still ran at the end, ends without a word.
        sys.unraisablehook = lambda _: None
        gc.freeze()

    def play(self, seed: int) -> Outcome:
        """Play one seed and judge it."""
        engine = self._engine
        engine.empty()
        determinism.begin(str(seed))
        trace = Trace(fine=self._fine)
        loop = VirtualLoop()
        problems: list[str] = []
        cpu_s = determinism.real_process_time()
        before = (engine.statements, engine.waits, engine.deadlocks)
        counts = self._attempt(seed, loop, trace, problems)
        digest = trace.digest  # what is cleared away below is no part of the history
        counts["virtual_s"] = round(loop.time() - START_S)
        loop.forget()
        self._tidy()
        after = (engine.statements, engine.waits, engine.deadlocks)
        for name, one, two in zip(("statements", "waits", "deadlocks"), before, after, strict=True):
            counts[name] = two - one
        counts["cpu_ms"] = round(1000 * (determinism.real_process_time() - cpu_s))
        return Outcome(seed, digest, problems, trace.lines, counts)

    def _tidy(self) -> None:
        """Free what the histories left behind, now and then, since each look costs."""
        self._played += 1
        if self._played % COLLECT_EVERY == 0:
            gc.collect()

    def _attempt(
        self, seed: int, loop: VirtualLoop, trace: Trace, problems: list[str]
    ) -> dict[str, int]:
        """Play and judge; nothing of the history is held when this returns."""
        weather = Weather(loop, self._engine, random.Random(f"{seed}|weather"), trace)  # noqa: S311  # play
        loop.set_exception_handler(lambda _, context: problems.append(_unhandled(context)))
        self._logs.into(trace, loop.time, weather.who)
        history = History(seed, weather)
        try:
            loop.run_until_complete(history.play())
            found, counts = differences(history.world)
            problems.extend(line_of(each).strip() for each in found)
            problems.extend(history.forgotten)
            counts["acknowledged"] = len(history.acknowledged.events)
        except (NotQuiet, ProgramEnded, Stuck) as error:
            problems.append(f"{type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001  # whatever it is, it belongs to this seed's report
            problems.append(traceback.format_exc())
        else:
            return counts | {"fenced": history.world.broker.fenced}
        finally:
            self._logs.nowhere()
            history.world.end()
        return {}


def _unhandled(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"nobody handled: {context.get('message')} {type(error).__name__}: {error}"
