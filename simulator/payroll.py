"""Payroll's employees: what a call below /payroll.xro is answered, once it was let in.

Sources: Xero's API descriptions of Payroll AU (1.0), NZ and UK (2.0). Australia answers as the
accounting API does, in pages of 100; the other two in an envelope of their own, and by one address.
Employees are read only here. What Xero says to an organisation of another region, or without
payroll, is not documented: callers have told of 405 and of 403, and so it is here.
"""

from starlette.responses import Response

from simulator import answers, employees, wire
from simulator.endpoints import Endpoint, Found, Query, Target
from simulator.ledger import Ledger
from simulator.listing import Catalogue, select
from simulator.people import Employee
from simulator.plain_lists import one
from simulator.refusals import QueryUnreadable
from simulator.wire import fragment, moment

PAGE_SIZE = 100
OLD, NEW = "1.0", "2.0"

_CATALOGUE: Catalogue[Employee] = Catalogue(
    id_key="EmployeeID",
    fields={
        "employeeid": lambda employee: employee.id,
        "firstname": lambda employee: employee.first_name,
        "lastname": lambda employee: employee.last_name,
        "email": lambda employee: employee.email,
        "updateddateutc": lambda employee: moment(employee.updated_ms),
    },
    orders={"lastname": lambda employee: employee.last_name},
    filters={},
)


def _list(ledger: Ledger, query: Query) -> Found:
    """One page of Payroll AU; the first where none is named."""
    params = {"page": "1", **query.params, "pagesize": str(PAGE_SIZE)}
    chosen = select(ledger.people.employees, _CATALOGUE, params, since_ms=query.since_ms)
    today = ledger.today()
    return Found([fragment(employees.au_wire(each, today)) for each in chosen.records])


def _single(ledger: Ledger, _query: Query, key: str) -> Found:
    return one(employees.au_full_wire(employees.find(ledger, key), ledger.today()))


AUSTRALIA = Endpoint("Employees", "EmployeeID", _list, _single)


def refused(ledger: Ledger, version: str) -> Response | None:
    """The answer to a call for what the organisation does not have; None: it has it."""
    if version not in {OLD, NEW}:
        return answers.not_found()
    if (version == OLD) != (ledger.country.code == "AU"):
        return answers.not_allowed([])
    if not employees.pays_by_xero(ledger):
        return answers.problem(403, "Forbidden", "No payroll subscription", answers.random_id)
    return None


def target_of(path: str, version: str) -> Target | None:
    """What a path below /payroll.xro/1.0 or 2.0 leads to."""
    name, _, key = path.strip("/").partition("/")
    if name.lower() != "employees" or "/" in key or version not in {OLD, NEW}:
        return None
    return Target(AUSTRALIA, key)


def answer_2_0(ledger: Ledger, query: Query, key: str, *, provider: str) -> bytes:
    """The body of a list (no key) or of one employee, of Payroll NZ or UK.

    Raises:
        NotFound: there is no such employee.
        QueryUnreadable: the page is none.
    """
    head = {
        "id": answers.random_id(),
        "providerName": provider,
        "dateTimeUTC": wire.seven_digits(ledger.clock()),
        "httpStatusCode": "OK",
    }
    if key:
        shown = employees.wire_2_0(ledger, employees.find(ledger, key))
        return wire.compact({**head, "pagination": None, "problem": None, "employee": shown})
    held = [each for each in ledger.people.employees if _fits(each, query.params.get("filter", ""))]
    held.sort(key=lambda each: each.id)
    page = query.params.get("page", "1")
    if not page.isdecimal() or int(page) < 1:
        raise QueryUnreadable("page must be 1 or more")
    start = (int(page) - 1) * PAGE_SIZE
    listed = [employees.wire_2_0(ledger, each) for each in held[start : start + PAGE_SIZE]]
    pagination = wire.Pagination(int(page), PAGE_SIZE, len(held)).body()
    body = {**head, "pagination": pagination, "problem": None, "employees": listed}
    return wire.compact(body)


def _fits(employee: Employee, asked: str) -> bool:
    """Whether somebody has the names of a filter such as `firstName==Mia,lastName==Jansen`.

    Raises:
        QueryUnreadable: it asks for something else.
    """
    held = {"firstname": employee.first_name, "lastname": employee.last_name}
    for part in filter(None, asked.split(",")):
        name, _, value = part.partition("==")
        if name.strip().lower() not in held:
            raise QueryUnreadable(f"No property or field '{name}' exists to filter by")
        if held[name.strip().lower()].lower() != value.strip().lower():
            return False
    return True
