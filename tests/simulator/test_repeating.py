"""Templates of repeating invoices: their schedules, and the documents of each midnight."""

from datetime import date
from typing import Any

import pytest

from simulator import repeating
from simulator.books import Tenant
from simulator.model import Invoice
from simulator.promises import Template
from simulator.refusals import Refused
from tests.simulator.callers import Caller, Sink, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.test_documents import LINE, tenant_of

behaviour = pytest.mark.behaviour

#: Business time begins on 10 March 2026, 15:30 in Auckland.
RULE: dict[str, Any] = {
    "Period": 1,
    "Unit": "WEEKLY",
    "DueDate": 7,
    "DueDateType": "DAYSAFTERBILLDATE",
    "StartDate": "2026-03-11",
}


def element(schedule: dict[str, Any] | None = None, **wishes: Any) -> dict[str, Any]:
    """A template of approved invoices that begins tomorrow."""
    return {
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "Contact": {"Name": "Ada"},
        "LineItems": [LINE],
        "Schedule": {**RULE, **(schedule or {})},
        **wishes,
    }


def template(tenant: Tenant, schedule: dict[str, Any] | None = None, **wishes: Any) -> Template:
    """Make one."""
    return repeating.create(tenant.ledger, element(schedule, **wishes))


def made_by(tenant: Tenant, template: Template) -> list[Invoice]:
    """What it made, oldest first."""
    return sorted(
        (each for each in tenant.ledger.invoices if each.template_id == template.id),
        key=lambda each: each.date,
    )


async def books(caller: Caller) -> Any:
    """The raw books: tokens do not last until midnight."""
    return (await caller.control("books"))["tenants"][0]


@behaviour("Repeating invoices", "an invoice is made at the organisation's midnight, and announced")
async def test_template_runs_at_local_midnight(link: Link, clock: TurnedClock, sink: Sink) -> None:
    """Not a second before; it names its template, and the template its next day."""
    caller: Caller = await link(webhook_url=sink.url)
    tenant = tenant_of(caller)
    held = template(tenant, ApprovedForSending=True, Reference="Plan 7")
    await caller.control("deliveries", {})

    clock.turn(hours=8, minutes=29, seconds=59)  # 23:59:59 in Auckland
    early = (await books(caller))["Invoices"]
    clock.turn(seconds=1)
    later = await books(caller)
    (shown,), (after,) = later["Invoices"], later["RepeatingInvoices"]
    await caller.control("deliveries", {})

    assert early == []
    assert (shown["RepeatingInvoiceID"], shown["Status"]) == (held.id, "AUTHORISED")
    assert (shown["DateString"], shown["DueDateString"]) == (
        "2026-03-11T00:00:00",
        "2026-03-18T00:00:00",
    )
    assert (shown["SentToContact"], shown["Reference"], shown["Total"]) == (True, "Plan 7", 115.0)
    assert held.next_run == date(2026, 3, 18)
    assert "NextScheduledDate" in after["Schedule"]
    created = [each for each in sink.events if each["eventCategory"] == "INVOICE"]
    assert [(each["resourceId"], each["eventType"]) for each in created] == [
        (shown["InvoiceID"], "CREATE")
    ]


@behaviour("Repeating invoices", "midnight comes though nobody asks for anything")
async def test_night_watch_runs_templates(link: Link, clock: TurnedClock, sink: Sink) -> None:
    """The webhook is the only sign, and it leaves by itself."""
    caller = await link(webhook_url=sink.url)
    template(tenant_of(caller), Contact={"Name": "Ada"})
    await sink.wait_for(1)
    before = len(sink.received)

    clock.turn(days=1)
    await sink.wait_for(before + 1)

    assert sink.events[-1]["eventCategory"] == "INVOICE"


@behaviour("Repeating invoices", "every missed day is made up for, by weeks or months, to the end")
@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ({}, ["2026-03-11", "2026-03-18", "2026-03-25", "2026-04-01", "2026-04-08"]),
        ({"Period": 2}, ["2026-03-11", "2026-03-25", "2026-04-08"]),
        ({"Unit": "MONTHLY"}, ["2026-03-11"]),
        ({"EndDate": "2026-03-20"}, ["2026-03-11", "2026-03-18"]),
        ({"StartDate": "2026-03-10"}, ["2026-03-10", "2026-03-17", "2026-03-24", "2026-03-31",
                                       "2026-04-07"]),
        ({"StartDate": "2026-02-25"}, ["2026-03-11", "2026-03-18", "2026-03-25", "2026-04-01",
                                       "2026-04-08"]),
    ],
)  # fmt: skip
def test_all_days_of_a_schedule(
    tenant: Tenant, clock: TurnedClock, schedule: dict[str, Any], days: list[str]
) -> None:
    """Days before the template was made are left out."""
    held = template(tenant, schedule)

    clock.turn(days=30)
    repeating.run_due(tenant.ledger)

    assert [each.date.isoformat() for each in made_by(tenant, held)] == days
    assert repeating.run_due(tenant.ledger) == 0


