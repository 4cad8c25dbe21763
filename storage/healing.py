"""Organisations that are swept since webhooks went missing, and the end of it, told once."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.absorbing import announce
from storage.database import Database
from unified.codecs import instant_text
from unified.ids import TenantId

HEALED = "gap_healed"  #: kind of message on the control topic

# A backfill that began since has read as much as a sweep. What is locked is told at the next look.
_HEALED = """
SELECT t.id, t.shard, t.name, t.external_id, t.healing_since FROM tenant t
 WHERE t.healing_since IS NOT NULL AND t.state = 'linked'
   AND NOT EXISTS (SELECT FROM cursor c
                    WHERE c.tenant_id = t.id AND c.endpoint = ANY($1::text[])
                      AND c.unsupported_reason IS NULL
                      AND (c.backfill_state <> 'done'
                           OR coalesce(greatest(c.last_swept_at, c.backfill_started_at)
                                       < t.healing_since, true)))
 ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED
"""


async def begin_healing(db: Database, *, now: datetime) -> None:
    """All linked organisations are swept from now on, since their webhooks may be missing."""
    await db.execute(
        "UPDATE tenant SET healing_since = $1 WHERE state IN ('linked', 'needs_reauth')", now
    )


async def end_healing(db: Database, endpoints: Sequence[str], *, now: datetime) -> list[TenantId]:
    """Tell those of which all these endpoints have been swept since; returns them."""
    async with db.transaction() as conn:
        rows = await conn.fetch(_HEALED, list(endpoints))
        if not rows:
            return []
        await conn.execute(
            "UPDATE tenant SET healing_since = NULL WHERE id = ANY($1::uuid[])",
            [row["id"] for row in rows],
        )
        for row in rows:
            message = {
                "tenant_id": row["id"],
                "tenant_name": row["name"],
                "external_id": row["external_id"],
                "since": instant_text(row["healing_since"]),
                "at": instant_text(now),
            }
            await announce(
                conn, row["id"], shard=row["shard"], kind=HEALED, topic="control", key=row["id"],
                value=msgspec.json.encode(message),
            )  # fmt: skip
    return [TenantId(row["id"]) for row in rows]
