"""The clock mark: notices that business time was set back, so that nothing waits for hours on end.

Not the calendar, which turns dates: those never go back.
"""

from datetime import timedelta

import structlog

from storage.clock_mark import note_clock
from storage.database import Database
from unified.clock import Clock

log = structlog.get_logger(__name__)


async def mark_clock(db: Database, clock: Clock) -> timedelta:
    """Note how far business time has come; returns by how much it had been set back."""
    back = await note_clock(db, clock.now())
    if back:
        log.warning("clock_set_back", seconds=round(back.total_seconds()))
    return back
