"""What waits, in figures: only what somebody could work on now is called waiting."""

from datetime import UTC, datetime, timedelta

from storage.backlog import backlog
from storage.database import Database
from tests.receiver.service import link

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
ONE, OTHER = "0f6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a11", "1a6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a12"
MINUTE = timedelta(minutes=1)


async def notice(db: Database, tenant: str, remote_id: str, due_at: datetime) -> None:
    """A thing to be read."""
    await db.execute(
        """INSERT INTO notice (tenant_id, endpoint, remote_id, origin, received_at, due_at)
           VALUES ($1, 'Invoices', $2, 'webhook', now(), $3)""",
        tenant,
        remote_id,
        due_at,
    )


async def event(db: Database, tenant: str, number: int, *, committed_at: datetime) -> None:
    """A change that Kafka has not acknowledged."""
    await db.execute(
        """INSERT INTO event (shard, tenant_id, epoch, tenant_sequence, event_id, resource,
                              entity_id, sequence, op, cause, value, headers, committed_at)
           SELECT shard, id, 1, $2, gen_random_uuid(), 'invoice', gen_random_uuid(), 1, 'u',
                  'poll', '\\x7b7d', '[]', $3 FROM tenant WHERE id = $1""",
        tenant,
        number,
        committed_at,
    )


async def test_nothing_waits_at_first(database: Database) -> None:
    """Every state is named all the same, or an alert would have nothing to compare."""
    found = await backlog(database, now=NOW)

    assert (found.notices, found.events, found.dead_letters) == (0, 0, 0)
    assert found.notice_age == found.event_age == timedelta(0)
    assert found.tenants == dict.fromkeys(
        ("linked", "needs_reauth", "disconnected", "vanished", "erasing", "erased"), 0
    )


async def test_only_what_may_be_read_now_waits(database: Database) -> None:
    """What is snoozed, blocked by a limit or of an organisation that is gone waits for nobody."""
    await link(database, ONE, OTHER)
    await notice(database, ONE, "due", NOW - 3 * MINUTE)
    await notice(database, ONE, "due too", NOW - MINUTE)
    await notice(database, ONE, "snoozed", NOW + MINUTE)
    await notice(database, OTHER, "blocked", NOW - 9 * MINUTE)
    await database.execute(
        "UPDATE tenant SET blocked_until = $2 WHERE id = $1", OTHER, NOW + MINUTE
    )

    blocked = await backlog(database, now=NOW)
    free = await backlog(database, now=NOW + MINUTE)
    await database.execute("UPDATE tenant SET state = 'needs_reauth' WHERE id = $1", OTHER)
    gone = await backlog(database, now=NOW)

    assert (blocked.notices, blocked.notice_age) == (2, 3 * MINUTE)
    assert (free.notices, free.notice_age) == (4, 10 * MINUTE)
    assert (gone.notices, gone.tenants["linked"], gone.tenants["needs_reauth"]) == (2, 1, 1)


async def test_oldest_unrelayed_event_of_any_shard_counts(database: Database) -> None:
    """One shard that stands still is an outage of its tenants."""
    await link(database, ONE, OTHER)
    now = await database.now()
    await event(database, ONE, 1, committed_at=now - MINUTE)
    await event(database, OTHER, 1, committed_at=now - 5 * MINUTE)
    await event(database, OTHER, 2, committed_at=now)

    found = await backlog(database, now=NOW)
    await database.execute("UPDATE event SET relayed_at = now() WHERE tenant_id = $1", OTHER)
    after = await backlog(database, now=NOW)

    assert (found.events, after.events) == (3, 1)
    assert 5 * MINUTE <= found.event_age < 6 * MINUTE
    assert MINUTE <= after.event_age < 2 * MINUTE
