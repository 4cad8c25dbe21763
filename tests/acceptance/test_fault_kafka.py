"""A real Apache Kafka that is away, or loses one node of three, or two: receiving and reading go
on, what waits for Kafka stands in the outbox, and everything arrives in its order.

PROOF_KAFKA_AWAY_S: seconds for which Kafka is away (20); also for how long each loss
of a node lasts at least, a third of it.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest

from ledgerwire import apache_kafka as real
from ledgerwire.demo.judging import read_topics
from simulator.config import SimulatorConfig
from tests.acceptance.faults import (
    answered,
    arrived,
    new_contact,
    nothing_is_torn,
    played,
    taken_in,
)
from tests.acceptance.rig import LOOPBACK, QUICK, SMALL, Rig, running
from tests.figures import Figure
from unified.broker import BrokerSettings
from unified.resources import KINDS
from unified.topics import events_topic

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.proof,
    pytest.mark.short,
    pytest.mark.needs_kafka,
    pytest.mark.timeout(1200),
]

AWAY_S = float(os.environ.get("PROOF_KAFKA_AWAY_S", "20"))
RATE = 5.0  #: actions in the books a second
CONFIG = SimulatorConfig(seed="kafka", tenants=3, opening=SMALL, delivery=QUICK)
RECOVERY_S = 360.0  #: for everything to flow again, on a machine that is busy


@pytest.fixture
async def one_node(tmp_path: Path) -> AsyncIterator[real.Cluster]:
    """A broker that nobody else uses."""
    cluster = await asyncio.to_thread(real.start, tmp_path, nodes=1, deadline_s=120)
    yield cluster
    await asyncio.to_thread(cluster.stop)


@pytest.fixture
async def three_nodes(tmp_path: Path) -> AsyncIterator[real.Cluster]:
    """A cluster whose topics have three replicas, of which a write needs two."""
    cluster = await asyncio.to_thread(real.start, tmp_path, nodes=3, deadline_s=300)
    yield cluster
    await asyncio.to_thread(cluster.stop)


async def kill(cluster: real.Cluster, *places: int) -> None:
    """End these nodes as a crash would."""
    for place in places:
        await asyncio.to_thread(cluster.kill_node, cluster.nodes[place])


async def bring_back(cluster: real.Cluster, *places: int) -> None:
    """Start these nodes again, with what they held, and wait until all that run know each other."""
    for place in places:
        await asyncio.to_thread(cluster.start_node, cluster.nodes[place])
    await asyncio.to_thread(cluster.wait_until_up, deadline_s=240)


async def play_for(rig: Rig, seconds: float) -> None:
    """Let business go on for so long, and wait until Xero and the handlers are done with it."""
    done = rig.simulator.player.done
    await rig.watch.steer("play", {"rate": RATE, "actions": int(RATE * seconds)})
    await rig.wait_for(partial(played, rig, done + int(0.8 * RATE * seconds)), patience_s=900.0)

    async def still() -> bool:
        return not rig.simulator.player.playing and await taken_in(rig)

    async def read() -> bool:
        return not await rig.db.fetchval("SELECT count(*) FROM notice WHERE state = 'due'")

    await rig.wait_for(still)
    await rig.wait_for(read)


async def sent(rig: Rig) -> int:
    """Events that Kafka has acknowledged."""
    count: int = await rig.db.fetchval("SELECT count(*) FROM event WHERE relayed_at IS NOT NULL")
    return count


async def unsent(rig: Rig) -> int:
    """Events that it has not."""
    count: int = await rig.db.fetchval("SELECT count(*) FROM event WHERE relayed_at IS NULL")
    return count


async def receiver_is_unaffected(rig: Rig) -> None:
    """Assert that it says so, and that nothing was refused or had to be sent twice."""
    [receiver] = rig.running("receiver")
    ready = await rig.watch.http.get(f"http://{LOOPBACK}:{receiver.port}/readyz")
    counts = rig.simulator.simulation.courier.counts
    assert ready.status_code == httpx.codes.OK
    assert (counts.failures, counts.events_lost) == ({}, 0)
    assert set(await answered(rig)) <= {"accepted", "validation", "not_genuine"}


async def order_was_kept(rig: Rig) -> None:
    """Assert that each organisation's events stand on each topic in the order of its numbers; a
    repetition may stand behind what it repeats, never something new before something old."""
    topics = [events_topic(rig.here.broker.prefix, resource) for resource in KINDS]
    newest: dict[tuple[str, str], int] = defaultdict(int)
    ids: dict[tuple[str, int], str] = {}
    for record in await read_topics(rig.here.broker, *topics):
        assert isinstance(record.value, bytes)
        event = msgspec.json.decode(record.value)
        tenant, number = event["tenant"]["id"], event["tenant_sequence"]
        assert ids.setdefault((tenant, number), event["event_id"]) == event["event_id"]
        if number > newest[record.topic, tenant]:
            newest[record.topic, tenant] = number
        else:
            assert (tenant, number) in ids
    rows = await rig.db.fetch("SELECT tenant_id, tenant_sequence, event_id FROM event")
    assert ids == {(row["tenant_id"], row["tenant_sequence"]): row["event_id"] for row in rows}


async def test_kafka_away_grows_the_outbox_and_changes_nothing_else(
    database_url: str, one_node: real.Cluster, figure: Figure
) -> None:
    """Killed in the middle of business and away for a while: every webhook is taken at once, the
    books are read as ever, and when it is back all goes out in its order."""
    broker = BrokerSettings(bootstrap=one_node.bootstrap, prefix="away")
    async with running(database_url, broker, CONFIG) as rig:
        await play_for(rig, 3)
        await kill(one_node, 0)
        before = await sent(rig)

        await play_for(rig, AWAY_S)

        waiting = await unsent(rig)
        assert waiting > AWAY_S
        assert await sent(rig) <= before + RATE  # what was acknowledged in the moment of its death
        await receiver_is_unaffected(rig)
        await nothing_is_torn(rig.db)
        await bring_back(one_node, 0)
        await rig.until(rig.watch.quiet(RECOVERY_S))
        assert await unsent(rig) == 0
        await order_was_kept(rig)
        await rig.agrees()
        figure(f"Kafka away for {AWAY_S:g} s: {waiting} events waited, then arrived in order")


async def test_three_nodes_lose_one_and_go_on_lose_two_and_wait(
    database_url: str, three_nodes: real.Cluster, figure: Figure
) -> None:
    """With `min.insync.replicas` of 2: after the first loss events still arrive; after the second
    nothing is acknowledged any more and nothing is lost; when the nodes are back all arrives."""
    broker = BrokerSettings(bootstrap=three_nodes.bootstrap, prefix="three")
    async with running(database_url, broker, CONFIG) as rig:
        await play_for(rig, 2)

        await kill(three_nodes, 0)
        changed = [new_contact(tenant, "With two nodes") for tenant in rig.simulator.books]
        await rig.wait_for(partial(arrived, rig, changed), patience_s=RECOVERY_S)
        await play_for(rig, AWAY_S / 3)
        await rig.until(rig.watch.quiet(RECOVERY_S))
        assert await unsent(rig) == 0

        await kill(three_nodes, 1)
        before = await sent(rig)
        await play_for(rig, AWAY_S / 3)
        waiting = await unsent(rig)
        assert waiting > 0
        assert await sent(rig) == before
        await receiver_is_unaffected(rig)
        await nothing_is_torn(rig.db)

        await bring_back(three_nodes, 0, 1)
        await rig.until(rig.watch.quiet(RECOVERY_S))
        assert await unsent(rig) == 0
        await order_was_kept(rig)
        await rig.agrees()
        figure(f"three nodes: one lost, all arrived; two lost, {waiting} events waited, then came")
