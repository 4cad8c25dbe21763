"""Long work as it goes on: a bar with rate and time left on a terminal, plain lines elsewhere.

It goes to standard error, so that standard output holds results alone.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

EVERY_S = 5.0  #: between two plain lines

#: How many are done, of how many (None: unknown so far), and what stands in the way ("": nothing).
Meter = Callable[[int, int | None, str], None]


@contextmanager
def meter(label: str, unit: str, *, out: TextIO | None = None) -> Iterator[Meter]:
    """What to call again and again while the block runs; `unit` is a plural such as "records"."""
    out = out or sys.stderr
    if not out.isatty():
        yield PlainLines(label, unit, out)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
               TextColumn("{task.fields[note]}"))  # fmt: skip
    with Progress(*columns, console=Console(file=out), transient=True) as bar:
        task = bar.add_task(label, total=None, rate="", note="")

        def seen(done: int, total: int | None, note: str) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.0f} {unit}/s" if speed else ""
            bar.update(task, completed=done, total=total, rate=rate, note=note)

        yield seen


class PlainLines:
    """A line now and then, and at the end; none that says the same as the one before."""

    def __init__(
        self,
        label: str,
        unit: str,
        out: TextIO,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        every_s: float = EVERY_S,
    ) -> None:
        self._label = label
        self._unit = unit
        self._out = out
        self._monotonic = monotonic
        self._every_s = every_s
        self._began_at = monotonic()
        self._said_at = float("-inf")
        self._said = ""

    def __call__(self, done: int, total: int | None, note: str) -> None:
        """Say it if it is time, or the last word."""
        now = self._monotonic()
        is_last = total is not None and done >= total
        if not is_last and now - self._said_at < self._every_s:
            return
        line = self._line(done, total, note, elapsed_s=now - self._began_at)
        if line != self._said:
            self._out.write(f"{line}\n")
            self._out.flush()
            self._said_at, self._said = now, line

    def _line(self, done: int, total: int | None, note: str, *, elapsed_s: float) -> str:
        of_all = "" if total is None else f" of {total}"
        words = [f"{self._label}: {done}{of_all} {self._unit}"]
        if total is not None and 0 < done < total and elapsed_s > 0:
            rate = done / elapsed_s
            words.append(f"{rate:.0f}/s" if rate >= 1 else f"{rate * 60:.0f}/min")
            words.append(f"{(total - done) / rate:.0f} s left")
        if note:
            words.append(note)
        return ", ".join(words)
