"""Purchase orders and quotes: numbers, status moves, lists, and what refuses them."""

from typing import Any

import pytest

from simulator import chart, purchase_orders, quotes
from simulator.books import Tenant
from simulator.promises import PurchaseOrder, Quote
from simulator.refusals import NotFound, Refused
from tests.simulator.conftest import Link
from tests.simulator.test_documents import LINE, tenant_of

behaviour = pytest.mark.behaviour


def order(tenant: Tenant, **wishes: Any) -> PurchaseOrder:
    """An order of a new supplier."""
    contact = tenant.create_contact(Name=f"Supplier {len(tenant.ledger.contacts)}")
    element = {"Contact": {"ContactID": contact.id}, "LineItems": [LINE], **wishes}
    return purchase_orders.create(tenant.ledger, element)


def quote(tenant: Tenant, **wishes: Any) -> Quote:
    """A quote for someone."""
    element = {"Contact": {"Name": "Ada"}, "LineItems": [LINE], **wishes}
    return quotes.create(tenant.ledger, element)


@behaviour("Purchase orders", "PUT makes a draft, numbered PO-0001 onwards, for a known contact")
@behaviour("Purchase orders", "unit amounts have four decimals always")
async def test_creating_makes_a_numbered_draft(link: Link) -> None:
    """Contacts are not made on the way; discounts are allowed."""
    caller = await link()
    tenant = tenant_of(caller)
    contact = tenant.create_contact(Name="Boots")
    sent = {"Contact": {"ContactID": contact.id}, "LineItems": [{**LINE, "DiscountRate": 10}]}

    answer = await caller.put("PurchaseOrders", sent)
    unknown = await caller.put("PurchaseOrders", {**sent, "Contact": {"Name": "Nobody"}})

    (made,) = answer.json()["PurchaseOrders"]
    assert (made["Status"], made["PurchaseOrderNumber"]) == ("DRAFT", "PO-0001")
    assert (made["Type"], made["IsDiscounted"], made["TotalDiscount"]) == (
        "PURCHASEORDER",
        True,
        10.0,
    )
    assert '"UnitAmount": 50.0000' in answer.text
    assert unknown.status_code == 400
    assert len(tenant.ledger.contacts) == 1


@behaviour("Purchase orders", "numbers are unique among the living, whatever the supplier")
def test_numbers_of_orders_are_unique_among_the_living(tenant: Tenant) -> None:
    """A deleted one's number is free again, and the next number passes over those in use."""
    first = order(tenant, PurchaseOrderNumber="PO-0001")
    with pytest.raises(Refused, match="unique"):
        order(tenant, PurchaseOrderNumber="po-0001")
    second = order(tenant)

    purchase_orders.update(tenant.ledger, first, {"Status": "DELETED"})
    purchase_orders.update(tenant.ledger, second, {"PurchaseOrderNumber": "PO-0001"})

    assert purchase_orders.find(tenant.ledger, "po-0001") is second
    with pytest.raises(NotFound):
        purchase_orders.find(tenant.ledger, "PO-0002")


@behaviour("Purchase orders", "the living statuses follow one another freely, DELETED is final")
def test_statuses_of_orders_move_freely_until_deleted(tenant: Tenant) -> None:
    """Back and forth, but what is not complete cannot be approved."""
    made = order(tenant)
    for status in ("BILLED", "DRAFT", "SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"):
        purchase_orders.update(tenant.ledger, made, {"Status": status})
        assert made.status == status

    with pytest.raises(Refused, match="modification"):
        purchase_orders.update(tenant.ledger, made, {"Status": "DRAFT"})
    with pytest.raises(Refused, match="not valid"):
        order(tenant, Status="PAID")
    with pytest.raises(Refused, match="line items"):
        order(tenant, Status="AUTHORISED", LineItems=[])


@behaviour("Purchase orders", "marking a draft as sent warns and changes nothing")
async def test_only_approved_orders_are_marked_as_sent(link: Link) -> None:
    """With the warning of the published example; the write itself succeeds."""
    caller = await link()
    made = order(tenant_of(caller))

    early = await caller.post(f"PurchaseOrders/{made.id}", {"SentToContact": True})
    sent = {"Status": "AUTHORISED", "SentToContact": True}
    later = await caller.post(f"PurchaseOrders/{made.id}", sent)

    (held,) = early.json()["PurchaseOrders"]
    assert held["SentToContact"] is False
    assert held["Warnings"] == [{"Message": purchase_orders.UNSENDABLE}]
    (held,) = later.json()["PurchaseOrders"]
    assert held["SentToContact"] is True
    assert "Warnings" not in held


@behaviour("Purchase orders", "lists are paged always, take no where, and filter by status and day")
async def test_lists_of_orders_are_always_paged(link: Link) -> None:
    """With pagination though no page was asked for, and lines in every list."""
    caller = await link()
    tenant = tenant_of(caller)
    days = ("2026-03-01", "2026-03-05", "2026-03-09")
    made = [order(tenant, Date=day, Status="SUBMITTED") for day in days]
    order(tenant)

    first = (await caller.get("PurchaseOrders", {"pageSize": 2})).json()
    asked = {"Status": "SUBMITTED", "DateFrom": "2026-03-02", "DateTo": "2026-03-09",
             "order": "Date DESC", "where": "no query at all"}  # fmt: skip
    chosen = (await caller.get("PurchaseOrders", asked)).json()
    wrong = await caller.get("PurchaseOrders", {"DateFrom": "soon"})

    assert first["pagination"] == {"page": 1, "pageSize": 2, "pageCount": 2, "itemCount": 4}
    assert all(each["LineItems"] for each in first["PurchaseOrders"])
    found = [each["PurchaseOrderID"] for each in chosen["PurchaseOrders"]]
    assert found == [made[2].id, made[1].id]
    assert wrong.status_code == 400


