"""Lists of real books: filters mean what they say, nothing sent is ignored, and what is asked for
beside the records is there."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.reading.collections import COLLECTIONS
from api.reading.filters import filters_of, orders_of
from storage.database import Database
from tests.api.reading.rig import Reading, reading
from tests.handlers.rig import FEW, Rig, running
from unified.resources import KINDS
from unified.resources import resource as resource_of

Record = dict[str, Any]
PATHS = (
    *FEW, "CreditNotes", "Payments", "BankTransactions", "BankTransfers", "Attachments", "Employees"
)  # fmt: skip


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read."""
    async with running(database, PATHS) as started:
        for _ in range(6):
            await started.work()
        yield started


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Reading]:
    """The api over it."""
    async with reading(rig) as made:
        yield made


def _middle(found: list[Record], name: str) -> Any:
    return sorted(each[name] for each in found if each[name])[len(found) // 2]


def _expectations(found: list[Record]) -> list[tuple[dict[str, Any], Callable[[Record], bool]]]:
    """Filters of invoices, and which records each means."""
    at, changed = _middle(found, "updated_at"), _middle(found, "changed_at")
    issued, due = _middle(found, "issue_date"), _middle(found, "due_date")
    contact, number = found[0]["contact"], found[0]["number"]
    return [
        ({"updated_after": at}, lambda one: one["updated_at"] > at),
        ({"updated_before": at}, lambda one: one["updated_at"] < at),
        ({"changed_before": changed[:-1] + "+00:00"}, lambda one: one["changed_at"] < changed),
        ({"remote_id": [found[0]["remote_id"].upper(), found[-1]["remote_id"]]},
         lambda one: one in (found[0], found[-1])),
        ({"status": "open"}, lambda one: one["status"] == "open"),
        ({"status": ["draft,submitted", "paid"]},
         lambda one: one["status"] in {"draft", "submitted", "paid"}),
        ({"type": "bill"}, lambda one: one["type"] == "bill"),
        ({"payment_status": "unpaid"}, lambda one: one["payment_status"] == "unpaid"),
        ({"is_overdue": "true"}, lambda one: one["is_overdue"]),
        ({"is_overdue": "false"}, lambda one: not one["is_overdue"]),
        ({"contact": contact["id"]}, lambda one: one["contact"]["id"] == contact["id"]),
        ({"contact": f"remote:{contact['remote_id'].upper()}"},
         lambda one: one["contact"]["id"] == contact["id"]),
        ({"number": number}, lambda one: one["number"] == number),
        ({"date_from": issued}, lambda one: one["issue_date"] >= issued),
        ({"date_to": issued}, lambda one: one["issue_date"] <= issued),
        ({"due_before": due}, lambda one: bool(one["due_date"]) and one["due_date"] < due),
        ({"status": "paid", "type": "invoice", "date_from": issued},
         lambda one: one["status"] == "paid" and one["type"] == "invoice"
         and one["issue_date"] >= issued),
    ]  # fmt: skip


async def test_filters_mean_what_they_say(client: Reading) -> None:
    """Each, and some together, against the records themselves; each order, too."""
    found = (await client.told("accounting/invoices", deleted="include"))["result"]
    assert len(found) == 8
    tried: set[str] = set()
    for query, means in _expectations(found):
        told = await client.ids("accounting/invoices", deleted="include", **query)
        assert told == [one["id"] for one in found if means(one)], query
        tried |= query.keys()
    declared = {each.parameter.name for each in filters_of(resource_of("invoice"))}
    assert tried == declared - {"changed_after"}
    for name in orders_of(resource_of("invoice")):
        key = {one["id"]: (one[name] or "", one["id"]) for one in found}
        told = await client.ids("accounting/invoices", deleted="include", sort=name)
        assert told == sorted(told, key=key.__getitem__)
        back = await client.ids("accounting/invoices", deleted="include", sort=f"-{name}")
        assert back == told[::-1]


async def test_second_names_narrow_and_legs_are_hidden(client: Reading, rig: Rig) -> None:
    """Bills are invoices; customers are contacts with that role; the two sides of a transfer show
    only when they are asked for."""
    invoices = (await client.told("accounting/invoices"))["result"]
    for name, kind in (("bills", "bill"), ("sales_invoices", "invoice")):
        told = (await client.told(f"accounting/{name}"))["result"]
        assert told == [one for one in invoices if one["type"] == kind]
        assert told
    assert (await client.problem("accounting/bills", type="invoice"))[:2] == (400, "bad_request")
    bill = (await client.ids("accounting/bills"))[0]
    assert (await client.one(f"accounting/bills/{bill}"))["type"] == "bill"
    assert (await client.problem(f"accounting/sales_invoices/{bill}"))[:2] == (404, "not_found")
    contacts = (await client.told("accounting/contacts"))["result"]
    for name, role in (("customers", "customer"), ("vendors", "vendor")):
        told = (await client.told(f"accounting/{name}"))["result"]
        assert told == [one for one in contacts if role in one["roles"]]
        assert told
    seen = (await client.told("accounting/transactions"))["result"]
    whole = (await client.told("accounting/transactions", include="legs"))["result"]
    assert not any(one["is_leg"] for one in seen)
    assert [one for one in whole if not one["is_leg"]] == seen
    assert len(whole) - len(seen) == 2 * sum(one["type"] == "transfer" for one in seen) > 0


async def test_fields_and_what_records_refer_to(client: Reading, rig: Rig) -> None:
    """Some fields alone; contacts, payments and files beside them; Xero's own JSON as it came."""
    slim = await client.told("accounting/invoices", fields="number,status")
    assert all(list(one) == ["id", "status", "number"] for one in slim["result"])
    include = "contact,payments,attachments,remote_data"
    told = await client.told("accounting/invoices", include=include)
    plain = await client.told("accounting/invoices")
    contacts = {one["id"]: one for one in (await client.told("accounting/contacts"))["result"]}
    payments = {one["id"]: one for one in (await client.told("accounting/payments"))["result"]}
    files = (await client.told("accounting/attachments"))["result"]
    assert payments
    for one, bare in zip(told["result"], plain["result"], strict=True):
        beside, raw = one.pop("included"), one.pop("remote_data")
        assert one == bare
        assert beside["contact"] == contacts[one["contact"]["id"]]
        assert beside["payments"] == [payments[each["ref"]["id"]] for each in one["payments"]]
        of = [each for each in files if each["parent"]["id"] == one["id"]]
        assert sorted(each["id"] for each in beside["attachments"]) == [each["id"] for each in of]
        by_parent = await client.ids("accounting/attachments", parent=one["id"])
        assert by_parent == [each["id"] for each in of]
        remote = f"invoice:{one['remote_id']}"
        assert await client.ids("accounting/attachments", parent=remote) == by_parent
        assert raw["endpoint"] == "Invoices"
        assert raw["data"]["InvoiceID"] == one["remote_id"]
    assert any(one["has_attachments"] for one in plain["result"])
    [file, *_] = files
    named = await client.one(f"accounting/attachments/remote:{file['remote_id']}")
    assert named == file
    assert await client.ids("accounting/attachments", remote_id=file["remote_id"]) == [file["id"]]


async def test_gone_records_show_when_they_are_asked_for(client: Reading, rig: Rig) -> None:
    """Left out by themselves, but where a status asks for them by name."""
    [draft, *_] = await client.ids("accounting/invoices")
    await rig.db.execute(
        "UPDATE record SET is_deleted = true, status = 'deleted' WHERE id = $1", draft
    )
    assert draft not in await client.ids("accounting/invoices")
    assert draft in await client.ids("accounting/invoices", deleted="include")
    gone = await client.ids("accounting/invoices", deleted="only")
    assert draft in gone
    assert not set(gone) & set(await client.ids("accounting/invoices"))
    assert await client.ids("accounting/invoices", status="deleted") == gone
    assert await client.ids("accounting/invoices", status="deleted", deleted="exclude") == []
    assert (await client.get(f"accounting/invoices/{draft}")).status_code == 200


async def test_times_of_the_last_reading_are_told(client: Reading, rig: Rig) -> None:
    """Reading the same again moves no version, and yet it is shown how lately a record was seen to
    be so."""
    before = (await client.told("accounting/contacts"))["result"]
    rig.pass_time(days=1)
    await rig.hint(before[0]["remote_id"], "Contacts")
    await rig.work()

    after = (await client.told("accounting/contacts"))["result"]
    assert after[0]["version"] == before[0]["version"]
    assert after[0]["verified_at"] > before[0]["verified_at"]
    stored = await rig.db.fetchval("SELECT verified_at FROM record WHERE id = $1", before[0]["id"])
    assert after[0]["verified_at"][:19] == stored.isoformat()[:19]


async def test_one_record_has_a_tag_of_its_version(client: Reading, rig: Rig) -> None:
    """By which an unchanged one is answered without a body; a change makes another tag."""
    [one, *_] = (await client.told("accounting/contacts"))["result"]
    path = f"/v1/accounting/contacts/remote:{one['remote_id'].upper()}"
    answer = await client.client.get(path)
    epoch = await rig.db.fetchval("SELECT epoch FROM tenant")
    assert answer.json()["result"] == one
    assert answer.json()["meta"]["source"] == "mirror"
    assert answer.headers["etag"] == f'"{epoch}.{one["version"]}"'
    for sent in (answer.headers["etag"], f'W/{answer.headers["etag"]}, "x"', "*"):
        again = await client.client.get(path, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    await rig.db.execute("UPDATE record SET sequence = sequence + 1")
    other = await client.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["etag"] != answer.headers["etag"]


async def test_what_can_not_be_is_not_found(client: Reading) -> None:
    """Ids of others and of nothing, of another resource, and what is no id at all."""
    [contact, *_] = await client.ids("accounting/contacts")
    for given in (contact, "remote:x", "0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d", "42", "remote:"):
        assert (await client.problem(f"accounting/invoices/{given}"))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "about", "said"),
    [
        ({"state": "open"}, "?state", "did you mean status"),
        ({"status": "opened"}, "?status", "there are deleted, draft"),
        ({"updated_after": "2026-11-03"}, "?updated_after", "with its time zone"),
        ({"updated_after": "2026-11-03T04:17:52"}, "?updated_after", "with its time zone"),
        ({"updated_after": "2026-13-03T04:17:52Z"}, "?updated_after", "of the calendar"),
        ({"updated_after": "0001-01-01T00:00:00+23:59"}, "?updated_after", "of the calendar"),
        ({"date_from": "2026-02-30"}, "?date_from", "of the calendar"),
        ({"date_from": "03/11/2026"}, "?date_from", "is no day"),
        ({"is_overdue": "1"}, "?is_overdue", "neither true nor false"),
        ({"contact": "Acme"}, "?contact", "neither a uuid nor"),
        ({"number": "  "}, "?number", "is empty"),
        ({"number": "a\x00b"}, "?number", "control characters"),
        ({"number": "x" * 201}, "?number", "more than 200"),
        ({"sort": "total"}, "?sort", "is none of id, -id"),
        ({"fields": "number,totall"}, "?fields", "'totall' is no field"),
        ({"include": "legs"}, "?include", "there are attachments, contact"),
        ({"limit": "0"}, "?limit", "from 1 to 500"),
        ({"limit": "501"}, "?limit", "from 1 to 500"),
        ({"limit": "٣"}, "?limit", "from 1 to 500"),
        ({"deleted": "yes"}, "?deleted", "exclude, include, only"),
        ({"consistency": "strong"}, "?consistency", "mirror, live"),
        ({"is_overdue": ["true", "false"]}, "?is_overdue", "more than once"),
    ],
)
async def test_nothing_that_was_sent_is_ignored(
    bare: Reading, query: dict[str, Any], about: str, said: str
) -> None:
    """What is unknown, or can't be read, is named with what is wrong about it."""
    answer = await bare.get("accounting/invoices", **query)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["path"] == about
    assert said in error["message"]


