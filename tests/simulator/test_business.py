"""The seeded business and the control API around it."""

import asyncio
import functools
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulator import enclosures, filed, wire
from simulator.business import Business
from simulator.clock import FileClock
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.opening import open_books
from simulator.refusals import Refused
from simulator.server import serve
from simulator.simulation import Simulation
from tests.simulator.callers import SMALL, TurnedClock, config
from tests.simulator.conftest import Link

CREDITS = {
    "CreditNotes": "CreditNoteID",
    "Prepayments": "PrepaymentID",
    "Overpayments": "OverpaymentID",
}
LIVELY = OpeningBooks(contacts=12, invoices=60, bills=25, months=6)


def played(seed: int, actions: int, opening: OpeningBooks = LIVELY) -> Simulation:
    """A simulation with its past and so many live actions, a second apart."""
    clock = TurnedClock()
    simulation = Simulation(config(seed=seed, clock=clock))
    for spec in simulation.config.specs():
        open_books(simulation.books, spec, opening, str(seed))
    business = Business(simulation.books, simulation.rng("business"))
    for _ in range(actions):
        clock.turn(seconds=1)
        business.act()
    return simulation


def raw(simulation: Simulation) -> list[dict[str, Any]]:
    """All books."""
    return [tenant.raw() for tenant in simulation.books]


@functools.cache
def busy(actions: int) -> dict[str, Any]:
    """The books of one organisation after so many actions; read them, change nothing."""
    (books,) = raw(played(3, actions))
    return books


@pytest.mark.behaviour(
    "Generator and control",
    "the same seed makes the same organisations, books and actions",
)
def test_same_seed_same_books_other_seed_others() -> None:
    """A failure seen once can be seen again."""
    assert wire.compact(raw(played(7, 150))) == wire.compact(raw(played(7, 150)))
    assert wire.compact(raw(played(7, 0))) != wire.compact(raw(played(8, 0)))


@pytest.mark.behaviour(
    "Generator and control",
    "opening books hold documents of every status over months",
)
def test_opening_books_look_lived_in() -> None:
    """Some documents of every status, some part-paid, credits of all kinds, stamps over months."""
    (books,) = raw(played(3, 0, OpeningBooks(contacts=20, invoices=200, bills=100)))
    invoices = books["Invoices"]

    statuses = Counter(one["Status"] for one in invoices)
    assert sum("RepeatingInvoiceID" not in one for one in invoices) == 300
    assert set(statuses) == {"DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"}
    assert any(one["AmountPaid"] and one["AmountDue"] for one in invoices)
    assert {one["Status"] for one in books["CreditNotes"]} >= {"DRAFT", "AUTHORISED", "PAID"}
    assert all({"AUTHORISED", "PAID"} <= statuses_of(books[kind]) for kind in CREDITS)
    assert {one["CurrencyCode"] for one in invoices} >= {"NZD", "USD", "EUR"}
    assert {one["Status"] for one in books["Payments"]} == {"AUTHORISED", "DELETED"}
    assert len({one["PaymentType"] for one in books["Payments"]}) >= 5
    assert any(one["Amount"] != one["BankAmount"] for one in books["Payments"])
    assert any(line["Tracking"] for one in invoices for line in one["LineItems"])
    stamps = [one["UpdatedDateUTC"] for one in invoices]
    assert stamps == sorted(stamps)
    assert int(stamps[-1][6:19]) - int(stamps[0][6:19]) > 60 * 86_400_000


