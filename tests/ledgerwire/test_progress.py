"""Progress of long work where no terminal is: plain lines, not too many, with rate and time."""

import io

from ledgerwire.cli.progress import PlainLines


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """What the clock shows."""
        return self.now_s


def test_lines_come_now_and_then_and_at_the_end() -> None:
    """A log keeps a handful of them, however often the work reports."""
    clock, out = Clock(), io.StringIO()
    seen = PlainLines("backfill", "records", out, monotonic=clock, every_s=5)

    for done in range(0, 1_001, 10):
        seen(done, 1_000 if done else None, "")
        clock.now_s += 0.2

    assert out.getvalue().splitlines() == [
        "backfill: 0 records",
        "backfill: 250 of 1000 records, 50/s, 15 s left",
        "backfill: 500 of 1000 records, 50/s, 10 s left",
        "backfill: 750 of 1000 records, 50/s, 5 s left",
        "backfill: 1000 of 1000 records",
    ]


def test_what_stands_in_the_way_is_told_once() -> None:
    """The same line again and again would tell nothing."""
    clock, out = Clock(), io.StringIO()
    seen = PlainLines("sweep", "resources", out, monotonic=clock, every_s=5)

    for _ in range(3):
        seen(0, 3, "Xero's minute limit is spent")
        clock.now_s += 6

    assert out.getvalue().splitlines() == ["sweep: 0 of 3 resources, Xero's minute limit is spent"]


def test_slow_work_is_told_by_the_minute() -> None:
    """No rate of nought a second."""
    clock, out = Clock(), io.StringIO()
    seen = PlainLines("sweep", "resources", out, monotonic=clock, every_s=5)

    clock.now_s += 60
    seen(2, 6, "")

    assert out.getvalue() == "sweep: 2 of 6 resources, 2/min, 120 s left\n"
