"""Reading the change feed on from a cursor, for one caller: which organisations, which events, and
whether something between is missing.

An organisation's numbers have no gaps, so what is no longer kept shows as one. Nothing is waited
for here: that is `feed_watch.py`.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from api.caller import Caller
from api.feed_cursor import FeedCursor, write_cursor
from api.problems import Problem
from storage.database import Database
from storage.feed import START, FeedEvent, FeedPage, Head, Place, feed_page, heads, place_before
from storage.secrets import SecretBox
from unified.ids import TenantId

MOST_TENANTS = 200  #: whose places fit into a cursor that fits into an address
MOST_BYTES = 4 * 1024 * 1024  #: of events on a page, whose last one may go beyond
SCAN = 2_000  #: events looked at for a page, where few are wanted
AT_ONCE = 4  #: pages read at a time by a process; the others' queries need connections, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which events somebody follows.

    Attributes:
        tenants: the only organisations, all of which the caller may see; None: all of those.
        kinds: resource and op of the events, such as `invoice.u`; None: all.
    """

    tenants: frozenset[TenantId] | None = None
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Events, and where to go on.

    Attributes:
        cursors: the place after each event.
        cursor: the place after the last event, and after what was not wanted behind it.
        erased: organisations that the cursor knew and that were erased since.
        shards: on which new events will be announced.
        more: there may be more at once.
    """

    events: tuple[FeedEvent, ...]
    cursors: tuple[FeedCursor, ...]
    cursor: FeedCursor
    erased: tuple[TenantId, ...]
    shards: frozenset[int]
    more: bool


class FeedReader:
    """Reads pages. One per process, so that all of its readers share a few connections."""

    def __init__(self, db: Database, box: SecretBox) -> None:
        self._db = db
        self._box = box
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def end(self, caller: Caller, selection: Selection) -> FeedCursor:
        """The place after all that there is now.

        Raises:
            Problem: `too_many_tenants`, `tenant_unknown`.
            StorageError.
        """
        found = await self._heads(caller, selection, FeedCursor())
        places = {each.tenant_id: each.place for each in found}
        return FeedCursor(places, whole=selection.tenants is None)

    async def read(
        self,
        caller: Caller,
        selection: Selection,
        cursor: FeedCursor,
        *,
        limit: int,
        most_bytes: int = MOST_BYTES,
    ) -> Read:
        """Up to `limit` events beyond the cursor.

        Raises:
            Problem: `events_expired`, `too_many_tenants`, `tenant_unknown`.
            StorageError.
        """
        # The heads first: an event that they count stands below for sure, or is kept no longer.
        found = await self._heads(caller, selection, cursor)
        places = {each.tenant_id: cursor.places.get(each.tenant_id, START) for each in found}
        async with self._turns:
            page = await feed_page(
                self._db,
                places,
                kinds=selection.kinds,
                limit=limit,
                most_bytes=most_bytes,
                scan=limit if selection.kinds is None else SCAN,
            )
        if missing := [each for each in found if await self._is_missing(each, cursor, page)]:
            raise self._expired(missing, cursor)
        return _read(page, found, cursor, selection)

    async def _heads(self, caller: Caller, selection: Selection, cursor: FeedCursor) -> list[Head]:
        named = selection.tenants if selection.tenants is not None else caller.key.tenants
        async with self._turns:
            found = await heads(self._db, named, limit=MOST_TENANTS + 1)
        if len(found) > MOST_TENANTS:
            detail = f"The key sees more than {MOST_TENANTS} organisations: name some by ?tenants."
            raise Problem("too_many_tenants", detail, {"most": MOST_TENANTS})
        # One that the cursor knows was erased since; any other was never there for this key.
        known = {*cursor.places, *(each.tenant_id for each in found)}
        if selection.tenants is not None and not selection.tenants <= known:
            raise Problem("tenant_unknown", "No such organisation is known to this key.")
        return found

    async def _is_missing(self, head: Head, cursor: FeedCursor, page: FeedPage) -> bool:
        """Whether an organisation had events between the cursor and what is kept."""
        known = cursor.places.get(head.tenant_id)
        first = page.firsts.get(head.tenant_id)
        if known is None:
            if not cursor.whole:
                return False  # from whatever is kept
            # Linked after the cursor was made, so everything of it is beyond.
            return (head.place.tenant_sequence if first is None else first.tenant_sequence - 1) > 0
        if first is not None:
            return not await self._follows(head.tenant_id, known, first)
        if head.place == known:
            return False
        if head.place.epoch > known.epoch:  # begun anew, and nothing said since that is kept
            beyond = Place(head.place.epoch, head.place.tenant_sequence + 1)
            return not await self._follows(head.tenant_id, known, beyond)
        return True  # pruned, all of it; or a backup was restored and no epoch begun

    async def _follows(self, tenant_id: TenantId, known: Place, first: Place) -> bool:
        """Whether nothing was between; numbers go on or begin anew where the epoch changes."""
        if first.tenant_sequence == known.tenant_sequence + 1:
            return True
        if first.epoch == known.epoch:
            return False
        if first.tenant_sequence == 1:
            return True
        # A restored backup goes on from fewer: then what is below `first` is there.
        below = await place_before(self._db, tenant_id, first)
        return below is not None and below.tenant_sequence == first.tenant_sequence - 1

    def _expired(self, missing: Iterable[Head], cursor: FeedCursor) -> Problem:
        gone = {each.tenant_id: each.place for each in missing}
        resume = FeedCursor({**cursor.places, **gone}, whole=cursor.whole)
        members = {
            "tenant_ids": sorted(gone),
            "resume_after": write_cursor(resume, self._box),
        }
        detail = "Events between this cursor and the oldest that are kept are gone."
        return Problem("events_expired", detail, members)


def _read(
    page: FeedPage, found: Collection[Head], cursor: FeedCursor, selection: Selection
) -> Read:
    asked = cursor.places if selection.tenants is None else selection.tenants
    erased = (set(cursor.places) & set(asked)) - {each.tenant_id for each in found}
    fresh = not cursor.places
    whole = selection.tenants is None and (cursor.whole or fresh)
    # Whatever is in the feed is in its cursors from the first one on: who comes back with them is
    # told of what is missing then, even where nothing had been said yet.
    places: Mapping[TenantId, Place] = {
        **{each.tenant_id: _begin(each, page) for each in found},
        **{each: place for each, place in cursor.places.items() if each not in erased},
    }
    cursors: list[FeedCursor] = []
    for event in page.events:
        places = {**places, event.tenant_id: event.place}
        cursors.append(FeedCursor(places, whole=whole))
    return Read(
        events=page.events,
        cursors=tuple(cursors),
        cursor=FeedCursor({**places, **page.places}, whole=whole),
        erased=tuple(sorted(erased)),
        shards=frozenset(each.shard for each in found),
        more=page.more,
    )


def _begin(head: Head, page: FeedPage) -> Place:
    """The place of an organisation of which nothing was read yet: before what is kept of it."""
    first = page.firsts.get(head.tenant_id)
    return head.place if first is None else Place(first.epoch, first.tenant_sequence - 1)