async def test_an_instant_may_be_written_in_other_zones(bare: Reading) -> None:
    """With a plus sign that nobody encoded, too."""
    for text in ("2026-11-03T17:17:52+13:00", "2026-11-03 04:17:52.000Z", "2026-11-03T04:17Z"):
        await bare.told("accounting/invoices", updated_after=text)
    answer = await bare.client.get(
        "/v1/accounting/invoices?updated_after=2026-11-03T17:17:52+13:00"
    )
    assert answer.status_code == 200


async def test_every_list_takes_every_filter_order_and_include_it_declares(bare: Reading) -> None:
    """Of every resource and second name, each alone, with its example or one of its words."""
    values = {"date-time": "2026-11-01T00:00:00Z", "date": "2026-11-01"}
    for collection in COLLECTIONS:
        path = f"{collection.kind.space}/{collection.name}"
        for each in filters_of(collection.kind):
            parameter = each.parameter
            if parameter.name in collection.settled:
                continue
            usual = values.get(parameter.schema.get("format", ""), "true")
            value = parameter.example or (
                "text" if parameter.schema["type"] == "string" and usual == "true" else usual
            )
            assert (await bare.told(path, **{parameter.name: value}))["result"] == []
        for name in orders_of(collection.kind):
            assert (await bare.told(path, sort=f"-{name}"))["result"] == []
    assert {each.kind.name for each in COLLECTIONS} == {each.name for each in KINDS}


