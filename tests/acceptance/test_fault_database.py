"""The database away or without room: receivers say 503, handlers wait, nothing is half-written,
and what Xero sends again is enough to heal it all.

PROOF_DATABASE_AWAY_S: seconds for which the database is away (8).
"""

import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from simulator.config import SimulatorConfig
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.acceptance.disk import KINDS, small_disk
from tests.acceptance.faults import (
    answered,
    arrived,
    dead,
    fault,
    heal,
    new_contact,
    nothing_is_torn,
    played,
    strike,
    taken_in,
)
from tests.acceptance.rig import LOOPBACK, QUICK, SMALL, Rig, running
from tests.figures import Figure
from tests.receiver.cable import cable_to
from unified.broker import BrokerSettings

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.timeout(600),
]

AWAY_S = float(os.environ.get("PROOF_DATABASE_AWAY_S", "8"))
RATE = 10.0  #: actions in the books a second
UNREAD = 40  #: contacts whose records and events take many times a page of 8 KiB
PATIENT = replace(QUICK, retry_schedule_s=(0.0, *([0.25] * 100_000)))
CONFIG = SimulatorConfig(seed="database", tenants=2, opening=SMALL, delivery=PATIENT)


async def unready(rig: Rig) -> bool:
    """Whether the receiver says that it can't durably accept."""
    [receiver] = rig.running("receiver")
    answer = await rig.watch.http.get(f"http://{LOOPBACK}:{receiver.port}/readyz")
    return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE


async def refused(rig: Rig, *, more_than: int) -> bool:
    """Whether Xero has been told 503, or nothing, so many times."""
    return rig.simulator.simulation.courier.counts.failed_posts > more_than


async def noted(rig: Rig, remote_ids: list[str]) -> bool:
    """Whether there is a notice of every one of these things."""
    count: int = await rig.db.fetchval(
        "SELECT count(*) FROM notice WHERE remote_id = ANY($1)", remote_ids
    )
    return count == len(remote_ids)


async def every_delivery_is_there_once(rig: Rig) -> None:
    """Assert that each payload Xero packed was taken in, and counts once."""
    counts = rig.simulator.simulation.courier.counts
    kept = await rig.db.fetchval("SELECT count(*) FROM delivery WHERE outcome <> 'repeated'")
    assert (counts.given_up, counts.events_lost) == (0, 0)
    assert counts.acknowledged == counts.packed == kept


@asynccontextmanager
async def crashing_server() -> AsyncIterator[tuple[EmbeddedPostgres, str]]:
    """A PostgreSQL of this test's own, durable, with our schema; and its address."""
    with tempfile.TemporaryDirectory(prefix="ledgerwire-tests-") as folder:
        server = EmbeddedPostgres(Path(folder), durable=True)
        url, _ = await server.start()
        await migrate(url)
        try:
            yield server, url
        finally:
            await server.stop()


async def test_database_that_crashed_is_waited_for_and_xeros_retries_heal_it(
    embedded_broker_settings: BrokerSettings, figure: Figure
) -> None:
    """It is killed in the middle of business and comes back seconds later, having recovered: no
    role ended, every delivery is there once, and mirror, topics and books agree."""
    async with (
        crashing_server() as (server, url),
        cable_to(url) as cable,
        running(cable.url, embedded_broker_settings, CONFIG) as rig,
    ):
        await rig.watch.steer("play", {"rate": RATE})
        await rig.wait_for(partial(played, rig, 20))
        pid = server.pid()
        assert pid is not None

        os.kill(pid, signal.SIGQUIT)  # at once, without a checkpoint: as a crash

        await rig.wait_for(partial(unready, rig))
        await rig.wait_for(partial(refused, rig, more_than=10))
        actions = rig.simulator.player.done
        await rig.wait_for(partial(played, rig, actions + int(RATE * AWAY_S)), patience_s=600.0)
        refusals = rig.simulator.simulation.courier.counts.failed_posts
        again, _ = await server.start()
        cable.lead_to(again)
        await rig.watch.steer("play", {"rate": 0})

        await rig.wait_for(partial(taken_in, rig), patience_s=120.0)
        await nothing_is_torn(rig.db)
        await rig.quiet()
        await every_delivery_is_there_once(rig)
        assert await dead(rig) == 0
        judged = await rig.agrees()
        figure(
            f"database away for {AWAY_S:g} s under {RATE:g} changes a second: {refusals} answers "
            f"of 503 or none, then {judged.verdict.counts['events']} events, no difference"
        )


@pytest.mark.parametrize("kind", KINDS)
async def test_full_disk_is_503_and_waiting_until_there_is_room(
    kind: str, embedded_broker_settings: BrokerSettings
) -> None:
    """What finds no room is not half there: deliveries are refused as for a database that is away,
    no record is blamed, no role ends, and all of it is done once there is room."""
    async with (
        small_disk(kind) as disk,
        running(disk.url, embedded_broker_settings, CONFIG) as rig,
    ):
        first, second = rig.simulator.books
        with capture_logs() as logs:
            # What was accepted before and is too much for the room that is left in the tables'
            # pages: whether handlers meet the full disk must not depend on what is accepted later.
            await strike(rig, fault("status", status=503))
            unread = [new_contact(first, f"Unread {number}") for number in range(UNREAD)]
            await rig.wait_for(partial(noted, rig, unread))
            await disk.fill()
            await heal(rig)
            await rig.watch.steer("play", {"rate": 2 * RATE})
            await rig.wait_for(partial(refused, rig, more_than=10))

            async def handlers_failed() -> bool:
                return any(line["event"] == "session_failed" for line in logs)

            await rig.wait_for(handlers_failed)
            await rig.watch.steer("play", {"rate": 0})
            waiting = [new_contact(first, "In the worst of it"), new_contact(second, "As well")]
            count = rig.simulator.simulation.courier.counts.failed_posts
            await rig.wait_for(partial(refused, rig, more_than=count + 10))
        failures = {line["error"] for line in logs if line["event"] == "session_failed"}
        broken = [line for line in logs if line["event"] in ("session_broke", "record_spoilt")]
        outcomes = await answered(rig)
        assert failures == {"StorageUnavailable"}
        assert broken == []
        assert outcomes["database"] > 0
        # The two that are not genuine belong to the intent-to-receive exchange.
        assert set(outcomes) <= {"accepted", "repeated", "validation", "not_genuine", "database"}
        assert not await arrived(rig, waiting)
        assert await dead(rig) == 0
        await nothing_is_torn(rig.db)

        await disk.make_room()

        await rig.wait_for(partial(taken_in, rig), patience_s=120.0)
        await rig.wait_for(partial(arrived, rig, [*unread, *waiting]))
        await rig.quiet()
        await every_delivery_is_there_once(rig)
        assert await dead(rig) == 0
        await nothing_is_torn(rig.db)
        await rig.agrees()
