"""The bytes of attachments: passed on from Xero as they come, at a call; nothing of them is kept
but their digest."""

from contextlib import AsyncExitStack
from typing import Final
from urllib.parse import quote

import httpx
import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.attachments import Digested, KnownFile, NoAttachment, keep_digest, known_file
from api.departure import CallerLeft, unless_left
from api.here import Api
from api.operation import Asked, Operation, Reply
from api.problems import Problem
from api.proxy import CLIENT_CLOSED, PassedResponse
from api.reading.collections import collection
from api.reading.filters import by_id, entity_id
from api.reading.freshness import require_kept
from api.reading.live import LIVE_PROBLEMS
from api.reading.records import ID, given_id
from api.reading.values import REMOTE
from storage.errors import StorageError, TenantNotLinked
from storage.listing import Listing, list_heads
from unified.ids import EntityId, TenantId
from xero.answers import refusal
from xero.passing import PassedAnswer
from xero.wire import Answer

_BYTES: Final = "application/octet-stream"
_MOST_REFUSAL: Final = 64 * 1024  #: bytes of an answer that is no file

log = structlog.get_logger(__name__)


class Downloads:
    """Answers downloads."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._files = collection("attachments")

    def operation(self) -> Operation:
        """The operation."""
        return Operation(
            id="download_attachment",
            method="GET",
            path=f"{self._files.path}/{{id}}/content",
            summary="Download one attachment",
            about="Its bytes as Xero has them, as they come. Costs one call. Once all of them "
            "went by, the attachment's `sha256` tells their digest.",
            tag=self._files.tag,
            scope="read",
            handle=self.answer,
            parameters=(ID,),
            replies=(
                Reply(
                    about="The file, of the type that Xero says it has.",
                    media_type="*/*",
                    headers={"Content-Disposition": "Its name"},
                ),
            ),
            problems=("not_found", "xero_not_found", *LIVE_PROBLEMS),
        )

    async def answer(self, asked: Asked) -> Response:
        """The file, as soon as it begins to come."""
        require_kept(asked.tenant_state)
        wanted = await self._entity(asked.tenant_id, given_id(asked))
        try:
            file = await known_file(self._api.db, asked.tenant_id, wanted)
        except NoAttachment as error:
            raise Problem("not_found", f"{error}.") from None
        if asked.tenant_state != "linked":
            raise TenantNotLinked(asked.tenant_id, asked.tenant_state or "unknown")
        try:
            return await self._coming(asked, file)
        except (CallerLeft, ClientDisconnect):
            return Response(status_code=CLIENT_CLOSED)

    async def _coming(self, asked: Asked, file: KnownFile) -> Response:
        async with AsyncExitStack() as stack:
            coming = stack.enter_async_context(
                self._api.passed.pass_on(asked.tenant_id, file.call())
            )
            answer = await unless_left(asked.request.receive, coming)
            headers = httpx.Headers(list(answer.headers))
            if answer.status != httpx.codes.OK:
                body = await _beginning(answer)
                refused = Answer(
                    status=answer.status, headers=headers, body=body, wire_size=0, took_ms=0.0
                )
                raise refusal(refused, tenant_id=asked.tenant_id, what=file.endpoint)
            read = Digested(answer.chunks)
            sent = PassedAnswer(answer.status, answer.headers, aiter(read))

            async def keep() -> None:
                await self._keep(asked.tenant_id, file, read)

            response = PassedResponse(sent, stack.pop_all(), keep)
            response.raw_headers = _headers(file, headers)
            return response

    async def _keep(self, tenant_id: TenantId, file: KnownFile, read: Digested) -> None:
        if not read.whole:
            return
        try:
            await keep_digest(self._api.db, tenant_id, file, read)
        except StorageError as error:  # the file has been sent: its digest can wait
            log.warning("digest_not_kept", tenant_id=tenant_id, error=type(error).__name__)

    async def _entity(self, tenant_id: TenantId, given: str) -> EntityId:
        if not given.startswith(REMOTE):
            return entity_id(tenant_id, self._files.kind, given)
        clause = by_id(tenant_id, self._files.kind, given)
        listing = Listing(resource=self._files.kind.name, clauses=(clause,))
        page = await list_heads(self._api.db, tenant_id, listing, limit=1)
        if not page.heads:
            raise Problem("not_found", "No attachment has this id.")
        return page.heads[0].id


async def _beginning(answer: PassedAnswer) -> bytes:
    found = bytearray()
    async for chunk in answer.chunks:
        found += chunk
        if len(found) > _MOST_REFUSAL:
            break
    return bytes(found)


def _headers(file: KnownFile, told: httpx.Headers) -> list[tuple[bytes, bytes]]:
    """Those of the file. What it is to be shown as is its caller's to decide: it is no page."""
    named = quote(file.file_name or "file", safe="")
    found = {
        "content-type": file.mime_type or _BYTES,
        "content-disposition": f"attachment; filename*=UTF-8''{named}",
    }
    for name in ("content-length", "content-encoding"):
        if name in told:
            found[name] = told[name]
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in found.items()]
