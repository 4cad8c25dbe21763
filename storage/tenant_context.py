"""What normalizing needs to know of a tenant, read from its row."""

from storage.database import Connection, Database
from storage.errors import TenantNotLinked
from unified.ids import ConnectionId, TenantId
from unified.resource import TenantContext


async def read_context(db: Database | Connection, tenant_id: TenantId) -> TenantContext:
    """The tenant's currency, zone, calendar and link.

    Raises:
        TenantNotLinked: it is unknown, or in a state in which nothing may be read for it.
    """
    row = await db.fetchrow(
        """SELECT connection_id, base_currency, short_code, time_zone, business_date, state
             FROM tenant WHERE id = $1""",
        tenant_id,
    )
    if row is None or row["state"] != "linked":
        raise TenantNotLinked(tenant_id, "unknown" if row is None else row["state"])
    return TenantContext(
        tenant_id=tenant_id,
        connection_id=ConnectionId(row["connection_id"]),
        base_currency=row["base_currency"],
        short_code=row["short_code"],
        time_zone=row["time_zone"],
        business_date=row["business_date"],
    )
