"""From Kafka records to rows: read a batch, take what is news, commit it in one transaction.

A record that cannot be read is skipped, counted and logged by its place; it never stops the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from crm import tables
from crm.kit import Change, Unreadable, each_once, read_event, read_state
from crm.states import State
from crm.topics import CrmTopics
from storage.database import Database

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counters:
    """What one process has done since it started.

    Attributes:
        taken: changes that were news; of several for one thing in a batch, each counts.
        repeated: changes known already.
        unreadable: records skipped; the log says where they stand.
        sent: statuses Kafka acknowledged.
    """

    taken: int = 0
    repeated: int = 0
    unreadable: int = 0
    sent: int = 0


def from_events(record: ConsumerRecord) -> Change:
    """Read a record of the events topic."""
    return read_event(record.key, record.value)


def from_state(record: ConsumerRecord) -> Change:
    """Read a record of the state topic."""
    return read_state(record.key, record.value, record.headers)


def read_states(
    records: Iterable[ConsumerRecord],
    reader: Callable[[ConsumerRecord], Change],
    topics: CrmTopics,
    counters: Counters,
) -> list[State]:
    """Return what each readable record says of its thing, in the same order."""
    states = []
    for record in records:
        try:
            states.append(topics.source_of(record.topic).keep(reader(record)))
        except Unreadable as error:
            counters.unreadable += 1
            log.error(  # noqa: TRY400  # a traceback would add nothing but frames
                "record_unreadable",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=str(error),
            )
    return states


async def take(
    db: Database,
    states: list[State],
    counters: Counters,
    *,
    passed: Mapping[TopicPartition, int] | None = None,
) -> int:
    """Commit what is newer than the tables and mark what it touches; return how many changes
    that were.

    Of several changes of one thing the last is kept: a status has no history. `passed` says how
    far topics have been read, by the next offset, and is committed with them.

    Raises:
        StorageError: nothing was taken.
    """
    news: list[State] = []
    if not states and not passed:
        return 0
    async with db.transaction() as conn:
        if states:
            await tables.lock_tenants(conn, {state.tenant_id for state in states})
            known = await tables.known_versions(conn, {state.key for state in states})
            news = list(each_once(states, known))
        if news:
            await tables.store(conn, list({state.key: state for state in news}.values()))
        if passed:
            await tables.store_offsets(conn, passed)
    counters.taken += len(news)
    counters.repeated += len(states) - len(news)
    return len(news)
