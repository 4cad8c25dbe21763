"""The rescuer: what a killed process left claimed is made free, and said aloud.

Leases end by themselves; this only clears their marks, so that a tenant's row shows the truth.
"""

import structlog

from storage.database import Database
from storage.leases import clear_ended_leases

log = structlog.get_logger(__name__)


async def rescue(db: Database) -> int:
    """Clear the marks of leases that have ended; returns how many there were."""
    ended = await clear_ended_leases(db)
    if ended:
        log.warning("leases_rescued", tenants=ended)
    return ended
