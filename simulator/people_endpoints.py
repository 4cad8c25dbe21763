"""The accounting API's endpoints of users, contact groups, budgets and, of old, employees.

None of them has pages. Employees stand in payroll.py, but for those of the old endpoint.
"""

from collections.abc import Mapping

from simulator import budgets, employees, groups, users
from simulator.contact_view import stub
from simulator.elements import Element
from simulator.endpoints import Endpoint, Found, Nested, Query, Wire
from simulator.group_view import wire as group_wire
from simulator.ledger import Ledger
from simulator.listing import Catalogue
from simulator.people import Budget, Employee, Group, User
from simulator.plain_lists import listed, one, timeless
from simulator.refusals import NotFound
from simulator.wire import moment

_USERS: Catalogue[User] = Catalogue(
    id_key="UserID",
    fields={
        "userid": lambda user: user.id,
        "emailaddress": lambda user: user.email,
        "firstname": lambda user: user.first_name,
        "lastname": lambda user: user.last_name,
        "issubscriber": lambda user: user.is_subscriber,
        "organisationrole": lambda user: user.role,
        "updateddateutc": lambda user: moment(user.updated_ms),
    },
    orders={"lastname": lambda user: user.last_name, "firstname": lambda user: user.first_name},
    filters={},
)
_GROUPS: Catalogue[Group] = Catalogue(
    id_key="ContactGroupID",
    fields={
        "contactgroupid": lambda group: group.id,
        "name": lambda group: group.name,
        "status": lambda _group: "ACTIVE",
    },
    orders={"name": lambda group: group.name.lower()},
    filters={},
)
_BUDGETS: Catalogue[Budget] = Catalogue(
    id_key="BudgetID", fields={}, orders={}, filters={}, takes_ids=True
)
_EMPLOYEES: Catalogue[Employee] = Catalogue(id_key="EmployeeID", fields={}, orders={}, filters={})


# --- contact groups ----------------------------------------------------------------------------


def _group_list(ledger: Ledger, query: Query) -> Found:
    return listed(ledger.people.groups, _GROUPS, timeless(query), group_wire)


def _group(ledger: Ledger, _query: Query, key: str) -> Found:
    return one(groups.full_wire(ledger, groups.find(ledger, key)))


def _make_group(ledger: Ledger, _query: Query, element: Element, _create_only: bool) -> Wire:
    return group_wire(groups.create(ledger, element))


def _change_group(ledger: Ledger, _query: Query, key: str, element: Element) -> Wire:
    return groups.update(ledger, groups.find(ledger, key), element)


def _add_member(ledger: Ledger, _query: Query, key: str, element: Element) -> Wire:
    added = groups.add(ledger, groups.find(ledger, key), element)
    return {**stub(added), "ValidationErrors": []}


def _take_member(ledger: Ledger, _query: Query, key: str, contact_key: str) -> None:
    groups.take_out(ledger, groups.find(ledger, key), contact_key)


def _clear_group(ledger: Ledger, _query: Query, key: str) -> None:
    groups.clear(ledger, groups.find(ledger, key))


# --- budgets, employees of old -----------------------------------------------------------------


def _budget_list(ledger: Ledger, query: Query) -> Found:
    return listed(ledger.people.budgets, _BUDGETS, timeless(query), budgets.wire)


def _budget(ledger: Ledger, query: Query, key: str) -> Found:
    months = budgets.asked_months(query.params, ledger.today())
    return one(budgets.full_wire(ledger, budgets.find(ledger, key), months))


def _employee_list(ledger: Ledger, query: Query) -> Found:
    _still_there(ledger)
    today = ledger.today()
    held = ledger.people.employees
    return listed(held, _EMPLOYEES, query, lambda each: employees.old_wire(each, today))


def _employee(ledger: Ledger, _query: Query, key: str) -> Found:
    _still_there(ledger)
    return one(employees.old_wire(employees.find(ledger, key), ledger.today()))


def _still_there(ledger: Ledger) -> None:
    """Raise NotFound where the old endpoint is gone."""
    if not employees.in_old_api(ledger):
        raise NotFound("Employees")


_PUT = frozenset({"PUT"})
_FLAG = "HasValidationErrors"

ENDPOINTS: Mapping[str, Endpoint] = {
    "users": Endpoint(
        "Users",
        "UserID",
        lambda ledger, query: listed(ledger.people.users, _USERS, query, users.wire),
        lambda ledger, _query, key: one(users.wire(users.find(ledger, key))),
    ),
    "contactgroups": Endpoint(
        "ContactGroups",
        "ContactGroupID",
        _group_list,
        _group,
        _make_group,
        _change_group,
        list_methods=_PUT,
        error_flag=_FLAG,
        nested={
            "contacts": Nested(
                "Contacts",
                put=_add_member,
                remove=_take_member,
                clear=_clear_group,
                error_flag=_FLAG,
            )
        },
    ),
    "budgets": Endpoint("Budgets", "BudgetID", _budget_list, _budget),
    "employees": Endpoint("Employees", "EmployeeID", _employee_list, _employee),
}
