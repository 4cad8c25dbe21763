"""What sweeps found that webhooks should have told, since webhooks were last heard: one row, for
Xero has one subscription per app, whatever its organisations.

Nothing is decided here; when silence is death stands in handlers.webhook_watch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from storage.absorbing import announce
from storage.database import Connection, Database
from unified.ids import TenantId


@dataclass(frozen=True, slots=True)
class Watch:
    """How it stands with the subscription.

    Attributes:
        heard_at: real time: receipt of the newest delivery that carried events; None: never.
        untold: changes found since then that it should have brought.
        untold_since: business time: when the first of them was found.
        silent_since: business time: when it was declared silent; None: it is not.
    """

    heard_at: datetime | None
    untold: int
    untold_since: datetime | None
    silent_since: datetime | None


_COLUMNS = "heard_at, untold, untold_since, silent_since"


async def watch_of(db: Database | Connection) -> Watch:
    """How it stands now."""
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM webhook_watch")  # noqa: S608  # constant columns
    return Watch(None, 0, None, None) if row is None else Watch(*row.values())


async def note_untold(conn: Connection, changes: int, *, now: datetime) -> None:
    """A sweep or audit found so many changes that a webhook should have told before `now`."""
    if changes:
        await conn.execute(
            """UPDATE webhook_watch SET untold = untold + $1,
                      untold_since = coalesce(untold_since, $2)""",
            changes,
            now,
        )


# Deliveries repeated by Xero are a sign of life, too; an intent to receive leaves no row.
_HEARD = """
UPDATE webhook_watch SET heard_at = newest.at, untold = 0, untold_since = NULL
  FROM (SELECT max(received_at) AS at FROM delivery
         WHERE event_count > 0 AND outcome <> 'unreadable'
           AND received_at > coalesce((SELECT heard_at FROM webhook_watch), '-infinity')) AS newest
 WHERE newest.at IS NOT NULL
"""


async def look_for_deliveries(db: Database) -> Watch:
    """Take in whether deliveries came since the last look, which settles all that was counted."""
    await db.execute(_HEARD)
    return await watch_of(db)


async def declare(
    db: Database,
    kind: str,
    *,
    silent_since: datetime | None,
    message: Mapping[str, object],
) -> Sequence[TenantId]:
    """Keep that the subscription is silent (or, with None, no more) and say so to every linked
    organisation on the control topic; returns them. Nothing happens if it is kept already."""
    async with db.transaction() as conn:
        moved = await conn.fetchval(
            """UPDATE webhook_watch SET silent_since = $1
                WHERE (silent_since IS NULL) <> ($1::timestamptz IS NULL) RETURNING true""",
            silent_since,
        )
        if not moved:
            return []
        rows = await conn.fetch(
            """SELECT id, shard, name, external_id FROM tenant
                WHERE state IN ('linked', 'needs_reauth') ORDER BY id"""
        )
        for row in rows:
            told = {
                "tenant_id": row["id"],
                "tenant_name": row["name"],
                "external_id": row["external_id"],
                **message,
            }
            await announce(
                conn, row["id"], shard=row["shard"], kind=kind, topic="control", key=row["id"],
                value=msgspec.json.encode(told),
            )  # fmt: skip
    return [TenantId(row["id"]) for row in rows]
