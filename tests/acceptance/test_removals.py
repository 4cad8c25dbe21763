"""Each way in which things leave, from the books at Xero to the topics on Kafka.

Which of them are believed, and when, is put to the test by random histories (tests/removals).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from handlers.absence import CONFIRM_AFTER
from ledgerwire.demo.judging import read_topics
from ledgerwire.demo.linking import link_all
from ledgerwire.erasing import erase
from simulator import items
from simulator.config import OpeningBooks, SimulatorConfig
from storage.audits import ask_for_audit, audits
from tests.acceptance.rig import QUICK, Rig, running
from unified.broker import BrokerSettings
from unified.ids import TenantId
from unified.resources import KINDS, resource
from unified.topics import (
    contact_status_topic,
    control_topic,
    events_topic,
    invoice_status_topic,
    state_topic,
)

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

AUDITED = ("Contacts", "Invoices", "Items")
BOOKS = OpeningBooks(contacts=8, invoices=6, bills=2, months=1)
NAMES = tuple(each.name for each in KINDS)
Event = Mapping[str, Any]


async def events(rig: Rig, tenant: str, *names: str) -> list[Event]:
    """What an organisation's event topics hold of these resources, or of all, in order."""
    topics = [events_topic(rig.here.broker.prefix, resource(name)) for name in names or NAMES]
    found = [msgspec.json.decode(each.value) for each in await read_topics(rig.here.broker, *topics)
             if isinstance(each.value, bytes)]  # fmt: skip
    mine = [each for each in found if each["tenant"]["id"] == tenant]
    return sorted(mine, key=lambda each: (each["epoch"], each["tenant_sequence"]))


async def latest(rig: Rig, *topics: str) -> dict[str, bytes | None]:
    """The newest value of each key; None is a tombstone."""
    found: dict[str, bytes | None] = {}
    for each in await read_topics(rig.here.broker, *topics):
        key = each.key.decode() if isinstance(each.key, bytes) else each.key
        assert each.value is None or isinstance(each.value, bytes)
        found[key] = each.value
    return found


async def removed(rig: Rig, tenant: str, name: str, remote_id: str) -> tuple[Event, bytes | None]:
    """The last event of a thing and what its state topic holds."""
    event = [e for e in await events(rig, tenant, name) if e["entity"]["remote_id"] == remote_id][
        -1
    ]
    states = await latest(rig, state_topic(rig.here.broker.prefix, resource(name)))
    return event, states[f"{tenant}:{name}:{event['entity']['id']}"]


async def audit(rig: Rig, tenant: TenantId) -> None:
    """Have every complete list compared now, and what it lacked looked for again."""
    for _ in range(2):
        async with rig.clock.hurrying(pace=rig.pace):  # their calls are paced
            await audit_once(rig, tenant)
        rig.clock.forward(seconds=CONFIRM_AFTER.total_seconds())
    await rig.quiet()


async def audit_once(rig: Rig, tenant: TenantId) -> None:
    """Have every complete list compared from now on."""
    asked_at, known = rig.clock.now(), await audits(rig.db, tenant)
    paths = [path for path in AUDITED if known[path].due_at is not None]
    await ask_for_audit(rig.db, tenant, paths, now=asked_at)

    async def done() -> bool:
        walked = [each for path, each in (await audits(rig.db, tenant)).items() if path in paths]
        return all(each.audited_at is not None and each.audited_at >= asked_at for each in walked)

    await rig.wait_for(done)


