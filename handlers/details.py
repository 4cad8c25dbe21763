"""Reading by itself what lists name and do not tell, though nothing says that it moved.

Members of a contact group come and go without a stamp, and the months of a budget that one call
gives go on with the calendar. So each thing of such an endpoint is read once in a while, whatever
its list says (`Endpoint.detail_every`). What a list does show as moved is asked for by absorbing.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from handlers.workshop import Workshop
from storage.absorbing import lock_tenant
from storage.cursors import Cursor
from storage.notices import NewNotice, add_notices
from unified.ids import RemoteId, TenantId
from unified.resource import Endpoint, Resource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def ask_for_details(  # noqa: PLR0913  # what a list is of, and what it held
    shop: Workshop,
    tenant_id: TenantId,
    resource: Resource,
    state: Cursor,
    listed: Collection[str],
    *,
    now: datetime,
    fencing: int,
) -> None:
    """After a complete list: have all that it named be read, where the time for that has come."""
    if not is_time(resource.endpoint, state.last_swept_at or state.backfill_started_at, now=now):
        return
    wanted = [
        NewNotice(
            endpoint=resource.endpoint.path,
            remote_id=RemoteId(remote_id),
            origin="sweep",
            single_read=True,
        )
        for remote_id in sorted(listed)
    ]
    async with shop.db.transaction() as conn:
        await lock_tenant(conn, tenant_id, fencing=fencing)
        await add_notices(conn, tenant_id, wanted, now=now)


def is_time(endpoint: Endpoint, before: datetime | None, *, now: datetime) -> bool:
    """Whether a new stretch of `detail_every` has begun since the list was read before.

    Stretches are counted from 1970, so no time of the last one need be kept.
    """
    every = endpoint.detail_every
    if every is None:
        return False
    return before is None or (before - _EPOCH) // every < (now - _EPOCH) // every
