"""Lists of records: what is asked is read, a page is taken from the mirror, and told how fresh."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from api.here import Api
from api.openapi.naming import list_of
from api.operation import Asked, Operation, Reply
from api.reading.collections import Collection
from api.reading.controls import list_parameters
from api.reading.cursors import Going, ListName, read_cursor, write_cursor
from api.reading.envelope import LIVE, ListAnswer
from api.reading.filters import filters_of, orders_of
from api.reading.freshness import Freshness, freshness_of, meta_of
from api.reading.live import LIVE_PROBLEMS, LiveReader
from api.reading.rendering import LEGS, Shown, rendered
from api.reading.texts import Texts
from storage.freshness import page_and_state
from storage.listing import Content, Listing, Page, Removed, without
from unified.facets import LEG
from unified.ids import TenantId
from unified.resources import sources

_TRIES: Final = 4  #: of a page whose records changed between two looks at it
#: Parameters that change how a list is shown, not which it is: a cursor goes on whatever they say.
_SHOWING: Final = frozenset({"cursor", "limit", "fields", "include", "consistency"})
_GONE: Final = frozenset({"deleted", "removed"})  #: statuses of what lists leave out by themselves


@dataclass(frozen=True, slots=True)
class _Question:
    """One list, as it was asked for."""

    listing: Listing
    name: ListName
    limit: int
    shown: Shown


class Lister:
    """Answers lists of one collection."""

    def __init__(self, api: Api, collection: Collection, *, texts: Texts, live: LiveReader) -> None:
        self._api = api
        self._collection = collection
        self._texts = texts
        self._live = live
        self._orders = orders_of(collection.kind)
        self._filters = [
            each
            for each in filters_of(collection.kind)
            if each.parameter.name not in collection.settled
        ]
        self._endpoints = [each.endpoint.path for each in sources(collection.kind.name)]

    def operation(self) -> Operation:
        """The operation."""
        collection = self._collection
        named = collection.name.replace("_", " ")
        about = (
            "Without `sort`, a list is in the order of ids, in which nothing moves: whoever pages "
            "to its end sees each record that was there all along exactly once, however many "
            "change meanwhile."
        )
        return Operation(
            id=f"list_{collection.name}",
            method="GET",
            path=collection.path,
            summary=f"List {named}",
            about=f"{collection.about} {about}".strip(),
            tag=collection.tag,
            scope="read",
            handle=self.answer,
            asks_state=False,
            parameters=(
                *(each.parameter for each in self._filters),
                *list_parameters(collection.kind, self._orders),
            ),
            replies=(Reply(about=f"A page of {named}.", schema=list_of(collection.kind)),),
            problems=(
                "capability_unavailable",
                "cursor_expired",
                "cursor_of_another_list",
                "cursor_unreadable",
                *LIVE_PROBLEMS,
            ),
        )

    async def answer(self, asked: Asked) -> Response:
        """One page."""
        tenant_id, now = asked.tenant_id, self._api.clock.now()
        question = self._question(asked)
        going, read = None, None
        if asked.query["cursor"] is not None:
            going = read_cursor(asked.query["cursor"], question.name, self._api.box, now=now)
        elif asked.query["consistency"] == LIVE:
            read = await self._live.listed(asked, self._collection.kind)
        page, found, fresh = await self._page(tenant_id, question, going)
        records = await rendered(self._api.db, tenant_id, found, question.shown)
        live_at = going.live_at if going is not None else None if read is None else read.as_of
        before, after = _neighbours(page, going)
        meta = meta_of(
            self._collection.kind, tenant_id, fresh, read,
            live_at=live_at, now=self._api.clock.now(),
        )  # fmt: skip
        return ListAnswer(
            records=records,
            next_cursor=self._cursor(after, question, live_at),
            prev_cursor=self._cursor(before, question, live_at),
            limit=question.limit,
            is_partial=fresh.is_partial(read),
            meta=meta,
        ).response()

    def _question(self, asked: Asked) -> _Question:
        query, tenant_id = asked.query, asked.tenant_id
        clauses = [
            each.clause(tenant_id, query[each.parameter.name])
            for each in self._filters
            if query[each.parameter.name] not in (None, ())
        ]
        include = frozenset(query["include"])
        if "is_leg" in self._collection.kind.model.model_fields and LEGS not in include:
            clauses.append(without(LEG))
        order = query["sort"].removeprefix("-")
        given = asked.request.query_params.multi_items()
        said = sorted(f"{name}={value}" for name, value in given if name not in _SHOWING)
        legs = LEGS if LEGS in include else ""
        return _Question(
            Listing(
                resource=self._collection.kind.name,
                clauses=(*self._collection.clauses, *clauses),
                order=self._orders[order],
                descending=query["sort"].startswith("-"),
                removed=_removed(query.get("deleted"), query.get("status") or ()),
            ),
            ListName.of(tenant_id, [self._collection.path, legs, *said]),
            query["limit"],
            Shown(fields=query["fields"], include=include),
        )

    async def _page(
        self, tenant_id: TenantId, question: _Question, going: Going | None
    ) -> tuple[Page, list[Content], Freshness]:
        beyond = None if going is None else going.place
        backwards = going is not None and going.backwards
        for _ in range(_TRIES):
            now = self._api.clock.now()
            page, state = await page_and_state(
                self._api.db, tenant_id, question.listing, self._endpoints, now=now,
                limit=question.limit, beyond=beyond, backwards=backwards,
            )  # fmt: skip
            fresh = freshness_of(state, now=now)
            found = await self._texts.of(tenant_id, page.heads)
            # One that changed between the two looks may not belong here any more: look again. It
            # is shown all the same before it would be lost.
            if [each.version for each in found] == [each.version for each in page.heads]:
                break
        return page, found, fresh

    def _cursor(
        self, going: Going | None, question: _Question, live_at: datetime | None
    ) -> str | None:
        if going is None:
            return None
        going = Going(going.place, going.backwards, live_at)
        return write_cursor(going, question.name, self._api.box, now=self._api.clock.now())


def _removed(deleted: str | None, statuses: tuple[tuple[str, ...], ...]) -> Removed:
    if deleted is not None:
        return Removed(deleted)
    wanted = {word for each in statuses for word in each}
    return Removed.INCLUDE if wanted & _GONE else Removed.EXCLUDE


def _neighbours(page: Page, going: Going | None) -> tuple[Going | None, Going | None]:
    """From where the pages before and after this one begin; None where there is none."""
    if not page.heads:
        # What was there is gone by now; what lay on this side of it is not.
        return (None if going is None else Going(going.place, not going.backwards)), None
    before = Going(page.heads[0].place, backwards=True)
    after = Going(page.heads[-1].place, backwards=False)
    if going is not None and going.backwards:
        return (before if page.more else None), after
    return (before if going is not None else None), (after if page.more else None)
