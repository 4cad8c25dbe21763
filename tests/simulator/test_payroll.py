"""Employees at Xero: three countries' payrolls, the old endpoint, and who is refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from simulator import employees
from simulator.books import Tenant
from simulator.config import TenantSpec
from simulator.people import Employee
from tests.simulator.callers import SCOPES, Caller
from tests.simulator.conftest import Link

behaviour = pytest.mark.behaviour
PAYROLL = "Employees"
WITH_PAYROLL = f"{SCOPES} payroll.employees.read"


async def linked(link: Link, currency: str, **wishes: Any) -> Caller:
    """A caller whose organisation is of that country and pays by Xero."""
    usual = {"tenants": (TenantSpec(currency=currency),), "payroll": True, "scope": WITH_PAYROLL}
    return await link(**{**usual, **wishes})


async def asked(caller: Caller, path: str, **params: str) -> httpx.Response:
    """GET below /payroll.xro."""
    return await caller.http.get(f"/payroll.xro/{path}", params=params, headers=caller.headers)


def of(caller: Caller) -> Tenant:
    """The caller's organisation, past the wire."""
    return caller.running.books.tenant(caller.tenant_id)


def crowd(tenant: Tenant, number: int) -> None:
    """Hire that many more."""
    pattern = next(iter(tenant.ledger.people.employees))
    for index in range(number):
        employees.hire(
            tenant.ledger,
            Employee(tenant.ledger.new_id(), "Number", f"N{index}", pattern.birth, pattern.start),
        )


@behaviour(PAYROLL, "Payroll AU lists pages of 100 without pay; one alone has places for it")
@behaviour(PAYROLL, "Payroll AU knows where, order and If-Modified-Since")
async def test_australian_employees(link: Link) -> None:
    """In the envelope of the accounting API, dates in milliseconds."""
    caller = await linked(link, "AUD")
    tenant = of(caller)
    known = next(iter(tenant.ledger.people.employees))
    crowd(tenant, 100)
    first = (await asked(caller, "1.0/Employees")).json()["Employees"]
    second = (await asked(caller, "1.0/Employees", page="2")).json()["Employees"]
    single = (await asked(caller, f"1.0/Employees/{known.id}")).json()["Employees"]
    named = await asked(caller, "1.0/Employees", where=f'LastName=="{known.last_name}"')

    assert (len(first), len(first) + len(second)) == (100, len(tenant.ledger.people.employees))
    assert not {"BankAccounts", "TaxDeclaration", "PayTemplate"} & set().union(*first)
    assert {"BankAccounts", "TaxDeclaration", "PayTemplate"} <= set(single[0])
    assert first[0]["StartDate"].startswith("/Date(")
    assert {one["LastName"] for one in named.json()["Employees"]} == {known.last_name}
    last_day = tenant.ledger.today() - timedelta(days=1)
    employees.let_go(tenant.ledger, known, last_day)
    shown = (await asked(caller, f"1.0/Employees/{known.id}")).json()["Employees"][0]
    assert (shown["Status"], "TerminationDate" in shown) == ("TERMINATED", True)


@behaviour(PAYROLL, "Payroll NZ and UK answer at one address, in an envelope of their own")
@behaviour(PAYROLL, "Payroll NZ and UK page by 100, filter by names, and tell no status")
@pytest.mark.parametrize(("currency", "own", "others"), [("NZD", "suburb", "county"),
                                                        ("GBP", "county", "suburb")])  # fmt: skip
async def test_employees_of_two_countries(link: Link, currency: str, own: str, others: str) -> None:
    """Keys begin small, dates are ISO without a zone."""
    caller = await linked(link, currency)
    tenant = of(caller)
    known = next(iter(tenant.ledger.people.employees))
    crowd(tenant, 100)
    first = (await asked(caller, "2.0/Employees")).json()
    second = (await asked(caller, "2.0/Employees", page="2")).json()
    single = (await asked(caller, f"2.0/Employees/{known.id}")).json()
    named = await asked(caller, "2.0/Employees", filter=f"lastName=={known.last_name}")

    total = len(tenant.ledger.people.employees)
    assert first["pagination"] == {
        "page": 1, "pageSize": 100, "pageCount": 2, "itemCount": total,
    }  # fmt: skip
    assert (first["httpStatusCode"], first["problem"]) == ("OK", None)
    assert len(first["employees"]) + len(second["employees"]) == total
    assert single["employee"] in [*first["employees"], *second["employees"]]
    assert own in single["employee"]["address"]
    assert others not in single["employee"]["address"]
    assert "status" not in single["employee"]
    assert len(single["employee"]["updatedDateUTC"]) == 19
    assert {one["lastName"] for one in named.json()["employees"]} == {known.last_name}
    assert (await asked(caller, "2.0/Employees", filter="salary==1")).status_code == 400
    assert (await asked(caller, "2.0/Employees", page="0")).status_code == 400
    assert (await asked(caller, f"2.0/Employees/{tenant.id}")).status_code == 404


@behaviour(PAYROLL, "another region's payroll is refused with 405, none at all with 403")
@behaviour(PAYROLL, "payroll needs its own scope")
@pytest.mark.parametrize(
    ("currency", "wishes", "version", "status"),
    [
        ("AUD", {}, "2.0", 405),
        ("NZD", {}, "1.0", 405),
        ("AUD", {"payroll": False}, "1.0", 403),
        ("USD", {}, "2.0", 403),
        ("GBP", {}, "3.0", 404),
        ("GBP", {"scope": None}, "2.0", 401),
    ],
)
async def test_payroll_is_refused(
    link: Link, currency: str, wishes: dict[str, Any], version: str, status: int
) -> None:
    """Each kind by a status of its own."""
    caller = await linked(link, currency, **wishes)

    assert (await asked(caller, f"{version}/Employees")).status_code == status


@behaviour(PAYROLL, "the accounting API's old endpoint answers 404, or still answers by choice")
async def test_old_endpoint_is_gone_or_not(link: Link) -> None:
    """Of organisations that do not pay by Xero."""
    gone = await linked(link, "USD")
    caller = await linked(link, "USD", old_employees=True)
    shown = (await caller.get("Employees")).json()["Employees"]
    single = await caller.get(f"Employees/{shown[0]['EmployeeID']}")

    assert (await gone.get("Employees")).status_code == 404
    assert single.json()["Employees"] == [shown[0]]
    assert shown[0]["ExternalLink"]["Url"].startswith("https://")


def test_raw_books_name_the_api_that_tells(tenant: Tenant) -> None:
    """Whoever compares must know which form to expect; where no API tells, there is nobody."""
    assert not [key for key in tenant.raw() if "Employees" in key]
