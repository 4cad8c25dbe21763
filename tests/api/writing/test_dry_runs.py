"""Dry runs: the request that Xero would get, once the mirror's rules were asked; nothing sent."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from storage.database import Database
from tests.api.writing.rig import Writing, writing


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database) as made:
        yield made


async def broken(it: Writing, path: str, body: dict[str, Any]) -> dict[str, str]:
    """What a dry run says is against it: rule by path."""
    answer = await it.send("POST", f"{path}?dry_run=true", body)
    assert answer.json()["code"] == "rule_broken", answer.text
    return {each["path"]: each["rule"] for each in answer.json()["errors"]}


async def test_dry_run_shows_the_exact_request(it: Writing) -> None:
    """Sent as it stands, it is what the write would have sent: the books take it."""
    before, calls = it.invoice_ids, it.rig.calls
    events = len(await it.events())

    told = await it.done("POST", "invoices?dry_run=true", it.invoice(reference="try"))

    request = told["request"]
    assert told["dry_run"] is True
    assert (request["method"], request["path"]) == ("PUT", "/api.xro/2.0/Invoices")
    assert request["query"] == {"unitdp": "4"}
    [body] = request["body"]["Invoices"]
    assert body == {
        "Type": "ACCREC",
        "Contact": {"ContactID": it.contact.id},
        "Date": "2026-11-01",
        "DueDate": "2026-12-01",
        "Reference": "try",
        "LineItems": [
            {"Description": "Consulting", "Quantity": "2", "UnitAmount": "150.00",
             "AccountID": body["LineItems"][0]["AccountID"]}
        ],
    }  # fmt: skip
    assert it.rig.calls == calls
    assert it.invoice_ids == before
    assert len(await it.events()) == events
    made = await it.done("POST", "invoices", it.invoice(reference="try"))
    assert made["result"]["line_items"][0]["account"]["code"] == "200"


async def test_dry_run_of_changes_removals_and_commands(it: Writing) -> None:
    """Of a change only what is to be other is sent; of a removal and a command, the status."""
    record = (await it.done("POST", "invoices", it.invoice()))["result"]
    path, remote_id = f"invoices/{record['id']}", record["remote_id"]

    change = await it.done("PATCH", f"{path}?dry_run=true", {"reference": "x"})
    removal = await it.done("DELETE", f"{path}?dry_run=true")
    command = await it.done("POST", f"{path}/approve?dry_run=true")

    one = {"InvoiceID": remote_id}
    assert change["request"]["body"] == {"Invoices": [{**one, "Reference": "x"}]}
    assert removal["request"]["body"] == {"Invoices": [{**one, "Status": "DELETED"}]}
    assert command["request"]["body"] == {"Invoices": [{**one, "Status": "AUTHORISED"}]}
    assert command["request"]["path"] == f"/api.xro/2.0/Invoices/{remote_id}"


async def test_rules_of_the_books_are_asked_first(it: Writing) -> None:
    """Locks, archived accounts and contacts, taxes that do not fit, currencies, tracking."""
    ledger = it.ledger
    account = next(each for each in ledger.accounts if each.code == "260")
    await it.db.execute(
        """UPDATE record SET unified = jsonb_set(unified::jsonb, '{locked_until}', '"2026-09-30"')
            WHERE resource = 'company_info'"""
    )
    await it.db.execute(
        """UPDATE record SET unified = jsonb_set(unified::jsonb, '{status}', '"archived"')
            WHERE resource = 'account' AND unified->>'code' = '260'"""
    )
    archived = it.id_of("account", account.id)
    category = next(iter(ledger.reference.categories))
    twice = [{"category": {"id": it.id_of("tracking_category", category.id)},
              "option": {"remote_id": category.options[place].id}} for place in (0, 1)]  # fmt: skip
    lines = [
        {"description": "a", "unit_price": 1, "account": {"id": archived}, "tracking": twice},
        {"description": "b", "unit_price": 1, "account": {"code": "200"},
         "tax_rate": {"remote_id": "INPUT2"}},
    ]  # fmt: skip
    body = it.invoice(issue_date="2026-09-30", currency="CHF", line_items=lines)

    found = await broken(it, "invoices", body)

    assert found["/issue_date"] == "lock_date"
    assert found["/line_items/0/account"] == "account_active"
    assert found["/line_items/0/tracking"] == "tracking_once"
    assert found["/currency"] == "currency_known"
    assert found.get("/line_items/1/tax_rate") == "tax_fits_account"


async def test_contact_that_nobody_knows_is_told(it: Writing) -> None:
    """By Xero's id it passes to Xero; a dry run says that the mirror has no such contact."""
    stranger = {"remote_id": "0c5d6aa2-6d15-4d4c-9f1c-3b1f6cd6a4f1"}

    found = await broken(it, "invoices", it.invoice(contact=stranger))

    assert found == {"/contact": "contact_exists"}


async def test_payment_between_three_currencies_is_told(it: Writing) -> None:
    """A euro document, paid from a dollar account, by books in a third currency."""
    base = it.ledger.country.currency
    foreign = [each for each in ("USD", "EUR") if each != base]
    record = (await it.done("POST", "invoices", it.invoice()))["result"]
    await it.db.execute(
        f"""UPDATE record SET unified = jsonb_set(unified::jsonb, '{{currency}}', '"{foreign[0]}"')
             WHERE resource = 'invoice' AND id = $1""",  # noqa: S608  # the two above
        record["id"],
    )
    bank = next(each for each in it.ledger.accounts if each.type == "BANK")
    await it.db.execute(
        """UPDATE record SET unified = jsonb_set(unified::jsonb, '{currency}', '"CHF"')
             WHERE resource = 'account' AND id = $1""",
        it.id_of("account", bank.id),
    )
    body = {
        "applied_to": [{"resource": "invoice", "ref": {"id": record["id"]}}],
        "account": {"remote_id": bank.id},
        "date": "2026-11-02",
        "amount": "10.00",
    }

    found = await broken(it, "payments", body)

    assert found["/applied_to/0"] == "three_currencies"
    assert found["/applied_to/0/ref"] == "document_open"
