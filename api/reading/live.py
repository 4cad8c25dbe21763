"""Reading through Xero: what changed there is absorbed first, then the mirror answers.

Where an endpoint has been read once, what it says changed since is all that the mirror can lack,
mostly one call. Where it has not, the list itself is read, narrowed as far as Xero narrows along
an index. A read takes MOST_CALLS calls at most, and says when that was not enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from api.here import Api
from api.operation import Asked
from api.problems import Problem
from api.reading.envelope import Warned
from api.reading.filters import by_id, entity_id
from api.reading.values import REMOTE
from storage.cursors import Cursor, cursors
from storage.errors import TenantNotLinked
from storage.listing import Listing, Removed, list_heads
from storage.organisations import country_of
from storage.records import record_of
from storage.tenant_context import read_context
from storage.tenant_states import state_of
from unified.codecs import Choice
from unified.entries import Field
from unified.ids import EntityId, Parent, TenantId
from unified.resource import Endpoint, Resource, TenantContext
from unified.resources import by_endpoint, resource, source_of, sources
from unified.shape import Read
from xero.errors import ResourceMissing, UndecodableAnswer
from xero.paging import Page, first_number, following, ids_per_call, is_last

MOST_CALLS: Final = 10
OVERLAP: Final = timedelta(seconds=30)
"""Asked for is what was stamped this much before the last reading: Xero may stamp a change a little
before it shows it."""
_API: Final = "api"

#: What any live read may end in.
LIVE_PROBLEMS: Final = (
    "app_refused",
    "consent_scope_missing",
    "limit_spent",
    "live_unavailable",
    "needs_reauth",
    "secrets_unreadable",
    "tenant_not_linked",
    "xero_answer_unreadable",
    "xero_refused",
    "xero_unreachable",
)


@dataclass(slots=True)
class LiveRead:
    """What a live read took and brought.

    Attributes:
        as_of: business time: what Xero had stamped up to here was read, if it is `complete`.
        size: bytes of Xero's answers after decompression.
    """

    as_of: datetime
    calls: int = 0
    size: int = 0
    complete: bool = True
    warnings: list[Warned] = field(default_factory=list)

    @property
    def cost(self) -> Mapping[str, int]:
        """As answers tell it."""
        return {"calls": self.calls, "bytes": self.size}

    @property
    def left(self) -> int:
        """Calls that it may still make."""
        return MOST_CALLS - self.calls

    def settles(self, warned: Warned) -> bool:
        """Whether a warning about the mirror says nothing of this answer."""
        return self.complete and warned.code == "backfill_not_complete"

    def stop(self, endpoint: Endpoint) -> None:
        """Not all was read."""
        self.complete = False
        detail = f"Xero has more than {MOST_CALLS} calls bring: narrow the list, or ask the mirror."
        self.warnings.append(Warned("live_not_complete", detail, endpoint.path))


class LiveReader:
    """Reads through Xero. Keeps nothing between requests."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def listed(self, asked: Asked, kind: Resource) -> LiveRead:
        """Bring the mirror up to date with what a list asks for.

        Raises:
            Problem: `live_unavailable`.
            TenantNotLinked, XeroError, StorageError.
        """
        context = await self._context(asked)
        read = LiveRead(self._api.clock.now())
        known = await cursors(self._api.db, asked.tenant_id)
        country = await country_of(self._api.db, asked.tenant_id)
        for source in sources(kind.name):
            state, at = known.get(source.endpoint.path), source.endpoint
            if at.asked is not None:
                detail = "Reports are computed one by one: ask for one by its type."
                raise Problem("live_unavailable", detail)
            if at.countries and country not in at.countries:
                continue
            if state is not None and state.unsupported_reason is not None:
                continue  # which the answer warns of
            await self._source(read, context, source, state, asked.query)
        return read

    async def single(self, asked: Asked, kind: Resource, given: str) -> tuple[EntityId, LiveRead]:
        """Bring the mirror up to date with one thing, named as `read_id` gives it.

        Raises:
            Problem: `not_found`.
            ResourceMissing: Xero does not know it.
            TenantNotLinked, XeroError, StorageError.
        """
        context = await self._context(asked)
        read = LiveRead(self._api.clock.now())
        wanted = await self._named(asked.tenant_id, kind, given)
        found = await record_of(self._api.db, asked.tenant_id, wanted)
        if found is not None and found[0] == kind.name:
            source = source_of(kind.name, found[1].endpoint)
            if source.endpoint.children:
                await self._children(read, context, source, [_parent_in(found[1].unified)])
                return wanted, read
            candidates: Sequence[Resource] = [source]
            remote_id = str(found[1].unified["remote_id"])
        elif given.startswith(REMOTE):
            remote_id = given.removeprefix(REMOTE)
            candidates = [
                each
                for each in sources(kind.name)
                if each.endpoint.asked is None
                and not each.endpoint.children
                and (each.endpoint.coded or _is_uuid(remote_id))
            ]
        else:
            candidates, remote_id = [], ""
        if not candidates:
            raise Problem("not_found", f"No {kind.name.replace('_', ' ')} has this id.")
        for source in candidates:
            try:
                await self._one(read, context, source, remote_id)
            except ResourceMissing:
                if source is candidates[-1]:
                    raise
        return wanted, read

    async def _named(self, tenant_id: TenantId, kind: Resource, given: str) -> EntityId:
        if kind.name == "attachment" and given.startswith(REMOTE):
            # Its id is made of its parent's, too, which only the mirror knows.
            listing = Listing(
                resource=kind.name, clauses=(by_id(tenant_id, kind, given),),
                removed=Removed.INCLUDE,
            )  # fmt: skip
            page = await list_heads(self._api.db, tenant_id, listing, limit=1)
            if page.heads:
                return page.heads[0].id
        return entity_id(tenant_id, kind, given)

    async def _context(self, asked: Asked) -> TenantContext:
        state = asked.tenant_state or await state_of(self._api.db, asked.tenant_id)
        if state != "linked":
            raise TenantNotLinked(asked.tenant_id, state or "unknown")
        return await read_context(self._api.db, asked.tenant_id)

    # --- one source ------------------------------------------------------------------------------

    async def _source(
        self,
        read: LiveRead,
        context: TenantContext,
        source: Resource,
        state: Cursor | None,
        query: Mapping[str, Any],
    ) -> None:
        at = source.endpoint
        if at.children:
            parents = await self._parents(context.tenant_id, query.get("parent") or ())
            await self._children(read, context, source, parents)
        elif query.get("remote_id") and (ids_per_call(at) or at.single):
            await self._by_ids(read, context, source, query["remote_id"])
        elif state is not None and state.backfill_state == "done" and state.since is not None:
            since = state.since - OVERLAP if at.modified_since else None
            number = state.backfill_page if at.offset_key is not None else None
            await self._walk(read, context, source, since=since, begin=number)
        else:
            narrowed = await self._narrowed(context.tenant_id, source, query)
            await self._walk(read, context, source, params=narrowed)

    async def _walk(  # what to read of which list
        self,
        read: LiveRead,
        context: TenantContext,
        source: Resource,
        *,
        since: datetime | None = None,
        begin: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        at, client, counted = source.endpoint, self._api.client, None
        number = first_number(at) if begin is None else begin
        kind = Read.UNPAGED if at.page_size is None and at.offset_key is None else Read.PAGED
        while True:
            if not read.left:
                read.stop(at)
                return
            mark = await self._api.absorber.mark()
            if at.offset_key is not None:
                page = await client.get_from(context.tenant_id, at, number, purpose=_API)
            elif at.page_size is None:
                page = await client.get_list(
                    context.tenant_id, at, modified_since=since, purpose=_API
                )
            else:
                page = await client.get_page(
                    context.tenant_id, at, page=number, page_size=at.page_size,
                    modified_since=since, params=params, purpose=_API,
                )  # fmt: skip
            await self._absorb(read, context.tenant_id, source, page, kind, mark=mark)
            if counted is not None and page.item_count is not None and page.item_count < counted:
                read.stop(at)  # what followed the thing that left has moved up
            counted = page.item_count
            if at.detail:
                await self._details(read, context, source, page)
            if is_last(page, number, at):
                return
            number = following(page, number, at)

    async def _details(
        self, read: LiveRead, context: TenantContext, source: Resource, page: Page
    ) -> None:
        """Read by itself what the list only names."""
        for item in page.items:
            remote_id = item.get(source.endpoint.id_key)
            if not isinstance(remote_id, str):
                continue
            if not read.left:
                read.stop(source.endpoint)
                return
            await self._one(read, context, source, remote_id)

    async def _by_ids(
        self, read: LiveRead, context: TenantContext, source: Resource, ids: Sequence[str]
    ) -> None:
        at = source.endpoint
        wanted = [each for each in dict.fromkeys(ids) if at.coded or _is_uuid(each)]
        most = ids_per_call(at) or 1
        for start in range(0, len(wanted), most):
            if not read.left:
                read.stop(at)
                return
            chunk = wanted[start : start + most]
            if not ids_per_call(at):
                try:
                    await self._one(read, context, source, chunk[0])
                except ResourceMissing:
                    continue  # the list leaves out what Xero does not know
                continue
            mark = await self._api.absorber.mark()
            page = await self._api.client.get_by_ids(context.tenant_id, at, chunk, purpose=_API)
            kind = Read.UNPAGED if at.page_size is None else Read.PAGED
            await self._absorb(read, context.tenant_id, source, page, kind, mark=mark)

    async def _one(
        self, read: LiveRead, context: TenantContext, source: Resource, remote_id: str
    ) -> None:
        at = source.endpoint
        if not at.single:
            await self._walk(read, context, source)
            return
        params = None
        if at.detail_params is not None and context.business_date is not None:
            params = at.detail_params(context.business_date)
        mark = await self._api.absorber.mark()
        read.calls += 1  # also where Xero has no such thing
        page = await self._api.client.get_single(
            context.tenant_id, at, remote_id, params=params, purpose=_API
        )
        read.calls -= 1
        await self._absorb(read, context.tenant_id, source, page, Read.SINGLE, mark=mark)

    async def _children(
        self, read: LiveRead, context: TenantContext, source: Resource, parents: Sequence[Parent]
    ) -> None:
        for parent in parents:
            above = by_endpoint(parent.endpoint)
            if above is None:
                continue
            if not read.left:
                read.stop(source.endpoint)
                return
            mark = await self._api.absorber.mark()
            page = await self._api.client.get_children(
                context.tenant_id, source.endpoint, above.endpoint, parent.remote_id, purpose=_API
            )
            await self._absorb(
                read, context.tenant_id, source, page, Read.SINGLE, mark=mark, parent=parent
            )

    async def _absorb(  # noqa: PLR0913  # an answer and how to take it in
        self,
        read: LiveRead,
        tenant_id: TenantId,
        source: Resource,
        page: Page,
        kind: Read,
        *,
        mark: int,
        parent: Parent | None = None,
    ) -> None:
        read.calls += 1
        read.size += page.raw_size
        try:
            await self._api.absorber.absorb(tenant_id, source, page, kind, mark=mark, parent=parent)
        except UndecodableAnswer as error:
            read.complete = False
            detail = f"One of Xero's answers can't be read: {error.reason}."
            read.warnings.append(Warned("unreadable_records", detail, source.endpoint.path))

    # --- what was asked, in Xero's words ---------------------------------------------------------

    async def _parents(self, tenant_id: TenantId, given: Sequence[str]) -> list[Parent]:
        if not given:
            detail = "Xero lists files below what they are kept with: name that by `parent`."
            raise Problem("live_unavailable", detail)
        found = []
        for each in given:
            name, colon, remote_id = each.partition(":")
            wanted = (
                entity_id(tenant_id, resource(name), f"{REMOTE}{remote_id}")
                if colon
                else EntityId(each)
            )
            known = await record_of(self._api.db, tenant_id, wanted)
            if known is not None:
                above = source_of(known[0], known[1].endpoint)
                found.append(Parent(known[0], above.endpoint.path, known[1].unified["remote_id"]))
        return found

    async def _narrowed(
        self, tenant_id: TenantId, source: Resource, query: Mapping[str, Any]
    ) -> dict[str, str] | None:
        """The parameters by which Xero narrows the list as the caller does; None: by none."""
        narrowed: dict[str, str] = {}
        for name, parameter in source.endpoint.narrowed.items():
            given = query.get(name)
            values: Sequence[str] = ()
            if given and name == "contact":
                values = await self._contacts(tenant_id, given)
            elif given and name == "status":
                values = _statuses(source, {word for each in given for word in each})
            elif given and "," not in given:
                values = (given,)
            if values:
                narrowed[parameter] = ",".join(values)
        return narrowed or None

    async def _contacts(self, tenant_id: TenantId, given: Sequence[str]) -> Sequence[str]:
        found = []
        for each in given:
            if each.startswith(REMOTE):
                remote_id = each.removeprefix(REMOTE)
            else:
                known = await record_of(self._api.db, tenant_id, EntityId(each))
                if known is None:
                    return ()  # nobody knows by which word Xero knows it
                remote_id = known[1].unified["remote_id"]
            if not _is_uuid(remote_id):
                return ()
            found.append(remote_id)
        return found


def _parent_in(record: Mapping[str, Any]) -> Parent:
    parent, own = record["parent"], record["extensions"]["xero"]
    return Parent(parent["resource"], own["parent_endpoint"], parent["remote_id"])


def _statuses(source: Resource, wanted: set[str]) -> Sequence[str]:
    """Xero's own words for these; none where one of them has none."""
    for entry in source.entries:
        if entry.name == "status" and isinstance(entry, Field) and isinstance(entry.codec, Choice):
            pairs = entry.codec.words
            if wanted <= {ours for _, ours in pairs}:
                return [theirs for theirs, ours in pairs if ours in wanted]
    return ()


def _is_uuid(text: str) -> bool:
    parts = text.split("-")
    return [len(each) for each in parts] == [8, 4, 4, 4, 12] and all(
        letter in "0123456789abcdefABCDEF" for each in parts for letter in each
    )
