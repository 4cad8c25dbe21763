"""Creating things: one invoice in the books, one record, one event, one answer."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from storage.database import Database
from tests.api.writing.rig import Writing, writing


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database) as made:
        yield made


async def test_invoice_is_made_and_published_once(it: Writing) -> None:
    """Books, answer, mirror and event say the same; the webhook after it finds no difference."""
    before, events, calls = it.invoice_ids, len(await it.events()), it.rig.calls

    answer = await it.send(
        "POST", "invoices", it.invoice(), X_Request_Id="r-17", X_Correlation_Id="order 17"
    )

    assert answer.status_code == 201, answer.text
    made = await it.only_invoice(before)
    record, meta = answer.json()["result"], answer.json()["meta"]
    assert it.rig.calls - calls == 1
    assert (record["remote_id"], record["id"]) == (made.id, it.id_of("invoice", made.id))
    assert (record["total"], record["status"], record["version"]) == ("345.00", "draft", 1)
    assert record["line_items"][0]["account"]["code"] == "200"
    assert record["completeness"] == "full"
    assert answer.headers["location"] == f"/v1/accounting/invoices/{record['id']}"
    assert answer.headers["etag"].endswith('.1"')
    assert (meta["source"], meta["max_staleness_s"], meta["warnings"]) == ("live", 0, [])
    read = await it.client.get(answer.headers["location"])
    assert (read.json()["result"], read.headers["etag"]) == (record, answer.headers["etag"])

    [event] = (await it.events())[events:]
    assert (event["op"], event["after"]) == ("c", record)
    assert event["cause"]["kind"] == "api_write"
    assert event["cause"]["api_write"]["request_id"] == "r-17"
    assert event["cause"]["api_write"]["correlation_id"] == "order 17"
    assert len(event["cause"]["api_write"]["idempotency_key_hash"]) == 64
    assert ["ce_correlationid", "order 17"] in (await _headers(it))[-1]

    await it.rig.announce(made)
    await it.rig.work()

    assert len(await it.events()) == events + 1
    assert await it.rig.notices() == []
    await it.rig.agree()


@pytest.mark.parametrize("word", ["o" * 129, "order\t17", "a" * 10 + "\u00e9"])
async def test_word_that_events_cannot_carry_is_refused(it: Writing, word: str) -> None:
    """Nothing is left out in silence: the caller would wait for its own echo."""
    before = it.invoice_ids
    client, body = it.client, it.invoice()
    headers = {b"Idempotency-Key": b"word", b"X-Correlation-Id": word.encode("latin-1")}

    answer = await client.post("/v1/accounting/invoices", json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), answer.text
    assert answer.json()["errors"][0]["path"] == "X-Correlation-Id"
    assert it.invoice_ids == before


async def _headers(it: Writing) -> list[list[list[str]]]:
    """The headers of all events, the oldest first."""
    rows = await it.db.fetch("SELECT headers FROM event ORDER BY position")
    return [msgspec.json.decode(row["headers"]) for row in rows]


async def test_contact_may_be_named_in_any_way_that_is_clear(it: Writing) -> None:
    """By our id, by Xero's, by its name: Xero gets its own id each time."""
    contact = it.contact
    ways = {"id": it.id_of("contact", contact.id), "remote_id": contact.id.upper(),
            "name": contact.fields["Name"]}  # fmt: skip

    for key, value in ways.items():
        made = await it.done("POST", "invoices", it.invoice(contact={key: value}))

        assert made["result"]["contact"]["remote_id"] == contact.id


async def test_tracking_tax_and_items_may_be_named(it: Writing) -> None:
    """By names and codes, as a person would; what Xero answers has their ids."""
    category = next(each for each in it.ledger.reference.categories if each.status == "ACTIVE")
    option = next(each for each in category.options if each.status == "ACTIVE")
    rate = next(iter(it.ledger.reference.tax_rates))
    line: dict[str, Any] = {
        "description": "Named",
        "quantity": 1,
        "unit_price": 12.5,
        "account": {"code": "200"},
        "tax_rate": {"name": rate.name},
        "tracking": [{"category": {"name": category.name}, "option": {"name": option.name}}],
    }

    made = await it.done("POST", "invoices", it.invoice(line_items=[line]))

    [shown] = made["result"]["line_items"]
    assert shown["tracking"][0]["option"]["remote_id"] == option.id
    assert shown["tax_rate"]["remote_id"] == rate.id
    assert (shown["quantity"], shown["unit_price"]) == ("1", "12.50")


