"""Invoices as customers see them: printed, e-mailed, online."""

import pytest

from simulator.config import TenantSpec
from tests.simulator.callers import API, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.test_documents import sale, tenant_of


@pytest.mark.behaviour("Invoices and bills", "an invoice is a PDF by Accept, or below /pdf")
async def test_documents_are_printed(link: Link) -> None:
    """With its number in it; an unknown one is 404."""
    caller = await link()
    made = sale(tenant_of(caller))

    asked = await caller.get(f"Invoices/{made.id}", headers={"Accept": "application/pdf"})
    below = await caller.get(f"Invoices/{made.id}/pdf")
    unknown = await caller.get("Invoices/nothing", headers={"Accept": "application/pdf"})

    assert asked.content == below.content
    assert asked.headers["content-type"] == "application/pdf"
    assert asked.content.startswith(b"%PDF-")
    assert made.number.encode() in asked.content
    assert unknown.status_code == 404


@pytest.mark.behaviour(
    "Invoices and bills", "an e-mail answers 204 and sets SentToContact, unstamped"
)
async def test_emails_are_noted(link: Link, clock: TurnedClock) -> None:
    """Seen by webhook, missed by If-Modified-Since."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    tenant.update_contact(made.contact_id, EmailAddress="ada@example.com")
    stamp = made.updated_ms
    clock.turn(seconds=5)

    answer = await caller.http.post(f"{API}/Invoices/{made.id}/Email", headers=caller.headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (made.sent_to_contact, made.updated_ms) == (True, stamp)


@pytest.mark.behaviour(
    "Invoices and bills", "1,000 e-mails a day; none of drafts or without address"
)
async def test_emails_have_their_limits(link: Link, clock: TurnedClock) -> None:
    """A demo company sends none at all."""
    caller = await link(tenants=(TenantSpec(), TenantSpec(demo=True)))
    tenant = tenant_of(caller)
    demo = next(held for held in caller.running.books if held.ledger.is_demo)
    made, draft, bare = sale(tenant), sale(tenant, Status="DRAFT"), sale(demo)
    demo.update_contact(bare.contact_id, EmailAddress="ada@example.com")
    await caller.link(demo.id)

    async def mail(invoice_id: str, tenant_id: str = caller.tenant_id) -> int:
        headers = {**caller.headers, "xero-tenant-id": tenant_id}
        path = f"{API}/Invoices/{invoice_id}/Email"
        return (await caller.http.post(path, headers=headers)).status_code

    without = await mail(made.id)
    tenant.update_contact(made.contact_id, EmailAddress="ada@example.com")
    tenant.ledger.filing.emails = {tenant.ledger.today(): 999}
    last, beyond = await mail(made.id), await mail(made.id)
    clock.turn(days=1)
    await caller.link()

    assert (without, await mail(draft.id)) == (400, 400)
    assert (last, beyond) == (204, 400)
    assert await mail(made.id) == 204
    assert await mail(bare.id, demo.id) == 400


@pytest.mark.behaviour("Invoices and bills", "approved sales invoices have an online address")
async def test_online_invoices(link: Link) -> None:
    """Always the same one; bills and drafts have none."""
    caller = await link()
    tenant = tenant_of(caller)
    made, draft = sale(tenant), sale(tenant, Status="DRAFT")

    one, two = [(await caller.get(f"Invoices/{made.id}/OnlineInvoice")).json() for _ in range(2)]
    none = await caller.get(f"Invoices/{draft.id}/OnlineInvoice")

    assert one["OnlineInvoices"] == two["OnlineInvoices"]
    assert one["OnlineInvoices"][0]["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    assert none.status_code == 400
