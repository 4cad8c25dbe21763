"""How keys are used: when last, and how many requests in this minute, over all processes.

A minute is one of the clock, by the database's: all processes count the same one. Requests are
taken in blocks, so that not every one of them asks the database. Real time. What is lost in a
power cut is a few seconds of counting, so nothing here waits for the disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database


@dataclass(frozen=True, slots=True)
class Taken:
    """Requests that a key may make.

    Attributes:
        requests: how many of those asked for; 0: its minute is spent.
        left: of the minute, beyond these; other processes may take them.
        ends_in_s: seconds until the minute is over, and what was taken with it.
    """

    requests: int
    left: int
    ends_in_s: float


_QUICK = "quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
_TAKE = f"""
WITH {_QUICK}, moment AS MATERIALIZED (
  SELECT clock_timestamp() AS at, date_trunc('minute', clock_timestamp()) AS minute FROM quick
), counted AS (
  INSERT INTO api_key_use AS u (key_id, last_used_at, minute, requests)
  SELECT id, moment.at, moment.minute, $2 FROM api_key, moment WHERE id = $1
      ON CONFLICT (key_id) DO UPDATE
     SET last_used_at = greatest(u.last_used_at, excluded.last_used_at),
         requests = CASE WHEN u.minute >= excluded.minute THEN least(u.requests + $2, $3 + $2)
                         ELSE $2 END,
         minute = greatest(u.minute, excluded.minute)
  RETURNING requests, minute
)
SELECT counted.requests,
       extract(epoch FROM counted.minute + interval '1 minute' - moment.at)::float8 AS ends_in_s
  FROM counted, moment
"""  # noqa: S608  # constants of this module, not input

_USED = f"""
WITH {_QUICK}
INSERT INTO api_key_use AS u (key_id, last_used_at)
SELECT k.id, clock_timestamp() - make_interval(secs => told.ago_s)
  FROM quick, unnest($1::text[], $2::float8[]) AS told (id, ago_s)
  JOIN api_key k ON k.id = told.id ORDER BY k.id
    ON CONFLICT (key_id) DO UPDATE
   SET last_used_at = greatest(u.last_used_at, excluded.last_used_at)
"""  # noqa: S608  # constants of this module, not input


async def take_requests(db: Database, key_id: str, *, want: int, limit: int) -> Taken:
    """Take up to `want` requests out of the key's minute, of which it has `limit`."""
    row = await db.fetchrow(_TAKE, key_id, want, limit)
    if row is None:  # a key that there is no more
        return Taken(0, 0, 60.0)
    before = row["requests"] - want
    return Taken(
        requests=min(max(limit - before, 0), want),
        left=max(limit - row["requests"], 0),
        ends_in_s=max(row["ends_in_s"], 0.0),
    )


async def note_use(db: Database, used_ago_s: Mapping[str, float]) -> None:
    """Keep when keys were last used: seconds ago, by key id. Unknown ids are left out."""
    if used_ago_s:
        await db.execute(_USED, list(used_ago_s), list(used_ago_s.values()))


async def last_uses(db: Database) -> dict[str, datetime]:
    """When each key that was ever used was last used."""
    rows = await db.fetch("SELECT key_id, last_used_at FROM api_key_use")
    return {row["key_id"]: row["last_used_at"] for row in rows}
