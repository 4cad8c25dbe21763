"""The general ledger and its reports: everything posts, and agrees with the documents."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from simulator.config import OpeningBooks, TenantSpec
from simulator.exchange import in_base
from simulator.figures import Figures, month_end, shifted
from simulator.ledger import Ledger
from simulator.model import CreditKind
from simulator.money_reports import open_documents
from simulator.refusals import QueryUnreadable
from simulator.report_endpoints import REPORTS, report_wire
from simulator.simulation import Simulation
from simulator.tenant import Tenant
from tests.simulator.callers import API, Caller, TurnedClock, config
from tests.simulator.conftest import Link
from tests.simulator.test_business import played

ZERO = Decimal("0.00")
ADVANCED = {"tier": "advanced"}
SCOPES = (
    "accounting.settings accounting.invoices accounting.journals.read "
    "accounting.reports.trialbalance.read accounting.reports.aged.read"
)


@pytest.fixture(scope="module")
def lively() -> Ledger:
    """Books with a past of half a year and a busy day."""
    [tenant] = played(11, 500).books
    return tenant.ledger


def held(ledger: Ledger, role: str) -> Decimal:
    """What the account of a role holds."""
    [account] = [each for each in ledger.accounts if each.system == role]
    return sum(ledger.general.moved.get(account.id, {}).values(), ZERO)


def open_of(ledger: Ledger, *, is_sale: bool) -> Decimal:
    """What is open of all documents of one side, in base currency."""
    found = [
        in_base(each.amount_due, each.rate)
        for each in ledger.invoices
        if each.status in {"AUTHORISED", "PAID"} and each.is_sale == is_sale
    ]
    for kind in CreditKind:
        found += [
            -in_base(each.remaining, each.rate)
            for each in ledger.credits[kind]
            if each.status in {"AUTHORISED", "PAID"} and each.is_sale == is_sale
        ]
    return sum(found, ZERO)


def figures_of(report: dict[str, Any], label: str) -> list[str]:
    """The cells of a row, by what it is called."""

    def walk(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
        for row in rows:
            yield [cell["Value"] for cell in row.get("Cells", [])]
            yield from walk(row.get("Rows", []))

    return next(cells for cells in walk(report["Rows"]) if cells and cells[0] == label)


async def status(caller: Caller, path: str) -> int:
    """The status of the answer to a read."""
    return (await caller.http.get(f"{API}/{path}", headers=caller.headers)).status_code


async def asked(caller: Caller, path: str) -> dict[str, list[dict[str, Any]]]:
    """What a read answers."""
    answer = await caller.http.get(f"{API}/{path}", headers=caller.headers)
    assert answer.status_code == 200
    body: dict[str, list[dict[str, Any]]] = answer.json()
    return body


@pytest.mark.behaviour("General ledger", "every journal sums to zero, whatever was done")
def test_every_journal_balances(lively: Ledger) -> None:
    """Documents, payments, credits, transfers and what accountants book."""
    kinds = Counter(each.entry.source_type for each in lively.general.journals)

    assert all(
        sum((line.net for line in each.entry.lines), ZERO) == 0 for each in lively.general.journals
    )
    assert set(kinds) >= {
        "ACCREC", "ACCPAY", "ACCRECPAYMENT", "ACCPAYPAYMENT", "ACCRECCREDIT", "ACCPAYCREDIT",
        "ARCREDITPAYMENT", "ARPREPAYMENT", "AROVERPAYMENT", "CASHREC", "CASHPAID", "TRANSFER",
        "MANJOURNAL",
    }  # fmt: skip


@pytest.mark.behaviour(
    "General ledger", "receivables and payables hold what is open of documents, to the cent"
)
def test_control_accounts_agree_with_documents(lively: Ledger) -> None:
    """Also of foreign documents that were paid in parts at other rates."""
    assert held(lively, "DEBTORS") == open_of(lively, is_sale=True) != 0
    assert held(lively, "CREDITORS") == -open_of(lively, is_sale=False) != 0
    assert held(lively, "REALISEDCURRENCYGAIN") != 0


@pytest.mark.behaviour("Reports", "debits are credits in the trial balance, on either basis")
@pytest.mark.parametrize("basis", ["false", "true"])
def test_trial_balance_balances(lively: Ledger, basis: str) -> None:
    """This month's and the year's."""
    report = report_wire(lively, "TrialBalance", {"paymentsonly": basis})
    _, debit, credit, held_debit, held_credit = figures_of(report, "Total")

    assert (debit, held_debit) == (credit, held_credit)
    assert Decimal(held_debit) > 0


@pytest.mark.behaviour("Reports", "net assets are equity in the balance sheet, on either basis")
@pytest.mark.parametrize("basis", ["false", "true"])
def test_balance_sheet_balances(lively: Ledger, basis: str) -> None:
    """At the ends of a year of months, over the end of a financial year."""
    report = report_wire(lively, "BalanceSheet", {"paymentsonly": basis, "periods": "11"})

    net, equity = figures_of(report, "Net Assets")[1:], figures_of(report, "Total Equity")[1:]
    assert net == equity
    assert len(net) == 12


@pytest.mark.behaviour("Reports", "the months of a profit and loss add up to the year's earnings")
def test_profit_agrees_with_earnings(lively: Ledger) -> None:
    """What a year of months earned is what the balance sheets say it did."""
    end = month_end(lively.today())
    report = report_wire(lively, "ProfitAndLoss", {"periods": "11", "timeframe": "MONTH"})
    figures = Figures.of(lively)
    earned = -figures.earned(shifted(end, -11).replace(day=1), end)

    assert sum(map(Decimal, figures_of(report, "Net Profit")[1:])) == earned


@pytest.mark.behaviour("Reports", "aged reports of all contacts add up to the control account")
@pytest.mark.parametrize(("kind", "role"), [("Receivables", "DEBTORS"), ("Payables", "CREDITORS")])
def test_ageing_agrees_with_invoices(lively: Ledger, kind: str, role: str) -> None:
    """Credits count below zero; a document that is not due yet counts too."""
    total = ZERO
    for contact in lively.contacts:
        params = {"contactid": contact.id}
        report = report_wire(lively, f"Aged{kind}ByContact", params)
        total += Decimal(figures_of(report, "Closing Balance")[-1])

    assert total == abs(held(lively, role)) != 0


@pytest.mark.behaviour("Reports", "an aged report shows what was open on an earlier day")
def test_ageing_of_an_earlier_day(lively: Ledger) -> None:
    """What was paid since was owed then."""
    contact = max(lively.contacts, key=lambda each: len(each.documents))
    paid = next(
        each
        for each in map(lively.invoices.by_id.__getitem__, sorted(contact.documents))
        if each.is_sale and each.status == "PAID" and each.payments
        and lively.payments.by_id[each.payments[-1]].date > each.date
    )  # fmt: skip
    at = lively.payments.by_id[paid.payments[-1]].date - timedelta(days=1)

    then = [each.document.id for each in open_documents(lively, contact, at, is_sale=True)]
    now = [
        each.document.id for each in open_documents(lively, contact, lively.today(), is_sale=True)
    ]
    assert paid.id in then
    assert paid.id not in now


@pytest.mark.behaviour("Reports", "the bank summary's flows lead from balance to balance")
def test_bank_summary_agrees_with_accounts(lively: Ledger) -> None:
    """Every bank account's closing balance is what the ledger has."""
    report = report_wire(lively, "BankSummary", {})
    for account in lively.accounts:
        if account.type == "BANK":
            opening, received, spent, closing = map(Decimal, figures_of(report, account.name)[1:])
            assert opening + received - spent == closing
            assert closing == sum(lively.general.moved.get(account.id, {}).values(), ZERO)


