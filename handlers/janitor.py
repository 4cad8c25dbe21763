"""The janitor: drops what has outlived its time. The relay's outbox is emptied here and nowhere
else, and only of what Kafka has acknowledged."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from storage.database import Database
from storage.pruning import Pruned, prune

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in real time."""

    events: timedelta = timedelta(days=30)
    deliveries: timedelta = timedelta(days=31)  #: Xero replays what is up to 31 days old


async def tidy(db: Database, retention: Retention) -> Pruned:
    """Drop what is older than its retention."""
    pruned = await prune(db, events=retention.events, deliveries=retention.deliveries)
    log.info("tidied", deliveries=pruned.deliveries, events=pruned.events, acts=pruned.acts)
    return pruned
