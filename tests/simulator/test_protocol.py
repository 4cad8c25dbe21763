"""Refusals of whole calls, what befalls organisations, and metering."""

from datetime import UTC, datetime

import pytest

from simulator.config import TenantSpec
from tests.simulator.callers import API, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.test_documents import sale, tenant_of


@pytest.mark.behaviour(
    "Refusals", "a method that a path does not take: 405, Allow names the others"
)
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "Contacts", "GET, POST, PUT"),
        ("DELETE", "Invoices", "GET, POST, PUT"),
        ("PUT", "Contacts/x", "GET, POST"),
        ("POST", "Organisation", "GET"),
        ("POST", "Overpayments", "GET"),
        ("POST", "Accounts", "GET, PUT"),
        ("DELETE", "Contacts/x/Attachments/y", "GET, POST, PUT"),
        ("POST", "Contacts/x/History", "GET, PUT"),
        ("GET", "Invoices/x/Email", "POST"),
    ],
)
async def test_methods_that_are_not_taken(link: Link, method: str, path: str, allowed: str) -> None:
    """Before anything is looked up."""
    caller = await link(
        scope="accounting.settings accounting.contacts accounting.invoices accounting.payments "
        "accounting.attachments"
    )

    answer = await caller.http.request(method, f"{API}/{path}", headers=caller.headers)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.behaviour("Refusals", "paths that lead nowhere: 404 with a sentence of HTML")
@pytest.mark.parametrize(
    "path",
    [
        "Nothing",
        "Contacts/x/Nothing",
        "Payments/x/Attachments",
        "Contacts/x/pdf",
        "Currencies/NZD",
        "Organisation/Actions/x",
        "Contacts/x/History/y",
    ],
)
async def test_paths_that_lead_nowhere(link: Link, path: str) -> None:
    """Also below records that would exist."""
    caller = await link(
        scope="accounting.contacts accounting.payments accounting.attachments accounting.settings"
    )

    answer = await caller.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.behaviour("Refusals", "a condition that no answer can meet (If-Match): 412")
async def test_conditions_that_cannot_hold(link: Link) -> None:
    """No answer carries an ETag."""
    caller = await link()

    answer = await caller.put("Contacts", {"Name": "Ada"}, If_Match='"1"')

    assert answer.status_code == 412
    assert (await caller.get("Contacts")).json()["Contacts"] == []


@pytest.mark.behaviour("Organisation", "an organisation that is offline answers 503 in plain text")
async def test_offline_organisations_answer_503(link: Link) -> None:
    """Others are not touched, and it comes back."""
    caller = await link(tenants=2)
    other = [tenant.id for tenant in caller.running.books][1]
    await caller.link(other)
    await caller.control(f"tenants/{caller.tenant_id}/offline", {})

    away = await caller.get("Organisation")
    well = await caller.get("Organisation", headers={"xero-tenant-id": other})
    await caller.control(f"tenants/{caller.tenant_id}/offline", {"offline": False})
    back = await caller.get("Organisation")

    assert (away.status_code, well.status_code, back.status_code) == (503, 200, 200)
    assert away.headers["content-type"].startswith("text/plain")
    assert "offline" in away.text


@pytest.mark.behaviour("Organisation", "a demo company that is reset gets another id and new books")
async def test_demo_companies_start_again(link: Link) -> None:
    """The old id is forbidden and listed no more; the new one can be linked."""
    caller = await link(tenants=(TenantSpec(demo=True, currency="AUD"),))
    shown = (await caller.get("Organisation")).json()["Organisations"][0]
    tenant_of(caller).create_contact(Name="gone with the reset")

    again = await caller.control(f"tenants/{caller.tenant_id}/reset", {})
    old = await caller.get("Contacts")
    await caller.link(again["tenant_id"])
    caller.tenant_id = again["tenant_id"]

    assert (shown["IsDemoCompany"], shown["Name"]) == (True, "Demo Company (AU)")
    assert old.status_code == 403
    assert again["name"] == shown["Name"]
    assert (await caller.get("Contacts")).json()["Contacts"] == []