async def test_each_kind_of_removal_reaches_kafka(
    database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """By status, by merging, by deleting for good, by being listed no more: an event that says
    which, a record that is flagged or a tombstone; and everything else stays as it is."""
    config = SimulatorConfig(seed=3, tenants=1, opening=BOOKS, delivery=QUICK)
    async with running(database_url, embedded_broker_settings, config) as rig:
        [tenant] = rig.tenants
        books = rig.simulator.books.tenant(tenant)
        ledger = books.ledger
        fresh = [books.create_contact(Name=f"Nobody {number} Ltd") for number in range(3)]
        draft = books.create_invoice(
            {"Type": "ACCREC", "Contact": {"ContactID": fresh[0].id}, "Status": "DRAFT",
             "LineItems": [{"Description": "Work", "Quantity": "1", "UnitAmount": "10"}]}
        )  # fmt: skip
        item = items.create(ledger, {"Code": "GONE-1", "Name": "Soon gone"})
        await rig.sweep()
        before = await events(rig, tenant)
        assert {e["op"] for e in before if e["entity"]["remote_id"] == item.id} == {"c"}

        books.delete_draft(draft.id)
        books.merge_contacts(fresh[1].id, fresh[0].id)
        items.delete(ledger, item)
        ledger.contacts.drop(fresh[2].id)
        await rig.quiet()
        await audit(rig, TenantId(tenant))

        expected = {
            ("invoice", draft.id): ("deleted", "webhook"),
            ("contact", fresh[1].id): ("merged", "webhook"),
            ("item", item.id): ("missing", "reconcile"),
            ("contact", fresh[2].id): ("missing", "reconcile"),
        }
        for (name, remote_id), (kind, cause) in expected.items():
            event, state = await removed(rig, tenant, name, remote_id)
            assert (event["op"], event["deletion_kind"]) == ("d", kind), event
            assert event["cause"]["kind"] == cause
            assert event["after"]["is_deleted"]
            assert event["after"]["deletion_kind"] == kind
            assert (state is None) == (kind == "missing")
            if state is not None:
                assert msgspec.json.decode(state)["deletion_kind"] == kind
        gone = {e["entity"]["remote_id"] for e in await events(rig, tenant) if e["op"] == "d"}
        assert gone == {remote_id for _, remote_id in expected}
        assert (await removed(rig, tenant, "contact", fresh[1].id))[0]["after"]["merged_into"][
            "remote_id"
        ] == fresh[0].id


async def test_ended_link_removes_nothing_and_erasure_everything(
    database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """Disconnected at Xero: said once, and no record is gone, nor anything published of it.
    Erased on request: a tombstone for each record and payment status, without content."""
    config = SimulatorConfig(seed=4, tenants=2, opening=BOOKS, delivery=QUICK)
    async with running(database_url, embedded_broker_settings, config) as rig:
        left, erased = rig.tenants
        prefix = rig.here.broker.prefix
        before = {each["event_id"] for each in await events(rig, left)}

        rig.simulator.simulation.identity.disconnect(left)
        books = rig.simulator.books.tenant(left)
        books.create_contact(Name="While nobody looked Ltd")

        async def told() -> bool:
            unsent: int = await rig.db.fetchval(
                """SELECT (SELECT count(*) FROM announcement WHERE relayed_at IS NULL)
                        + (SELECT count(*) FROM tenant WHERE id = $1 AND state <> 'vanished')""",
                left,
            )
            return unsent == 0

        await rig.wait_for(told)
        control = [
            msgspec.json.decode(each.value)
            for each in await read_topics(rig.here.broker, control_topic(prefix))
            if isinstance(each.value, bytes) and each.key in (left, left.encode())
        ]
        assert control[-1]["state"] == "vanished"
        assert control[-1]["deletion_kind"] == "disconnected"
        assert {each["event_id"] for each in await events(rig, left)} == before

        [api] = rig.running("api")
        await link_all(api.url, [left, erased], external_id="acceptance")
        async with rig.clock.hurrying(pace=rig.pace):
            await rig.quiet()
        after = [e for e in await events(rig, left) if e["event_id"] not in before]
        assert "While nobody looked Ltd" in [(e["after"] or {}).get("name") for e in after]
        assert not [e for e in after if e["op"] == "d"]

        known = await rig.db.fetchval("SELECT count(*) FROM record WHERE tenant_id = $1", erased)
        await rig.until(erase(rig.here, erased, seen=lambda *_: None))
        await rig.quiet()
        said = [e for e in await events(rig, erased) if e.get("deletion_kind") == "erased"]
        assert len(said) == known
        assert {(e["op"], e["before"], e["after"]) for e in said} == {("d", None, None)}
        states = await latest(rig, *(state_topic(prefix, each) for each in KINDS))
        statuses = await latest(rig, invoice_status_topic(prefix), contact_status_topic(prefix))
        for found in (states, statuses):
            mine = [value for key, value in found.items() if key.startswith(erased)]
            assert mine
            assert set(mine) == {None}
        await rig.agrees()