@pytest.mark.behaviour("Reports", "tracking options leave only lines that have them")
def test_tracking_divides_the_profit(lively: Ledger) -> None:
    """What is sold in the regions, and what has none, is all that is sold."""
    region = next(iter(lively.reference.categories))
    whole = Decimal(figures_of(report_wire(lively, "ProfitAndLoss", {}), "Total Income")[1])
    parts = []
    for option in region.options:
        report = report_wire(lively, "ProfitAndLoss", {"trackingoptionid": option.id})
        parts.append(Decimal(figures_of(report, "Net Profit")[1]))

    assert any(parts)
    assert all(abs(part) < whole for part in parts)


@pytest.mark.behaviour("General ledger", "an edit reverses what stood and posts what stands now")
def test_edits_surface_as_further_journals(tenant: Tenant) -> None:
    """Nothing is ever changed or taken away; a void leaves nothing standing."""
    contact = tenant.create_contact(Name="Ana Kahu")
    invoice = tenant.create_invoice(
        Type="ACCREC", Status="AUTHORISED", DueDate="2026-03-20",
        Contact={"ContactID": contact.id},
        LineItems=[{"Description": "Desk", "UnitAmount": "100", "AccountCode": "200"}],
    )  # fmt: skip
    general = tenant.ledger.general
    [first] = general.journals
    assert [line.net for line in first.entry.lines] == [
        Decimal("115.00"), Decimal("-100.00"), Decimal("-15.00")
    ]  # fmt: skip

    tenant.update_invoice(invoice.id, Reference="PO 1")
    tenant.update_invoice(invoice.id, LineItems=[
        {"Description": "Desk", "UnitAmount": "200", "AccountCode": "200"}
    ])  # fmt: skip
    tenant.void(invoice.id)

    amounts = [each.entry.lines[0].net for each in general.journals]
    assert general.journals[0] is first
    assert amounts == [115, -115, 115, -115, 230, -230]
    assert [each.number for each in general.journals] == [1, 2, 3, 4, 5, 6]
    assert list(general.standing()) == []


