"""Changing and removing things: only what is to be other is sent, lines keep their ids, and nobody
overwrites what they have not seen."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator.model import Invoice
from storage.database import Database
from tests.api.writing.rig import SOME, Writing, writing

TWO_LINES: list[dict[str, Any]] = [
    {"description": "Design", "quantity": "2", "unit_price": "150.00", "account": {"code": "200"}},
    {"description": "Travel", "quantity": "1", "unit_price": "40.00", "account": {"code": "260"}},
]


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database) as made:
        yield made


async def made(it: Writing, **changes: Any) -> tuple[dict[str, Any], str, Invoice]:
    """A new invoice of two lines: its record, its tag, and it in the books."""
    before = it.invoice_ids
    answer = await it.send("POST", "invoices", it.invoice(line_items=TWO_LINES, **changes))
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json()["result"]
    return record, answer.headers["etag"], await it.only_invoice(before)


async def test_only_what_is_sent_changes(it: Writing) -> None:
    """A merge patch: the rest stays, in the books and in the mirror; one event says what moved."""
    record, _, invoice = await made(it, reference="first")
    line_ids = [line.id for line in invoice.lines]
    events = len(await it.events())

    answer = await it.send("PATCH", f"invoices/{record['id']}", {"reference": "second"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["reference"] == "second"
    assert (invoice.reference, [line.id for line in invoice.lines]) == ("second", line_ids)
    [event] = (await it.events())[events:]
    assert (event["op"], event["changed_fields"]) == ("u", ["/reference"])
    assert (event["cause"]["kind"], event["after"]["version"]) == ("api_write", 2)
    await it.rig.announce(invoice)
    await it.rig.work()
    assert len(await it.events()) == events + 1


async def test_lines_keep_their_ids(it: Writing) -> None:
    """A line with an id is laid over the one that has it, one without is new, one not sent goes."""
    record, _, invoice = await made(it)
    design = record["line_items"][0]
    sent = [
        {"id": design["id"], "quantity": "3"},
        {"description": "Print", "quantity": 1, "unit_price": 9.9, "account": {"code": "200"}},
    ]

    answer = await it.done("PATCH", f"invoices/{record['id']}", {"line_items": sent})

    kept, new = answer["result"]["line_items"]
    assert (kept["id"], kept["quantity"], kept["description"]) == (design["id"], "3", "Design")
    assert (kept["account"]["code"], kept["unit_price"]) == ("200", "150.00")
    assert new["id"] not in {line["id"] for line in record["line_items"]}
    assert [line.id for line in invoice.lines] == [kept["id"], new["id"]]
    assert str(kept["tax_amount"]) == "67.50"  # Xero computes it anew


async def test_whole_lines_may_come_back_as_they_were_read(it: Writing) -> None:
    """Who reads, edits one word and sends all lines back changes that word alone."""
    record, _, _ = await made(it)
    lines = [dict(line) for line in record["line_items"]]
    lines[1]["description"] = "Flight"
    events = len(await it.events())

    await it.done("PATCH", f"invoices/{record['id']}", {"line_items": lines})

    [event] = (await it.events())[events:]
    assert event["changed_fields"] == [f"/line_items/{lines[1]['id']}/description"]


async def test_tax_that_is_chosen_is_sent(it: Writing) -> None:
    """Xero computes it unless the caller chose another one."""
    record, _, _ = await made(it)
    line = record["line_items"][0]
    sent = [{"id": line["id"], "tax_amount": "44.00"}, {"id": record["line_items"][1]["id"]}]

    answer = await it.done("PATCH", f"invoices/{record['id']}", {"line_items": sent})

    assert answer["result"]["line_items"][0]["tax_amount"] == "44.00"


async def test_null_empties_a_text_and_is_refused_where_xero_keeps_it(it: Writing) -> None:
    """What Xero does not let anybody take away is said, with its pointer."""
    record, _, invoice = await made(it, reference="gone soon")
    path = f"invoices/{record['id']}"

    emptied = await it.done("PATCH", path, {"reference": None})
    refused = await it.problem("PATCH", path, {"due_date": None})

    assert emptied["result"]["reference"] is None
    assert invoice.reference in {"", None}
    assert refused[1] == "body_refused"
    assert [path for path, _ in refused[2]] == ["/due_date"]


async def test_null_inside_an_object_empties_a_text_of_it(database: Database) -> None:
    """What stands beside it stays; in the books, in the mirror and in the event."""
    async with writing(database, (*SOME, "PurchaseOrders")) as it:
        order = {
            "contact": {"id": it.id_of("contact", it.contact.id)},
            "line_items": TWO_LINES,
            "delivery": {"address": "1 Dock Road", "instructions": "Gate 4"},
        }
        record = (await it.done("POST", "purchase_orders", order))["result"]
        events = len(await it.events())

        changed = await it.done(
            "PATCH", f"purchase_orders/{record['id']}", {"delivery": {"instructions": None}}
        )

        delivery = {**dict.fromkeys(record["delivery"]), "address": "1 Dock Road"}
        assert changed["result"]["delivery"] == delivery
        held = it.ledger.promises.orders.get(record["remote_id"])
        assert held is not None
        assert (held.address, held.instructions) == ("1 Dock Road", "")
        [event] = (await it.events())[events:]
        assert event["changed_fields"] == ["/delivery/instructions"]


async def test_null_inside_an_object_is_refused_where_xero_keeps_it(it: Writing) -> None:
    """With its pointer, and without a call: nothing that was sent is passed by."""
    contact = f"contacts/{it.id_of('contact', it.contact.id)}"
    begins = {"sales_defaults": {"account": {"code": "200"}}}
    item = await it.done("POST", "items", {"code": "X1", "purchase": {"account": {"code": "429"}}})
    bank = next(each for each in it.ledger.reference.accounts if each.type == "BANK")
    await it.done("PATCH", contact, begins)
    calls = it.rig.calls

    refused = [
        await it.problem("PATCH", contact, {"sales_defaults": {"account": None}}),
        await it.problem("PATCH", f"accounts/{it.id_of('account', bank.id)}",
                         {"bank_account": {"number": None}}),
        await it.problem("PATCH", f"items/{item['result']['id']}", {"purchase": {"account": None}}),
    ]  # fmt: skip

    told = "Xero does not let it be taken away"
    pointers = ("/sales_defaults/account", "/bank_account/number", "/purchase/account")
    assert refused == [(422, "body_refused", [(each, told)]) for each in pointers]
    assert it.rig.calls == calls


async def test_change_of_what_somebody_else_changed_is_refused(it: Writing) -> None:
    """If-Match: who has seen an older state gets the record as it is, and nothing is sent."""
    record, tag, invoice = await made(it)
    path = f"invoices/{record['id']}"
    await it.done("PATCH", path, {"reference": "theirs"}, if_match=tag)
    calls = it.rig.calls

    answer = await it.send("PATCH", path, {"reference": "mine"}, if_match=tag)

    assert (answer.status_code, answer.json()["code"]) == (412, "version_conflict")
    assert answer.json()["current"]["reference"] == "theirs"
    assert it.rig.calls == calls
    await it.done("PATCH", path, {"reference": "mine"}, if_match=answer.headers["etag"])
    assert invoice.reference == "mine"


async def test_hinted_record_is_read_before_it_is_changed(it: Writing) -> None:
    """Something said that it changed: what Xero has now decides about If-Match."""
    record, tag, invoice = await made(it)
    it.rig.pass_time(seconds=5)
    invoice.reference = "in the app"
    invoice.revision += 1
    it.ledger.stamp(it.ledger.invoices, invoice, "INVOICE", "UPDATE")
    await it.rig.announce(invoice)

    answer = await it.send(
        "PATCH", f"invoices/{record['id']}", {"due_date": "2026-12-24"}, if_match=tag
    )

    assert answer.json()["code"] == "version_conflict"
    assert answer.json()["current"]["reference"] == "in the app"


async def test_line_of_another_document_is_refused(it: Writing) -> None:
    """An id that none of its lines has is no line of it."""
    record, _, _ = await made(it)
    stranger = {"id": "0c5d6aa2-6d15-4d4c-9f1c-3b1f6cd6a4f1", "quantity": "1"}

    refused = await it.problem("PATCH", f"invoices/{record['id']}", {"line_items": [stranger]})

    assert refused[1:] == ("body_refused", [("/line_items/0/id", "there is no such element")])


async def test_removal_is_the_one_that_is_legal(it: Writing) -> None:
    """A draft is deleted, an open invoice voided, a contact archived; then nothing more is."""
    draft, _, first = await made(it)
    open_one, _, second = await made(it, status="open")
    contact = it.contact

    deleted = await it.done("DELETE", f"invoices/{draft['id']}")
    voided = await it.done("DELETE", f"invoices/remote:{second.id}")
    archived = await it.done("DELETE", f"contacts/{it.id_of('contact', contact.id)}")
    again = await it.problem("DELETE", f"invoices/{open_one['id']}")

    assert (deleted["deletion_kind"], deleted["result"]["is_deleted"]) == ("deleted", True)
    assert (voided["deletion_kind"], voided["result"]["status"]) == ("void", "void")
    assert (archived["deletion_kind"], archived["result"]["status"]) == ("archived", "archived")
    assert (first.status, second.status) == ("DELETED", "VOIDED")
    assert again[:2] == (409, "state_forbids")


async def test_thing_that_xero_forgets_is_gone_at_once(it: Writing) -> None:
    """An item leaves without a trace at Xero; its record says so, and so does one event."""
    item = next(each for each in it.ledger.reference.items if each.inventory_code is None)
    entity = it.id_of("item", item.id)
    events = len(await it.events())

    gone = await it.done("DELETE", f"items/{entity}")

    assert gone["deletion_kind"] == "deleted"
    assert (gone["result"]["is_deleted"], gone["result"]["status"]) == (True, "deleted")
    [event] = (await it.events())[events:]
    assert (event["op"], event["cause"]["kind"]) == ("d", "api_write")
    assert item.id not in {each.id for each in it.ledger.reference.items}


async def test_commands_move_a_document(it: Writing) -> None:
    """Approving makes it open; what is not legal in its state is refused without a call."""
    record, _, invoice = await made(it)
    path = f"invoices/{record['id']}"

    approved = await it.done("POST", f"{path}/approve")
    calls = it.rig.calls
    again = await it.problem("POST", f"{path}/approve")

    assert (approved["result"]["status"], invoice.status) == ("open", "AUTHORISED")
    assert again[:2] == (409, "state_forbids")
    assert it.rig.calls == calls


async def test_thing_nobody_knows_is_not_found(it: Writing) -> None:
    """By our id without a call, by Xero's with one; an id of another kind is none."""
    contact = it.id_of("contact", it.contact.id)
    for given in ("0c5d6aa2-6d15-4d4c-9f1c-3b1f6cd6a4f1", "no id", contact,
                  "remote:0c5d6aa2-6d15-4d4c-9f1c-3b1f6cd6a4f1"):  # fmt: skip
        answer = await it.problem("PATCH", f"invoices/{given}", {"reference": "x"})

        assert answer[:2] == (404, "not_found")
