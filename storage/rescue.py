"""Clearing the marks of leases that a killed process left behind."""

from storage.database import Database


async def clear_ended_leases(db: Database) -> int:
    """Take the holder's name from tenants whose lease has ended; returns how many there were.

    The fencing token stays: whoever held the lease still can't commit once another one took it,
    and may go on if nobody did.
    """
    rows = await db.fetch(
        """UPDATE tenant SET lease_owner = NULL, lease_until = NULL
            WHERE lease_until < clock_timestamp() RETURNING 1"""
    )
    return len(rows)
