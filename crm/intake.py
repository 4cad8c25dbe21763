"""From Kafka records to rows: read a batch, take what is news, commit it in one transaction.

A record that cannot be read is skipped, counted and logged by its place; it never stops the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from aiokafka import ConsumerRecord

from crm import tables
from crm.kit import Change, Unreadable, each_once, read_event, read_state
from crm.payment_status import InvoiceState, invoice_state
from storage.database import Database

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counters:
    """What one process has done since it started.

    Attributes:
        taken: changes that were news; of several for one invoice in a batch, each counts.
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
    counters: Counters,
) -> list[InvoiceState]:
    """Return what each readable record says of its invoice, in the same order."""
    states = []
    for record in records:
        try:
            states.append(invoice_state(reader(record)))
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


@dataclass(frozen=True, slots=True)
class Passed:
    """How far a topic has been read: the next offset of some of its partitions."""

    topic: str
    offsets: Mapping[int, int]


async def take(
    db: Database, states: list[InvoiceState], counters: Counters, *, passed: Passed | None = None
) -> int:
    """Commit what is newer than the tables and mark it dirty; return how many changes that were.

    Of several changes of one invoice the last is kept: a status has no history. `passed` is
    committed with them.

    Raises:
        StorageError: nothing was taken.
    """
    news: list[InvoiceState] = []
    if not states and (passed is None or not passed.offsets):
        return 0
    async with db.transaction() as conn:
        if states:
            await tables.lock_tenants(conn, {state.tenant_id for state in states})
            known = await tables.known_versions(conn, sorted({state.key for state in states}))
            news = list(each_once(states, known))
        if news:
            await tables.store(conn, list({state.key: state for state in news}.values()))
        if passed is not None:
            await tables.store_offsets(conn, passed.topic, passed.offsets)
    counters.taken += len(news)
    counters.repeated += len(states) - len(news)
    return len(news)
