"""What the tests of faults ask again and again: has this change come through, is anything torn.

Not the oracle: that compares with the books when all is quiet, this looks into the tables while
a fault lasts.
"""

from collections.abc import Iterable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from simulator.books import Tenant
from simulator.model import Contact
from storage.database import Database
from tests.acceptance.rig import LOOPBACK, Rig

API = "/api.xro/2.0"
TOKENS = "/connect/token"

_ARRIVED = """
SELECT count(DISTINCT r.remote_id) FROM record r
  JOIN event e ON e.tenant_id = r.tenant_id AND e.entity_id = r.id
 WHERE r.remote_id = ANY($1::text[]) AND e.relayed_at IS NOT NULL
"""

# Record, event and the tenant's numbers are one transaction: whoever finds one without the others
# has found half of it.
_TORN = {
    "tenants whose last number is not their last event's": """
        SELECT t.id FROM tenant t
         WHERE t.tenant_sequence <> coalesce((SELECT max(tenant_sequence) FROM event
                                               WHERE tenant_id = t.id AND epoch = t.epoch), 0)""",
    "tenants with a gap in their numbers": """
        SELECT tenant_id FROM event GROUP BY tenant_id, epoch
        HAVING count(*) <> max(tenant_sequence)""",
    "records whose number is not their last event's": """
        SELECT r.remote_id FROM record r
         WHERE r.sequence <> coalesce(
               (SELECT max(e.sequence) FROM event e
                 WHERE e.tenant_id = r.tenant_id AND e.entity_id = r.id), 0)""",
    "things with a gap in their numbers": """
        SELECT entity_id FROM event GROUP BY tenant_id, epoch, entity_id
        HAVING count(*) <> max(sequence)""",
    "events without a record": """
        SELECT e.event_id FROM event e
         WHERE NOT EXISTS (SELECT 1 FROM record r
                            WHERE r.tenant_id = e.tenant_id AND r.id = e.entity_id)""",
    "accepted deliveries without a notice": """
        SELECT id FROM delivery WHERE outcome = 'accepted' AND notice_count = 0""",
}


def fault(kind: str, **how: Any) -> dict[str, Any]:
    """A rule about calls to the books that strikes until it is cleared."""
    return {"kind": kind, "path": API, "times": None, **how}


async def strike(rig: Rig, *faults: dict[str, Any]) -> None:
    """Let these faults strike from now on."""
    await rig.watch.steer("faults", {"calls": list(faults)})


async def heal(rig: Rig) -> None:
    """Let nothing go wrong any more."""
    await rig.watch.steer("faults", {"clear": True})


def new_contact(tenant: Tenant, name: str) -> str:
    """Something happens in an organisation, of which a webhook tells; returns the contact's id."""
    made: Contact = tenant.create_contact(Name=f"{name} of {tenant.name}")
    return made.id


async def arrived(rig: Rig, remote_ids: Iterable[str]) -> bool:
    """Whether Kafka has acknowledged an event of every one of these things."""
    wanted = set(remote_ids)
    count: int = await rig.db.fetchval(_ARRIVED, sorted(wanted))
    return count == len(wanted)


async def taken_in(rig: Rig) -> bool:
    """Whether every webhook has been answered 200."""
    return not rig.simulator.simulation.courier.pending


async def played(rig: Rig, actions: int) -> bool:
    """Whether so many things have been done in the books since the simulator began."""
    return rig.simulator.player.done >= actions


async def answered(rig: Rig) -> dict[str, float]:
    """How the receiver has answered so far: deliveries by outcome."""
    [receiver] = rig.running("receiver")
    text = (await rig.watch.http.get(f"http://{LOOPBACK}:{receiver.port}/metrics")).text
    samples = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "ledgerwire_deliveries_total"
    ]
    return {each.labels["outcome"]: each.value for each in samples if each.value}


async def dead(rig: Rig) -> int:
    """How many notices are dead letters."""
    count: int = await rig.db.fetchval("SELECT count(*) FROM notice WHERE state = 'dead'")
    return count


async def state_of(rig: Rig, tenant_id: str) -> str:
    """An organisation's state."""
    state: str = await rig.db.fetchval("SELECT state FROM tenant WHERE id = $1", tenant_id)
    return state


async def nothing_is_torn(db: Database) -> None:
    """Assert that what is one transaction is there as a whole or not at all."""
    found = {what: [row[0] for row in await db.fetch(query)] for what, query in _TORN.items()}
    assert not any(found.values()), found
