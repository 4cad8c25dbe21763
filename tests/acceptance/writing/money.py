"""Payments, batches, bank transactions, transfers, and the credits that these make."""

from tests.acceptance.writing.documents import document, line, prove_credit
from tests.acceptance.writing.people import new_contact
from tests.acceptance.writing.world import World


async def prove_payments(world: World) -> None:
    """Paid, and taken back."""
    invoice = await document(world, status="open")
    made = await world.do(
        "POST",
        "payments",
        {
            "applied_to": [{"resource": "invoice", "ref": {"id": invoice["id"]}}],
            "account": {"code": "090"},
            "date": world.today.isoformat(),
            "amount": "100.00",
            "reference": "Thanks",
        },
    )
    await world.prove("payment.create", made, status="completed", amount="100.00")
    assert world.wire("Invoices", invoice["remote_id"])["Status"] == "PAID"
    gone = await world.do("DELETE", f"payments/{made['id']}")
    await world.prove("payment.delete", gone, status="deleted", deletion_kind="deleted")
    assert world.wire("Invoices", invoice["remote_id"])["Status"] == "AUTHORISED"


async def prove_batches(world: World) -> None:
    """Several bills paid at once, and all of it taken back."""
    bills = [
        await document(world, type="bill", status="open", number=f"B-{number}",
                       line_items=[line(account={"code": "429"})])
        for number in (1, 2)
    ]  # fmt: skip
    body = {
        "account": {"code": "090"},
        "date": world.today.isoformat(),
        "payments": [
            {"applied_to": [{"resource": "invoice", "ref": {"id": bill["id"]}}], "amount": "100.00"}
            for bill in bills
        ],
    }
    made = await world.do("POST", "batch_payments", body)
    await world.prove("batch_payment.create", made, status="completed", amount="200.00")
    gone = await world.do("DELETE", f"batch_payments/{made['id']}")
    await world.prove("batch_payment.delete", gone, status="deleted", is_deleted=True)
    await world.do("POST", "batch_payments", body)


async def prove_bank(world: World) -> None:
    """Money spent: booked, changed, deleted; and moved between accounts."""
    spent = {
        "type": "spend",
        "contact": {"id": await new_contact(world, "A shop")},
        "account": {"code": "090"},
        "date": world.today.isoformat(),
        "tax_mode": "none",
        "line_items": [line(account={"code": "429"})],
    }
    made = await world.do("POST", "transactions", spent)
    await world.prove("transaction.create", made, status="posted", direction="outbound")
    at = f"transactions/{made['id']}"
    changed = await world.do("PATCH", at, {"reference": "Card 118"})
    await world.prove("transaction.update", changed, reference="Card 118")
    gone = await world.do("DELETE", at)
    await world.prove("transaction.delete", gone, status="deleted", is_deleted=True)
    await world.do("POST", "transactions", spent)


async def prove_transfers(world: World) -> None:
    """Transfers are a kind of transaction: made and deleted alike."""
    body = {
        "type": "transfer",
        "account": {"code": "090"},
        "counter_account": {"code": "091"},
        "date": world.today.isoformat(),
        "total": "250.00",
    }
    made = await world.do("POST", "transactions", body)
    await world.prove("transfer.create", made, type="transfer", total="250.00")
    gone = await world.do("DELETE", f"transactions/{made['id']}")
    await world.prove("transfer.delete", gone, status="deleted", is_deleted=True)
    await world.do("POST", "transactions", body)


async def prove_prepayments(world: World) -> None:
    """Money received before there is a document for it."""
    await _prove_advance(world, "prepayment", "620")


async def prove_overpayments(world: World) -> None:
    """Money received beyond what was owed."""
    await _prove_advance(world, "overpayment", "610")


async def _prove_advance(world: World, name: str, account: str) -> None:
    made = await world.do(
        "POST",
        "transactions",
        {
            "type": f"receive_{name}",
            "contact": {"id": await new_contact(world, f"Of a {name}")},
            "account": {"code": "090"},
            "date": world.today.isoformat(),
            "tax_mode": "none",
            "line_items": [line(account={"code": account}, quantity="1", unit_price="100.00")],
        },
    )
    remote_id = made["linked"]["ref"]["remote_id"]
    # Xero made it beside what was written: it is met when somebody asks for it.
    await world.do("POST", f"{name}s/remote:{remote_id}/history", {"details": "Met"})
    await prove_credit(world, name, await world.read(f"{name}s", made["linked"]["ref"]["id"]))
