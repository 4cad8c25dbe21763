"""Who is let in: keys remembered and forgotten, their minutes, and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from api.caller import LIFE_S, Callers
from api.door import Door
from api.operation import Asked, Operation, Reply
from api.problems import Problem
from api.routing import operation_route
from storage.acts import Wanted, acts
from storage.api_key_use import last_uses
from storage.api_keys import KEY_CHANNEL, NewKey, create_api_key, revoke_api_key
from storage.database import Database
from tests.storage.makers import link
from unified.clock import ManualClock
from unified.ids import TenantId

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
PLACE = "/v1/things"


async def _read(asked: Asked) -> Response:
    await asked.caller.check()
    return JSONResponse({"key": asked.caller.key.id, "request": asked.request_id})


async def _write(asked: Asked) -> Response:
    body = await asked.request.json()
    asked.touched.add("thing", *body.get("ids", ()))
    if "problem" in body:
        raise Problem("not_found", "There is none.")
    if "broken" in body:
        raise ZeroDivisionError(body["broken"])
    return JSONResponse({}, status_code=201, headers={"Cache-Control": "private"})


def _operations() -> Sequence[Operation]:
    replies = (Reply(about="Something."),)
    return (
        Operation(id="read_thing", method="GET", path=PLACE, summary="", tag="t", scope="read",
                  of_tenant=False, handle=_read, replies=replies),
        Operation(id="make_thing", method="POST", path=PLACE, summary="", tag="t", scope="write",
                  handle=_write, replies=replies, changes=True),
    )  # fmt: skip


class Rig:
    """The api of one process, and its own sense of passing time."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.passed_s = 0.0
        self.callers = Callers(db, monotonic=lambda: self.passed_s)
        route = operation_route(_operations(), Door(db, self.callers), ManualClock(NOW))
        transport = httpx.ASGITransport(app=Starlette(routes=[route]))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://here")

    async def get(self, key: NewKey | str, **more: str) -> httpx.Response:
        """Ask with a key."""
        text = key if isinstance(key, str) else key.text
        return await self.http.get(PLACE, headers={"Authorization": f"Bearer {text}", **more})

    async def make(
        self, key: NewKey, tenant_id: TenantId, body: object, **more: str
    ) -> httpx.Response:
        """Change something."""
        headers = {"Authorization": f"Bearer {key.text}", "X-Tenant-Id": tenant_id, **more}
        return await self.http.post(PLACE, headers=headers, json=body)

    async def no_minute_ends(self) -> None:
        """Let the minute that is counted end after the test."""
        await self.db.execute("UPDATE api_key_use SET minute = minute + interval '1 minute'")


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An api with two operations."""
    made = Rig(database)
    async with made.http:
        yield made


def code_of(answer: httpx.Response) -> str:
    """The code of a problem."""
    return str(answer.json()["code"])


async def test_key_is_remembered_and_looked_up_again_after_a_while(rig: Rig) -> None:
    """A key whose revoking nobody told of is refused when it has been believed long enough."""
    key = await create_api_key(rig.db, "k", scopes={"read"})
    first = await rig.get(key)
    await rig.db.execute("UPDATE api_key SET revoked_at = clock_timestamp()")

    rig.passed_s = LIFE_S - 1
    still = await rig.get(key)
    rig.passed_s = LIFE_S + 1
    ended = await rig.get(key)

    assert (first.status_code, still.status_code) == (200, 200)
    assert (ended.status_code, code_of(ended)) == (401, "key_refused")
    assert "was revoked" in ended.json()["detail"]
    assert key.text not in ended.text
    assert 'error="invalid_token"' in ended.headers["www-authenticate"]


async def test_revoked_key_is_forgotten_as_soon_as_it_is_told(rig: Rig) -> None:
    """In every process: the database tells them."""
    key = await create_api_key(rig.db, "k", scopes={"read"})
    stop, heard = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(rig.callers.watch(stop))
    await asyncio.sleep(0)  # it has asked to be told
    subscription = await rig.db.listen(KEY_CHANNEL, lambda _: heard.set())
    assert (await rig.get(key)).status_code == 200

    await revoke_api_key(rig.db, key.key.id)
    async with asyncio.timeout(10):
        await heard.wait()
    answer = await rig.get(key)
    stop.set()
    await watching
    await subscription.close()

    assert code_of(answer) == "key_refused"


async def test_key_ends_at_its_own_time_though_it_is_remembered(rig: Rig) -> None:
    """It is believed for as long as it lives, and no longer."""
    now = await rig.db.now()
    key = await create_api_key(
        rig.db, "k", scopes={"read"}, expires_at=now + timedelta(seconds=LIFE_S / 2)
    )
    assert (await rig.get(key)).status_code == 200

    rig.passed_s = LIFE_S / 2
    await rig.db.execute("UPDATE api_key SET expires_at = clock_timestamp()")
    ended = await rig.get(key)

    assert "has expired" in ended.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "key_missing"),
        ([("Authorization", "Basic dXNlcjpwYXNz")], "key_missing"),
        ([("Authorization", "Bearer ")], "key_missing"),
        ([("Authorization", "Bearer lw_0a1b2c3d_" + "A" * 43)], "key_refused"),
        ([("Authorization", "Bearer lw_" + "A" * 4000)], "key_refused"),
        ([("Authorization", "Bearer xx_0a1b2c3d")], "key_refused"),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], "key_refused"),
    ],
)
async def test_what_is_no_key_is_refused(
    rig: Rig, headers: list[tuple[str, str]], code: str
) -> None:
    """Missing, of another kind, unknown, too long, or said twice: 401, and how to ask."""
    answer = await rig.http.get(PLACE, headers=headers)

    assert (answer.status_code, code_of(answer)) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_unknown_texts_are_remembered_within_bounds(rig: Rig) -> None:
    """Guessing costs the database one look each, and memory no more than so much."""
    text = "lw_0a1b2c3d_" + "A" * 43
    await rig.get(text)
    await rig.db.execute("ALTER TABLE api_key RENAME TO away")

    again = await rig.get(text)

    assert code_of(again) == "key_refused"
    await rig.db.execute("ALTER TABLE away RENAME TO api_key")


async def test_minute_of_a_key_is_told_and_ends_in_a_429(rig: Rig) -> None:
    """Also when another process has taken part of it; the next minute begins anew."""
    key = await create_api_key(rig.db, "k", scopes={"read"}, requests_a_minute=4)
    await rig.get(key)
    await rig.no_minute_ends()
    other = Rig(rig.db)

    answers = [await each.get(key) for each in (rig, other, rig, other, rig)]
    rig.passed_s += 121
    await rig.db.execute("UPDATE api_key_use SET minute = minute - interval '2 minutes'")
    fresh = await rig.get(key)
    await other.http.aclose()

    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert [each.headers["ratelimit-remaining"] for each in answers[:3]] == ["2", "1", "0"]
    refused = answers[-1]
    told = refused.json()
    assert (told["code"], told["limit"]) == ("limit_spent", "key")
    assert 0 < told["retry_after_s"] <= int(refused.headers["retry-after"]) <= 121
    assert told["free_at"].endswith("Z")
    assert refused.headers["ratelimit-limit"] == "4"
    assert fresh.status_code == 200
    assert fresh.headers["ratelimit-remaining"] == "3"


async def test_many_requests_at_once_are_counted_exactly(rig: Rig) -> None:
    """Blocks are taken by several tasks at the same moment."""
    key = await create_api_key(rig.db, "k", scopes={"read"}, requests_a_minute=40)
    await rig.get(key)
    await rig.no_minute_ends()

    answers = await asyncio.gather(*(rig.get(key) for _ in range(60)))

    assert sum(each.status_code == 200 for each in answers) == 39


async def test_key_without_a_limit_is_told_none(rig: Rig) -> None:
    """Headers that name no limit would be read as one."""
    key = await create_api_key(rig.db, "k", scopes={"read"})

    answer = await rig.get(key)

    assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_last_use_is_written_now_and_then_and_not_lost(rig: Rig) -> None:
    """A database that is away gets it later."""
    key = await create_api_key(rig.db, "k", scopes={"read"})
    await rig.get(key)
    rig.passed_s = 20
    assert await last_uses(rig.db) == {}

    await rig.db.execute("SET default_transaction_read_only = on")
    await rig.callers.write_use()
    await rig.db.execute("SET default_transaction_read_only = off")
    rig.passed_s = 30
    await rig.callers.write_use()

    now = await rig.db.now()
    [(found, at)] = (await last_uses(rig.db)).items()
    assert found == key.key.id
    assert timedelta(seconds=30) <= now - at < timedelta(seconds=60)


@pytest.mark.parametrize(
    ("sent", "taken"),
    [("order-42", True), ("a" * 129, False), ("two words", False), ("", False)],
)
async def test_request_has_an_id_of_the_callers_or_of_ours(
    rig: Rig, sent: str, taken: bool
) -> None:
    """In the answer's headers, in problems, and for whoever handles it; never what breaks logs."""
    key = await create_api_key(rig.db, "k", scopes={"read"})

    good = await rig.get(key, **{"X-Request-Id": sent})
    bad = await rig.get("lw_x", **{"X-Request-Id": sent})
    nowhere = await rig.http.get("/v1/nothing", headers={"X-Request-Id": sent})

    assert (good.headers["x-request-id"] == sent) is taken
    assert good.json()["request"] == good.headers["x-request-id"]
    for each in (bad, nowhere):
        assert each.json()["instance"].endswith(each.headers["x-request-id"])


