"""Invoices, bills, credit notes, purchase orders, quotes, templates, manual journals."""

import itertools
from typing import Any

from tests.acceptance.writing.people import new_contact
from tests.acceptance.writing.world import World

_numbers = itertools.count(1)


def line(**changes: Any) -> dict[str, Any]:
    """A line of a sale."""
    whole = {"description": "Work", "quantity": "2", "unit_price": "50.00",
             "account": {"code": "200"}, "tax_rate": {"code": "NONE"}}  # fmt: skip
    return {**whole, **changes}


async def document(world: World, plural: str = "invoices", **changes: Any) -> Any:
    """A document of 100.00, made."""
    body: dict[str, Any] = {
        "contact": {"id": await new_contact(world, f"Of {plural} {next(_numbers)}")},
        "issue_date": world.today.isoformat(),
        "tax_mode": "none",
        "line_items": [line()],
    }
    if plural == "invoices":
        body |= {"type": "invoice", "due_date": world.today.isoformat()}
    if plural == "credit_notes":
        body |= {"type": "receivable"}
    return await world.do("POST", plural, {**body, **changes})


async def prove_invoices(world: World) -> None:
    """The whole life of an invoice, and both ways in which one ends."""
    made = await document(world, number="INV-W2-1")
    await world.prove("invoice.create", made, status="draft", number="INV-W2-1", total="100.00")
    at = f"invoices/{made['id']}"
    changed = await world.do("PATCH", at, {"reference": "PO 118"})
    await world.prove("invoice.update", changed, reference="PO 118", total="100.00")
    assert [each["id"] for each in changed["line_items"]] == [
        each["id"] for each in made["line_items"]
    ]
    submitted = await world.do("POST", f"{at}/submit")
    await world.prove("invoice.submit", submitted, status="submitted")
    approved = await world.do("POST", f"{at}/approve")
    await world.prove("invoice.approve", approved, status="open", payment_status="unpaid")
    sent = await world.do("POST", f"{at}/email")
    await world.prove("invoice.email", sent, is_sent=True)
    told = await world.http.get(f"/v1/accounting/{at}/online_url")
    assert told.json()["online_url"].startswith("https://in.xero.com/"), told.text
    ended = await world.do("POST", f"{at}/void")
    await world.prove("invoice.void", ended, status="void", is_deleted=False)
    draft = await document(world)
    gone = await world.do("DELETE", f"invoices/{draft['id']}")
    await world.prove("invoice.delete", gone, status="deleted", deletion_kind="deleted")


async def prove_credit_notes(world: World) -> None:
    """The same, and where their money goes."""
    made = await document(world, "credit_notes")
    await world.prove("credit_note.create", made, status="draft", total="100.00")
    at = f"credit_notes/{made['id']}"
    changed = await world.do("PATCH", at, {"reference": "Returned"})
    await world.prove("credit_note.update", changed, reference="Returned")
    submitted = await world.do("POST", f"{at}/submit")
    await world.prove("credit_note.submit", submitted, status="submitted")
    approved = await world.do("POST", f"{at}/approve")
    await world.prove("credit_note.approve", approved, status="open", remaining_credit="100.00")
    await prove_credit(world, "credit_note", approved)
    voided = await world.do("DELETE", at)
    await world.prove("credit_note.void", voided, status="void")
    draft = await document(world, "credit_notes")
    gone = await world.do("POST", f"credit_notes/{draft['id']}/delete")
    await world.prove("credit_note.delete", gone, status="deleted", is_deleted=True)
    await document(world, "credit_notes")


async def prove_credit(world: World, name: str, credit: Any) -> None:
    """A part is allocated and taken back, a part paid back and taken back: it is whole again."""
    at = f"{name}s/{credit['id']}"
    invoice = await document(world, contact=credit["contact"], status="open")
    body = {"target": {"id": invoice["id"]}, "amount": "40.00", "date": world.today.isoformat()}
    allocated = await world.do("POST", f"{at}/allocations", body)
    await world.prove(f"{name}.allocate", allocated, allocation_status="partial")
    [allocation] = [each for each in allocated["allocations"] if not each["is_deleted"]]
    owed = world.wire("Invoices", invoice["remote_id"])
    assert str(owed["AmountDue"]) == "60.00"
    taken = await world.do("DELETE", f"{at}/allocations/{allocation['id']}")
    await world.prove(f"{name}.remove_allocation", taken, allocation_status="none")
    paid = {"account": {"code": "090"}, "amount": "30.00", "date": world.today.isoformat()}
    answer = await world.ask("POST", f"{at}/refunds", paid)
    refunded = answer["result"]
    await world.prove(f"{name}.refund", refunded)
    assert len(refunded["payments"]) == 1
    payment = refunded["payments"][0]["id"]
    gone = await world.do("DELETE", f"payments/remote:{payment}")
    assert gone["status"] == "deleted"


