"""The linked organisations at a glance, from the database alone."""

from datetime import datetime
from typing import Any

from ledgerwire.installation import open_installation
from ledgerwire.settings import Settings
from storage.database import Database
from storage.overview import Glance, glance
from unified.clock import Clock
from unified.codecs import instant_text


async def overview(settings: Settings) -> list[dict[str, Any]]:
    """One row per organisation: state and since when, freshness, limits left, what waits."""
    async with open_installation(settings, connections=2, broker=False) as here:
        return await overview_of(here.db, here.clock)


async def overview_of(db: Database, clock: Clock) -> list[dict[str, Any]]:
    """The same for a database that is open already; a limit that has passed is left out."""
    now = clock.now()
    return [_row(each, now) for each in await glance(db)]


def _row(each: Glance, now: datetime) -> dict[str, Any]:
    blocked = each.blocked(now)
    return {
        "tenant_id": each.tenant_id,
        "name": each.name,
        "external_id": each.external_id,
        "state": each.state,
        "state_reason": each.state_reason,
        "state_since": _second(each.state_since),
        "health": each.health(now),
        "failing": list(each.failing),
        "business_date": None if each.business_date is None else each.business_date.isoformat(),
        "minute_remaining": each.minute_remaining,
        "day_remaining": each.day_remaining,
        "blocked_by": each.blocked_by if blocked else None,
        "blocked_until": _second(each.blocked_until) if blocked else None,
        "notices_due": each.notices_due,
        "notices_dead": each.notices_dead,
        "events_unrelayed": each.events_unrelayed,
        "backfill": ", ".join(_told(each)) or "done",
        "unsupported": [
            {"endpoint": one.endpoint, "reason": one.reason, "since": _second(one.since)}
            for one in each.unsupported
        ],
        "verified_since": _second(each.verified_since),
    }


def _told(each: Glance) -> list[str]:
    return [
        f"{one.endpoint} {one.state}" + ("" if one.total is None else f" {one.read}/{one.total}")
        for one in each.backfills
    ]


def _second(instant: datetime | None) -> str | None:
    """Whole seconds, UTC."""
    return None if instant is None else f"{instant_text(instant)[:19]}Z"
