"""Presences: who takes part in work that is shared by the number of those who do.

A presence is a row among the leases that guards nothing: a process says that it lives, and for how
long to believe it. What one of them may take is a matter of leases; how much it should take follows
from how many are present.
"""

from datetime import timedelta

from storage.database import Database, changed_rows
from storage.leases import LEASE_CHANNEL


async def keep_presence(db: Database, group: str, owner: str, *, life: timedelta) -> list[str]:
    """Say that `owner` lives and takes part in `group`, for `life` from now.

    Returns all who do, in the order of their names, so that each can tell its share from the
    others'.
    """
    rows = await db.fetch(
        """WITH mine AS (
             INSERT INTO lease (name, owner, until)
             VALUES ($1 || ':' || $2, $2, clock_timestamp() + $3::interval)
                 ON CONFLICT (name) DO UPDATE SET until = excluded.until
             RETURNING owner
           )
           SELECT owner FROM mine
            UNION
           SELECT owner FROM lease
            WHERE starts_with(name, $1 || ':') AND until >= clock_timestamp()
            ORDER BY owner""",
        group,
        owner,
        life,
    )
    return [row["owner"] for row in rows]


async def end_presence(db: Database, group: str, owner: str) -> None:
    """Take part no longer, and tell whoever listens on LEASE_CHANNEL."""
    await db.execute(
        """WITH gone AS (DELETE FROM lease WHERE name = $1 || ':' || $2 RETURNING name)
           SELECT pg_notify($3, name) FROM gone""",
        group,
        owner,
        LEASE_CHANNEL,
    )


async def forget_ended_presences(db: Database, group: str) -> int:
    """Remove the rows of those who are gone without a word; returns how many there were."""
    tag = await db.execute(
        """DELETE FROM lease
            WHERE name IN (SELECT name FROM lease
                            WHERE starts_with(name, $1 || ':') AND until < clock_timestamp()
                            ORDER BY name FOR UPDATE SKIP LOCKED)""",
        group,
    )
    return changed_rows(tag)
