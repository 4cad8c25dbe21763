"""Mistakes planted into a whole installation that agrees: the judge names each of them."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from ledgerwire.demo.judging import read_topics
from oracle.inputs import KafkaRecord
from simulator.config import OpeningBooks, SimulatorConfig
from tests.acceptance.rig import QUICK, Rig, running
from unified.broker import BrokerSettings
from unified.resources import resource
from unified.topics import events_topic, invoice_status_topic, state_topic

INVOICE = resource("invoice")

Found = set[tuple[str, str]]  # kinds of difference and the field
Plant = Callable[[Rig, str], Awaitable[None]]


async def amount_in_the_mirror(rig: Rig, remote_id: str) -> None:
    """The mirror says another total than the books."""
    await rig.db.execute(
        """UPDATE record SET unified = jsonb_set(unified::jsonb, '{total}', '"12345.67"')::json
            WHERE remote_id = $1""",
        remote_id,
    )


async def invoice_gone_from_the_mirror(rig: Rig, remote_id: str) -> None:
    """The mirror has forgotten an invoice."""
    await rig.db.execute("DELETE FROM record WHERE remote_id = $1", remote_id)


async def amount_on_the_state_topic(rig: Rig, remote_id: str) -> None:
    """The state topic says another total than the mirror."""
    state = await _newest(rig, state_topic(rig.here.broker.prefix, INVOICE), remote_id)
    value = {**msgspec.json.decode(_bytes(state)), "total": "12345.67"}
    await _publish(rig, state, value)


async def tombstone_on_the_state_topic(rig: Rig, remote_id: str) -> None:
    """The state topic says that an invoice is gone."""
    state = await _newest(rig, state_topic(rig.here.broker.prefix, INVOICE), remote_id)
    await _publish(rig, state, None)


async def extra_event(rig: Rig, remote_id: str) -> None:
    """An event tells of a change that never was."""
    last = await _newest(rig, events_topic(rig.here.broker.prefix, INVOICE), remote_id)
    value = msgspec.json.decode(_bytes(last))
    value |= {"sequence": value["sequence"] + 1, "op": "u", "before": value["after"]}
    await _publish(rig, last, value)


async def amount_of_a_payment_status(rig: Rig, remote_id: str) -> None:
    """A CRM is told another total than the books say."""
    status = await _newest(rig, invoice_status_topic(rig.here.broker.prefix), remote_id)
    value = {**msgspec.json.decode(_bytes(status)), "total": "12345.67"}
    await _publish(rig, status, value)


async def unnoticed_change_in_the_books(rig: Rig, remote_id: str) -> None:
    """The books change and nobody is told."""
    rig.simulator.books.muted = True
    next(iter(rig.simulator.books)).void(remote_id)


PLANTS: tuple[tuple[Plant, Found], ...] = (
    (amount_in_the_mirror, {("wrong_value", "total"), ("wrong_state", "total")}),
    (invoice_gone_from_the_mirror, {("missing_in_mirror", ""), ("extra_on_state", "")}),
    (amount_on_the_state_topic, {("wrong_state", "total")}),
    (tombstone_on_the_state_topic, {("wrong_tombstone", "")}),
    (extra_event, {("sequence_beyond_mirror", "sequence"), ("no_difference", "")}),
    (amount_of_a_payment_status, {("crm_wrong_value", "total")}),
    (unnoticed_change_in_the_books, {("wrong_value", "status")}),
)


@pytest.mark.acceptance
async def test_each_planted_difference_is_named(
    database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """One after the other, each at an invoice of its own: found there, by its name."""
    books = OpeningBooks(contacts=5, invoices=50, bills=0, months=2)
    config = SimulatorConfig(tenants=1, opening=books, delivery=QUICK)
    async with running(database_url, embedded_broker_settings, config) as rig:
        await rig.agrees()
        [tenant] = rig.simulator.books
        invoices = [
            invoice.id
            for invoice in tenant.ledger.invoices
            if invoice.status == "AUTHORISED" and not invoice.payments
        ]
        # Nobody heals while we plant: what stands now is what is judged.
        for program in (*rig.running("handlers"), *rig.running("crm")):
            await rig.end(program)
        told: set[tuple[str | None, str, str]] = set()
        for plant, expected in PLANTS:
            remote_id = invoices.pop()
            await plant(rig, remote_id)
            judged = await rig.judge()

            new = {(d.remote_id, d.kind, d.field) for d in judged.differences} - told
            told |= new
            found = {(kind, field) for where, kind, field in new if where == remote_id}
            assert expected <= found, plant.__name__


async def _newest(rig: Rig, topic: str, remote_id: str) -> KafkaRecord:
    entity_id = await rig.db.fetchval("SELECT id FROM record WHERE remote_id = $1", remote_id)
    records = await read_topics(rig.here.broker, topic)
    return [each for each in records if _bytes_of(each.key).endswith(entity_id.encode())][-1]


async def _publish(rig: Rig, like: KafkaRecord, value: object) -> None:
    """Publish a record in the place and with the headers of another."""
    producer = AIOKafkaProducer(**rig.here.broker.client_options())
    await producer.start()
    try:
        await producer.send_and_wait(
            like.topic,
            key=_bytes_of(like.key),
            value=None if value is None else msgspec.json.encode(value),
            partition=like.partition,
            headers=[(name, _bytes_of(text)) for name, text in like.headers],
        )
    finally:
        await producer.stop()


def _bytes(record: KafkaRecord) -> bytes:
    assert isinstance(record.value, bytes)
    return record.value


def _bytes_of(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
