"""`/livez`, `/readyz` and `/metrics`, the same for every role. What "ready" means is handed in.

Live says that the process answers at all, so it asks nobody: a database that is away must not get
its clients restarted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = structlog.get_logger(__name__)

#: Returns None when ready, else one sentence without secrets; may raise.
Check = Callable[[], Awaitable[str | None]]

CHECK_TIMEOUT_S = 2.0
_NO_STORE = {"Cache-Control": "no-store"}


def health_routes(
    checks: Mapping[str, Check],
    registry: CollectorRegistry,
    *,
    check_timeout_s: float = CHECK_TIMEOUT_S,
) -> list[Route]:
    """The three routes.

    Args:
        checks: by name, such as `database`; all must be ready, and all are asked at once.
        registry: what `/metrics` shows.
        check_timeout_s: seconds after which a silent check counts as not ready.
    """

    async def livez(_: Request) -> Response:
        return JSONResponse({"live": True}, headers=_NO_STORE)

    async def readyz(_: Request) -> Response:
        troubles = await asyncio.gather(
            *(_ask(name, check, check_timeout_s) for name, check in checks.items())
        )
        named = {name: trouble or "ok" for name, trouble in zip(checks, troubles, strict=True)}
        ready = not any(troubles)
        body = {"ready": ready, "checks": named}
        return JSONResponse(body, status_code=200 if ready else 503, headers=_NO_STORE)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/livez", livez, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def _ask(name: str, check: Check, timeout_s: float) -> str | None:
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except Exception as error:  # noqa: BLE001  # whatever a check raises means: not ready
        log.warning("check_failed", check=name, error=type(error).__name__)
        return f"failed: {type(error).__name__}"
