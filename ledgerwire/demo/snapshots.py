"""The demo's snapshots: every report of every organisation, an aged one of its busiest contact."""

from datetime import timedelta

from ledgerwire.installation import Installation
from ledgerwire.reporting import turn_on
from storage.tenants import tenants
from unified.resources.report import AGED, BY_TYPE

WEEKLY = timedelta(days=7)  #: and once at the end: each night's calls are few as it is
_BUSIEST = """
SELECT contact_remote_id FROM record
 WHERE tenant_id = $1 AND resource = 'invoice' AND type = $2 AND status = 'open'
 GROUP BY contact_remote_id ORDER BY count(*) DESC, contact_remote_id LIMIT 1
"""
_ABOUT = {"aged_receivables": "invoice", "aged_payables": "bill"}


async def take_reports(here: Installation) -> int:
    """Turn weekly snapshots on; returns of how many reports."""
    taken = 0
    for tenant in await tenants(here.db):
        plain = [kind for kind in BY_TYPE if kind not in AGED]
        await turn_on(here, tenant.id, plain, every=WEEKLY, contacts=())
        taken += len(plain)
        for kind, of in _ABOUT.items():
            contact = await here.db.fetchval(_BUSIEST, tenant.id, of)
            if contact is not None:
                await turn_on(here, tenant.id, [kind], every=WEEKLY, contacts=[contact])
                taken += 1
    return taken
