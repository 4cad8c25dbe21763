"""Pruning and dead letters: what may go, what must stay, and what people do with the dead."""

import zlib
from datetime import timedelta

import msgspec

from storage.database import Database
from storage.dead_letters import (
    UNNAMED,
    dead_content,
    dead_letter,
    dead_letters,
    drop_dead,
    name_dead,
    retry_dead,
    take_delivery,
)
from storage.deliveries import store_deliveries
from storage.notices import Buried, bury_notice
from storage.pruning import prune
from tests.storage.makers import NOW, delivery, hint, link
from unified.ids import RemoteId, TenantId

MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)

_EVENT = """
INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource, entity_id,
                   sequence, op, cause, value, headers, committed_at, relayed_at)
SELECT 0, $1::uuid, 1, n, $1::uuid, 'invoice', $1::uuid, n, 'u', 'webhook', '{}', '[]',
       clock_timestamp() - make_interval(days => $2::int), $3::timestamptz
  FROM generate_series($4::int, $4::int + 9) AS n
"""


async def _bury(db: Database, tenant_id: TenantId, remote_id: str) -> None:
    buried = Buried(
        endpoint="Invoices",
        remote_id=RemoteId(remote_id),
        version=None,
        error_code="undecodable",
        error="Total is no number",
        raw=zlib.compress(b'{"Total": "?"}'),
    )
    async with db.transaction() as conn:
        assert await bury_notice(conn, tenant_id, buried)


async def test_only_what_is_old_and_relayed_goes(database: Database) -> None:
    """Old acknowledged events go; young ones, and any that Kafka has not acknowledged, stay."""
    tenant_id = await link(database)
    await database.execute(_EVENT, tenant_id, 40, NOW, 1)
    await database.execute(_EVENT, tenant_id, 40, None, 11)
    await database.execute(_EVENT, tenant_id, 3, NOW, 21)

    pruned = await prune(database, events=MONTH, deliveries=MONTH)

    assert pruned.events == 10
    left = await database.fetch("SELECT DISTINCT (tenant_sequence - 1) / 10 AS ten FROM event")
    assert sorted(row["ten"] for row in left) == [1, 2]


async def test_old_deliveries_go_but_unreadable_ones_stay(database: Database) -> None:
    """What a person still has to look at is not tidied away."""
    real = await database.now()
    await store_deliveries(
        database,
        [
            delivery(number=1, received_at=real - 32 * timedelta(days=1)),
            delivery(number=2, received_at=real - 32 * timedelta(days=1), unreadable=True),
            delivery(number=3, received_at=real),
        ],
        now=NOW,
    )

    assert (await prune(database, events=MONTH, deliveries=31 * timedelta(days=1))).deliveries == 1
    left = await database.fetch("SELECT first_sequence FROM delivery ORDER BY 1")
    assert [row["first_sequence"] for row in left] == [2, 3]


async def test_spent_rows_of_all_kinds_go(database: Database) -> None:
    """Ended link attempts, relayed announcements and ancient usage are dropped, others not."""
    tenant_id = await link(database)
    await database.execute(
        """INSERT INTO link_attempt VALUES ('a', 'x', NULL, NULL, now() - interval '1 s'),
                                           ('b', 'x', NULL, NULL, now() + interval '1 min')"""
    )
    await database.execute(
        """INSERT INTO usage VALUES ($1, '2020-01-01', 'api', 1, 1, 0),
                                    ($1, now()::date, 'api', 1, 1, 0)""",
        tenant_id,
    )
    await database.execute(
        """INSERT INTO announcement (shard, topic, key, kind, value, committed_at, relayed_at)
           VALUES (0, 'control', 'k', 'x', '', now() - interval '40 days', now()),
                  (0, 'control', 'k', 'x', '', now() - interval '40 days', NULL)"""
    )

    pruned = await prune(database, events=MONTH, deliveries=MONTH)

    assert (pruned.link_attempts, pruned.usage, pruned.announcements) == (1, 1, 1)
    assert await database.fetchval("SELECT count(*) FROM link_attempt") == 1


