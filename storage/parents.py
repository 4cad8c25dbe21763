"""Which records have things of their own at Xero that no list shows, such as attachments."""

from collections.abc import Sequence

from storage.database import Connection, Database
from unified.ids import RemoteId, TenantId


async def parents_with(
    conn: Connection, tenant_id: TenantId, flag: str, endpoints: Sequence[str]
) -> list[tuple[str, str | None, RemoteId]]:
    """(Resource, endpoint, remote id) of each record that Xero knows, whose field `flag` is true,
    or that is of one of these endpoints and has no such field, which tells nothing.

    What was deleted or merged keeps what it has, so it is among them; what is missing is not. By
    resource and id; the endpoint is None where that was not kept.
    """
    rows = await conn.fetch(
        """SELECT resource, endpoint, remote_id FROM record
            WHERE tenant_id = $1
              AND NOT (is_deleted AND unified ->> 'deletion_kind' = 'missing')
              AND (unified ->> $2 = 'true' OR (endpoint = ANY($3) AND unified -> $2 IS NULL))
            ORDER BY resource, remote_id""",
        tenant_id,
        flag,
        list(endpoints),
    )
    return [(row["resource"], row["endpoint"], row["remote_id"]) for row in rows]


async def has_child_named(
    db: Database, tenant_id: TenantId, below: str, field: str, name: str
) -> bool:
    """Whether a thing has a child whose `field` is `name`; `below` is how its children's remote ids
    begin."""
    found = await db.fetchval(
        """SELECT EXISTS (SELECT FROM record
                           WHERE tenant_id = $1 AND NOT is_deleted
                             AND starts_with(remote_id, $2) AND unified ->> $3 = $4)""",
        tenant_id,
        below,
        field,
        name,
    )
    return bool(found)
