"""Several things at once: one call, a result for each, in their order."""

from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from tests.api.writing.rig import Writing, writing


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database) as made:
        yield made


async def test_each_thing_has_a_result_of_its_own(it: Writing) -> None:
    """What can't be sent, what Xero refuses and what is made stand side by side, in order."""
    before, calls, events = len(it.invoice_ids), it.rig.calls, len(await it.events())
    nowhere = [{"description": "x", "unit_price": 1, "account": {"code": "NOPE"}}]
    items = [
        it.invoice(reference="one"),
        it.invoice(total="1.00"),
        it.invoice(line_items=nowhere),
        it.invoice(reference="two"),
    ]

    answer = await it.done("POST", "invoices/batch", {"items": items})

    results = answer["results"]
    assert (answer["created"], answer["refused"]) == (2, 2)
    assert [each["index"] for each in results] == [0, 1, 2, 3]
    assert [each["status"] for each in results] == [201, 422, 422, 201]
    assert [results[place]["result"]["reference"] for place in (0, 3)] == ["one", "two"]
    assert results[1]["problem"]["code"] == "body_refused"
    assert results[1]["problem"]["errors"][0]["path"] == "/total"
    [said] = results[2]["problem"]["provider_errors"]
    assert said["path"] == "/line_items/0/account"
    assert len(it.invoice_ids) - before == 2
    assert it.rig.calls - calls == 1
    made = (await it.events())[events:]
    assert [(each["op"], each["cause"]["kind"]) for each in made] == [("c", "api_write")] * 2


async def test_batch_is_repeated_as_a_whole(it: Writing) -> None:
    """One key names all of it."""
    items = [it.invoice(reference=str(number)) for number in range(3)]
    first = await it.send("POST", "invoices/batch", {"items": items}, idempotency_key="k")
    known = it.invoice_ids

    again = await it.send("POST", "invoices/batch", {"items": items}, idempotency_key="k")

    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert it.invoice_ids == known


async def test_batch_has_1_to_50_things(it: Writing) -> None:
    """Nothing is sent of more, of none, or where all are wrong."""
    calls = it.rig.calls
    for items in ([], [it.invoice()] * 51, "x"):
        refused = await it.problem("POST", "invoices/batch", {"items": items})

        assert refused[1:] == ("body_refused", [("/items", "holds 1 to 50 things in a list")])
    wrong = await it.problem("POST", "invoices/batch", {"items": [it.invoice(total="1")]})
    assert wrong[2][0][0] == "/items/0/total"
    assert it.rig.calls == calls
