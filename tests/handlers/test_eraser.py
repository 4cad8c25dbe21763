"""Erasing an organisation: an event and a tombstone for each thing, and then nothing is left."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from handlers.eraser import erase_due
from handlers.janitor import Retention, tidy
from storage.database import Database
from storage.erasure import ERASURE, left_to_erase
from storage.errors import TenantNotLinked
from storage.tenant_states import change_state
from storage.tenants import NewLink, link_tenant, tenant
from tests.handlers.answers import CONTACT, NOW, raw_contact
from tests.handlers.rig import FEW, Rig, running
from tests.storage.makers import announced, link
from unified.envelope import erasure_event
from unified.resource import Resource
from unified.resources import RESOURCES

TABLES = ("record", "notice", "timer", "cursor", "idempotency")


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose books have been read, with all of it on Kafka."""
    async with running(database, FEW) as started:
        await started.work()
        await started.hint(next(iter(started.books.ledger.contacts)).id, "Contacts")
        await relayed(started)
        yield started


async def relayed(rig: Rig) -> None:
    """Kafka has everything."""
    await rig.db.execute("UPDATE event SET relayed_at = clock_timestamp()")
    await rig.db.execute("UPDATE announcement SET relayed_at = clock_timestamp()")


async def ask(rig: Rig) -> None:
    """Somebody asked for it to be forgotten."""
    assert await change_state(rig.db, rig.tenant, "erasing", reason="asked for")


async def test_each_thing_gets_an_event_and_a_tombstone_without_content(rig: Rig) -> None:
    """Its ids, its next number, the kind of removal: consumers can forget it, and learn nothing."""
    known = await rig.db.fetch("SELECT remote_id, id, sequence FROM record")
    epoch = (await tenant(rig.db, rig.tenant)).epoch
    await ask(rig)

    assert await erase_due(rig.db) == 1

    rows = await rig.db.fetch("SELECT * FROM event ORDER BY position")
    events = [msgspec.json.decode(row["value"]) for row in rows]
    assert {(e["entity"]["remote_id"], e["entity"]["id"], e["sequence"]) for e in events} == {
        (row["remote_id"], row["id"], row["sequence"] + 1) for row in known
    }
    for row, event in zip(rows, events, strict=True):
        assert (event["op"], event["deletion_kind"], event["cause"]["kind"]) == (
            "d", "erased", "erasure",
        )  # fmt: skip
        assert (event["before"], event["after"], event["before_omitted"]) == (None, None, True)
        assert set(event["entity"]) == {"resource", "id", "remote_id"}
        assert (row["state"], row["epoch"]) == (None, epoch)
        assert "name" not in event["tenant"]
        assert row["value"].rstrip(b"}").endswith(b'"normalized_at":null')  # timing stays last
    numbers = [row["tenant_sequence"] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] + len(known)))


@pytest.mark.parametrize("of", RESOURCES, ids=lambda each: each.endpoint.path)
def test_every_kind_of_thing_can_be_erased(of: Resource) -> None:
    """Though nothing is known of it any more but its ids."""
    event = erasure_event(
        resource=of, tenant_id="t", connection_id="c", entity_id="e", remote_id="r", epoch=1,
        sequence=2, tenant_sequence=3, cause={"kind": ERASURE, "coalesced": 1}, detected_at=NOW,
    )  # fmt: skip

    assert event["entity"] == {"resource": of.name, "id": "e", "remote_id": "r"}


async def test_nothing_of_it_is_left(rig: Rig) -> None:
    """Neither mirror nor name nor tokens nor what was said of it; others lose nothing."""
    other = await link(rig.db)
    await ask(rig)

    await erase_due(rig.db)

    for table in TABLES:
        left = await rig.db.fetchval(
            f"SELECT count(*) FROM {table} WHERE tenant_id = $1",  # noqa: S608  # ours
            rig.tenant,
        )
        assert left == 0, table
    found = await tenant(rig.db, rig.tenant)
    assert (found.state, found.name, found.external_id, found.authorization_id) == (
        "erased", None, None, None,
    )  # fmt: skip
    assert await rig.db.fetchval('SELECT count(*) FROM "authorization"') == 1
    assert (await tenant(rig.db, other)).state == "linked"
    assert await announced(rig.db, rig.tenant) == ["erasing", "erased"]


