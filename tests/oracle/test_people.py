"""Mistakes about users, employees, contact groups and budgets, planted one at a time, are found."""

from datetime import date
from typing import Any

import pytest

from oracle.facts import facts_of
from tests.oracle import people as p
from tests.oracle import records as r
from tests.oracle.test_planted import WRONG, in_books, in_mirror
from tests.oracle.world import Break

MONTH = f"lines/{p.SALES} 2026-10"


def lines(*periods: dict[str, Any]) -> list[dict[str, Any]]:
    """A record's lines of one account."""
    return [{**p.PLAN_RECORD["lines"][0], "periods": list(periods)}]


def test_world_with_people_agrees() -> None:
    """Three APIs of employees, and a budget whose edges were read or not."""
    world = p.staffed()

    assert world.judge() == []
    assert world.examine().counts["things"] == len(world.mirror)


CASES: list[tuple[str, Break, set[str]]] = [
    ("a user of another role", in_mirror(p.OWNER, roles=[]), {"roles"}),
    ("a user who was removed in the books alone", in_books("Users", p.OWNER.upper(),
     OrganisationRole="REMOVED"),
     {"status", "remote_status", "roles", "is_deleted", "deletion_kind"}),
    ("a user who is no owner", in_mirror(p.OWNER, is_owner=False), {"is_owner"}),
    ("a user without an address", in_mirror(p.OWNER, emails=[]), {"emails"}),
    ("a user's title made up", in_mirror(p.OWNER, title="Dr"), {"title"}),
    ("a name with its blanks", in_mirror(p.OWNER, name="Ana Tautoko "), {"name"}),
    ("somebody who left said to be there", in_mirror(p.DRIVER, status="active"), {"status"}),
    ("a last day a day late", in_mirror(p.DRIVER, end_date="2026-11-01"), {"end_date"}),
    ("an employee of another country", in_mirror(p.DRIVER, source_api="payroll_nz"),
     {"source_api"}),
    ("a Briton said to have left on the last day", in_mirror(p.BRITON, status="inactive"),
     {"status"}),
    ("a last day moved in the books alone", in_books("PayrollUK/Employees", p.BRITON,
     endDate="2026-11-21T00:00:00"), {"end_date", "status"}),
    ("a number lost", in_mirror(p.BRITON, employee_number=None), {"employee_number"}),
    ("a link lost", in_mirror(p.OLD, external_link=None), {"external_link"}),
    ("an erased person still archived", in_books("Employees", p.OLD, Status="GDPRREQUEST"),
     {"status", "remote_status"}),
    ("a member lost", in_mirror(p.CLUB, members=p.CLUB_RECORD["members"][:1], member_count=1),
     {f"members/{r.VENDOR}", "member_count"}),
    ("a member who left in the books alone", in_books("ContactGroups", p.CLUB,
     Contacts=p.RAW_CLUB["Contacts"][:1]), {f"members/{r.CUSTOMER}", "member_count"}),
    ("a group known by its list alone", in_mirror(p.CLUB, members=None, member_count=None,
     completeness="summary"), {"members", "member_count", "completeness"}),
    ("an amount planned anew in the books alone", in_books("Budgets", p.PLAN, BudgetLines=[
     {**p.RAW_PLAN["BudgetLines"][0], "BudgetBalances": [
         p.balance("2026-10", "101", "As agreed"), p.balance("2026-11", "200")]}]),
     {f"{MONTH}/amount"}),
    ("a month that is sure forgotten", in_mirror(p.PLAN, lines=lines(
     p.planned("2026-11", "200.00"))), {MONTH}),
    ("a month that was never planned", in_mirror(p.PLAN, lines=lines(
     *p.PLAN_RECORD["lines"][0]["periods"], p.planned("2026-12", "1.00"))),
     {f"lines/{p.SALES} 2026-12"}),
    ("a note lost", in_mirror(p.PLAN, lines=lines(p.planned("2026-10", "100.50"),
     p.planned("2026-11", "200.00"))), {f"{MONTH}/notes"}),
    ("lines never read", in_mirror(p.PLAN, lines=None), {"lines"}),
    ("a budget of another currency", in_mirror(p.PLAN, currency="AUD"), {"currency"}),
    ("a budget by nothing", in_mirror(p.PLAN, tracking=[]), {"tracking"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "plant", "fields"), CASES)
def test_planted_mistake_is_found_and_named(name: str, plant: Break, fields: set[str]) -> None:
    """One mistake gives exactly the differences that name it, and no others beside them."""
    world = p.staffed()
    plant(world)

    assert {(WRONG, field) for field in fields} == {
        (one.kind, one.field) for one in world.judge()
    }, name


def test_edges_of_a_budget_may_be_there_or_not() -> None:
    """Which months were read depends on the day of reading, which the books do not know."""
    world = p.staffed()
    wide = lines(
        p.planned("2025-11", "7.00"),
        *p.PLAN_RECORD["lines"][0]["periods"],
        p.planned("2027-11", "9.00"),
    )
    in_mirror(p.PLAN, lines=wide)(world)

    assert world.judge() == []


def test_day_after_the_last_one_is_judged_by_its_own_calendar() -> None:
    """Then the Briton has left, and Australia's status stays what it says."""
    world = p.staffed()
    world.today = dict.fromkeys(world.today, date(2026, 11, 23))

    mine = {p.BRITON, p.DRIVER, p.OWNER}
    found = {(one.remote_id, one.field) for one in world.judge() if one.remote_id in mine}
    assert found == {(p.BRITON, "status")}


def test_users_belong_to_the_directory() -> None:
    """An event of a user on a topic of the books, or of that type, is misplaced."""
    world = p.staffed()
    event = world.history(p.OWNER)[0]
    event.topic = "xero.accounting.users.events.v1"
    assert {one.kind for one in world.judge()} >= {"wrong_topic"}

    world = p.staffed()
    world.history(p.OWNER)[0].value["type"] = "io.ledgerwire.accounting.user.observed.v1"
    assert {one.kind for one in world.judge()} >= {"wrong_header"}


@pytest.mark.parametrize(
    ("was", "now", "facts"),
    [
        ("active", "inactive", ["employee.left"]),
        ("inactive", "active", ["employee.returned"]),
        ("active", "active", []),
        ("active", "deleted", []),
    ],
)
def test_coming_and_going_of_employees(was: str, now: str, facts: list[str]) -> None:
    """Told once, by whatever said so."""
    assert facts_of("employee", {"status": was}, {"status": now}) == facts