async def test_only_demo_companies_are_reset(link: Link) -> None:
    """A slip must not lose an organisation."""
    caller = await link()

    assert "error" in await caller.control(f"tenants/{caller.tenant_id}/reset", {})
    assert (await caller.get("Organisation")).status_code == 200


@pytest.mark.behaviour("Limits and tiers", "egress is metered by month; GET Organisation is free")
async def test_egress_is_metered(link: Link, clock: TurnedClock) -> None:
    """What the tier includes stands beside it."""
    caller = await link(tier="plus")
    await caller.get("Organisation")
    size = len((await caller.get("Contacts")).content)

    march = (await caller.control("stats"))["egress"]
    clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    await caller.link()
    await caller.get("Organisation")
    april = (await caller.control("stats"))["egress"]

    assert march == {"month": "2026-03", "bytes": size, "included": 50 * 10**9}
    assert april == {"month": "2026-04", "bytes": 0, "included": 50 * 10**9}


@pytest.mark.behaviour("Organisation", "CIS settings exist in the United Kingdom alone")
async def test_construction_settings(link: Link) -> None:
    """Of the organisation and of its contacts."""
    caller = await link(tenants=(TenantSpec(currency="GBP"), TenantSpec(currency="NZD")))
    other = [tenant.id for tenant in caller.running.books][1]
    await caller.link(other)
    contact = tenant_of(caller).create_contact(Name="Ada")

    own = await caller.get(f"Organisation/{caller.tenant_id}/CISSettings")
    theirs = await caller.get(f"Contacts/{contact.id}/CISSettings")
    abroad = await caller.get(
        f"Organisation/{other}/CISSettings", headers={"xero-tenant-id": other}
    )

    assert own.json()["CISSettings"][0]["CISContractorEnabled"] is False
    assert theirs.json()["CISSettings"][0]["CISEnabled"] is False
    assert abroad.status_code == 404


@pytest.mark.behaviour("Organisation", "invoice reminders are told, and off")
async def test_invoice_reminders(link: Link) -> None:
    """One switch in a list."""
    caller = await link()

    answer = await caller.get("InvoiceReminders/Settings")

    assert answer.json()["InvoiceReminders"] == [{"Enabled": False}]


@pytest.mark.behaviour(
    "Generator and control", "/control/edit reaches what stands below records, too"
)
async def test_edit_reaches_nested_collections(link: Link) -> None:
    """A note on an invoice, an item removed, and a method that is not there."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    to = {"tenant_id": tenant.id}

    note = await caller.control(
        "edit",
        {**to, "path": f"Invoices/{made.id}/History", "method": "PUT", "body": {"Details": "hi"}},
    )
    item = await caller.control("edit", {**to, "path": "Items", "body": {"Code": "P1"}})
    gone = await caller.control(
        "edit", {**to, "path": f"Items/{item['Items'][0]['ItemID']}", "method": "DELETE"}
    )
    never = await caller.control("edit", {**to, "path": "Invoices", "method": "DELETE"})

    assert note["HistoryRecords"][0]["Details"] == "hi"
    assert gone == {"Items": []}
    assert "error" in never


@pytest.mark.behaviour("Generator and control", "/control/clock takes business time forward")
async def test_time_goes_forward_on_demand(link: Link) -> None:
    """Tokens run out, limits come back; time does not go back."""
    caller = await link()
    first = await caller.get("Organisation")

    await caller.control("clock", {"forward_s": 60})
    again = await caller.get("Organisation")
    now = await caller.control("clock", {"forward_s": 1800})
    expired = await caller.get("Organisation")
    back = await caller.control("clock", {"forward_s": -1})

    assert first.headers["x-minlimit-remaining"] == again.headers["x-minlimit-remaining"] == "59"
    assert now == await caller.control("clock") == {"now": "2026-03-10T03:01:00+00:00"}
    assert expired.status_code == 401
    assert "error" in back
