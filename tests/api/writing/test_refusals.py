"""What Xero refuses reaches the caller: each sentence, with the unified field that it is about.

One organisation serves all cases: a refused write changes nothing. That every sentence of the
simulator's is known is proven in tests/unified/test_sentences.py.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from storage.database import Database
from tests.api.writing.rig import SOME, Writing, writing

NOBODY = "00000000-0000-4000-8000-000000000001"
PATHS = (*SOME, "ContactGroups", "ManualJournals", "PurchaseOrders", "Quotes", "BankTransactions",
         "BankTransfers", "RepeatingInvoices", "BatchPayments")  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """A write that Xero refuses, with a part of what it says and the field of which it says so."""

    says: str
    path: str
    method: str
    at: str
    body: Mapping[str, Any] | None = field(default=None)


@pytest.fixture
async def it(database: Database) -> AsyncIterator[Writing]:
    """An organisation whose books have been read."""
    async with writing(database, PATHS) as made:
        yield made


def line(**changes: Any) -> dict[str, Any]:
    """A line of a sale."""
    whole = {"description": "Work", "quantity": "2", "unit_price": "50.00",
             "account": {"code": "200"}}  # fmt: skip
    return {**whole, **changes}


async def of_documents(it: Writing) -> list[Refusal]:
    """Invoices, bills and credit notes."""
    known = next(each for each in it.ledger.invoices if each.type == "ACCREC")
    paid = await it.done("POST", "invoices", it.invoice(status="open"))
    await it.done("POST", "payments", payment(paid["result"]["id"], "10.00"))
    silent = await it.done("POST", "contacts", {"name": "Silent"})
    unmailed = it.invoice(status="open", contact={"id": silent["result"]["id"]})
    unmailed_id = (await it.done("POST", "invoices", unmailed))["result"]["id"]
    credit = {**it.invoice(type="receivable"), "due_date": None}

    def invoice(says: str, path: str, **changes: Any) -> Refusal:
        return Refusal(says, path, "POST", "invoices", it.invoice(**changes))

    def lines(says: str, path: str, *sent: dict[str, Any], **changes: Any) -> Refusal:
        return invoice(says, path, line_items=list(sent), **changes)

    option = {"category": {"remote_id": NOBODY}, "option": {"remote_id": NOBODY}}
    return [
        lines("Account code '999'", "/line_items/0/account", line(account={"code": "999"})),
        lines("Account code '999'", "/line_items/1/account", line(),
              line(account={"code": "999"})),
        lines("TaxType code 'NOPE'", "/line_items/1/tax_rate", line(),
              line(tax_rate={"code": "NOPE"})),
        lines("Item code 'NOPE'", "/line_items/0/item", line(item={"code": "NOPE"})),
        lines("discount rate", "/line_items/0/discount_percent", line(discount_percent="150")),
        lines("line description", "/line_items/1/description", line(),
              {"quantity": "1", "unit_price": "1.00"}, status="open"),
        lines("TrackingCategory does not exist", "/line_items/0/tracking",
              line(tracking=[option])),
        lines("total cannot be negative", "/line_items", line(unit_price="-5.00")),
        lines("line items must be specified", "/line_items", status="open"),
        invoice("must be unique", "/number", number=known.number),
        invoice("255 characters", "/number", number="9" * 256),
        invoice("255 characters", "/reference", reference="9" * 256),
        invoice("contact details could not be found", "/contact", contact={"remote_id": NOBODY}),
        invoice("not subscribed to currency CHF", "/currency", currency="CHF"),
        Refusal("payment or credit", "/line_items", "PATCH", f"invoices/{paid['result']['id']}",
                {"line_items": [line(unit_price="7.00")]}),
        Refusal("payments or credits", "/status", "POST", f"invoices/{paid['result']['id']}/void"),
        Refusal("does not have an email address", "/contact", "POST",
                f"invoices/{unmailed_id}/email"),
        Refusal("Discounts are only", "/line_items/0/discount_percent", "POST", "credit_notes",
                {**credit, "line_items": [line(discount_percent="10")]}),
        Refusal("Account code '999'", "/line_items/0/account", "POST", "credit_notes",
                {**credit, "line_items": [line(account={"code": "999"})]}),
    ]  # fmt: skip


def payment(invoice_id: str, amount: str, **changes: Any) -> dict[str, Any]:
    """What pays an invoice."""
    applied = [{"resource": "invoice", "ref": {"id": invoice_id}}]
    return {"applied_to": applied, "account": {"code": "090"}, "date": "2026-11-02",
            "amount": amount, **changes}  # fmt: skip


async def of_money(it: Writing) -> list[Refusal]:
    """Payments, allocations, refunds, batches, bank transactions, transfers."""
    owed = (await it.done("POST", "invoices", it.invoice(status="open")))["result"]
    draft = (await it.done("POST", "invoices", it.invoice()))["result"]
    note = {**it.invoice(type="receivable", status="open"), "due_date": None}
    credit = (await it.done("POST", "credit_notes", note))["result"]
    other = (await it.done("POST", "contacts", {"name": "Somebody else"}))["result"]
    alien = it.invoice(status="open", contact={"id": other["id"]})
    foreign = (await it.done("POST", "invoices", alien))["result"]
    at = f"credit_notes/{credit['id']}"
    allocation = {"target": {"id": owed["id"]}, "amount": "10.00", "date": "2026-11-02"}
    refund = {"account": {"code": "090"}, "amount": "10.00", "date": "2026-11-02"}
    spent = {"type": "spend", "contact": owed["contact"], "account": {"code": "090"},
             "date": "2026-11-02", "line_items": [line(account={"code": "429"})]}  # fmt: skip
    moved = {"type": "transfer", "account": {"code": "090"}, "counter_account": {"code": "091"},
             "date": "2026-11-02", "total": "10.00"}  # fmt: skip
    return [
        Refusal("exceeds the amount outstanding", "/amount", "POST", "payments",
                payment(owed["id"], "999999.00")),
        Refusal("greater than zero", "/amount", "POST", "payments", payment(owed["id"], "0.00")),
        Refusal("Authorised documents", "/applied_to/0/ref", "POST", "payments",
                payment(draft["id"], "1.00")),
        Refusal("Account type is invalid", "/account", "POST", "payments",
                payment(owed["id"], "1.00", account={"code": "200"})),
        Refusal("Account could not be found", "/account", "POST", "payments",
                payment(owed["id"], "1.00", account={"code": "NOPE"})),
        Refusal("remaining credit", "/amount", "POST", f"{at}/allocations",
                {**allocation, "amount": "999999.00"}),
        Refusal("could not be found", "/target", "POST", f"{at}/allocations",
                {**allocation, "target": {"remote_id": NOBODY}}),
        Refusal("contact of the invoice", "/target", "POST", f"{at}/allocations",
                {**allocation, "target": {"id": foreign["id"]}}),
        Refusal("exceeds the amount outstanding", "/amount", "POST", f"{at}/refunds",
                {**refund, "amount": "999999.00"}),
        Refusal("Account type is invalid", "/account", "POST", f"{at}/refunds",
                {**refund, "account": {"code": "200"}}),
        Refusal("BankAccount must be specified", "/account", "POST", "transactions",
                {**spent, "account": {"code": "200"}}),
        Refusal("must be greater than zero", "/line_items", "POST", "transactions",
                {**spent, "line_items": [line(account={"code": "429"}, unit_price="0.00")]}),
        Refusal("two different ones", "/counter_account", "POST", "transactions",
                {**moved, "counter_account": {"code": "090"}}),
        Refusal("ToBankAccount must be", "/counter_account", "POST", "transactions",
                {**moved, "counter_account": {"code": "200"}}),
        Refusal("greater than zero", "/total", "POST", "transactions", {**moved, "total": "-1"}),
    ]  # fmt: skip


async def of_settings(it: Writing) -> list[Refusal]:
    """Accounts, tax rates, items, tracking, currencies."""
    category = next(iter(it.ledger.reference.categories))
    tracked = f"tracking_categories/remote:{category.id}"
    sales = next(each for each in it.ledger.accounts if each.code == "200")
    system = next(each for each in it.ledger.accounts if each.system == "DEBTORS")
    fixed = next(each for each in it.ledger.reference.tax_rates if each.is_fixed)
    new = {"code": "438", "name": "New", "type": "expense"}

    def rate(says: str, path: str, **changes: Any) -> Refusal:
        body = {"name": "Odd", "components": [{"name": "Odd", "rate": "1"}], **changes}
        return Refusal(says, path, "POST", "tax_rates", body)

    def item(says: str, path: str, **changes: Any) -> Refusal:
        return Refusal(says, path, "POST", "items", {"code": "NEW", "name": "New", **changes})

    return [
        Refusal("unique Code", "/code", "POST", "accounts", {**new, "code": "200"}),
        Refusal("unique Name", "/name", "POST", "accounts", {**new, "name": sales.name}),
        Refusal("Maximum of 10", "/code", "POST", "accounts", {**new, "code": "4" * 11}),
        Refusal("TaxType code 'NOPE'", "/default_tax_rate", "POST", "accounts",
                {**new, "default_tax_rate": {"code": "NOPE"}}),
        Refusal("Bank Account Number", "/bank_account/number", "POST", "accounts",
                {"code": "097", "name": "Bank", "type": "bank"}),
        Refusal("archive a system account", "/status", "POST",
                f"accounts/remote:{system.id}/archive"),
        Refusal("cannot be deleted as it is in use", "/status", "POST",
                f"accounts/remote:{sales.id}/delete"),
        rate("Name must be unique", "/name", name=fixed.name),
        rate("Rate from 0 to 100", "/components", components=[{"name": "Odd", "rate": "200"}]),
        rate("can be compound", "/components",
             components=[{"name": name, "rate": "1", "is_compound": True} for name in "ab"]),
        Refusal("System tax rates", "/status", "PATCH", f"tax_rates/remote:{fixed.id}",
                {"name": "Mine"}),
        item("already exists", "/code", code="CONSULT"),
        item("30 characters", "/code", code="9" * 31),
        item("Account code '999'", "/sales/account", sales={"account": {"code": "999"}}),
        item("must have a COGSAccountCode", "/purchase/account",
             inventory_account={"code": "630"}),
        Refusal("maximum number", "/status", "POST", "tracking_categories", {"name": "Third"}),
        Refusal("already used", "/name", "POST", f"{tracked}/options",
                {"name": category.options[0].name}),
        Refusal("not valid", "/code", "POST", "currencies", {"code": "XQX"}),
    ]  # fmt: skip


async def of_people(it: Writing) -> list[Refusal]:
    """Contacts and groups."""
    named = await it.done("POST", "contacts", {"name": "Named", "number": "C-1"})
    await it.done("POST", "contact_groups", {"name": "Grouped"})
    group = (await it.done("POST", "contact_groups", {"name": "Filled"}))["result"]["id"]
    person = {"first_name": "A", "last_name": "B", "email": "a@example.com"}

    def contact(says: str, path: str, **changes: Any) -> Refusal:
        return Refusal(says, path, "POST", "contacts", {"name": "New", **changes})

    return [
        contact("already assigned", "/name", name=named["result"]["name"]),
        contact("number must be unique", "/number", number="C-1"),
        contact("is not valid", "/email", email="nobody"),
        contact("maximum of 5 contact persons", "/contact_persons", contact_persons=[person] * 6),
        contact("payment terms", "/payment_terms",
                payment_terms={"sales": {"days": 400, "basis": "of_following_month"}}),
        contact("255 characters", "/name", name="n" * 256),
        Refusal("already used", "/name", "POST", "contact_groups", {"name": "Grouped"}),
        Refusal("could not be found", "/members", "POST", f"contact_groups/{group}/members",
                {"members": [{"remote_id": NOBODY}]}),
    ]  # fmt: skip


async def of_promises(it: Writing) -> list[Refusal]:
    """Orders, quotes, templates, manual journals."""
    contact = {"id": it.id_of("contact", it.contact.id)}
    drafted = {"contact": contact, "issue_date": "2026-11-02", "line_items": [line()]}
    schedule = {"interval": 1, "unit": "month", "start_date": "2027-01-01",
                "due_rule": {"day": 20, "basis": "of_following_month"}}  # fmt: skip
    template = {"target_type": "invoice", "contact": contact, "line_items": [line()],
                "generates_status": "draft", "schedule": schedule}  # fmt: skip
    booked = [{"account": {"code": "469"}, "net_amount": "5.00"},
              {"account": {"code": "900"}, "net_amount": "-5.00"}]  # fmt: skip
    journal = {"memo": "Odd", "date": "2026-11-02", "tax_mode": "none", "lines": booked}
    wrong = [booked[0], {**booked[1], "account": {"code": "999"}}]
    return [
        Refusal("ExpiryDate must not be before", "/expiry_date", "POST", "quotes",
                {**drafted, "expiry_date": "2026-10-01"}),
        Refusal("Account code '999'", "/line_items/0/account", "POST", "quotes",
                {**drafted, "line_items": [line(account={"code": "999"})]}),
        Refusal("Account code '999'", "/line_items/0/account", "POST", "purchase_orders",
                {**drafted, "line_items": [line(account={"code": "999"})]}),
        Refusal("contact details could not be found", "/contact", "POST", "purchase_orders",
                {**drafted, "contact": {"remote_id": NOBODY}}),
        Refusal("EndDate must not be before", "/schedule/end_date", "POST",
                "repeating_transactions",
                {**template, "schedule": {**schedule, "end_date": "2026-12-01"}}),
        Refusal("Period and Unit are not valid", "/schedule/interval", "POST",
                "repeating_transactions", {**template, "schedule": {**schedule, "interval": 0}}),
        Refusal("Account code '999'", "/lines/1/account", "POST", "journal_entries",
                {**journal, "lines": wrong}),
        Refusal("at least two lines", "/lines", "POST", "journal_entries",
                {**journal, "lines": [{**booked[0], "net_amount": "0.00"}]}),
    ]  # fmt: skip


async def of_locked_periods(it: Writing) -> list[Refusal]:
    """Each kind of document, by whatever its day is called."""
    it.ledger.period_lock = it.ledger.today()
    contact = {"id": it.id_of("contact", it.contact.id)}
    note = {**it.invoice(type="receivable", status="open"), "due_date": None}
    journal = {"memo": "Odd", "date": "2026-10-02", "tax_mode": "none", "status": "posted",
               "lines": [{"account": {"code": "469"}, "net_amount": "5.00"},
                         {"account": {"code": "900"}, "net_amount": "-5.00"}]}  # fmt: skip
    spent = {"type": "spend", "contact": contact, "account": {"code": "090"},
             "date": "2026-10-02", "line_items": [line(account={"code": "429"})]}  # fmt: skip
    return [
        Refusal("lock date", "/issue_date", "POST", "invoices",
                it.invoice(status="open", issue_date="2026-10-02")),
        Refusal("lock date", "/issue_date", "POST", "credit_notes",
                {**note, "issue_date": "2026-10-02"}),
        Refusal("lock date", "/date", "POST", "journal_entries", journal),
        Refusal("lock date", "/date", "POST", "transactions", spent),
    ]  # fmt: skip


#: The last of them locks the books.
KINDS = (of_documents, of_money, of_settings, of_people, of_promises, of_locked_periods)


async def test_each_refusal_names_the_field_it_is_about(it: Writing) -> None:
    """As 422 `xero_refused`, in Xero's own words, with what Xero calls the field beside it."""
    wrong, count = [], 0
    for of_kind in KINDS:
        it.rig.pass_time(minutes=1)  # the organisation's calls are counted as ever
        for case in await of_kind(it):
            it.rig.pass_time(seconds=3)
            answer = await it.send(case.method, case.at, case.body)
            told, count = answer.json(), count + 1
            said = [(each["path"], each["message"]) for each in told.get("provider_errors", ())]
            fits = any(path == case.path and case.says in message for path, message in said)
            if (answer.status_code, told.get("code"), fits) != (422, "xero_refused", True):
                wrong.append(f"{case.method} {case.at} {case.says}: {answer.status_code} {told}")

    assert not wrong, "\n".join(wrong)
    assert count > 60
