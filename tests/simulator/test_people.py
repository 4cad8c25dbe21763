"""Users, contact groups and budgets at Xero: lists, single reads, writes and refusals."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from simulator import budgets, groups, users
from simulator.books import Tenant
from simulator.people import Balance
from simulator.refusals import NotFound, QueryUnreadable, Refused
from tests.simulator.callers import API, SCOPES, Caller, Sink, TurnedClock
from tests.simulator.conftest import Link

behaviour = pytest.mark.behaviour
USERS = "Users"
GROUPS = "Contact groups"
BUDGETS = "Budgets"
WITH_BUDGETS = f"{SCOPES} accounting.budgets.read"


async def held(caller: Caller, path: str, **params: str) -> list[dict[str, Any]]:
    """The only list of an answer."""
    answer = await caller.get(path, params)
    assert answer.status_code == 200, answer.text
    found = [value for value in answer.json().values() if isinstance(value, list)]
    return list(found[0])


async def delete(caller: Caller, path: str) -> httpx.Response:
    """DELETE below the accounting API."""
    return await caller.http.delete(f"{API}/{path}", headers=caller.headers)


def of(caller: Caller) -> Tenant:
    """The caller's organisation, past the wire."""
    return caller.running.books.tenant(caller.tenant_id)


def contact(tenant: Tenant, name: str = "Ada") -> str:
    """The id of a new contact."""
    return tenant.create_contact(Name=name).id


@behaviour(USERS, "are listed and read singly, with a GlobalUserID; nobody can write them")
@behaviour(USERS, "where, order and If-Modified-Since select; who was removed is still listed")
async def test_users_are_read(link: Link, clock: TurnedClock) -> None:
    """The owner is the subscriber; a change of role is stamped."""
    caller = await link()
    tenant = of(caller)
    everybody = await held(caller, "Users", page="2")
    clock.turn(minutes=5)
    since = clock().strftime("%Y-%m-%dT%H:%M:%S")
    invited = users.invite(
        tenant.ledger, "new@example.com", first_name="New", last_name="Er", role="READONLY"
    )
    users.remove(tenant.ledger, invited)
    changed = await caller.get("Users", headers={"If-Modified-Since": since})

    (shown,) = changed.json()["Users"]
    assert (shown["UserID"], shown["OrganisationRole"]) == (invited.id, "REMOVED")
    assert await held(caller, f"Users/{invited.id}") == [shown]
    assert len(await held(caller, "Users")) == len(everybody) + 1
    assert sum(one["IsSubscriber"] for one in everybody) == 1
    assert all(one["GlobalUserID"] != one["UserID"] for one in everybody)
    owners = await held(caller, "Users", where='OrganisationRole=="REMOVED"')
    assert owners == [shown]
    names = [one["LastName"] for one in await held(caller, "Users", order="LastName DESC")]
    assert names == sorted(names, reverse=True)
    assert (await caller.post("Users", {"FirstName": "X"})).status_code == 405


@behaviour(GROUPS, "PUT makes one, POST to its own path renames it; lists show no members")
@behaviour(GROUPS, "a single read shows the members, and each contact its groups")
async def test_groups_and_their_members(link: Link) -> None:
    """Members are put in several at a time, and once is enough."""
    caller = await link()
    tenant = of(caller)
    first, second = contact(tenant, "Ada"), contact(tenant, "Bea")
    made = (await caller.put("ContactGroups", {"ContactGroups": [{"Name": "Club"}]})).json()
    key = made["ContactGroups"][0]["ContactGroupID"]
    sent = {"Contacts": [{"ContactID": first}, {"ContactID": second}, {"ContactID": first}]}
    added = await caller.put(f"ContactGroups/{key}/Contacts", sent)
    await caller.post(f"ContactGroups/{key}", {"Name": "Clubs"})

    (shown,) = await held(caller, f"ContactGroups/{key}")
    (listed,) = await held(caller, "ContactGroups", where='Name=="Clubs"')
    assert [one["ContactID"] for one in added.json()["Contacts"]] == [first, second, first]
    assert [one["ContactID"] for one in shown["Contacts"]] == [first, second]
    assert (shown["Name"], listed["Contacts"]) == ("Clubs", [])
    (whole,) = await held(caller, f"Contacts/{first}")
    assert whole["ContactGroups"] == [listed]
    unpaged = await held(caller, "Contacts")
    assert all(one["ContactGroups"] == [] for one in unpaged)


