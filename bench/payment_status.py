"""Events a second that the payment-status consumer takes from Kafka: into its tables and out again
as acknowledged statuses, beside the bare reading of the same events.

The consumer (`ledgerwire run crm`), PostgreSQL (durable) and Kafka are processes of their own.
First the consumer makes its place on the empty topic and ends; then invoices are published, each
created and changed once, as the relay does: events and states in transactions of 500. Then the
consumer is started again. The clock runs from the first event in its tables until the last status
is acknowledged.

The baseline of the same run is a consumer that reads the same committed events, decodes their JSON
and forgets them. From the project's root:

    .venv/bin/python -m bench.payment_status --events 20000
"""

import argparse
import asyncio
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.normalize import CONTEXT, make_invoice
from bench.report import Row, options, write_result
from bench.stage import Stage, staged
from crm.progress import CrmProgress
from crm.topics import crm_topics
from ledgerwire.demo.stage import free_ports
from ledgerwire.up import end
from unified.envelope import build_event, event_headers, event_value, state_headers
from unified.ids import TenantId
from unified.partition import partition_of
from unified.resource import TenantContext
from unified.resources import resource
from unified.shape import Read
from unified.topics import key

INVOICE = resource("invoice")
TENANTS, CONTACTS = 20, 100  #: organisations; contacts of each
BATCH = 500
LOOK_EVERY_S = 0.05
AT = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)

_TAKEN = "SELECT coalesce(sum(sequence), 0)::bigint FROM crm_invoice"
_THROUGH = """
SELECT (SELECT coalesce(sum(sequence), 0) FROM crm_invoice) >= $1
   AND NOT EXISTS (SELECT 1 FROM crm_invoice WHERE dirty)
   AND NOT EXISTS (SELECT 1 FROM crm_contact WHERE dirty)
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One event and its state."""

    tenant_id: str
    key: bytes
    event: bytes
    state: bytes
    headers: list[tuple[str, bytes]]


def finished(raw: dict[str, Any], context: TenantContext, version: int) -> dict[str, Any]:
    """The whole record of an invoice."""
    record = INVOICE.normalize(raw, context, Read.PAGED).record
    return INVOICE.finish(
        record, first_seen_at=AT, changed_at=AT, verified_at=AT, version=version,
        content_hash=INVOICE.content_hash(record), deleted_at=None,
    )  # fmt: skip


def messages(invoices: int) -> Iterator[Message]:
    """Each invoice twice: as it is created, and with another amount due."""
    chance = random.Random(11)  # noqa: S311  # invented books
    tenants = [TenantId(str(uuid.UUID(int=chance.getrandbits(128), version=4))) for _ in
               range(TENANTS)]  # fmt: skip
    contacts = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(CONTACTS)]
    counts = dict.fromkeys(tenants, 0)
    waiting: list[tuple[TenantId, dict[str, Any]]] = []
    for number in range(invoices * 2):
        if number % (2 * BATCH) < BATCH and len(waiting) < invoices * 2 - number:
            tenant_id = chance.choice(tenants)
            before, raw = None, make_invoice(chance, contacts, contacts)
            waiting.append((tenant_id, raw))
        else:
            tenant_id, before = waiting.pop(0)
            raw = {**before, "AmountDue": 1.0, "Reference": "changed"}
        counts[tenant_id] += 1
        yield message(tenant_id, before, raw, counts[tenant_id])


def message(
    tenant_id: TenantId, before: dict[str, Any] | None, raw: dict[str, Any], number: int
) -> Message:
    """One change as the relay publishes it."""
    context = TenantContext(
        tenant_id=tenant_id, connection_id=CONTEXT.connection_id,
        base_currency=CONTEXT.base_currency, short_code=None, time_zone=CONTEXT.time_zone,
        business_date=CONTEXT.business_date,
    )  # fmt: skip
    known = None if before is None else finished(before, context, 1)
    after = finished(raw, context, 1 if known is None else 2)
    event = build_event(
        resource=INVOICE, tenant_id=tenant_id, tenant_name="Kauri Ltd",
        connection_id=context.connection_id, op="c" if known is None else "u", before=known,
        after=after, epoch=1, sequence=after["version"], tenant_sequence=number,
        cause={"kind": "poll", "detected_by": "sweep", "coalesced": 1}, received_at=None,
        detected_at=AT, fetched_at=AT, normalized_at=AT,
    )  # fmt: skip
    return Message(
        tenant_id,
        key(tenant_id, INVOICE.name, after["id"]),
        event_value(event),
        msgspec.json.encode(after),
        event_headers(event),
    )


