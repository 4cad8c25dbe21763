"""The change feed page by page: what comes, from where, for whom, and what is told if it can't."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.feed_events import cloud_event
from storage.database import Database
from storage.feed import FeedEvent, Place
from storage.tenants import bump_epoch
from tests.api.feeding import FeedApi, Seen, add, commit, page, served_feed
from tests.storage.makers import NOW, link
from unified.codecs import instant_text
from unified.envelope import event_headers, event_value
from unified.ids import TenantId

EXAMPLES = Path(__file__).parent.parent / "contract" / "events"


@pytest.fixture
async def api(database: Database) -> AsyncIterator[FeedApi]:
    """The feed, of which nothing was committed yet."""
    async with served_feed(database) as served:
        yield served


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_event_is_what_kafka_carries_as_cloudevents_json(path: Path) -> None:
    """The same attributes as Kafka's headers, under names that CloudEvents allows, the same data,
    and the moment of the commit."""
    event = json.loads(path.read_text(encoding="utf-8"))
    event["timing"].pop("published_at", None)
    headers = event_headers(event)
    text = json.dumps([[name, value.decode()] for name, value in headers])
    stored = FeedEvent(TenantId(event["tenant"]["id"]), Place(1, 1), text, event_value(event), NOW)

    shown = json.loads(cloud_event(stored))

    data = shown.pop("data")
    assert data.pop("timing") == {**event.pop("timing"), "published_at": instant_text(NOW)}
    assert data == event
    carried = {name.removeprefix("ce_"): value.decode() for name, value in headers}
    media_type = carried.pop("content-type")
    more = {"recordedtime": instant_text(NOW), "datacontenttype": media_type}
    assert shown == {**carried, **more}
    assert all(name.isascii() and name.isalnum() and name.islower() for name in shown)


async def test_feed_begins_with_what_is_kept_and_goes_on_by_cursor(api: FeedApi) -> None:
    """Each event once, whatever the size of pages; at the end the cursor stays good."""
    tenants = [await link(api.db) for _ in range(3)]
    for number in range(20):
        await commit(api.db, tenants[number % 3])
    headers = await api.key("read")

    for limit in (1, 7, 500):
        seen: Seen = {}
        after = None
        while (found := await page(api, headers, after, limit=limit))["result"]:
            for event in found["result"]:
                add(seen, event)
            after = found["next_cursor"]
        assert {key: [n for _, n in of] for key, of in seen.items()} == {
            tenants[0]: [*range(1, 8)], tenants[1]: [*range(1, 8)], tenants[2]: [*range(1, 7)],
        }  # fmt: skip
        assert (found["next_cursor"], found["has_more"]) == (after, False)
    await commit(api.db, tenants[2])
    [event] = (await page(api, headers, after))["result"]
    assert event["sequence"] == f"{7:020d}"


async def test_now_is_the_end(api: FeedApi) -> None:
    """Who wants no history begins behind it, and misses nothing that follows, of newcomers too."""
    old = await link(api.db)
    await commit(api.db, old, 3)
    headers = await api.key("read")

    begun = await page(api, headers, "now")
    newcomer = await link(api.db)
    await commit(api.db, newcomer, 2)
    await commit(api.db, old)

    assert begun["result"] == []
    seen: Seen = {}
    for event in (await page(api, headers, begun["next_cursor"]))["result"]:
        add(seen, event)
    assert {key: [n for _, n in of] for key, of in seen.items()} == {newcomer: [1, 2], old: [4]}


async def test_waiting_ends_with_the_first_event(api: FeedApi) -> None:
    """A long poll is answered by the commit, not by its own end."""
    tenant_id = await link(api.db)
    headers = await api.key("read")
    cursor = (await page(api, headers, "now"))["next_cursor"]

    waiting = asyncio.create_task(page(api, headers, cursor, wait=60))
    async with asyncio.timeout(20):
        await api.followed()
        await commit(api.db, tenant_id)
        found = await waiting

    assert [event["tenantid"] for event in found["result"]] == [tenant_id]


async def test_waiting_ends_with_the_process(api: FeedApi) -> None:
    """Whoever waits is answered at once when the process is told to stop."""
    headers = await api.key("read")
    waiting = asyncio.create_task(page(api, headers, "now", wait=60))
    async with asyncio.timeout(20):
        await api.followed()
        api.stop.set()
        found = await waiting

    assert found["result"] == []


async def test_filters_choose_events_and_may_change(api: FeedApi) -> None:
    """By type, whole or in short, by resource, by organisation; a cursor is a place, not a
    question."""
    one, two = await link(api.db), await link(api.db)
    for tenant_id in (one, two):
        await commit(api.db, tenant_id, name="invoice", op="c")
        await commit(api.db, tenant_id, name="invoice", op="u")
        await commit(api.db, tenant_id, name="contact", op="u")
    headers = await api.key("read")

    async def found(**query: Any) -> list[tuple[str, int]]:
        shown = await page(api, headers, **query)
        return sorted((each["tenantid"], int(each["sequence"])) for each in shown["result"])

    both = sorted((one, two))
    whole = "io.ledgerwire.accounting.invoice.updated.v1"
    assert await found(types="invoice.updated") == [(each, 2) for each in both]
    assert await found(types=[whole, "invoice.created"], tenants=one) == [(one, 1), (one, 2)]
    assert await found(resources="contacts") == [(each, 3) for each in both]
    assert await found(resources="contact", types="invoice.updated") == []
    assert await found(tenants=[one, two], resources="contacts,invoices") == [
        (each, n) for each in both for n in (1, 2, 3)
    ]
    first = await page(api, headers, resources="contacts", tenants=one)
    assert [each["sequence"] for each in first["result"]] == [f"{3:020d}"]
    rest = await page(api, headers, first["next_cursor"])
    assert {each["tenantid"] for each in rest["result"]} == {two}


async def test_header_names_one_organisation(api: FeedApi) -> None:
    """As everywhere else; against `tenants` it must not contradict."""
    one, two = await link(api.db), await link(api.db)
    await commit(api.db, one)
    await commit(api.db, two)
    headers = {**await api.key("read"), "X-Tenant-Id": one.upper()}

    found = await page(api, headers)
    answer = await api.http.get("/v1/events", params={"tenants": two}, headers=headers)

    assert [each["tenantid"] for each in found["result"]] == [one]
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_key_sees_its_own_organisations_alone(api: FeedApi) -> None:
    """Another's events, numbers and existence are not to be had, by no filter and no cursor."""
    mine, other = await link(api.db), await link(api.db)
    await commit(api.db, mine, 2)
    await commit(api.db, other, 2)
    limited, whole = await api.key("read", tenants=[mine]), await api.key("read")
    of_all = (await page(api, whole))["next_cursor"]

    found = await page(api, limited)
    refused = [
        await api.http.get("/v1/events", params=query, headers=limited)
        for query in ({"tenants": other}, {"tenants": [mine, other]}, {"after": of_all})
    ]
    unknown = await api.http.get(
        "/v1/events", params={"tenants": "0b3c1b52-7c1e-4a0b-9d55-0b6f2f1f8a11"}, headers=whole
    )

    assert {each["tenantid"] for each in found["result"]} == {mine}
    assert other not in json.dumps(found)
    assert [(each.status_code, each.json()["code"]) for each in refused] == [
        (404, "tenant_unknown"), (404, "tenant_unknown"), (400, "cursor_of_another_list"),
    ]  # fmt: skip
    assert other not in "".join(each.text for each in refused)
    assert unknown.json()["code"] == "tenant_unknown"
    assert unknown.json()["detail"] == refused[0].json()["detail"]


