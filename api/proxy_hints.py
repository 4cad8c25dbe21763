"""What a request through the proxy may have changed, said to the mirror: the thing that its address
names is read soon; where it names none, since new things have no id yet, what was changed there.

Cheap, and no promise: what else moves with a thing follows from reading it or from sweeps, as after
any change that somebody makes at Xero.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from api.proxy_target import Target
from storage.cursors import sweep_at_once
from storage.database import Database
from storage.notices import NOTICE_CHANNEL, NewNotice, add_notices
from unified.ids import Parent, RemoteId, TenantId
from unified.resource import Resource
from unified.resources import SOURCES, by_endpoint

_ATTACHMENTS: Final = "Attachments"
_HISTORY: Final = "history"  #: notes change nothing that the mirror holds
_SOURCES: Final = {
    (each.endpoint.api, each.endpoint.parts[0].lower()): each
    for each in reversed(SOURCES)
    if len(each.endpoint.parts) == 1 and not each.endpoint.children
}


def source_at(target: Target) -> Resource | None:
    """The source whose things an address is about; None: nothing that is carried."""
    return _SOURCES.get((target.api, target.parts[0].lower())) if target.parts else None


def counted_as(target: Target) -> str:
    """Under which name a call to an address is counted: an endpoint that is carried, or the API."""
    source = source_at(target)
    return target.api.partition("/")[0] if source is None else source.endpoint.path


def named_id(target: Target) -> RemoteId | None:
    """The id of the thing that an address names."""
    try:
        return RemoteId(str(UUID(target.parts[1])))
    except (IndexError, ValueError):
        return None


async def hint(db: Database, tenant_id: TenantId, target: Target, *, now: datetime) -> None:
    """Let the handlers look; `now` is business time.

    Raises:
        StorageError.
    """
    source, remote_id = source_at(target), named_id(target)
    below = target.parts[2].lower() if len(target.parts) > 2 else ""
    if source is None or below == _HISTORY:
        return
    notices: list[NewNotice] = []
    if remote_id is not None and source.endpoint.single:
        notices.append(_notice(source.endpoint.path, remote_id))
        if below == _ATTACHMENTS.lower():
            parent = Parent(source.name, source.endpoint.path, remote_id)
            notices.append(_notice(_ATTACHMENTS, RemoteId(parent.key)))
    async with db.transaction() as conn:
        if notices:
            await add_notices(conn, tenant_id, notices, now=now)
        else:
            await sweep_at_once(conn, tenant_id, source.endpoint.path, now=now)
            await conn.execute("SELECT pg_notify($1, $2)", NOTICE_CHANNEL, tenant_id)


def _notice(endpoint: str, remote_id: RemoteId) -> NewNotice:
    return NewNotice(endpoint=endpoint, remote_id=remote_id, origin="write")


assert by_endpoint(_ATTACHMENTS) is not None  # noqa: S101  # its name, at import
