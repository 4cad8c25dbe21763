"""Users, contact groups, budgets, employees: what changes, who is linked, what is written."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.unified.books import NZ, TODAY, normalized, source, wire
from unified.resource import NormalizeError, Timer
from unified.resources import RESOURCES, resource, sources
from unified.shape import Read

USER, GROUP, BUDGET = resource("user"), resource("contact_group"), resource("budget")
ADA = "4e1753b9-018a-4775-b6aa-1bc7871cfee3"
BEA = "430fa14a-f945-44d3-9f97-5df5e28441b8"


def record_of(name: str, pair: str, read: Read = Read.SINGLE, **changes: Any) -> dict[str, Any]:
    """The record of a golden pair, with some of Xero's keys changed."""
    return normalized(name, pair, read=read, **changes).record


def members(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Contacts of a group as Xero shows them."""
    return [{"ContactID": key, "Name": name} for key, name in pairs]


# --- users -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "key", "status"),
    [
        ("READONLY", "read_only", "active"),
        ("INVOICEONLY", "invoice_only", "active"),
        ("STANDARD", "standard", "active"),
        ("FINANCIALADVISER", "adviser", "active"),
        ("MANAGEDCLIENT", "managed_client", "active"),
        ("CASHBOOKCLIENT", "cashbook_client", "active"),
        ("UNKNOWN", "unknown", "active"),
        ("ROBOT", "unknown", "active"),
        ("REMOVED", None, "removed"),
        ("removed", None, "removed"),
        (None, None, None),
    ],
)
def test_every_role_has_its_word(role: str | None, key: str | None, status: str | None) -> None:
    """And keeps Xero's own; who was removed has none and is gone."""
    record = record_of("user", "adviser_who_owns", OrganisationRole=role)

    assert [one["key"] for one in record["roles"]] == ([] if key is None else [key])
    assert [one["name"] for one in record["roles"]] == ([] if key is None else [role])
    assert (record["status"], record["is_deleted"]) == (status, status == "removed")


def test_users_are_published_as_a_directory() -> None:
    """Who works with the books is no part of them."""
    assert {each.name for each in RESOURCES if each.space == "directory"} == {"user"}


# --- contact groups ----------------------------------------------------------------------------


def test_order_and_names_of_members_are_no_change() -> None:
    """Xero promises no order, and a contact that is renamed announces that itself."""
    before = record_of("contact_group", "with_members", Contacts=members((ADA, "A"), (BEA, "B")))
    turned = record_of("contact_group", "with_members", Contacts=members((BEA, "B"), (ADA, "X")))
    less = record_of("contact_group", "with_members", Contacts=members((BEA, "B")))

    assert GROUP.fingerprint(before) == GROUP.fingerprint(turned)
    assert GROUP.changed_fields(before, turned) == []
    assert GROUP.fingerprint(before) != GROUP.fingerprint(less)
    assert "/member_count" in GROUP.changed_fields(before, less)


def test_list_without_members_takes_none_away() -> None:
    """An empty list there means that nothing is told."""
    known = record_of("contact_group", "with_members")
    listed = normalized("contact_group", "with_members", read=Read.UNPAGED, Contacts=[])

    after = GROUP.overlay(known, listed)
    assert after["members"] == known["members"]
    assert (after["member_count"], after["completeness"]) == (2, "full")


def test_groups_and_contacts_lead_to_each_other() -> None:
    """So that each of the two is read when the other shows what it did not know."""
    group = record_of("contact_group", "with_members")
    contact = normalized(
        "contact", "customer_and_vendor", ContactGroups=[{"ContactGroupID": ADA, "Name": "Club"}]
    ).record

    assert GROUP.linked(group) == [("Contacts", ADA), ("Contacts", BEA)]
    assert GROUP.linked(record_of("contact_group", "named_in_a_list", Read.UNPAGED)) == []
    assert resource("contact").linked(contact) == [("ContactGroups", ADA)]


def test_group_is_written_by_name_and_status() -> None:
    """Members come and go by calls of their own."""
    record = record_of("contact_group", "with_members")

    assert GROUP.denormalize(record) == {
        "ContactGroupID": record["remote_id"],
        "Name": "Oasis",
        "Status": "ACTIVE",
    }


# --- budgets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2026-01-31", "2026-02-01", "2026-11-03", "2028-12-31"])
def test_budget_is_read_for_the_most_months_that_one_call_gives(day: str) -> None:
    """24 of them, and among them every financial year in which the day can lie."""
    today = date.fromisoformat(day)
    window = BUDGET.endpoint.detail_params
    assert window is not None
    first, last = (date.fromisoformat(text) for text in window(today).values())

    months = (last.year - first.year) * 12 + last.month - first.month + 1
    assert (months, first.day, (last + timedelta(days=1)).day) == (24, 1, 1)
    assert first <= today.replace(year=today.year - 1, month=today.month, day=1) + timedelta(31)
    assert last >= today.replace(day=1) + timedelta(days=365)


def test_order_of_lines_and_months_is_no_change() -> None:
    """But an amount is, and a note."""
    raw = wire("budget", "tracked_with_lines")
    lines = raw["BudgetLines"]
    turned = [{**one, "BudgetBalances": one["BudgetBalances"][::-1]} for one in lines[::-1]]
    before = record_of("budget", "tracked_with_lines")
    dearer = [{**lines[1], "BudgetBalances": [{"Period": "2026-07", "Amount": -501}]}, lines[0]]

    assert record_of("budget", "tracked_with_lines", BudgetLines=turned)["lines"] == before["lines"]
    after = record_of("budget", "tracked_with_lines", BudgetLines=dearer)
    assert BUDGET.changed_fields(before, after) == ["/lines/0/periods/0/amount"]
    assert BUDGET.denormalize(before) == {"BudgetID": before["remote_id"]}


@pytest.mark.parametrize("period", [None, "", "2026", "2026-13", "last May", 202611])
def test_what_is_no_month_is_no_budget(period: Any) -> None:
    """A plan for an unknown month would be a wrong plan."""
    lines = [{"AccountID": ADA, "BudgetBalances": [{"Period": period, "Amount": 1}]}]

    with pytest.raises(NormalizeError, match="not a month"):
        record_of("budget", "tracked_with_lines", BudgetLines=lines)


def test_month_may_come_as_a_day() -> None:
    """Its description calls it a date."""
    lines = [{"AccountID": ADA, "BudgetBalances": [{"Period": "2026-05-01", "Amount": 1}]}]
    record = record_of("budget", "tracked_with_lines", BudgetLines=lines)

    assert record["lines"][0]["periods"][0]["period"] == "2026-05"


# --- employees ---------------------------------------------------------------------------------


def test_each_source_of_employees_says_which_it_is() -> None:
    """All of one model, each from another endpoint, of another country or of none."""
    found = {each.endpoint.path: each for each in sources("employee")}
    pairs = {
        "PayrollAU/Employees": "australian_terminated",
        "PayrollNZ/Employees": "new_zealand_whose_time_ended",
        "PayrollUK/Employees": "british_on_the_last_day",
        "Employees": "of_the_old_endpoint",
    }
    told = [record_of("employee", pair, Read.PAGED)["source_api"] for pair in pairs.values()]

    assert list(found) == list(pairs)
    assert told == ["payroll_au", "payroll_nz", "payroll_uk", "accounting_legacy"]
    assert all(each.endpoint.gated for each in found.values())
    countries = [sorted(each.endpoint.countries) for each in found.values()]
    assert countries == [["AU"], ["NZ"], ["GB"], []]


def test_nobody_on_a_payroll_is_read_alone() -> None:
    """A single answer of Australia's tells of pay, tax and bank accounts."""
    alone = {each.endpoint.path for each in sources("employee") if each.endpoint.single}

    assert alone == {"Employees"}


@pytest.mark.parametrize(
    ("ends", "status", "timer"),
    [
        (None, "active", None),
        ("2026-11-02T00:00:00", "inactive", None),
        ("2026-11-03T00:00:00", "active", Timer("employee.left", date(2026, 11, 4))),
        ("2027-01-31T00:00:00", "active", Timer("employee.left", date(2027, 2, 1))),
    ],
)
def test_status_follows_the_last_day_where_xero_tells_none(
    ends: str | None, status: str, timer: Timer | None
) -> None:
    """The last day is still worked; the calendar tells of the one after it."""
    of = source("employee", "british_on_the_last_day")
    record = record_of("employee", "british_on_the_last_day", Read.PAGED, endDate=ends)

    assert (record["status"], of.next_timer(record)) == (status, timer)
    if timer is not None:
        after = of.at_date(record, timer.on)
        assert after["status"] == "inactive"
        assert of.facts(record, after) == ["employee.left"]
        assert of.change_class(of.changed_fields(record, after)) == "derived"
        assert of.next_timer(after) is None
    assert of.at_date(record, TODAY) is record


def test_somebody_who_comes_back_has_returned() -> None:
    """A last day that was taken back makes the employee active again."""
    of = source("employee", "new_zealand_whose_time_ended")
    before = record_of("employee", "new_zealand_whose_time_ended", Read.PAGED)
    after = record_of("employee", "new_zealand_whose_time_ended", Read.PAGED, endDate=None)

    assert of.facts(before, after) == ["employee.returned"]


def test_australian_status_is_xeros_own() -> None:
    """Whatever the calendar says beside it."""
    of = source("employee", "australian_terminated")
    record = record_of("employee", "australian_terminated", Read.PAGED, Status="ACTIVE")

    assert record["status"] == "active"
    assert of.next_timer(record) is None
    assert of.facts(record, {**record, "status": "inactive"}) == ["employee.left"]


def test_what_is_withheld_is_known_and_counts_as_no_drift() -> None:
    """It is left out on purpose; only what nobody has seen before is counted."""
    of = source("employee", "australian_terminated")
    raw = wire("employee", "australian_terminated", BankAccounts=[], PayTemplate={}, Badge="7")
    seen = of.normalize(raw, NZ, Read.PAGED)

    assert [(one.kind, one.path) for one in seen.drift] == [("field", "Employees.Badge")]
    assert {"DateOfBirth", "BankAccounts", "TaxDeclaration", "PayTemplate"} <= set(of.withheld)
