"""Employees: the people whom the organisation pays, as far as their names and their time with it.

Where they stand depends on the organisation: in Payroll, one API for Australia and one for New
Zealand and the United Kingdom, where it pays by Xero and consent covers it; or in the accounting
API's old endpoint, which Xero has taken out of its description. Each is a source of its own, and
what Xero refuses is said to be unsupported (`Endpoint.gated`). What people earn and how they are
taxed is nobody's business here: Australian employees are read by lists only, since a single answer
holds all of it, and what an answer tells beside is not kept.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Final

from unified.codecs import DATE, TEXT, Codec, CodecError, Scope, choice, read_text
from unified.model import Day, OneOf, Personal, Record
from unified.people import full_name
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Constant, Derived, Entry, Field
from unified.vocabulary import Timer

_STATUSES: Final = {
    "ACTIVE": "active",
    "ARCHIVED": "inactive",
    "TERMINATED": "inactive",
    "GDPRREQUEST": "erasure_requested",
    "DELETED": "deleted",
}
_STATUS: Final = choice("Employee.Status", _STATUSES)
_SCOPE: Final = "payroll.employees"
#: Half a dozen changes a year in a firm of twenty.
_PACE: Final = Pace(changes_per_hour=0.001, longest=timedelta(hours=12))


def _derive(record: dict[str, Any]) -> None:
    record["name"] = full_name(record)


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "deleted" else None


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    facts: list[str] = []
    if before["status"] == "active" and after["status"] == "inactive":
        facts.append("employee.left")
    if before["status"] == "inactive" and after["status"] == "active":
        facts.append("employee.returned")
    return facts


# --- where Xero tells no status, only when somebody's time ends --------------------------------


def _timed(record: Mapping[str, Any], business_date: date | None) -> dict[str, Any]:
    ends = record["end_date"]
    over = ends is not None and business_date is not None and business_date.isoformat() > ends
    return {"status": "inactive" if over else "active"}


def _timer(record: Mapping[str, Any]) -> Timer | None:
    if record["end_date"] is None or record["status"] == "inactive":
        return None
    return Timer("employee.left", date.fromisoformat(record["end_date"]) + timedelta(days=1))


# --- codecs of this resource alone -------------------------------------------------------------


def _read_link(value: Any, scope: Scope) -> str | None:
    if not value:
        return None
    if value.__class__ is not dict:
        raise CodecError("not an object")
    return read_text(value.get("Url"), scope)


_EXTERNAL_LINK: Final = Codec(_read_link)


# --- schema ------------------------------------------------------------------------------------


class Employee(Record):
    """Somebody who is or was employed; `source_api` says which of Xero's APIs told so."""

    first_name: Personal | None
    last_name: Personal | None
    name: Personal | None
    email: Personal | None
    employee_number: Personal | None
    job_title: Personal | None
    start_date: Day | None
    end_date: Day | None
    external_link: Personal | None
    source_api: Annotated[str, OneOf("accounting_legacy", "payroll_au", "payroll_uk", "payroll_nz")]


#: What else these APIs tell of people: neither mapped nor kept.
_WITHHELD_AU: Final = (
    "Title",
    "MiddleNames",
    "DateOfBirth",
    "Gender",
    "Phone",
    "Mobile",
    "HomeAddress",
    "TwitterUserName",
    "Classification",
    "EmployeeGroupName",
    "IsAuthorisedToApproveLeave",
    "IsAuthorisedToApproveTimesheets",
    "IsSTP2Qualified",
    "CountryOfResidence",
    "EmploymentType",
    "IncomeType",
    "TerminationReason",
    "OrdinaryEarningsRateID",
    "PayrollCalendarID",
    "BankAccounts",
    "PayTemplate",
    "OpeningBalances",
    "TaxDeclaration",
    "LeaveBalances",
    "LeaveLines",
    "SuperMemberships",
)
_WITHHELD_2_0: Final = (
    "title",
    "dateOfBirth",
    "address",
    "gender",
    "phoneNumber",
    "payrollCalendarID",
    "engagementType",
    "fixedTermEndDate",
    "niCategory",
    "niCategories",
    "nationalInsuranceNumber",
    "isOffPayrollWorker",
    "contracts",
)


def _source(source_api: str) -> Constant:
    return Constant("source_api", lambda: source_api)


