"""Tracking on lines of every kind of document: by ids, by names, and what is refused."""

from typing import Any

import pytest

from simulator.books import Tenant
from simulator.reference import Category
from simulator.refusals import Refused
from tests.simulator.conftest import Link
from tests.simulator.money import LINE, note, prepayment, sale

behaviour = pytest.mark.behaviour


def category_of(tenant: Tenant, place: int = 0) -> Category:
    """One of the two categories that an organisation starts with."""
    return list(tenant.ledger.reference.categories)[place]


def by_id(category: Category) -> dict[str, Any]:
    """Its first option, by ids."""
    return {"TrackingCategoryID": category.id, "TrackingOptionID": category.options[0].id}


def by_name(category: Category) -> dict[str, Any]:
    """Its first option, by names."""
    return {"Name": category.name, "Option": category.options[0].name}


@behaviour("Lines and tracking", "tracking is sent by ids or by names, and shown by both")
@pytest.mark.parametrize("way", [by_id, by_name])
@pytest.mark.parametrize(
    ("make", "collection"),
    [(sale, "Invoices"), (note, "CreditNotes"), (prepayment, "Prepayments")],
)
async def test_tracking_by_ids_or_names(link: Link, way: Any, make: Any, collection: str) -> None:
    """On every kind of document with lines."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    first, second = category_of(tenant), category_of(tenant, 1)
    made = make(tenant, LineItems=[{**LINE, "Tracking": [way(first), way(second)]}])

    (shown,) = (await caller.get(f"{collection}/{made.id}")).json()[collection]

    assert shown["LineItems"][0]["Tracking"] == [
        {**by_name(category), **by_id(category)} for category in (first, second)
    ]


@behaviour(
    "Lines and tracking", "unknown categories and options, and a third category, are refused"
)
@pytest.mark.parametrize(
    "sent",
    [
        [{"Name": "Nowhere", "Option": "North"}],
        [{"TrackingCategoryID": "0a6b7c31-91d4-4a5e-8c07-7be0a5b3d2f0", "Option": "North"}],
    ],
)
def test_unknown_tracking_is_refused(tenant: Tenant, sent: list[dict[str, Any]]) -> None:
    """Nothing is saved."""
    known = by_name(category_of(tenant))

    for tracking in (sent, [{**known, "Option": "Nowhere"}], [known] * 2, [known] * 3):
        with pytest.raises(Refused):
            sale(tenant, LineItems=[{**LINE, "Tracking": tracking}])

    assert len(tenant.ledger.invoices) == 0


@behaviour("Lines and tracking", "tracking may still change on a document that is paid")
def test_tracking_changes_on_paid_documents(tenant: Tenant) -> None:
    """As description and account may; amounts may not."""
    made = sale(tenant)
    tenant.pay(made.id)
    category = category_of(tenant)
    line = {"LineItemID": made.lines[0].id, "Tracking": [by_name(category)]}

    tenant.update_invoice(made.id, LineItems=[line])

    (kept,) = made.lines[0].tracking
    assert kept["TrackingOptionID"] == category.options[0].id
    assert (made.status, made.lines[0].account_code) == ("PAID", "200")
    assert made.total == 115
