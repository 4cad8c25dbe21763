"""Users, contact groups, budgets and employees from Xero to the mirror: what is told by nobody,
what lists do not show, and what an organisation does not have."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from handlers.calendar import turn_calendars
from handlers.capability import ASK_AGAIN
from handlers.reading import unpacked
from simulator import budgets, employees, groups, users
from simulator.config import TenantSpec
from simulator.people import Balance
from storage.database import Database
from tests.handlers.rig import Rig, running
from unified.resources import RESOURCES
from xero.scopes import app_scopes_for

DAY = timedelta(days=1)
GROUPS = ("Organisation", "Contacts", "ContactGroups")
BUDGETS = ("Organisation", "Budgets")
STAFF = ("Organisation", "PayrollAU/Employees", "PayrollNZ/Employees", "PayrollUK/Employees",
         "Employees")  # fmt: skip
WITH_PAYROLL = (*app_scopes_for(each.endpoint for each in RESOURCES), "payroll.employees.read")


async def sweep(rig: Rig, path: str) -> int:
    """Sweep one endpoint now, and do what follows at once; returns the calls that took."""
    await rig.only(path)
    await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = $2", rig.clock.now(), path)
    before = rig.calls
    await rig.work()
    return rig.calls - before


async def told(rig: Rig, resource: str) -> list[tuple[str, Any]]:
    """Operation and changed fields of each event that no backfill brought."""
    events = await rig.mirror.events(resource)
    return [(one["op"], one.get("changed_fields")) for one in events if one["op"] != "r"]


async def latest(rig: Rig, resource: str) -> dict[str, Any]:
    """The record of a resource's last event."""
    after: dict[str, Any] = (await rig.mirror.events(resource))[-1]["after"]
    return after


async def capabilities(rig: Rig) -> list[tuple[str, str, str | None]]:
    """Endpoint, state and reason of what the control topic says of capabilities."""
    rows = await rig.db.fetch(
        "SELECT value FROM announcement WHERE kind = 'capability' ORDER BY position"
    )
    found = [msgspec.json.decode(row["value"]) for row in rows]
    return [(one["endpoint"], one["state"], one["reason"]) for one in found]


# --- users -------------------------------------------------------------------------------------


async def test_removed_user_is_announced_in_the_directory(database: Database) -> None:
    """Nobody announces users; a sweep finds who was removed, and says so once."""
    async with running(database, ("Organisation", "Users")) as rig:
        await rig.work()
        held = rig.books.ledger.people.users
        rig.clock.advance(DAY)
        users.remove(rig.books.ledger, next(each for each in held if not each.is_subscriber))
        await sweep(rig, "Users")
        await sweep(rig, "Users")

        events = await rig.mirror.events("user")
        assert [one["op"] for one in events] == ["r"] * len(held) + ["d"]
        assert events[-1]["type"] == "io.ledgerwire.directory.user.deleted.v1"
        assert events[-1]["after"]["status"] == "removed"


# --- contact groups ----------------------------------------------------------------------------


async def test_members_that_nothing_stamps_are_found_within_a_day(database: Database) -> None:
    """Neither the group nor its contact says that it moved, so each group is read once a day; the
    contact follows from that."""
    async with running(database, GROUPS, groups_move_contacts=False) as rig:
        await rig.work()
        ledger = rig.books.ledger
        group = next(iter(ledger.people.groups))
        joined = next(each for each in ledger.contacts if each.id not in group.members)
        groups.add(ledger, group, {"ContactID": joined.id})
        rig.clock.advance(DAY)
        calls = await sweep(rig, "ContactGroups")
        again = await sweep(rig, "ContactGroups")

        assert calls == 1 + len(ledger.people.groups) + 1  # the list, each group, the contact
        assert again == 1
        [(op, changed)] = await told(rig, "contact_group")
        assert (op, "/member_count" in changed) == ("u", True)
        members = (await latest(rig, "contact_group"))["members"]
        assert {one["remote_id"] for one in members} == set(group.members)
        contact = await latest(rig, "contact")
        assert contact["remote_id"] == joined.id
        assert [one["remote_id"] for one in contact["groups"]] == [group.id]


