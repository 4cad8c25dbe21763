"""Business time and real time."""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from unified.clock import (
    REREAD_AFTER_S,
    ManualClock,
    OffsetClock,
    OffsetFile,
    local_date,
    write_offset,
)

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_offset_moves_business_time_only() -> None:
    """Leases and timeouts must not notice that a night was skipped."""
    plain, ahead = OffsetClock(), OffsetClock(lambda: timedelta(days=3))

    assert abs(plain.now() - plain.real()) < timedelta(seconds=1)
    assert timedelta(days=3) - (ahead.now() - ahead.real()) < timedelta(seconds=1)
    assert ahead.real().tzinfo is UTC


def test_manual_clock_moves_when_told() -> None:
    """Tests pass time as an argument."""
    clock = ManualClock(NOON)
    clock.advance(timedelta(hours=1))
    assert (NOON + timedelta(hours=1), NOON) == (clock.now(), clock.real())

    clock.advance(timedelta(hours=1), real=True)
    assert (NOON + timedelta(hours=2), NOON + timedelta(hours=1)) == (clock.now(), clock.real())

    clock.set(NOON)
    assert clock.now() == NOON
    assert ManualClock(NOON, real=NOON - timedelta(days=1)).real() == NOON - timedelta(days=1)


def test_offset_is_read_from_the_file(tmp_path: Path) -> None:
    """No file is no offset; a file half written keeps what was known."""
    path = tmp_path / "clock"
    assert OffsetFile(path)() == timedelta(0)

    write_offset(path, timedelta(days=1, milliseconds=5))
    offset = OffsetFile(path)
    assert offset() == timedelta(days=1, milliseconds=5)
    assert [path] == list(tmp_path.iterdir())

    for torn in ("", "12x", "1e400", "nan"):
        path.write_text(torn, encoding="ascii")
        offset._read_at = -math.inf
        assert offset() == timedelta(days=1, milliseconds=5)


def test_offset_is_not_read_again_at_once(tmp_path: Path) -> None:
    """Asking for the time happens far more often than it moves."""
    path = tmp_path / "clock"
    offset = OffsetFile(path)
    assert offset() == timedelta(0)
    write_offset(path, timedelta(hours=1))

    offset._read_at = math.inf  # as if it had been read just now
    assert offset() == timedelta(0)
    offset._read_at -= REREAD_AFTER_S
    offset._read_at = -math.inf
    assert offset() == timedelta(hours=1)


def test_the_day_is_the_organisations() -> None:
    """At noon in London it is tomorrow in Auckland; where no zone is known, UTC's day counts."""
    assert local_date(NOON, "Pacific/Auckland") == date(2026, 11, 4)
    assert local_date(NOON, "America/Los_Angeles") == date(2026, 11, 3)
    assert local_date(NOON, None) == date(2026, 11, 3)
