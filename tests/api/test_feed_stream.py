"""The change feed as it comes: from where it goes on, what it shows of life, and how it ends."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import httpx
import pytest

from api import feed_stream
from api.caller import Caller
from api.feed_cursor import FeedCursor
from api.feed_reading import FeedReader, Selection
from api.feed_stream import EventStream, Following
from api.feed_watch import FeedWatch
from api.problems import Problem
from storage.api_keys import create_api_key, revoke_api_key
from storage.database import Database
from storage.secrets import SecretBox, new_key
from storage.tenants import bump_epoch
from tests.api.feeding import (
    PATIENCE_S,
    FeedApi,
    Frame,
    Seen,
    add,
    commit,
    next_event,
    page,
    served_feed,
    stream,
)
from tests.storage.makers import NOW, link
from unified.ids import TenantId


@pytest.fixture
async def api(database: Database) -> AsyncIterator[FeedApi]:
    """The feed, of which nothing was committed yet."""
    async with served_feed(database) as served:
        yield served


async def test_stream_begins_now_and_goes_on_where_it_was_left(api: FeedApi) -> None:
    """By `Last-Event-ID` after any event; pages go on from the same ids."""
    tenant_id = await link(api.db)
    await commit(api.db, tenant_id, 2)
    headers = await api.key("read")

    async with stream(api, headers) as frames:
        begun = await anext(frames)  # retry
        place = await anext(frames)
        await commit(api.db, tenant_id, 3)
        first, event = await next_event(frames)
    async with stream(api, headers, last=first) as frames:
        resumed = [(await next_event(frames))[1]["data"]["tenant_sequence"] for _ in range(2)]
    rest = (await page(api, headers, first))["result"]

    assert begun == Frame(None, None, None)
    assert place.id is not None
    assert event["data"]["tenant_sequence"] == 3
    assert resumed == [each["data"]["tenant_sequence"] for each in rest] == [4, 5]
    assert [each["sequence"] for each in (await page(api, headers, place.id))["result"]] == [
        f"{n:020d}" for n in (3, 4, 5)
    ]


async def test_stream_can_begin_with_what_is_kept_and_be_filtered(api: FeedApi) -> None:
    """As pages can: the same words."""
    one, two = await link(api.db), await link(api.db)
    for tenant_id in (one, two):
        await commit(api.db, tenant_id, name="contact")
        await commit(api.db, tenant_id, name="invoice")
    headers = await api.key("read", tenants=[one])

    async with stream(api, headers, after="beginning", types="invoice.updated") as frames:
        _, event = await next_event(frames)
        await commit(api.db, two, name="invoice")
        await commit(api.db, one, name="invoice")
        _, following = await next_event(frames)

    assert [each["tenantid"] for each in (event, following)] == [one, one]
    assert [each["data"]["tenant_sequence"] for each in (event, following)] == [2, 3]


async def test_what_is_wrong_is_told_by_a_status(api: FeedApi) -> None:
    """Before the stream begins: clients that speak no more than HTTP understand it."""
    tenant_id = await link(api.db)
    await commit(api.db, tenant_id, 2)
    headers = await api.key("read")
    cursor = (await page(api, headers, limit=1))["next_cursor"]
    await commit(api.db, tenant_id, 2)
    await api.db.execute("DELETE FROM event WHERE tenant_sequence < 4")

    gone = await api.http.get("/v1/events/stream", headers={**headers, "Last-Event-ID": cursor})
    bad = await api.http.get("/v1/events/stream", params={"after": "x"}, headers=headers)

    assert (gone.status_code, gone.json()["code"]) == (410, "events_expired")
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor_unreadable")


async def test_gap_ends_a_running_stream_with_its_reason(api: FeedApi) -> None:
    """As an event of its own name, which readers of events pass over."""
    tenant_id = await link(api.db)
    await commit(api.db, tenant_id)
    headers = await api.key("read")
    async with stream(api, headers) as frames:
        await anext(frames)
        await anext(frames)
        async with api.db.transaction() as conn:
            await conn.execute("UPDATE tenant SET tenant_sequence = 5 WHERE id = $1", tenant_id)
        await commit(api.db, tenant_id)
        found = [frame async for frame in frames]

    [problem] = [frame for frame in found if frame.data is not None]
    assert problem.event == "problem"
    assert json.loads(problem.data or "")["code"] == "events_expired"
    assert json.loads(problem.data or "")["tenant_ids"] == [tenant_id]


async def test_stream_ends_with_the_process(api: FeedApi) -> None:
    """In good order, at once: its caller comes back, and another process goes on."""
    headers = await api.key("read")
    async with stream(api, headers) as frames:
        await anext(frames)
        api.stop.set()
        async with asyncio.timeout(PATIENCE_S):
            rest = [frame async for frame in frames]

    assert all(frame.data is None for frame in rest)
    assert len(api.watch) == 0


async def test_leaving_frees_what_a_stream_holds(api: FeedApi) -> None:
    """However it is left: nobody is followed for any more."""
    headers = await api.key("read")
    async with stream(api, headers) as frames:
        await anext(frames)
        assert len(api.watch) == 1

    async with asyncio.timeout(PATIENCE_S):
        while len(api.watch):  # noqa: ASYNC110  # another task's doing
            await asyncio.sleep(0)


async def test_streams_of_a_key_are_limited(database: Database) -> None:
    """One customer's forgotten streams use up neither the process nor other keys."""
    async with served_feed(database, most=3, most_of_a_key=2) as api:
        mine, other = await api.key("read"), await api.key("read")
        async with stream(api, mine) as one, stream(api, mine) as two, stream(api, other) as three:
            for frames in (one, two, three):
                await anext(frames)
            for headers in (mine, other):
                answer = await api.http.get("/v1/events/stream", headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (429, "too_many_followers")
                assert answer.headers["retry-after"]


class Line:
    """A caller's end of a stream that is driven by hand: what is sent, and whether it is taken."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.leaves = asyncio.Event()
        self.arrived = asyncio.Condition()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        async with self.arrived:
            self.sent.append(message.get("body", b""))
            self.arrived.notify_all()

    async def until(self, content: bytes) -> None:
        """Wait until this was sent."""
        async with asyncio.timeout(PATIENCE_S), self.arrived:
            await self.arrived.wait_for(lambda: content in b"".join(self.sent))


async def _driven(
    db: Database, line: Line, *, heartbeat_s: float = 60.0, slowest_s: float = 60.0
) -> tuple["asyncio.Task[None]", str]:
    """A stream from the beginning on such a line, and the id of the key that it is for."""
    made = await create_api_key(db, "test", scopes=["read"])

    async def again() -> Any:
        rows = await db.fetchval(
            "SELECT revoked_at IS NULL FROM api_key WHERE id = $1", made.key.id
        )
        if not rows:
            raise Problem("key_refused", "revoked")
        return made.key

    following = Following(
        watch=FeedWatch(db),
        reader=FeedReader(db, SecretBox([new_key()])),
        box=SecretBox([new_key()]),
        caller=Caller(made.key, None, again),
        selection=Selection(),
        heartbeat_s=heartbeat_s,
        slowest_s=slowest_s,
    )
    scope = {"type": "http", "method": "GET", "state": {"request_id": "r"}}
    answer = EventStream(following, FeedCursor())(scope, line.receive, line.send)
    return asyncio.create_task(answer), made.key.id


async def test_silent_stream_shows_life_and_ends_with_its_key(database: Database) -> None:
    """A comment now and then keeps proxies from cutting it off; the key is looked at each time."""
    await commit(database, await link(database))
    line = Line()
    running, key_id = await _driven(database, line, heartbeat_s=0.01)
    await line.until(b"\n: \n\n")

    await revoke_api_key(database, key_id)

    async with asyncio.timeout(PATIENCE_S):
        await running
    assert b'"code":"key_refused"' in b"".join(line.sent)


async def test_busy_stream_ends_with_its_key_too(database: Database) -> None:
    """Though there is always something to send."""
    tenant_id = await link(database)
    line = Line()
    running, key_id = await _driven(database, line, heartbeat_s=0.01)

    async def busy() -> None:
        while not running.done():
            await commit(database, tenant_id, 5)

    writing = asyncio.create_task(busy())
    await line.until(b"data: ")
    await revoke_api_key(database, key_id)

    async with asyncio.timeout(PATIENCE_S):
        await running
        await writing
    assert b'"code":"key_refused"' in b"".join(line.sent)


async def test_caller_who_takes_nothing_is_cut_off_with_little_held(database: Database) -> None:
    """A page at most is waiting for it, whatever is committed meanwhile."""
    tenant_id = await link(database)
    line = Line()
    line.takes.clear()
    running, _ = await _driven(database, line, slowest_s=0.05)
    await commit(database, tenant_id, 50, size=100_000)

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(running, return_exceptions=True)

    assert line.sent == []


async def test_page_of_a_stream_is_bounded(database: Database) -> None:
    """In bytes: what is sent at once is about a mebibyte."""
    tenant_id = await link(database)
    await commit(database, tenant_id, 40, size=100_000)
    line = Line()
    running, _ = await _driven(database, line)
    await line.until(f'"sequence":"{40:020d}"'.encode())
    line.leaves.set()
    async with asyncio.timeout(PATIENCE_S):
        await running

    largest = max(map(len, line.sent))
    assert 500_000 < largest < feed_stream.MOST_BYTES + 200_000


class LossyFollower:
    """Follows the feed over a line that is lost at any byte, and by a process that is ended at any
    moment; notes each event before it looks at the next one."""

    def __init__(self, headers: dict[str, str], begin: str) -> None:
        self.seen: Seen = {}
        self._headers = headers
        self._places = [begin]
        self._rng = random.Random(5)  # noqa: S311  # play

    async def run(self, apis: list[FeedApi], done: asyncio.Event) -> Seen:
        """Follow whichever process is the newest until all was seen that was committed."""
        while True:
            over, known = done.is_set(), len(self._places)
            with suppress(TimeoutError, AssertionError, httpx.TransportError):
                await self._once(apis[-1])
            if over and len(self._places) == known:
                left = await page(apis[-1], self._headers, self._places[-1])
                if not left["result"]:
                    return self.seen

    async def _once(self, api: FeedApi) -> None:
        last = self._places[-1]
        async with stream(api, self._headers, last=last) as frames, aclosing(frames):
            async with asyncio.timeout(0.2 + self._rng.random()):
                for _ in range(self._rng.randint(1, 60)):
                    place, event = await next_event(frames)
                    add(self.seen, event)
                    self._places.append(place)


async def test_each_event_comes_once_over_reconnects_and_restarts(database: Database) -> None:
    """Writers of four organisations at once, one process that ends and another one: each follower
    sees every event once, in order."""
    secret, tenants = new_key(), [await link(database) for _ in range(4)]
    done = asyncio.Event()

    async def write(tenant_id: TenantId, seed: int) -> None:
        mine = random.Random(seed)  # noqa: S311  # play
        for turn in range(15):
            if (seed, turn) == (0, 7):
                await bump_epoch(database, tenant_id, now=NOW)
            await commit(database, tenant_id, mine.randint(1, 8), size=mine.randint(1, 2000))

    async with served_feed(database, secret=secret) as first:
        headers = await first.key("read")
        begin = (await page(first, headers))["next_cursor"]
        apis = [first]
        followers = [
            asyncio.create_task(LossyFollower(headers, begin).run(apis, done)) for _ in range(3)
        ]
        writers = asyncio.gather(
            *(write(each, 2 * at + n) for at, each in enumerate(tenants) for n in range(2))
        )
        async with served_feed(database, secret=secret) as second:
            apis.append(second)
            first.stop.set()
            await writers
            done.set()
            async with asyncio.timeout(60):
                seen = await asyncio.gather(*followers)

    committed: Seen = {each: [] for each in tenants}
    for row in await database.fetch(
        "SELECT tenant_id, epoch, tenant_sequence FROM event ORDER BY epoch, tenant_sequence"
    ):
        committed[row["tenant_id"]].append((row["epoch"], row["tenant_sequence"]))
    assert sum(map(len, committed.values())) > 300
    assert seen == [committed] * 3