async def test_contact_that_shows_another_group_has_that_group_read(database: Database) -> None:
    """Where a contact's stamp moves, its webhook brings the group within a second."""
    async with running(database, GROUPS) as rig:
        await rig.work()
        ledger = rig.books.ledger
        group = next(iter(ledger.people.groups))
        joined = next(each for each in ledger.contacts if each.id not in group.members)
        groups.add(ledger, group, {"ContactID": joined.id})
        await rig.announce(joined)
        before = rig.calls
        await rig.work()

        assert rig.calls - before == 2
        record = await latest(rig, "contact_group")
        assert joined.id in {one["remote_id"] for one in record["members"]}
        assert record["member_count"] == len(group.members)
        assert await rig.notices() == []


async def test_groups_that_two_contacts_show_at_once_are_each_read(database: Database) -> None:
    """The list of groups is one call for all, and tells nobody's members; nor is what waits to be
    read over once a sweep has listed it."""
    async with running(database, GROUPS) as rig:
        await rig.work()
        ledger = rig.books.ledger
        changed = list(ledger.people.groups)[:2]
        for group, joined in zip(changed, ledger.contacts, strict=False):
            groups.add(ledger, group, {"ContactID": joined.id})
            await rig.hint(group.id, "ContactGroups")
        waiting = await rig.notices()
        await rig.db.execute("UPDATE notice SET due_at = due_at + interval '1 hour'")
        assert await sweep(rig, "ContactGroups") == 1
        assert [one["remote_id"] for one in await rig.notices()] == [
            one["remote_id"] for one in waiting
        ]

        await rig.db.execute("UPDATE notice SET due_at = due_at - interval '1 hour'")
        await rig.work()

        told = {one["after"]["remote_id"]: one for one in await rig.mirror.events("contact_group")}
        for group in changed:
            members = {one["remote_id"] for one in told[group.id]["after"]["members"]}
            assert members == set(group.members)
        assert await rig.notices() == []


async def test_deleted_group_is_missing_and_its_members_are_looked_at(database: Database) -> None:
    """Only active groups are shown, so a deleted one leaves two lists and answers 404. Nothing
    stamps the contacts that were in it, and each still names it until it is read."""
    async with running(database, GROUPS, groups_move_contacts=False) as rig:
        ledger = rig.books.ledger
        group = next(iter(ledger.people.groups))
        for contact in ledger.contacts:
            groups.add(ledger, group, {"ContactID": contact.id})
        left = list(group.members)
        await rig.work()
        rig.clock.advance(DAY)
        groups.update(ledger, group, {"Status": "DELETED"})
        await sweep(rig, "ContactGroups")
        rig.clock.advance(timedelta(minutes=10))
        await sweep(rig, "ContactGroups")

        gone = (await rig.mirror.events("contact_group"))[-1]
        assert (gone["op"], gone["entity"]["remote_id"]) == ("d", group.id)
        assert gone["after"]["deletion_kind"] == "missing"
        assert gone["after"]["status"] == "deleted"
        rows = await rig.db.fetch("SELECT remote_id, unified FROM record WHERE resource='contact'")
        held = {row["remote_id"]: msgspec.json.decode(row["unified"]) for row in rows}
        assert len(left) == len(held)
        for record in held.values():
            assert group.id not in {one["remote_id"] for one in record["groups"]}
        assert await rig.notices() == []