async def prove_orders(world: World) -> None:
    """Purchase orders: ordered, approved, billed, deleted."""
    cost = line(account={"code": "429"})
    made = await document(world, "purchase_orders", line_items=[cost])
    await world.prove("purchase_order.create", made, status="draft")
    at = f"purchase_orders/{made['id']}"
    changed = await world.do("PATCH", at, {"delivery": {"address": "1 Quay St"}})
    await world.prove("purchase_order.update", changed)
    assert changed["delivery"]["address"] == "1 Quay St"
    for command, status in (("submit", "submitted"), ("approve", "open"), ("bill", "billed")):
        moved = await world.do("POST", f"{at}/{command}")
        await world.prove(f"purchase_order.{command}", moved, status=status)
    gone = await world.do("DELETE", at)
    await world.prove("purchase_order.delete", gone, status="deleted", is_deleted=True)
    await document(world, "purchase_orders", line_items=[cost])


async def prove_quotes(world: World) -> None:
    """Quotes: sent, declined; sent, accepted, invoiced, deleted."""
    made = await document(world, "quotes", title="A shop")
    await world.prove("quote.create", made, status="draft", title="A shop")
    at = f"quotes/{made['id']}"
    changed = await world.do("PATCH", at, {"title": "A larger shop"})
    await world.prove("quote.update", changed, title="A larger shop")
    for command, status in (("send", "sent"), ("accept", "accepted"), ("invoice", "invoiced")):
        moved = await world.do("POST", f"{at}/{command}")
        await world.prove(f"quote.{command}", moved, status=status)
    gone = await world.do("DELETE", at)
    await world.prove("quote.delete", gone, status="deleted", is_deleted=True)
    other = await document(world, "quotes")
    await world.do("POST", f"quotes/{other['id']}/send")
    declined = await world.do("POST", f"quotes/{other['id']}/decline")
    await world.prove("quote.decline", declined, status="declined")


async def prove_templates(world: World) -> None:
    """Templates of repeating invoices: made and deleted, never changed."""
    body = {
        "target_type": "invoice",
        "contact": {"id": await new_contact(world, "Of a template")},
        "line_items": [line()],
        "generates_status": "draft",
        "schedule": {"interval": 1, "unit": "month", "start_date": world.next_year.isoformat(),
                     "due_rule": {"day": 20, "basis": "of_following_month"}},
    }  # fmt: skip
    made = await world.do("POST", "repeating_transactions", body)
    await world.prove("repeating_transaction.create", made, status="scheduled")
    gone = await world.do("DELETE", f"repeating_transactions/{made['id']}")
    await world.prove("repeating_transaction.delete", gone, status="deleted", is_deleted=True)
    await world.do("POST", "repeating_transactions", body)


async def prove_journals(world: World) -> None:
    """Manual journals: drafted, changed, posted, voided; drafted, deleted."""
    body = {
        "memo": "Rent accrued",
        "date": world.today.isoformat(),
        "tax_mode": "none",
        "status": "draft",
        "lines": [{"account": {"code": "469"}, "net_amount": "500.00"},
                  {"account": {"code": "900"}, "net_amount": "-500.00"}],
    }  # fmt: skip
    made = await world.do("POST", "journal_entries", body)
    await world.prove("journal_entry.create", made, status="draft", memo="Rent accrued")
    at = f"journal_entries/{made['id']}"
    changed = await world.do("PATCH", at, {"memo": "Rent of November"})
    await world.prove("journal_entry.update", changed, memo="Rent of November")
    posted = await world.do("POST", f"{at}/post")
    await world.prove("journal_entry.post", posted, status="posted")
    voided = await world.do("DELETE", at)
    await world.prove("journal_entry.void", voided, status="void")
    draft = await world.do("POST", "journal_entries", body)
    gone = await world.do("DELETE", f"journal_entries/{draft['id']}")
    await world.prove("journal_entry.delete", gone, status="deleted", is_deleted=True)
    await world.do("POST", "journal_entries", body)