async def test_books_that_are_being_forgotten_are_shown_to_nobody(
    client: Reading, rig: Rig
) -> None:
    """While the link is broken or the consent has ended, what was read stays readable, and says
    so; while it is erased and after, nothing is."""
    [one, *_] = await client.ids("accounting/invoices")
    for state in ("needs_reauth", "disconnected", "vanished"):
        await rig.db.execute("UPDATE tenant SET state = $1", state)
        told = await client.told("accounting/invoices")
        assert told["result"]
        assert [each["code"] for each in told["meta"]["warnings"]] == [f"tenant_{state}"]
        assert (await client.get(f"accounting/invoices/{one}")).status_code == 200
        live = await client.problem("accounting/invoices", consistency="live")
        assert live[:2] == (409, "tenant_not_linked")
    for state in ("erasing", "erased"):
        await rig.db.execute("UPDATE tenant SET state = $1", state)
        for path in ("accounting/invoices", f"accounting/invoices/{one}"):
            assert (await client.problem(path))[:2] == (409, "tenant_not_linked")


async def test_lists_say_what_is_missing_from_them(client: Reading, rig: Rig) -> None:
    """A first reading that has not ended, a refusal of Xero's, a record that can't be read."""
    status, code, detail = await client.problem("accounting/employees")
    assert (status, code) == (501, "capability_unavailable")
    assert "404" in detail
    told = await client.told("accounting/contacts")
    assert not told["is_partial_response"]
    await rig.cursors_say("backfill_state = 'running'")
    told = await client.told("accounting/contacts")
    assert told["is_partial_response"]
    assert told["meta"]["as_of"] is None
    [warning] = told["meta"]["warnings"]
    assert (warning["code"], warning["endpoint"]) == ("backfill_not_complete", "Contacts")
    await rig.cursors_say("backfill_state = 'done'")
    await rig.db.execute(
        """INSERT INTO notice (tenant_id, endpoint, remote_id, origin, received_at, due_at, state,
                               died_at)
           VALUES ($1, 'Contacts', 'x', 'webhook', now(), now(), 'dead', now())""",
        rig.tenant,
    )
    told = await client.told("accounting/contacts")
    assert told["is_partial_response"]
    assert [each["code"] for each in told["meta"]["warnings"]] == ["unreadable_records"]


