"""Webhook payloads and connections against Xero's published descriptions of them."""

import json
from typing import Any

import pytest

from tests.simulator.callers import Sink
from tests.simulator.conftest import Link
from tests.simulator.published import Description, description
from tests.simulator.test_documents import sale, tenant_of


def schema(name: str) -> dict[str, str]:
    """A named schema of a description."""
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.behaviour("Published description", "webhook payloads are as described")
async def test_payloads_are_as_described(link: Link, sink: Sink) -> None:
    """Contacts and invoices by one schema, credit notes by theirs."""
    known = description("xero-webhooks")
    caller = await link(webhook_url=sink.url)
    tenant = tenant_of(caller)
    made = sale(tenant)
    tenant.create_credit_note(
        Type="ACCRECCREDIT",
        Contact={"ContactID": made.contact_id},
        LineItems=[{"Description": "x", "UnitAmount": 5, "AccountCode": "200"}],
    )
    await caller.control("deliveries", {})

    found: list[str] = []
    seen: set[str] = set()
    for payload in (json.loads(one.body) for one in sink.received):
        for event in payload["events"]:
            seen.add(event["eventCategory"])
            kind = "CreditNoteWebhookEvent" if "data" in event else "WebhookEvent"
            found += known.faults(schema(kind), {**payload, "events": [event]}, "payload")

    assert found == []
    assert seen == {"CONTACT", "INVOICE", "CREDITNOTE"}


@pytest.mark.behaviour("Published description", "connections are as described")
async def test_connections_are_as_described(link: Link) -> None:
    """The list has no envelope."""
    known = description("xero-identity")
    caller = await link()

    shown = (await caller.http.get("/connections", headers=caller.headers)).json()

    assert list(known.faults({"type": "array", "items": schema("Connection")}, shown, "list")) == []
    assert len(shown) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"eventType": "DELETE"},
        {"resourceId": "1"},
        {"data": {"Type": "ACCREC", "Status": "PAID"}},
        {"data": {"Type": "ACCRECCREDIT"}},
        {"data": None},
        {"colour": "red"},
    ],
)
def test_comparison_of_payloads_finds_what_is_wrong(broken: dict[str, Any]) -> None:
    """Choices, what must be there, and what must not."""
    known: Description = description("xero-webhooks")
    event = {
        "resourceUrl": "https://api.xero.com/api.xro/2.0/CreditNotes/1",
        "resourceId": "00000000-0000-4000-8000-000000000000",
        "tenantId": "00000000-0000-4000-8000-000000000000",
        "tenantType": "ORGANISATION",
        "eventCategory": "CREDITNOTE",
        "eventType": "UPDATE",
        "eventDateUtc": "2026-03-10T02:30:00.000",
        "data": {"Type": "ACCRECCREDIT", "Status": "PAID"},
    }
    payload = {"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "X"}

    def faults(changed: dict[str, Any]) -> list[str]:
        whole = {**payload, "events": [{**event, **changed}]}
        return list(known.faults(schema("CreditNoteWebhookEvent"), whole, "payload"))

    assert faults({}) == []
    assert faults(broken) != []
