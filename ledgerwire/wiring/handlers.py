"""The handlers as a role: from notices to events, and from events to Kafka."""

import asyncio
from datetime import timedelta

from prometheus_client import CollectorRegistry

from crm.topics import ensure_topics
from handlers.janitor import Retention
from handlers.metrics import DriftMetrics, HandlerMetrics
from handlers.reading import Reader
from handlers.schedule import SweepShare
from handlers.server import HandlersSettings, run_handlers
from handlers.workshop import Workshop
from ledgerwire.installation import Installation
from ledgerwire.wiring.role import Role
from ledgerwire.wiring.xero import XeroSide
from storage.notices import newest_notice_version
from unified.topics import all_topics
from xero.tiers import tier_named


def handlers_role(
    here: Installation,
    registry: CollectorRegistry,
    *,
    xero: XeroSide,
    owner: str,
    drift: DriftMetrics,
) -> Role:
    """Worker, relays and caretakers; `owner` names the holder of their leases."""
    metrics = HandlerMetrics(registry, drift=drift)
    db, broker = here.db, here.broker

    async def newest_notice() -> int:
        return await newest_notice_version(db)

    async def make_topics() -> None:
        await ensure_topics(broker, all_topics(broker.prefix))

    shop = Workshop(
        db=db,
        reader=Reader(
            client=xero.client,
            metrics=metrics,
            newest_notice=newest_notice,
            store_raw=here.settings.store_raw,
            event_raw=here.settings.event_raw,
        ),
        budget=xero.budget,
        clock=here.clock,
        metrics=metrics,
        share=SweepShare.of_day(tier_named(here.settings.xero_tier).calls_a_day),
        webhooks=bool(here.settings.xero_webhook_keys),
    )
    retention = Retention(events=timedelta(days=here.settings.event_days))
    settings = HandlersSettings(owner=owner, retention=retention)

    async def work(stop: asyncio.Event) -> None:
        await run_handlers(shop, broker, settings, stop, make_topics=make_topics)

    return Role(
        checks={"worker": metrics.health.worker_trouble, "relay": metrics.health.relay_trouble},
        loops=(work,),
    )