async def test_as_of_is_what_was_proven(client: Reading, rig: Rig) -> None:
    """It stands while nothing is read, however late it is, and comes no later than a notice that
    waits says that something changed."""
    cursor = await rig.cursor("Invoices")
    rig.pass_time(hours=1)
    meta = (await client.told("accounting/invoices"))["meta"]
    assert cursor.since is not None
    assert meta["as_of"][:19] == cursor.since.isoformat()[:19]
    assert meta["max_staleness_s"] >= 3_600
    await rig.hint("0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d", "Invoices",
                   hinted_at=cursor.since - timedelta(minutes=9))  # fmt: skip
    meta = (await client.told("accounting/invoices"))["meta"]
    assert meta["as_of"][:16] == (cursor.since - timedelta(minutes=9)).isoformat()[:16]


async def test_what_is_asked_for_again_takes_one_look_at_the_database(
    client: Reading, rig: Rig
) -> None:
    """Who may ask is remembered, and so are records: state, freshness and page are one statement,
    of one moment."""
    [first, *_] = await client.ids("accounting/invoices", limit=20)
    await client.one(f"accounting/invoices/{first}")
    asked: list[str] = []
    holders = rig.db.pool._holders  # type: ignore[attr-defined]  # asyncpg's own
    for each in holders:
        if each._con is not None:
            each._con.add_query_logger(lambda said: asked.append(said.query))

    await client.told("accounting/invoices", limit=20)
    assert len(asked) == 1, asked
    await client.one(f"accounting/invoices/{first}")
    assert len(asked) == 2, asked


async def test_unknown_organisation_is_told_whatever_is_asked_of_it(client: Reading) -> None:
    """A key for all organisations does not make one exist."""
    client.client.headers["X-Tenant-Id"] = "0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d"
    for path in ("accounting/invoices", "accounting/invoices/remote:1", "accounting/reports"):
        for consistency in ("mirror", "live"):
            status, code, _ = await client.problem(path, consistency=consistency)
            assert (status, code) == (404, "tenant_unknown"), (path, consistency)
