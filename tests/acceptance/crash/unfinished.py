"""What the installation has in hand at a moment, asked from outside of its programs."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer

from crm.closing import close_client
from crm.snapshot import all_partitions
from storage.database import Database
from unified.broker import BrokerSettings
from unified.resources import KINDS
from unified.topics import events_topic


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Work that a crash could lose."""

    notices: int  #: hints whose thing has not been read
    unrelayed: int  #: events that Kafka has not acknowledged, as far as the tables know

    def __bool__(self) -> bool:
        return self.notices > 0 or self.unrelayed > 0


async def unfinished(db: Database) -> Unfinished:
    """Count it."""
    row = await db.fetchrow(
        """SELECT (SELECT count(*) FROM notice WHERE state = 'due') AS notices,
                  (SELECT count(*) FROM event WHERE relayed_at IS NULL) AS unrelayed"""
    )
    assert row is not None
    return Unfinished(row["notices"], row["unrelayed"])


async def kept(db: Database, digests: Iterable[bytes]) -> set[bytes]:
    """Those of these deliveries that are on disk."""
    rows = await db.fetch(
        "SELECT DISTINCT body_digest FROM delivery WHERE body_digest = ANY($1::bytea[])",
        list(digests),
    )
    return {bytes(row["body_digest"]) for row in rows}


async def refreshing(db: Database) -> bool:
    """Whether some token set is claimed for a refresh that has come to no end."""
    claimed: bool = await db.fetchval(
        """SELECT EXISTS (SELECT 1 FROM "authorization" WHERE refresh_claim IS NOT NULL)"""
    )
    return claimed


async def let_leases_end(db: Database, pid: int) -> None:
    """What a killed process held becomes free, as after the leases' own seconds."""
    held_by = f"%:{pid}"
    await db.execute(
        """UPDATE tenant SET lease_until = clock_timestamp() - interval '1 second'
            WHERE lease_owner LIKE $1""",
        held_by,
    )
    await db.execute("UPDATE lease SET until = '-infinity' WHERE owner LIKE $1", held_by)
    await db.execute(
        """UPDATE "authorization" SET refresh_claimed_until = clock_timestamp()
            WHERE refresh_claim IS NOT NULL"""
    )


class OpenTransactions:
    """Whether the event topics hold records of Kafka transactions that have not ended."""

    def __init__(self, broker: BrokerSettings) -> None:
        topics = [events_topic(broker.prefix, resource) for resource in KINDS]
        self._broker = broker
        self._partitions = all_partitions(broker.partitions, *topics)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stable = await self._consumer("read_committed")
        self._all = await self._consumer("read_uncommitted")
        return self

    async def _consumer(self, level: str) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._broker.client_options(), isolation_level=level, enable_auto_commit=False
        )
        self._open.push_async_callback(close_client, consumer)
        await consumer.start()
        return consumer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    async def any(self) -> bool:
        """Whether a partition ends behind its last stable offset."""
        stable = await self._stable.end_offsets(self._partitions)
        ends = await self._all.end_offsets(self._partitions)
        return any(stable[tp] < ends[tp] for tp in self._partitions)
