"""What each list can be asked, held against what Xero documents."""

from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.resources import ENDPOINTS
from tests.simulator.callers import SCOPES, SMALL, Caller, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.published import description
from tests.simulator.test_documents import tenant_of

NOBODY = 'Guid("00000000-0000-4000-8000-000000000000")'
OPTIMISED = {
    "Invoices": (
        'Status=="PAID"', 'Type=="ACCREC"', 'InvoiceNumber=="INV-0001"', 'Reference=="x"',
        f"InvoiceID=={NOBODY} OR InvoiceID=={NOBODY}", f"Contact.ContactID=={NOBODY}",
        'Contact.Name=="Ada"', 'Contact.ContactNumber=="1"', "Date>=DateTime(2026,01,31)",
        "DueDate<DateTime(2026,01,31)", "AmountDue>0 AND AmountDue<=99.5", "AmountPaid==0.0",
    ),
    "CreditNotes": (
        'Status=="PAID"', "Date>=DateTime(2026,01,31)", 'Reference=="x"',
        'Type=="ACCPAYCREDIT"', f"Contact.ContactID=={NOBODY}", 'Contact.Name=="Ada"',
        'Contact.ContactNumber=="1"',
    ),
    "Payments": (
        'PaymentType=="ACCRECPAYMENT"', 'Status=="DELETED"', "Date>=DateTime(2026,01,31)",
        f"Invoice.InvoiceId=={NOBODY} OR Invoice.InvoiceId=={NOBODY}", 'Reference=="x"',
        f"PaymentId=={NOBODY} OR PaymentId=={NOBODY}",
    ),
    "Contacts": ('Name=="Ada"', 'EmailAddress=="a@b.c"', 'AccountNumber=="1"'),
    "BankTransactions": (
        'Type=="SPEND"', 'Status=="AUTHORISED"', "Date>=DateTime(2026,01,31)",
        f"Contact.ContactID=={NOBODY}",
    ),
}  # fmt: skip
IDS = {
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "Contacts": "ContactID",
    "BankTransactions": "BankTransactionID",
}


@pytest.mark.behaviour("Filters and orders", "where takes every optimised field of each resource")
async def test_optimised_fields_can_be_asked_for(link: Link) -> None:
    """Those of Xero's "Efficient data retrieval", with their operators."""
    caller = await link(opening=SMALL, no_limits=True)

    refused = [
        (collection, where)
        for collection, queries in OPTIMISED.items()
        for where in queries
        if (await caller.get(collection, {"where": where, "page": 1})).status_code != 200
    ]

    assert refused == []


@pytest.mark.behaviour("Filters and orders", "each paged list can be ordered by id, stamp and date")
@pytest.mark.parametrize("collection", sorted(IDS))
async def test_orders_of_each_list(link: Link, collection: str) -> None:
    """Contacts by name instead of a date."""
    caller = await link(opening=SMALL)
    orders = [IDS[collection], "UpdatedDateUTC", "Name" if collection == "Contacts" else "Date"]

    answers = [await caller.get(collection, {"order": f"{order} DESC"}) for order in orders]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    keys = [one[IDS[collection]] for one in answers[0].json()[collection]]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.behaviour("Filters and orders", "where compares UpdatedDateUTC to the second")
async def test_where_knows_the_time_of_day(link: Link, clock: TurnedClock) -> None:
    """With DateTime of six numbers, or parsed; a day alone is its midnight."""
    caller = await link()
    tenant = tenant_of(caller)
    tenant.create_contact(Name="old")
    clock.at = datetime(2026, 3, 10, 14, 0, 1, tzinfo=UTC)
    await caller.link()
    new = tenant.create_contact(Name="new")

    async def found(where: str) -> list[str]:
        answer = await caller.get("Contacts", {"where": where})
        return [one["ContactID"] for one in answer.json()["Contacts"]]

    assert await found("UpdatedDateUTC>=DateTime(2026,03,10,14,00,01)") == [new.id]
    assert await found('UpdatedDateUTC>DateTime.Parse("2026-03-10T14:00:00Z")') == [new.id]
    assert len(await found("UpdatedDateUTC>=DateTime(2026,03,10)")) == 2
    assert await found("UpdatedDateUTC>DateTime(2026,03,11)") == []


