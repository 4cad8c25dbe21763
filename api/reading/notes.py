"""What Xero noted of a record: asked for each time, at a call."""

from dataclasses import asdict

import msgspec
from starlette.responses import Response

from api.here import Api
from api.history import NoHistory, history_of
from api.openapi.components import page_schema
from api.operation import Asked, Operation, Reply
from api.problems import Problem
from api.reading.collections import Collection
from api.reading.envelope import LIVE, ListAnswer, Meta
from api.reading.filters import entity_id
from api.reading.freshness import require_kept, staleness_s
from api.reading.live import LIVE_PROBLEMS
from api.reading.records import ID, given_id
from unified.history import WITH_HISTORY
from unified.resources import sources

_NOTE = {
    "type": "object",
    "properties": {
        "at": {"type": ["string", "null"], "format": "date-time"},
        "user": {"type": ["string", "null"], "description": "A name for people, never an id"},
        "changes": {"type": ["string", "null"], "description": "Such as `Edited` or `Note`"},
        "details": {"type": ["string", "null"]},
    },
    "required": ["at", "user", "changes", "details"],
}


class Historian:
    """Answers the history of records of one collection."""

    def __init__(self, api: Api, collection: Collection) -> None:
        self._api = api
        self._collection = collection

    @staticmethod
    def knows(collection: Collection) -> bool:
        """Whether Xero keeps a history of such things."""
        return any(each.endpoint.path in WITH_HISTORY for each in sources(collection.kind.name))

    def operation(self) -> Operation:
        """The operation."""
        collection = self._collection
        return Operation(
            id=f"list_{collection.singular}_history",
            method="GET",
            path=f"{collection.path}/{{id}}/history",
            summary=f"History of one: {collection.singular.replace('_', ' ')}",
            about="What Xero noted of it, newest first, in words for people. Costs one call.",
            tag=collection.tag,
            scope="read",
            handle=self.answer,
            parameters=(ID,),
            replies=(Reply(about="All of it, on one page.", schema=page_schema(_NOTE)),),
            problems=("not_found", "xero_not_found", *LIVE_PROBLEMS),
        )

    async def answer(self, asked: Asked) -> Response:
        """All of it."""
        require_kept(asked.tenant_state)
        kind, now = self._collection.kind, self._api.clock.now()
        wanted = entity_id(asked.tenant_id, kind, given_id(asked))
        try:
            found = await history_of(
                self._api.db, self._api.client, asked.tenant_id, wanted, resource=kind.name
            )
        except NoHistory as error:
            raise Problem("not_found", f"{error}.") from None
        notes = [msgspec.json.encode(asdict(each)) for each in found]
        return ListAnswer(
            records=notes,
            next_cursor=None,
            prev_cursor=None,
            limit=max(1, len(notes)),
            is_partial=False,
            meta=Meta(
                source=LIVE,
                as_of=now,
                max_staleness_s=staleness_s(now, self._api.clock.now()),
                tenant_id=asked.tenant_id,
                schema_version=kind.schema_version,
                cost={"calls": 1},
            ),
        ).response()
