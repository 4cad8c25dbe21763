"""Queries and bodies of lists, without any network."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.xero.endpoints import CONTACTS, INVOICES, ORGANISATION, PAYMENTS, QUOTES
from xero.errors import UndecodableAnswer
from xero.paging import (
    ids_per_call,
    ids_query,
    if_modified_since,
    offset_query,
    page_query,
    read_body,
    single_query,
)

ID = "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11"


def test_page_query_sends_page_size_and_four_decimals() -> None:
    """Without page there are no lines; without unitdp unit prices are rounded."""
    query = page_query(INVOICES, page=2, page_size=1000)

    assert (query["page"], query["pageSize"], query["unitdp"]) == ("2", "1000", "4")


def test_page_query_of_contacts_includes_archived_ones() -> None:
    """Archived contacts are hidden from lists that do not ask for them."""
    assert page_query(CONTACTS, page=1, page_size=100)["includeArchived"] == "true"


def test_endpoint_of_fixed_pages_gets_no_page_size() -> None:
    """Quotes know `page` only."""
    assert "pageSize" not in page_query(QUOTES, page=1, page_size=100)


@pytest.mark.parametrize(("page", "page_size"), [(0, 100), (1, 0), (1, 1001)])
def test_page_out_of_range_is_refused_before_any_call(page: int, page_size: int) -> None:
    """A call that Xero would refuse costs the budget as well."""
    with pytest.raises(ValueError, match="Invoices"):
        page_query(INVOICES, page=page, page_size=page_size)


def test_unpaged_endpoint_has_no_page_query() -> None:
    """Asking for a page where there are none is our own mistake."""
    with pytest.raises(ValueError, match="no pages"):
        page_query(ORGANISATION, page=1, page_size=100)


def test_offset_query_goes_on_after_a_number() -> None:
    """Exclusive, from 0; an endpoint with pages has none."""
    journals = replace(QUOTES, offset_key="JournalNumber")

    assert offset_query(journals, 0) == {"offset": "0"}
    assert offset_query(journals, 412)["offset"] == "412"
    for endpoint, offset in ((QUOTES, 1), (journals, -1)):
        with pytest.raises(ValueError, match="no offset"):
            offset_query(endpoint, offset)


def test_single_read_may_send_more() -> None:
    """A budget is read for some months, four decimals or not."""
    assert single_query(QUOTES, {"DateFrom": "2026-01-01"}) == {"DateFrom": "2026-01-01"}
    assert single_query(INVOICES) == {"unitdp": "4"}


def test_ids_query_asks_for_a_page_so_that_lines_come() -> None:
    """`IDs=` alone answers without line items, and would erase them."""
    query = ids_query(INVOICES, [ID, ID.replace("5", "6")])

    assert (f"{ID},{ID.replace('5', '6')}", "1") == (query["IDs"], query["page"])
    assert "pageSize" in query


def test_ids_query_falls_back_to_where_with_or() -> None:
    """Payments have no `IDs=`, but Xero optimises OR on their id."""
    query = ids_query(PAYMENTS, [ID, ID])

    assert f'PaymentID==Guid("{ID}") OR PaymentID==Guid("{ID}")' == query["where"]
    assert "IDs" not in query


def test_more_ids_than_an_address_can_hold_are_refused() -> None:
    """From 53 ids on Xero answers 404, which must never look like "gone"."""
    assert ids_per_call(INVOICES) == 40
    with pytest.raises(ValueError, match="1 to 40 ids"):
        ids_query(INVOICES, [ID] * 41)


def test_text_that_is_no_id_does_not_reach_a_filter() -> None:
    """Ids come in webhooks; a quote in one would change the query."""
    with pytest.raises(ValueError, match="letters, digits and dashes"):
        ids_query(PAYMENTS, ['") OR true'])


def test_if_modified_since_is_utc_to_the_second_less_overlap() -> None:
    """Local time or rounding up here would lose changes for good."""
    local = datetime(2026, 11, 3, 17, 17, 52, 900_000, tzinfo=timezone(timedelta(hours=13)))

    assert if_modified_since(local, timedelta(seconds=1)) == "2026-11-03T04:17:51"


def test_if_modified_since_refuses_naive_time() -> None:
    """A time without zone means another instant on every machine."""
    with pytest.raises(ValueError, match="time zone"):
        if_modified_since(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))


async def test_body_numbers_are_exact() -> None:
    """Money never passes through a float."""
    body = b'{"Invoices":[{"Total": 0.1000, "CurrencyRate": 1.2345678901}],"Id":"x"}'

    read = await read_body(body, "Invoices")

    assert [{"Total": Decimal("0.1000"), "CurrencyRate": Decimal("1.2345678901")}] == read.items
    assert str(read.items[0]["Total"]) == "0.1000"


async def test_body_keeps_each_object_as_xero_wrote_it() -> None:
    """What is stored as raw is what came, not what we understood of it."""
    body = b'{\r\n  "Contacts": [ {"Url":"a\\/b","Rate":1.10} , {} ]}'

    read = await read_body(body, "Contacts")

    assert [bytes(raw) for raw in read.raws] == [b'{"Url":"a\\/b","Rate":1.10}', b"{}"]


async def test_object_that_stands_alone_is_a_list_of_itself() -> None:
    """As one of Xero's examples has it for a budget."""
    read = await read_body(b'{"Budgets": {"BudgetID": "x"}}', "Budgets")

    assert read.items == [{"BudgetID": "x"}]
    assert [bytes(raw) for raw in read.raws] == [b'{"BudgetID": "x"}']