async def test_what_kafka_has_not_yet_been_told_goes_once_it_has(rig: Rig) -> None:
    """Messages name the organisation: those on their way leave first, and then go; of another
    organisation they stay."""
    other = await link(rig.db)
    await relayed(rig)
    await rig.db.execute(
        """INSERT INTO announcement (shard, topic, tenant_id, key, kind, value)
           VALUES (0, 'dead', $1, 'k', 'dead_letter', '')""",
        rig.tenant,
    )
    await ask(rig)
    await erase_due(rig.db)

    await tidy(rig.db, Retention())
    waiting = await rig.db.fetchval(
        "SELECT count(*) FROM announcement WHERE tenant_id = $1", rig.tenant
    )
    await relayed(rig)
    await tidy(rig.db, Retention())

    assert waiting == 3  # the dead letter, "erasing" and "erased"
    left = await rig.db.fetch("SELECT DISTINCT tenant_id FROM announcement")
    assert [row["tenant_id"] for row in left] == [other]


async def test_what_kafka_has_not_yet_is_sent_before_it_is_forgotten(rig: Rig) -> None:
    """Else consumers would miss numbers; until then the organisation is being erased."""
    await rig.db.execute(
        """UPDATE event SET relayed_at = NULL
            WHERE position = (SELECT max(position) FROM event)"""
    )
    await ask(rig)

    assert await erase_due(rig.db) == 0
    waiting = await left_to_erase(rig.db, rig.tenant)
    state = (await tenant(rig.db, rig.tenant)).state
    await relayed(rig)
    assert await erase_due(rig.db) == 1

    assert (waiting.records, waiting.events, state) == (0, 1, "erasing")
    assert await rig.db.fetchval("SELECT count(*) FROM event WHERE cause <> 'erasure'") == 0


async def test_nothing_resurrects_what_is_being_erased(rig: Rig) -> None:
    """Whoever was reading for it may write no more."""
    raw = raw_contact("late")
    seen = await rig.mirror.seen(CONTACT, raw)
    await rig.mirror.lease("late")
    await ask(rig)
    await erase_due(rig.db)

    with pytest.raises(TenantNotLinked):
        await rig.mirror.absorb(CONTACT, seen)

    assert await rig.db.fetchval("SELECT count(*) FROM record") == 0


async def test_linked_again_it_starts_from_nothing_in_a_new_epoch(rig: Rig) -> None:
    """Consumers take its numbers for newer than the tombstones."""
    before = (await tenant(rig.db, rig.tenant)).epoch
    held = await rig.db.fetchrow('SELECT * FROM "authorization"')
    assert held is not None
    await ask(rig)
    await erase_due(rig.db)
    await rig.db.execute(
        """INSERT INTO "authorization" (id, client_id, xero_user_id, grant_kind, scopes, tokens,
                                        access_expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        *(held[name] for name in ("id", "client_id", "xero_user_id", "grant_kind", "scopes",
                                  "tokens", "access_expires_at")),
    )  # fmt: skip
    again = NewLink(tenant_id=rig.tenant, authorization_id=held["id"], name="Back Ltd")
    await link_tenant(rig.db, again, endpoints=FEW, now=rig.clock.now())

    await rig.work()

    await rig.agree()
    found = await tenant(rig.db, rig.tenant)
    assert found.epoch > before
    sequences = await rig.db.fetch("SELECT DISTINCT sequence, epoch FROM event WHERE op = 'r'")
    assert {(row["sequence"], row["epoch"]) for row in sequences} == {(1, found.epoch)}
