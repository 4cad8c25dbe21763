"""Xero one to one: what goes there and comes back, for whom, and what does not get through."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from structlog.testing import capture_logs

from api.problems import Problem
from api.proxy_body import KEPT_BYTES
from api.proxy_target import target_of
from simulator.answers import TRANSPORT
from storage.database import Database
from storage.tenant_states import change_state
from tests.api.proxying import ProxyRig, proxy_rig
from tests.storage.makers import link

INVOICE = "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11"


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[ProxyRig]:
    """A linked organisation, reached through the proxy."""
    async with proxy_rig(database) as served:
        yield served


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_request_and_answer_pass_as_they_are(rig: ProxyRig, method: str) -> None:
    """Path and query letter by letter, body byte by byte, status and headers; and nothing about us
    goes there, nor cookies and rules for Xero's own address come back."""
    sent = gzip.compress(b'{"Invoices":[]}')
    bodies: list[bytes] = []

    async def answer(request: Request) -> Response:
        bodies.append(await request.body())
        response = Response(sent, 200 if method == "GET" else 201, media_type="application/json")
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Xero-Correlation-Id"] = "c-1"
        response.headers["Connection"] = "X-Hop"
        response.headers["X-Hop"] = "of the connection"
        response.headers["Strict-Transport-Security"] = "max-age=1"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Ledgerwire-Problem"] = "made_up"
        response.set_cookie("xero", "session")
        return response

    rig.upstream.answer = answer
    path = (
        f"api.xro/2.0/Invoices/{INVOICE}/Attachments/a%20b%C3%A4.pdf?where=Name%3D%22x%22&a=1+2&a"
    )
    body = b"" if method in ("GET", "OPTIONS") else b"\x00\xff{}"
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Encoding": "gzip",
        "If-Modified-Since": "Sat, 01 Jan 2022 00:00:00 GMT",
        "Cookie": "ours=1",
        "X-Forwarded-For": "10.0.0.1",
        "X-HTTP-Method-Override": "DELETE",
        "Connection": "X-Mine",
        "X-Mine": "1",
        "User-Agent": "caller/1",
    }

    async with rig.http.stream(
        method, rig.base, headers={**rig.headers, **headers}, content=body,
        extensions={"target": f"/v1/proxy/{path}".encode()},
    ) as answered:  # fmt: skip
        raw = b"".join([chunk async for chunk in answered.aiter_raw()])

    [seen] = rig.upstream.seen
    assert (seen.method, bodies) == (method, [body])
    assert seen.scope["raw_path"] == f"/{path}".partition("?")[0].encode()
    assert seen.scope["query_string"].decode() == path.partition("?")[2]
    assert seen.headers["xero-tenant-id"] == rig.tenant
    assert seen.headers["authorization"] == "Bearer access-first"
    assert seen.headers["if-modified-since"] == headers["If-Modified-Since"]
    assert seen.headers["user-agent"] == "caller/1"
    assert not {
        "cookie", "x-tenant-id", "x-forwarded-for", "x-http-method-override", "x-mine",
    } & set(seen.headers.keys())  # fmt: skip
    assert "lw_" not in str(seen.headers)
    assert (answered.status_code, raw) == (200 if method == "GET" else 201, sent)
    assert answered.headers["content-encoding"] == "gzip"
    assert answered.headers["xero-correlation-id"] == "c-1"
    assert not {
        "set-cookie", "x-hop", "strict-transport-security", "access-control-allow-origin",
        "ledgerwire-problem",
    } & set(answered.headers)  # fmt: skip
    assert len(answered.headers.get_list("date")) == 1


@pytest.mark.parametrize(
    ("status", "response"),
    [
        (400, JSONResponse({"ErrorNumber": 10, "Type": "ValidationException"}, 400)),
        (403, JSONResponse({"Title": "Forbidden"}, 403)),
        (404, HTMLResponse("<html>The resource you're looking for cannot be found</html>", 404)),
        (401, JSONResponse({"Detail": "AuthorizationUnsuccessful"}, 401)),
        (500, Response(b"", 500)),
        (304, Response(None, 304)),
    ],
)
async def test_errors_of_xero_pass_as_they_are(
    rig: ProxyRig, status: int, response: Response
) -> None:
    """Whatever their status and type; one call, and no word of ours."""

    async def answer(_: Request) -> Response:
        return response

    rig.upstream.answer = answer

    answered = await rig.call("GET", "api.xro/2.0/Invoices")

    assert (answered.status_code, answered.content) == (status, bytes(response.body))
    assert answered.headers.get("content-type") == response.headers.get("content-type")
    assert "ledgerwire-problem" not in answered.headers
    assert len(rig.upstream.seen) == 1


