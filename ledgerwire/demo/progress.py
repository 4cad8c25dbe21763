"""How far the demo's backfill is: a bar with rate and time left on a terminal, nothing elsewhere
(the line after it tells the outcome)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress import Task as RichTask
from rich.text import Text

from ledgerwire.demo.quiet import Seen


class _Rate(TextColumn):
    """Things a second."""

    def render(self, task: RichTask) -> Text:
        """The rate, once there is one."""
        return Text(f"{task.speed:.0f}/s" if task.speed else "")


@contextmanager
def backfill_bar(*, shown: bool) -> Iterator[Seen]:
    """What to call with things read and things in all while the block runs."""
    if not (shown and sys.stdout.isatty()):
        yield lambda _read, _total: None
        return
    columns = (TextColumn("backfilling"), BarColumn(), MofNCompleteColumn(), _Rate(""),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("backfill", total=None)

        def seen(read: int, total: int | None) -> None:
            progress.update(task, completed=read, total=total)

        yield seen
