"""What a flood costs in calls, and how soon a change is on Kafka: under one and the same settings.

Both tests run with Xero's limits on and the budget as it is in production. Nothing here asserts a
time; the figures stand at the end of the run.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator

import pytest

from ledgerwire.demo.figures import measure
from simulator.business import Business
from simulator.config import DeliveryPolicy, OpeningBooks, SimulatorConfig
from simulator.drafting import Drafter
from tests.acceptance.rig import ALL_ROLES, Rig, installed
from tests.figures import Figure
from unified.broker import BrokerSettings

pytestmark = pytest.mark.acceptance

INVOICES = 400
EVENTS = 1_000
FLOOD_S = 3.0
MOST_CALLS = 12
CHANGES = 40
TENANTS = 4
RATE = 3.0  #: changes a second, of all organisations together

SETTINGS = SimulatorConfig(
    seed="flood",
    tenants=TENANTS,
    opening=OpeningBooks(contacts=10, invoices=0, bills=0, months=3),
    delivery=DeliveryPolicy(),
)
"""Xero as it is: limits, packing of payloads, spacing of deliveries."""


@pytest.fixture
async def rig(database_url: str, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Rig]:
    """Organisations linked, backfilled and rested, the first with 400 approved invoices."""
    async with installed(database_url, embedded_broker_settings, SETTINGS) as made:
        tenant = next(iter(made.simulator.books))
        drafter = Drafter(tenant.ledger, random.Random("books"))  # noqa: S311  # play
        contacts = [contact.id for contact in tenant.ledger.contacts]
        for number in range(INVOICES):
            contact = contacts[number % len(contacts)]
            document = drafter.document(
                "ACCREC", contact, tenant.ledger.today(), status="AUTHORISED"
            )
            tenant.create_invoice(document)
        for roles in ALL_ROLES:
            await made.start(*roles)
        await made.link()
        made.clock.forward(minutes=2)  # first sweeps are over, and the bucket of calls is full
        await made.quiet()
        made.clock.forward(seconds=30)
        yield made


async def test_flood_of_one_organisation_costs_few_calls(rig: Rig, figure: Figure) -> None:
    """1,000 webhook events for 400 invoices within 3 s: at most 12 calls, and all end right."""
    tenant = next(iter(rig.simulator.books))
    invoices = [invoice.id for invoice in tenant.ledger.invoices]
    rng = random.Random("flood")  # noqa: S311  # play
    targets = [*invoices, *rng.choices(invoices, k=EVENTS - len(invoices))]
    rng.shuffle(targets)
    calls_before = rig.simulator.simulation.used(tenant.id).calls
    events_before = rig.simulator.simulation.courier.counts.events

    began = time.monotonic()
    for number, invoice_id in enumerate(targets):
        tenant.update_invoice(invoice_id, Reference=f"Flood {number}")
        due = began + FLOOD_S * 0.9 * number / len(targets)
        await asyncio.sleep(max(due - time.monotonic(), 0.0))
    arrived_s = await _delivered(rig) - began
    await rig.quiet()

    calls = rig.simulator.simulation.used(tenant.id).calls - calls_before
    sent = rig.simulator.simulation.courier.counts.events - events_before
    latency = await measure(rig.db)
    figure(
        f"flood: {sent} webhook events for {len(invoices)} invoices in {arrived_s:.1f} s "
        f"cost {calls} calls; webhook to Kafka p50 {latency.p50_ms} ms, p99 {latency.p99_ms} ms"
    )
    assert sent == EVENTS
    assert len(invoices) == INVOICES
    assert calls <= MOST_CALLS
    judged = await rig.agrees()
    assert judged.verdict.counts["things"] >= INVOICES


async def test_modest_rate_is_on_kafka_soon(rig: Rig, figure: Figure) -> None:
    """Each delivered change becomes an event with the webhook as its cause; none is lost."""
    business = Business(rig.simulator.books, random.Random("latency"))  # noqa: S311  # play
    rng = random.Random("pace")  # noqa: S311  # play
    before = await rig.db.fetchval("SELECT count(*) FROM event")
    sent_before = rig.simulator.simulation.courier.counts.events

    for _ in range(CHANGES):
        assert business.act()
        await asyncio.sleep(rng.expovariate(RATE))
    await rig.quiet()

    found = await measure(rig.db)
    counts = rig.simulator.simulation.courier.counts
    events = await rig.db.fetchval("SELECT count(*) FROM event") - before
    figure(
        f"latency, {TENANTS} organisations, {RATE:g} changes a second: "
        f"{counts.events_acknowledged} webhook events became {events} changes, receipt to Kafka's "
        f"acknowledgement p50 {found.p50_ms} ms, p99 {found.p99_ms} ms"
    )
    assert counts.events - sent_before == counts.events_acknowledged
    assert found.webhook_changes > 0
    await rig.agrees()


async def _delivered(rig: Rig) -> float:
    async def idle() -> bool:
        return not rig.simulator.simulation.courier.pending

    await rig.wait_for(idle)
    return time.monotonic()
