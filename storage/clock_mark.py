"""How far business time had come, so that a clock that was set back is noticed and got over.

That is the mark that was left here, or the instant of the latest call, if that is later: a clock
that was wrong for seconds only has misdated things all the same.

Whatever waits, waits for an instant of business time. If the clock is set back by hours, those
instants lie hours further off than was meant: the bucket of calls would not fill, what failed once
would not be tried again, nothing would be swept. So all of them are brought forward by as much.
What Xero stamped (`since`, `hinted_at`) stays: it was never ours to date. A clock that was set
forward needs nothing: what waited is due a little early.
"""

from datetime import datetime, timedelta

from storage.database import Database

SET_BACK_FROM = timedelta(minutes=5)
"""Less is taken for the difference between two machines' clocks, and waited out."""

_SEEN = """
INSERT INTO clock_mark AS m (seen_at) VALUES ($1)
    ON CONFLICT (one) DO UPDATE SET seen_at = greatest(m.seen_at, excluded.seen_at)
"""
_LATEST = """
SELECT greatest(m.seen_at, b.call_tokens_at) FROM clock_mark m LEFT JOIN app_budget b ON true
"""

# In the order in which all other transactions lock these rows. A backfill under way has noted by
# our clock from when on sweeps must read.
_BRING_FORWARD = (
    'SELECT 1 FROM "authorization" ORDER BY id FOR NO KEY UPDATE',
    """UPDATE "authorization" SET access_expires_at = access_expires_at - $1::interval""",
    "SELECT 1 FROM tenant ORDER BY id FOR NO KEY UPDATE",
    """UPDATE tenant SET call_tokens_at = call_tokens_at - $1::interval,
              limits_at = limits_at - $1::interval, blocked_until = blocked_until - $1::interval,
              healing_since = healing_since - $1::interval""",
    """UPDATE cursor SET sweep_due_at = sweep_due_at - $1::interval,
              last_swept_at = last_swept_at - $1::interval,
              backfill_started_at = backfill_started_at - $1::interval,
              since = CASE backfill_state WHEN 'done' THEN since ELSE since - $1::interval END""",
    "UPDATE notice SET due_at = due_at - $1::interval WHERE state = 'due'",
    """UPDATE app_budget SET call_tokens_at = call_tokens_at - $1::interval,
              limits_at = limits_at - $1::interval, blocked_until = blocked_until - $1::interval""",
)


async def note_clock(db: Database, now: datetime) -> timedelta:
    """Note that business time is `now`; by how much it had been set back, all waits now brought
    forward, or zero.

    Raises:
        StorageConflict: nothing was written; the next note will do.
    """
    async with db.transaction() as conn:
        await conn.execute(_SEEN, now)
        seen_at: datetime = await conn.fetchval(_LATEST)
        back = seen_at - now
        if back <= SET_BACK_FROM:
            back = timedelta(0)
        for statement in _BRING_FORWARD if back else ():
            arguments = (back,) if "$1" in statement else ()
            await conn.execute(statement, *arguments)
        if back:
            await conn.execute("UPDATE clock_mark SET seen_at = $1", now)
    return back
