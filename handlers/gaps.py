"""Holes in Xero's sequence numbers: what they might have carried is swept for.

What a hole means is not documented, so it is a reason to look, never to stop. One that stays open
for a minute brings forward one sweep of each webhooked endpoint of every tenant, since numbers
run over all tenants of the app. Each is told, on the control topic, when that has been done.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from storage.cursors import bring_sweeps_forward
from storage.database import Database
from storage.gaps import find_gaps, gaps_to_act_on, mark_acted
from storage.healing import begin_healing, end_healing
from unified.clock import Clock
from unified.resources import RESOURCES

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GapSettings:
    """How patient the watch is."""

    open_for: timedelta = timedelta(seconds=60)  #: real time: it may only be late
    spread_s: float = 900.0  #: business time over which the sweeps are spread


async def watch_gaps(db: Database, clock: Clock, settings: GapSettings) -> int:
    """Record holes, close filled ones, and act on those open too long; returns sweeps moved."""
    webhooked = [r.endpoint.path for r in RESOURCES if r.webhook_category is not None]
    now = clock.now()
    for tenant_id in await end_healing(db, webhooked, now=now):
        log.info("gap_healed", tenant_id=tenant_id)
    await find_gaps(db)
    gaps = await gaps_to_act_on(db, open_for=settings.open_for)
    if not gaps:
        return 0
    await begin_healing(db, now=now)
    moved = await bring_sweeps_forward(db, webhooked, now=now, spread_s=settings.spread_s)
    await mark_acted(db, gaps)
    log.warning("sequence_gap", gaps=len(gaps), sweeps=moved)
    return moved
