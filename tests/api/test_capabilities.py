"""`/v1/capabilities`: what it claims is served, and of one organisation it tells what Xero told."""

from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

import httpx
import jsonschema_rs
import pytest

from api.app import create_app
from api.catalogue import catalogue
from api.door import Door
from api.here import Api
from api.openapi.capability_schema import CAPABILITIES
from api.operation import Operation
from api.routing import operation_route
from storage.api_keys import create_api_key
from storage.cursors import unsupported
from storage.database import Database
from tests.storage.makers import NOW, link
from unified.clock import ManualClock
from unified.ids import TenantId
from unified.resources import KINDS


@pytest.fixture
async def tenant(database: Database) -> TenantId:
    """A linked organisation whose consent covers writing invoices, and whose contacts were never
    read."""
    made = await link(database)
    await database.execute(
        "UPDATE cursor SET backfill_state = 'pending' WHERE endpoint = 'Contacts'"
    )
    return made


@pytest.fixture
def operations(database: Database) -> list[Operation]:
    """The whole catalogue, of which capabilities alone are asked."""
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(Api))
    return catalogue(Api(**{**nothing, "db": database, "tier": "core"}))


@pytest.fixture
async def client(
    database: Database, operations: list[Operation], tenant: TenantId
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key for the one organisation."""
    app = create_app([operation_route(operations, Door(database), ManualClock(NOW))])
    key = await create_api_key(database, "test", scopes=["read"], tenants=[tenant])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://here",
        headers={"Authorization": f"Bearer {key.text}"},
    ) as made:
        yield made


async def _told(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.get("/v1/capabilities", **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_claim_is_served(
    client: httpx.AsyncClient, operations: list[Operation]
) -> None:
    """Each resource, with what can be done with it: nothing that has no operation behind it, and
    every operation of a resource is told."""
    told = await _told(client)
    served = {(each.method, each.path) for each in operations}
    claimed = set()
    for resource in told["resources"]:
        path = resource["path"]
        claimed |= {(each["method"], each["path"]) for each in resource["operations"]}
        assert resource["read"] is (("GET", path) in served)
        assert resource["create"] is (("POST", path) in served)
        assert resource["update"] is (("PATCH", f"{path}/{{id}}") in served)
        assert resource["delete"] is (("DELETE", f"{path}/{{id}}") in served)
        some = [each for each in resource["fields"].values() if each["create"]]
        assert bool(some) is resource["create"]

    assert [each["plural"] for each in told["resources"]] == sorted(each.plural for each in KINDS)
    assert claimed <= served


async def test_fields_say_what_can_be_done_with_them(client: httpx.AsyncClient) -> None:
    """By the examples of an invoice: its total is Xero's, its contact has to be named."""
    [told] = (await _told(client, params={"resource": "invoices"}))["resources"]
    of = told["fields"]

    assert of["total"] == {**of["total"], "read": True, "create": False, "update": False}
    assert of["contact"] == {**of["contact"], "create": True, "required": True, "update": True}
    assert of["contact"]["filters"] == ["contact"]
    assert of["updated_at"] == {**of["updated_at"], "sort": True, "create": False}
    assert of["updated_at"]["filters"] == ["updated_after", "updated_before"]
    assert "/v1/accounting/bills" in told["aliases"]
    assert "void" in [each["name"] for each in told["commands"]]
    [source] = told["sources"]
    assert (source["webhook"], source["incremental"]) == (True, True)
    assert source["scope"]["write"] == "accounting.invoices"
    assert source["scope_broad"]["read"] == "accounting.transactions.read"


async def test_organisation_is_told_what_its_consent_gives(
    client: httpx.AsyncClient, database: Database, tenant: TenantId
) -> None:
    """Supported, refused with its reason, or not asked yet; and whether we may write."""
    async with database.transaction() as conn:
        await unsupported(
            conn, tenant, "Invoices", reason="not in this region", now=NOW, ask_again_at=NOW
        )
    named = {"X-Tenant-Id": tenant}
    told = await _told(client, headers=named, params={"resource": ["invoices", "contacts"]})
    invoices, contacts = (each["sources"][0] for each in told["resources"])

    assert (told["tenant_id"], told["tenant_state"]) == (tenant, "linked")
    assert (invoices["state"], invoices["reason"]) == ("unsupported", "not in this region")
    assert invoices["since"] == "2026-11-03T04:17:52.000Z"
    assert (invoices["may_write"], invoices["missing_scopes"]) == (True, [])
    assert (contacts["state"], contacts["reason"]) == ("unread", None)
    assert (contacts["may_write"], contacts["missing_scopes"]) == (
        False,
        ["accounting.contacts.read"],
    )


async def test_nobody_is_told_of_others_organisations(
    client: httpx.AsyncClient, database: Database
) -> None:
    """Another's organisation and none at all are answered alike; without one, nothing is told."""
    other = await link(database)
    unknown = TenantId("00000000-0000-4000-8000-000000000000")

    answers = [
        await client.get("/v1/capabilities", headers={"X-Tenant-Id": each})
        for each in (other, unknown)
    ]
    told = await _told(client)

    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert told["tenant_id"] is None
    assert "state" not in told["resources"][0]["sources"][0]


async def test_an_unknown_resource_is_named(client: httpx.AsyncClient) -> None:
    """With those that there are."""
    answer = await client.get("/v1/capabilities", params={"resource": "invoice"})

    assert answer.status_code == 400
    assert "invoices" in answer.json()["errors"][0]["message"]


async def test_answer_is_as_described(client: httpx.AsyncClient, tenant: TenantId) -> None:
    """Every resource, with and without an organisation, by the schema of the OpenAPI document."""
    validator = jsonschema_rs.Draft202012Validator(CAPABILITIES, validate_formats=True)
    for headers in ({}, {"X-Tenant-Id": tenant}):
        told = await _told(client, headers=headers)
        assert [error.message for error in validator.iter_errors(told)] == []
