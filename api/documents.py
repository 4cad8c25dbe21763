"""The contracts over HTTP: `/openapi.json`, `/asyncapi.json`, `/schemas/…`, and `/docs`, a page
that shows the first of them. No key is needed: they say what everybody's Ledgerwire says.

They are files of this package, made from its code and held to it by `make check`; nothing is worked
out while serving, and the page loads nothing from anywhere else.
"""

import asyncio
import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.operation import JSON
from api.pages import static_file
from api.problems import Problem
from unified import schemas
from unified.schemas.committed import FOLDER

#: Beside the schemas, where `python -m ledgerwire.documents` writes them.
BESIDE: Final = Path(schemas.__file__).parent
OPENAPI: Final = "openapi.json"
ASYNCAPI: Final = "asyncapi.json"

_AGE_S: Final = 300  #: how long nobody needs to ask again; a new version is seen that late
_SMALL: Final = 1_400  #: bytes that fit one packet are not worth packing
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": f"public, max-age={_AGE_S}",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A document as it is sent, packed and not."""

    media_type: str
    plain: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "Held":
        """Pack it."""
        digest = sha256(content).hexdigest()[:32]
        packed = gzip.compress(content, mtime=0) if len(content) > _SMALL else content
        return cls(media_type, content, packed, f'"{digest}"')


def document_routes() -> list[Route]:
    """The routes of all of them."""
    named = {path.name: _Document(partial(_file, path)) for path in FOLDER.glob("*.json")}

    async def schema(request: Request) -> Response:
        found = named.get(request.path_params["name"])
        if found is None:
            detail = "No schema has this name; /schemas lists all."
            return Problem("path_unknown", detail).response()
        return await found.answer(request)

    return [
        _route(f"/{OPENAPI}", partial(_file, BESIDE / OPENAPI)),
        _route(f"/{ASYNCAPI}", partial(_file, BESIDE / ASYNCAPI)),
        _route("/schemas", partial(_index, sorted(named))),
        Route("/schemas/{name}", schema),
        _route("/docs", partial(_static, "docs.html", "text/html")),
        _route("/docs/docs.js", partial(_static, "docs.js", "text/javascript")),
        _route("/docs/docs.css", partial(_static, "docs.css", "text/css")),
    ]


def _route(path: str, make: Callable[[], Held]) -> Route:
    return Route(path, _Document(make).answer)


class _Document:
    """One document, made when it is first asked for."""

    def __init__(self, make: Callable[[], Held]) -> None:
        self._make = make
        self._held: Held | None = None

    async def answer(self, request: Request) -> Response:
        """Send it, or say that what is there is still the same."""
        if self._held is None:
            # Packing a megabyte takes long enough to be in others' way.
            self._held = await asyncio.to_thread(self._make)
        return _answer(request, self._held)


def _answer(request: Request, held: Held) -> Response:
    headers = {**_HEADERS, "ETag": held.etag}
    if held.media_type == "text/html":
        headers["Content-Security-Policy"] = _POLICY
    given = request.headers.get("if-none-match", "")
    if held.etag in [each.strip().removeprefix("W/") for each in given.split(",")]:
        return Response(status_code=304, headers=headers)
    content = held.plain
    if "gzip" in request.headers.get("accept-encoding", "") and held.packed is not held.plain:
        content, headers["Content-Encoding"] = held.packed, "gzip"
    return Response(content, headers=headers, media_type=held.media_type)


def _file(path: Path) -> Held:
    return Held.of(path.read_bytes(), JSON)


def _static(name: str, media_type: str) -> Held:
    return Held.of(static_file(name), media_type)


def _index(names: Sequence[str]) -> Held:
    return Held.of(msgspec.json.encode({"schemas": names}), JSON)
