"""Logging: an event word, then fields; for people on a terminal, for machines elsewhere.

Secrets and payloads are never given to the logger; nothing here could take them out again.
"""

import logging
import sys

import structlog

from ledgerwire.settings import Settings


def configure_logging(settings: Settings, *, terminal: bool) -> None:
    """Send our own records, and warnings of libraries, to standard error."""
    chosen = settings.log_format
    console = chosen == "console" or (chosen == "auto" and terminal)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=terminal,
            # The default would show local variables, and with them secrets and books.
            exception_formatter=structlog.dev.plain_traceback,
        )
        if console
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(message)s")
    # They report each retry of a server that is away, one with a traceback; our own records say it
    # once.
    for library in ("aiokafka", "asyncpg"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
