"""Each field that callers may write reaches the books: made and changed in the simulator's.

No HTTP: what a resource makes of a record is handed to the simulator's own writing, and its answer
is read back as a record. The way through the api is in tests/acceptance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest

from simulator.books import Books
from simulator.config import OpeningBooks, SimulatorConfig, TenantSpec
from simulator.endpoints import Query, Target
from simulator.ledger import Ledger
from simulator.opening import open_books
from simulator.resources import ENDPOINTS
from simulator.serving import apply
from simulator.wire import decode, fragment
from unified.ids import ConnectionId, TenantId
from unified.resource import DenormalizeError, Resource, TenantContext
from unified.resources import RESOURCES, by_endpoint
from unified.shape import Read

NOW = datetime(2026, 11, 3, 1, 2, 3, tzinfo=UTC)
CONNECTION = "b87a2bd3-0f1e-4c8e-8a63-1c2f6c1d7e22"
TENANT = "2f6c1d7e-9a53-4f0e-8a63-0b3a6a526a5c"
Values = Mapping[str, Any]


@cache
def ledger() -> Ledger:
    """Books in New Zealand dollars, shared by the tests below: each makes things of its own."""
    spec = TenantSpec(currency="NZD", tenant_id=TENANT)
    sizes = OpeningBooks(contacts=3, invoices=3, bills=3, months=1)
    config = SimulatorConfig(seed=7, opening=sizes)
    held = open_books(Books(config, lambda: NOW), spec, sizes, "written").ledger
    list(held.reference.categories)[1].status = "ARCHIVED"  # two are all that may be active
    return held


CONTEXT = TenantContext(
    tenant_id=TenantId(TENANT),
    connection_id=ConnectionId(CONNECTION),
    base_currency="NZD",
    business_date=NOW.date(),
)


def ref(remote_id: str) -> dict[str, Any]:
    """Another thing, as the api hands it to a resource: by Xero's id."""
    return {"id": None, "remote_id": remote_id}


def account(code: str) -> dict[str, Any]:
    """An account of the chart, by its id and code."""
    held = ledger().account(code=code)
    assert held is not None
    return {**ref(held.id), "code": code}


def contact() -> dict[str, Any]:
    """Somebody whom the books know."""
    return ref(next(each.id for each in ledger().contacts if each.status == "ACTIVE"))


def theme() -> dict[str, Any]:
    """A way in which documents look."""
    return ref(next(iter(ledger().reference.themes)).id)


def tracking() -> dict[str, Any]:
    """The first option of the first tracking category that has any."""
    category = next(each for each in ledger().reference.categories if each.options)
    return {"category": ref(category.id), "option": ref(category.options[0].id)}


