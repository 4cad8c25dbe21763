"""Writes that are sent again: with one key a thing is made once and answered the same, whatever was
lost on the way; and what nobody can know is said."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from storage.database import Database
from tests.api.writing.rig import Writing, beside, writing
from xero.writes import KEY_LIFE


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database) as made:
        yield made


async def send(it: Writing, key: str | None = "order-17", **changes: Any) -> httpx.Response:
    """Create the invoice, under a key."""
    return await it.send("POST", "invoices", it.invoice(**changes), idempotency_key=key)


async def let_claims_end(it: Writing) -> None:
    """As when whoever held them was killed, and their time is over."""
    await it.db.execute("UPDATE idempotency SET claimed_until = clock_timestamp()")


async def test_repetition_is_answered_as_the_first_was(it: Writing) -> None:
    """Without a call, byte for byte, whatever happened to the thing since."""
    before = it.invoice_ids
    first = await send(it)
    record = first.json()["result"]
    await it.done("PATCH", f"invoices/{record['id']}", {"reference": "later"})
    calls = it.rig.calls

    again = await send(it)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    for name in ("etag", "location"):
        assert again.headers[name] == first.headers[name]
    assert it.rig.calls == calls
    assert await it.only_invoice(before)


async def test_key_of_another_request_is_refused(it: Writing) -> None:
    """Another body, another address or another query is another request; order of fields is not."""
    await send(it)
    same = dict(reversed(it.invoice().items()))

    other = await it.problem("POST", "invoices", it.invoice(reference="x"),
                             idempotency_key="order-17")  # fmt: skip
    elsewhere = await it.problem("POST", "contacts", {"name": "N"}, idempotency_key="order-17")
    ordered = await it.send("POST", "invoices", same, idempotency_key="order-17")

    assert other[:2] == elsewhere[:2] == (422, "idempotency_key_reused")
    assert ordered.headers["idempotency-replayed"] == "true"


async def test_creations_need_a_key(it: Writing) -> None:
    """And one that is a key; a rehearsal is asked for as the real thing is."""
    missing = await it.problem("POST", "invoices", it.invoice(), idempotency_key=None)
    long = await it.problem("POST", "invoices", it.invoice(), idempotency_key="x" * 256)
    tried = await it.problem("POST", "invoices?dry_run=true", it.invoice(), idempotency_key=None)

    assert missing[:2] == tried[:2] == (400, "idempotency_key_required")
    assert long[:2] == (400, "bad_request")


async def test_one_key_at_the_same_moment_makes_one_thing(it: Writing) -> None:
    """The others are told that it is at work, or get its answer."""
    before = it.invoice_ids

    answers = await asyncio.gather(*(send(it) for _ in range(6)))

    made = [each for each in answers if each.status_code == 201]
    waiting = [each for each in answers if each.status_code == 409]
    assert len(made) + len(waiting) == len(answers)
    assert made
    assert {each.json()["code"] for each in waiting} <= {"write_in_progress"}
    assert await it.only_invoice(before)


async def test_lost_answer_is_asked_for_again(it: Writing) -> None:
    """Xero did it and its answer got lost: asked once more under its key, it says what it said."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT")

    answer = await send(it)

    assert answer.status_code == 201, answer.text
    made = await it.only_invoice(before)
    assert answer.json()["result"]["remote_id"] == made.id


