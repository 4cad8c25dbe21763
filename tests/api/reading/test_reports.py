"""Reports: as they were taken by schedule, or as Xero computes them now, with parameters."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.parameters import Parameter
from api.reading.reports import PARAMETERS, TAKES
from storage.database import Database
from storage.snapshots import schedule_snapshots
from tests.api.reading.rig import Reading, reading
from tests.handlers.rig import FEW, Rig, running
from unified.ids import record_id
from unified.resources.report import BY_TYPE

TRIAL = "Reports/TrialBalance"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with no snapshot on."""
    async with running(database, (*FEW, "Accounts")) as started:
        for _ in range(3):
            await started.work()
        started.pass_time(minutes=5)
        yield started


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Reading]:
    """The api over it."""
    async with reading(rig) as made:
        yield made


async def test_a_snapshot_is_told_without_a_call(rig: Rig, client: Reading) -> None:
    """By its type, its id and in the list; where parameters are sent, only if it was taken so."""
    assert (await client.problem("accounting/reports/trial_balance"))[:2] == (
        404, "snapshot_missing"
    )  # fmt: skip
    await schedule_snapshots(
        rig.db, rig.tenant, TRIAL, every=timedelta(days=1), of=["TrialBalance"],
        now=rig.clock.now(),
    )  # fmt: skip
    await rig.work()
    calls = rig.calls

    answer = await client.told("accounting/reports/trial_balance")
    report = answer["result"]
    assert answer["meta"]["as_of"] == report["generated_at"]
    day = report["parameters"]["as_of"]
    assert report["id"] == record_id(rig.tenant, "report", "TrialBalance")
    assert await client.one(f"accounting/reports/{report['id']}") == report
    assert await client.one("accounting/reports/remote:TrialBalance") == report
    assert (await client.told("accounting/reports", type="trial_balance"))["result"] == [report]
    assert (await client.one("accounting/reports/trial_balance", as_of=day)) == report
    slim = await client.one("accounting/reports/trial_balance", fields="totals")
    assert slim == {"id": report["id"], "totals": report["totals"]}
    other = await client.problem("accounting/reports/trial_balance", as_of="2020-01-31")
    assert other[:2] == (404, "snapshot_missing")
    assert day in other[2]
    assert rig.calls == calls


async def test_our_own_question_asked_live_is_the_next_snapshot(rig: Rig, client: Reading) -> None:
    """It is absorbed with an event; the mirror tells it from then on."""
    live = await client.one("accounting/reports/trial_balance", consistency="live")
    assert (live["version"], live["type"]) == (1, "trial_balance")
    [event] = await rig.mirror.events("report")
    assert event["after"]["totals"] == live["totals"]
    assert await client.one("accounting/reports/trial_balance") == live


async def test_a_question_of_the_callers_is_answered_and_kept_nowhere(
    rig: Rig, client: Reading
) -> None:
    """With its parameters in the answer, in the shape of every report."""
    asked = {"start_date": "2026-10-01", "end_date": "2026-10-31", "basis": "cash"}
    calls = rig.calls
    told = await client.one("accounting/reports/profit_and_loss", consistency="live", **asked)
    assert rig.calls == calls + 1
    shown = {name: told["parameters"][name] for name in asked}
    assert shown == asked
    assert told["parameters"]["periods"] is None
    BY_TYPE["profit_and_loss"].model.model_validate(told)
    other = await client.one(
        "accounting/reports/profit_and_loss", consistency="live", **{**asked, "basis": "accrual"}
    )
    assert other["id"] != told["id"]
    assert await rig.db.fetchval("SELECT count(*) FROM record WHERE resource = 'report'") == 0
    assert await rig.mirror.events("report") == []


@pytest.mark.parametrize("name", BY_TYPE)
async def test_each_report_takes_its_own_parameters(bare: Reading, name: str) -> None:
    """What another report takes is refused, not ignored."""
    contact = {"contact": "remote:0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d"}
    needed = contact if "contact" in TAKES[name] else {}
    for each in PARAMETERS:
        told = await bare.problem(
            f"accounting/reports/{name}", **{**needed, each.name: _value(each)}
        )
        taken = each.name in TAKES[name]
        assert told[:2] == ((404, "snapshot_missing") if taken else (400, "bad_request")), each.name


async def test_aged_reports_are_of_one_contact(rig: Rig, client: Reading) -> None:
    """By our id of it or Xero's; without one, or of nobody, they are refused."""
    invoice = next(each for each in rig.books.ledger.invoices if each.status == "AUTHORISED")
    remote = f"remote:{invoice.contact_id}"
    path = "accounting/reports/aged_receivables"
    told = await client.one(path, consistency="live", contact=remote)
    ours = record_id(rig.tenant, "contact", invoice.contact_id)
    assert told["parameters"]["contact"]["id"] == ours
    assert await client.one(path, contact=ours) == told
    dated = await client.one(path, consistency="live", contact=ours, as_of="2026-11-30")
    assert dated["parameters"]["as_of"] == "2026-11-30"
    for query in ({}, {"contact": record_id(rig.tenant, "invoice", invoice.id)}):
        assert (await client.problem(path, **query))[:2] == (400, "bad_request")


def _value(each: Parameter) -> Any:
    words = each.schema.get("enum")
    if words:
        return words[0]
    usual = {"periods": 2, "contact": "remote:0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d"}
    return each.example or usual[each.name]
