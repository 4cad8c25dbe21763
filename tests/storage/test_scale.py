"""What is asked again and again must not cost more with each organisation that is linked."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from storage.calendars import _BEHIND, _ZONES, calendar_zones, calendars_to_turn
from storage.database import Database
from storage.leases import _TAKE, _TAKE_NAMED, take_named_tenants

NOW = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)
TODAY = date(2026, 11, 3)
ZONES = ["America/Los_Angeles", "Pacific/Auckland", "UTC"]
QUESTIONS = {
    "which zones are there": (_ZONES, ()),
    "whose calendar is behind": (_BEHIND, (ZONES, [TODAY] * 3)),
    "who has something due": (
        _TAKE, (NOW, "here", timedelta(seconds=15), 64, [], timedelta(minutes=1))
    ),
}  # fmt: skip


async def link_many(db: Database, count: int) -> None:
    """Organisations with nothing to do: calendars turned, sweeps due in an hour, timers waiting."""
    await db.execute(
        """INSERT INTO tenant (id, shard, connection_id, state, linked_at, epoch, call_tokens_at,
                               time_zone, business_date, calendar_open)
           SELECT gen_random_uuid(), n % 16, gen_random_uuid(), 'linked', $2, 1, $2,
                  (ARRAY['America/Los_Angeles', 'Pacific/Auckland', NULL])[n % 3 + 1], $3, false
             FROM generate_series(1, $1) AS n""",
        count,
        NOW,
        TODAY,
    )
    await db.execute(
        """INSERT INTO cursor (tenant_id, endpoint, sweep_due_at, backfill_state)
           SELECT id, 'Invoices', $1::timestamptz + interval '1 hour', 'done' FROM tenant
               ON CONFLICT DO NOTHING""",
        NOW,
    )


async def blocks(db: Database, question: str, *arguments: object) -> int:
    """How many blocks of the database one asking touches, once its plan is made."""
    async with db.transaction() as conn:
        for _ in range(2):  # the first reads the catalogue, too
            [row] = await conn.fetch(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {question}", *arguments
            )
    [plan] = json.loads(row[0])
    return int(plan["Plan"]["Shared Hit Blocks"]) + int(plan["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("name", QUESTIONS)
async def test_looking_costs_the_same_for_many(database: Database, name: str) -> None:
    """Where nobody has anything to do, 3,000 organisations are looked at like 30."""
    question, arguments = QUESTIONS[name]
    touched = []
    for count in (30, 3_000):
        await link_many(database, count)
        await database.execute("ANALYZE")  # as the server does by itself, within a minute
        touched.append(await blocks(database, question, *arguments))

    few, many = touched
    assert many <= few + 30


async def test_leasing_by_name_reads_nobody_elses_notices(database: Database) -> None:
    """A hint for a quiet organisation costs the same beside a flood of another; one that has
    nothing due is left alone."""
    await link_many(database, 30)
    [flooded, quiet, idle, *_] = [
        row["id"] for row in await database.fetch("SELECT id FROM tenant")
    ]
    await database.execute(
        """INSERT INTO notice (tenant_id, endpoint, remote_id, origin, received_at, due_at)
           SELECT CASE n WHEN 1 THEN $2::uuid ELSE $1::uuid END, 'Invoices', n::text, 'webhook',
                  $3, $3
             FROM generate_series(1, 20000) AS n""",
        flooded, quiet, NOW,
    )  # fmt: skip
    await database.execute("ANALYZE")
    ended = timedelta(seconds=-1)  # so that it can be leased again

    touched = await blocks(database, _TAKE_NAMED, NOW, "here", ended, 8, [quiet, idle])
    leased = await take_named_tenants(database, "here", [quiet, idle], now=NOW, limit=8)

    assert touched <= 60
    assert [each.tenant_id for each in leased] == [quiet]


async def test_calendars_to_turn_are_found_by_zone(database: Database) -> None:
    """One whose date lags, and one that was left open; nobody else, and nobody who left."""
    await link_many(database, 30)
    [behind, left_open, gone, *_] = await database.fetch("SELECT id FROM tenant ORDER BY id")
    await database.execute(
        "UPDATE tenant SET business_date = business_date - 1 WHERE id = ANY($1)",
        [behind["id"], gone["id"]],
    )
    await database.execute("UPDATE tenant SET calendar_open = true WHERE id = $1", left_open["id"])
    await database.execute("UPDATE tenant SET state = 'erased' WHERE id = $1", gone["id"])

    zones = await calendar_zones(database)
    found = await calendars_to_turn(database, dict.fromkeys(zones, TODAY))

    assert zones == ZONES
    assert {each.tenant_id for each in found} == {behind["id"], left_open["id"]}