@behaviour(GROUPS, "DELETE takes one contact out, or all; each is answered 204 with nothing")
@behaviour(GROUPS, "by its status DELETED a group goes: no GET shows it any more")
async def test_members_and_groups_go(link: Link) -> None:
    """Contacts lose what they were in."""
    caller = await link()
    tenant = of(caller)
    ids = [contact(tenant, name) for name in ("Ada", "Bea", "Cyd")]
    group = groups.create(tenant.ledger, {"Name": "Club"})
    for each in ids:
        groups.add(tenant.ledger, group, {"ContactID": each})
    path = f"ContactGroups/{group.id}"

    one = await delete(caller, f"{path}/Contacts/{ids[0]}")
    again = await delete(caller, f"{path}/Contacts/{ids[0]}")
    left = list(group.members)
    deleted = await caller.post(path, {"Status": "DELETED"})

    assert (one.status_code, one.content, again.status_code) == (204, b"", 404)
    assert left == ids[1:]
    assert deleted.json()["ContactGroups"][0]["Status"] == "DELETED"
    assert (await caller.get(path)).status_code == 404
    assert group.id not in {g["ContactGroupID"] for g in await held(caller, "ContactGroups")}
    assert all(not tenant.contact(each).groups for each in ids)
    other = groups.create(tenant.ledger, {"Name": "Other"})
    groups.add(tenant.ledger, other, {"ContactID": ids[0]})
    cleared = await delete(caller, f"ContactGroups/{other.id}/Contacts")
    assert (cleared.status_code, other.members) == (204, [])


@behaviour(GROUPS, "at most 100, with names of their own, and of contacts that exist")
def test_groups_refuse(tenant: Tenant) -> None:
    """In Xero's words where these are known."""
    ledger = tenant.ledger
    group = groups.create(ledger, {"Name": "Club"})

    for element in ({}, {"Name": ""}, {"Name": "CLUB"}):
        with pytest.raises(Refused):
            groups.create(ledger, element)
    with pytest.raises(Refused, match="not valid"):
        groups.update(ledger, group, {"Status": "ARCHIVED"})
    with pytest.raises(Refused, match="could not be found"):
        groups.add(ledger, group, {"ContactID": ledger.new_id()})
    for number in range(groups.MOST - len(ledger.people.groups)):
        groups.create(ledger, {"Name": f"Group {number}"})
    with pytest.raises(Refused, match="limit of 100 contact groups"):
        groups.create(ledger, {"Name": "One too many"})


@behaviour(GROUPS, "groups carry no stamp; whether a contact's moves with them is a choice")
@pytest.mark.parametrize("moves", [True, False])
async def test_membership_moves_contacts_or_not(link: Link, sink: Sink, moves: bool) -> None:
    """Told as a change of the contact where it is stamped, and by nothing where it is not."""
    caller = await link(webhook_url=sink.url, groups_move_contacts=moves)
    tenant = of(caller)
    member = tenant.create_contact(Name="Ada")
    stamp = member.updated_ms
    group = groups.create(tenant.ledger, {"Name": "Club"})
    groups.add(tenant.ledger, group, {"ContactID": member.id})
    await caller.control("deliveries", {})

    assert (member.updated_ms > stamp) is moves
    assert [event["eventType"] for event in sink.events] == ["CREATE", "UPDATE"][: 1 + moves]
    (shown,) = await held(caller, f"Contacts/{member.id}")
    assert [one["Name"] for one in shown["ContactGroups"]] == ["Club"]
    groups.update(tenant.ledger, group, {"Name": "Renamed"})
    (shown,) = await held(caller, f"Contacts/{member.id}")
    assert [one["Name"] for one in shown["ContactGroups"]] == ["Renamed"]