async def test_what_makes_no_sense_is_refused(api: FeedApi) -> None:
    """With the name of what is wrong, never with an empty page: an empty cursor, too, which would
    otherwise begin all over again."""
    headers = await api.key("read")
    for query, code in (
        ({"after": "nonsense"}, "cursor_unreadable"),
        ({"after": ""}, "cursor_unreadable"),
        ({"after": "ä"}, "cursor_unreadable"),
        ({"types": "invoice.exploded"}, "bad_request"),
        ({"resources": "unicorns"}, "bad_request"),
        ({"tenants": "me"}, "bad_request"),
        ({"limit": "0"}, "bad_request"),
        ({"limit": "501"}, "bad_request"),
        ({"wait": "61"}, "bad_request"),
        ({"wait": "-1"}, "bad_request"),
        ({"type": "invoice.updated"}, "bad_request"),
    ):
        answer = await api.http.get("/v1/events", params=query, headers=headers)
        assert (answer.status_code, answer.json().get("code")) == (400, code), query


async def test_changed_cursor_is_refused(api: FeedApi) -> None:
    """Nobody makes a place of his own, or takes one from another installation."""
    await commit(api.db, await link(api.db))
    headers = await api.key("read")
    cursor = (await page(api, headers))["next_cursor"]
    for at in range(0, len(cursor), 5):
        other = "A" if cursor[at] != "A" else "B"
        changed = cursor[:at] + other + cursor[at + 1 :]
        answer = await api.http.get("/v1/events", params={"after": changed}, headers=headers)
        assert answer.json().get("code") == "cursor_unreadable", at


