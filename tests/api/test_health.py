"""Health routes: what they say, and that nothing a check does can hang or break them."""

import asyncio

import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from api.app import create_app
from api.health import Check, Measure, health_routes


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


async def test_what_is_only_shown_decides_nothing() -> None:
    """A receiver takes deliveries while Kafka is away; whoever looks sees that it is."""
    routes = health_routes({"database": _fine}, CollectorRegistry(), shown={"relay": _away})
    async with _client(routes) as http:
        answer = await http.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {"relay": "the database does not answer", "database": "ok"},
    }


async def test_silent_check_is_asked_once_at_a_time() -> None:
    """Else each probe would lose another connection to a database that fell silent."""
    asked, answers = 0, asyncio.Event()

    async def slow() -> str | None:
        nonlocal asked
        asked += 1
        await answers.wait()
        return None

    routes = health_routes({"database": slow}, CollectorRegistry(), check_timeout_s=0.01)
    async with _client(routes) as http:
        during = [(await http.get("/readyz")).status_code for _ in range(3)]
        answers.set()
        after = (await http.get("/readyz")).status_code

    assert (during, after) == ([503, 503, 503], 200)
    assert asked <= 2


async def test_figures_are_asked_for_at_each_scrape() -> None:
    """They cost nothing where nobody scrapes, and are never older than the scrape."""
    registry = CollectorRegistry()
    waiting = Gauge("ledgerwire_waiting", "Things.", registry=registry)

    async def measure() -> None:
        waiting.inc()

    async with _client(health_routes({}, registry, measures={"waiting": measure})) as http:
        texts = [(await http.get("/metrics")).text for _ in range(2)]

    assert ["ledgerwire_waiting 1.0" in texts[0], "ledgerwire_waiting 2.0" in texts[1]] == [
        True
    ] * 2


async def test_figure_that_fails_leaves_the_others() -> None:
    """The scrape that tells of an outage must not fall to it."""
    registry = CollectorRegistry()
    Counter("ledgerwire_things", "Things.", registry=registry)
    failing: dict[str, Measure] = {"waiting": _fail}

    async with _client(health_routes({}, registry, measures=failing)) as http:
        answer = await http.get("/metrics")

    assert (answer.status_code, "ledgerwire_things_total 0.0" in answer.text) == (200, True)


async def _fail() -> None:
    raise OSError("postgresql://user:secret@host")


def _client(routes: list[Route]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(routes))
    return httpx.AsyncClient(transport=transport, base_url="http://test")