async def test_dead_letters_are_listed_and_shown(database: Database) -> None:
    """Buried things and unreadable deliveries stand in one list; each tells what was kept."""
    one, other = await link(database), await link(database)
    await _bury(database, one, "i1")
    await _bury(database, other, "i2")
    broken = delivery(unreadable=True, body=b"\xff", received_at=NOW - HOUR)
    await store_deliveries(database, [broken, delivery(hint(one, "alive"), number=2)], now=NOW)

    letters = await dead_letters(database)

    assert [letter.key for letter in letters] == [
        f"{other}/Invoices/i2", f"{one}/Invoices/i1", broken.id
    ]  # fmt: skip
    assert {letter.kind for letter in letters} == {"notice", "delivery"}
    assert [letter.key for letter in await dead_letters(database, one)] == [f"{one}/Invoices/i1"]
    assert await dead_content(database, f"{one}/Invoices/i1") == b'{"Total": "?"}'
    assert await dead_content(database, broken.id) == b"\xff"
    assert await dead_content(database, f"{one}/Invoices/alive") is None
    assert await dead_content(database, "nonsense") is None
    assert await dead_content(database, "non/sense/here") is None
    for key in (f"{one}/Invoices/i1", broken.id):
        found = await dead_letter(database, key)
        assert found is not None
        assert found.key == key
    for key in (f"{one}/Invoices/alive", "nonsense", "non/sense/here"):
        assert await dead_letter(database, key) is None


async def test_retry_makes_a_dead_notice_due(database: Database) -> None:
    """A retried thing starts with no attempt counted; what is alive or unknown is left alone."""
    tenant_id = await link(database)
    await _bury(database, tenant_id, "i1")
    await store_deliveries(database, [delivery(hint(tenant_id, "alive"))], now=NOW - HOUR)
    version = await database.fetchval("SELECT version FROM notice WHERE remote_id = 'i1'")
    keys = [f"{tenant_id}/Invoices/{name}" for name in ("i1", "alive", "unknown")]

    assert await retry_dead(database, [*keys, "nonsense"], now=NOW) == 1

    row = await database.fetchrow("SELECT * FROM notice WHERE remote_id = 'i1'")
    assert row is not None
    assert (row["state"], row["due_at"], row["attempts"], row["origin"]) == (
        "due", NOW, 0, "retry"
    )  # fmt: skip
    assert row["version"] > version
    assert await dead_letters(database) == []


async def test_thing_whose_id_was_found_out_is_read_alone(database: Database) -> None:
    """Its own dead letter, if there is one, goes on living with it; the nameless one is gone."""
    tenant_id = await link(database)
    nameless = [f"{UNNAMED}{number}" for number in range(2)]
    for name in (*nameless, "i1"):
        await _bury(database, tenant_id, name)
    keys = [f"{tenant_id}/Invoices/{name}" for name in nameless]

    assert await name_dead(database, keys[0], RemoteId("i1"), now=NOW)
    assert await name_dead(database, keys[1], RemoteId("i2"), now=NOW)
    assert not await name_dead(database, keys[0], RemoteId("i3"), now=NOW)
    assert not await name_dead(database, "nonsense", RemoteId("i3"), now=NOW)

    rows = await database.fetch("SELECT * FROM notice ORDER BY remote_id")
    assert [(row["remote_id"], row["state"], row["single_read"]) for row in rows] == [
        ("i1", "due", True), ("i2", "due", True)
    ]  # fmt: skip
    assert await dead_letters(database) == []


async def test_delivery_that_can_be_read_at_last_makes_its_notices(database: Database) -> None:
    """In one transaction with the end of its dead letter, and once."""
    tenant_id = await link(database)
    broken = delivery(unreadable=True, body=b"{}")
    await store_deliveries(database, [broken], now=NOW)
    hints = [hint(tenant_id, "i1")]
    read = msgspec.structs.replace(broken, unreadable=False, hints=hints, event_count=1)

    assert await take_delivery(database, read, now=NOW) == "accepted"
    assert await take_delivery(database, read, now=NOW) is None

    assert await dead_letters(database) == []
    assert await database.fetchval("SELECT outcome FROM delivery") == "accepted"
    assert await database.fetchval("SELECT remote_id FROM notice") == "i1"


async def test_dropped_letters_are_gone(database: Database) -> None:
    """Dropping forgets dead letters of both kinds, and nothing that is alive."""
    tenant_id = await link(database)
    await _bury(database, tenant_id, "i1")
    broken = delivery(unreadable=True)
    fine = delivery(hint(tenant_id, "alive"), number=2)
    await store_deliveries(database, [broken, fine], now=NOW)
    keys = [f"{tenant_id}/Invoices/i1", f"{tenant_id}/Invoices/alive", broken.id, fine.id]

    assert await drop_dead(database, keys) == 2
    assert await drop_dead(database, keys) == 0
    assert await dead_letters(database) == []
    assert await database.fetchval("SELECT count(*) FROM notice") == 1
    assert await database.fetchval("SELECT count(*) FROM delivery") == 1
