"""The other ways of doing the same: several things made at once, and removals by their own names
where `DELETE` was used elsewhere, or by `DELETE` where their names were."""

from typing import Any

from tests.acceptance.writing.documents import document, line
from tests.acceptance.writing.people import new_contact
from tests.acceptance.writing.world import World


async def prove_several_at_once(world: World) -> None:
    """Two of each kind in one call, and what is refused of three stands aside."""
    today, contact = world.today.isoformat(), {"id": await new_contact(world, "Of many")}
    cost = line(account={"code": "429"})
    drafted = {"contact": contact, "issue_date": today, "tax_mode": "none", "line_items": [line()]}
    invoices = [await document(world, status="open") for _ in range(4)]
    paid = [{"resource": "invoice", "ref": {"id": each["id"]}} for each in invoices]
    from_bank = {"account": {"code": "090"}, "date": today}
    bodies: dict[str, dict[str, Any]] = {
        "contacts": {"name": "Many {n}"},
        "credit_notes": {**drafted, "type": "receivable"},
        "invoices": {**drafted, "type": "invoice", "due_date": today},
        "items": {"code": "MANY{n}", "name": "Many"},
        "journal_entries": {
            "memo": "Many", "date": today, "tax_mode": "none",
            "lines": [{"account": {"code": "469"}, "net_amount": "5.00"},
                      {"account": {"code": "900"}, "net_amount": "-5.00"}],
        },
        "purchase_orders": {**drafted, "line_items": [cost]},
        "quotes": drafted,
        "repeating_transactions": {
            "target_type": "invoice", "contact": contact, "line_items": [line()],
            "generates_status": "draft",
            "schedule": {"interval": 1, "unit": "month", "start_date": world.next_year.isoformat(),
                         "due_rule": {"day": 20, "basis": "of_following_month"}},
        },
        "transactions": {**from_bank, "type": "spend", "contact": contact, "tax_mode": "none",
                         "line_items": [cost]},
    }  # fmt: skip
    for plural, body in bodies.items():
        await _make_two(world, plural, [_numbered(body, number) for number in (1, 2)])
    payments = [{**from_bank, "amount": "100.00", "applied_to": [each]} for each in paid[:2]]
    await _make_two(world, "payments", payments)
    batches = [
        {**from_bank, "payments": [{"applied_to": [each], "amount": "100.00"}]} for each in paid[2:]
    ]
    await _make_two(world, "batch_payments", batches)
    doubled = [{"name": "Many 3"}, {"name": "Many 3"}, {"name": "Many 4"}]
    told = await world.ask("POST", "contacts/batch", {"items": doubled})
    assert [each["status"] for each in told["results"]] == [201, 422, 201]
    assert told["results"][1]["problem"]["provider_errors"][0]["path"] == "/name"


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(each, number) for key, each in value.items()}
    return value.format(n=number) if isinstance(value, str) else value


async def _make_two(world: World, plural: str, items: list[Any]) -> None:
    told = await world.ask("POST", f"{plural}/batch", {"items": items})
    assert (told["created"], told["refused"]) == (2, 0), told
    for each in told["results"]:
        await world.prove(f"{each['result']['resource']}.create", each["result"])


async def prove_other_removals(world: World) -> None:
    """By name where `DELETE` was used elsewhere, and the other way round."""
    today = world.today.isoformat()
    account = await world.do("POST", "accounts", {"code": "437", "name": "Odd", "type": "expense"})
    await _end(world, "account.archive", "DELETE", f"accounts/{account['id']}", "archived")
    rate = await world.do(
        "POST", "tax_rates", {"name": "Odd", "components": [{"name": "Odd", "rate": "1"}]}
    )
    await _end(world, "tax_rate.delete", "POST", f"tax_rates/{rate['id']}/delete", "deleted")
    contact = await new_contact(world, "Odd")
    await _end(world, "contact.archive", "POST", f"contacts/{contact}/archive", "archived")
    group = await world.do("POST", "contact_groups", {"name": "Odd"})
    at = f"contact_groups/{group['id']}/delete"
    await _end(world, "contact_group.delete", "POST", at, "deleted")
    item = await world.do("POST", "items", {"code": "ODD", "name": "Odd"})
    await _end(world, "item.delete", "POST", f"items/{item['id']}/delete", "deleted")
    for plural, name in (("invoices", "invoice"), ("credit_notes", "credit_note")):
        draft = await document(world, plural)
        await _end(world, f"{name}.delete", "POST", f"{plural}/{draft['id']}/delete", "deleted")
        open_one = await document(world, plural, status="open")
        way = ("DELETE", "") if plural == "invoices" else ("POST", "/void")
        await _end(world, f"{name}.void", way[0], f"{plural}/{open_one['id']}{way[1]}", "void")
    for plural, name in (("purchase_orders", "purchase_order"), ("quotes", "quote")):
        made = await document(world, plural)
        await _end(world, f"{name}.delete", "POST", f"{plural}/{made['id']}/delete", "deleted")
    lines = [{"account": {"code": "469"}, "net_amount": "5.00"},
             {"account": {"code": "900"}, "net_amount": "-5.00"}]  # fmt: skip
    for status, command, left in (("posted", "void", "void"), ("draft", "delete", "deleted")):
        body = {"memo": "Odd", "date": today, "tax_mode": "none", "lines": lines, "status": status}
        made = await world.do("POST", "journal_entries", body)
        at = f"journal_entries/{made['id']}/{command}"
        await _end(world, f"journal_entry.{command}", "POST", at, left)
    await _end_last(world, "repeating_transaction", "repeating_transactions")
    await _end_last(world, "payment", "payments")
    await _end_last(world, "batch_payment", "batch_payments")
    await _end_last(world, "transaction", "transactions")
    category = next(each for each in world.ledger.reference.categories if each.status == "ACTIVE")
    at = f"tracking_categories/remote:{category.id}"
    await _end(world, "tracking_category.archive", "POST", f"{at}/archive", "archived")


async def _end(world: World, name: str, method: str, at: str, status: str) -> None:
    gone = await world.do(method, at)
    await world.prove(name, gone, status=status)


async def _end_last(world: World, name: str, plural: str) -> None:
    """Of those made at once, one."""
    listed = await world.http.get(
        f"/v1/accounting/{plural}", params={"sort": "-changed_at", "limit": "100"}
    )
    found = next(
        each
        for each in listed.json()["result"]
        if not each["is_deleted"] and not each.get("batch") and not each.get("is_leg")
    )
    await _end(world, f"{name}.delete", "POST", f"{plural}/{found['id']}/delete", "deleted")
