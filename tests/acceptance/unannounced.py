"""What no webhook tells: changes of accounts, tax rates, items and their kind are found by sweeps.

So are payments that were made and undone before their document was read: the simulator, as far as
is known of Xero, announces no payment. And who joined and left a group, or left and joined it,
between two reads of the contact stays in the group, or out of it, if that was read in between: no
list tells, until the group is read on its day.

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
    """Make sweeps of these due for every organisation, as if things without a stamp were to be read
    alone today, and tell the handlers; `now` is business time."""
    chosen = list(resources)
    await bring_sweeps_forward(db, [each.endpoint.path for each in chosen], now=now, spread_s=0.0)
    for each in chosen:
        if each.endpoint.detail_every is not None and each.updated_key is None:
            await db.execute(
                """UPDATE cursor SET last_swept_at =
                          coalesce(last_swept_at, backfill_started_at) - $2::interval
                    WHERE endpoint = $1""",
                each.endpoint.path,
                each.endpoint.detail_every,
            )
    await db.execute("SELECT pg_notify($1, '')", NOTICE_CHANNEL)
