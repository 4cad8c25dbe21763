"""What a PostgreSQL server says of itself, for whoever asks whether it is fit for us."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """One server and our place on it.

    Attributes:
        version: such as 180001.
        durable: a commit that was acknowledged survives a power cut.
        read_only: a standby, or switched to reading.
        may_create: we may make tables in our schema.
        now: by the server's clock.
    """

    version: int
    durable: bool
    read_only: bool
    may_create: bool
    now: datetime


async def server_facts(db: Database) -> ServerFacts:
    """Ask it."""
    row = await db.fetchrow(
        """SELECT current_setting('server_version_num')::int AS version,
                  current_setting('fsync')::bool
                    AND current_setting('synchronous_commit') <> 'off' AS durable,
                  pg_is_in_recovery()
                    OR current_setting('default_transaction_read_only')::bool AS read_only,
                  coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
                  clock_timestamp() AS now"""
    )
    assert row is not None  # noqa: S101  # a SELECT without FROM has one row
    return ServerFacts(**dict(row.items()))
