"""Whatever is killed, whenever: nothing that was acknowledged is lost, doubled in effect, or late.

Receiver, handlers (with relay) and crm are processes of their own on PostgreSQL and Apache Kafka,
under steady traffic; each is killed (kill -9) again and again, at random moments and at named
points of its work, and started again. What a kill counts for is told in `crash.campaign`.
"""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm.rebuild import differences, published, rebuilt
from ledgerwire.demo.judging import judge_installation
from oracle.report import report
from tests.acceptance.crash.campaign import PATIENCE_S, RATE, campaign
from tests.acceptance.crash.points import CLAIMED, RENEWED, schedule
from tests.acceptance.crash.unfinished import kept
from tests.acceptance.crash.upgrade import kill_while_migrating
from tests.acceptance.unannounced import UNANNOUNCED, sweep_soon
from tests.figures import Figure
from unified.broker import BrokerSettings

KILLS = int(os.environ.get("PROOF_KILLS", "60"))
SEED = os.environ.get("PROOF_SEED", "crash")

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.needs_kafka,
    pytest.mark.skipif(sys.platform != "linux", reason="killed by pidfd, which Linux alone has"),
    pytest.mark.timeout(300 + 10 * KILLS),
]


async def test_nothing_acknowledged_is_lost_by_kills(
    database_url: str, kafka_broker: BrokerSettings, tmp_path: Path, figure: Figure
) -> None:
    """PROOF_KILLS kills (60), in the order of PROOF_SEED: every delivery
    answered 200 is on disk, and all that follows from it agrees with the books. No sweep heals
    what was lost, but those that settle a token refresh: of one endpoint of one organisation.
    What no webhook tells is swept for in the end."""
    began = time.monotonic()
    async with campaign(database_url, kafka_broker, tmp_path, seed=SEED) as made:
        linked_at = datetime.now(UTC)
        await made.watch.steer("play", {"rate": RATE})
        await made.kill_all_along(schedule(KILLS, made.rng))
        await kill_while_migrating(made, database_url)
        await made.watch.steer("play", {"rate": 0})
        await made.watch.quiet(PATIENCE_S)
        swept = await made.db.fetchval(
            "SELECT count(*) FROM cursor WHERE last_swept_at > $1", linked_at
        )
        await sweep_soon(made.db, UNANNOUNCED, now=datetime.now(UTC))
        await made.watch.quiet(PATIENCE_S)

        judged = await judge_installation(made.db, kafka_broker, made.simulator.control_url)
        wanted = await rebuilt(kafka_broker, datetime.now(UTC))
        found = await published(kafka_broker)
        answered = made.postbox.answered
        lost = answered - await kept(made.db, answered)
        dead = await made.db.fetchval("SELECT count(*) FROM notice WHERE state = 'dead'")

    counts = judged.verdict.counts
    figure(
        f"crash: {made.kills.total()} kills in {time.monotonic() - began:.0f} s, "
        f"{len(answered)} deliveries answered, {made.postbox.unanswered} unanswered and sent "
        f"again, {counts['events']} events compared, {counts['duplicates']} of them duplicates, "
        f"{len(wanted.invoices) + len(wanted.contacts)} payment statuses, {swept} sweeps: "
        + "; ".join(f"{point} {number}" for point, number in sorted(made.kills.items()))
    )
    assert not lost
    assert not judged.differences, report(judged.differences)
    assert not differences(wanted, found)
    assert dead == 0
    assert swept <= sum(made.kills[f"{each.role}, {each.name}"] for each in (CLAIMED, RENEWED))
    assert counts["duplicates"] >= made.kills["handlers, relay: acknowledged, not marked"] > 0
    assert made.kills.total() >= KILLS
