"""Who works for an organisation and what it plans: at its beginning, and as it goes on, by chance.

The rules stand in users.py, employees.py, groups.py and budgets.py.
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from simulator import budgets, employees, groups, names, users
from simulator.ledger import Ledger
from simulator.people import OVERALL, REMOVED, TRACKING, Balance, Budget, Employee, Group, User
from simulator.tenant import Tenant

_Step = Callable[[Ledger, random.Random], bool]

_MOST_USERS, _MOST_EMPLOYEES, _MOST_GROUPS = 12, 20, 12
_GROUPS = ("VIPs", "Suppliers", "Newsletter")
_JOBS = ("Bookkeeper", "Driver", "Designer", "Engineer", "Office Manager", "Sales Lead")
#: Code of an account, and what it brings or costs in a usual month.
_PLANNED = (("200", 42_000), ("260", 1_500), ("310", 15_500), ("400", 2_000), ("469", 3_800))
_NOTES = ("", "", "", "As last year", "With the new lease")


def staff(ledger: Ledger) -> None:
    """Give an organisation that has nobody its first users, employees, groups and budgets.

    Nobody's stamp is announced, and all are those of the organisation's own beginning.
    """
    rng = random.Random(f"{ledger.tenant_id}|staff")  # noqa: S311  # play money
    held, at = ledger.people, ledger.created_ms
    for number in range(rng.randint(3, 5)):
        held.users.put(_user(ledger, rng, owner=number == 0), at)
    for _ in range(rng.randint(4, 7)):
        hired = _employee(ledger, rng, start=ledger.today() - timedelta(days=rng.randint(60, 2500)))
        hired.created_ms = at
        held.employees.put(hired, at)
    for name in _GROUPS:
        held.groups.put(Group(ledger.new_id(), name), 0)
    held.budgets.put(_budget(ledger, rng, OVERALL, "Overall Budget"), at)
    held.budgets.put(_budget(ledger, rng, TRACKING, "Northern Budget"), at)


def administer(tenant: Tenant, rng: random.Random, *, unstamped: bool) -> bool:
    """Do one small thing about people or plans, or nothing where nothing fits.

    `unstamped` allows what leaves no trace. Raises Refused as Xero would.
    """
    moves = _MEMBERSHIP if unstamped or tenant.ledger.rules.groups_move_contacts else ()
    steps = (*_STEPS, *moves, *(_DELETIONS if unstamped else ()))
    return rng.choice(steps)(tenant.ledger, rng)


def join_group(ledger: Ledger, rng: random.Random) -> bool:
    """Put an active contact into a group that it is not in yet."""
    contact = ledger.contacts.pick(rng, lambda each: each.status == "ACTIVE")
    open_to = [each for each in ledger.people.groups if contact and contact.id not in each.members]
    if contact is None or not open_to:
        return False
    groups.add(ledger, rng.choice(open_to), {"ContactID": contact.id})
    return True


# --- what is drawn -----------------------------------------------------------------------------


def _user(ledger: Ledger, rng: random.Random, *, owner: bool = False) -> User:
    first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
    role = "FINANCIALADVISER" if owner else rng.choice(users.ROLES)
    email = f"{_mailbox(first, last)}{rng.randint(1, 999)}@example.com"
    return User(ledger.new_id(), ledger.new_id(), email, first, last, role, owner)


def _employee(ledger: Ledger, rng: random.Random, *, start: date) -> Employee:
    first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
    city, region, code = rng.choice(ledger.country.cities)
    return Employee(
        ledger.new_id(),
        first,
        last,
        birth=start - timedelta(days=rng.randint(19 * 365, 55 * 365)),
        start=start,
        gender=rng.choice("MF"),
        email=f"{_mailbox(first, last)}@example.com" if rng.random() < 0.8 else None,
        phone=f"555{rng.randint(1000, 9999)}" if rng.random() < 0.5 else None,
        job_title=rng.choice(_JOBS) if rng.random() < 0.7 else None,
        number=f"E{rng.randint(1000, 9999)}",
        address={
            "line": f"{rng.randint(1, 90)} {rng.choice(names.STREETS)}",
            "city": city,
            "region": region,
            "code": code,
        },
        calendar_id=ledger.new_id(),
    )


def _mailbox(first: str, last: str) -> str:
    return f"{first}.{last}".lower().replace(" ", "").replace("'", "")


def _budget(ledger: Ledger, rng: random.Random, kind: str, description: str) -> Budget:
    """A plan of the financial year in which today lies."""
    budget = Budget(ledger.new_id(), description, kind)
    share = Decimal(1)
    if kind == TRACKING:
        share = Decimal("0.25")
        for category in list(ledger.reference.categories)[:1]:
            budget.tracking.append(
                {
                    "TrackingCategoryID": category.id,
                    "Name": category.name,
                    "TrackingOptionID": category.options[0].id,
                    "Option": category.options[0].name,
                }
            )
    for code, usual in _PLANNED:
        account = ledger.account(code=code)
        if account is not None:
            budget.lines[account.id] = {
                month: Balance(share * rng.randint(usual * 8, usual * 12) / 10,
                               notes=rng.choice(_NOTES))
                for month in _financial_year(ledger)
            }  # fmt: skip
    return budget


def _financial_year(ledger: Ledger) -> list[str]:
    """The twelve months of the financial year in which today lies."""
    today, ends = ledger.today(), ledger.country.year_end[1]
    ends_in = today.year + (today.month > ends)
    last = ends_in * 12 + ends - 1
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(last - 11, last + 1)]


# --- steps -------------------------------------------------------------------------------------


def _invite(ledger: Ledger, rng: random.Random) -> bool:
    if len(ledger.people.users) >= _MOST_USERS:
        return False
    drawn = _user(ledger, rng)
    users.invite(
        ledger, drawn.email, first_name=drawn.first_name, last_name=drawn.last_name, role=drawn.role
    )
    return True


def _change_role(ledger: Ledger, rng: random.Random) -> bool:
    user = _other_user(ledger, rng)
    if user is None:
        return False
    users.give_role(ledger, user, rng.choice([role for role in users.ROLES if role != user.role]))
    return True


def _remove_user(ledger: Ledger, rng: random.Random) -> bool:
    user = _other_user(ledger, rng)
    if user is None or rng.random() < 0.5:
        return False
    users.remove(ledger, user)
    return True


def _other_user(ledger: Ledger, rng: random.Random) -> User | None:
    """Somebody with access who is not the owner."""
    return ledger.people.users.pick(rng, lambda u: not u.is_subscriber and u.role != REMOVED)


def _hire(ledger: Ledger, rng: random.Random) -> bool:
    if len(ledger.people.employees) >= _MOST_EMPLOYEES:
        return False
    employees.hire(ledger, _employee(ledger, rng, start=ledger.today()))
    return True


def _edit_employee(ledger: Ledger, rng: random.Random) -> bool:
    employee = ledger.people.employees.pick(rng, lambda each: each.end is None)
    if employee is None:
        return False
    edit = rng.choice(
        (
            {"email": f"{_mailbox(employee.first_name, employee.last_name)}{rng.randint(1, 99)}"
                      "@example.com"},
            {"job_title": rng.choice(_JOBS)},
            {"last_name": rng.choice(names.LAST_NAMES)},
        )
    )  # fmt: skip
    employees.change(ledger, employee, **edit)
    return True


def _let_go(ledger: Ledger, rng: random.Random) -> bool:
    employee = ledger.people.employees.pick(rng, lambda each: each.end is None)
    if employee is None or rng.random() < 0.5:
        return False
    last_day = ledger.today() + timedelta(days=rng.choice((-7, -1, 0, 1, 2, 30)))
    employees.let_go(ledger, employee, last_day)
    return True


def _add_group(ledger: Ledger, rng: random.Random) -> bool:
    if len(ledger.people.groups) >= _MOST_GROUPS:
        return False
    groups.create(ledger, {"Name": f"{rng.choice(names.TRADES)} {rng.randint(1, 999)}"})
    return True


def _rename_group(ledger: Ledger, rng: random.Random) -> bool:
    group = _group(ledger, rng)
    if group is None:
        return False
    name = f"{group.name.partition(',')[0]}, list {rng.randint(1, 999)}"
    groups.update(ledger, group, {"Name": name})
    return True


def _leave_group(ledger: Ledger, rng: random.Random) -> bool:
    held = [each for each in ledger.people.groups if each.members]
    if not held:
        return False
    group = rng.choice(held)
    groups.take_out(ledger, group, rng.choice(group.members))
    return True


def _delete_group(ledger: Ledger, rng: random.Random) -> bool:
    group = _group(ledger, rng)
    if group is None or len(ledger.people.groups) <= len(_GROUPS):
        return False
    groups.update(ledger, group, {"Status": "DELETED"})
    return True


def _group(ledger: Ledger, rng: random.Random) -> Group | None:
    held = list(ledger.people.groups)
    return rng.choice(held) if held else None


def _plan_anew(ledger: Ledger, rng: random.Random) -> bool:
    budget = ledger.people.budgets.pick(rng, lambda each: bool(each.lines))
    if budget is None:
        return False
    account_id = rng.choice(sorted(budget.lines))
    month = rng.choice(sorted(budget.lines[account_id]))
    amount = Decimal(rng.randint(50_000, 5_000_000)).scaleb(-2)
    budgets.plan(ledger, budget, account_id, month, Balance(amount, notes=rng.choice(_NOTES)))
    return True


def _rename_budget(ledger: Ledger, rng: random.Random) -> bool:
    budget = ledger.people.budgets.pick(rng, lambda _each: True)
    if budget is None:
        return False
    name = f"{budget.description.partition(',')[0]}, revision {rng.randint(1, 99)}"
    budgets.rename(ledger, budget, name)
    return True


def _delete_employee(ledger: Ledger, rng: random.Random) -> bool:
    employee = ledger.people.employees.pick(rng, lambda each: each.start == ledger.today())
    if employee is None:
        return False
    employees.drop(ledger, employee)
    return True


_STEPS: tuple[_Step, ...] = (
    _invite,
    _change_role,
    _remove_user,
    _hire,
    _edit_employee,
    _edit_employee,
    _let_go,
    _add_group,
    _rename_group,
    _plan_anew,
    _plan_anew,
    _rename_budget,
)
_MEMBERSHIP: tuple[_Step, ...] = (join_group, join_group, _leave_group)
_DELETIONS: tuple[_Step, ...] = (_delete_group, _delete_employee)
