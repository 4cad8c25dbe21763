"""The log of what callers did: written before it is done, read by who may see it, and ended."""

from datetime import timedelta

from storage.acts import MOST_ENTITY_IDS, Act, Wanted, acts, begin_act, end_act
from storage.database import Database
from storage.pruning import prune
from tests.storage.makers import new_tenant_id

MONTH = timedelta(days=30)


async def test_act_stands_in_the_log_before_and_after_it_is_done(database: Database) -> None:
    """A process that dies in between leaves an act that nobody knows the end of."""
    tenant_id = new_tenant_id()
    act = Act(
        operation="create_invoice", key_id="0a1b2c3d", tenant_id=tenant_id, entity="invoice",
        request_id="r-1",
    )  # fmt: skip

    position = await begin_act(database, act)
    [begun] = await acts(database, Wanted(), limit=9)
    await end_act(database, position, status=201, entity_ids=["i-1"])
    [ended] = await acts(database, Wanted(), limit=9)

    assert (begun.status, begun.ended_at, begun.entity_ids) == (None, None, ())
    assert (ended.position, ended.status, ended.code) == (position, 201, None)
    assert ended.ended_at is not None
    assert ended.at <= ended.ended_at
    assert (ended.actor, ended.key_id, ended.request_id) == ("key", "0a1b2c3d", "r-1")
    assert (ended.tenant_id, ended.entity, ended.entity_ids) == (tenant_id, "invoice", ("i-1",))


async def test_what_was_known_before_stays_where_the_end_says_nothing(database: Database) -> None:
    """A refused change is still about the thing it named; a batch names no more than it holds."""
    ids = [str(n) for n in range(MOST_ENTITY_IDS + 5)]
    act = Act(operation="update_invoice", key_id="k", entity="invoice", entity_ids=ids)

    position = await begin_act(database, act)
    await end_act(database, position, status=409, code="version_conflict")

    [ended] = await acts(database, Wanted(), limit=1)
    assert ended.entity == "invoice"
    assert ended.entity_ids == tuple(ids[:MOST_ENTITY_IDS])
    assert ended.code == "version_conflict"


async def test_a_key_sees_acts_of_its_organisations_and_its_own(database: Database) -> None:
    """Neither another organisation's acts nor another key's that were of nobody's books."""
    mine, other = new_tenant_id(), new_tenant_id()
    for act in (
        Act(operation="a", key_id="me", tenant_id=mine),
        Act(operation="b", key_id="you", tenant_id=mine),
        Act(operation="c", key_id="you", tenant_id=other),
        Act(operation="d", key_id="me"),
        Act(operation="e", key_id="you"),
        Act(operation="f", actor="person", tenant_id=other),
        Act(operation="g", actor="command"),
    ):
        await begin_act(database, act)

    seen = await acts(database, Wanted(seen_by=("me", [mine])), limit=9)
    everything = await acts(database, Wanted(), limit=9)

    assert [each.operation for each in seen] == ["d", "b", "a"]
    assert [each.operation for each in everything] == ["g", "f", "e", "d", "c", "b", "a"]


async def test_log_is_read_in_pages_and_by_what_is_wanted(database: Database) -> None:
    """Newest first; a page goes on where the last one ended, also while acts are added."""
    tenant_id = new_tenant_id()
    for n in range(5):
        await begin_act(database, Act(operation=f"op{n % 2}", key_id=f"k{n}", tenant_id=tenant_id))

    first = await acts(database, Wanted(), limit=2)
    await begin_act(database, Act(operation="later", key_id="k"))
    second = await acts(database, Wanted(before=first[-1].position), limit=9)
    now = await database.now()

    assert [each.key_id for each in first + second] == ["k4", "k3", "k2", "k1", "k0"]
    assert len(await acts(database, Wanted(operation="op0"), limit=9)) == 3
    assert len(await acts(database, Wanted(key_id="k3", tenant_id=tenant_id), limit=9)) == 1
    assert await acts(database, Wanted(since=now), limit=9) == []


async def test_acts_are_kept_for_more_than_a_year(database: Database) -> None:
    """And dropped by the janitor after that."""
    for days in (500, 399, 0):
        position = await begin_act(database, Act(operation=f"d{days}", key_id="k"))
        await database.execute(
            "UPDATE audit SET at = at - make_interval(days => $2) WHERE position = $1",
            position, days,
        )  # fmt: skip

    pruned = await prune(database, events=MONTH, deliveries=MONTH)

    assert pruned.acts == 1
    assert {each.operation for each in await acts(database, Wanted(), limit=9)} == {"d399", "d0"}
