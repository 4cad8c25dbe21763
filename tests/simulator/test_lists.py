"""Lists: pages, orders, filters, If-Modified-Since, and the URL's length."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.query import parse
from simulator.refusals import QueryUnreadable
from tests.simulator.callers import SMALL, Caller, TurnedClock
from tests.simulator.conftest import Link


def tenant_of(caller: Caller) -> Tenant:
    """The organisation the caller is linked to."""
    return caller.running.books.tenant(caller.tenant_id)


def ids(answer: Any, collection: str = "Invoices", key: str = "InvoiceID") -> list[str]:
    """The ids of an answer's records."""
    return [one[key] for one in answer.json()[collection]]


@pytest.mark.behaviour("Lists", "pages cover everything once; past the last comes an empty list")
async def test_pages_cover_everything_once_and_end_empty(link: Link) -> None:
    """Past the last page comes an empty list with 200."""
    caller = await link(opening=SMALL)

    pages = [await caller.get("Invoices", {"page": n, "pageSize": 8}) for n in (1, 2, 3, 4)]

    assert [len(ids(page)) for page in pages] == [8, 8, 4, 0]
    assert len({one for page in pages for one in ids(page)}) == 20
    assert pages[0].json()["pagination"] == {
        "page": 1, "pageSize": 8, "pageCount": 3, "itemCount": 20
    }  # fmt: skip
    assert pages[3].status_code == 200


@pytest.mark.parametrize("params", [{"page": 0}, {"page": 1, "pageSize": 1001}, {"page": "x"}])
@pytest.mark.behaviour("Lists", "pageSize ends at 1000, pages begin at 1")
async def test_impossible_pages_are_refused(link: Link, params: dict[str, Any]) -> None:
    """pageSize ends at 1000."""
    caller = await link()

    assert (await caller.get("Invoices", params)).status_code == 400


@pytest.mark.behaviour("Lists", "the default order is UpdatedDateUTC, then id")
async def test_default_order_is_stamp_then_id(link: Link, clock: TurnedClock) -> None:
    """A record that changes moves to the end."""
    caller = await link(opening=SMALL)
    before = ids(await caller.get("Invoices", {"page": 1}))
    draft = next(i for i in tenant_of(caller).ledger.invoices if i.status == "AUTHORISED")
    clock.turn(seconds=1)
    tenant_of(caller).update_invoice(draft.id, Url="https://example.com/1")

    after = ids(await caller.get("Invoices", {"page": 1}))

    assert after == [one for one in before if one != draft.id] + [draft.id]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("InvoiceID", lambda one: one["InvoiceID"]),
        ("UpdatedDateUTC", lambda one: one["UpdatedDateUTC"]),
        ("Date", lambda one: one["DateString"]),
    ],
)
@pytest.mark.behaviour("Filters and orders", "order by id, UpdatedDateUTC or Date, up or down")
async def test_order_can_be_chosen_and_turned(
    link: Link, order: str, key: Callable[[Any], Any]
) -> None:
    """A backfill walks by id, since an id never moves."""
    caller = await link(opening=SMALL)

    up = (await caller.get("Invoices", {"page": 1, "order": order})).json()["Invoices"]
    down = (await caller.get("Invoices", {"page": 1, "order": f"{order} DESC"})).json()

    assert [key(one) for one in up] == sorted(key(one) for one in up)
    assert [one["InvoiceID"] for one in down["Invoices"]] == [one["InvoiceID"] for one in up][::-1]