def _employee(
    endpoint: Endpoint,
    fields: tuple[Entry, ...],
    *,
    withheld: tuple[str, ...] = (),
    updated_key: str = "UpdatedDateUTC",
    created_key: str | None = None,
    timed: bool = False,
) -> Resource:
    """One source of employees; `timed` where their status follows from dates."""
    source = Resource(
        name="employee",
        plural="employees",
        topic_part="employees",
        space="accounting",
        model=Employee,
        endpoint=endpoint,
        webhook_category=None,
        gone_status="deleted",
        updated_key=updated_key,
        created_key=created_key,
        derive=_derive,
        removed_as=_removed_as,
        facts_of=_facts,
        fields=fields,
        ignored=("StatusAttributeString", "ValidationErrors", "HasValidationErrors"),
        withheld=withheld,
    )
    return replace(source, timed=_timed, timer_of=_timer) if timed else source


EMPLOYEE_AU: Final = _employee(
    Endpoint(
        path="PayrollAU/Employees",
        api="payroll.xro/1.0",
        address="Employees",
        gated=True,
        countries=frozenset({"AU"}),
        item_key="Employees",
        id_key="EmployeeID",
        modified_since=True,
        page_size=100,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order="EmployeeID",
        single=False,  # it would tell what they earn
        scope_granular=_SCOPE,
        scope_broad=_SCOPE,
        pace=_PACE,
    ),
    (
        Field("status", "Status", _STATUS),
        Field("remote_status", "Status", TEXT),
        Field("first_name", "FirstName", TEXT),
        Field("last_name", "LastName", TEXT),
        Derived("name"),
        Field("email", "Email", TEXT),
        Constant("employee_number"),
        # Lists show them where they show them at all.
        Field("job_title", "JobTitle", TEXT),
        Field("start_date", "StartDate", DATE),
        Field("end_date", "TerminationDate", DATE),
        Constant("external_link"),
        _source("payroll_au"),
    ),
    withheld=_WITHHELD_AU,
)


def _of_2_0(region: str, source_api: str, country: str) -> Resource:
    """New Zealand's or the United Kingdom's payroll: one address, answered by the region's own."""
    return _employee(
        Endpoint(
            path=f"{region}/Employees",
            api="payroll.xro/2.0",
            address="Employees",
            gated=True,
            countries=frozenset({country}),
            item_key="employees",
            id_key="employeeID",
            modified_since=False,
            page_size=100,
            ids_filter=False,
            where_id_or=False,
            sends_unitdp=False,
            list_params={},
            order=None,
            single=False,  # it would tell no more than a list does
            scope_granular=_SCOPE,
            scope_broad=_SCOPE,
            pace=_PACE,
        ),
        (
            Derived("status", timed=True),
            Constant("remote_status"),
            Field("first_name", "firstName", TEXT),
            Field("last_name", "lastName", TEXT),
            Derived("name"),
            Field("email", "email", TEXT),
            Field("employee_number", "employeeNumber", TEXT),
            Field("job_title", "jobTitle", TEXT),
            Field("start_date", "startDate", DATE),
            Field("end_date", "endDate", DATE),
            Constant("external_link"),
            _source(source_api),
        ),
        withheld=_WITHHELD_2_0,
        updated_key="updatedDateUTC",
        created_key="createdDateUTC",
        timed=True,
    )


EMPLOYEE_NZ: Final = _of_2_0("PayrollNZ", "payroll_nz", "NZ")
EMPLOYEE_UK: Final = _of_2_0("PayrollUK", "payroll_uk", "GB")
EMPLOYEE_OLD: Final = _employee(
    Endpoint(
        path="Employees",
        gated=True,
        item_key="Employees",
        id_key="EmployeeID",
        modified_since=True,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
        pace=_PACE,
    ),
    (
        Field("status", "Status", _STATUS),
        Field("remote_status", "Status", TEXT),
        Field("first_name", "FirstName", TEXT),
        Field("last_name", "LastName", TEXT),
        Derived("name"),
        Constant("email"),
        Constant("employee_number"),
        Constant("job_title"),
        Constant("start_date"),
        Constant("end_date"),
        Field("external_link", "ExternalLink", _EXTERNAL_LINK),
        _source("accounting_legacy"),
    ),
)
