"""New resources for organisations that were linked before: an upgrade brings them by itself.

Linking gives an organisation a cursor for every endpoint that is carried then. Whatever a later
version carries besides would never be read for it, were it not added here.
"""

import structlog

from storage.database import Database
from storage.tenants import carry_endpoints
from unified.clock import Clock
from unified.resources import RESOURCES

log = structlog.get_logger(__name__)


async def add_newcomers(db: Database, clock: Clock) -> int:
    """Have every carried endpoint backfilled that a linked organisation has no cursor of; returns
    how many backfills that began.

    Raises:
        StorageUnavailable: try again.
    """
    endpoints = [resource.endpoint.path for resource in RESOURCES]
    added = await carry_endpoints(db, endpoints, now=clock.now())
    if added:
        log.info("newcomers_added", cursors=added)
    return added
