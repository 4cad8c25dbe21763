"""What several commands share: settings from the environment, logging, running until a signal."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from ledgerwire.logs import configure_logging
from ledgerwire.settings import Settings, load

Result = TypeVar("Result")


def settings_from_environment() -> Settings:
    """The settings, and logging set up as they say.

    Raises:
        SettingsError: one of them is wrong.
    """
    settings, _ = load(os.environ)
    configure_logging(settings, terminal=sys.stderr.isatty())
    return settings


def run_async(job: Coroutine[Any, Any, Result]) -> Result:
    """Run a job on the fastest event loop there is."""
    try:
        import uvloop
    except ImportError:  # Windows has none
        return asyncio.run(job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(job)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or Ctrl-C sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)
    return stop
