"""What the relay would publish, made by hand: events and states of money on Kafka's topics.

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
from unified.topics import MAX_RECORD_BYTES, key

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
        "base_currency": "EUR",
        "provider_exchange_rate": "1",
        "total": total,
        "total_base": total,
        "amount_due": total if amount_due is None else amount_due,
        "amount_due_base": total if amount_due is None else amount_due,
        "amount_paid": "0.00",
        "amount_credited": "0.00",
        "payments": [],
        "credits": [],
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


def reference(resource: str, remote_id: str, *, tenant_id: str | None = None) -> dict[str, str]:
    """Return a reference to something of an organisation."""
    return {
        "id": record_id(tenant_id or tenant(1), resource, remote_id),
        "remote_id": remote_id,
    }


def settling(resource: str, number: int, amount: str, date: str = "2026-03-10") -> dict[str, Any]:
    """Return a payment or credit as the invoice that it settles lists it."""
    remote_id = remote(resource, number)
    kind = {} if resource == "payment" else {"resource": resource}
    ref = reference(resource, remote_id)
    return {"id": remote_id, "ref": ref, "date": date, "amount": amount, **kind}


def credit(  # a builder: every argument has a default
    number: int = 1,
    *,
    resource: str = "credit_note",
    tenant_id: str | None = None,
    contact: int = 1,
    type_: str = "receivable",
    status: str = "open",
    currency: str = "EUR",
    total: str = "100.00",
    remaining: str | None = None,
    invoices: Sequence[int] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return the unified record of a credit, in the parts that matter here."""
    tenant_id = tenant_id or tenant(1)
    remote_id = remote(resource, number)
    remaining = total if remaining is None else remaining
    return {
        **reference(resource, remote_id, tenant_id=tenant_id),
        "resource": resource,
        "tenant_id": tenant_id,
        "type": type_,
        "contact": {
            **reference("contact", remote("contact", contact), tenant_id=tenant_id),
            "name": f"Contact {contact}",
        },
        "status": status,
        "currency": currency,
        "base_currency": "EUR",
        "provider_exchange_rate": "1",
        "total": total,
        "remaining_credit": remaining,
        "remaining_credit_base": remaining,
        "allocations": [
            {"target": reference("invoice", remote("invoice", each), tenant_id=tenant_id)}
            for each in invoices
        ],
        "is_deleted": False,
        "deletion_kind": None,
        "updated_at": "2026-03-01T10:00:00.000Z",
        **more,
    }


def payment(
    number: int = 1,
    *,
    of: Mapping[str, Any],
    amount: str = "10.00",
    status: str = "completed",
    **more: Any,
) -> dict[str, Any]:
    """Return the unified record of a payment or refund of another record."""
    deleted = status == "deleted"
    return {
        **reference("payment", remote("payment", number), tenant_id=of["tenant_id"]),
        "resource": "payment",
        "tenant_id": of["tenant_id"],
        "kind": "payment" if of["resource"] == "invoice" else "refund",
        "applied_to": [
            {
                "resource": of["resource"],
                "ref": {"id": of["id"], "remote_id": of["remote_id"]},
                "amount": amount,
            }
        ],
        "date": "2026-03-10",
        "currency": of["currency"],
        "base_currency": "EUR",
        "provider_exchange_rate": of["provider_exchange_rate"],
        "amount": amount,
        "status": status,
        "is_deleted": deleted,
        "deletion_kind": "deleted" if deleted else None,
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
        return key(self.record["tenant_id"], self.record["resource"], self.record["id"])

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
                "entity": {"resource": self.record["resource"], "id": self.record["id"]},
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
    """Return the change of a thing that Xero no longer has: flagged event, tombstone."""
    flagged = {**record, "is_deleted": True, "deletion_kind": "missing"}
    return Moment(record, sequence, epoch, flagged, None)


def erased(record: Mapping[str, Any], sequence: int, *, epoch: int = EPOCH) -> Moment:
    """Return the change of a thing erased on request: null after, tombstone."""
    return Moment(record, sequence, epoch, None, None)


class Feed:
    """A producer that publishes moments as the relay does."""

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self._topics = crm_topics(broker.prefix)
        self._producer = AIOKafkaProducer(
            **broker.client_options(),
            acks="all",
            max_request_size=MAX_RECORD_BYTES,
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
            source = self._topics.of(moment_.record["resource"])
            await self._producer.send(
                source.state if is_state else source.events,
                key=moment_.key,
                value=state if is_state else moment_.event,
                headers=moment_.headers,
                partition=partition_of(moment_.record["tenant_id"], self._broker.partitions),
            )
