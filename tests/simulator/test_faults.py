"""Faults on demand: calls that fail in every way, and nothing left behind."""

from typing import Any

import httpx
import pytest

from tests.simulator.callers import Caller
from tests.simulator.conftest import Link


async def ask(caller: Caller, **fault: Any) -> None:
    """One fault about calls."""
    await caller.control("faults", {"calls": [fault]})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412, 500, 501, 503])
@pytest.mark.behaviour("Faults", "any status from 400 to 599 for the next calls")
async def test_any_status_for_the_next_calls(link: Link, status: int) -> None:
    """So many times, then all is well."""
    caller = await link()
    await ask(caller, kind="status", status=status, times=2)

    got = [(await caller.get("Organisation")).status_code for _ in range(3)]

    assert got == [status, status, 200]


@pytest.mark.parametrize(
    ("problem", "header", "waits"),
    [
        ("minute", "x-minlimit-remaining", True),
        ("day", "x-daylimit-remaining", True),
        ("appminute", "x-appminlimit-remaining", True),
        ("concurrent", None, False),
    ],
)
@pytest.mark.behaviour("Faults", "a 429 of each kind, with its counter at 0")
async def test_each_kind_of_429(link: Link, problem: str, header: str | None, waits: bool) -> None:
    """The problem is named, its counter is 0, and Retry-After comes where Xero gives it."""
    caller = await link()
    await ask(caller, kind="limit", problem=problem)

    answer = await caller.get("Organisation")

    assert (answer.status_code, answer.headers["x-rate-limit-problem"]) == (429, problem)
    assert header is None or answer.headers[header] == "0"
    assert ("retry-after" in answer.headers) is waits


@pytest.mark.behaviour("Faults", "a Retry-After of choice")
async def test_retry_after_can_be_named(link: Link) -> None:
    """For a test that wants to wait exactly so long."""
    caller = await link()
    await ask(caller, kind="limit", problem="minute", retry_after_s=22)

    assert (await caller.get("Organisation")).headers["retry-after"] == "22"


@pytest.mark.behaviour("Faults", "an HTML page where data was expected")
async def test_html_where_data_was_expected(link: Link) -> None:
    """Whatever Accept says."""
    caller = await link()
    await ask(caller, kind="html", status=503)

    answer = await caller.get("Organisation")

    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "offline for maintenance" in answer.text


@pytest.mark.behaviour("Faults", "an answer that breaks off half-way")
async def test_truncated_answers_break_off(link: Link) -> None:
    """Half a body is a transport error, not a short JSON."""
    caller = await link()
    await ask(caller, kind="truncated")

    with pytest.raises(httpx.RemoteProtocolError):
        await caller.get("Organisation")
    assert (await caller.get("Organisation")).status_code == 200


@pytest.mark.behaviour("Faults", "an answer that takes its time")
async def test_slow_answers_come_in_the_end(link: Link) -> None:
    """A client with less patience times out."""
    caller = await link()
    await ask(caller, kind="slow", seconds=0.5, times=2)

    with pytest.raises(httpx.ReadTimeout):
        await caller.http.get("/api.xro/2.0/Organisation", headers=caller.headers, timeout=0.05)
    assert (await caller.get("Organisation")).status_code == 200


@pytest.mark.behaviour("Faults", "a write that is done, and its answer lost")
async def test_dropped_write_was_done(link: Link) -> None:
    """The connection closes without an answer, and the contact exists."""
    caller = await link()
    await ask(caller, kind="drop", method="PUT")

    with pytest.raises(httpx.RemoteProtocolError):
        await caller.put("Contacts", {"Name": "Ada"})
    found = await caller.get("Contacts")

    assert [one["Name"] for one in found.json()["Contacts"]] == ["Ada"]


@pytest.mark.behaviour("Faults", "a token answer that is lost, and the grace time that mends it")
async def test_token_answer_lost_in_transit_is_repeated_within_grace(link: Link) -> None:
    """The old refresh token still works; that is what the grace time is for."""
    caller = await link()
    form = {"grant_type": "refresh_token", "refresh_token": caller.tokens["refresh_token"]}
    await ask(caller, kind="drop", path="/connect/token")

    with pytest.raises(httpx.RemoteProtocolError):
        await caller.token(**form)

    assert (await caller.token(**form)).status_code == 200


@pytest.mark.behaviour("Faults", "faults choose organisation, path and method")
async def test_faults_choose_tenant_path_and_method(link: Link) -> None:
    """Others pass untouched."""
    caller = await link()
    await ask(caller, kind="status", path="/api.xro/2.0/invoices", times=None)
    await ask(caller, kind="status", tenant_id="someone else", times=None)

    got = [(await caller.get(path)).status_code for path in ("Contacts", "Invoices", "Invoices")]
    await caller.control("faults", {"clear": True})

    assert got == [200, 503, 503]
    assert (await caller.get("Invoices")).status_code == 200


@pytest.mark.behaviour("Faults", "/connections can fail, too")
async def test_connections_can_fail_too(link: Link) -> None:
    """A re-read after a 403 may itself go wrong."""
    caller = await link()
    await ask(caller, kind="status", status=500, path="/connections")

    got = [await caller.http.get("/connections", headers=caller.headers) for _ in range(2)]
    [held] = got[1].json()
    await ask(caller, kind="status", status=503, path="/connections", method="DELETE")
    gone = [
        await caller.http.delete(f"/connections/{held['id']}", headers=caller.headers)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in got] == [500, 200]
    assert [answer.status_code for answer in gone] == [503, 204]


@pytest.mark.parametrize(
    "body",
    [
        {"calls": [{"kind": "earthquake"}]},
        {"calls": [{"kind": "status", "tims": 3}]},
        {"calls": [{"kind": "limit", "problem": "week"}]},
        {"deliveries": {"burn": 1}},
        {"what": 1},
    ],
)
@pytest.mark.behaviour("Faults", "a misspelt fault is refused")
async def test_unknown_faults_are_refused(link: Link, body: dict[str, Any]) -> None:
    """A misspelt fault must not make a test pass."""
    caller = await link()

    assert "error" in await caller.control("faults", body)


@pytest.mark.behaviour(
    "Connections",
    "an organisation that vanished or was disconnected answers 403 and is listed no more",
)
async def test_vanished_and_disconnected_organisations_are_forbidden(link: Link) -> None:
    """Calls get 403 and the connection is gone from the list."""
    caller = await link(tenants=2)
    second = [tenant.id for tenant in caller.running.books][1]
    await caller.link(second)

    await caller.control(f"tenants/{caller.tenant_id}/disconnect", {})
    await caller.http.delete(f"{caller.running.control_url}/tenants/{second}")
    shown = await caller.http.get("/connections", headers=caller.headers)
    one = await caller.get("Organisation")
    two = await caller.get("Organisation", headers={"xero-tenant-id": second})

    assert shown.json() == []
    assert (one.status_code, two.status_code) == (403, 403)
