"""Calls and bytes used and left per organisation and day, and Xero's bill at the month's end.

From the database alone: what is left of a day is what Xero last told. For people who look; what
may be called now is decided in `storage.call_budget`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ledgerwire.forecast import Forecast, Spent, forecast, month_of, needed_since
from ledgerwire.installation import Installation
from ledgerwire.naming import named_tenant
from storage.calls import Usage
from storage.tenants import TenantSummary, tenants
from storage.usage import EndpointUsage, usage_by_day, usage_by_endpoint
from unified.codecs import instant_text
from unified.ids import TenantId
from xero.tiers import CURRENCY, FREE_OF_EGRESS, OVERAGE_PER_GB, TIERS, bill, tier_named

COUNTED = ("linked", "needs_reauth", "vanished")
"""States in which Xero may count a connection: until it is removed there (Xero: Pricing)."""


async def spending(here: Installation, name: str | None) -> dict[str, Any]:
    """What one organisation, or each, has used today and this month and will have used; and what
    the whole app costs at each tier.

    Raises:
        WrongUsage: no such organisation.
    """
    chosen = None if name is None else (await named_tenant(here.db, name)).id
    now = here.clock.now()
    first, last = month_of(now.date())
    days = await usage_by_day(here.db, since=needed_since(now.date()), until=now.date())
    endpoints = await usage_by_endpoint(here.db, since=first, until=last)
    known = await tenants(here.db)
    calls_a_day = tier_named(here.settings.xero_tier).calls_a_day
    rows = [_row(each, days, endpoints, now, calls_a_day) for each in known]
    connections = sum(each.state in COUNTED for each in known)
    # What was spent for organisations that are unlinked by now is on the bill all the same.
    free = sum(each.bytes for each in endpoints if each.endpoint in FREE_OF_EGRESS)
    egress = _egress(_forecast(days, None, "bytes", now), free)
    return {
        "month": f"{now:%Y-%m}",
        "at": instant_text(now),
        "tenants": [each for each in rows if chosen in (None, each["tenant_id"])],
        "app": {
            "connections": connections,
            "egress_bytes": egress.so_far,
            "forecast_egress_bytes": egress.at_its_end,
        },
        "tier": here.settings.xero_tier,
        "currency": CURRENCY,
        "overage_per_gb": str(OVERAGE_PER_GB),
        "bill": [_bill(tier.name, connections, egress.at_its_end) for tier in TIERS],
    }


def _row(
    each: TenantSummary,
    days: Sequence[Usage],
    endpoints: Sequence[EndpointUsage],
    now: datetime,
    calls_a_day: int,
) -> dict[str, Any]:
    calls, size = (_forecast(days, each.id, what, now) for what in ("calls", "bytes"))
    mine = [one for one in endpoints if one.tenant_id == each.id]
    egress = _egress(size, sum(one.bytes for one in mine if one.endpoint in FREE_OF_EGRESS))
    today = [one for one in days if one.tenant_id == each.id and one.day == now.date()]
    return {
        "tenant_id": each.id,
        "name": each.name,
        "today": {
            "calls": sum(one.calls for one in today),
            "bytes": sum(one.bytes for one in today),
            "refused": sum(one.refused for one in today),
            "calls_a_day": calls_a_day,
            "day_remaining": each.day_remaining,
            "minute_remaining": each.minute_remaining,
            "told_at": None if each.limits_at is None else instant_text(each.limits_at),
            "by_purpose": {one.purpose: one.calls for one in today},
        },
        "month": {
            "calls": calls.so_far,
            "bytes": size.so_far,
            "egress_bytes": egress.so_far,
            "forecast_calls": calls.at_its_end,
            "forecast_egress_bytes": egress.at_its_end,
            "by_endpoint": {one.endpoint: {"calls": one.calls, "bytes": one.bytes} for one in mine},
        },
    }


def _forecast(
    days: Sequence[Usage], tenant_id: TenantId | None, what: str, now: datetime
) -> Forecast:
    spent = (
        Spent(one.day, one.purpose, getattr(one, what))
        for one in days
        if tenant_id in (None, one.tenant_id)
    )
    return forecast(spent, now)


def _egress(size: Forecast, free: int) -> Forecast:
    """Less what is free, of which the days to come will have their share."""
    if not size.so_far:
        return size
    counted = max(size.so_far - free, 0)
    return Forecast(counted, round(size.at_its_end * counted / size.so_far))


def _bill(name: str, connections: int, egress: int) -> dict[str, Any]:
    tier = tier_named(name)
    told = bill(tier, connections=connections, egress=egress)
    return {
        "tier": name,
        "fits": told.fits,
        "fee": None if tier.fee is None else str(tier.fee),
        "connections": tier.connections,
        "egress_gb": tier.egress_gb,
        "overage_gb": told.overage_gb,
        "overage": str(told.overage),
        "total": None if told.total is None else str(told.total),
    }