async def test_head_has_headers_alone(rig: ProxyRig) -> None:
    """And goes to Xero as HEAD."""
    answered = await rig.call("HEAD", "api.xro/2.0/Invoices")

    assert (answered.status_code, answered.content) == (200, b"")
    assert rig.upstream.seen[0].method == "HEAD"


async def test_limit_of_xero_passes_and_is_believed(rig: ProxyRig) -> None:
    """The next request does not leave: the refusal is ours then, and says so and until when."""

    async def answer(_: Request) -> Response:
        headers = {"X-Rate-Limit-Problem": "day", "Retry-After": "3600"}
        return Response(b"spent", 429, headers)

    rig.upstream.answer = answer

    first = await rig.call("GET", "api.xro/2.0/Invoices")
    second = await rig.call("GET", "api.xro/2.0/Invoices")

    assert (first.status_code, first.content) == (429, b"spent")
    assert (first.headers["x-rate-limit-problem"], first.headers["retry-after"]) == ("day", "3600")
    assert "ledgerwire-problem" not in first.headers
    assert (second.status_code, second.json()["limit"]) == (429, "day")
    assert second.headers["ledgerwire-problem"] == "limit_spent"
    assert second.headers["retry-after"] == "3600"
    assert len(rig.upstream.seen) == 1


REFUSED_PATHS = [
    "connections",
    "connect/token",
    "identity/connect/authorize",
    "Api.xro.evil.com/2.0",
    "api.xro%2F..%2Fconnections",
    "api%2exro/2.0/Invoices",
    "/evil.example/api.xro/2.0",
    "api.xro/../connections",
    "api.xro/2.0/../../connections",
    "api.xro/%2e%2e/connections",
    "api.xro/.%2E/connections",
    "api.xro/%252e%252e/connections",
    "api.xro/%25252e%25252e/connections",
    "api.xro/..;x/connections",
    "api.xro/..%00/connections",
    "api.xro/2.0//Invoices",
    "api.xro/2.0/a%2Fb",
    "api.xro/2.0/a%5Cb",
    "api.xro/2.0/a%0D%0AHost:x",
    "api.xro/2.0/%ff",
    "api.xro/2.0/a%2",
    "http:%2F%2Fevil.example/",
    "@evil.example/api.xro",
    "",
]


@pytest.mark.parametrize("path", REFUSED_PATHS)
def test_other_addresses_are_not_reached(path: str) -> None:
    """Neither other hosts nor what else Xero's own has, in no way of writing it."""
    with pytest.raises(Problem) as caught:
        target_of(f"/v1/proxy/{path}".encode(), b"")

    assert caught.value.code == "proxy_path_refused"


async def test_refused_address_leaves_no_trace_at_xero(rig: ProxyRig) -> None:
    """Over the wire, too, whatever servers and routers on the way make of it."""
    for path in (
        "connections",
        "api.xro/../connections",
        "api.xro/%2e%2e/connections",
        "%0Ad",
        "/x/api.xro",
    ):
        answered = await rig.call("DELETE", path)
        assert (answered.status_code, answered.json()["code"]) == (400, "proxy_path_refused"), path
        assert answered.headers["ledgerwire-problem"] == "proxy_path_refused"
    assert rig.upstream.seen == []


def test_unusual_addresses_of_xeros_pass() -> None:
    """Other APIs, letters that are encoded, percent signs, and a slash at the end."""
    for path, api, parts in (
        ("payroll.xro/1.0/Employees", "payroll.xro/1.0", ("Employees",)),
        ("files.xro/1.0/Files/", "files.xro/1.0", ("Files",)),
        ("API.XRO/2.0/invoices/INV-1%20a", "api.xro/2.0", ("invoices", "INV-1 a")),
        ("api.xro/2.0/Items/100%25..", "api.xro/2.0", ("Items", "100%..")),
        ("projects.xro/2.0/projects/a:b@c;d", "projects.xro/2.0", ("projects", "a:b@c;d")),
    ):
        target = target_of(f"/v1/proxy/{path}".encode(), b"a=1&b")
        assert (target.wire, target.api, target.parts) == (f"/{path}?a=1&b", api, parts)


