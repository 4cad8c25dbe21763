"""How often in a row things were missing from complete lists: kept beside each record.

Every answer that shows a thing sets its count back (storage.records). What absence means is for
handlers.absence to say.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from storage.database import Connection, Database
from unified.ids import RemoteId, TenantId

# What was confirmed after the list had been asked for was only not there yet. Where it is not kept
# from which endpoint a record came, its resource had one when it was stored. A clock that was set
# back begins the wait anew.
_MISS = """
UPDATE record
   SET missed_lists = CASE WHEN missed_lists > 0 AND missed_since > $7::timestamptz - $8::interval
                           THEN missed_lists ELSE least(missed_lists + 1, 1000) END,
       missed_since = CASE WHEN missed_lists > 0 THEN least(missed_since, $7) ELSE $7 END
 WHERE tenant_id = $1 AND resource = $2 AND NOT is_deleted
   AND coalesce(endpoint, $5) = $5 AND remote_id <> ALL($3::text[]) AND answered_at < $4
   AND coalesce(listed_at, '-infinity') < $4
   AND starts_with(remote_id, $6)
RETURNING remote_id, missed_lists
"""


async def note_missed(  # noqa: PLR0913  # what a list is of, and what it held
    conn: Connection,
    tenant_id: TenantId,
    resource: str,
    listed: Collection[str],
    *,
    endpoint: str,
    asked_at: datetime,
    now: datetime,
    apart: timedelta,
    below: str = "",
) -> dict[RemoteId, int]:
    """Count one complete list of an endpoint, asked for at `asked_at` (database clock), for
    whatever it lacks; returns how many lists in a row each of these was missing from.

    A list that follows the first that lacked a thing within `apart` counts as that one does: what
    lagged then may lag still. `now` is business time: as a rule, of the list's beginning.
    `below` begins the remote ids of all that the list is complete of, where that is not all.
    """
    rows = await conn.fetch(
        _MISS, tenant_id, resource, sorted(listed), asked_at, endpoint, below, now, apart
    )
    return {row["remote_id"]: row["missed_lists"] for row in rows}


async def missed_lists(
    conn: Connection, tenant_id: TenantId, resource: str, remote_id: RemoteId
) -> int:
    """How many complete lists in a row a known thing was missing from."""
    found = await conn.fetchval(
        """SELECT missed_lists FROM record
            WHERE tenant_id = $1 AND resource = $2 AND remote_id = $3""",
        tenant_id,
        resource,
        remote_id,
    )
    return int(found or 0)


async def has_missed(db: Database, tenant_id: TenantId, resource: str, *, endpoint: str) -> bool:
    """Whether anything that counts as there was missing from the endpoint's last complete list."""
    found = await db.fetchval(
        """SELECT EXISTS (SELECT FROM record WHERE tenant_id = $1 AND resource = $2
                             AND coalesce(endpoint, $3) = $3
                             AND missed_lists > 0 AND NOT is_deleted)""",
        tenant_id,
        resource,
        endpoint,
    )
    return bool(found)


async def unconfirmed(db: Database, tenant_id: TenantId, resource: str, *, endpoint: str) -> int:
    """How many things count as there although the endpoint's last complete list lacked them."""
    found: int = await db.fetchval(
        """SELECT count(*) FROM record WHERE tenant_id = $1 AND resource = $2
              AND coalesce(endpoint, $3) = $3 AND missed_lists > 0 AND NOT is_deleted""",
        tenant_id,
        resource,
        endpoint,
    )
    return found


async def unlisted(
    db: Database,
    tenant_id: TenantId,
    resource: str,
    listed: Collection[str],
    *,
    endpoint: str,
    asked_at: datetime,
) -> list[RemoteId]:
    """What a complete list of an endpoint, asked for at `asked_at`, lacks; nothing is counted."""
    rows = await db.fetch(
        """SELECT remote_id FROM record WHERE tenant_id = $1 AND resource = $2 AND NOT is_deleted
              AND coalesce(endpoint, $3) = $3 AND remote_id <> ALL($4::text[]) AND answered_at < $5
            ORDER BY remote_id""",
        tenant_id,
        resource,
        endpoint,
        sorted(listed),
        asked_at,
    )
    return [row["remote_id"] for row in rows]
