"""Keeping a file with a thing: the body of the request is the file, and its name is in the address.

The bytes go to Xero; what stays here is a record of the file. They are held while the request
lasts, so that a refused token or a lost answer can't lose them, and, where the caller gave a key,
for as long as it takes to know what came of them.
"""

from hashlib import sha256
from typing import Final

import msgspec
from starlette.responses import Response

from api.here import Api
from api.operation import Asked, Body, Operation
from api.parameters import Parameter
from api.problems import bad_request
from api.reading.collections import tag_of
from api.reading.records import ID
from api.writing.answers import Worded, with_record
from api.writing.engine import write
from api.writing.keys import key_parameter
from api.writing.making import offered
from api.writing.plan import Plan
from api.writing.schemas import (
    CORRELATION,
    DRY_RUN,
    OF_THING,
    PROBLEMS,
    pending_reply,
    read_truth,
    tried_reply,
    written_reply,
)
from api.writing.settling import Settled
from api.writing.things import IF_MATCH_PARAMETER, thing_of
from storage.parents import has_child_named
from unified.commands import Request
from unified.ids import Parent
from unified.resource import Resource
from unified.resources import KINDS, operations_of, sources
from unified.resources.attachment import ATTACHMENT, PARENTS, UPLOAD

MOST_BYTES: Final = 10 * 1024 * 1024  #: of a file (Xero: Attachments)
MOST_LETTERS: Final = 255  #: of its name
MEDIA_TYPE: Final = "application/octet-stream"
_FORBIDDEN: Final = '<>:"/\\|?*+'  #: in its name (Xero: Attachments)
_FILE_NAME: Final = Parameter(
    name="file_name",
    where="path",
    required=True,
    about=f"What the file is to be called, without any of {_FORBIDDEN}",
    schema={
        "type": "string",
        "minLength": 1,
        "maxLength": MOST_LETTERS,
        "pattern": r'^[^<>:"/\\|?*+\u0000-\u001f\u007f]+$',
    },
    example="receipt.pdf",
)
_INCLUDE: Final = Parameter(
    name="include_with_document",
    about="Customers see it with the online invoice; for sales invoices and credit notes alone.",
    schema={"type": "boolean"},
    read=read_truth,
    default=False,
)


class _Named(msgspec.Struct):
    id: str


def upload_operations(api: Api) -> list[Operation]:
    """One for each resource whose things can have files."""
    return [
        _Uploader(api, kind).operation()
        for kind in KINDS
        if any(each.endpoint.path in PARENTS for each in sources(kind.name))
    ]


class _Uploader:
    """Keeps files with things of one resource."""

    def __init__(self, api: Api, kind: Resource) -> None:
        self._api = api
        self._kind = kind

    def operation(self) -> Operation:
        """The operation."""
        kind = self._kind
        made = written_reply(ATTACHMENT, 201, "The record of the file.")
        return Operation(
            id=f"{UPLOAD.name}_{kind.name}_attachment",
            method=UPLOAD.method,
            path=f"/v1/{kind.space}/{kind.plural}/{{id}}/{UPLOAD.at}",
            summary=f"Keep a file with one: {kind.name.replace('_', ' ')}",
            about=f"{UPLOAD.summary}. The body is the file itself, at most 10 MB, of the type that "
            "Content-Type says.",
            tag=tag_of(kind),
            scope="write",
            handle=self.answer,
            parameters=(ID, _FILE_NAME, _INCLUDE, DRY_RUN, key_parameter(required=False),
                        IF_MATCH_PARAMETER, CORRELATION),
            body=Body(schema=None, media_types=(MEDIA_TYPE, "*/*"), about="The file.",
                      most_bytes=MOST_BYTES),
            replies=(made, tried_reply(), pending_reply()),
            problems=(*PROBLEMS, *OF_THING, "body_too_large", "body_too_slow"),
            changes=True,
        )  # fmt: skip

    async def answer(self, asked: Asked) -> Response:
        """Keep it.

        Raises:
            Problem: see the operation.
        """
        name = asked.path["file_name"]
        _check(name)
        media_type = asked.request.headers.get("content-type", MEDIA_TYPE)
        content = await asked.body()
        if not content:
            raise bad_request("body", "a file has a byte at least")

        async def prepare() -> Plan:
            return await self._plan(asked, name, content, media_type)

        def word(_plan: Plan, settled: Settled) -> Worded:
            [made] = settled.made
            record = msgspec.json.decode(made.unified, type=_Named)
            asked.touched.add(ATTACHMENT.name, record.id)
            at = f"/v1/{ATTACHMENT.space}/{ATTACHMENT.plural}/{record.id}"
            return with_record(201, made, address=at)

        sent = [sha256(content).hexdigest(), media_type]
        return await write(self._api, asked, sent=sent, prepare=prepare, word=word)

    async def _plan(self, asked: Asked, name: str, content: bytes, media_type: str) -> Plan:
        thing = await thing_of(self._api, asked, self._kind)
        source = thing.source
        command = offered(
            next((each for each in operations_of(source) if each.name == UPLOAD.name), None),
            source,
            UPLOAD.name,
        )
        parent = Parent(source.name, source.endpoint.path, thing.remote_id)
        known = await has_child_named(
            self._api.db, asked.tenant_id, parent.below, "file_name", name
        )
        request = Request(
            method="POST" if known else "PUT",
            parts=(*source.endpoint.parts, thing.remote_id, "Attachments", name),
            body=content,
            media_type=media_type,
            query={"IncludeOnline": "true"} if asked.query["include_with_document"] else {},
        )
        return Plan(
            source=source,
            command=command,
            request=request,
            entity_id=thing.entity_id,
            remote_id=thing.remote_id,
            known=thing.record,
        )


def _check(name: str) -> None:
    """Refuse a name that Xero would.

    Raises:
        Problem: `bad_request`.
    """
    if not 1 <= len(name) <= MOST_LETTERS:
        raise bad_request("file_name", f"has 1 to {MOST_LETTERS} letters")
    found = sorted({letter for letter in name if letter in _FORBIDDEN or not letter.isprintable()})
    if found:
        raise bad_request("file_name", f"can't contain {' '.join(map(repr, found))}")
