"""The command line: which seeds, in how many processes, and what is printed."""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from tests.simulation.determinism import real_monotonic
from tests.simulation.runner import Outcome, Runner, engine_in
from tests.simulation.trace import Logs

SHOWN_LINES = 200


def main(arguments: Sequence[str]) -> int:
    """Play what was asked for; the exit code."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped first
    first, _, last = asked.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    if asked.part:
        return _play_part(seeds, asked)
    return _play_all(seeds, asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="1-100", help="first-last, or one seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a database")
    parser.add_argument("--fine", action="store_true", help="every statement in the trace")
    parser.add_argument("--keep-going", action="store_true", help="play on after a difference")
    parser.add_argument("--digests", action="store_true", help="print each seed's digest")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    return parser


def _play_part(seeds: Sequence[int], asked: argparse.Namespace) -> int:
    """One process's share: results as JSON lines, for the process that started this one."""
    index, _, of = asked.part.partition("/")
    logs = Logs()
    logs.configure()
    told_to_stop: list[int] = []  # looked at between histories: none is cut off in mid-statement
    signal.signal(signal.SIGTERM, lambda number, _: told_to_stop.append(number))
    with (
        tempfile.TemporaryDirectory(prefix="ledgerwire-simulation-") as folder,
        engine_in(Path(folder)) as engine,
    ):
        runner = Runner(engine, logs, fine=asked.fine)
        for seed in seeds[int(index) :: int(of)]:
            if told_to_stop:
                break
            outcome = runner.play(seed)
            lines = outcome.lines if outcome.problems or asked.fine else []
            _say(json.dumps({**vars(outcome), "lines": lines}))
    return 0


def _play_all(seeds: Sequence[int], asked: argparse.Namespace) -> int:
    jobs = min(asked.jobs, len(seeds))
    started = real_monotonic()
    totals: Counter[str] = Counter()
    failed = 0
    parts = [_start(index, jobs, asked) for index in range(jobs)]
    try:
        for outcome in _outcomes(parts):
            totals.update(outcome.counts)
            totals["histories"] += 1
            if asked.digests:
                _say(f"{outcome.seed} {outcome.digest}")
            if outcome.problems:
                failed += 1
                _show(outcome, asked)
                if not asked.keep_going:
                    break
            elif asked.fine:
                _say("\n".join(outcome.lines))
    finally:
        for part in parts:
            part.terminate()
        for part in parts:
            part.wait()
    _say(_summary(totals, real_monotonic() - started, jobs))
    return 0 if not failed and totals["histories"] == len(seeds) else 1


def _summary(totals: Counter[str], took_s: float, jobs: int) -> str:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    played = max(totals["histories"], 1)
    each_ms = 1000 * (used.ru_utime + used.ru_stime) / played
    counted = ", ".join(f"{count} {what}" for what, count in sorted(totals.items()))
    return (
        f"{played} histories in {took_s:.1f} s ({60 * played / took_s:.0f} a minute, {jobs} jobs), "
        f"{each_ms:.0f} ms of CPU each without PostgreSQL's; {counted}"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _start(index: int, jobs: int, asked: argparse.Namespace) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.simulation", "--seeds", asked.seeds]
    command += ["--part", f"{index}/{jobs}", *(["--fine"] if asked.fine else [])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)


def _outcomes(parts: "Sequence[subprocess.Popen[str]]") -> Iterator[Outcome]:
    """What all parts tell, as it comes."""
    told: SimpleQueue[Any] = SimpleQueue()

    def read(part: "subprocess.Popen[str]") -> None:
        assert part.stdout is not None
        for line in part.stdout:
            told.put(line)
        told.put(None)

    for part in parts:
        Thread(target=read, args=(part,), daemon=True).start()
    ended = 0
    while ended < len(parts):
        line = told.get()
        if line is None:
            ended += 1
        else:
            yield Outcome(**json.loads(line))


def _show(outcome: Outcome, asked: argparse.Namespace) -> None:
    lines = outcome.lines if asked.fine else outcome.lines[-SHOWN_LINES:]
    _say(f"--- seed {outcome.seed}: {len(outcome.problems)} problems")
    _say("\n".join(lines))
    _say(f"--- seed {outcome.seed} differs:")
    _say("\n".join(outcome.problems[:20]))
    _say(f"--- again: python -m tests.simulation --seeds {outcome.seed} --fine")
