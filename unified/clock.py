"""Time as an argument: one clock is handed to every role.

Business time (`now`) is what Xero and the books live in: stamps, limits, token life, sweeps,
timers, `due_at`. Real time (`real`) is for leases, HTTP timeouts and latencies. They differ by
an offset that only the demo and the tests move. Not a scheduler: nothing here waits.
"""

import math
import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

REREAD_AFTER_S = 0.05  #: seconds for which an offset file is not read again


class Clock(Protocol):
    """What a role may ask about time; both answers are aware and in UTC."""

    def now(self) -> datetime:
        """Business time: real time plus the offset."""
        ...

    def real(self) -> datetime:
        """Real time."""
        ...


def local_date(now: datetime, zone: str | None) -> date:
    """The calendar day at the instant `now` in an IANA zone; in UTC where none is known."""
    return now.astimezone(UTC if zone is None else ZoneInfo(zone)).date()


class OffsetClock:
    """The system's clock, with business time shifted by what `offset` returns."""

    def __init__(self, offset: Callable[[], timedelta] = lambda: timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Business time."""
        return self.real() + self._offset()

    def real(self) -> datetime:
        """Real time."""
        return datetime.now(UTC)


class OffsetFile:
    """An offset kept in a file as seconds in text, shared by the processes of one installation.

    No file means no offset. A file caught while it is being written keeps the last offset.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = timedelta(0)
        self._read_at = -math.inf

    def __call__(self) -> timedelta:
        """The offset, at most `REREAD_AFTER_S` old."""
        if time.monotonic() - self._read_at >= REREAD_AFTER_S:
            self._offset = self._read()
            self._read_at = time.monotonic()
        return self._offset

    def _read(self) -> timedelta:
        try:
            return timedelta(seconds=float(self._path.read_text(encoding="ascii")))
        except FileNotFoundError:
            return timedelta(0)
        except (ValueError, OverflowError):
            return self._offset


def write_offset(path: Path, offset: timedelta) -> None:
    """Set the offset for every process that reads `path`; readers never see half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(f"{offset.total_seconds():.6f}", encoding="ascii")
    draft.replace(path)


class ManualClock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime, *, real: datetime | None = None) -> None:
        self._now = now
        self._real = now if real is None else real

    def now(self) -> datetime:
        """Business time, as last set."""
        return self._now

    def real(self) -> datetime:
        """Real time, as last set."""
        return self._real

    def set(self, now: datetime) -> None:
        """Put business time at `now`; real time stays."""
        self._now = now

    def advance(self, delta: timedelta, *, real: bool = False) -> None:
        """Move business time by `delta`, and real time too if `real`."""
        self._now += delta
        if real:
            self._real += delta
