"""Organisations as the api tells of them: each state with its way back, and how links end."""

from collections.abc import AsyncIterator

import httpx
import pytest
from jsonschema_rs import Draft202012Validator

from api.link_rules import LinkRules
from api.remedies import remedy_of
from api.tenant_schema import ERASING, EXAMPLE, GONE, TENANT, TENANTS
from handlers.eraser import erase_due
from ledgerwire.demo.linking import consent_at, link_all
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.tenant_states import change_state
from tests.api.served import ServedApi, served_api
from unified.ids import TenantId

SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)
FITS = Draft202012Validator(TENANT, validate_formats=True)
ALL_FIT = Draft202012Validator(TENANTS, validate_formats=True)


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ServedApi]:
    """An api with two organisations, linked as customer-0 and customer-1."""
    config = SimulatorConfig(seed=6, tenants=2, opening=SMALL)
    async with (
        RunningSimulator(config) as simulator,
        served_api(database_url, simulator) as served,
    ):
        for number, each in enumerate(served.tenants):
            await link_all(served.url, [each], external_id=f"customer-{number}")
        yield served


async def _get(api: ServedApi, tenant_id: TenantId) -> dict[str, object]:
    answer = await api.http.get(f"/v1/tenants/{tenant_id}", headers=await api.key("read"))
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    FITS.validate(told)
    return told


async def _delete(api: ServedApi, tenant_id: TenantId, **query: str) -> httpx.Response:
    return await api.http.delete(
        f"/v1/tenants/{tenant_id}", params=query, headers=await api.key("admin")
    )


def _connected(api: ServedApi) -> set[str]:
    return {e.tenant_id for e in api.simulator.simulation.identity.connections.values()}


async def test_list_tells_who_is_who_and_goes_on_page_by_page(api: ServedApi) -> None:
    """Each organisation once, whatever the page; only what was asked for."""
    headers = await api.key("read")
    first = (await api.http.get("/v1/tenants?limit=1", headers=headers)).json()
    query = {"limit": "1", "cursor": first["next_cursor"]}
    second = (await api.http.get("/v1/tenants", params=query, headers=headers)).json()
    named = (await api.http.get("/v1/tenants?external_id=customer-1", headers=headers)).json()
    none = (await api.http.get("/v1/tenants?state=erased", headers=headers)).json()

    for each in (first, second, named, none):
        ALL_FIT.validate(each)
    found = [*first["result"], *second["result"]]
    assert {each["tenant_id"] for each in found} == set(api.tenants)
    assert found == sorted(found, key=lambda each: each["name"])
    assert second["next_cursor"] is None
    assert [each["external_id"] for each in named["result"]] == ["customer-1"]
    assert named["result"][0]["external_id_verified"] is False
    assert none["result"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "cursor=x", "state=gone", "external_id=%00"]
)
async def test_wrong_questions_are_refused(api: ServedApi, query: str) -> None:
    """By name, and before anything is read."""
    answer = await api.http.get(f"/v1/tenants?{query}", headers=await api.key("read"))

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_linked_organisation_needs_nothing(api: ServedApi) -> None:
    """No remedy, and how far its books have been read."""
    told = await _get(api, api.tenants[0])

    assert (told["state"], told["remedy"], told["missing_scopes"]) == ("linked", None, [])
    assert (told["health"], told["verified_since"]) == ("backfilling", None)


@pytest.mark.parametrize("state", ["needs_reauth", "vanished", "disconnected"])
async def test_way_back_leads_back(api: ServedApi, state: str) -> None:
    """Whoever opens the address and consents brings the organisation back, with name and epoch."""
    before = await _get(api, api.tenants[0])
    await change_state(api.db, api.tenants[0], state, reason="test")
    lost = await _get(api, api.tenants[0])
    remedy = lost["remedy"]
    assert isinstance(remedy, dict)
    assert (lost["state"], lost["health"], remedy["action"]) == (state, state, "link_again")

    await consent_at(remedy["address"], [api.tenants[0]])

    after = await _get(api, api.tenants[0])
    assert (after["state"], after["remedy"]) == ("linked", None)
    assert [after[name] for name in ("external_id", "epoch")] == [
        before[name] for name in ("external_id", "epoch")
    ]


async def test_consent_that_covers_too_little_says_what_to_grant(api: ServedApi) -> None:
    """Scopes add up, so consenting again is enough."""
    await api.db.execute(
        """UPDATE "authorization" SET scopes = array_remove(scopes, 'accounting.contacts.read')"""
    )
    remedy = (await _get(api, api.tenants[0]))["remedy"]
    assert isinstance(remedy, dict)
    assert remedy["action"] == "grant_more"
    assert "accounting.contacts.read" in remedy["detail"]

    await consent_at(remedy["address"], [api.tenants[0]])

    assert (await _get(api, api.tenants[0]))["remedy"] is None


