"""The verdict on one history: books, mirror and topics, held against each other by the oracle;
and, before any sweep could heal it, whether an acknowledged webhook was forgotten.

Payment status is left out: its consumer needs Kafka's groups, which the network in memory has not.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from oracle.books import TenantBooks, own_id, read_books
from oracle.difference import Difference
from oracle.histories import check_histories, read_histories
from oracle.inputs import MirrorRow, latest, message
from oracle.partitions import check_partitions
from oracle.things import check_mirror, check_states
from simulator.wire import compact
from tests.simulation.world import World
from unified.resources import KINDS, by_category, by_endpoint
from unified.topics import events_topic, state_topic

_PREFIX = "xero"
IS_LEFT_OUT = "left out"  #: why an endpoint is not read in a history that was made small


def differences(world: World) -> tuple[list[Difference], dict[str, int]]:
    """All disagreements, and how much was looked at."""
    books = read_books(compact({"tenants": [tenant.raw() for tenant in world.simulation.books]}))
    admin = world.weather.engine.admin
    rows = {
        (row.tenant_id, row.resource, own_id(row.resource, row.remote_id)): row
        for row in map(_mirror_row, admin("fetch", _MIRROR))
    }
    left_out = {
        (str(row["tenant_id"]), source.name)
        for row in admin("fetch", _LEFT_OUT, IS_LEFT_OUT)
        if (source := by_endpoint(row["endpoint"])) is not None
    }
    days = {row["id"]: row["business_date"] for row in admin("fetch", _DAYS)}
    records = world.broker.read()
    event_topics = {events_topic(_PREFIX, each) for each in KINDS}
    state_topics = {state_topic(_PREFIX, each) for each in KINDS}
    events = [message(record) for record in records if record.topic in event_topics]
    states = [message(record) for record in records if record.topic in state_topics]
    histories = read_histories(events)
    found: Iterable[Difference] = (
        *check_mirror(
            {tenant: _played(held, left_out) for tenant, held in books.items()},
            {thing: row for thing, row in rows.items() if thing[:2] not in left_out},
            days,
        ),
        *check_states(rows, latest(states)),
        *check_histories(histories, rows, complete=True, judged=frozenset(days)),
        *check_partitions((*events, *states)),
    )
    counts = {"tenants": len(days), "things": len(rows), "events": histories.events,
              "duplicates": histories.duplicates}  # fmt: skip
    return list(found), counts


MOST_LAG = timedelta(milliseconds=100)  #: of a webhook event's stamp behind its record's

Hinted = tuple[str, str, str]  #: tenant, resource, remote id


@dataclass
class Acknowledged:
    """What Xero was told 200 for: the newest event of each thing."""

    events: dict[Hinted, datetime] = field(default_factory=dict)

    def answered(self, request: httpx.Request, body: bytes, status: int) -> None:
        """A request was answered, whether Xero hears it or not."""
        if not request.url.path.startswith("/webhooks") or status != httpx.codes.OK:
            return
        for event in msgspec.json.decode(body)["events"]:
            of = by_category(event["eventCategory"])
            if of is None:
                continue
            thing = event["tenantId"], of.name, event["resourceId"]
            at = datetime.fromisoformat(event["eventDateUtc"]).replace(tzinfo=UTC)
            self.events[thing] = max(at, self.events.get(thing, at))

    def forgotten(self, world: World) -> list[str]:
        """Things of which the mirror does not know what was acknowledged, and nothing is due."""
        admin = world.weather.engine.admin
        known: dict[Hinted, datetime] = {
            (row["tenant_id"], row["resource"], row["remote_id"]): row["updated_at"]
            for row in admin("fetch", _STAMPS)
        }
        buried = {(row["tenant_id"], row["remote_id"]) for row in admin("fetch", _BURIED)}
        return [
            f"acknowledged and forgotten: {thing[1]} {thing[2]} of {at}, known {known.get(thing)}"
            for thing, at in self.events.items()
            if (thing[0], thing[2]) not in buried
            and (thing not in known or known[thing] < at - MOST_LAG)
        ]


def _played(books: TenantBooks, left_out: Set[tuple[str, str]]) -> TenantBooks:
    """Books without what the history left out."""
    held = {of: each for of, each in books.held.items() if (books.tenant, of) not in left_out}
    return replace(books, held=held)


def _mirror_row(row: "dict[str, object]") -> MirrorRow:
    unified = msgspec.json.decode(str(row["unified"]))
    tenant, resource, remote_id, _, sequence, epoch = row.values()
    return MirrorRow(str(tenant), str(resource), str(remote_id), unified, int(str(sequence)),
                     int(str(epoch)))  # fmt: skip


_MIRROR = """SELECT r.tenant_id, r.resource, r.remote_id, r.unified, r.sequence, t.epoch
               FROM record r JOIN tenant t ON t.id = r.tenant_id"""
_DAYS = """SELECT id, business_date FROM tenant
            WHERE state = 'linked' AND business_date IS NOT NULL"""
_LEFT_OUT = "SELECT tenant_id, endpoint FROM cursor WHERE unsupported_reason = $1"
_STAMPS = "SELECT tenant_id, resource, remote_id, updated_at FROM record"
_BURIED = "SELECT tenant_id, remote_id FROM notice WHERE state = 'dead'"
