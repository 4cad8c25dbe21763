"""Keys by admin key: shown once, never more than whoever makes them, and what they did is told."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage.acts import Act, begin_act
from storage.api_keys import create_api_key
from tests.api.served import ServedApi, served_api
from tests.storage.makers import link, new_tenant_id
from unified.codecs import instant_text

SMALL = OpeningBooks(contacts=1, invoices=1, bills=0, months=1)
HOUR = timedelta(hours=1)
Headers = dict[str, str]


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ServedApi]:
    """An api whose Xero knows nobody that matters here."""
    config = SimulatorConfig(seed=6, tenants=1, opening=SMALL)
    async with RunningSimulator(config) as simulator, served_api(database_url, simulator) as made:
        yield made


async def _make(api: ServedApi, admin: Headers, **wanted: Any) -> httpx.Response:
    body = {"name": "made", "scopes": ["read"], **wanted}
    return await api.http.post("/v1/keys", json=body, headers=admin)


async def _listed(api: ServedApi, admin: Headers, **query: Any) -> dict[str, Any]:
    answer = await api.http.get("/v1/keys", params=query, headers=admin)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_key_is_made_used_listed_and_revoked(api: ServedApi) -> None:
    """Its text is shown once; from its revoking on it opens nothing."""
    admin = await api.key("admin")

    made = await _make(api, admin, requests_a_minute=50)
    key = made.json()
    its = {"Authorization": f"Bearer {key['key']}"}
    used = await api.http.get("/v1/tenants", headers=its)
    one = await api.http.get(f"/v1/keys/{key['id']}", headers=admin)
    listed = await _listed(api, admin)
    revoked = await api.http.delete(f"/v1/keys/{key['id']}", headers=admin)
    again = await api.http.delete(f"/v1/keys/{key['id']}", headers=admin)
    refused = await api.http.get("/v1/tenants", headers=its)

    assert (made.status_code, used.status_code) == (201, 200)
    assert made.headers["cache-control"] == "no-store"
    assert used.headers["ratelimit-limit"] == "50"
    assert {name: key[name] for name in one.json()} == {**one.json(), "last_used_at": None}
    assert key["made_by"] == listed["result"][0]["id"]
    assert [each["id"] for each in listed["result"]][1] == key["id"]
    assert key["key"] not in str(listed) + one.text + revoked.text
    assert revoked.json()["revoked_at"] == again.json()["revoked_at"] != None  # noqa: E711  # chained
    assert refused.json()["code"] == "key_refused"


async def test_limited_admin_makes_nothing_that_may_do_more(api: ServedApi) -> None:
    """Neither for other organisations, nor for longer, nor faster; what is left out is its own."""
    mine, also, other = [await link(api.db) for _ in range(3)]
    now = await api.db.now()
    admin = await create_api_key(
        api.db, "admin", scopes=["admin"], tenants=[mine, also], expires_at=now + HOUR,
        requests_a_minute=100,
    )  # fmt: skip
    asks = {"Authorization": f"Bearer {admin.text}"}

    narrow = await _make(api, asks, tenants=[mine], requests_a_minute=10)
    same = await _make(api, asks, scopes=["admin"])
    refused = {
        "other": await _make(api, asks, tenants=[mine, other]),
        "unknown": await _make(api, asks, tenants=[new_tenant_id()]),
        "longer": await _make(api, asks, expires_at=instant_text(now + 2 * HOUR)),
        "faster": await _make(api, asks, requests_a_minute=101),
    }

    assert narrow.json()["tenants"] == [mine]
    assert (narrow.json()["requests_a_minute"], same.json()["requests_a_minute"]) == (10, 100)
    assert same.json()["tenants"] == sorted([mine, also])
    assert same.json()["expires_at"] == instant_text(now + HOUR)
    assert {name: (each.status_code, each.json()["code"]) for name, each in refused.items()} == {
        "other": (404, "tenant_unknown"),
        "unknown": (404, "tenant_unknown"),
        "longer": (403, "key_beyond_yours"),
        "faster": (403, "key_beyond_yours"),
    }


async def test_limited_admin_sees_and_ends_only_keys_within_its_own(api: ServedApi) -> None:
    """A key of others is unknown to it, in the same words as one that there is not."""
    mine, other = [await link(api.db) for _ in range(2)]
    limited = await api.key("admin", tenants=[mine])
    everywhere = await api.key("read")
    theirs = await create_api_key(api.db, "theirs", scopes=["read"], tenants=[other])
    own = await create_api_key(api.db, "own", scopes=["read"], tenants=[mine])

    seen = await _listed(api, limited)
    answers = [
        await api.http.request(method, f"/v1/keys/{key_id}", headers=limited)
        for method in ("GET", "DELETE")
        for key_id in (theirs.key.id, "00000000", "%00")
    ]
    ended = await api.http.delete(f"/v1/keys/{own.key.id}", headers=limited)
    living = await api.http.get("/v1/tenants", headers=everywhere)

    assert {each["name"] for each in seen["result"]} == {"test", "own"}
    assert [each.status_code for each in answers] == [404] * 6
    assert len({(each.json()["code"], each.json()["detail"]) for each in answers}) == 1
    assert (ended.status_code, living.status_code) == (200, 200)


async def test_only_admin_keys_reach_keys_and_acts(api: ServedApi) -> None:
    """Whoever may read and write books may not open the door for others."""
    headers = await api.key("read", "write", "proxy")

    answers = [
        await api.http.get("/v1/keys", headers=headers),
        await _make(api, headers),
        await api.http.get("/v1/audit", headers=headers),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (403, "scope_missing")
    ] * 3


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"scopes": []}, ""),
    ({"scopes": ["all"]}, ""),
    ({"name": ""}, ""),
    ({"tenants": []}, ""),
    ({"tenants": ["x"]}, "/tenants/0"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    ({"expires_at": "2999-01-01T00:00:00"}, "/expires_at"),
    ({"requests_a_minute": 0}, ""),
    ({"requests_a_minute": "many"}, "/requests_a_minute"),
    ({"tenant": "x"}, ""),
]


async def test_key_that_would_be_a_mistake_is_refused(api: ServedApi) -> None:
    """By the place of the mistake; nothing is made."""
    admin = await api.key("admin")

    for wrong, path in MISTAKES:
        answer = await _make(api, admin, **wrong)

        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), wrong
        assert answer.json()["errors"][0]["path"] == path, wrong
    assert len((await _listed(api, admin))["result"]) == 1


async def test_lists_go_on_where_a_page_ended(api: ServedApi) -> None:
    """Keys and acts: each once, also when more come meanwhile; a cursor of another list is none."""
    admin = await api.key("admin")
    for number in range(4):
        await _make(api, admin, name=f"k{number}")

    first = await _listed(api, admin, limit=2)
    await _make(api, admin, name="later")
    second = await _listed(api, admin, limit=9, cursor=first["next_cursor"])
    acts = (await api.http.get("/v1/audit?limit=2", headers=admin)).json()
    older = await api.http.get("/v1/audit", params={"cursor": acts["next_cursor"]}, headers=admin)
    mixed = await api.http.get("/v1/audit", params={"cursor": first["next_cursor"]}, headers=admin)

    names = [each["name"] for each in first["result"] + second["result"]]
    assert names == ["test", "k0", "k1", "k2", "k3", "later"]
    assert second["next_cursor"] is None
    ids = [each["entity_ids"][0] for each in acts["result"] + older.json()["result"]]
    assert ids == [each["id"] for each in reversed((first["result"] + second["result"])[1:])]
    assert mixed.json()["code"] == "cursor_unreadable"


async def test_acts_tell_who_did_what_to_whom_and_how_it_ended(api: ServedApi) -> None:
    """Of one's own organisations and by oneself; other filters narrow it."""
    mine, other = [await link(api.db) for _ in range(2)]
    limited = await api.key("admin", tenants=[mine])
    admin = await api.key("admin")
    begun = datetime.now(UTC) - HOUR
    await begin_act(api.db, Act(operation="create_invoice", key_id="k", tenant_id=mine))
    await begin_act(api.db, Act(operation="create_invoice", key_id="k", tenant_id=other))
    asked = {**limited, "X-Request-Id": "r-1"}
    await api.http.post("/v1/keys", json={"name": "", "scopes": ["read"]}, headers=asked)

    async def read(headers: Headers, **query: str) -> list[dict[str, Any]]:
        answer = await api.http.get("/v1/audit", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["result"]
        return found

    refused, written = await read(limited)
    assert (refused["operation"], refused["status"]) == ("create_key", 400)
    assert (refused["code"], refused["request_id"]) == ("bad_request", "r-1")
    assert (written["tenant_id"], written["status"], written["actor"]) == (mine, None, "key")
    assert len(await read(admin)) == 3
    assert [each["tenant_id"] for each in await read(admin, tenant=other)] == [other]
    assert await read(limited, tenant=other) == []
    assert len(await read(admin, operation="create_invoice", key="k")) == 2
    assert len(await read(admin, since=begun.isoformat())) == 3
    assert await read(admin, since=(begun + 2 * HOUR).isoformat()) == []
