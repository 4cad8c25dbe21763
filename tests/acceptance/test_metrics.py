"""What an operator watches moves when something happens, and names no organisation."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.faults import fault, heal, new_contact, strike
from tests.acceptance.rig import LOOPBACK, Rig, running
from unified.broker import BrokerSettings

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

WORKING = (
    "ledgerwire_deliveries_total",
    "ledgerwire_absorbed_total",
    "ledgerwire_events_relayed_total",
    "ledgerwire_webhook_to_kafka_seconds_count",
    "ledgerwire_crm_rounds_total",
    "ledgerwire_crm_changes_total",
    "ledgerwire_crm_statuses_published_total",
    "ledgerwire_event_loop_lag_seconds_count",
)
WAITING = (
    "ledgerwire_notices_due",
    "ledgerwire_oldest_notice_seconds",
    "ledgerwire_events_unrelayed",
    "ledgerwire_oldest_unrelayed_seconds",
    "ledgerwire_dead_letters",
    "ledgerwire_crm_events_behind",
    "ledgerwire_crm_statuses_waiting",
    "ledgerwire_relay_stalled_seconds",
)


async def figures(rig: Rig) -> dict[str, float]:
    """Every sample of every program by name, summed up over labels and programs."""
    found: dict[str, float] = {}
    for text in await texts(rig):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def texts(rig: Rig) -> list[str]:
    """What each program shows."""
    urls = [f"http://{LOOPBACK}:{program.port}/metrics" for program in rig.programs]
    return [(await rig.watch.http.get(url)).text for url in urls]


async def test_metrics_move_with_what_happens(
    database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """With work, while Xero fails, and back at rest; an outage is told of before anybody asks."""
    async with running(database_url, embedded_broker_settings) as rig:
        before = await figures(rig)
        rig.simulator.player.act(30)
        await rig.quiet()
        worked = await figures(rig)

        await strike(rig, fault("status", status=503))
        tenant = next(iter(rig.simulator.books))
        new_contact(tenant, "Nobody sees it")

        async def told() -> bool:
            now = await figures(rig)
            failed = "ledgerwire_failed_reads_total"
            return now.get(failed, 0.0) > worked.get(failed, 0.0)

        await rig.wait_for(told)
        await heal(rig)
        async with rig.clock.hurrying():
            await rig.quiet()
        after: dict[str, float] = {}

        async def rests() -> bool:
            # Sweeps come due all the time, and what they find is on its way for a moment.
            after.update(await figures(rig))
            return not any(after[name] for name in WAITING)

        await rig.wait_for(rests)
        shown = "".join(await texts(rig))

    assert [name for name in WORKING if not worked[name] > before.get(name, 0.0)] == []
    assert after["ledgerwire_tenants"] == len(rig.tenants) * len(rig.programs)
    assert not any(tenant_id in shown for tenant_id in rig.tenants)
