"""Operations as routes: the door, the addresses, and problem documents for all that goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from api.door import Door
from api.operation import Asked, Body, Handle, Operation, Reply
from api.parameters import Parameter
from api.routing import operation_route
from storage.api_keys import create_api_key, revoke_api_key
from storage.database import Database
from storage.errors import StorageUnavailable
from tests.storage.makers import link
from unified.clock import ManualClock
from xero.errors import RateLimited

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)


async def _echo(asked: Asked) -> Response:
    told = {"path": dict(asked.path), "query": dict(asked.query), "tenant": asked.tenant}
    return JSONResponse(told)


async def _take(asked: Asked) -> Response:
    return JSONResponse({"body": await asked.json()})


async def _limited(asked: Asked) -> Response:
    raise RateLimited(asked.tenant_id, "day", 90.5)


async def _away(_: Asked) -> Response:
    raise StorageUnavailable("secret-host:5432 refused")


async def _broken(_: Asked) -> Response:
    raise ZeroDivisionError("secret")


def _operation(name: str, path: str, handle: Handle = _echo, **more: object) -> Operation:
    fields = {"method": "GET", "scope": "read", "tag": "Test", **more}
    return Operation(
        id=name, path=path, handle=handle, summary=name, replies=(Reply(about="What came."),),
        **fields,  # type: ignore[arg-type]  # fields of each test's own
    )  # fmt: skip


LIMIT = Parameter(name="limit", about="How many.", schema={"type": "integer"}, read=int, default=5)
OPERATIONS = (
    _operation("list_things", "/v1/accounting/things", parameters=(LIMIT,), of_tenant=False),
    _operation("one_thing", "/v1/accounting/things/{id}", of_tenant=False),
    _operation("named_thing", "/v1/accounting/things/summary", _take, method="POST",
               of_tenant=False, body=Body(schema={}, most_bytes=20)),
    _operation("slow_thing", "/v1/accounting/slow", _take, method="POST", of_tenant=False,
               body=Body(schema={}, longest_s=0.05)),
    _operation("tenant_thing", "/v1/accounting/mine"),
    _operation("written_thing", "/v1/accounting/things", scope="write", method="POST"),
    _operation("limited", "/v1/limited", _limited),
    _operation("away", "/v1/away", _away, of_tenant=False),
    _operation("broken", "/v1/broken", _broken, of_tenant=False),
)  # fmt: skip


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key that may read."""
    route = operation_route(OPERATIONS, Door(database), ManualClock(NOW))
    key = await create_api_key(database, "test", scopes=["read"])
    transport = httpx.ASGITransport(app=Starlette(routes=[route]))
    headers = {"Authorization": f"Bearer {key.text}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://here", headers=headers
    ) as client:
        yield client


def _problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["remedy"]
    return answer.status_code, told["code"]


async def test_parameters_of_address_and_query_are_read(client: httpx.AsyncClient) -> None:
    """A default holds where nothing was sent; a name in the address goes before an id."""
    assert (await client.get("/v1/accounting/things")).json()["query"] == {"limit": 5}
    assert (await client.get("/v1/accounting/things?limit=7")).json()["query"] == {"limit": 7}
    assert (await client.get("/v1/accounting/things/a%2Fb")).status_code == 404
    assert (await client.get("/v1/accounting/things/x-1")).json()["path"] == {"id": "x-1"}
    answer = await client.post("/v1/accounting/things/summary", json=[1])
    assert answer.json() == {"body": [1]}


@pytest.mark.parametrize(
    ("query", "path", "said"),
    [
        ("?limmit=7", "?limmit", "did you mean limit"),
        ("?limit=x", "?limit", "invalid literal"),
        ("?limit=1&limit=2", "?limit", "more than once"),
    ],
)
async def test_wrong_parameters_are_named(
    client: httpx.AsyncClient, query: str, path: str, said: str
) -> None:
    """Nothing that was sent is ignored."""
    answer = await client.get(f"/v1/accounting/things{query}")
    assert _problem(answer) == (400, "bad_request")
    [error] = answer.json()["errors"]
    assert error["path"] == path
    assert said in error["message"]


