"""Writes of which an earlier sending may have arrived: whatever goes wrong with asking again proves
nothing about that one, so nothing is taken for undone."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.writing.unanswered import RESOLVABLE
from storage.database import Database
from tests.api.writing.rig import Writing, beside, writing
from xero.writes import KEY_LIFE

#: What a second sending may meet, with the seconds after which the caller is to ask again.
TROUBLE: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "spent_minute": ({"kind": "limit", "problem": "minute", "retry_after_s": 30}, "30"),
    "refused_token": ({"kind": "status", "status": 401, "times": 2}, "2"),
    "refused_organisation": ({"kind": "status", "status": 403}, "2"),
    "outage": ({"kind": "status", "status": 503, "retry_after_s": 60}, "60"),
}
_EACH = pytest.mark.parametrize(("fault", "after_s"), TROUBLE.values(), ids=TROUBLE)


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database) as made:
        yield made


async def send(it: Writing) -> httpx.Response:
    """Create the invoice, under its key."""
    return await it.send("POST", "invoices", it.invoice(), idempotency_key="order-17")


async def assert_told_and_made_once(it: Writing, before: set[str], after_s: str) -> None:
    """The write meets the trouble and says when to ask again; asked then, it is there, once."""
    troubled = await send(it)
    it.rig.pass_time(seconds=62)
    found = await send(it)

    assert (troubled.status_code, troubled.json()["code"]) == (503, "write_unresolved")
    assert troubled.headers["retry-after"] == after_s
    assert found.status_code == 201, found.text
    assert found.json()["result"]["remote_id"] == (await it.only_invoice(before)).id


@asynccontextmanager
async def cut_off(it: Writing) -> AsyncIterator[Writing]:
    """The same caller at an api to which Xero refuses connections."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with beside(it.rig, api_url=nowhere) as other:
            other.client.headers["Authorization"] = it.client.headers["Authorization"]
            yield other


async def test_refused_connection_does_not_free_the_key_of_a_lost_write(it: Writing) -> None:
    """The write that nobody answered may have been done: asking again finds it, and makes none."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT", times=2)
    await send(it)

    async with cut_off(it) as other:
        refused = await send(other)
    it.rig.pass_time(minutes=4)
    found = await send(it)

    assert (refused.status_code, refused.json()["code"]) == (503, "write_unresolved")
    assert found.status_code == 201, found.text
    assert found.json()["result"]["remote_id"] == (await it.only_invoice(before)).id


async def test_lost_write_is_not_done_again_after_a_refused_connection(it: Writing) -> None:
    """Once Xero has forgotten the key, a second sending would be a second invoice."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT", times=2)
    await send(it)
    async with cut_off(it) as other:
        await send(other)
    it.rig.pass_time(seconds=KEY_LIFE.total_seconds())

    answer = await send(it)

    assert (answer.status_code, answer.json()["code"]) == (409, "write_outcome_unknown")
    assert await it.only_invoice(before)


@_EACH
async def test_trouble_of_a_repetition_leaves_the_key_to_be_asked_for(
    it: Writing, fault: Mapping[str, Any], after_s: str
) -> None:
    """Both answers were lost, then this: it says nothing of what was sent before."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT", times=2)
    await send(it)
    it.rig.fault(**fault, method="PUT")

    await assert_told_and_made_once(it, before, after_s)


@_EACH
async def test_trouble_of_the_second_sending_leaves_the_first_unknown(
    it: Writing, fault: Mapping[str, Any], after_s: str
) -> None:
    """One request whose first answer was lost: the caller asks again, and learns how soon."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT")
    it.rig.fault(**fault, method="PUT")

    await assert_told_and_made_once(it, before, after_s)


async def test_spent_day_after_a_lost_answer_says_so_and_frees_nothing(it: Writing) -> None:
    """A wait that would outlast Xero's memory is cut to it; then the caller is told to look."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT")
    it.rig.fault("limit", problem="day", retry_after_s=40_000, method="PUT")

    told = (await send(it)).json()
    it.rig.pass_time(seconds=told["retry_after_s"])
    still = await send(it)
    it.rig.pass_time(seconds=int(still.headers["retry-after"]))
    late = await send(it)
    it.rig.pass_time(seconds=40_000)
    tomorrow = await send(it)

    assert told["code"] == still.json()["code"] == "write_unresolved"
    assert "day limit" in told["detail"]
    assert told["retry_after_s"] == RESOLVABLE.total_seconds()
    assert told["resolvable_until"] == still.json()["resolvable_until"]
    assert late.json()["code"] == tomorrow.json()["code"] == "write_outcome_unknown"
    assert await it.only_invoice(before)


async def test_change_without_a_key_is_not_called_undone_after_a_lost_answer(it: Writing) -> None:
    """A 429 would say that nothing was done."""
    record = (await send(it)).json()["result"]
    it.rig.fault("drop", method="POST")
    it.rig.fault("limit", problem="day", retry_after_s=40_000, method="POST")

    answer = await it.problem("PATCH", f"invoices/{record['id']}", {"reference": "x"})

    assert answer[:2] == (409, "write_outcome_unknown")


async def test_refusal_is_an_answer_after_a_lost_one_too(it: Writing) -> None:
    """Xero keeps it for its key: it says what came of the first sending."""
    lines = [{"description": "x", "unit_price": 1, "account": {"code": "NOPE"}}]
    body = it.invoice(line_items=lines)
    it.rig.fault("drop", method="PUT", times=2)
    await it.send("POST", "invoices", body, idempotency_key="order-17")

    refused = await it.send("POST", "invoices", body, idempotency_key="order-17")
    again = await it.send("POST", "invoices", body, idempotency_key="order-17")

    assert refused.json()["code"] == "xero_refused"
    assert again.content == refused.content


async def test_removal_that_was_interrupted_is_done_when_xero_has_the_thing_no_more(
    it: Writing,
) -> None:
    """Xero keeps no answers to such calls: a thing that is gone was removed."""
    made = (await it.done("POST", "items", {"code": "SPARE", "name": "Spare"}))["result"]
    it.rig.fault("drop", method="DELETE", times=2)
    lost = await it.send("DELETE", f"items/{made['id']}", idempotency_key="away-1")

    found = await it.send("DELETE", f"items/{made['id']}", idempotency_key="away-1")

    assert (lost.status_code, lost.json()["code"]) == (503, "write_unresolved")
    assert found.status_code == 200, found.text
    shown = (await it.client.get(f"/v1/accounting/items/{made['id']}")).json()["result"]
    assert shown["is_deleted"] is True
