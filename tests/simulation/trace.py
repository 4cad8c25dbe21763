"""What happened in one history, line by line: the bug report of its seed.

Every line goes into a digest, by which two runs of one seed are compared; the finest ones (single
statements, messages) are kept only where somebody wants to read them.
"""

import hashlib
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog


class Trace:
    """The lines of the history that is being played."""

    def __init__(self, *, fine: bool = False) -> None:
        self.lines: list[str] = []
        self.count = 0
        self._fine = fine
        self._digest = hashlib.blake2b(digest_size=16)

    @property
    def digest(self) -> str:
        """Of all lines, the finest ones too."""
        return self._digest.hexdigest()

    def step(self, at_s: float, what: str) -> None:
        """Something worth reading in a report."""
        line = f"{at_s:10.4f}  {what}"
        self._take(line)
        self.lines.append(line)

    def detail(self, at_s: float, what: str) -> None:
        """One statement, request or message."""
        line = f"{at_s:10.4f}      {what}"
        self._take(line)
        if self._fine:
            self.lines.append(line)

    def _take(self, line: str) -> None:
        self.count += 1
        self._digest.update(line.encode())


class Logs:
    """Takes the product's own log lines into the trace of whichever history is being played."""

    def __init__(self) -> None:
        self._trace: Trace | None = None
        self._at_s: Callable[[], float] = float
        self._who: Callable[[], str] = str

    def configure(self) -> None:
        """Hand all log lines of this process here."""
        structlog.configure(processors=[self._take], cache_logger_on_first_use=True)

    def into(self, trace: Trace, at_s: Callable[[], float], who: Callable[[], str]) -> None:
        """From now on."""
        self._trace, self._at_s, self._who = trace, at_s, who

    def nowhere(self) -> None:
        """From now on, nobody reads them."""
        self._trace = None

    def _take(self, _: Any, level: str, event: MutableMapping[str, Any]) -> Any:
        trace = self._trace
        if trace is not None:
            fields = " ".join(f"{name}={event[name]}" for name in sorted(event) if name != "event")
            line = f"{self._who()} {level} {event.get('event')} {fields}"
            (trace.detail if level == "info" else trace.step)(self._at_s(), line)
        raise structlog.DropEvent