async def _prune(db: Database, tenant_id: TenantId, upto: int) -> None:
    await db.execute(
        "DELETE FROM event WHERE tenant_id = $1 AND tenant_sequence <= $2", tenant_id, upto
    )


@pytest.mark.parametrize("pruned", [3, 4])
async def test_gap_is_told_with_the_way_on(api: FeedApi, pruned: int) -> None:
    """Of the organisation that it concerns, even where nothing is left; others lose nothing."""
    gone, kept = await link(api.db), await link(api.db)
    await commit(api.db, gone, 2)
    await commit(api.db, kept, 2)
    headers = await api.key("read")
    cursor = (await page(api, headers))["next_cursor"]
    await commit(api.db, gone, 2)
    await commit(api.db, kept, 1)
    await _prune(api.db, gone, pruned)

    answer = await api.http.get("/v1/events", params={"after": cursor}, headers=headers)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (410, "events_expired")
    assert told["tenant_ids"] == [gone]
    await commit(api.db, gone)
    seen: Seen = {}
    for event in (await page(api, headers, told["resume_after"]))["result"]:
        add(seen, event)
    assert {key: [n for _, n in of] for key, of in seen.items()} == {kept: [3], gone: [5]}


async def test_pruned_behind_the_cursor_is_no_gap(api: FeedApi) -> None:
    """Nor is it one for who begins with what is kept."""
    tenant_id = await link(api.db)
    await commit(api.db, tenant_id, 5)
    headers = await api.key("read")
    cursor = (await page(api, headers, limit=3))["next_cursor"]
    await _prune(api.db, tenant_id, 3)

    assert [int(each["sequence"]) for each in (await page(api, headers, cursor))["result"]] == [
        4,
        5,
    ]
    await _prune(api.db, tenant_id, 4)
    assert [int(each["sequence"]) for each in (await page(api, headers))["result"]] == [5]


async def test_newcomer_whose_beginning_is_gone_is_a_gap(api: FeedApi) -> None:
    """It was linked after the cursor was made, so all of it would have come."""
    old = await link(api.db)
    await commit(api.db, old)
    headers = await api.key("read")
    cursor = (await page(api, headers))["next_cursor"]
    newcomer = await link(api.db)
    await commit(api.db, newcomer, 3)
    await _prune(api.db, newcomer, 2)

    answer = await api.http.get("/v1/events", params={"after": cursor}, headers=headers)

    assert (answer.status_code, answer.json().get("tenant_ids")) == (410, [newcomer])


async def test_quiet_organisation_is_known_from_the_first_page(api: FeedApi) -> None:
    """It said nothing while the feed began; what it says later and is pruned shows as a gap, also
    where the first page had no room for it."""
    busy, quiet = await link(api.db), await link(api.db)
    await commit(api.db, busy, 40)
    headers = await api.key("read")
    cursor = (await page(api, headers, limit=1))["next_cursor"]
    await commit(api.db, quiet, 2)
    await _prune(api.db, quiet, 1)

    answer = await api.http.get("/v1/events", params={"after": cursor}, headers=headers)

    assert (answer.status_code, answer.json().get("tenant_ids")) == (410, [quiet])


async def test_new_epoch_goes_on_without_a_gap(api: FeedApi) -> None:
    """A bumped epoch numbers on; a restored backup numbers on from fewer; an organisation that
    was erased and linked again begins with 1. What is missing in a new epoch is told, too."""
    tenant_id = await link(api.db)
    await commit(api.db, tenant_id, 3)
    headers = await api.key("read")
    ahead = (await page(api, headers))["next_cursor"]

    await bump_epoch(api.db, tenant_id, now=NOW)
    assert (await page(api, headers, ahead))["result"] == []
    await commit(api.db, tenant_id)
    assert [int(each["sequence"]) for each in (await page(api, headers, ahead))["result"]] == [4]

    # As after a backup of the moment in which there was one event.
    await api.db.execute("DELETE FROM event WHERE tenant_sequence > 1")
    await api.db.execute("UPDATE tenant SET tenant_sequence = 1, epoch = epoch - 5")
    stale = await api.http.get("/v1/events", params={"after": ahead}, headers=headers)
    assert stale.status_code == 410  # nobody bumped the epoch, which is a must
    await api.db.execute("UPDATE tenant SET epoch = epoch + 10")
    assert (await page(api, headers, ahead))["result"] == []
    await commit(api.db, tenant_id, 2)
    found = (await page(api, headers, ahead))["result"]
    assert [int(each["sequence"]) for each in found] == [2, 3]
    await _prune(api.db, tenant_id, 2)
    lost = await api.http.get("/v1/events", params={"after": ahead}, headers=headers)
    assert lost.status_code == 410