async def test_who_may_not_is_told_why(client: httpx.AsyncClient, database: Database) -> None:
    """No key, an unknown one, a revoked one, one without the scope."""
    place = "/v1/accounting/things"
    bare = await client.get(place, headers={"Authorization": ""})
    assert _problem(bare) == (401, "key_missing")
    assert bare.headers["www-authenticate"].startswith("Bearer")
    unknown = await client.get(place, headers={"Authorization": "Bearer lw_0"})
    assert _problem(unknown) == (401, "key_refused")
    made = await create_api_key(database, "short-lived", scopes=["read"])
    await revoke_api_key(database, made.key.id)
    revoked = await client.get(place, headers={"Authorization": f"Bearer {made.text}"})
    assert _problem(revoked) == (401, "key_refused")
    refused = await client.post(place)
    assert _problem(refused) == (403, "scope_missing")
    assert refused.json()["needed_scope"] == "write"


async def test_organisation_is_needed_and_must_be_the_callers(
    client: httpx.AsyncClient, database: Database
) -> None:
    """An organisation of others and one that there is not are told apart by nobody."""
    mine, other = [await link(database) for _ in range(2)]
    assert _problem(await client.get("/v1/accounting/mine")) == (400, "tenant_required")
    made = await create_api_key(database, "limited", scopes=["read"], tenants=[mine])
    limited = {"Authorization": f"Bearer {made.text}"}
    assert (await client.get("/v1/accounting/mine", headers=limited)).json()["tenant"] == mine
    unknown = "00000000-0000-4000-8000-000000000000"
    answers = [
        await client.get("/v1/accounting/mine", headers={**limited, "X-Tenant-Id": each})
        for each in (other, unknown)
    ]
    assert [_problem(each) for each in answers] == [(404, "tenant_unknown")] * 2
    first, second = ({**each.json(), "instance": ""} for each in answers)
    assert first == second
    crooked = await client.get("/v1/accounting/mine", headers={"X-Tenant-Id": "x"})
    assert _problem(crooked) == (400, "bad_request")


async def test_addresses_and_methods_that_are_not_there(client: httpx.AsyncClient) -> None:
    """Both are problem documents, and the second says what there is."""
    assert _problem(await client.get("/v1/nothing/at/all")) == (404, "path_unknown")
    refused = await client.delete("/v1/accounting/things")
    assert _problem(refused) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, POST"


async def test_bodies_are_json_of_a_bounded_size(client: httpx.AsyncClient) -> None:
    """What is too long, no JSON, or of another type is refused as such."""
    place = "/v1/accounting/things/summary"
    assert _problem(await client.post(place, json="x" * 30)) == (413, "body_too_large")
    broken = await client.post(place, content="[1", headers={"Content-Type": "application/json"})
    assert _problem(broken) == (400, "body_unreadable")
    other = await client.post(place, content="1", headers={"Content-Type": "text/xml"})
    assert _problem(other) == (415, "media_type_unsupported")


async def test_body_that_does_not_come_is_not_waited_for(client: httpx.AsyncClient) -> None:
    """A caller who dawdles keeps neither a task nor memory for long."""

    async def dawdling() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    answer = await client.post("/v1/accounting/slow", content=dawdling())

    assert _problem(answer) == (408, "body_too_slow")


async def test_trouble_further_down_is_a_problem_too(
    client: httpx.AsyncClient, database: Database
) -> None:
    """A spent limit says when it frees; nothing of our inside is told."""
    tenant = await link(database)
    limited = await client.get("/v1/limited", headers={"X-Tenant-Id": tenant})
    assert _problem(limited) == (429, "limit_spent")
    assert limited.headers["retry-after"] == "91"
    told = limited.json()
    assert (told["limit"], told["free_at"]) == ("day", "2026-11-03T09:01:30.500Z")
    away = await client.get("/v1/away")
    assert _problem(away) == (503, "storage_unavailable")
    broken = await client.get("/v1/broken")
    assert _problem(broken) == (500, "internal_error")
    assert "secret" not in away.text + broken.text
