"""Which transfers have certain bank transactions as their sides: asked of the mirror's records."""

from collections.abc import Sequence
from typing import Any

import msgspec

from storage.database import Connection
from unified.ids import RemoteId, TenantId

# Reads all transfers of the tenant: their sides are in no column, and this is asked rarely.
_OF_LEGS = """
SELECT remote_id, unified FROM record
 WHERE tenant_id = $1 AND resource = 'transaction' AND endpoint = $2
   AND EXISTS (SELECT 1 FROM json_array_elements(unified -> 'legs') AS leg
                WHERE leg -> 'ref' ->> 'remote_id' = ANY($3::text[]))
 ORDER BY remote_id
"""


async def transfers_of_legs(
    conn: Connection, tenant_id: TenantId, endpoint: str, legs: Sequence[str]
) -> dict[RemoteId, dict[str, Any]]:
    """The records of the transfers, read from `endpoint`, that have one of these sides."""
    if not legs:
        return {}
    rows = await conn.fetch(_OF_LEGS, tenant_id, endpoint, list(legs))
    return {row["remote_id"]: msgspec.json.decode(row["unified"]) for row in rows}