@pytest.mark.behaviour(
    "Generator and control",
    "random business keeps amounts, tax and status in agreement",
)
def test_books_stay_consistent_through_a_thousand_actions() -> None:
    """AmountDue, AmountPaid, AmountCredited, tax and status agree on every document, always."""
    simulation = played(11, 1000)
    (books,) = raw(simulation)
    paid: dict[str, Decimal] = {}
    for one in books["Payments"]:
        if one["Status"] == "AUTHORISED":
            key = one["Invoice"]["InvoiceID"]
            paid[key] = paid.get(key, Decimal(0)) + one["Amount"]

    credited: dict[str, Decimal] = {}
    for kind, key in CREDITS.items():
        for credit in books[kind]:
            allocated = sum((held["Amount"] for held in credit["Allocations"]), Decimal(0))
            for held in credit["Allocations"]:
                invoice_id = held["Invoice"]["InvoiceID"]
                credited[invoice_id] = credited.get(invoice_id, Decimal(0)) + held["Amount"]
            refunded = paid.get(credit[key], Decimal(0))
            assert credit["RemainingCredit"] == credit["Total"] - allocated - refunded >= 0
            used = credit["RemainingCredit"] == 0 and credit["Status"] not in {"VOIDED", "DELETED"}
            assert (credit["Status"] == "PAID") == used

    for one in books["Invoices"]:
        assert one["Total"] == one["SubTotal"] + one["TotalTax"]
        assert one["AmountPaid"] == paid.get(one["InvoiceID"], 0)
        if one["Status"] == "VOIDED":
            assert one["AmountDue"] == 0
        else:
            assert one["AmountDue"] == one["Total"] - one["AmountPaid"] - one["AmountCredited"]
        assert one["AmountDue"] >= 0
        assert one["AmountCredited"] == credited.get(one["InvoiceID"], 0)
        assert one["AmountCredited"] == sum(
            stub["AppliedAmount"] for kind in CREDITS for stub in one[kind]
        )
        assert (one["Status"] == "PAID") == ("FullyPaidOnDate" in one)
        assert one["TotalTax"] == sum(line["TaxAmount"] for line in one["LineItems"])
    names = [c["Name"].lower() for c in books["Contacts"] if c["ContactStatus"] == "ACTIVE"]
    assert len(names) == len(set(names))


@pytest.mark.behaviour("Generator and control", "every change is stamped and announced")
def test_every_change_is_announced_and_stamped() -> None:
    """With stamped_only nothing differs that was not announced since."""
    clock = TurnedClock()
    simulation = Simulation(config(clock=clock, seed=5))
    open_books(simulation.books, simulation.config.specs()[0], LIVELY, "5")
    touched: set[str] = set()
    simulation.books.listen(lambda change: touched.add(change.record_id))
    business = Business(simulation.books, simulation.rng("business"))
    before = flat(simulation)

    for _ in range(300):
        clock.turn(seconds=1)
        business.act()

    after = flat(simulation)
    changed = {key for key, record in after.items() if before.get(key) != record}
    assert changed
    assert changed <= touched


@pytest.mark.behaviour(
    "Generator and control",
    "accounts, tax rates, items, tracking and currencies change now and then",
)
def test_what_documents_refer_to_changes_now_and_then() -> None:
    """Each of the five kinds, so that whoever mirrors them has something to find."""
    before, after = busy(0), busy(3000)

    for kind in ("Accounts", "TaxRates", "Items", "TrackingCategories", "Currencies"):
        assert before[kind] != after[kind], kind
    assert {"ACTIVE", "ARCHIVED"} <= statuses_of(after["Accounts"])
    used = {line["AccountCode"] for one in after["Invoices"] for line in one["LineItems"]}
    assert used <= {account["Code"] for account in after["Accounts"]}


@pytest.mark.behaviour(
    "Generator and control", "orders, quotes and repeating invoices are made, moved and ended"
)
def test_promises_are_made_and_kept() -> None:
    """Each kind is there from the start, grows, and gets through all that can happen to it."""
    before, after = busy(0), busy(3000)

    for kind, statuses in {
        "PurchaseOrders": {"AUTHORISED", "BILLED", "DELETED"},
        "Quotes": {"SENT", "ACCEPTED", "DECLINED", "INVOICED", "DELETED"},
        "RepeatingInvoices": {"AUTHORISED", "DELETED"},
    }.items():
        assert 0 < len(before[kind]) < len(after[kind])
        assert {one["Status"] for one in after[kind]} >= statuses
    made = {one["RepeatingInvoiceID"] for one in before["Invoices"] if "RepeatingInvoiceID" in one}
    assert made <= {one["RepeatingInvoiceID"] for one in before["RepeatingInvoices"]}
    assert made


