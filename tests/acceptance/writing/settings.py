"""Accounts, tax rates, currencies, tracking, items: what documents refer to."""

from tests.acceptance.writing.world import World


async def prove_accounts(world: World) -> None:
    """Made, changed, archived, made active again, deleted."""
    made = await world.do(
        "POST", "accounts", {"code": "436", "name": "Training", "type": "expense",
                             "default_tax_rate": {"code": "NONE"}, "accepts_payments": True}
    )  # fmt: skip
    await world.prove("account.create", made, name="Training", status="active")
    at = f"accounts/{made['id']}"
    changed = await world.do("PATCH", at, {"description": "Courses and books"})
    await world.prove("account.update", changed, description="Courses and books", code="436")
    gone = await world.do("POST", f"{at}/archive")
    await world.prove("account.archive", gone, status="archived")
    back = await world.do("POST", f"{at}/restore")
    await world.prove("account.restore", back, status="active")
    gone = await world.do("POST", f"{at}/delete")
    await world.prove("account.delete", gone, status="deleted", deletion_kind="deleted")


async def prove_tax_rates(world: World) -> None:
    """Made, renamed, deleted."""
    parts = [{"name": "City", "rate": "5.5"}]
    made = await world.do(
        "POST", "tax_rates", {"name": "City tax", "components": parts, "report_tax_type": "OUTPUT"}
    )
    await world.prove("tax_rate.create", made, name="City tax", effective_rate="5.5")
    at = f"tax_rates/{made['id']}"
    changed = await world.do("PATCH", at, {"name": "Levy"})
    await world.prove("tax_rate.update", changed, name="Levy")
    gone = await world.do("DELETE", at)
    await world.prove("tax_rate.delete", gone, status="deleted", is_deleted=True)


async def prove_currencies(world: World) -> None:
    """Added, for good."""
    made = await world.do("POST", "currencies", {"code": "JPY"})
    await world.prove("currency.create", made, code="JPY", minor_units=0)


async def prove_tracking(world: World) -> None:
    """Categories, of which two may be active, and their options."""
    first = next(iter(world.ledger.reference.categories))
    old = f"tracking_categories/remote:{first.id}"
    gone = await world.do("DELETE", old)
    await world.prove("tracking_category.archive", gone, status="archived")
    made = await world.do("POST", "tracking_categories", {"name": "Team"})
    await world.prove("tracking_category.create", made, name="Team", options=[])
    at = f"tracking_categories/{made['id']}"
    changed = await world.do("PATCH", at, {"name": "Crew"})
    await world.prove("tracking_category.update", changed, name="Crew")
    added = await world.do("POST", f"{at}/options", {"name": "Early"})
    await world.prove("tracking_category.add_option", added)
    [option] = added["options"]
    option_at = f"{at}/options/{option['id']}"
    renamed = await world.do("PATCH", option_at, {"name": "Late"})
    await world.prove("tracking_category.rename_option", renamed)
    assert [each["name"] for each in renamed["options"]] == ["Late"]
    archived = await world.do("POST", f"{option_at}/archive")
    await world.prove("tracking_category.archive_option", archived)
    assert [each["status"] for each in archived["options"]] == ["archived"]
    restored = await world.do("POST", f"{at}/options/remote:{option['remote_id']}/restore")
    await world.prove("tracking_category.restore_option", restored)
    assert [each["status"] for each in restored["options"]] == ["active"]
    emptied = await world.do("DELETE", option_at)
    await world.prove("tracking_category.delete_option", emptied, options=[])
    removed = await world.do("POST", f"{at}/delete")
    await world.prove("tracking_category.delete", removed, status="deleted", is_deleted=True)
    back = await world.do("POST", f"{old}/restore")
    await world.prove("tracking_category.restore", back, status="active")


async def prove_items(world: World) -> None:
    """Made, repriced, deleted."""
    made = await world.do(
        "POST", "items", {"code": "RYE", "name": "Rye bread",
                          "sales": {"unit_price": "6.5025", "account": {"code": "200"}}}
    )  # fmt: skip
    await world.prove("item.create", made, code="RYE")
    assert made["sales"]["unit_price"] == "6.5025"
    at = f"items/{made['id']}"
    changed = await world.do("PATCH", at, {"sales": {"unit_price": "7.00"}})
    await world.prove("item.update", changed, name="Rye bread")
    assert changed["sales"]["unit_price"] == "7.00"
    gone = await world.do("DELETE", at)
    await world.prove("item.delete", gone, status="deleted", is_deleted=True)
