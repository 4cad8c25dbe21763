"""What several commands share: settings from the environment, logging, running until a signal."""

import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

    from ledgerwire.settings import Settings

Result = TypeVar("Result")


def settings_from_environment(*, a_look: bool = False) -> "Settings":
    """The settings, and logging set up as they say.

    A command that only looks (`a_look`) logs warnings at most, unless a level was asked for: who
    wants a list wants no news of servers that start and stop for it.

    Raises:
        SettingsError: one of them is wrong.
    """
    from ledgerwire.logs import configure_logging
    from ledgerwire.settings import load

    settings, sources = load(os.environ)
    chosen = settings
    if a_look and sources["log_level"].origin == "default":
        chosen = settings.model_copy(update={"log_level": "warning"})
    configure_logging(chosen, terminal=sys.stderr.isatty())
    return settings


def run_async(job: Coroutine[Any, Any, Result]) -> Result:
    """Run a job on the fastest event loop there is."""
    import asyncio

    try:
        import uvloop
    except ImportError:  # Windows has none
        return asyncio.run(job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(job)


def stop_on_signals() -> "asyncio.Event":
    """An event that SIGTERM or Ctrl-C sets."""
    import asyncio

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)
    return stop