@behaviour("Repeating invoices", "a month that is too short has its last day")
def test_month_ends_are_kept(tenant: Tenant, clock: TurnedClock) -> None:
    """The day of the start comes back where there is room for it."""
    held = template(tenant, {"Unit": "MONTHLY", "StartDate": "2026-03-31"})

    clock.turn(days=120)
    repeating.run_due(tenant.ledger)

    days = [each.date.isoformat() for each in made_by(tenant, held)]
    assert days == ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]


@behaviour(
    "Repeating invoices", "what is made has the template's status, and falls due by its rule"
)
@pytest.mark.parametrize(
    ("kind", "day", "due"),
    [
        ("DAYSAFTERBILLDATE", 7, "2026-03-18"),
        ("DAYSAFTERINVOICEDATE", 7, "2026-03-18"),
        ("DAYSAFTERBILLMONTH", 7, "2026-04-07"),
        ("DAYSAFTERINVOICEMONTH", 7, "2026-04-07"),
        ("OFCURRENTMONTH", 20, "2026-03-20"),
        ("OFFOLLOWINGMONTH", 20, "2026-04-20"),
    ],
)
def test_due_rules(tenant: Tenant, clock: TurnedClock, kind: str, day: int, due: str) -> None:
    """Each way of counting; drafts of bills here, which are marked as sent to nobody."""
    held = template(tenant, {"DueDateType": kind, "DueDate": day}, Type="ACCPAY", Status="DRAFT")

    clock.turn(days=1)
    repeating.run_due(tenant.ledger)

    (made,) = made_by(tenant, held)
    assert (made.status, str(made.due_date), made.sent_to_contact) == ("DRAFT", due, None)


@behaviour("Repeating invoices", "a day that is refused passes without a document")
def test_locked_day_is_missed(tenant: Tenant, clock: TurnedClock) -> None:
    """And the template goes on to the next."""
    held = template(tenant)
    tenant.ledger.period_lock = date(2026, 3, 12)

    clock.turn(days=8)
    repeating.run_due(tenant.ledger)

    assert [each.date for each in made_by(tenant, held)] == [date(2026, 3, 18)]


@behaviour("Repeating invoices", "the API makes and deletes templates, and changes none")
async def test_api_only_deletes(link: Link, clock: TurnedClock) -> None:
    """A deleted one makes nothing, and names no next day."""
    caller = await link()
    (held,) = (await caller.put("RepeatingInvoices", element())).json()["RepeatingInvoices"]
    path = f"RepeatingInvoices/{held['RepeatingInvoiceID']}"

    changed = await caller.post(path, {"Reference": "Plan 8"})
    (gone,) = (await caller.post(path, {"Status": "DELETED"})).json()["RepeatingInvoices"]
    again = await caller.post(path, {"Status": "DELETED"})
    clock.turn(days=30)

    assert (changed.status_code, again.status_code) == (400, 400)
    assert gone["Status"] == "DELETED"
    assert "NextScheduledDate" not in gone["Schedule"]
    assert (await books(caller))["Invoices"] == []


@behaviour("Repeating invoices", "people change them in Xero's app: no stamp, no webhook")
async def test_changes_in_the_app(link: Link) -> None:
    """A list is the only sign, and If-Modified-Since leaves none out of it."""
    caller = await link()
    tenant = tenant_of(caller)
    held = template(tenant)

    repeating.change(tenant.ledger, held, {"Schedule": {"EndDate": "2026-03-20"}})
    repeating.change(tenant.ledger, held, {"LineItems": [{**LINE, "Quantity": 1}]})
    later = {"If-Modified-Since": "2030-01-01T00:00:00"}
    (shown,) = (await caller.get("RepeatingInvoices", headers=later)).json()["RepeatingInvoices"]

    assert shown["Total"] == 57.5
    assert "EndDate" in shown["Schedule"]
    assert "UpdatedDateUTC" not in shown
    assert shown["ID"] == shown["RepeatingInvoiceID"] == held.id


@behaviour("Repeating invoices", "single answers leave out how it is sent")
async def test_lists_say_more_than_single_answers(link: Link) -> None:
    """As the published examples have it."""
    caller = await link()
    held = template(tenant_of(caller), SendCopy=True)

    (alone,) = (await caller.get(f"RepeatingInvoices/{held.id}")).json()["RepeatingInvoices"]
    (listed,) = (await caller.get("RepeatingInvoices")).json()["RepeatingInvoices"]

    assert "SendCopy" not in alone
    assert listed["SendCopy"] is True


@behaviour("Repeating invoices", "incomplete templates and impossible schedules are refused")
@pytest.mark.parametrize(
    "wishes",
    [
        {"Type": "SPEND"},
        {"Contact": None},
        {"LineItems": []},
        {"Schedule": None},
        {"Schedule": {**RULE, "Period": 0}},
        {"Schedule": {**RULE, "Period": None}},
        {"Schedule": {**RULE, "Unit": "DAILY"}},
        {"Schedule": {**RULE, "DueDateType": "SOMEDAY"}},
        {"Schedule": {**RULE, "EndDate": "2026-03-01"}},
        {"Status": "SUBMITTED"},
    ],
)
def test_refused_templates(tenant: Tenant, wishes: dict[str, Any]) -> None:
    """Nothing is kept of them."""
    with pytest.raises(Refused):
        repeating.create(tenant.ledger, {**element(), **wishes})

    assert len(tenant.ledger.promises.templates) == 0