@behaviour(BUDGETS, "lists and IDs= show heads; one alone shows its lines and tracking")
@behaviour(BUDGETS, "without dates, lines are of last month, this one and the next")
@behaviour(BUDGETS, "DateFrom and DateTo choose the months, at most 24")
async def test_budgets_are_read(link: Link) -> None:
    """March 2026 lies in New Zealand's financial year that ends with it."""
    caller = await link(scope=WITH_BUDGETS)
    tenant = of(caller)
    overall, tracked = await held(caller, "Budgets")
    (found,) = await held(caller, "Budgets", IDs=tracked["BudgetID"])
    path = f"Budgets/{tracked['BudgetID']}"
    (usual,) = await held(caller, path)
    (asked,) = await held(caller, path, DateFrom="2025-04-01", DateTo="2025-05-31")
    refused = await caller.get(path, {"DateFrom": "2024-01-01", "DateTo": "2026-01-31"})

    assert (overall["Type"], overall["BudgetLines"], overall["Tracking"]) == ("OVERALL", [], [])
    assert found == tracked
    assert [one["Name"] for one in usual["Tracking"]] == ["Region"]
    months = [[held["Period"] for held in line["BudgetBalances"]] for line in usual["BudgetLines"]]
    assert months == [["2026-02", "2026-03"]] * 5
    months = [[held["Period"] for held in line["BudgetBalances"]] for line in asked["BudgetLines"]]
    assert months == [["2025-04", "2025-05"]] * 5
    assert refused.status_code == 400
    account = tenant.ledger.account(code="200")
    assert account is not None
    budget = budgets.find(tenant.ledger, tracked["BudgetID"])
    plan = Balance(Decimal("12.50"), Decimal("1.25"), "As agreed")
    budgets.plan(tenant.ledger, budget, account.id, "2025-05", plan)
    (asked,) = await held(caller, path, DateFrom="2025-05-01", DateTo="2025-05-31")
    line = next(one for one in asked["BudgetLines"] if one["AccountCode"] == "200")
    assert line["BudgetBalances"] == [
        {"Period": "2025-05", "Amount": 12.5, "UnitAmount": 1.25, "Notes": "As agreed"}
    ]
    (moved,) = await held(caller, "Budgets", IDs=tracked["BudgetID"])
    assert moved["UpdatedDateUTC"] > tracked["UpdatedDateUTC"]


@behaviour(BUDGETS, "need a scope of their own, and cannot be written with it")
async def test_budgets_need_their_scope(link: Link) -> None:
    """A token for settings and contacts is not enough, and there is none for writing."""
    without = await link()
    caller = await link(scope=WITH_BUDGETS)

    assert (await without.get("Budgets")).status_code == 401
    assert (await caller.get("Budgets")).status_code == 200
    assert (await caller.put("Budgets", {"Description": "Mine"})).status_code == 401


def test_months_of_a_query(tenant: Tenant) -> None:
    """Days in, months out; what is no day is refused, and so are more than 24 months."""
    today = tenant.ledger.today()

    assert budgets.asked_months({}, today.replace(month=1, day=31)) == ("2025-12", "2026-02")
    assert budgets.asked_months({"datefrom": "2024-04-01", "dateto": "2026-03-31"}, today) == (
        "2024-04",
        "2026-03",
    )
    for params in ({"datefrom": "soon"}, {"datefrom": "2024-03-31", "dateto": "2026-03-01"}):
        with pytest.raises(QueryUnreadable):
            budgets.asked_months(params, today)
    with pytest.raises(NotFound):
        budgets.find(tenant.ledger, "nothing")