async def test_every_answer_keeps_browsers_away_from_it(rig: Rig) -> None:
    """No cache, no sniffing, no script, no other origin; good answers and problems alike."""
    key = await create_api_key(rig.db, "k", scopes={"read"})
    asked = {"Origin": "https://evil.example", "Authorization": f"Bearer {key.text}"}
    preflight = {**asked, "Access-Control-Request-Method": "GET"}

    answers = [
        await rig.http.get(PLACE, headers=asked),
        await rig.http.get(PLACE),
        await rig.http.get("/v1/nothing"),
        await rig.http.options(PLACE, headers=preflight),
    ]

    for each in answers:
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in each.headers["content-security-policy"]
        assert each.headers["cache-control"] == "no-store"
        assert not [name for name in each.headers if name.startswith("access-control")]
    assert answers[-1].status_code == 405


async def test_changes_are_written_down_with_how_they_ended(rig: Rig) -> None:
    """Good ones, refused ones and mistakes of ours: who, what, whose; nothing of the body."""
    tenant_id = await link(rig.db)
    key = await create_api_key(rig.db, "k", scopes={"write"})

    made = await rig.make(key, tenant_id, {"ids": ["1", "2"]}, **{"X-Request-Id": "r-1"})
    await rig.make(key, tenant_id, {"ids": ["3"], "problem": 1})
    await rig.make(key, tenant_id, {"broken": "secret"})

    broken, refused, good = await acts(rig.db, Wanted(), limit=9)
    assert made.headers["cache-control"] == "private"
    assert (good.operation, good.key_id, good.tenant_id) == ("make_thing", key.key.id, tenant_id)
    assert (good.status, good.code, good.request_id) == (201, None, "r-1")
    assert (good.entity, good.entity_ids) == ("thing", ("1", "2"))
    assert (refused.status, refused.code, refused.entity_ids) == (404, "not_found", ("3",))
    assert (broken.status, broken.code) == (500, "internal_error")
    assert "secret" not in str(broken)


async def test_reading_and_what_was_not_let_in_is_no_act(rig: Rig) -> None:
    """The log holds what was done or tried, not who knocked."""
    tenant_id = await link(rig.db)
    reader = await create_api_key(rig.db, "r", scopes={"read"})

    await rig.get(reader)
    refused = await rig.make(reader, tenant_id, {})

    assert refused.status_code == 403
    assert await acts(rig.db, Wanted(), limit=9) == []


async def test_what_cannot_be_written_down_is_not_done(rig: Rig) -> None:
    """Nothing is done without a trace."""
    tenant_id = await link(rig.db)
    key = await create_api_key(rig.db, "k", scopes={"write"})
    await rig.db.execute("ALTER TABLE audit RENAME TO away")

    answer = await rig.make(key, tenant_id, {"ids": ["1"]})

    assert answer.status_code == 500
