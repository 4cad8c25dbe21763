"""Figures that tests measure and do not assert: shown at the end of the run.

pytest loads this as a plugin; tests import the type of its fixture.
"""

from collections.abc import Callable

import pytest

Figure = Callable[[str], None]

_NAME = "figure"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Show one line at the end of the run."""

    def show(text: str) -> None:
        record_property(_NAME, text)

    return show


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured, whichever process of a parallel run measured it."""
    lines = [
        str(value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == _NAME
    ]
    if lines:
        terminalreporter.section("figures of this run, on this machine")
    for line in sorted(lines):
        terminalreporter.write_line(line)
