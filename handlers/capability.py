"""What Xero does not let us read of an organisation: known by asking once, said, asked again later.

Payroll, journals and the like belong to some organisations and apps only. A refusal there is no
failure that passes in a minute, nor is it an empty list: it is kept beside the endpoint's cursor
with its reason, announced on the control topic, and asked again each week and after each consent.
"""

from datetime import timedelta

import msgspec
import structlog

from handlers.workshop import Workshop
from storage.absorbing import announce, lock_tenant
from storage.cursors import cursors, unsupported
from storage.organisations import country_of
from unified.codecs import instant_text
from unified.ids import TenantId
from unified.resource import Endpoint, Resource
from xero.errors import (
    AccessTokenRefused,
    PayloadRefused,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    XeroError,
)

ASK_AGAIN = timedelta(days=7)  #: business time; a new consent is asked about at once
GONE = 410  #: HTTP status of an endpoint that Xero has taken away
NOT_HERE = 405  #: and of one that is another region's, as callers of payroll have told

log = structlog.get_logger(__name__)


def refusal_of(endpoint: Endpoint, error: XeroError) -> str | None:
    """Why Xero does not let us read a gated endpoint, in words; None where the error says no such
    thing: it may pass, or was about one thing alone."""
    reason = None
    match error:
        case ScopeMissing():
            reason = f"the consent does not cover {endpoint.scope_granular}"
        case AccessTokenRefused():
            reason = "Xero refuses the access token here, a fresh one too (401)"
        case TenantRefused():
            reason = "Xero refuses this organisation here (403)"
        case ResourceMissing() if not endpoint.children:
            reason = "this organisation has no such endpoint (404)"
        case PayloadRefused(status=status) if status == GONE:
            reason = "Xero has taken this endpoint away (410)"
        case PayloadRefused(status=status) if status == NOT_HERE:
            reason = "Xero does not serve this organisation here (405)"
    return reason if endpoint.gated else None


async def out_of_region(shop: Workshop, tenant_id: TenantId, endpoint: Endpoint) -> str | None:
    """Why it would be no use to ask, in words: organisations of this country have no such endpoint.

    Asking could even mislead: the payrolls of two regions answer at one address.
    """
    if not endpoint.countries:
        return None
    country = await country_of(shop.db, tenant_id)
    if country is None or country.upper() in endpoint.countries:
        return None
    named = " and ".join(sorted(endpoint.countries))
    return f"Xero has it for organisations of {named} only, and this one is of {country}"


async def note_refused(
    shop: Workshop, tenant_id: TenantId, resource: Resource, reason: str, *, fencing: int
) -> None:
    """Keep and announce that Xero refuses this endpoint to the organisation.

    Raises:
        TenantNotLinked, LeaseLost: nothing was written; it may be the whole organisation that Xero
            refuses.
    """
    endpoint, now = resource.endpoint.path, shop.clock.now()
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
        known = (await cursors(conn, tenant_id)).get(endpoint)
        if known is None:
            return
        await unsupported(
            conn, tenant_id, endpoint, reason=reason, now=now, ask_again_at=now + ASK_AGAIN
        )
        if known.unsupported_reason != reason:
            await announce(
                conn, tenant_id, shard=tenant.shard, kind="capability", topic="control",
                key=tenant_id, value=_message(tenant_id, resource, reason, instant_text(now)),
            )  # fmt: skip
    log.info("unsupported", tenant_id=tenant_id, endpoint=endpoint, reason=reason)


async def note_taken(
    shop: Workshop, tenant_id: TenantId, resource: Resource, *, fencing: int
) -> None:
    """Announce that Xero lets us read an endpoint that it refused before."""
    async with shop.db.transaction() as conn:
        tenant = await lock_tenant(conn, tenant_id, fencing=fencing)
        await announce(
            conn, tenant_id, shard=tenant.shard, kind="capability", topic="control", key=tenant_id,
            value=_message(tenant_id, resource, None, instant_text(shop.clock.now())),
        )  # fmt: skip
    log.info("supported", tenant_id=tenant_id, endpoint=resource.endpoint.path)


def _message(tenant_id: TenantId, resource: Resource, reason: str | None, at: str) -> bytes:
    return msgspec.json.encode(
        {
            "tenant_id": tenant_id,
            "resource": resource.name,
            "endpoint": resource.endpoint.path,
            "state": "supported" if reason is None else "unsupported",
            "reason": reason,
            "at": at,
        }
    )