@pytest.mark.behaviour(
    "Generator and control", "money moves at banks, and is booked by hand, from the start and on"
)
def test_banks_and_accountants_act() -> None:
    """Every kind in every state, and a transfer's two sides say what it says."""
    before, after = busy(0), busy(3000)

    for kind, statuses in {
        "BankTransactions": {"AUTHORISED", "DELETED"},
        "BankTransfers": {"AUTHORISED", "DELETED"},
        "BatchPayments": {"AUTHORISED", "DELETED"},
        "ManualJournals": {"DRAFT", "POSTED", "VOIDED", "DELETED"},
    }.items():
        assert 0 < len(before[kind]) < len(after[kind])
        assert statuses_of(after[kind]) >= statuses
    assert {one["Type"] for one in after["BankTransactions"]} >= {"SPEND", "RECEIVE"}
    sides = {one["BankTransactionID"]: one for one in after["BankTransactions"]}
    for transfer in after["BankTransfers"]:
        out, into = (sides[transfer[f"{side}BankTransactionID"]] for side in ("From", "To"))
        assert out["Status"] == into["Status"] == transfer["Status"]
        assert (out["Total"], into["Total"]) == (transfer["Amount"],) * 2
        assert (out["IsReconciled"], into["IsReconciled"]) == (
            transfer["FromIsReconciled"], transfer["ToIsReconciled"]
        )  # fmt: skip
    paid = {one["PaymentID"]: one for one in after["Payments"]}
    for batch in after["BatchPayments"]:
        held = [paid[one["PaymentID"]] for one in batch["Payments"]]
        assert all(one["BatchPaymentID"] == batch["BatchPaymentID"] for one in held)
        assert sum(one["BankAmount"] for one in held) == (
            batch["TotalAmount"] if batch["Status"] == "AUTHORISED" else 0
        )
    for journal in after["ManualJournals"]:
        on_top = journal["LineAmountTypes"] == "Exclusive"
        lines = journal["JournalLines"]
        assert sum(line["LineAmount"] + (line["TaxAmount"] if on_top else 0) for line in lines) == 0


def statuses_of(records: list[dict[str, Any]]) -> set[str]:
    """All that occur."""
    return {one["Status"] for one in records}


def flat(simulation: Simulation) -> dict[str, Any]:
    """Contacts and documents by id, without balances and embedded contacts."""
    (books,) = raw(simulation)
    found: dict[str, Any] = {}
    for one in books["Contacts"]:
        found[one["ContactID"]] = {k: v for k, v in one.items() if k != "Balances"}
    for one in books["Invoices"]:
        found[one["InvoiceID"]] = {**one, "Contact": one["Contact"]["ContactID"]}
    for kind, key in CREDITS.items():
        for one in books[kind]:
            found[one[key]] = {**one, "Contact": one["Contact"]["ContactID"]}
    return found


@pytest.mark.behaviour(
    "Generator and control",
    "the generator plays at a rate, for a number of actions or a time",
)
async def test_play_runs_for_a_number_of_actions_and_ends(link: Link) -> None:
    """Quiet is when nothing plays and nothing is pending."""
    caller = await link(opening=SMALL)

    await caller.control("play", {"rate": 500, "actions": 40})
    async with asyncio.timeout(10):
        while (stats := await caller.control("stats"))["playing"]:
            pass

    assert stats["actions"] >= 39
    assert stats["deliveries"]["pending"] == 0


@pytest.mark.behaviour("Generator and control", "the generator stops when told")
async def test_play_can_be_stopped(link: Link) -> None:
    """Rate 0 stops."""
    caller = await link(opening=SMALL)
    await caller.control("play", {"rate": 50})

    stopped = await caller.control("play", {"rate": 0})

    assert stopped == {"playing": False}


@pytest.mark.behaviour(
    "Generator and control",
    "/control/books holds every record as a single GET shows it",
)
async def test_books_are_what_single_reads_with_unitdp_give(link: Link) -> None:
    """The oracle reads these; they must be the wire's."""
    caller = await link(opening=SMALL)
    await caller.control("act", {"actions": 30})
    (books,) = (await caller.control("books"))["tenants"]

    for one in books["Invoices"][-5:]:
        answer = await caller.get(f"Invoices/{one['InvoiceID']}", {"unitdp": 4})
        assert answer.json()["Invoices"][0] == one
    for kind, key in CREDITS.items():
        for one in books[kind][-3:]:
            answer = await caller.get(f"{kind}/{one[key]}", {"unitdp": 4})
            assert answer.json()[kind][0] == one
    for one in books["Contacts"][-5:]:
        answer = await caller.get(f"Contacts/{one['ContactID']}")
        assert answer.json()["Contacts"][0] == one
    for one in books["Payments"][-3:]:
        answer = await caller.get(f"Payments/{one['PaymentID']}")
        assert answer.json()["Payments"][0]["Amount"] == one["Amount"]