@pytest.mark.behaviour("General ledger", "drafts book nothing; approving them does")
def test_drafts_are_not_booked(tenant: Tenant) -> None:
    """Nor does what only says who is who."""
    contact = tenant.create_contact(Name="Ana Kahu")
    invoice = tenant.create_invoice(
        Type="ACCPAY", DueDate="2026-03-20", Contact={"ContactID": contact.id},
        LineItems=[{"Description": "Paper", "UnitAmount": "10", "AccountCode": "461"}],
    )  # fmt: skip
    assert tenant.ledger.general.journals == []

    tenant.approve(invoice.id)
    assert len(tenant.ledger.general.journals) == 1


@pytest.mark.behaviour("General ledger", "an unstamped payment date or rate is booked all the same")
def test_gain_of_a_foreign_payment_is_booked() -> None:
    """Money that came in at a better rate than it was billed at is a gain."""
    clock = TurnedClock()
    tenant = Simulation(config(clock=clock)).books.add(TenantSpec(currency="NZD"))
    contact = tenant.create_contact(Name="Ana Kahu")
    invoice = tenant.create_invoice(
        Type="ACCREC", Status="AUTHORISED", DueDate="2026-03-20", CurrencyCode="USD",
        CurrencyRate="0.5", Contact={"ContactID": contact.id}, LineAmountTypes="NoTax",
        LineItems=[{"Description": "Desk", "UnitAmount": "100", "AccountCode": "200"}],
    )  # fmt: skip
    tenant.pay(invoice.id, CurrencyRate="0.4")

    ledger = tenant.ledger
    assert held(ledger, "DEBTORS") == 0
    assert held(ledger, "REALISEDCURRENCYGAIN") == Decimal("-50.00")
    [bank] = [each for each in ledger.accounts if each.code == "090"]
    assert sum(ledger.general.moved[bank.id].values()) == Decimal("250.00")


@pytest.mark.behaviour("Reports", "on the cash basis a sale counts when and as far as it is paid")
def test_cash_basis_counts_what_was_paid(tenant: Tenant) -> None:
    """Half of an invoice was paid: half of it is income, with half of its tax."""
    contact = tenant.create_contact(Name="Ana Kahu")
    invoice = tenant.create_invoice(
        Type="ACCREC", Status="AUTHORISED", DueDate="2026-03-20",
        Contact={"ContactID": contact.id},
        LineItems=[{"Description": "Desk", "UnitAmount": "100", "AccountCode": "200"}],
    )  # fmt: skip
    tenant.pay(invoice.id, "57.50")

    accrual = report_wire(tenant.ledger, "ProfitAndLoss", {})
    cash = report_wire(tenant.ledger, "ProfitAndLoss", {"paymentsonly": "true"})
    assert figures_of(accrual, "Sales")[1] == "100.00"
    assert figures_of(cash, "Sales")[1] == "50.00"
    sheet = report_wire(tenant.ledger, "TrialBalance", {"paymentsonly": "true"})
    assert figures_of(sheet, "Sales Tax (820)")[-1] == "7.50"


