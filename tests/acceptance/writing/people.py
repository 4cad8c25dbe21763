"""Contacts and their groups."""

from tests.acceptance.writing.world import World


async def new_contact(world: World, name: str) -> str:
    """A contact with an e-mail address; its id."""
    made = await world.do("POST", "contacts", {"name": name, "email": "them@example.com"})
    return str(made["id"])


async def prove_contacts(world: World) -> None:
    """Made, changed, archived, made active again."""
    made = await world.do(
        "POST", "contacts", {"name": "Harbour Bakery", "email": "ana@example.com",
                             "phones": [{"type": "default", "number": "5550118"}]}
    )  # fmt: skip
    await world.prove("contact.create", made, name="Harbour Bakery", status="active")
    at = f"contacts/{made['id']}"
    changed = await world.do("PATCH", at, {"email": "hello@example.com", "number": "C-118"})
    await world.prove("contact.update", changed, email="hello@example.com", number="C-118")
    gone = await world.do("DELETE", at)
    await world.prove("contact.archive", gone, status="archived")
    back = await world.do("POST", f"{at}/restore")
    await world.prove("contact.restore", back, status="active")


async def prove_groups(world: World) -> None:
    """Made, renamed, filled, thinned out, cleared, deleted."""
    members = [await new_contact(world, f"Member {number}") for number in (1, 2)]
    made = await world.do("POST", "contact_groups", {"name": "Bakeries"})
    await world.prove("contact_group.create", made, name="Bakeries")
    at = f"contact_groups/{made['id']}"
    changed = await world.do("PATCH", at, {"name": "Bakers"})
    await world.prove("contact_group.update", changed, name="Bakers")
    filled = await world.do("POST", f"{at}/members", {"members": [{"id": m} for m in members]})
    await world.prove("contact_group.add_members", filled, member_count=2)
    thinned = await world.do("DELETE", f"{at}/members/{members[0]}")
    await world.prove("contact_group.remove_member", thinned, member_count=1)
    cleared = await world.do("DELETE", f"{at}/members")
    await world.prove("contact_group.clear_members", cleared, member_count=0)
    gone = await world.do("DELETE", at)
    await world.prove("contact_group.delete", gone, status="deleted", is_deleted=True)
