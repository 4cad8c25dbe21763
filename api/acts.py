"""`/v1/audit`: what callers did, newest first. How acts get into the log is `api/acting.py`."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from api.here import Api
from api.operation import JSON, Asked, Operation, Reply
from api.paging import CURSOR, LIMIT, page, page_schema, place, position_of
from api.parameters import Parameter
from storage.acts import ACTORS, Wanted, WrittenAct, acts
from unified.codecs import instant_text
from unified.ids import TenantId

_PURPOSE: Final = b"acts"
_TEXT: Final = {"type": ["string", "null"]}
_PROPERTIES: Final[dict[str, Any]] = {
    "at": {"type": "string", "format": "date-time", "description": "When it began."},
    "ended_at": {"type": ["string", "null"], "format": "date-time"},
    "actor": {"type": "string", "enum": list(ACTORS)},
    "key_id": {**_TEXT, "description": "The API key that it was done with."},
    "operation": {"type": "string", "description": "Its name in this document, or a command's."},
    "tenant_id": {"type": ["string", "null"], "format": "uuid"},
    "entity": {**_TEXT, "description": "The kind of thing, such as `invoice`."},
    "entity_ids": {"type": "array", "items": {"type": "string"}},
    "request_id": _TEXT,
    "status": {
        "type": ["integer", "null"],
        "description": "Of the answer; null: it was begun, and nobody knows how it ended.",
    },
    "code": {**_TEXT, "description": "Of the problem that was answered."},
}
ACT: Final = {"type": "object", "properties": _PROPERTIES, "required": list(_PROPERTIES)}
_EXAMPLE: Final = {
    "at": "2026-11-03T09:12:00.000Z",
    "ended_at": "2026-11-03T09:12:00.412Z",
    "actor": "key",
    "key_id": "1f0c9a3e",
    "operation": "create_invoice",
    "tenant_id": "e7f0a5b8-8c52-4b0e-9a53-0d8a40cf3a11",
    "entity": "invoice",
    "entity_ids": ["6a0d1f2e-3b4c-5d6e-8f70-9a0b1c2d3e4f"],
    "request_id": "order-4711",
    "status": 201,
    "code": None,
}


def _tenant(text: str) -> TenantId:
    try:
        return TenantId(str(UUID(text)))
    except ValueError:
        raise ValueError("is no uuid") from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no instant such as 2026-11-03T09:12:00Z") from None
    if at.tzinfo is None:
        raise ValueError("has no time zone")
    return at.astimezone(UTC)


def _word(text: str) -> str:
    if not text.isprintable() or len(text) > 200:
        raise ValueError("is no such word")
    return text


_PARAMETERS: Final = (
    Parameter(
        name="tenant", about="Only acts on this organisation.", read=_tenant,
        schema={"type": "string", "format": "uuid"}, example=_EXAMPLE["tenant_id"],
    ),
    Parameter(
        name="key", about="Only acts with the key of this id.", read=_word,
        schema={"type": "string"}, example=_EXAMPLE["key_id"],
    ),
    Parameter(
        name="operation", about="Only this operation.", read=_word,
        schema={"type": "string"}, example="create_invoice",
    ),
    Parameter(
        name="since", about="Only what began at this instant or later.", read=_instant,
        schema={"type": "string", "format": "date-time"}, example="2026-11-01T00:00:00Z",
    ),
    LIMIT,
    CURSOR,
)  # fmt: skip


def act_operations(api: Api) -> list[Operation]:
    """Reading the log."""

    async def read(asked: Asked) -> Response:
        query, mine = asked.query, asked.caller.key
        limit: int = query["limit"]
        cursor: str | None = query["cursor"]
        wanted = Wanted(
            seen_by=None if mine.tenants is None else (mine.id, mine.tenants),
            tenant_id=query["tenant"],
            key_id=query["key"],
            operation=query["operation"],
            since=query["since"],
            before=None if cursor is None else position_of(cursor, _PURPOSE, api.box),
        )
        found = await acts(api.db, wanted, limit=limit + 1)
        more = None
        if len(found) > limit:
            more = place(found[limit - 1].position, _PURPOSE, api.box)
        told = page([act_shown(each) for each in found[:limit]], more, limit)
        return Response(msgspec.json.encode(told), media_type=JSON)

    example = page([_EXAMPLE], None, 100)
    return [
        Operation(
            id="list_acts", method="GET", path="/v1/audit", summary="What callers did",
            about="Every write, proxied write, link, unlink and admin act, refused ones too, the "
            "newest first: who, what, whose, and how it ended; no content. Kept for 400 days. A "
            "key that is limited to organisations sees what was done to these, and its own acts.",
            tag="Keys", scope="admin", of_tenant=False, handle=read, parameters=_PARAMETERS,
            replies=(Reply(about="A page of acts.", schema=page_schema(ACT), example=example),),
            problems=("cursor_unreadable",),
        ),
    ]  # fmt: skip


def act_shown(act: WrittenAct) -> dict[str, Any]:
    """An act as anybody who may see it is shown it: by the api and by commands."""
    return {
        "at": instant_text(act.at),
        "ended_at": None if act.ended_at is None else instant_text(act.ended_at),
        "actor": act.actor,
        "key_id": act.key_id,
        "operation": act.operation,
        "tenant_id": act.tenant_id,
        "entity": act.entity,
        "entity_ids": list(act.entity_ids),
        "request_id": act.request_id,
        "status": act.status,
        "code": act.code,
    }