async def test_deletion_that_one_404_told_too_early_is_announced_in_the_end(
    database: Database,
) -> None:
    """A contact that left a deleted group has that group read before any list lacks it: one 404
    is no proof, and what is buried for it is asked for again once two lists say the same."""
    async with running(database, GROUPS) as rig:
        ledger = rig.books.ledger
        group = next(iter(ledger.people.groups))
        left = next(iter(ledger.contacts))
        groups.add(ledger, group, {"ContactID": left.id})
        await rig.work()
        groups.update(ledger, group, {"Status": "DELETED"})
        await rig.announce(left)
        await rig.work()
        [dead] = await rig.notices("dead")
        assert (dead["remote_id"], dead["error_code"]) == (group.id, "missing")
        assert await told(rig, "contact_group") == []

        rig.clock.advance(DAY)
        await sweep(rig, "ContactGroups")
        rig.clock.advance(timedelta(minutes=10))
        await sweep(rig, "ContactGroups")

        gone = (await rig.mirror.events("contact_group"))[-1]
        assert (gone["op"], gone["entity"]["remote_id"]) == ("d", group.id)
        assert gone["after"]["deletion_kind"] == "missing"
        assert await rig.notices() == await rig.notices("dead") == []


# --- budgets -----------------------------------------------------------------------------------


async def test_budget_whose_stamp_alone_moved_is_read_by_itself(database: Database) -> None:
    """Its list shows the same head as before; only its own lines say what was planned anew."""
    async with running(database, BUDGETS) as rig:
        await rig.work()
        ledger = rig.books.ledger
        budget = next(iter(ledger.people.budgets))
        account_id = next(iter(budget.lines))
        month = rig.clock.now().strftime("%Y-%m")
        rig.clock.advance(timedelta(hours=1))
        budgets.plan(ledger, budget, account_id, month, Balance(Decimal("99.90")))
        calls = await sweep(rig, "Budgets")
        again = await sweep(rig, "Budgets")

        assert (calls, again) == (2, 1)
        [(op, changed)] = await told(rig, "budget")
        assert op == "u"
        assert all(path.startswith("/lines/") for path in changed)
        record = await latest(rig, "budget")
        line = next(one for one in record["lines"] if one["account"]["remote_id"] == account_id)
        held = {one["period"]: one["amount"] for one in line["periods"]}
        assert held[month] == "99.90"
        assert len(held) == 12
        assert record["completeness"] == "full"


async def test_budgets_are_read_again_once_in_thirty_days(database: Database) -> None:
    """The months that one read gives go on with the calendar; nothing new is no event."""
    async with running(database, BUDGETS) as rig:
        await rig.work()
        before = len(await rig.mirror.events("budget"))
        calls = []
        for _ in range(31):
            rig.clock.advance(DAY)
            calls.append(await sweep(rig, "Budgets"))

        assert sorted(set(calls)) == [1, 3]
        assert calls.count(3) in {1, 2}
        assert len(await rig.mirror.events("budget")) == before


# --- employees ---------------------------------------------------------------------------------


async def test_employees_come_from_the_payroll_of_their_country_alone(database: Database) -> None:
    """The payrolls of New Zealand and the United Kingdom answer at one address: no call is made
    where the country says that it is of no use, and each reason is told."""
    spec = (TenantSpec(currency="GBP"),)
    async with running(database, STAFF, scopes=WITH_PAYROLL, payroll=True, tenants=spec) as rig:
        await rig.work()
        calls = rig.calls
        held = rig.books.ledger.people.employees
        events = await rig.mirror.events("employee")

        assert calls == 3  # the organisation, its payroll, and the old endpoint
        assert {one["entity"]["remote_id"] for one in events} == {each.id for each in held}
        assert {one["after"]["source_api"] for one in events} == {"payroll_uk"}
        said = await capabilities(rig)
        assert [(path, state) for path, state, _ in said] == [
            ("PayrollAU/Employees", "unsupported"),
            ("PayrollNZ/Employees", "unsupported"),
            ("Employees", "unsupported"),
        ]
        assert [
            next(word for word in ("organisations of AU", "organisations of NZ", "404")
                 if word in (reason or ""))
            for _, _, reason in said
        ] == ["organisations of AU", "organisations of NZ", "404"]  # fmt: skip