async def test_erased_organisation_has_no_events_and_is_told_once(api: FeedApi) -> None:
    """Neither those that still wait to be deleted nor those about the erasure itself; whoever
    had read of it learns that it has to forget."""
    gone, kept = await link(api.db), await link(api.db)
    await commit(api.db, gone, 2)
    await commit(api.db, kept, 2)
    headers = await api.key("read")
    cursor = (await page(api, headers, limit=1))["next_cursor"]
    await api.db.execute("UPDATE tenant SET state = 'erasing' WHERE id = $1", gone)

    fresh, told = await page(api, headers), await page(api, headers, cursor, wait=5)
    after = await page(api, headers, told["next_cursor"])

    assert {each["tenantid"] for each in fresh["result"]} == {kept}
    assert gone not in {each["tenantid"] for each in told["result"]}
    assert [each["meta"]["erased_tenants"] for each in (fresh, told, after)] == [[], [gone], []]


async def test_more_organisations_than_a_cursor_holds_are_refused(api: FeedApi) -> None:
    """With what to do; those that are named are read."""
    mine = await link(api.db)
    await commit(api.db, mine)
    await api.db.execute(
        """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch, call_tokens_at)
           SELECT gen_random_uuid(), 0, gen_random_uuid(), 'linked', now(), 1, now()
             FROM generate_series(1, 200)"""
    )
    headers = await api.key("read")

    answer = await api.http.get("/v1/events", headers=headers)
    named = await page(api, headers, tenants=mine)

    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_tenants")
    assert answer.json()["most"] == 200
    assert len(named["result"]) == 1


async def test_scope_is_asked_for(api: FeedApi) -> None:
    """A key that may only write reads no events."""
    for path in ("/v1/events", "/v1/events/stream"):
        answer = await api.http.get(path, headers=await api.key("write", "proxy"))
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_each_event_comes_once_while_many_commit(api: FeedApi) -> None:
    """Four organisations, three writers each, transactions of any size, some rolled back, an epoch
    that changes in between; a follower with pages of any size sees each one's events once and in
    order."""
    rng, tenants = random.Random(11), [await link(api.db) for _ in range(4)]  # noqa: S311  # play
    committed: Seen = {each: [] for each in tenants}
    done = asyncio.Event()

    async def write(tenant_id: TenantId, seed: int) -> None:
        mine = random.Random(seed)  # noqa: S311  # as above
        for turn in range(12):
            if mine.random() < 0.2:
                async with api.db.transaction() as conn:
                    await conn.execute("SELECT 1 FROM tenant WHERE id = $1 FOR UPDATE", tenant_id)
            if seed % 3 == 0 and turn == 6:
                await bump_epoch(api.db, tenant_id, now=NOW)
            await commit(api.db, tenant_id, mine.randint(1, 9), size=mine.randint(1, 3000))

    async def follow() -> Seen:
        headers, seen, after = await api.key("read"), Seen(), "beginning"
        while True:
            over = done.is_set()
            found = await page(
                api, headers, after, limit=rng.randint(1, 40), wait=rng.choice((0, 1))
            )
            for event in found["result"]:
                add(seen, event)
            after = found["next_cursor"]
            if over and not found["has_more"] and not found["result"]:
                return seen

    following = [asyncio.create_task(follow()) for _ in range(2)]
    writers = [write(each, 3 * at + n) for at, each in enumerate(tenants) for n in range(3)]
    await asyncio.gather(*writers)
    done.set()
    for row in await api.db.fetch(
        "SELECT tenant_id, epoch, tenant_sequence FROM event ORDER BY epoch, tenant_sequence"
    ):
        committed[row["tenant_id"]].append((row["epoch"], row["tenant_sequence"]))
    async with asyncio.timeout(60):
        seen = await asyncio.gather(*following)

    assert sum(map(len, committed.values())) > 400
    assert seen == [committed, committed]
