"""The rescuer: what a killed process left claimed is made free, and said aloud.

Leases and presences end by themselves; this only clears what they leave, so that the tables show
the truth.
"""

import structlog

from handlers.relays import GROUP
from storage.database import Database
from storage.leases import clear_ended_leases
from storage.presence import forget_ended_presences

log = structlog.get_logger(__name__)


async def rescue(db: Database) -> int:
    """Clear the marks of tenants' leases that have ended, and forget who is gone without a word;
    returns how many tenants there were."""
    ended, gone = await clear_ended_leases(db), await forget_ended_presences(db, GROUP)
    if ended or gone:
        log.warning("leases_rescued", tenants=ended, processes=gone)
    return ended