@behaviour("Quotes", "PUT makes a draft, numbered QU-0001 onwards, for a contact old or new")
@behaviour("Quotes", "tax modes are written in capitals, totals that were sent are passed over")
async def test_creating_a_quote_makes_a_numbered_draft(link: Link) -> None:
    """Read in any case; a total that fits nothing is no mistake."""
    caller = await link()
    sent = {
        "Contact": {"Name": "Ada", "EmailAddress": "ada@example.com"},
        "LineItems": [LINE],
        "LineAmountTypes": "Inclusive",
        "Total": 1,
        "Title": "Offer",
    }

    (made,) = (await caller.put("Quotes", sent)).json()["Quotes"]

    assert (made["Status"], made["QuoteNumber"]) == ("DRAFT", "QU-0001")
    assert (made["LineAmountTypes"], made["Total"]) == ("INCLUSIVE", 100.0)
    assert made["Contact"]["EmailAddress"] == "ada@example.com"
    assert "HasAttachments" not in made


@behaviour("Quotes", "a quote is sent, answered, then invoiced; any can be deleted, for good")
@pytest.mark.parametrize(
    "moves",
    [
        ["SENT", "ACCEPTED", "INVOICED", "DELETED"],
        ["SENT", "DECLINED", "SENT", "DRAFT", "DELETED"],
    ],
)
def test_statuses_of_quotes(tenant: Tenant, moves: list[str]) -> None:
    """The way of one that is taken, and of one that is not."""
    made = quote(tenant)

    for status in moves:
        quotes.update(tenant.ledger, made, {"Status": status})
        assert made.status == status
    with pytest.raises(Refused, match="modification"):
        quotes.update(tenant.ledger, made, {"Title": "Again"})


@behaviour("Quotes", "other moves, unknown statuses and an expiry before the date are refused")
@pytest.mark.parametrize(
    ("held", "sent"),
    [
        ("DRAFT", {"Status": "ACCEPTED"}),
        ("DRAFT", {"Status": "INVOICED"}),
        ("ACCEPTED", {"Status": "DECLINED"}),
        ("SENT", {"Status": "LOST"}),
        ("SENT", {"ExpiryDate": "2020-01-01"}),
        ("SENT", {"LineAmountTypes": "Margin"}),
        ("SENT", {"QuoteNumber": "QU-0900"}),
        ("SENT", {"Title": "x" * 101}),
    ],
)
def test_refused_quote_stays_as_it_was(tenant: Tenant, held: str, sent: dict[str, Any]) -> None:
    """Nothing of a refused change is kept."""
    quote(tenant, QuoteNumber="QU-0900")
    made = quote(tenant, Status=held)
    before = (made.status, made.number, made.title, made.updated_ms)

    with pytest.raises(Refused):
        quotes.update(tenant.ledger, made, sent)

    assert (made.status, made.number, made.title, made.updated_ms) == before


@behaviour("Quotes", "pages have a hundred whatever is asked, and do not say how many there are")
async def test_pages_of_quotes_do_not_count(link: Link) -> None:
    """Neither pageSize nor where is known there."""
    caller = await link()
    tenant = tenant_of(caller)
    for _ in range(101):
        quote(tenant)

    first = (await caller.get("Quotes", {"page": 1, "pageSize": 1000, "where": "?"})).json()
    second = (await caller.get("Quotes", {"page": 2})).json()

    assert "pagination" not in first
    assert (len(first["Quotes"]), len(second["Quotes"])) == (100, 1)


@behaviour("Quotes", "lists filter by contact, number, status, day and day of expiry")
async def test_filters_of_quotes(link: Link) -> None:
    """One filter each, and what it leaves."""
    caller = await link()
    tenant = tenant_of(caller)
    early = quote(tenant, Date="2026-03-01", ExpiryDate="2026-03-05", Status="SENT")
    late = quote(tenant, Date="2026-03-08", Contact={"Name": "Bo"})
    cases = {
        "ContactID": (late.contact_id, late),
        "QuoteNumber": (late.number, late),
        "Status": ("SENT", early),
        "DateFrom": ("2026-03-02", late),
        "DateTo": ("2026-03-02", early),
        "ExpiryDateFrom": ("2026-03-05", early),
        "ExpiryDateTo": ("2026-03-05", early),
    }

    for name, (value, left) in cases.items():
        shown = (await caller.get("Quotes", {name: value})).json()["Quotes"]
        assert [each["QuoteID"] for each in shown] == [left.id], name


@behaviour("Purchase orders", "they use accounts, move with a merged contact, and post nothing")
def test_orders_and_quotes_count_as_documents(tenant: Tenant) -> None:
    """Their accounts stay, their contact changes with a merge, balances do not move."""
    source = tenant.create_contact(Name="Old")
    target = tenant.create_contact(Name="New")
    account = chart.create(tenant.ledger, {"Code": "555", "Name": "Odd", "Type": "EXPENSE"})
    line = {**LINE, "AccountCode": "555"}
    made = order(tenant, Contact={"ContactID": source.id}, LineItems=[line], Status="AUTHORISED")
    offered = quote(tenant, Contact={"ContactID": source.id}, Status="SENT")
    stamped = made.updated_ms, offered.updated_ms

    tenant.merge_contacts(source.id, target.id)

    assert made.contact_id == offered.contact_id == target.id
    assert made.updated_ms > stamped[0]
    assert offered.updated_ms > stamped[1]
    with pytest.raises(Refused):
        chart.delete(tenant.ledger, account)
    assert (target.is_customer, target.is_supplier) == (False, False)
