"""Reports are read by schedule alone, become events when figures move, and tell balances."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from handlers.calendar import turn_calendar
from oracle.books import read_books
from oracle.common import Setting
from oracle.expected import expected_record
from oracle.match import mismatches
from simulator import wire
from simulator.config import OpeningBooks
from storage.database import Database
from storage.snapshots import schedule_snapshots, schedules, stop_snapshots
from tests.handlers.rig import Rig, running
from unified.resources.report import REPORTS
from xero.scopes import app_scopes_for

DAY = timedelta(days=1)
BOTH = OpeningBooks(contacts=3, invoices=6, bills=6, months=2)
FEW = ("Organisation", "Accounts", "Contacts", "Invoices")
TRIAL = "Reports/TrialBalance"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with no snapshot on."""
    async with running(database, FEW) as started:
        await started.work()
        yield started


async def turn_on(rig: Rig, path: str = TRIAL, *ids: str) -> None:
    """Take snapshots of an endpoint every day, and one now."""
    await schedule_snapshots(
        rig.db, rig.tenant, path, every=DAY, of=ids or (path.partition("/")[2],),
        now=rig.clock.now(),
    )  # fmt: skip
    await rig.work()


async def record(rig: Rig, resource: str, remote_id: str) -> dict[str, Any]:
    """A record of the mirror."""
    found = await rig.db.fetchval(
        "SELECT unified FROM record WHERE resource = $1 AND remote_id = $2", resource, remote_id
    )
    decoded: dict[str, Any] = msgspec.json.decode(found)
    return decoded


def an_open_invoice(rig: Rig) -> Any:
    """An approved sales invoice with something due."""
    return next(
        each
        for each in rig.books.ledger.invoices
        if each.is_sale and each.status == "AUTHORISED" and each.amount_due > 0
    )


async def test_nothing_is_read_until_somebody_turns_it_on(rig: Rig) -> None:
    """Each report costs a call a day, which is for the user to spend."""
    before = rig.calls
    rig.pass_time(days=2)
    await rig.only(TRIAL)
    await rig.work()

    assert await rig.mirror.events("report") == []
    assert rig.calls == before


async def test_trial_balance_gives_accounts_their_balances(rig: Rig) -> None:
    """Each account holds what the trial balance says, as balance sheets show it; what moves is an
    event of the account's own."""
    await turn_on(rig)

    [event] = await rig.mirror.events("report")
    report = await record(rig, "report", "TrialBalance")
    assert (event["op"], event["after"]["type"]) == ("r", "trial_balance")
    assert report["totals"]["debit"] == report["totals"]["credit"] != "0.00"
    ledger = rig.books.ledger
    for account in ledger.accounts:
        held = sum(ledger.general.moved.get(account.id, {}).values(), Decimal("0.00"))
        known = await record(rig, "account", account.id)
        sign = 1 if known["classification"] in {"asset", "expense"} else -1
        assert Decimal(known["current_balance"]) == held * sign
        assert known["balance_as_of"] == report["generated_at"]
    moved = [each for each in await rig.mirror.events("account") if each["op"] == "u"]
    assert moved
    assert all(each["changed_fields"] == ["/current_balance"] for each in moved)


async def test_same_figures_on_another_day_are_no_event(rig: Rig) -> None:
    """The day, the titles and the time of the balances pass without anything having changed."""
    await turn_on(rig)
    before = [len(await rig.mirror.events(name)) for name in ("report", "account")]
    rig.clock.set((await schedules(rig.db, rig.tenant))[TRIAL].due_at)
    await turn_calendar(rig.db, rig.tenant, rig.books.ledger.today())
    await rig.only(TRIAL)
    await rig.work()

    report = await record(rig, "report", "TrialBalance")
    account = await record(rig, "account", next(iter(rig.books.ledger.accounts)).id)
    assert [len(await rig.mirror.events(name)) for name in ("report", "account")] == before
    assert report["parameters"]["as_of"] == rig.books.ledger.today().isoformat()
    assert account["balance_as_of"] == report["generated_at"]


