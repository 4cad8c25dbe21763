"""What pages of others load from us to link in a window: the script, and how a session ended."""

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.link_rules import LinkRules
from api.pages import PRIVATE_HEADERS, static_file
from storage.database import Database
from storage.errors import StorageError
from storage.link_sessions import session_by_token

SCRIPTS = ("link.js", "popup.js")
SCRIPT_LIFE_S = 300  #: for so long browsers need not ask again


def link_file_routes(database: Database, rules: LinkRules) -> list[Route]:
    """`/connect/link.js`, the script of our own pages, and `/connect/outcome`."""

    async def outcome(request: Request) -> Response:
        return await _outcome(request, database, rules)

    scripts = [Route(f"/connect/{name}", _script, methods=["GET"], name=name) for name in SCRIPTS]
    return [*scripts, Route("/connect/outcome", outcome, methods=["GET"])]


async def _script(request: Request) -> Response:
    content = static_file(request.url.path.rpartition("/")[2])
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": f"public, max-age={SCRIPT_LIFE_S}",
        "Cross-Origin-Resource-Policy": "cross-origin",  # other people's pages are who loads it
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/javascript", headers=headers)


async def _outcome(request: Request, database: Database, rules: LinkRules) -> Response:
    """How a session ended, for who has its address, in pages of allowed origins."""
    headers = {**PRIVATE_HEADERS, "Vary": "Origin"}
    origin = request.headers.get("origin")
    if origin is not None and rules.may_hear(origin):
        headers["Access-Control-Allow-Origin"] = origin
    try:
        found = await session_by_token(database, request.query_params.get("session", ""))
    except StorageError:
        return JSONResponse({"state": "unavailable"}, status_code=503, headers=headers)
    if found is None:
        return JSONResponse({"state": "unknown"}, status_code=404, headers=headers)
    names = [{"tenant_id": each.tenant_id, "name": each.name} for each in found.linked]
    told = {"state": found.state, "code": found.error, "tenants": names}
    return JSONResponse(told, headers=headers)
