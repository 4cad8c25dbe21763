"""Events read again: in the order of their commit, page by page, and only what was sent."""

from datetime import timedelta

import pytest

from storage.database import Database
from storage.replaying import Selection, count_selected, newest_position, selected
from tests.storage.makers import NOW, link
from unified.ids import TenantId

_EVENTS = """
INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource, entity_id,
                   sequence, op, cause, value, headers, committed_at, relayed_at)
SELECT 3, $1::uuid, $2, n, $1::uuid, CASE WHEN n % 3 = 0 THEN 'contact' ELSE 'invoice' END,
       $1::uuid, n, 'u', 'webhook', 'v', '[]', $3::timestamptz + n * interval '1 minute', now()
  FROM generate_series(1, 7) AS n
"""


@pytest.fixture
async def tenant_id(database: Database) -> TenantId:
    """Seven events of one epoch, seven of the next, and as many of somebody else."""
    mine, other = await link(database), await link(database)
    for owner in (mine, other):
        for epoch in (1, 2):
            start = NOW + timedelta(hours=epoch)
            await database.execute(_EVENTS, owner, epoch, start)
    return mine


async def order(database: Database, tenant_id: TenantId, page: int, **chosen: object) -> list[
    tuple[int, int]
]:  # fmt: skip
    """Epochs and sequences as they come."""
    upto = await newest_position(database)
    selection = Selection(**{"upto": upto, **chosen})  # type: ignore[arg-type]  # checked at run time
    pages = [each async for each in selected(database, tenant_id, selection, page=page)]
    assert all(0 < len(each) <= page for each in pages)
    found = [(each.epoch, each.tenant_sequence) for one in pages for each in one]
    assert len(found) == await count_selected(database, tenant_id, selection)
    return found


@pytest.mark.parametrize("page", [1, 3, 7, 500])
async def test_pages_hold_each_event_once_over_epochs(
    database: Database, tenant_id: TenantId, page: int
) -> None:
    """Sequences go on by epoch, and where a page ends makes no difference."""
    found = await order(database, tenant_id, page)

    assert found == [(epoch, n) for epoch in (1, 2) for n in range(1, 8)]


async def test_part_can_be_chosen(database: Database, tenant_id: TenantId) -> None:
    """By resource, by time of commit, up to a position; what Kafka has not is left out."""
    assert await order(database, tenant_id, 2, resource="contact") == [
        (1, 3), (1, 6), (2, 3), (2, 6),
    ]  # fmt: skip
    since = NOW + timedelta(hours=2, minutes=6)
    assert await order(database, tenant_id, 2, since=since) == [(2, 6), (2, 7)]
    assert await order(database, tenant_id, 2, upto=0) == []
    await database.execute("UPDATE event SET relayed_at = NULL WHERE tenant_sequence > 1")
    assert await order(database, tenant_id, 2) == [(1, 1), (2, 1)]