async def test_body_tells_its_pagination() -> None:
    """The walk over pages ends by it."""
    body = b'{"pagination":{"page":2,"pageSize":100,"pageCount":3,"itemCount":250},"Contacts":[]}'

    read = await read_body(body, "Contacts")

    assert (read.page, read.page_count, read.item_count) == (2, 3, 250)


async def test_body_without_pagination_is_fine() -> None:
    """Unpaged answers have none; old answers had none at all."""
    read = await read_body(b'{"Organisations":[]}', "Organisations")

    assert (read.page, read.page_count, read.item_count) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"Invoices":[{"Total":1', "truncated"),
        (b"<html><body>Sign in</body></html>", "not_json"),
        (b"", "truncated"),
        (b'{"Contacts":[]}', "shape"),
        (b'{"Invoices":5}', "shape"),
        (b'{"Invoices":[1]}', "shape"),
        (b"[]", "shape"),
        (b'{"Invoices":null}', "shape"),
    ],
)
async def test_unreadable_body_says_why(body: bytes, reason: str) -> None:
    """A person who looks into a dead letter needs to know which it was."""
    with pytest.raises(UndecodableAnswer) as caught:
        await read_body(body, "Invoices")

    assert reason == caught.value.reason


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\ud83d then \ud83d\ude00", "\ufffd then \U0001f600"),
        (rb"\ude00 \\\ud83d", "\ufffd \\\ufffd"),
        (rb"\\ud83d", r"\ud83d"),
        (b"caf\xc3", "caf\ufffd"),
        (b"caf\xe9\xff!", "caf\ufffd\ufffd!"),
    ],
)
async def test_half_a_character_does_not_cost_the_page(written: bytes, read: str) -> None:
    """A text cut in the middle of one is read, as far as it goes, like all its neighbours."""
    body = b'{"Invoices": [{"Reference": "' + written + b'"}, {"Reference": "fine"}]}'

    page = await read_body(body, "Invoices")

    assert [item["Reference"] for item in page.items] == [read, "fine"]


async def test_long_list_lets_others_run() -> None:
    """Decoding a thousand invoices in one go would hold up every webhook meanwhile."""
    one = b'{"InvoiceID":"' + ID.encode() + b'","LineItems":[' + b'{"a":1.5},' * 40 + b'{"a":2}]}'
    body = b'{"Invoices":[' + b",".join([one] * 3000) + b"]}"
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    read = await read_body(body, "Invoices")
    counting.cancel()

    assert len(read.items) == 3000
    assert turns > 3
