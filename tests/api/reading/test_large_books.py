"""Lists of a large organisation: nothing is seen twice or missed, and no page costs a scan."""

import json
import random
from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from storage.listing import (
    Clause,
    Listing,
    Order,
    Place,
    Removed,
    after,
    before,
    from_day,
    ids,
    list_heads,
    number,
    overdue,
    statement,
    to_day,
    words,
)
from tests.api.reading.books import NOW, add_invoices, contact_of
from tests.api.reading.conftest import MANY, LargeBooks
from tests.api.reading.rig import reading_of
from unified.clock import ManualClock
from unified.ids import EntityId, record_id

pytestmark = pytest.mark.timeout(300)  # the first of them makes the books
PAGE = 500
CHANGES = 50  #: between two pages: 5,000 in all


@pytest.fixture
async def db(large_books: LargeBooks) -> AsyncIterator[Database]:
    """A pool of this test's own."""
    opened = await Database.connect(large_books.url, max_size=4)
    yield opened
    await opened.close()


_CHANGE = """
UPDATE record SET unified = replace(unified::text, '"status":"', '"status":"x')::json,
       status = 'open', updated_at = $3, changed_at = $3, issue_date = issue_date + 400,
       due_date = due_date - 400, number = 'moved ' || number, sequence = sequence + 1
 WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""


async def test_each_record_that_was_there_all_along_is_seen_exactly_once(
    large_copy: LargeBooks,
) -> None:
    """A client pages through 50,000 invoices while 5,000 of them change in all that lists go by,
    others come, and some go: none of those that stayed is missed or seen twice."""
    chance, tenant = random.Random(7), large_copy.tenant  # noqa: S311  # test data
    db = await Database.connect(large_copy.url, max_size=4)
    there = {
        str(row["id"])
        for row in await db.fetch(
            "SELECT id FROM record WHERE tenant_id = $1 AND NOT is_deleted", tenant
        )
    }
    assert len(there) > MANY - MANY // 500
    order, seen, changed, gone = sorted(there), [], set(), set()
    async with reading_of(db, tenant, clock=ManualClock(NOW)) as client:
        cursor: dict[str, str] = {}
        while True:
            page = await client.told("accounting/invoices", limit=PAGE, **cursor)
            seen += [each["id"] for each in page["result"]]
            assert page["result_count"] == len(page["result"])
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
            moved = chance.sample(order, CHANGES)
            changed.update(moved)
            assert await db.execute(_CHANGE, tenant, moved, NOW) == f"UPDATE {CHANGES}"
            leaves = chance.choice(order)
            gone.add(leaves)
            await db.execute("UPDATE record SET is_deleted = true WHERE id = $1", leaves)
            come = MANY + len(seen)
            await add_invoices(db, tenant, range(come, come + 2))

    await db.close()

    assert len(changed) > 4_000
    assert len(seen) == len(set(seen))
    assert there - gone <= set(seen)


async def test_pages_lead_back_the_way_they_came(large_books: LargeBooks, db: Database) -> None:
    """In every order, forwards and then backwards, whatever shares a day or a number."""
    async with reading_of(db, large_books.other, clock=ManualClock(NOW)) as client:
        for sort in ("id", "-updated_at", "issue_date", "-due_date", "number", "-changed_at"):
            there, back = [], []
            page = await client.told("accounting/invoices", sort=sort, limit=401)
            assert page["prev_cursor"] is None
            while True:
                there.append([each["id"] for each in page["result"]])
                if page["next_cursor"] is None:
                    break
                page = await client.told(
                    "accounting/invoices", sort=sort, limit=401, cursor=page["next_cursor"]
                )
            while page["prev_cursor"] is not None:
                page = await client.told(
                    "accounting/invoices", sort=sort, limit=401, cursor=page["prev_cursor"]
                )
                back.append([each["id"] for each in page["result"]])

            assert back[::-1] == there[:-1]
            flat = [each for ids_ in there for each in ids_]
            assert len(flat) == len(set(flat)) == 1_998


async def _touched(db: Database, sql: str, arguments: list[object]) -> tuple[int, str]:
    """How many blocks a question touches, and its plan: whether it is planned for its values, or
    for any, as the server does with what is asked often; the dearer of the two."""
    told = []
    for mode in ("force_custom_plan", "force_generic_plan"):
        async with db.transaction() as conn:
            await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
            await conn.fetch(sql, *arguments)
            [row] = await conn.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments)
        [plan] = json.loads(row[0])
        found = plan["Plan"]
        blocks = found["Shared Hit Blocks"] + found["Shared Read Blocks"]
        told.append((blocks, json.dumps(found)))
    return max(told)


def _clauses(large: LargeBooks) -> dict[str, tuple[Clause, ...]]:
    contact = EntityId(contact_of(large.tenant, 3))
    one = record_id(large.tenant, "invoice", "00000000-0000-4000-8000-000000000003")
    return {
        "nothing": (),
        "a rare status": (words("status", ["draft"]),),
        "a common status": (words("status", ["paid"]),),
        "statuses": (words("status", ["draft", "submitted"]),),
        "a type": (words("type", ["bill"]),),
        "a payment status": (words("payment_status", ["none"]),),
        "overdue": (overdue(is_so=True),),
        "not overdue": (overdue(is_so=False),),
        "a contact": (ids("contact_id", [contact]),),
        "a number": (number("INV-77"),),
        "an id": (ids("id", [one]),),
        "stamped late": (after(Order.UPDATED_AT, NOW.replace(hour=3)),),
        "stamped early": (before(Order.UPDATED_AT, NOW.replace(year=2020)),),
        "changed late": (after(Order.CHANGED_AT, NOW.replace(hour=3)),),
        "of a day": (from_day(Order.DATE, NOW.date()), to_day(Order.DATE, NOW.date())),
        "due before": (before(Order.DUE_DATE, NOW.date().replace(year=2020)),),
        "a contact's drafts": (ids("contact_id", [contact]), words("status", ["draft"])),
    }


@pytest.mark.parametrize("removed", [Removed.EXCLUDE, Removed.ONLY])
async def test_no_filter_and_no_order_scans_the_organisation(
    large_books: LargeBooks, db: Database, removed: Removed
) -> None:
    """Whatever is asked for, a page of 100 touches few of the 50,000: each filter and each order
    has its index. A scan would touch thousands of blocks."""
    sorts = [(Order.ID, False)] if removed is Removed.ONLY else [
        (Order.ID, False), (Order.UPDATED_AT, True), (Order.DATE, False), (Order.DUE_DATE, True),
        (Order.NUMBER, False), (Order.CHANGED_AT, True),
    ]  # fmt: skip
    dear = {}
    for name, clauses in _clauses(large_books).items():
        for order, descending in sorts:
            listing = Listing(
                resource="invoice", clauses=clauses, order=order, descending=descending,
                removed=removed,
            )  # fmt: skip
            sql, arguments = statement(large_books.tenant, listing, limit=100, beyond=None)
            blocks, plan = await _touched(db, sql, arguments)
            assert "Seq Scan" not in plan.replace('"Relation Name": "tenant"', ""), (name, plan)
            if blocks > 700:
                dear[name, order.value] = blocks

    assert dear == {}


async def test_a_page_far_along_costs_what_the_first_does(
    large_books: LargeBooks, db: Database
) -> None:
    """It begins where the last one ended, in every order."""
    for order in Order:
        listing = Listing(resource="invoice", order=order)
        sql, arguments = statement(large_books.tenant, listing, limit=MANY - 1_000, beyond=None)
        rows = await db.fetch(sql, *arguments)
        far = Place(rows[-1][2], rows[-1][0])
        page = await list_heads(db, large_books.tenant, listing, limit=100, beyond=far)
        assert len(page.heads) == 100
        sql, arguments = statement(large_books.tenant, listing, limit=100, beyond=far)
        blocks, plan = await _touched(db, sql, arguments)

        assert blocks < 400, plan