@pytest.mark.behaviour("Reports", "retained earnings hold what earlier financial years left")
def test_year_ends_and_earnings_are_retained() -> None:
    """New Zealand's year ends with March: then income begins anew."""
    clock = TurnedClock()
    tenant = Simulation(config(clock=clock)).books.add(TenantSpec(currency="NZD"))
    contact = tenant.create_contact(Name="Ana Kahu")
    tenant.create_invoice(
        Type="ACCREC", Status="AUTHORISED", Date="2026-03-10", DueDate="2026-03-20",
        Contact={"ContactID": contact.id}, LineAmountTypes="NoTax",
        LineItems=[{"Description": "Desk", "UnitAmount": "100", "AccountCode": "200"}],
    )  # fmt: skip
    figures = Figures.of(tenant.ledger)
    accounts = {each.code: each for each in tenant.ledger.accounts}

    assert figures.held(accounts["200"], date(2026, 3, 31)) == -100
    assert figures.held(accounts["960"], date(2026, 3, 31)) == 0
    assert figures.held(accounts["200"], date(2026, 4, 1)) == 0
    assert figures.held(accounts["960"], date(2026, 4, 1)) == -100


@pytest.mark.behaviour(
    "General ledger", "journals come by a hundred after a number, and alone without their source"
)
async def test_journals_go_on_by_number(link: Link) -> None:
    """The offset is a number, exclusive; a list at its end is empty."""
    caller = await link(
        scope=f"openid offline_access {SCOPES}", opening=OpeningBooks(invoices=90), **ADVANCED
    )
    journals = next(iter(caller.running.books)).ledger.general.journals
    seen: list[int] = []
    while found := (await asked(caller, f"Journals?offset={seen[-1] if seen else 0}"))["Journals"]:
        assert len(found) <= 100
        seen += [each["JournalNumber"] for each in found]

    assert len(seen) > 100
    assert seen == [each.number for each in journals]
    alone = (await asked(caller, "Journals/2"))["Journals"][0]
    assert alone["JournalID"] == journals[1].id
    assert "SourceType" not in alone
    cash = (await asked(caller, "Journals?paymentsOnly=true"))["Journals"]
    assert {each["SourceType"] for each in cash} & {"ACCREC", "ACCPAY"} == set()


@pytest.mark.behaviour("Reports", "each report has a scope of its own")
async def test_reports_have_scopes_of_their_own(link: Link) -> None:
    """One that is granted opens no other."""
    caller = await link(scope=f"openid offline_access {SCOPES}", **ADVANCED)

    wanted = {
        "TrialBalance": 200, "BalanceSheet": 401, "AgedPayablesByContact": 400,
        "TenNinetyNine": 401,
    }  # fmt: skip
    got = {name: await status(caller, f"Reports/{name}") for name in wanted}
    assert got == wanted


@pytest.mark.behaviour("Reports", "what can't be computed is refused: dates, periods, contacts")
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("ProfitAndLoss", {"fromdate": "tomorrow"}),
        ("ProfitAndLoss", {"fromdate": "2026-03-10", "todate": "2026-03-01"}),
        ("ProfitAndLoss", {"fromdate": "2024-03-10", "todate": "2026-03-01"}),
        ("BalanceSheet", {"periods": "13"}),
        ("BalanceSheet", {"timeframe": "WEEK"}),
        ("AgedPayablesByContact", {"contactid": "Ana"}),
    ],
)
def test_unreadable_questions_are_refused(
    tenant: Tenant, kind: str, params: dict[str, str]
) -> None:
    """As Xero does for what a report cannot be about."""
    with pytest.raises(QueryUnreadable):
        report_wire(tenant.ledger, kind, params)


def test_all_reports_can_be_had_of_empty_books(tenant: Tenant) -> None:
    """A new organisation has figures too: none."""
    contact = tenant.create_contact(Name="Ana Kahu")
    for kind in REPORTS:
        assert report_wire(tenant.ledger, kind, {"contactid": contact.id})["Rows"]