async def test_repetition_resolves_what_stayed_unanswered(it: Writing) -> None:
    """Both answers got lost: the caller is told until when to ask, and asking makes nothing new."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT", times=2)

    lost = await send(it)
    calls = it.rig.calls
    found = await send(it)

    assert (lost.status_code, lost.json()["code"]) == (503, "write_unresolved")
    assert lost.headers["retry-after"] == "2"
    assert lost.json()["resolvable_until"]
    assert found.status_code == 201, found.text
    assert it.rig.calls - calls == 1
    assert found.json()["result"]["remote_id"] == (await it.only_invoice(before)).id


async def test_outage_of_xero_leaves_the_key_to_be_used_again(it: Writing) -> None:
    """A 5xx may have been after the work: the same key finds out, and does it if it was not."""
    before = it.invoice_ids
    it.rig.fault("status", status=503, method="PUT")

    out = await send(it)
    done = await send(it)

    assert (out.status_code, out.json()["code"]) == (503, "write_unresolved")
    assert done.status_code == 201, done.text
    assert await it.only_invoice(before)


async def test_nothing_is_written_where_the_link_has_ended(it: Writing) -> None:
    """An answer that was given is given again; nothing new is sent."""
    first = await send(it)
    for state, code in (("needs_reauth", "needs_reauth"), ("disconnected", "tenant_not_linked")):
        await it.db.execute("UPDATE tenant SET state = $1", state)
        calls = it.rig.calls

        refused = await it.problem("POST", "invoices", it.invoice())
        again = await send(it)

        assert refused[:2] == (409, code)
        assert again.content == first.content
        assert it.rig.calls == calls


async def test_write_is_never_sent_when_xero_has_forgotten_its_key(it: Writing) -> None:
    """Beyond Xero's memory a repetition could be the second time: nobody can say, so it is said."""
    it.rig.fault("drop", method="PUT", times=2)
    await send(it)
    it.rig.pass_time(seconds=KEY_LIFE.total_seconds())
    calls, known = it.rig.calls, it.invoice_ids

    answer = await send(it)

    assert (answer.status_code, answer.json()["code"]) == (409, "write_outcome_unknown")
    assert (it.rig.calls, it.invoice_ids) == (calls, known)
    found = await it.client.get(answer.json()["find_out"])
    assert [each["remote_id"] in known for each in found.json()["result"]] == [True]


async def test_without_a_key_an_unknown_end_is_said(it: Writing) -> None:
    """A change without a key of the caller's: what came of it has to be looked at."""
    record = (await send(it)).json()["result"]
    it.rig.fault("drop", method="POST", times=2)

    answer = await it.problem("PATCH", f"invoices/{record['id']}", {"reference": "x"})

    assert answer[:2] == (409, "write_outcome_unknown")


async def test_another_process_goes_on_where_one_was_killed(it: Writing) -> None:
    """What left is kept: after the claim ended, another one asks Xero the same and answers it."""
    before = it.invoice_ids
    it.rig.fault("drop", method="PUT", times=2)
    await send(it)
    await it.db.execute(
        "UPDATE idempotency SET claimed_until = clock_timestamp() + interval '20 seconds'"
    )

    busy = await send(it)
    await let_claims_end(it)
    async with beside(it.rig) as other:
        other.client.headers["Authorization"] = it.client.headers["Authorization"]
        found = await send(other)

    assert (busy.status_code, busy.json()["code"]) == (409, "write_in_progress")
    assert found.status_code == 201, found.text
    assert await it.only_invoice(before)


async def test_refusal_of_xero_is_an_answer_too(it: Writing) -> None:
    """Xero keeps it for its key as it keeps a good one, so the same key gets it again."""
    lines = [{"description": "x", "unit_price": 1, "account": {"code": "NOPE"}}]
    first = await send(it, line_items=lines)
    calls = it.rig.calls

    again = await send(it, line_items=lines)

    assert first.json()["code"] == "xero_refused"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert it.rig.calls == calls


async def test_call_that_was_not_made_leaves_the_key_free(it: Writing) -> None:
    """A spent limit has no effect: the same key works once there are calls again."""
    before = it.invoice_ids
    it.rig.fault("limit", problem="minute", retry_after_s=30, method="PUT")

    refused = await send(it)
    it.rig.pass_time(seconds=31)
    done = await send(it)

    assert (refused.status_code, refused.json()["limit"]) == (429, "minute")
    assert done.status_code == 201, done.text
    assert await it.only_invoice(before)


async def test_xero_gets_a_digest_of_its_own_for_each_caller(it: Writing) -> None:
    """The same key of two API keys is two writes; the caller's text never leaves the house."""
    before = len(it.invoice_ids)
    await send(it)
    async with beside(it.rig) as other:
        await send(other)

    assert len(it.invoice_ids) == before + 2
    assert not any("order-17" in key for _, key in it.rig.simulator.simulation.idempotency._held)