async def test_what_else_payroll_tells_is_not_kept(database: Database) -> None:
    """No birthdays, no addresses, not even among Xero's own JSON; what nobody knows yet is."""
    spec = (TenantSpec(currency="GBP"),)
    async with running(database, STAFF, scopes=WITH_PAYROLL, payroll=True, tenants=spec) as rig:
        await rig.work()
        rows = await rig.db.fetch("SELECT raw FROM record WHERE resource = 'employee'")

        assert len(rows) == len(rig.books.ledger.people.employees)
        for row in rows:
            kept = unpacked(row["raw"])
            assert isinstance(kept, dict)
            assert kept.keys() == {"employeeID", "firstName", "lastName", "email", "startDate",
                                   "updatedDateUTC", "createdDateUTC", "endDate",
                                   "employeeNumber"}  # fmt: skip


async def test_missing_consent_is_no_empty_payroll(database: Database) -> None:
    """It is said to be unsupported, with the scope that is missing, and asked again in a week."""
    async with running(database, STAFF, payroll=True) as rig:
        await rig.work()
        cursor = await rig.cursor("PayrollNZ/Employees")

        assert await rig.mirror.events("employee") == []
        assert "payroll.employees" in (cursor.unsupported_reason or "")
        assert cursor.backfill_state != "done"
        assert cursor.sweep_due_at >= rig.clock.now() + ASK_AGAIN - DAY
        before = rig.calls
        rig.clock.advance(DAY)
        await rig.only("PayrollNZ/Employees")
        await rig.work()
        assert rig.calls == before


async def test_employee_who_is_listed_no_more_is_missing_after_two_lists(
    database: Database,
) -> None:
    """Nobody is read alone, since a single answer tells of pay: lists are all the proof."""
    spec = (TenantSpec(currency="NZD"),)
    async with running(database, STAFF, scopes=WITH_PAYROLL, payroll=True, tenants=spec) as rig:
        await rig.work()
        ledger = rig.books.ledger
        gone = next(iter(ledger.people.employees))
        employees.drop(ledger, gone)
        rig.clock.advance(DAY)
        first = await sweep(rig, "PayrollNZ/Employees")
        after_one = await told(rig, "employee")
        rig.clock.advance(timedelta(minutes=10))
        second = await sweep(rig, "PayrollNZ/Employees")
        third = await sweep(rig, "PayrollNZ/Employees")

        assert (first, after_one, second, third) == (1, [], 1, 1)
        events = [one for one in await rig.mirror.events("employee") if one["op"] != "r"]
        assert [(one["op"], one["entity"]["remote_id"]) for one in events] == [("d", gone.id)]
        assert events[0]["after"]["deletion_kind"] == "missing"
        assert events[0]["cause"]["kind"] == "reconcile"


async def test_last_day_is_told_by_the_calendar(database: Database) -> None:
    """New Zealand's payroll has no status: the day after the last one, somebody has left."""
    spec = (TenantSpec(currency="NZD"),)
    async with running(database, STAFF, scopes=WITH_PAYROLL, payroll=True, tenants=spec) as rig:
        await rig.work()
        ledger = rig.books.ledger
        leaving = next(iter(ledger.people.employees))
        employees.let_go(ledger, leaving, ledger.today() + DAY)
        await sweep(rig, "PayrollNZ/Employees")
        rig.clock.advance(3 * DAY)
        await turn_calendars(rig.db, rig.clock)

        event = (await rig.mirror.events("employee"))[-1]
        assert (event["entity"]["remote_id"], event["cause"]["kind"]) == (leaving.id, "time")
        assert (event["facts"], event["after"]["status"]) == (["employee.left"], "inactive")
        assert event["change_class"] == "derived"
