"""Users, contact groups and budgets through the SDK."""

from typing import Any

from xero_python.accounting import Contact, ContactGroup, ContactGroups, Contacts

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import World


def group(world: World) -> Any:
    """A new contact group."""
    sent = ContactGroups(contact_groups=[ContactGroup(name=world.name("Group"))])
    return world.api.create_contact_group(world.tenant, sent).contact_groups[0]


def members(world: World, known: Any) -> list[str]:
    """The ids of a group's contacts."""
    shown = world.api.get_contact_group(world.tenant, known.contact_group_id).contact_groups[0]
    return [one.contact_id for one in shown.contacts]


def grouped(world: World) -> tuple[Any, list[str]]:
    """A group, and the ids of the two contacts in it."""
    known, ids = group(world), [world.contact().contact_id for _ in range(2)]
    sent = Contacts(contacts=[Contact(contact_id=one) for one in ids])
    world.api.create_contact_group_contacts(world.tenant, known.contact_group_id, sent)
    return known, ids


@tries
def get_users(world: World) -> None:
    """By where."""
    (owner,) = world.api.get_users(world.tenant, where="IsSubscriber==true").users
    assert owner.organisation_role == "FINANCIALADVISER"


@tries
def get_user(world: World) -> None:
    """Singly."""
    known = world.api.get_users(world.tenant).users[0]
    (shown,) = world.api.get_user(world.tenant, known.user_id).users
    assert shown.email_address == known.email_address


@tries
def create_contact_group(world: World) -> None:
    """New and empty."""
    assert (group(world).status, group(world).contacts) == ("ACTIVE", [])


@tries
def get_contact_groups(world: World) -> None:
    """Without their members."""
    known, _ = grouped(world)
    shown = world.api.get_contact_groups(world.tenant, where=f'Name=="{known.name}"')
    assert [one.contacts for one in shown.contact_groups] == [[]]


@tries
def get_contact_group(world: World) -> None:
    """With its members."""
    known, ids = grouped(world)
    assert members(world, known) == ids


@tries
def update_contact_group(world: World) -> None:
    """Renamed."""
    known, name = group(world), world.name("Renamed")
    sent = ContactGroups(contact_groups=[ContactGroup(name=name)])
    (made,) = world.api.update_contact_group(
        world.tenant, known.contact_group_id, sent
    ).contact_groups
    assert made.name == name


@tries
def create_contact_group_contacts(world: World) -> None:
    """Two at once."""
    known, ids = grouped(world)
    assert members(world, known) == ids


@tries
def delete_contact_group_contact(world: World) -> None:
    """One of two."""
    known, ids = grouped(world)
    world.api.delete_contact_group_contact(world.tenant, known.contact_group_id, ids[0])
    assert members(world, known) == ids[1:]


@tries
def delete_contact_group_contacts(world: World) -> None:
    """All of them."""
    known, _ = grouped(world)
    world.api.delete_contact_group_contacts(world.tenant, known.contact_group_id)
    assert members(world, known) == []


@tries
def get_budgets(world: World) -> None:
    """Without their lines."""
    shown = world.api.get_budgets(world.tenant).budgets
    assert [(one.budget_lines, one.type) for one in shown] == [([], "OVERALL"), ([], "TRACKING")]


@tries
def get_budget(world: World) -> None:
    """With the lines of last month, this one and the next."""
    known = world.api.get_budgets(world.tenant).budgets[0]
    (shown,) = world.api.get_budget(world.tenant, known.budget_id).budgets
    assert len(shown.budget_lines) == 5
    assert all(2 <= len(one.budget_balances) <= 3 for one in shown.budget_lines)
