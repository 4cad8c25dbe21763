"""The rescuer: what a killed process left claimed is made free, and said aloud.

Leases and presences end by themselves; this only clears what they leave, so that the tables show
the truth. A refresh of tokens that was cut off is another matter: it must be tried again soon.
"""

import structlog

from handlers.relays import GROUP
from storage.database import Database
from storage.leases import clear_ended_leases
from storage.presence import forget_ended_presences
from storage.refresh import call_for_unsettled
from unified.clock import Clock

log = structlog.get_logger(__name__)


async def rescue(db: Database, clock: Clock) -> int:
    """Clear the marks of tenants' leases that have ended, forget who is gone without a word, and
    see that refreshes without a known end are tried again; returns how many tenants there were."""
    if await call_for_unsettled(db, now=clock.now()):
        log.warning("refresh_tried_again")
    ended, gone = await clear_ended_leases(db), await forget_ended_presences(db, GROUP)
    if ended or gone:
        log.warning("leases_rescued", tenants=ended, processes=gone)
    return ended
