"""Health routes: what they say, and that nothing a check does can hang or break them."""

import asyncio

import httpx
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.health import Check, health_routes


async def _get(path: str, checks: dict[str, Check], registry: CollectorRegistry) -> httpx.Response:
    app = create_app(health_routes(checks, registry, check_timeout_s=0.05))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path)


async def _fine() -> str | None:
    return None


async def _away() -> str | None:
    return "the database does not answer"


async def _broken() -> str | None:
    raise RuntimeError("postgresql://user:secret@host")


async def _silent() -> str | None:
    await asyncio.Event().wait()
    return None


async def test_live_asks_nobody() -> None:
    """Restarting a process does not bring its database back."""
    answer = await _get("/livez", {"database": _broken}, CollectorRegistry())

    assert (answer.status_code, answer.json()) == (200, {"live": True})


async def test_ready_when_all_checks_are() -> None:
    """A load balancer reads the status, a person the body."""
    answer = await _get("/readyz", {"database": _fine, "kafka": _fine}, CollectorRegistry())

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "kafka": "ok"}}


async def test_one_trouble_makes_it_unready_and_is_named() -> None:
    """Broken, silent and away are all "not ready", and the others still show."""
    checks: dict[str, Check] = {"a": _fine, "b": _away, "c": _broken, "d": _silent}

    answer = await _get("/readyz", checks, CollectorRegistry())

    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "a": "ok",
        "b": "the database does not answer",
        "c": "failed: RuntimeError",
        "d": "no answer within 0.05 s",
    }


async def test_failures_tell_no_secrets() -> None:
    """Exceptions of drivers hold connection strings."""
    answer = await _get("/readyz", {"database": _broken}, CollectorRegistry())

    assert "secret" not in answer.text


async def test_metrics_are_prometheus_text() -> None:
    """The scraper must understand what we count."""
    registry = CollectorRegistry()
    Counter("ledgerwire_things", "Things.", registry=registry).inc(3)

    answer = await _get("/metrics", {}, registry)

    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["ledgerwire_things"].samples[0].value == 3.0
    assert answer.headers["content-type"].startswith("text/plain")


async def test_other_methods_and_paths_are_refused() -> None:
    """Three routes, nothing else."""
    assert (await _get("/nothing", {}, CollectorRegistry())).status_code == 404
