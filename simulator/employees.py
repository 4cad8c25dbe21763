"""Employees: hired, changed and let go in Xero's app, and the three forms in which APIs show them.

Sources: Xero's pages of "Employees" of Payroll AU, NZ and UK, their API descriptions, and what the
accounting API's description of the old endpoint has left. Pay is in none of these books, so single
answers of Payroll AU hold empty ones of it.
"""

from datetime import date
from typing import Any

from simulator.ledger import Ledger
from simulator.people import Employee
from simulator.refusals import NotFound
from simulator.wire import day_string, from_ms, ms_day, ms_instant

REGIONS = frozenset({"AU", "NZ", "GB"})
"""Countries whose organisations can pay by Xero."""


def find(ledger: Ledger, key: str) -> Employee:
    """The employee of an id. Raises NotFound."""
    known = ledger.people.employees.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def hire(ledger: Ledger, employee: Employee) -> Employee:
    """Put somebody on the payroll."""
    ledger.stamp(ledger.people.employees, employee, None, "CREATE")
    employee.created_ms = employee.updated_ms
    return employee


def change(ledger: Ledger, employee: Employee, **fields: Any) -> None:
    """Write what is known of somebody anew; by the names of `Employee`."""
    for name, value in fields.items():
        setattr(employee, name, value)
    ledger.stamp(ledger.people.employees, employee, None, "UPDATE")


def let_go(ledger: Ledger, employee: Employee, last_day: date) -> None:
    """Write down somebody's last day."""
    change(ledger, employee, end=last_day)


def drop(ledger: Ledger, employee: Employee) -> None:
    """Delete somebody who was never paid, which leaves no trace."""
    ledger.people.employees.drop(employee.id)


def pays_by_xero(ledger: Ledger) -> bool:
    """Whether the organisation has Payroll: its country must, and it must have taken it."""
    return ledger.rules.payroll and ledger.country.code in REGIONS


def in_old_api(ledger: Ledger) -> bool:
    """Whether the accounting API still tells of the organisation's employees."""
    return ledger.rules.old_employees and not pays_by_xero(ledger)


def old_wire(employee: Employee, today: date) -> dict[str, Any]:
    """As the accounting API's endpoint showed them."""
    gone = employee.status(today) != "ACTIVE"
    return {
        "EmployeeID": employee.id,
        "Status": "ARCHIVED" if gone else "ACTIVE",
        "FirstName": employee.first_name,
        "LastName": employee.last_name,
        "ExternalLink": {"Url": f"https://people.example/{employee.number or employee.id}"},
        "UpdatedDateUTC": ms_instant(employee.updated_ms),
    }


def au_wire(employee: Employee, today: date) -> dict[str, Any]:
    """As lists of Payroll AU show them: without what they earn, and what they do."""
    out: dict[str, Any] = {
        "EmployeeID": employee.id,
        "FirstName": employee.first_name,
        "LastName": employee.last_name,
        "Status": employee.status(today),
        "DateOfBirth": ms_day(employee.birth),
        "Gender": employee.gender,
        "StartDate": ms_day(employee.start),
        "PayrollCalendarID": employee.calendar_id,
        "UpdatedDateUTC": ms_instant(employee.updated_ms),
        "IsSTP2Qualified": False,
    }
    told = {"Email": employee.email, "Phone": employee.phone}
    out |= {key: value for key, value in told.items() if value is not None}
    if employee.end is not None:
        out["TerminationDate"] = ms_day(employee.end)
    return out


def au_full_wire(employee: Employee, today: date) -> dict[str, Any]:
    """As Payroll AU shows one alone."""
    job = {} if employee.job_title is None else {"JobTitle": employee.job_title}
    return {
        **au_wire(employee, today),
        **job,
        "HomeAddress": {
            "AddressLine1": employee.address.get("line", ""),
            "City": employee.address.get("city", ""),
            "Region": employee.address.get("region", ""),
            "PostalCode": employee.address.get("code", ""),
            "Country": "AUSTRALIA",
        },
        "TaxDeclaration": {
            "AustralianResidentForTaxPurposes": True,
            "UpdatedDateUTC": ms_instant(employee.updated_ms),
        },
        "BankAccounts": [],
        "PayTemplate": {"EarningsLines": [], "DeductionLines": [], "SuperLines": []},
        "LeaveBalances": [],
        "SuperMemberships": [],
    }


def wire_2_0(ledger: Ledger, employee: Employee) -> dict[str, Any]:
    """As Payroll NZ and UK show them, in lists and alone."""
    country = ledger.country
    in_britain = country.code == "GB"
    out: dict[str, Any] = {
        "employeeID": employee.id,
        "firstName": employee.first_name,
        "lastName": employee.last_name,
        "dateOfBirth": day_string(employee.birth),
        "gender": employee.gender,
        "email": employee.email,
        "phoneNumber": employee.phone,
        "startDate": day_string(employee.start),
        "address": {
            "addressLine1": employee.address.get("line"),
            "addressLine2": None,
            "city": employee.address.get("city"),
            "county" if in_britain else "suburb": None,
            "countryName": country.country_name.upper(),
            "postCode": employee.address.get("code"),
        },
        "payrollCalendarID": employee.calendar_id,
        "updatedDateUTC": _instant(employee.updated_ms),
        "createdDateUTC": _instant(employee.created_ms),
        "endDate": None if employee.end is None else day_string(employee.end),
    }
    if in_britain:
        title = "Mr" if employee.gender == "M" else "Ms"
        out |= {
            "title": title,
            "isOffPayrollWorker": False,
            "employeeNumber": employee.number,
        }
    else:
        out["jobTitle"] = employee.job_title
    return out


def _instant(ms: int) -> str:
    """To the second, without a zone, as these APIs write UTC."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S")


def raw(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    """All employees as lists show them, under the name of the API that does; none may."""
    held, today = ledger.people.employees, ledger.today()
    if in_old_api(ledger):
        return {"Employees": [old_wire(each, today) for each in held]}
    if not pays_by_xero(ledger):
        return {}
    code = ledger.country.code
    if code == "AU":
        return {"PayrollAU/Employees": [au_wire(each, today) for each in held]}
    name = "PayrollUK/Employees" if code == "GB" else "PayrollNZ/Employees"
    return {name: [wire_2_0(ledger, each) for each in held]}
