"""Everything the handlers do, in one process: worker, relays and caretakers, until told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog
from aiokafka.errors import KafkaError

from handlers.caretakers import duties, keep
from handlers.gaps import GapSettings
from handlers.janitor import Retention
from handlers.metrics import HandlerMetrics
from handlers.producer import MakeProducer, kafka_producer
from handlers.relays import Relays
from handlers.waiting import until
from handlers.webhook_watch import WatchSettings
from handlers.worker import Worker, WorkerSettings
from handlers.workshop import Workshop
from unified.broker import BrokerSettings

log = structlog.get_logger(__name__)

TOPICS = "topics"  #: what stands in the relays' way before there is one of them

MakeTopics = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlersSettings:
    """How one handlers process behaves."""

    owner: str  #: holder of its leases; unique per process
    tenants_at_once: int = 64
    retention: Retention = field(default_factory=Retention)
    gaps: GapSettings = field(default_factory=GapSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)


async def run_handlers(
    shop: Workshop,
    broker: BrokerSettings,
    settings: HandlersSettings,
    stop: asyncio.Event,
    *,
    make_topics: MakeTopics,
    make_producer: MakeProducer = kafka_producer,
) -> None:
    """Run until `stop` is set and everything under way has been finished or given back.

    `make_topics` makes what is missing of our topics; it raises KafkaError while Kafka is away.
    `make_producer` makes the relays' producers.

    Kafka being away only lets unrelayed events grow; the database being away makes everything
    wait. Whatever else goes wrong ends the process, so that somebody sees it.
    """
    worker = Worker(shop, WorkerSettings(settings.owner, settings.tenants_at_once))
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(stop))
        relays = Relays(
            shop.db, broker, shop.clock, shop.metrics, settings.owner, make_producer=make_producer
        )
        group.create_task(_relay(relays, shop.metrics, stop, make_topics))
        watch = replace(settings.watch, listening=shop.webhooks)
        for duty in duties(
            shop.db, shop.clock, retention=settings.retention, gaps=settings.gaps, webhooks=watch
        ):
            group.create_task(keep(shop.db, duty, settings.owner, stop))


async def _relay(
    relays: Relays, metrics: HandlerMetrics, stop: asyncio.Event, make_topics: MakeTopics
) -> None:
    """Make the topics, waiting for Kafka if need be, then relay."""
    wait_s, health = 0.5, metrics.health
    while not stop.is_set():
        health.relay_tries(TOPICS)
        try:
            await make_topics()
            health.relay_rests(TOPICS)
            break
        except (KafkaError, OSError) as error:
            health.relay_failed(TOPICS, error)
            metrics.relay_failures.labels(error=type(error).__name__).inc()
            log.warning("topics_not_made", error=type(error).__name__, wait_s=wait_s)
            await until(stop, wait_s)
            wait_s = min(wait_s * 2, 10.0)
    if not stop.is_set():
        await relays.run(stop)
