"""What was spent, read for people: calls and bytes by day, purpose and endpoint. UTC days of
business time. Writing it down is `storage.calls`, with each answer."""

from dataclasses import dataclass
from datetime import date

from storage.calls import Usage
from storage.database import Database
from unified.ids import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointUsage:
    """Calls and bytes of one endpoint over some days; bytes after decompression."""

    tenant_id: TenantId
    endpoint: str
    calls: int
    bytes: int


async def usage_by_day(
    db: Database, *, since: date, until: date, tenant_id: TenantId | None = None
) -> list[Usage]:
    """Daily sums of `since` to `until`, both included, of one tenant or of all."""
    rows = await db.fetch(
        """SELECT tenant_id, day, purpose, calls, bytes, refused FROM usage
            WHERE day BETWEEN $1 AND $2 AND ($3::uuid IS NULL OR tenant_id = $3)
            ORDER BY tenant_id, day, purpose""",
        since,
        until,
        tenant_id,
    )
    return [Usage(**dict(row.items())) for row in rows]


async def usage_by_endpoint(
    db: Database, *, since: date, until: date, tenant_id: TenantId | None = None
) -> list[EndpointUsage]:
    """Sums over `since` to `until`, both included, by endpoint, of one tenant or of all.

    Days older than two months are not told apart by endpoint any more (storage.pruning).
    """
    rows = await db.fetch(
        """SELECT tenant_id, endpoint, sum(calls)::bigint AS calls, sum(bytes)::bigint AS bytes
             FROM endpoint_usage
            WHERE day BETWEEN $1 AND $2 AND ($3::uuid IS NULL OR tenant_id = $3)
            GROUP BY tenant_id, endpoint ORDER BY tenant_id, endpoint""",
        since,
        until,
        tenant_id,
    )
    return [EndpointUsage(**dict(row.items())) for row in rows]