@pytest.mark.behaviour(
    "Filters and orders", "where takes ToLower, ToUpper and Trim before it compares"
)
async def test_where_changes_case(link: Link) -> None:
    """As callers search names without regard to case."""
    caller = await link()
    tenant = tenant_of(caller)
    ada = tenant.create_contact(Name="Ada Moss", EmailAddress="ADA@example.com")
    tenant.create_contact(Name="Bo Fern")

    async def found(where: str) -> list[str]:
        answer = await caller.get("Contacts", {"where": where})
        return [one["ContactID"] for one in answer.json()["Contacts"]]

    assert await found('Name.ToLower().Contains("moss")') == [ada.id]
    assert await found('EmailAddress!=null&&EmailAddress.ToLower()=="ada@example.com"') == [ada.id]
    assert await found('Name.Trim().ToUpper().StartsWith("ADA")') == [ada.id]


@pytest.mark.behaviour(
    "Filters and orders", "what where cannot read names the place: ErrorNumber 16"
)
@pytest.mark.parametrize(
    "where",
    ["Status=='PAID'", "Colour==1", 'Status=="PAID" AND', "Date>null", "Status.Reverse()==1"],
)
async def test_each_slip_in_where_is_refused(link: Link, where: str) -> None:
    """Wrong quotes, unknown fields, loose ends."""
    caller = await link()

    answer = await caller.get("Invoices", {"where": where})

    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 16)
    assert answer.json()["Message"]


def described_parameters() -> dict[str, set[str]]:
    """Query parameters and If-Modified-Since of the lists the simulator carries.

    Reports are no lists: what they are asked by is part of what they compute.
    """
    known = description()
    return {
        path.strip("/"): known.parameters(operation)
        for method, path, operation in known.operations.values()
        if method == "GET"
        and path.strip("/").lower() in ENDPOINTS
        and not path.startswith("/Reports/")
    }


ASKED: dict[str, Any] = {
    "where": "UpdatedDateUTC>DateTime(2000,01,01)",
    "order": "UpdatedDateUTC",
    "page": 1,
    "pageSize": 100,
    "IDs": "00000000-0000-4000-8000-000000000000",
    "ContactIDs": "00000000-0000-4000-8000-000000000000",
    "InvoiceNumbers": "nothing",
    "References": "nothing",
    "ContactID": "00000000-0000-4000-8000-000000000000",
    "QuoteNumber": "nothing",
    "DateFrom": "2999-01-01",
    "DateTo": "1999-01-01",
    "ExpiryDateFrom": "2999-01-01",
    "ExpiryDateTo": "1999-01-01",
    "offset": 1_000_000,
    "paymentsOnly": "true",
    "includeDeleted": "true",
    "Status": "DRAFT",
    "Statuses": "VOIDED",
    "searchTerm": "nothing of that name",
    "summaryOnly": "true",
    "includeArchived": "true",
    "createdByMyApp": "true",
    "unitdp": 4,
}
SELECTS = {
    "IDs", "ContactIDs", "InvoiceNumbers", "References", "searchTerm", "createdByMyApp",
    "ContactID", "QuoteNumber", "DateFrom", "DateTo", "ExpiryDateFrom", "ExpiryDateTo", "offset",
}  # fmt: skip
MONTHS = {("Budgets", "DateFrom"), ("Budgets", "DateTo")}
"""Those choose what is shown of each budget, not which budgets."""


@pytest.mark.behaviour(
    "Published description", "every described parameter of a list does something"
)
async def test_described_parameters_select(link: Link) -> None:
    """Those that select leave nothing of books that hold nothing of the kind."""
    caller: Caller = await link(
        scope=f"{SCOPES} accounting.budgets.read accounting.journals.read",
        opening=SMALL, no_limits=True, tier="advanced",
    )  # fmt: skip
    described = described_parameters()

    for path, names in described.items():
        unstamped = {"where", "order"} if path not in IDS else set()
        for name in (names & set(ASKED)) - unstamped:
            answer = await caller.get(path, {name: ASKED[name]})
            assert answer.status_code == 200, (path, name, answer.text)
            if name in SELECTS and (path, name) not in MONTHS:
                assert answer.json()[path] == [], (path, name)

    asked = set().union(*described.values())
    assert asked - set(ASKED) == {"If-Modified-Since"}
