"""Keep account of holes in Xero's event numbers, from the deliveries as they were stored.

One caretaker looks on from where it last stopped; the arithmetic stands in
storage/sequence_gaps.py. Real time throughout.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from storage.database import Connection, Database
from storage.sequence_gaps import Gap, Numbering, advanced

SETTLED_AFTER = timedelta(seconds=10)  #: no delivery commits later than this after its receipt
CHUNK = 20_000  #: deliveries looked at in one transaction

_NEW = """
SELECT received_at, first_sequence, last_sequence
  FROM delivery
 WHERE received_at > $1 AND received_at <= $2
   AND outcome IN ('accepted', 'ignored') AND last_sequence > 0
 ORDER BY received_at, first_sequence
 LIMIT $3
"""


async def find_gaps(db: Database, *, settled_after: timedelta = SETTLED_AFTER) -> list[Gap]:
    """Look at the deliveries that came since the last time: open, shrink and close gaps.

    Only what was received `settled_after` ago is looked at, so that deliveries still being
    stored are not missed. Returns the gaps that are open now.
    """
    while True:
        async with db.transaction() as conn:
            mark = await _mark(conn)
            until = await conn.fetchval("SELECT clock_timestamp() - $1::interval", settled_after)
            rows = await conn.fetch(_NEW, mark["read_to"], until, CHUNK)
            before = Numbering(mark["highest"], await _open(conn), mark["suspect_next"])
            after = advanced(before, (_numbers(row) for row in rows))
            await _write(conn, before.gaps, after.gaps)
            await conn.execute(
                "UPDATE sequence_mark SET read_to = $1, highest = $2, suspect_next = $3",
                rows[-1]["received_at"] if len(rows) == CHUNK else max(until, mark["read_to"]),
                after.highest,
                after.suspect_next,
            )
        if len(rows) < CHUNK:
            return after.gaps


async def gaps_to_act_on(db: Database, *, open_for: timedelta) -> list[Gap]:
    """Gaps that have been open for this long and were not acted upon."""
    rows = await db.fetch(
        """SELECT first_missing, last_missing, opened_at FROM sequence_gap
            WHERE closed_at IS NULL AND acted_at IS NULL
              AND opened_at <= clock_timestamp() - $1::interval
            ORDER BY opened_at, first_missing""",
        open_for,
    )
    return [Gap(*row.values()) for row in rows]


async def mark_acted(db: Database, gaps: Sequence[Gap]) -> None:
    """These gaps were acted upon: once is enough, whether or not they are ever filled."""
    await db.execute(
        """UPDATE sequence_gap SET acted_at = clock_timestamp()
             FROM unnest($1::bigint[], $2::timestamptz[]) AS g(first, opened_at)
            WHERE sequence_gap.first_missing = g.first
              AND sequence_gap.opened_at = g.opened_at""",
        [gap.first for gap in gaps],
        [gap.opened_at for gap in gaps],
    )


async def _mark(conn: Connection) -> dict[str, Any]:
    # The row is the caretaker's lock, too: two of them take turns.
    await conn.execute(
        """INSERT INTO sequence_mark (read_to)
           SELECT coalesce(min(received_at), clock_timestamp()) - interval '1 second' FROM delivery
               ON CONFLICT DO NOTHING"""
    )
    row = await conn.fetchrow("SELECT * FROM sequence_mark FOR UPDATE")
    return dict(row.items()) if row else {}


async def _open(conn: Connection) -> list[Gap]:
    rows = await conn.fetch(
        """SELECT first_missing, last_missing, opened_at FROM sequence_gap
            WHERE closed_at IS NULL ORDER BY first_missing"""
    )
    return [Gap(*row.values()) for row in rows]


async def _write(conn: Connection, before: Sequence[Gap], after: Sequence[Gap]) -> None:
    """Close what is filled and open what is new; what remains of a gap keeps its acted mark."""
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    acted = {
        row["opened_at"]: row["acted_at"]
        for row in await conn.fetch(
            """SELECT opened_at, max(acted_at) AS acted_at FROM sequence_gap
                WHERE opened_at = ANY($1::timestamptz[]) GROUP BY opened_at""",
            [gap.opened_at for gap in new],
        )
    }
    await conn.execute(
        """UPDATE sequence_gap SET closed_at = clock_timestamp()
             FROM unnest($1::bigint[], $2::timestamptz[]) AS g(first, opened_at)
            WHERE sequence_gap.first_missing = g.first
              AND sequence_gap.opened_at = g.opened_at""",
        [gap.first for gap in gone],
        [gap.opened_at for gap in gone],
    )
    await conn.execute(
        """INSERT INTO sequence_gap (first_missing, last_missing, opened_at, acted_at)
           SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
               ON CONFLICT (first_missing, opened_at) DO UPDATE
              SET last_missing = excluded.last_missing, closed_at = NULL""",
        [gap.first for gap in new],
        [gap.last for gap in new],
        [gap.opened_at for gap in new],
        [acted.get(gap.opened_at) for gap in new],
    )


def _numbers(row: Any) -> tuple[int, int, datetime]:
    return row["first_sequence"], row["last_sequence"], row["received_at"]