async def publish(stage: Stage, invoices: int) -> int:
    """Publish all; returns how many events."""
    topics = crm_topics(stage.broker.prefix).of(INVOICE.name)
    producer = AIOKafkaProducer(
        transactional_id="bench", acks="all", linger_ms=5, **stage.broker.client_options()
    )
    await producer.start()
    count, all_messages = 0, messages(invoices)
    try:
        while batch := [each for _, each in zip(range(BATCH), all_messages, strict=False)]:
            async with producer.transaction():
                for each in batch:
                    where = partition_of(each.tenant_id, stage.broker.partitions)
                    await producer.send(
                        topics.events, key=each.key, value=each.event, partition=where,
                        headers=each.headers,
                    )  # fmt: skip
                    await producer.send(
                        topics.state, key=each.key, value=each.state, partition=where,
                        headers=state_headers(each.headers),
                    )  # fmt: skip
            count += len(batch)
    finally:
        await producer.stop()
    return count


async def read_bare(stage: Stage, events: int) -> float:
    """Read and decode all committed events; returns how many a second."""
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest",
        **stage.broker.client_options(),
    )  # fmt: skip
    await consumer.start()
    try:
        topic = crm_topics(stage.broker.prefix).of(INVOICE.name).events
        consumer.assign([TopicPartition(topic, n) for n in range(stage.broker.partitions)])
        began, read = time.perf_counter(), 0
        while read < events:
            fetched = await consumer.getmany(timeout_ms=200, max_records=BATCH)
            for batch in fetched.values():
                for record in batch:
                    msgspec.json.decode(record.value)
                read += len(batch)
        return read / (time.perf_counter() - began)
    finally:
        await consumer.stop()


async def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Make a place, publish, measure."""
    async with staged("--small", tenants=1, embedded=asked.embedded) as stage:
        [port] = free_ports(1)  # the same again: Kafka knows the consumer by it
        first = await stage.start("crm", name="place", port=port)
        async with CrmProgress(stage.db, stage.broker) as progress:
            while not await progress.is_idle():  # noqa: ASYNC110  # another program's state
                await asyncio.sleep(LOOK_EVERY_S)
        await end(first.process)
        del stage.processes["place"]
        events = await publish(stage, asked.events // 2)
        bare_per_s = await read_bare(stage, events)
        await stage.start("crm", port=port)
        used = stage.processor_s()
        while not (early := await stage.db.fetchval(_TAKEN)):  # noqa: ASYNC110  # as above
            await asyncio.sleep(LOOK_EVERY_S)
        began = time.perf_counter()
        # The sum of the versions grows by one with each event that is taken.
        await stage.until(_THROUGH, events // 2 * 2)
        took_s = time.perf_counter() - began
        used = {name: s - used.get(name, 0.0) for name, s in stage.processor_s().items()}
        return {
            "kafka": stage.kafka,
            "events": events,
            "per_s": round((events - early) / took_s),
            "bare_per_s": round(bare_per_s),
            "processor_ms_per_event": {
                name: round(seconds * 1000 / events, 3) for name, seconds in used.items()
            },
        }


def row(found: dict[str, Any]) -> Row:
    """The table's line."""
    return Row(
        what="payment status: events into its tables, statuses acknowledged",
        figure=f"{found['per_s']:,} events/s",
        ratio=round(found["per_s"] / found["bare_per_s"], 3),
        baseline=f"reading and decoding the same events alone, {found['bare_per_s']:,}/s",
        aim="measured",
        reached=True,
    )


def main() -> None:
    """Measure once: a backlog of this length is its own average."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--embedded", action="store_true", help="the embedded broker in any case")
    asked = parser.parse_args()
    if asked.quick:
        asked.events = 4_000
    found = uvloop.run(run(asked))
    write_result("payment_status", [row(found)], asked=asked, details=found)


if __name__ == "__main__":
    main()