async def test_both_ways_are_streamed(rig: ProxyRig) -> None:
    """The first bytes arrive before the last have left, there and back."""
    arrived, answered, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    sizes: list[int] = []

    async def answer(request: Request) -> Response:
        async for chunk in request.stream():
            sizes.append(len(chunk))
            arrived.set()

        async def chunks() -> AsyncIterator[bytes]:
            yield b"a" * 1000
            answered.set()
            await go_on.wait()
            yield b"b" * 1000

        return StreamingResponse(chunks())

    async def content() -> AsyncIterator[bytes]:
        yield b"x" * (KEPT_BYTES + 1)
        await arrived.wait()
        yield b"y" * 3_000_000

    rig.upstream.answer = answer
    async with asyncio.timeout(30), rig.http.stream(
        "POST", f"{rig.base}/files.xro/1.0/Files", headers=rig.headers, content=content()
    ) as response:  # fmt: skip
        read = response.aiter_raw()
        first = await anext(read)
        assert answered.is_set()
        assert set(first) == set(b"a")
        go_on.set()
        rest = b"".join([chunk async for chunk in read])

    assert first + rest == b"a" * 1000 + b"b" * 1000
    assert sum(sizes) == KEPT_BYTES + 1 + 3_000_000


async def test_refused_token_is_renewed_and_the_request_repeated(rig: ProxyRig) -> None:
    """Where its body is at hand; the caller sees one answer, and Xero what it was sent, twice."""
    bodies: list[bytes] = []

    async def answer(request: Request) -> Response:
        bodies.append(await request.body())
        return JSONResponse({"done": True})

    rig.upstream.answer, rig.upstream.token = answer, "another"

    answered = await rig.call("POST", "api.xro/2.0/Invoices", content=b"{}")

    assert (answered.status_code, answered.json()) == (200, {"done": True})
    assert bodies == [b"{}"]
    assert len(rig.upstream.seen) == 2


async def test_large_body_is_not_repeated_and_the_next_request_works(rig: ProxyRig) -> None:
    """It is gone, so the refusal is ours, with the word that trying again helps."""
    rig.upstream.token = "another"
    large = b"x" * (KEPT_BYTES + 1)

    first = await rig.call("POST", "files.xro/1.0/Files", content=large)
    second = await rig.call("POST", "files.xro/1.0/Files", content=large)

    assert (first.status_code, first.headers["ledgerwire-problem"]) == (503, "xero_unreachable")
    assert first.headers["retry-after"]
    assert second.status_code == 200


async def test_answer_that_breaks_off_is_seen_to(rig: ProxyRig) -> None:
    """A caller must not take half of it for the whole."""

    async def answer(_: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"half"
            raise ConnectionAbortedError

        return StreamingResponse(chunks())

    rig.upstream.answer = answer

    with pytest.raises(httpx.TransportError):
        await rig.call("GET", "api.xro/2.0/Invoices")
    assert rig.places.in_flight(rig.tenant) == 0


@pytest.mark.parametrize("begun", [False, True])
async def test_caller_who_leaves_a_read_frees_its_place(rig: ProxyRig, begun: bool) -> None:
    """Before the answer and in the middle of it: the call is ended, and others may go on."""
    waiting, never = asyncio.Event(), asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        waiting.set()
        await never.wait()

    async def answer(_: Request) -> Response:
        if begun:
            return StreamingResponse(chunks())
        waiting.set()
        await never.wait()
        return Response()

    rig.upstream.answer = answer
    call = asyncio.create_task(rig.call("GET", "api.xro/2.0/Invoices"))
    async with asyncio.timeout(20):
        await waiting.wait()
    assert rig.places.in_flight(rig.tenant) == 1

    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    await rig.until(lambda: rig.places.in_flight(rig.tenant) == 0)


async def test_caller_who_leaves_a_write_does_not_undo_it(rig: ProxyRig) -> None:
    """What it did is known all the same: in the audit, and to the mirror."""
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_: Request) -> Response:
        waiting.set()
        await go_on.wait()
        return JSONResponse({})

    rig.upstream.answer = answer
    call = asyncio.create_task(rig.call("POST", f"api.xro/2.0/Invoices/{INVOICE}", content=b"{}"))
    async with asyncio.timeout(20):
        await waiting.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    go_on.set()

    await rig.until(lambda: rig.db.fetchval("SELECT status = 200 FROM audit"))
    await rig.until(lambda: rig.db.fetchval("SELECT count(*) = 1 FROM notice"))
    assert rig.places.in_flight(rig.tenant) == 0


