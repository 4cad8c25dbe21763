"""Business time: real time plus a file's offset, where no clock was handed; and going forward.

Not a scheduler: nothing here waits.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

REREAD_S = 0.05
"""The file is looked at no more often than this; clocks are read thousands of times a second."""


class FileClock:
    """Real time plus an offset in seconds kept as text in a file; no file means no offset."""

    def __init__(
        self, path: Path | None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._monotonic = monotonic
        self._offset = timedelta(0)
        self._read_at = float("-inf")

    def __call__(self) -> datetime:
        """Now, as an aware UTC instant."""
        if self._path is not None and self._monotonic() - self._read_at >= REREAD_S:
            self._read_at = self._monotonic()
            self._offset = _offset_in(self._path)
        return datetime.now(UTC) + self._offset


class ForwardClock:
    """Another clock, and how far ahead of it one wants to be. Time does not go back.

    Attributes:
        ahead: the distance; it can only grow.
    """

    def __init__(self, base: Callable[[], datetime]) -> None:
        self._base = base
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        """Now, as an aware UTC instant."""
        return self._base() + self.ahead

    def forward(self, by: timedelta) -> None:
        """Go further ahead. Raises ValueError for a step back."""
        if by < timedelta(0):
            raise ValueError("time does not go back")
        self.ahead += by


def _offset_in(path: Path) -> timedelta:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return timedelta(0)
    # A writer may just have truncated the file; the next look finds the number.
    return timedelta(seconds=float(text)) if text else timedelta(0)
