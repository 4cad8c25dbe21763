"""The bytes of attachments: fetched from Xero each time, at a call; the mirror keeps none."""

from urllib.parse import quote

from starlette.responses import Response

from api.attachments import NoAttachment, content_of
from api.here import Api
from api.operation import Asked, Operation, Reply
from api.problems import Problem
from api.reading.collections import collection
from api.reading.filters import entity_id
from api.reading.freshness import require_kept
from api.reading.live import LIVE_PROBLEMS
from api.reading.records import ID, given_id
from api.reading.values import REMOTE
from storage.listing import Listing, attachment_ids, list_heads
from unified.ids import EntityId, TenantId

_BYTES = "application/octet-stream"


def file_operation(api: Api) -> Operation:
    """Downloading one file."""
    files = collection("attachments")

    async def answer(asked: Asked) -> Response:
        require_kept(asked.tenant_state)
        wanted = await _entity(api, asked.tenant_id, given_id(asked))
        try:
            found = await content_of(api.db, api.client, asked.tenant_id, wanted)
        except NoAttachment as error:
            raise Problem("not_found", f"{error}.") from None
        named = quote(found.file_name or "file", safe="")
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{named}",
            "ETag": f'"{found.sha256}"',
            "X-Content-SHA256": found.sha256,
        }
        return Response(found.content, media_type=found.mime_type or _BYTES, headers=headers)

    async def _entity(here: Api, tenant_id: TenantId, given: str) -> EntityId:
        if not given.startswith(REMOTE):
            return entity_id(tenant_id, files.kind, given)
        clause = attachment_ids([given.removeprefix(REMOTE).lower()])
        listing = Listing(resource=files.kind.name, clauses=(clause,))
        page = await list_heads(here.db, tenant_id, listing, limit=1)
        if not page.heads:
            raise Problem("not_found", "No attachment has this id.")
        return page.heads[0].id

    return Operation(
        id="download_attachment",
        method="GET",
        path=f"{files.path}/{{id}}/content",
        summary="Download one attachment",
        about="Its bytes as Xero has them, with their SHA-256. Costs one call.",
        tag=files.tag,
        scope="read",
        handle=answer,
        parameters=(ID,),
        replies=(
            Reply(
                about="The file, of the type that Xero says it has.",
                media_type="*/*",
                headers={"X-Content-SHA256": "Hexadecimal", "Content-Disposition": "Its name"},
            ),
        ),
        problems=("not_found", "xero_not_found", *LIVE_PROBLEMS),
    )