#: (What is other in the body, where it is wrong, what is said of it).
WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"contact": None}, "/contact", "must be an object"),
    ({"contact": {"name": "Nobody Known"}}, "/contact", "no such thing is known"),
    ({"total": "1.00"}, "/total", "there is no such field to write here"),
    ({"due_dat": "2026-12-01"}, "/due_dat", "did you mean due_date?"),
    ({"issue_date": "2026-02-30"}, "/issue_date", "there is no such day"),
    ({"status": "paid"}, "/status", "input should be"),
    ({"line_items": [{"quantity": "many"}]}, "/line_items/0/quantity", "should match"),
    ({"remote_body": []}, "/remote_body", "must be an object"),
    (
        {"remote_body": dict.fromkeys(map(str, range(1_001)))},
        "/remote_body",
        "must have 1000 members at most",
    ),
    ({"currency": "USD", "exchange_rate_to_base": "1"}, "/exchange_rate_to_base",
     "1 cannot be right"),
)  # fmt: skip


async def test_what_is_wrong_is_told_without_a_call(it: Writing) -> None:
    """By a pointer to the field, and nothing is sent to Xero."""
    calls = it.rig.calls

    for changes, path, said in WRONG:
        status, code, errors = await it.problem("POST", "invoices", it.invoice(**changes))

        assert (status, code) == (422, "body_refused")
        assert said in dict(errors)[path]
    assert it.rig.calls == calls


async def test_reference_to_another_kind_of_thing_is_refused(it: Writing) -> None:
    """An id says of what it is: an invoice is no contact."""
    other = it.id_of("invoice", next(iter(it.invoice_ids)))

    _, code, errors = await it.problem("POST", "invoices", it.invoice(contact={"id": other}))

    assert (code, errors) == ("body_refused", [("/contact", "names an invoice, not a contact")])


async def test_refusal_of_xero_names_our_fields(it: Writing) -> None:
    """Its own sentence, the field in our words, and the field in Xero's."""
    lines = [*it.invoice()["line_items"],
             {"description": "x", "unit_price": 1, "account": {"code": "NOPE"}}]  # fmt: skip

    answer = await it.send("POST", "invoices", it.invoice(status="open", line_items=lines))

    assert (answer.status_code, answer.json()["code"]) == (422, "xero_refused")
    [said] = answer.json()["provider_errors"]
    assert said["path"] == "/line_items/1/account"
    assert said["remote_field"] == "LineItems/1/AccountCode"
    assert "NOPE" in said["message"]


async def test_body_in_xeros_words_wins(it: Writing) -> None:
    """Who knows better than the model says so in `remote_body`, which is put in last."""
    made = await it.done(
        "POST", "invoices", it.invoice(reference="ours", remote_body={"Reference": "theirs"})
    )

    assert made["result"]["reference"] == "theirs"


async def test_answer_that_the_mirror_cannot_take_in_says_that_it_is_done(it: Writing) -> None:
    """The organisation left in the midst of it: nobody is told that nothing happened."""
    before = it.invoice_ids
    await it.db.execute(
        """CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             UPDATE tenant SET state = 'disconnected'; RETURN NULL; END $$;
           CREATE TRIGGER leave AFTER INSERT ON idempotency EXECUTE FUNCTION leave()"""
    )

    answer = await it.send("POST", "invoices", it.invoice(), idempotency_key="k")

    assert (answer.status_code, answer.json()["result"]) == (202, None)
    assert answer.json()["meta"]["warnings"][0]["code"] == "not_yet_in_mirror"
    assert await it.only_invoice(before)