async def test_silence_of_xero_is_told_as_ours(rig: ProxyRig) -> None:
    """No answer at all: a problem document, and a write is looked after, since it may be done."""

    async def answer(request: Request) -> Response:
        request.scope["extensions"][TRANSPORT].abort()
        return Response()

    rig.upstream.answer = answer

    answered = await rig.call("POST", f"api.xro/2.0/Invoices/{INVOICE}", content=b"{}")

    assert (answered.status_code, answered.json()["code"]) == (503, "xero_unreachable")
    assert await _due(rig) == [("Invoices", INVOICE)]
    assert rig.places.in_flight(rig.tenant) == 0


async def test_log_does_not_name_a_file(rig: ProxyRig) -> None:
    """Whatever came of the call: people name files, and whom they are about."""
    path = f"api.xro/2.0/Invoices/{INVOICE}/Attachments/Sick%20note%20Jane%20Doe.pdf"

    async def silent(request: Request) -> Response:
        request.scope["extensions"][TRANSPORT].abort()
        return Response()

    with capture_logs() as logs:
        done = await rig.call("PUT", path, content=b"x")
        rig.upstream.answer = silent
        failed = await rig.call("PUT", path, content=b"x")

    assert (done.status_code, failed.status_code) == (200, 503)
    [passed] = [each for each in logs if each["event"] == "xero_passed_on"]
    assert passed["path"] == f"/api.xro/2.0/Invoices/{INVOICE}/Attachments/…"
    assert "Jane" not in f"{logs} {failed.text}"


async def test_callers_keys_are_kept_apart(rig: ProxyRig) -> None:
    """The same word of two API keys is two keys at Xero, whose keys are one set for the app."""
    other = {**await rig.key("proxy"), "X-Tenant-Id": rig.tenant}
    mine = {"Idempotency-Key": "order-1"}
    for headers in (mine, mine, {**other, **mine}, {"Idempotency-Key": "order-2"}):
        await rig.call("PUT", "api.xro/2.0/Invoices", headers=headers, content=b"{}")

    keys = [seen.headers["idempotency-key"] for seen in rig.upstream.seen]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert all(len(key) <= 128 and "order" not in key for key in keys)


async def test_scope_and_organisation_are_asked_for(rig: ProxyRig) -> None:
    """Under either header; what a key does not see does not exist, and Xero hears nothing."""
    other = await link(rig.db)
    limited = await rig.key("proxy", tenants=[rig.tenant])
    reader = await rig.key("read", "write")
    path = f"{rig.base}/api.xro/2.0/Invoices"

    async def status(**headers: str) -> tuple[int, str | None]:
        answered = await rig.http.get(path, headers=headers)
        return answered.status_code, answered.headers.get("ledgerwire-problem")

    assert await status() == (401, "key_missing")
    assert await status(**reader, **{"X-Tenant-Id": rig.tenant}) == (403, "scope_missing")
    assert await status(**limited, **{"X-Tenant-Id": other}) == (404, "tenant_unknown")
    assert await status(**limited, **{"Xero-Tenant-Id": other}) == (404, "tenant_unknown")
    assert rig.upstream.seen == []
    assert await status(**limited, **{"Xero-Tenant-Id": rig.tenant}) == (200, None)
    both = {"X-Tenant-Id": rig.tenant, "Xero-Tenant-Id": other}
    assert await status(**limited, **both) == (200, None)
    assert [each.headers["xero-tenant-id"] for each in rig.upstream.seen] == [rig.tenant] * 2


