"""What sweeps found that webhooks should have told, since webhooks were last heard: one row, for
Xero has one subscription per app, whatever its organisations; and of what webhooks tell at all.

Which categories are ticked in Xero's portal nobody can ask. So an endpoint counts as told once an
event of it came, of whichever organisation, until a sweep finds what none told; then anew with its
next event. Nothing else is decided here; when silence is death stands in handlers.webhook_watch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from storage.absorbing import announce
from storage.database import Connection, Database
from storage.gaps import SETTLED_AFTER
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


# Of what no webhook ever told, while they told of others, none is expected; nor of what has been
# missed since before the newest delivery: others came, so the subscription lives.
_UNTOLD = """
UPDATE webhook_watch SET untold = untold + $2, untold_since = coalesce(untold_since, $3)
 WHERE NOT EXISTS (SELECT FROM webhook_endpoint)
    OR EXISTS (SELECT FROM webhook_endpoint
                WHERE endpoint = $1
                  AND (missed_at IS NULL OR missed_at >= webhook_watch.heard_at))
"""


async def note_untold(conn: Connection, endpoint: str, changes: int, *, now: datetime) -> None:
    """A sweep or audit found so many changes that a webhook should have told before `now`, if
    webhooks tell of the endpoint."""
    if changes:
        await conn.execute(_UNTOLD, endpoint, changes, now)
        await conn.execute(
            """UPDATE webhook_endpoint SET told_since = NULL, missed_at = clock_timestamp()
                WHERE endpoint = $1 AND missed_at IS NULL""",
            endpoint,
        )


# From now on: how long it had been ticked when its event came, nobody knows. What was still being
# stored at the last look is looked at once more.
_TOLD = """
WITH heard AS (
  SELECT endpoint, max(received_at) AS at FROM delivery, unnest(endpoints) AS endpoint
   WHERE received_at > coalesce((SELECT heard_at FROM webhook_watch), '-infinity') - $1::interval
   GROUP BY endpoint
)
INSERT INTO webhook_endpoint (endpoint, told_since)
SELECT endpoint, $2 FROM heard
 WHERE NOT EXISTS (SELECT FROM webhook_endpoint k WHERE k.endpoint = heard.endpoint
                      AND (k.missed_at IS NULL OR k.missed_at >= heard.at))
    ON CONFLICT (endpoint) DO UPDATE SET told_since = excluded.told_since, missed_at = NULL
"""

# Deliveries repeated by Xero are a sign of life, too; an intent to receive leaves no row.
_HEARD = """
UPDATE webhook_watch SET heard_at = newest.at, untold = 0, untold_since = NULL
  FROM (SELECT max(received_at) AS at FROM delivery
         WHERE event_count > 0 AND outcome <> 'unreadable'
           AND received_at > coalesce((SELECT heard_at FROM webhook_watch), '-infinity')) AS newest
 WHERE newest.at IS NOT NULL
"""


async def look_for_deliveries(db: Database, *, now: datetime) -> Watch:
    """Take in whether deliveries came since the last look, which settles all that was counted, and
    what they told of; `now` is business time."""
    await db.execute(_TOLD, SETTLED_AFTER, now)
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
