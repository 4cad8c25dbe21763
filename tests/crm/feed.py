"""What the relay would publish, made by hand: invoice events and states on Kafka's topics.

Transactional as the relay is, with one `transactional.id` per feed. Not a mirror: whoever writes
a test decides every version.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

from aiokafka import AIOKafkaProducer

from crm.topics import crm_topics, ensure_crm_topics
from unified.broker import BrokerSettings
from unified.ids import record_id
from unified.partition import partition_of
from unified.topics import key

EPOCH = 1_700_000_000_000_000


def tenant(number: int) -> str:
    """Return the id of a made-up organisation."""
    return str(uuid5(NAMESPACE_URL, f"tenant/{number}"))


def remote(kind: str, number: int) -> str:
    """Return a made-up Xero id."""
    return str(uuid5(NAMESPACE_URL, f"{kind}/{number}"))


def invoice(  # a builder: every argument has a default
    number: int = 1,
    *,
    tenant_id: str | None = None,
    contact: int = 1,
    status: str = "open",
    payment_status: str = "unpaid",
    timing: str = "not_due",
    total: str = "100.00",
    amount_due: str | None = None,
    currency: str = "EUR",
    type_: str = "invoice",
    due_date: str | None = "2026-03-31",
    **more: Any,
) -> dict[str, Any]:
    """Return a unified invoice record, in the parts that matter here."""
    tenant_id = tenant_id or tenant(1)
    invoice_id, contact_id = remote("invoice", number), remote("contact", contact)
    return {
        "id": record_id(tenant_id, "invoice", invoice_id),
        "remote_id": invoice_id,
        "resource": "invoice",
        "tenant_id": tenant_id,
        "type": type_,
        "number": f"INV-{number:04}",
        "contact": {
            "id": record_id(tenant_id, "contact", contact_id),
            "remote_id": contact_id,
            "name": f"Contact {contact}",
        },
        "currency": currency,
        "total": total,
        "amount_due": total if amount_due is None else amount_due,
        "status": status,
        "payment_status": payment_status,
        "timing": timing,
        "due_date": due_date,
        "paid_on": None,
        "is_deleted": False,
        "deletion_kind": None,
        "updated_at": "2026-03-01T10:00:00.000Z",
        **more,
    }


@dataclass(frozen=True)
class Moment:
    """One published change.

    Attributes:
        record: the record after the change.
        after: what the event says of it; None when erased.
        state: what the state topic gets; None for a tombstone.
    """

    record: Mapping[str, Any]
    sequence: int
    epoch: int
    after: Mapping[str, Any] | None
    state: Mapping[str, Any] | None

    @property
    def key(self) -> bytes:
        """The key on both topics."""
        return key(self.record["tenant_id"], "invoice", self.record["id"])

    @property
    def event(self) -> bytes:
        """The event's value."""
        after = None if self.after is None else {**self.after, "version": self.sequence}
        return json.dumps(
            {
                "schema_version": "1.0.0",
                "op": "u" if after else "d",
                "facts": ["invoice.something_new"],
                "tenant": {"id": self.record["tenant_id"]},
                "entity": {"resource": "invoice", "id": self.record["id"]},
                "sequence": self.sequence,
                "epoch": self.epoch,
                "before": None,
                "after": after,
                "a_field_of_a_later_day": {"x": 1},
            }
        ).encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers that matter here."""
        return [("ce_entityseq", f"{self.epoch:020}.{self.sequence:020}".encode())]


def moment(record: Mapping[str, Any], sequence: int = 1, *, epoch: int = EPOCH) -> Moment:
    """Return a change to `record`."""
    return Moment(record, sequence, epoch, record, record)


def missing(record: Mapping[str, Any], sequence: int, *, epoch: int = EPOCH) -> Moment:
    """Return the change of an invoice that Xero no longer has: flagged event, tombstone."""
    flagged = {**record, "is_deleted": True, "deletion_kind": "missing"}
    return Moment(record, sequence, epoch, flagged, None)


def erased(record: Mapping[str, Any], sequence: int, *, epoch: int = EPOCH) -> Moment:
    """Return the change of an invoice erased on request: null after, tombstone."""
    return Moment(record, sequence, epoch, None, None)


class Feed:
    """A producer that publishes moments as the relay does."""

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self._topics = crm_topics(broker.prefix)
        self._producer = AIOKafkaProducer(
            **broker.client_options(),
            acks="all",
            transactional_id=f"{broker.prefix}.feed",
        )

    async def __aenter__(self) -> Self:
        await ensure_crm_topics(self._broker)
        await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._producer.stop()

    async def publish(self, *moments: Moment) -> None:
        """Publish events and states in one transaction."""
        await self._send([(m, topic) for m in moments for topic in (False, True)])

    async def publish_events(self, *moments: Moment) -> None:
        """Publish events without their states."""
        await self._send([(m, False) for m in moments])

    async def publish_states(self, *moments: Moment) -> None:
        """Publish states without their events, as when the events' retention is over."""
        await self._send([(m, True) for m in moments])

    async def publish_and_abort(self, *moments: Moment) -> None:
        """Publish events in a transaction that is then aborted."""
        await self._producer.begin_transaction()
        await self._enqueue([(m, False) for m in moments])
        await self._producer.flush()
        await self._producer.abort_transaction()

    async def publish_raw(self, topic: str, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Publish anything at all to partition 0."""
        async with self._producer.transaction():
            for raw_key, value in records:
                await self._producer.send(topic, key=raw_key, value=value, partition=0)

    async def _send(self, sendings: Iterable[tuple[Moment, bool]]) -> None:
        async with self._producer.transaction():
            await self._enqueue(sendings)

    async def _enqueue(self, sendings: Iterable[tuple[Moment, bool]]) -> None:
        for moment_, is_state in sendings:
            state = None if moment_.state is None else json.dumps(moment_.state).encode()
            await self._producer.send(
                self._topics.state if is_state else self._topics.events,
                key=moment_.key,
                value=state if is_state else moment_.event,
                headers=moment_.headers,
                partition=partition_of(moment_.record["tenant_id"], self._broker.partitions),
            )