async def test_organisation_that_left_is_not_asked_for(rig: ProxyRig) -> None:
    """Its tokens may still open others' books, so nothing is sent with them."""
    await change_state(rig.db, rig.tenant, "disconnected", reason="test")

    answered = await rig.call("GET", "api.xro/2.0/Invoices")

    assert (answered.status_code, answered.headers["ledgerwire-problem"]) == (
        409,
        "tenant_not_linked",
    )
    assert rig.upstream.seen == []


async def test_writes_are_audited_and_reads_are_not(rig: ProxyRig) -> None:
    """Who, for whom, about what, and how it ended; no payload."""
    await rig.call("GET", f"api.xro/2.0/Invoices/{INVOICE}")
    await rig.call("POST", f"api.xro/2.0/Invoices/{INVOICE}", content=b'{"secret":1}')
    await rig.call("DELETE", "projects.xro/2.0/projects/7")

    rows = await rig.db.fetch("SELECT * FROM audit ORDER BY position")

    assert [
        (row["operation"], row["tenant_id"], row["entity"], row["entity_ids"], row["status"])
        for row in rows
    ] == [
        ("proxy_post", rig.tenant, "invoice", [INVOICE], 200),
        ("proxy_delete", rig.tenant, "projects.xro/2.0", [], 200),
    ]
    assert "secret" not in str([dict(row) for row in rows])


async def _due(rig: ProxyRig) -> list[tuple[str, str]]:
    rows = await rig.db.fetch("SELECT endpoint, remote_id FROM notice ORDER BY endpoint, remote_id")
    await rig.db.execute("DELETE FROM notice")
    return [(row["endpoint"], row["remote_id"]) for row in rows]


async def _swept(rig: ProxyRig) -> list[str]:
    rows = await rig.db.fetch(
        "SELECT endpoint FROM cursor WHERE sweep_due_at <= $1", rig.clock.now()
    )
    return [row["endpoint"] for row in rows]


async def test_mirror_is_told_what_a_write_may_have_changed(rig: ProxyRig) -> None:
    """The thing that the address names, with its files; else what the endpoint has changed. Reads
    and refused writes change nothing."""

    async def answer(request: Request) -> Response:
        return JSONResponse({}, 400 if b"bad" in await request.body() else 200)

    rig.upstream.answer = answer
    other = "0" * 8 + INVOICE[8:]
    await rig.call("GET", f"api.xro/2.0/Invoices/{other}")
    await rig.call("POST", f"api.xro/2.0/Invoices/{other}", content=b"bad")
    await rig.call("PUT", f"api.xro/2.0/Contacts/{other}/History", content=b"{}")
    await rig.call("POST", "projects.xro/2.0/projects", content=b"{}")

    await rig.call("POST", f"api.xro/2.0/invoices/{INVOICE.upper()}", content=b"{}")
    await rig.call("PUT", f"api.xro/2.0/Contacts/{INVOICE}/Attachments/a.pdf", content=b"%PDF")

    await rig.until(lambda: rig.db.fetchval("SELECT count(*) >= 3 FROM notice"))
    assert (await _due(rig), await _swept(rig)) == (
        [
            ("Attachments", f"Contacts:{INVOICE}"),
            ("Contacts", INVOICE),
            ("Invoices", INVOICE),
        ],
        [],
    )
    await rig.call("PUT", "api.xro/2.0/Invoices", content=b"{}")
    await rig.until(lambda: _swept(rig))
    assert (await _due(rig), await _swept(rig)) == ([], ["Invoices"])


async def test_calls_are_counted_with_those_of_the_api(rig: ProxyRig) -> None:
    """By purpose and endpoint; what nobody knows is counted under its API, whatever its name."""
    for path in ("api.xro/2.0/Invoices", "api.xro/2.0/Nonsense", "files.xro/1.0/Files"):
        await rig.call("GET", path)

    async def counted() -> bool:
        rows = await rig.db.fetch("SELECT endpoint, calls FROM endpoint_usage ORDER BY endpoint")
        found = [(row["endpoint"], row["calls"]) for row in rows]
        return found == [("Invoices", 1), ("api.xro", 1), ("files.xro", 1)]

    await rig.until(counted)
    calls = await rig.db.fetchval("SELECT calls FROM usage WHERE purpose = 'api'")
    assert calls == 3