@pytest.mark.behaviour(
    "Generator and control",
    "/control/edit writes past authorization and limits, by the same rules",
)
async def test_edit_writes_past_authorization(link: Link) -> None:
    """And is refused where Xero would refuse."""
    caller = await link()
    order = {"tenant_id": caller.tenant_id, "path": "Contacts", "body": {"Name": "Ada"}}

    made = await caller.control("edit", order)
    refused = await caller.control("edit", {**order, "method": "PUT"})
    changed = await caller.control(
        "edit",
        {
            **order,
            "path": f"Contacts/{made['Contacts'][0]['ContactID']}",
            "body": {"LastName": "L"},
        },
    )

    assert made["Contacts"][0]["Name"] == "Ada"
    assert refused["error"] == "refused"
    assert changed["Contacts"][0]["LastName"] == "L"


@pytest.mark.behaviour("Generator and control", "organisations can be added while it runs")
async def test_organisations_can_be_added_while_running(link: Link) -> None:
    """They are offered at the next consent."""
    caller = await link()

    made = await caller.control("tenants", {"name": "New Ltd", "currency": "ZAR", "invoices": 3})
    await caller.link(made["tenant_id"])
    answer = await caller.get("Organisation", headers={"xero-tenant-id": made["tenant_id"]})

    assert answer.json()["Organisations"][0]["BaseCurrency"] == "ZAR"
    assert len((await caller.control("announcement"))["tenants"]) == 2


async def test_serve_announces_where_it_is_bound() -> None:
    """What the command prints; cancelling ends it."""
    said: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(SimulatorConfig(opening=SMALL), announce=said.set_result))

    announced = await asyncio.wait_for(said, 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert set(announced) == {"base_url", "client_id", "client_secret", "webhook_key", "tenants",
                              "control_url"}  # fmt: skip
    assert announced["control_url"] == f"{announced['base_url']}/control"
    assert set(announced["tenants"][0]) == {"tenant_id", "name"}


@pytest.mark.behaviour("Generator and control", "business time can be shifted by a file of seconds")
def test_clock_file_shifts_business_time(tmp_path: Path) -> None:
    """Seconds as text, looked at again after fifty milliseconds."""
    path = tmp_path / "offset"
    at = [0.0]
    clock = FileClock(path, monotonic=lambda: at[0])
    real = clock()

    path.write_text("86400.5")
    at[0] = 0.01
    cached = clock()
    at[0] = 0.06
    shifted = clock()

    assert (cached - real).total_seconds() < 60
    assert 86_400 <= (shifted - real).total_seconds() < 86_460


def test_refused_carries_its_sentences() -> None:
    """One message per broken rule."""
    assert Refused("a", "b").messages == ("a", "b")


@pytest.mark.behaviour(
    "Generator and control",
    "opening books keep files with a record of every kind that can have any",
)
def test_opening_books_keep_files_with_every_kind_of_parent() -> None:
    """Credit notes only where chance left one a draft."""
    (books,) = raw(played(3, 0))
    parents = {one["Parent"] for one in books["Attachments"]}

    assert parents | {"CreditNotes"} == {
        "Accounts",
        "BankTransactions",
        "BankTransfers",
        "Contacts",
        "CreditNotes",
        "Invoices",
        "ManualJournals",
        "PurchaseOrders",
        "Quotes",
        "RepeatingInvoices",
    }
    held = {one["InvoiceID"] for one in books["Invoices"] if one["HasAttachments"]}
    assert held == {one["ParentID"] for one in books["Attachments"] if one["Parent"] == "Invoices"}


@pytest.mark.behaviour(
    "Generator and control",
    "random business edits whatever it puts a file with, so that a stamp tells of it",
)
def test_business_stamps_what_it_puts_a_file_with() -> None:
    """Xero promises no stamp for a file alone."""
    clock = TurnedClock()
    simulation = Simulation(config(seed=5, clock=clock))
    for spec in simulation.config.specs():
        open_books(simulation.books, spec, LIVELY, "5")
    (tenant,) = simulation.books
    files, rng, kinds = tenant.ledger.filing.files, simulation.rng("files"), set()
    for _ in range(60):
        clock.turn(seconds=1)
        before = dict(files)
        with suppress(Refused):
            enclosures.enclose(tenant, rng)
        for record_id in [key for key, held in files.items() if held != before.get(key)]:
            collection, record = filed.holder(tenant.ledger, record_id)
            assert getattr(record, "updated_ms") == wire.to_ms(clock())  # noqa: B009  # every kind has it
            kinds.add(collection)
    assert kinds >= {"Invoices", "Contacts", "Accounts", "PurchaseOrders"}
