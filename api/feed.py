"""`GET /v1/events` and `/v1/events/stream`: committed events, page by page or as they come.

Both read the same log from the same cursors, so a caller may change from one to the other at any
event. Whoever keeps the cursor of the last page (or the `id` of the last event) that was worked off
misses nothing and gets nothing twice, however often it comes back.
"""

import time
from typing import Final

import msgspec
from starlette.responses import Response

from api.feed_cursor import FeedCursor, write_cursor
from api.feed_events import cloud_event
from api.feed_query import (
    AFTER,
    FILTERS,
    LAST_EVENT_ID,
    LIMIT,
    RESUME,
    STREAM_AFTER,
    WAIT,
    place_of,
    selection_of,
)
from api.feed_reading import FeedReader, Read, Selection
from api.feed_schema import PAGE_EXAMPLE, PAGE_SCHEMA
from api.feed_stream import EVENT_STREAM, EventStream, Following
from api.feed_watch import Follower, until_gone
from api.here import Api
from api.operation import JSON, Asked, Operation, Reply
from unified.codecs import instant_text

TAG: Final = "Events"
SCAN_S: Final = 2.0  #: real time for finding a wanted event, where few are
_PROBLEMS: Final = (
    "bad_request",
    "cursor_unreadable",
    "cursor_of_another_list",
    "events_expired",
    "tenant_unknown",
    "too_many_tenants",
    "too_many_followers",
)
_ABOUT: Final = (
    "Events are those of Kafka's event topics, as CloudEvents in JSON. Of one organisation they "
    "come in the order of its `sequence`, each once; between organisations there is no order. "
    "A cursor holds the place in each organisation and never goes stale by itself: `410 "
    "events_expired` says that events beyond it are kept no longer, which ones' organisations, and "
    "where to go on after reading their records. Filters may change from page to page. "
    "Organisations that are erased have no events any more."
)


def feed_operations(api: Api) -> list[Operation]:
    """Reading the change feed."""
    reader = FeedReader(api.db, api.box)

    async def list_events(asked: Asked) -> Response:
        selection = selection_of(asked)
        after = asked.query["after"]
        cursor = await place_of(asked, after, selection, reader=reader, box=api.box)
        with api.feed.follow(asked.caller.key.id) as follower:
            async with until_gone(asked.request.receive, follower):
                read = await _some(asked, selection, cursor, reader=reader, follower=follower)
        return _page(api, read, asked.query["limit"])

    async def stream_events(asked: Asked) -> Response:
        selection = selection_of(asked)
        after = asked.request.headers.get(LAST_EVENT_ID) or asked.query["after"]
        cursor = await place_of(asked, after, selection, reader=reader, box=api.box)
        following = Following(
            watch=api.feed, reader=reader, box=api.box, caller=asked.caller, selection=selection
        )
        # What is wrong with the cursor is said before the stream begins, by a status.
        await reader.read(asked.caller, selection, cursor, limit=1)
        return EventStream(following, cursor)

    return [
        Operation(
            id="list_events",
            method="GET",
            path="/v1/events",
            summary="Events, page by page",
            about=_ABOUT,
            tag=TAG,
            scope="read",
            of_tenant=False,
            handle=list_events,
            parameters=(AFTER, LIMIT, WAIT, *FILTERS),
            replies=(
                Reply(
                    about="Events after the cursor; go on from `next_cursor`, at once where "
                    "`has_more` says so.",
                    schema=PAGE_SCHEMA,
                    example=PAGE_EXAMPLE,
                ),
            ),
            problems=_PROBLEMS,
        ),
        Operation(
            id="stream_events",
            method="GET",
            path="/v1/events/stream",
            summary="Events as they come",
            about=f"Server-sent events: `id` is a cursor, `data` an event. {_ABOUT}",
            tag=TAG,
            scope="read",
            of_tenant=False,
            handle=stream_events,
            parameters=(STREAM_AFTER, RESUME, *FILTERS),
            replies=(
                Reply(
                    about="A stream without end. An `event: problem` tells why it ends, if it does "
                    "for a reason of the caller's.",
                    media_type=EVENT_STREAM,
                ),
            ),
            problems=_PROBLEMS,
        ),
    ]


async def _some(
    asked: Asked,
    selection: Selection,
    cursor: FeedCursor,
    *,
    reader: FeedReader,
    follower: Follower,
) -> Read:
    """Read until there is something to tell, or nobody wants to wait any longer."""
    until_s = time.monotonic() + asked.query["wait"]
    look_until_s = max(until_s, time.monotonic() + SCAN_S)
    while True:
        follower.look()
        read = await reader.read(asked.caller, selection, cursor, limit=asked.query["limit"])
        follower.shards, cursor = read.shards, read.cursor
        now_s = time.monotonic()
        if read.events or read.erased or follower.ended:
            return read
        if read.more and now_s < look_until_s:
            continue
        if now_s >= until_s:
            return read
        await follower.wait(until_s - now_s)


def _page(api: Api, read: Read, limit: int) -> Response:
    rest = {
        "next_cursor": write_cursor(read.cursor, api.box),
        "prev_cursor": None,
        "limit": limit,
        "result_count": len(read.events),
        "is_partial_response": False,
        "has_more": read.more,
        "meta": {
            "source": "mirror",
            "as_of": instant_text(api.clock.real()),
            "erased_tenants": list(read.erased),
            "warnings": [],
        },
    }
    events = b",".join(map(cloud_event, read.events))
    content = b"".join((b'{"result":[', events, b"],", msgspec.json.encode(rest)[1:]))
    return Response(content, media_type=JSON)
