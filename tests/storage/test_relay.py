"""The outbox as the relay reads it."""

from storage.database import Database
from storage.relay import unrelayed_events
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
        events = await unrelayed_events(database, 3, limit=limit, most_bytes=most_bytes)
        assert [each.position for each in events] == sorted(each.position for each in events)
        assert all(len(each.value) == 600 for each in events)
        return len(events)

    assert await count(500, 1_000_000) == 10
    assert await count(4, 1_000_000) == 4
    assert await count(500, 1) == 1
    assert await count(500, 600) == 1
    assert await count(500, 601) == 2
    assert await count(500, 1_601) == 3
