"""`/livez`, `/readyz` and `/metrics`, the same for every role. What "ready" means is handed in.

Live says that the event loop runs, and asks nobody: a database that is away must not get its
clients restarted. A process whose loop is stuck gives no answer at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = structlog.get_logger(__name__)

#: Returns None when ready, else one sentence without secrets; may raise.
Check = Callable[[], Awaitable[str | None]]
#: Brings figures in the registry up to date before a scrape; may raise.
Measure = Callable[[], Awaitable[None]]

CHECK_TIMEOUT_S = 2.0
MEASURE_TIMEOUT_S = 2.0
_NO_STORE = {"Cache-Control": "no-store"}
_NONE: Mapping[str, Check] = MappingProxyType({})


class _Questions:
    """Asks under names, each at most once at a time.

    What does not answer in time is left to end by itself and not asked again before it has: a
    silent database would otherwise lose a connection to each probe.
    """

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Task[str | None]] = {}

    async def ask(self, name: str, check: Check, timeout_s: float) -> str | None:
        """What the check says, or why it says nothing."""
        task = self._open.get(name)
        if task is None or task.done():
            task = self._open[name] = asyncio.create_task(_answer(name, check))
        await asyncio.wait({task}, timeout=timeout_s)
        return task.result() if task.done() else f"no answer within {timeout_s:g} s"


def health_routes(
    checks: Mapping[str, Check],
    registry: CollectorRegistry,
    *,
    shown: Mapping[str, Check] = _NONE,
    measures: Mapping[str, Measure] = MappingProxyType({}),
    check_timeout_s: float = CHECK_TIMEOUT_S,
) -> list[Route]:
    """The three routes.

    Args:
        checks: by name, such as `database`; all must be ready, and all are asked at once.
        registry: what `/metrics` shows.
        shown: checks that are told of in the answer and decide nothing.
        measures: asked at each scrape, by name; the scrape goes on without one that fails.
        check_timeout_s: seconds after which a silent check counts as not ready.
    """
    questions = _Questions()

    async def livez(_: Request) -> Response:
        return JSONResponse({"live": True}, headers=_NO_STORE)

    async def readyz(_: Request) -> Response:
        asked = {**shown, **checks}
        answers = await asyncio.gather(
            *(questions.ask(name, check, check_timeout_s) for name, check in asked.items())
        )
        troubles = dict(zip(asked, answers, strict=True))
        ready = not any(troubles[name] for name in checks)
        named = {name: trouble or "ok" for name, trouble in troubles.items()}
        body = {"ready": ready, "checks": named}
        return JSONResponse(body, status_code=200 if ready else 503, headers=_NO_STORE)

    async def metrics(_: Request) -> Response:
        await asyncio.gather(
            *(
                questions.ask(f"measure {name}", _as_check(measure), MEASURE_TIMEOUT_S)
                for name, measure in measures.items()
            )
        )
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/livez", livez, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


def _as_check(measure: Measure) -> Check:
    async def check() -> str | None:
        await measure()
        return None

    return check


async def _answer(name: str, check: Check) -> str | None:
    try:
        return await check()
    except Exception as error:  # noqa: BLE001  # whatever a check raises means: not ready
        log.warning("check_failed", check=name, error=type(error).__name__)
        return f"failed: {type(error).__name__}"