@pytest.mark.behaviour("Filters and orders", "contacts can be ordered by name")
async def test_contacts_order_by_name(link: Link) -> None:
    """The one text order Xero optimises."""
    caller = await link(opening=SMALL)

    answer = await caller.get("Contacts", {"order": "Name"})

    names = [one["Name"].lower() for one in answer.json()["Contacts"]]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "header", ["2026-03-10T02:30:05", "2026-03-10T02:30:05Z", "Tue, 10 Mar 2026 02:30:05 GMT"]
)
@pytest.mark.behaviour("Lists", "If-Modified-Since counts whole seconds, in ISO or RFC 1123 form")
async def test_modified_since_has_second_precision_and_both_forms(
    link: Link, clock: TurnedClock, header: str
) -> None:
    """Stamps of that very second are included; an empty list is 200, never 304."""
    caller = await link()
    tenant = tenant_of(caller)
    old = tenant.create_contact(Name="old")
    clock.at = datetime(2026, 3, 10, 2, 30, 5, 400_000, tzinfo=UTC)
    new = tenant.create_contact(Name="new")

    since = await caller.get("Contacts", headers={"If-Modified-Since": header})
    later = await caller.get("Contacts", headers={"If-Modified-Since": "2027-01-01T00:00:00"})

    assert ids(since, "Contacts", "ContactID") == [new.id]
    assert old.id != new.id
    assert (later.status_code, later.json()["Contacts"]) == (200, [])


@pytest.mark.behaviour("Lists", "an unreadable If-Modified-Since is refused")
async def test_unreadable_modified_since_is_refused(link: Link) -> None:
    """Day and month swapped is a mistake users make; it must not pass as a full read."""
    caller = await link()

    answer = await caller.get("Contacts", headers={"If-Modified-Since": "31/12/2026"})

    assert answer.status_code == 400


@pytest.mark.behaviour("Filters and orders", "IDs= selects; lines come with page alone")
async def test_ids_select_and_page_brings_the_lines(link: Link) -> None:
    """IDs= without page gives thin records; dashes may be dropped."""
    caller = await link(opening=SMALL)
    wanted = tenant_of(caller).ledger.invoices.ids()[:3]

    thin = await caller.get("Invoices", {"IDs": ",".join(wanted)})
    full = await caller.get("Invoices", {"IDs": wanted[0].replace("-", ""), "page": 1})

    assert sorted(ids(thin)) == wanted
    assert not any(one["LineItems"] for one in thin.json()["Invoices"])
    assert full.json()["Invoices"][0]["LineItems"]


@pytest.mark.behaviour("Filters and orders", "more than some 50 ids: 404.15 in HTML")
async def test_too_many_ids_meet_the_end_of_the_url(link: Link) -> None:
    """Forty fit even percent-encoded; sixty are answered 404 by the web server, in HTML."""
    caller = await link()
    some = "00000000-0000-4000-8000-000000000000"

    fits = await caller.get("Invoices", {"IDs": ",".join([some] * 40), "page": 1})
    breaks = await caller.get("Invoices", {"IDs": ",".join([some] * 60), "page": 1})

    assert fits.status_code == 200
    assert breaks.status_code == 404
    assert breaks.headers["content-type"].startswith("text/html")
    assert "404.15" in breaks.text


@pytest.mark.behaviour("Filters and orders", "Statuses, InvoiceNumbers, ContactIDs and searchTerm")
async def test_filters_by_status_number_contact_and_text(link: Link) -> None:
    """Statuses= forces paging, as Xero does."""
    caller = await link(opening=SMALL)
    ledger = tenant_of(caller).ledger
    sale = next(i for i in ledger.invoices if i.type == "ACCREC")

    paid = (await caller.get("Invoices", {"Statuses": "PAID,VOIDED"})).json()
    number = await caller.get("Invoices", {"InvoiceNumbers": sale.number})
    of_contact = (await caller.get("Invoices", {"ContactIDs": sale.contact_id})).json()
    found = await caller.get("Invoices", {"searchTerm": sale.number.lower()})

    assert "pagination" in paid
    assert {one["Status"] for one in paid["Invoices"]} <= {"PAID", "VOIDED"}
    assert ids(number) == [sale.id]
    assert {one["Contact"]["ContactID"] for one in of_contact["Invoices"]} == {sale.contact_id}
    assert sale.id in ids(found)


