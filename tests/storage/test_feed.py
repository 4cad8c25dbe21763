"""The change feed's pages: each organisation's events in their order, as far as they are wanted."""

import pytest

from storage.database import Database
from storage.feed import START, FeedPage, Place, feed_page, heads, place_before
from tests.storage.makers import link, new_tenant_id
from unified.ids import TenantId

_EVENTS = """
INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource, entity_id,
                   sequence, op, cause, value, headers)
SELECT 3, $1::uuid, $2, n, $1::uuid, CASE WHEN n % 3 = 0 THEN 'contact' ELSE 'invoice' END,
       $1::uuid, n, 'u', 'webhook', convert_to(repeat('v', 100), 'UTF8'), '[]'
  FROM generate_series($3::bigint, $4::bigint) AS n
"""


async def add(db: Database, tenant_id: TenantId, first: int, last: int, *, epoch: int = 1) -> None:
    """Events with these numbers: every third one of a contact, the others of invoices."""
    await db.execute(_EVENTS, tenant_id, epoch, first, last)
    await db.execute(
        "UPDATE tenant SET epoch = $2, tenant_sequence = $3 WHERE id = $1", tenant_id, epoch, last
    )


async def page(db: Database, places: dict[TenantId, Place], **changes: object) -> FeedPage:
    """A page that would take everything, unless told otherwise."""
    usual: dict[str, object] = {"kinds": None, "limit": 500, "most_bytes": 10**9, "scan": 500}
    return await feed_page(db, places, **{**usual, **changes})  # type: ignore[arg-type]  # checked at run time


def numbers(found: FeedPage, tenant_id: TenantId) -> list[tuple[int, int]]:
    """Epochs and sequences of one organisation's events, as they stand on the page."""
    return [(each.place[0], each.place[1]) for each in found.events if each.tenant_id == tenant_id]


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
async def test_pages_hold_each_event_once_whatever_their_size(
    database: Database, limit: int
) -> None:
    """Two organisations, two epochs: each one's events come in order, none twice, none left out."""
    tenants = [await link(database), await link(database)]
    for epoch, first in ((1, 1), (2, 5)):
        for tenant_id in tenants:
            await add(database, tenant_id, first, first + 3, epoch=epoch)
    places: dict[TenantId, Place] = dict.fromkeys(tenants, START)
    seen: dict[TenantId, list[tuple[int, int]]] = {each: [] for each in tenants}

    more = True
    while more:
        found = await page(database, places, limit=limit)
        assert len(found.events) <= limit
        for tenant_id in tenants:
            seen[tenant_id] += numbers(found, tenant_id)
        places |= found.places
        more = found.more

    whole = [(1, n) for n in range(1, 5)] + [(2, n) for n in range(5, 9)]
    assert seen == dict.fromkeys(tenants, whole)
    assert (await page(database, places)).events == ()


async def test_page_ends_with_its_bytes_but_holds_one_event_at_least(database: Database) -> None:
    """A large event must not stop the feed, and many must not fill the memory."""
    tenant_id = await link(database)
    await add(database, tenant_id, 1, 5)

    one = await page(database, {tenant_id: START}, most_bytes=1)
    three = await page(database, {tenant_id: START}, most_bytes=201)

    assert (numbers(one, tenant_id), one.more) == ([(1, 1)], True)
    assert (numbers(three, tenant_id), three.more) == ([(1, 1), (1, 2), (1, 3)], True)


async def test_what_is_not_wanted_is_passed_over(database: Database) -> None:
    """The place moves on behind it, as far as was looked, and no further than what was wanted."""
    tenant_id = await link(database)
    await add(database, tenant_id, 1, 100)
    of_contacts = {"kinds": {"contact.u", "contact.d"}}

    first = await page(database, {tenant_id: START}, scan=40, **of_contacts)
    two = await page(database, {tenant_id: START}, limit=2, **of_contacts)
    none = await page(database, {tenant_id: START}, kinds={"payment.u"})

    assert numbers(first, tenant_id) == [(1, n) for n in range(3, 40, 3)]
    assert (first.places[tenant_id], first.more) == (Place(1, 40), True)
    assert numbers(two, tenant_id) == [(1, 3), (1, 6)]
    assert (two.places[tenant_id], two.more) == (Place(1, 8), True)
    assert (none.events, none.places[tenant_id], none.more) == ((), Place(1, 100), False)


async def test_busy_organisation_hides_no_other(database: Database) -> None:
    """Where a page has no room for an organisation, its first event is told all the same: who
    looks for gaps must not take it for missing."""
    busy, quiet = await link(database), await link(database)
    await add(database, busy, 1, 200)
    await add(database, quiet, 7, 7)

    found = await page(database, {busy: START, quiet: START}, limit=3, scan=400)

    assert numbers(found, busy) == [(1, 1), (1, 2), (1, 3)]
    assert found.firsts == {busy: Place(1, 1), quiet: Place(1, 7)}
    assert (found.places, found.more) == ({busy: Place(1, 3)}, True)


async def test_erased_organisation_has_nothing_to_say(database: Database) -> None:
    """Neither while it is being erased nor after; what others ask for is not given either."""
    gone, kept = await link(database), await link(database)
    for tenant_id in (gone, kept):
        await add(database, tenant_id, 1, 2)
    await database.execute("UPDATE tenant SET state = 'erasing' WHERE id = $1", gone)

    found = await page(database, {gone: START, kept: START})

    assert {each.tenant_id for each in found.events} == {kept}
    assert [each.tenant_id for each in await heads(database, None, limit=9)] == [kept]
    assert await heads(database, [gone, new_tenant_id()], limit=9) == []
    [head] = await heads(database, [kept], limit=9)
    assert head.place == Place(1, 2)


async def test_place_before_another_is_the_newest_kept(database: Database) -> None:
    """Over epochs; None at the beginning."""
    tenant_id = await link(database)
    await add(database, tenant_id, 1, 4)
    await add(database, tenant_id, 5, 6, epoch=2)

    assert await place_before(database, tenant_id, Place(2, 6)) == Place(2, 5)
    assert await place_before(database, tenant_id, Place(2, 5)) == Place(1, 4)
    assert await place_before(database, tenant_id, Place(1, 1)) is None
