"""What no webhook tells: changes of accounts, tax rates, items and their kind are found by sweeps.

So are payments that were made and undone before their document was read: the simulator, as far as
is known of Xero, announces no payment.

Tests that show what webhooks alone bring ask for these sweeps, and no others, before they judge:
a sweep of what webhooks announce would find what was lost, and hide it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from storage.cursors import bring_sweeps_forward
from storage.database import Database
from storage.notices import NOTICE_CHANNEL
from unified.resource import Resource
from unified.resources import RESOURCES

UNANNOUNCED: Final = tuple(
    each for each in RESOURCES if each.webhook_category is None or each.name == "payment"
)


async def sweep_soon(db: Database, resources: Iterable[Resource], *, now: datetime) -> None:
    """Make sweeps of these due for every organisation, and tell the handlers; `now` is business
    time."""
    paths = [resource.endpoint.path for resource in resources]
    await bring_sweeps_forward(db, paths, now=now, spread_s=0.0)
    await db.execute("SELECT pg_notify($1, '')", NOTICE_CHANNEL)
