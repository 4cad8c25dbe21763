"""The outbox as the relay reads it."""

from storage.database import Database
from storage.relay import Unrelayed, mark_relayed, unrelayed
from tests.storage.makers import link

_EVENTS = """
INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource, entity_id,
                   sequence, op, cause, value, state, headers)
SELECT 3, $1::uuid, 1, n, $1::uuid, 'invoice', $1::uuid, n, 'u', 'webhook',
       convert_to(repeat('v', 600), 'UTF8'),
       CASE WHEN n % 2 = 0 THEN convert_to(repeat('s', 400), 'UTF8') END, '[]'
  FROM generate_series(1, 10) AS n
"""


async def test_batch_ends_by_count_or_by_size(database: Database) -> None:
    """Many large events are never held at once; a single one comes however large it is."""
    await database.execute(_EVENTS, await link(database))

    async def count(limit: int, most_bytes: int) -> int:
        events = (await unrelayed(database, 3, limit=limit, most_bytes=most_bytes)).events
        assert [each.position for each in events] == sorted(each.position for each in events)
        assert all(len(each.value) == 600 for each in events)
        return len(events)

    assert await count(500, 1_000_000) == 10
    assert await count(4, 1_000_000) == 4
    assert await count(500, 1) == 1
    assert await count(500, 600) == 1
    assert await count(500, 601) == 2
    assert await count(500, 1_601) == 3


async def test_marking_tells_what_follows(database: Database) -> None:
    """One round trip marks a batch and brings the next: neither what was just marked, nor less
    than all that is left, though a row with a smaller position was committed late."""
    await database.execute(_EVENTS, await link(database))
    late = await database.fetchval("SELECT min(position) FROM event")
    await database.execute("UPDATE event SET relayed_at = now() WHERE position = $1", late)

    first = await unrelayed(database, 3, limit=4)
    await database.execute("UPDATE event SET relayed_at = NULL WHERE position = $1", late)
    second = await mark_relayed(database, 3, first, limit=4)
    third = await mark_relayed(database, 3, second, limit=4)

    def sequences(batch: Unrelayed) -> list[int]:
        return [each.position - late + 1 for each in batch.events]

    assert [sequences(each) for each in (first, second, third)] == [
        [2, 3, 4, 5], [1, 6, 7, 8], [9, 10],
    ]  # fmt: skip
    assert len(await mark_relayed(database, 3, third, limit=4)) == 0
    assert len(await unrelayed(database, 3, limit=4)) == 0


async def test_announcements_come_beside_events(database: Database) -> None:
    """Both kinds are read and marked together, and a shard may hold but one of them."""
    tenant = await link(database)
    await database.execute("DELETE FROM announcement")  # of the link, perhaps of this shard
    await database.execute(
        """INSERT INTO announcement (shard, topic, tenant_id, key, kind, value)
           VALUES (3, 'dead', $1, 'k', 'dead_letter', 'x'), (4, 'control', $1, 'k', 'kind', 'x')""",
        tenant,
    )

    alone = await unrelayed(database, 3, limit=4)
    await database.execute(_EVENTS, tenant)
    both = await unrelayed(database, 3, limit=4)
    following = await mark_relayed(database, 3, both, limit=4)

    assert [(each.topic, each.kind) for each in alone.announcements] == [("dead", "dead_letter")]
    assert alone.announcements == both.announcements
    assert (len(both.events), len(both.announcements)) == (4, 1)
    assert (len(following.events), len(following.announcements)) == (4, 0)
