"""Single records, by their id or by Xero's, with the tag that `If-Match` of a write takes."""

from starlette.responses import Response

from api.here import Api
from api.openapi.naming import answer_of
from api.operation import Asked, Operation, Reply
from api.parameters import Parameter
from api.problems import Problem
from api.reading.collections import Collection
from api.reading.controls import CONSISTENCY, fields_parameter, include_parameter
from api.reading.envelope import LIVE, one_answer
from api.reading.filters import by_id
from api.reading.freshness import Freshness, freshness_of, meta_of
from api.reading.live import LIVE_PROBLEMS, LiveRead, LiveReader
from api.reading.rendering import Shown, rendered
from api.reading.texts import Texts
from api.reading.values import read_id
from storage.freshness import MirrorState, page_and_state
from storage.listing import Content, Listing, Removed
from unified.ids import TenantId
from unified.resources import sources

TAG = "ETag"

ID = Parameter(
    name="id",
    where="path",
    about="Its id, or `remote:` with Xero's.",
    schema={"type": "string", "minLength": 1, "maxLength": 207},
    required=True,
)


def record_tag(epoch: int, sequence: int) -> str:
    """The tag of a version of a record, as `ETag` has it and `If-Match` takes it."""
    return f'"{epoch}.{sequence}"'


class Getter:
    """Answers single records of one collection."""

    def __init__(self, api: Api, collection: Collection, *, texts: Texts, live: LiveReader) -> None:
        self._api = api
        self._collection = collection
        self._texts = texts
        self._live = live
        self._endpoints = [each.endpoint.path for each in sources(collection.kind.name)]

    def operation(self) -> Operation:
        """The operation."""
        collection, kind = self._collection, self._collection.kind
        named = collection.singular.replace("_", " ")
        return Operation(
            id=f"get_{collection.singular}",
            method="GET",
            path=f"{collection.path}/{{id}}",
            summary=f"Get one: {named}",
            about=f"{collection.about} What Xero removed is shown, too: `is_deleted` says so. With "
            "the answer's `ETag` as `If-None-Match`, an unchanged record is answered by 304; the "
            "balances and times of its last reading that it carries make no other version.".strip(),
            tag=collection.tag,
            scope="read",
            handle=self.answer,
            asks_state=False,
            parameters=(ID, fields_parameter(kind), include_parameter(kind), CONSISTENCY),
            replies=(
                Reply(
                    about="The record.",
                    schema=answer_of(kind),
                    headers={TAG: "Its version, for `If-None-Match` and `If-Match`"},
                ),
                Reply(status=304, about="It is as `If-None-Match` knows it."),
            ),
            problems=("capability_unavailable", "not_found", "xero_not_found", *LIVE_PROBLEMS),
        )

    async def answer(self, asked: Asked) -> Response:
        """One record."""
        tenant_id, given = asked.tenant_id, given_id(asked)
        read: LiveRead | None = None
        if asked.query["consistency"] == LIVE:
            _, read = await self._live.single(asked, self._collection.kind, given)
        content, state = await self._content(tenant_id, given)
        fresh = self._fresh(state, known=content is not None)
        if content is None:
            raise Problem("not_found", f"No {self._collection.singular} has this id.")
        shown = Shown(fields=asked.query["fields"], include=frozenset(asked.query["include"]))
        headers: dict[str, str] = {}
        if not shown.include:
            headers[TAG] = record_tag(state.epoch, content.sequence)
            if _is_known(asked.request.headers.get("if-none-match"), headers[TAG]):
                return Response(status_code=304, headers=headers)
        [record] = await rendered(self._api.db, tenant_id, [content], shown)
        meta = meta_of(
            self._collection.kind, tenant_id, fresh, read,
            live_at=None if read is None else read.as_of, now=self._api.clock.now(),
        )  # fmt: skip
        return one_answer(record, meta, headers)

    def _fresh(self, state: MirrorState, *, known: bool) -> Freshness:
        try:
            return freshness_of(state, now=self._api.clock.now())
        except Problem:
            if not known:
                raise
            return Freshness(None, ())  # what is known is shown all the same

    async def _content(self, tenant_id: TenantId, given: str) -> tuple[Content | None, MirrorState]:
        kind = self._collection.kind
        listing = Listing(
            resource=kind.name,
            clauses=(by_id(tenant_id, kind, given), *self._collection.clauses),
            removed=Removed.INCLUDE,
        )
        page, state = await page_and_state(
            self._api.db, tenant_id, listing, self._endpoints, now=self._api.clock.now(), limit=1
        )
        found = await self._texts.of(tenant_id, page.heads)
        return (found[0] if found else None), state


def given_id(asked: Asked) -> str:
    """The id in the address, as `read_id` gives it.

    Raises:
        Problem: `not_found`, where nothing can have such an id.
    """
    try:
        return read_id(asked.path["id"])
    except ValueError as error:
        raise Problem("not_found", f"The id {error}.") from None


def _is_known(told: str | None, tag: str) -> bool:
    if told is None:
        return False
    tags = [each.strip().removeprefix("W/") for each in told.split(",")]
    return "*" in tags or tag in tags