def line(**changes: Any) -> dict[str, Any]:
    """A line with all that callers may say of one."""
    whole = {
        "description": "Two days of work",
        "quantity": "2",
        "unit_price": "150.2525",
        "account": account("200"),
        "tax_rate": ref("OUTPUT2"),
        "tracking": [tracking()],
        "discount_percent": "10",
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


def cost(**changes: Any) -> dict[str, Any]:
    """A line of a bill: suppliers give no discounts at Xero."""
    return line(**{"account": account("429"), "tax_rate": ref("INPUT2"), "discount_percent": ...,
                   **changes})  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One thing that is made, then changed.

    Attributes:
        made: all that is said when it is made.
        changed: what is said afterwards; the rest stays.
        told: what comes back otherwise than it was said, by the field.
        unsaid: writable fields that this case leaves out, with the reason.
    """

    made: Values
    changed: Values = field(default_factory=dict)
    told: Values = field(default_factory=dict)
    unsaid: Mapping[str, str] = field(default_factory=dict)


def cases() -> dict[str, Case]:
    """A case or two for each source that is written, by its endpoint's path and a word."""
    drafted: dict[str, Any] = {
        "contact": contact(),
        "currency": "USD",
        "exchange_rate_to_base": "1.6",
        "tax_mode": "exclusive",
        "line_items": [line()],
        "branding_theme": theme(),
        "reference": "PO 118",
        "issue_date": "2026-11-02",
    }
    return {
        "Accounts": Case(
            made={
                "code": "431", "name": "Travel", "description": "Trains and flights",
                "type": "expense", "default_tax_rate": ref("INPUT2"), "accepts_payments": True,
                "show_in_expense_claims": True, "is_watchlisted": True,
            },
            changed={"name": "Travel abroad", "description": "Flights"},
            unsaid={
                "status": "new ones are active, and it moves alone",
                "currency": "of bank accounts", "bank_account": "of bank accounts",
                "reporting_code": "the simulator keeps its own",
            },
        ),
        "Accounts of a bank": Case(
            made={
                "code": "196", "name": "Dollars abroad", "type": "credit_card",
                "is_bank_account": True, "currency": "USD",
                "bank_account": {"number": "4000123412341234", "kind": "credit_card"},
            },
            changed={"name": "Dollars"},
            told={"bank_account": {"number": "4000123412341234", "kind": "credit_card",
                                   "remote_kind": None}},
            unsaid=dict.fromkeys(
                ("status", "description", "default_tax_rate", "accepts_payments",
                 "show_in_expense_claims", "is_watchlisted", "reporting_code"), "above"),
        ),
        "BankTransactions": Case(
            made={
                "status": "posted", "type": "spend", "date": "2026-11-02", "contact": contact(),
                "account": account("090"), "reference": "Card 118", "tax_mode": "inclusive",
                "line_items": [cost()], "is_reconciled": False,
                "source_url": "https://example.com/1",
            },
            changed={"reference": "Card 119"},
            unsaid={"currency": "of overpayments", "exchange_rate_to_base": "of foreign accounts"},
        ),
        "BankTransfers": Case(
            made={
                "date": "2026-11-02", "account": account("090"), "counter_account": account("091"),
                "total": "250.00", "reference": "Savings",
                "legs": [{"direction": "outbound", "is_reconciled": True},
                         {"direction": "inbound", "is_reconciled": False}],
            },
            told={"legs": ...},
            unsaid={"exchange_rate_to_base": "Xero tells it"},
        ),
        "Contacts": Case(
            made={
                "name": "Harbour Bakery", "number": "C-118", "account_number": "A-7",
                "first_name": "Ana", "last_name": "Rewi", "email": "ana@example.com",
                "contact_persons": [{"first_name": "Tom", "last_name": "Hill",
                                     "email": "tom@example.com", "include_in_emails": True}],
                "phones": [{"type": "default", "number": "5550118", "area_code": "9",
                            "country_code": "64"}],
                "addresses": [{"type": "street", "line_1": "1 Quay St", "city": "Auckland",
                               "postal_code": "1010", "country": "New Zealand"}],
                "company_number": "900118", "tax_number": "118-118-118",
                "currency": "USD",
                "sales_defaults": {"account": {"code": "200"}, "tax_rate": ref("OUTPUT2"),
                                   "tax_mode": "exclusive",
                                   "tracking": [{"category": {"name": "Region"},
                                                 "option": {"name": "North"}}]},
                "purchase_defaults": {"account": {"code": "429"}, "tax_rate": ref("INPUT2"),
                                      "tax_mode": "inclusive"},
                "payment_terms": {"sales": {"days": 20, "basis": "of_following_month"},
                                  "bills": {"days": 7, "basis": "days_after_bill_date"}},
                "bank_details": "12-3456-7890123-00", "network_key": "key-118",
            },
            changed={"first_name": "Aroha", "email": "aroha@example.com", "phones": [],
                     "contact_persons": []},
            told={
                "bank_details": "****2300", "phones": ..., "addresses": ...,
                "sales_defaults": ..., "purchase_defaults": ..., "payment_terms": ...,
            },
            unsaid={"status": "new ones are active", "tax_number_type": "of some countries"},
        ),
        "ContactGroups": Case(
            made={"name": "Bakeries"}, changed={"name": "Bakers"},
            unsaid={"status": "new ones are active"},
        ),
        "CreditNotes": Case(
            made={
                **{k: v for k, v in drafted.items() if k != "branding_theme"},
                "line_items": [line(discount_percent=...)],
                "type": "receivable", "status": "draft", "number": "CN-118",
            },
            changed={"reference": "PO 119"},
            unsaid={"due_date": "the simulator keeps none"},
        ),
        "Currencies": Case(made={"code": "JPY"}),
        "Invoices": Case(
            made={
                **drafted, "type": "invoice", "status": "submitted", "number": "INV-118",
                "due_date": "2026-11-30", "expected_payment_date": "2026-12-01", "is_sent": False,
                "source_url": "https://example.com/2",
                "line_items": [line(), line(item={"code": "CONSULT"}, discount_percent=...,
                                            discount_amount="5.00")],
            },
            changed={"due_date": "2026-12-24", "reference": "PO 120"},
        ),
        "Invoices that are bills": Case(
            made={
                **{k: v for k, v in drafted.items() if k not in {"reference", "branding_theme"}},
                "type": "bill", "status": "draft", "number": "B-118",
                "due_date": "2026-11-30", "expected_payment_date": "2026-12-01",
                "line_items": [cost()], "source_url": "https://example.com/3",
            },
            changed={"expected_payment_date": "2026-12-02"},
            unsaid={"reference": "a bill's number is the supplier's reference",
                    "is_sent": "of sales", "branding_theme": "of sales"},
        ),
        "Items": Case(
            made={
                "code": "BREAD", "name": "Bread", "description": "Rye", "is_sold": True,
                "is_purchased": True, "purchase_description": "Rye, whole",
                "sales": {"unit_price": "6.5025", "account": {"code": "200"},
                          "tax_rate": ref("OUTPUT2")},
                "purchase": {"unit_price": "3.2525", "account": {"code": "429"},
                             "tax_rate": ref("INPUT2")},
            },
            changed={"name": "Rye bread", "sales": {"unit_price": "7.0025"}},
            told={"sales": ..., "purchase": ...},
            unsaid={"inventory_account": "of tracked ones"},
        ),
        "Items that are tracked": Case(
            made={
                "code": "CHAIR", "name": "Chair", "inventory_account": {"code": "630"},
                "purchase": {"unit_price": "80.0025", "account": {"code": "310"}},
                "sales": {"unit_price": "120.0025", "account": {"code": "200"}},
            },
            changed={"name": "Office chair"},
            told={"sales": ..., "purchase": ..., "inventory_account": ...},
            unsaid=dict.fromkeys(("description", "purchase_description", "is_sold",
                                  "is_purchased"), "above"),
        ),
        "ManualJournals": Case(
            made={
                "status": "draft", "date": "2026-11-02", "memo": "Rent accrued",
                "tax_mode": "none", "show_on_cash_basis": False,
                "source_url": "https://example.com/4",
                "lines": [
                    {"account": account("469"), "net_amount": "500.00", "description": "Rent",
                     "tracking": [tracking()]},
                    {"account": account("820"), "net_amount": "-500.00"},
                ],
            },
            changed={"memo": "Rent of November"},
            told={"lines": ...},
        ),
        "PurchaseOrders": Case(
            made={
                **drafted, "status": "open", "number": "PO-118", "line_items": [cost()],
                "delivery_date": "2026-11-20", "expected_arrival_date": "2026-11-21",
                "delivery": {"address": "1 Quay St, Auckland", "attention": "Ana",
                             "phone": "5550118", "instructions": "Ring twice"},
                "is_sent": True,
            },
            changed={"delivery": {"address": "2 Quay St, Auckland"}, "delivery_date": "2026-11-22"},
            told={"delivery": ...},
            unsaid={"exchange_rate_to_base": "see told"},
        ),
        "Quotes": Case(
            made={
                **drafted, "status": "draft", "number": "Q-118", "expiry_date": "2026-12-02",
                "title": "A shop", "summary": "All of it", "terms": "Net 20",
            },
            changed={"title": "A larger shop", "expiry_date": "2026-12-24"},
        ),
        "RepeatingInvoices": Case(
            made={
                **{k: v for k, v in drafted.items()
                   if k not in {"issue_date", "exchange_rate_to_base"}},
                "target_type": "invoice", "generates_status": "open",
                "line_items": [line(unit_price="150.25")],  # they have two decimals alone
                "schedule": {"interval": 1, "unit": "month", "start_date": "2026-12-01",
                             "end_date": "2027-12-01",
                             "due_rule": {"day": 20, "basis": "of_following_month"}},
                "auto_send": {"send": True, "send_copy": False, "mark_as_sent": True,
                              "include_pdf": True},
            },
            told={"schedule": ...},
            unsaid={"exchange_rate_to_base": "of what it makes"},
        ),
        "TaxRates": Case(
            made={
                "name": "City tax", "report_tax_type": "INPUT",
                "components": [
                    {"name": "City", "rate": "5.5", "is_compound": False,
                     "is_non_recoverable": False},
                    {"name": "County", "rate": "2", "is_compound": True,
                     "is_non_recoverable": False},
                ],
            },
            changed={"name": "City and county"},
            unsaid={"status": "new ones are active"},
        ),
        "TrackingCategories": Case(
            made={"name": "Team"}, unsaid={"status": "new ones are active"},
        ),
    }  # fmt: skip


def source_of(case: str) -> Resource:
    """The source that a case is of."""
    found = by_endpoint(case.partition(" ")[0])
    assert found is not None
    return found


def sent(source: Resource, body: Values, key: str = "", method: str = "PUT") -> dict[str, Any]:
    """A body written to the simulator's books, and its answer as a record."""
    element = decode(msgspec.json.encode(body))
    path = source.endpoint.path.lower()
    query = Query({"unitdp": "4"}, None, "tests")
    made = apply(ledger(), Target(ENDPOINTS[path], key), query, element=element, method=method)
    wire = decode(bytes(fragment(made)))
    return source.normalize(wire, CONTEXT, Read.SINGLE).record


def seen(record: Values, name: str, wished: Any) -> Any:
    """What a record shows of a wish: of nested things, only what was wished of them."""
    return _like(record[name], wished)


def _like(held: Any, wished: Any) -> Any:
    if isinstance(wished, dict) and isinstance(held, dict):
        if "remote_id" in wished:
            return {"remote_id": held["remote_id"]}
        return {key: _like(held.get(key), value) for key, value in wished.items()}
    if isinstance(wished, list) and isinstance(held, list) and len(held) == len(wished):
        return [_like(one, other) for one, other in zip(held, wished, strict=True)]
    return held


def _wish(value: Any) -> Any:
    if isinstance(value, dict):
        if "remote_id" in value:
            return {"remote_id": value["remote_id"]}
        return {key: _wish(each) for key, each in value.items()}
    return [_wish(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", cases())
def test_what_is_said_of_a_new_thing_is_in_the_books(name: str) -> None:
    """Every field that may be written, as it was written, whatever Xero calls it."""
    case, source = cases()[name], source_of(name)

    record = sent(source, source.denormalize({"base_currency": "NZD", **case.made}))

    for each, wished in case.made.items():
        if case.told.get(each, wished) is not ... and each != "is_bank_account":
            told = case.told.get(each, wished)
            assert _wish(told) == seen(record, each, told), each


@pytest.mark.parametrize("name", [name for name, case in cases().items() if case.changed])
def test_what_is_changed_is_changed_and_nothing_else(name: str) -> None:
    """A change sends only what is to be other: the rest stays as somebody else may have left it."""
    case, source = cases()[name], source_of(name)
    unique = {
        key: f"{value} again"
        for key, value in case.made.items()
        if key in {"name", "number"} and isinstance(value, str)
    }
    if "code" in case.made:
        unique["code"] = f"{case.made['code']}9"
    known = sent(source, source.denormalize({"base_currency": "NZD", **case.made, **unique}))
    wished = {**known, **case.changed}

    body = source.change(known, wished)
    method = "POST"
    key = "" if source.endpoint.coded else known["remote_id"]
    record = sent(source, body, key=key, method=method)

    for each, wish in case.changed.items():
        assert _wish(wish) == seen(record, each, wish), each
    untouched = set(case.made) - set(case.changed) - {"line_items", "is_bank_account"}
    for each in untouched:
        assert record[each] == known[each], each


@pytest.mark.parametrize(
    "source",
    [each for each in RESOURCES if each.operation("create") and each.name not in
     {"payment", "batch_payment"}],
    ids=lambda each: each.endpoint.path,
)  # fmt: skip
def test_no_writable_field_is_forgotten_above(source: Resource) -> None:
    """Payments and batches are made in tests/acceptance, since they need documents to pay."""
    of_source = [case for name, case in cases().items() if source_of(name) is source]
    writable = {each.name for each in source.writable if each.name != "extensions"}

    assert of_source
    for case in of_source:
        assert writable == (set(case.made) & writable) | set(case.unsaid), source.name


def test_bill_with_a_reference_is_refused() -> None:
    """Xero would drop it without a word: a bill's number is the supplier's reference."""
    source = source_of("Invoices")
    bill = {"type": "bill", "contact": contact(), "line_items": [cost()], "reference": "A-1"}

    with pytest.raises(DenormalizeError) as caught:
        source.denormalize(bill)

    assert caught.value.path == "/reference"


def test_what_cannot_be_taken_away_is_said() -> None:
    """Xero empties texts; a date that it was told stays."""
    source = source_of("Quotes")
    known = {"remote_id": "x", "title": "A", "expiry_date": "2026-12-02", "contact": contact()}

    assert source.change(known, {**known, "title": None})["Title"] == ""
    with pytest.raises(DenormalizeError, match="/expiry_date"):
        source.change(known, {**known, "expiry_date": None})