async def test_payment_moves_the_report_and_two_accounts(rig: Rig) -> None:
    """What somebody paid left receivables for the bank."""
    await turn_on(rig)
    before = len(await rig.mirror.events("account"))
    invoice = an_open_invoice(rig)
    rig.books.pay(invoice.id, Date=rig.books.ledger.today().isoformat())
    rig.pass_time(days=1)
    await rig.cursors_say("sweep_due_at = $1 WHERE endpoint = $2", rig.clock.now(), TRIAL)
    await rig.only(TRIAL)
    await rig.work()

    event = (await rig.mirror.events("report"))[-1]
    assert event["op"] == "u"
    assert all(path.startswith(("/rows", "/totals")) for path in event["changed_fields"])
    told = (await rig.mirror.events("account"))[before:]
    roles = {each["after"]["system_role"] or each["after"]["type"] for each in told}
    assert {"bank", "debtors"} <= roles


@pytest.mark.parametrize("report", REPORTS, ids=lambda each: each.endpoint.path)
async def test_every_report_says_what_the_books_do(database: Database, report: Any) -> None:
    """Read over the wire, every kind of report is what the oracle works out from the books."""
    path = report.endpoint.path
    async with running(database, ("Organisation", "Accounts"), opening=BOTH) as rig:
        await rig.work()
        raws = {
            key: raw
            for key, raw in read_books([msgspec.json.decode(wire.compact(rig.books.raw()))])[
                rig.tenant
            ]
            .held["report"]
            .items()
            if key.partition(":")[0] == path.partition("/")[2]
        }
        await turn_on(rig, path, *raws)
        setting = Setting(rig.tenant, "NZD", rig.books.ledger.today())

        assert raws
        for key, raw in raws.items():
            found = await record(rig, "report", key)
            assert list(mismatches(expected_record("report", raw, setting), found)) == []


async def test_aged_reports_together_are_what_receivables_hold(rig: Rig) -> None:
    """The reports of all contacts with something open add up to the control account."""
    ledger = rig.books.ledger
    ids = [f"AgedReceivablesByContact:{each.id}" for each in ledger.contacts]
    await turn_on(rig, "Reports/AgedReceivablesByContact", *ids)

    due = [Decimal((await record(rig, "report", key))["totals"]["due"]) for key in ids]
    [control] = [each for each in ledger.accounts if each.system == "DEBTORS"]
    assert sum(due) == sum(ledger.general.moved[control.id].values()) != 0


async def test_refused_report_is_unsupported_and_asked_again_in_a_week(
    database: Database,
) -> None:
    """A missing scope is no empty report and no dead letter; it is said, and tried again."""
    few = app_scopes_for(each.endpoint for each in REPORTS if "Trial" not in each.endpoint.path)
    usual = ("accounting.settings.read", *few)
    async with running(database, ("Organisation",), scopes=usual) as rig:
        await rig.work()
        await turn_on(rig)
        schedule = (await schedules(rig.db, rig.tenant))[TRIAL]

        assert "accounting.reports.trialbalance" in (schedule.unsupported_reason or "")
        assert schedule.due_at == rig.clock.now() + timedelta(days=7)
        assert await rig.notices() == await rig.notices("dead") == []
        assert await rig.mirror.events("report") == []
        said = await rig.db.fetchval("SELECT count(*) FROM announcement WHERE kind = 'capability'")
        assert said == 1


async def test_turned_off_it_keeps_what_was_taken(rig: Rig) -> None:
    """The last snapshot stays; nothing more is read."""
    await turn_on(rig)
    assert await stop_snapshots(rig.db, rig.tenant, [TRIAL]) == 1
    before = rig.calls
    rig.pass_time(days=3)
    await rig.only(TRIAL)
    await rig.work()

    assert rig.calls == before
    assert (await record(rig, "report", "TrialBalance"))["version"] == 1
    assert await schedules(rig.db, rig.tenant) == {}