async def test_unlinking_ends_one_connection_and_may_be_repeated(api: ServedApi) -> None:
    """The other organisation of the same consent goes on."""
    answers = [await _delete(api, api.tenants[0]) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert [each.json()["state"] for each in answers] == ["disconnected"] * 2
    assert "unlinked by key" in answers[0].json()["state_reason"]
    FITS.validate(answers[0].json())
    assert _connected(api) == {api.tenants[1]}
    assert (await _get(api, api.tenants[1]))["state"] == "linked"
    acts = await api.db.fetch(
        "SELECT operation, tenant_id, status FROM audit WHERE actor = 'key' ORDER BY position"
    )
    assert [tuple(each) for each in acts] == [("unlink_tenant", api.tenants[0], 200)] * 2


async def test_erasing_forgets_and_leaves_a_way_to_begin_anew(api: ServedApi) -> None:
    """Also what a link session remembers of it; its numbers stay, so nothing orders wrongly."""
    made = await api.http.post("/v1/link_sessions", json={}, headers=await api.key())
    await consent_at(made.json()["url"], [api.tenants[0]])
    answer = await _delete(api, api.tenants[0], erase="true")
    assert (answer.status_code, answer.json()["state"]) == (202, "erasing")
    assert answer.json()["remedy"]["action"] == "wait"

    assert await erase_due(api.db) == 1

    told = await _get(api, api.tenants[0])
    assert (told["state"], told["name"], told["external_id"]) == ("erased", None, None)
    assert _connected(api) == {api.tenants[1]}
    assert await api.db.fetchval("SELECT count(*) FROM link_session") == 0
    again = await _delete(api, api.tenants[0], erase="true")
    assert (again.status_code, again.json()["state"]) == (200, "erased")
    remedy = told["remedy"]
    assert isinstance(remedy, dict)
    await consent_at(remedy["address"], [api.tenants[0]])
    after = await _get(api, api.tenants[0])
    assert after["state"] == "linked"
    assert after["epoch"] > told["epoch"]  # type: ignore[operator]  # both are numbers


async def test_unlinking_while_xero_is_away_changes_nothing(api: ServedApi) -> None:
    """Else the connection would count against the app's cap, and nobody would know."""
    fault = {"kind": "status", "path": "/connections"}
    api.simulator.simulation.faults.ask({"calls": [fault]})

    answer = await _delete(api, api.tenants[0], erase="true")

    assert (answer.status_code, answer.json()["code"]) == (503, "xero_unreachable")
    assert (await _get(api, api.tenants[0]))["state"] == "linked"


async def test_organisation_of_others_does_not_exist(api: ServedApi) -> None:
    """In no list, by no id, for no method, and in the same words as one that never was."""
    limited = await api.key("admin", tenants=[api.tenants[0]])
    listed = (await api.http.get("/v1/tenants", headers=limited)).json()["result"]
    assert [each["tenant_id"] for each in listed] == [api.tenants[0]]
    for method in ("GET", "DELETE"):
        answers = [
            await api.http.request(method, f"/v1/tenants/{each}", headers=limited)
            for each in (api.tenants[1], "7b8a9a0e-0000-4000-8000-000000000000", "no-uuid")
        ]
        assert [each.status_code for each in answers] == [404] * 3
        told = [{**each.json(), "instance": ""} for each in answers]
        assert told[0] == told[1] == told[2]
    assert (await _get(api, api.tenants[1]))["state"] == "linked"


async def test_reading_keys_end_no_links(api: ServedApi) -> None:
    """That takes `admin`."""
    answer = await api.http.delete(
        f"/v1/tenants/{api.tenants[0]}", headers=await api.key("read", "write", "proxy")
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_every_state_but_linked_has_a_way_back() -> None:
    """Also for a custom connection, where nobody opens anything."""
    tenant_id = TenantId("9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901")
    browser = LinkRules(public_url="https://lw.example/x/", scopes=())
    custom = LinkRules(public_url="https://lw.example", scopes=(), by_browser=False)
    sessions = LinkRules(public_url="https://lw.example", scopes=(), bare=False)

    for state in ("needs_reauth", "disconnected", "vanished", "erased"):
        by_person = remedy_of(tenant_id, state, missing=(), rules=browser)
        by_itself = remedy_of(tenant_id, state, missing=(), rules=custom)
        assert by_person is not None
        assert by_itself is not None
        assert (by_person.action, by_itself.action) == ("link_again", "wait")
        assert (by_person.address or "").startswith("https://lw.example/x/connect")
        assert by_itself.address is None
    anew = remedy_of(tenant_id, "erased", missing=(), rules=sessions)
    assert anew is not None
    assert anew.address is None  # a program has to make a link


def test_examples_fit_their_schema() -> None:
    """What documents show is what comes."""
    for each in (EXAMPLE, GONE, ERASING):
        FITS.validate(each)