@pytest.mark.behaviour(
    "Filters and orders",
    "archived contacts come with includeArchived=true alone",
)
async def test_archived_contacts_are_hidden_unless_asked_for(link: Link) -> None:
    """A single GET still shows them."""
    caller = await link()
    tenant = tenant_of(caller)
    gone, kept = tenant.create_contact(Name="gone"), tenant.create_contact(Name="kept")
    tenant.archive_contact(gone.id)

    plain = ids(await caller.get("Contacts"), "Contacts", "ContactID")
    whole = ids(await caller.get("Contacts", {"includeArchived": "true"}), "Contacts", "ContactID")
    single = await caller.get(f"Contacts/{gone.id}")

    assert plain == [kept.id]
    assert set(whole) == {gone.id, kept.id}
    assert single.json()["Contacts"][0]["ContactStatus"] == "ARCHIVED"


@pytest.mark.behaviour(
    "Filters and orders",
    "where by optimised fields, with Guid, DateTime, ranges and OR",
)
async def test_where_selects_by_optimised_fields(link: Link) -> None:
    """Guid, DateTime, ranges and OR on ids are what a planner uses."""
    caller = await link(opening=SMALL)
    ledger = tenant_of(caller).ledger
    one, two = (payment.id for payment in list(ledger.payments)[:2])

    either = await caller.get(
        "Payments", {"where": f'PaymentId==Guid("{one}") OR PaymentId==Guid("{two}")'}
    )
    open_sales = await caller.get(
        "Invoices", {"where": 'Type=="ACCREC" && AmountDue>0 AND Date>=DateTime(2020,01,31)'}
    )

    assert set(ids(either, "Payments", "PaymentID")) == {one, two}
    expected = {i.id for i in ledger.invoices if i.type == "ACCREC" and i.amount_due > 0}
    assert set(ids(open_sales)) == expected


@pytest.mark.behaviour(
    "Filters and orders",
    "a bad where is a QueryParseException (ErrorNumber 16)",
)
async def test_bad_where_is_a_query_parse_exception(link: Link) -> None:
    """400 with ErrorNumber 16."""
    caller = await link()

    answer = await caller.get("Invoices", {"where": "Status=='PAID'"})

    assert answer.status_code == 400
    assert (answer.json()["ErrorNumber"], answer.json()["Type"]) == (16, "QueryParseException")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("n > 4", True),
        ('n >= 5 AND name.StartsWith("Ka")', True),
        ('name.Contains("zz") OR n = 5', True),
        ("(n < 5 || n == 5) && missing == null", True),
        ("missing != null", False),
        ('name.EndsWith("i") == true', True),
        ("flag == true", True),
    ],
)
@pytest.mark.behaviour("Filters and orders", "where knows brackets, AND, OR, null and text methods")
def test_where_language(text: str, right: bool) -> None:
    """Comparisons, brackets, null and methods mean what they say."""
    fields: dict[str, Callable[[dict[str, Any]], Any]] = {
        "n": lambda record: record.get("n"),
        "name": lambda record: record.get("name"),
        "missing": lambda record: record.get("missing"),
        "flag": lambda record: record.get("flag"),
    }

    assert parse(text, fields)({"n": 5, "name": "Kauri", "flag": True}) is right


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n",
        "n ==",
        "n == 5)",
        "who == 5",
        "n == 5 AND",
        "n ~ 5",
        'n == Guid("x")',
        "n > null",
        "n == DateTime(2026,13,1)",
    ],
)
@pytest.mark.behaviour("Filters and orders", "nothing half understood is run")
def test_unreadable_where_is_refused(text: str) -> None:
    """Nothing half understood is run."""
    with pytest.raises(QueryUnreadable):
        parse(text, {"n": lambda record: record})


@pytest.mark.behaviour(
    "Answers",
    "single records by id or number, whatever the case; else 404 in HTML",
)
async def test_single_records_are_found_by_id_and_number(link: Link) -> None:
    """Paths are matched without regard to case; nothing found is a sentence of HTML."""
    caller = await link(opening=SMALL)
    sale = next(i for i in tenant_of(caller).ledger.invoices if i.type == "ACCREC")

    by_id = await caller.get(f"invoices/{sale.id.upper()}")
    by_number = await caller.get(f"Invoices/{sale.number}")
    missing = await caller.get("Invoices/00000000-0000-4000-8000-000000000000")

    assert ids(by_id) == ids(by_number) == [sale.id]
    assert missing.status_code == 404
    assert missing.headers["content-type"].startswith("text/html")
