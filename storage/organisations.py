"""What an organisation's own record says, for whoever needs a word of it beyond its context."""

from storage.database import Database
from unified.ids import TenantId


async def country_of(db: Database, tenant_id: TenantId) -> str | None:
    """The ISO 3166 code of the organisation's country; None while it is not known."""
    country: str | None = await db.fetchval(
        """SELECT unified->>'country' FROM record
            WHERE tenant_id = $1 AND resource = 'company_info'""",
        tenant_id,
    )
    return country
