"""The verdict on one history: books, mirror and topics, held against each other by the oracle.

Payment status is left out: its consumer needs Kafka's groups, which the network in memory has not.
"""

from collections.abc import Iterable

import msgspec

from oracle.books import read_books
from oracle.difference import Difference
from oracle.histories import check_histories, read_histories
from oracle.inputs import MirrorRow, latest, message
from oracle.partitions import check_partitions
from oracle.things import check_mirror, check_states
from simulator.wire import compact
from tests.simulation.world import World
from unified.resources import RESOURCES
from unified.topics import events_topic, state_topic

_PREFIX = "xero"


def differences(world: World) -> tuple[list[Difference], dict[str, int]]:
    """All disagreements, and how much was looked at."""
    books = read_books(compact({"tenants": [tenant.raw() for tenant in world.simulation.books]}))
    admin = world.weather.engine.admin
    rows = {
        (row.tenant_id, row.resource, row.remote_id.lower()): row
        for row in map(_mirror_row, admin("fetch", _MIRROR))
    }
    days = {row["id"]: row["business_date"] for row in admin("fetch", _DAYS)}
    records = world.broker.read()
    event_topics = {events_topic(_PREFIX, each) for each in RESOURCES}
    state_topics = {state_topic(_PREFIX, each) for each in RESOURCES}
    events = [message(record) for record in records if record.topic in event_topics]
    states = [message(record) for record in records if record.topic in state_topics]
    histories = read_histories(events)
    found: Iterable[Difference] = (
        *check_mirror(books, rows, days),
        *check_states(rows, latest(states)),
        *check_histories(histories, rows, complete=True, judged=frozenset(days)),
        *check_partitions((*events, *states)),
    )
    counts = {"tenants": len(days), "things": len(rows), "events": histories.events,
              "duplicates": histories.duplicates}  # fmt: skip
    return list(found), counts


def _mirror_row(row: "dict[str, object]") -> MirrorRow:
    unified = msgspec.json.decode(str(row["unified"]))
    tenant, resource, remote_id, _, sequence, epoch = row.values()
    return MirrorRow(str(tenant), str(resource), str(remote_id), unified, int(str(sequence)),
                     int(str(epoch)))  # fmt: skip


_MIRROR = """SELECT r.tenant_id, r.resource, r.remote_id, r.unified, r.sequence, t.epoch
               FROM record r JOIN tenant t ON t.id = r.tenant_id"""
_DAYS = """SELECT id, business_date FROM tenant
            WHERE state = 'linked' AND business_date IS NOT NULL"""
