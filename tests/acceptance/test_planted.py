"""Mistakes planted into a whole installation that agrees: the judge names each of them."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from ledgerwire.demo.judging import read_topics
from oracle.inputs import KafkaRecord
from simulator.books import Tenant
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.model import CreditKind
from tests.acceptance.rig import QUICK, Rig, running
from unified.broker import BrokerSettings
from unified.resources import resource
from unified.topics import (
    contact_status_topic,
    events_topic,
    invoice_status_topic,
    state_topic,
)

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


async def gain_of_a_payment_status(rig: Rig, remote_id: str) -> None:
    """A CRM is told of a gain that nobody made."""
    status = await _newest(rig, invoice_status_topic(rig.here.broker.prefix), remote_id)
    value = msgspec.json.decode(_bytes(status))
    await _publish(rig, status, {**value, "base": {**value["base"], "realised_gain": "1.00"}})


async def total_of_a_contact(rig: Rig, remote_id: str) -> None:
    """A CRM is told that a contact owes another sum in base currency."""
    status = await _newest(rig, contact_status_topic(rig.here.broker.prefix), remote_id)
    value = msgspec.json.decode(_bytes(status))
    totals = [{**total, "open": "12345.67"} for total in value["base_totals"]]
    await _publish(rig, status, {**value, "base_totals": totals})


async def worth_of_a_payment(rig: Rig, remote_id: str) -> None:
    """The mirror says that a payment brought another sum in base currency."""
    await rig.db.execute(
        """UPDATE record
              SET unified = jsonb_set(unified::jsonb, '{amount_base}', '"12345.67"')::json
            WHERE remote_id = $1""",
        remote_id,
    )


async def payment_taken_back_unnoticed(rig: Rig, remote_id: str) -> None:
    """A payment is deleted in the books and nobody is told."""
    rig.simulator.books.muted = True
    next(iter(rig.simulator.books)).delete_payment(remote_id)


async def credit_that_is_left(rig: Rig, remote_id: str) -> None:
    """The state topic says that more is left of a credit note than the mirror."""
    state = await _newest(
        rig, state_topic(rig.here.broker.prefix, resource("credit_note")), remote_id
    )
    value = {**msgspec.json.decode(_bytes(state)), "remaining_credit": "12345.67"}
    await _publish(rig, state, value)


async def credit_applied_unnoticed(rig: Rig, remote_id: str) -> None:
    """What was left of a credit note is refunded in the books and nobody is told."""
    rig.simulator.books.muted = True
    next(iter(rig.simulator.books)).refund(remote_id)


PLANTS: tuple[tuple[Plant, str, Found], ...] = (
    (amount_in_the_mirror, "invoice", {("wrong_value", "total"), ("wrong_state", "total")}),
    (invoice_gone_from_the_mirror, "invoice", {("missing_in_mirror", ""), ("extra_on_state", "")}),
    (amount_on_the_state_topic, "invoice", {("wrong_state", "total")}),
    (tombstone_on_the_state_topic, "invoice", {("wrong_tombstone", "")}),
    (extra_event, "invoice", {("sequence_beyond_mirror", "sequence"), ("no_difference", "")}),
    (amount_of_a_payment_status, "invoice", {("crm_wrong_value", "total")}),
    (unnoticed_change_in_the_books, "invoice", {("wrong_value", "status")}),
    (gain_of_a_payment_status, "invoice", {("crm_wrong_value", "base/realised_gain")}),
    (total_of_a_contact, "contact", {("crm_wrong_value", "base_totals/invoice/open")}),
    (worth_of_a_payment, "payment",
     {("wrong_value", "amount_base"), ("wrong_state", "amount_base")}),
    (payment_taken_back_unnoticed, "payment",
     {("wrong_value", "status"), ("wrong_value", "deletion_kind")}),
    (credit_that_is_left, "credit_note", {("wrong_state", "remaining_credit")}),
    (credit_applied_unnoticed, "credit_note",
     {("wrong_value", "remaining_credit"), ("wrong_value", "status")}),
)  # fmt: skip


def targets(tenant: Tenant) -> dict[str, list[str]]:
    """Things to plant mistakes at, by resource."""
    ledger = tenant.ledger
    approved = [invoice for invoice in ledger.invoices if invoice.status == "AUTHORISED"]
    customer = approved[0].contact_id
    for amount in ("33.00", "44.00", "55.00"):
        tenant.create_credit_note(
            Type="ACCRECCREDIT",
            Contact={"ContactID": customer},
            Status="AUTHORISED",
            LineItems=[{"Description": "Back", "UnitAmount": amount, "AccountCode": "200"}],
        )
    return {
        "invoice": [one.id for one in approved if not one.payments and not one.allocations],
        "payment": [one.id for one in ledger.payments if one.status == "AUTHORISED"],
        "credit_note": [
            one.id
            for one in ledger.credits[CreditKind.CREDIT_NOTE]
            if one.status == "AUTHORISED" and one.remaining > 0
        ],
        "contact": [customer],
    }


@pytest.mark.acceptance
async def test_each_planted_difference_is_named(
    database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """One after the other, each at an invoice of its own: found there, by its name."""
    books = OpeningBooks(contacts=5, invoices=50, bills=0, months=2)
    config = SimulatorConfig(tenants=1, opening=books, delivery=QUICK)
    async with running(database_url, embedded_broker_settings, config) as rig:
        [tenant] = rig.simulator.books
        left = targets(tenant)
        await rig.quiet()
        await rig.agrees()
        # Nobody heals while we plant: what stands now is what is judged.
        for program in (*rig.running("handlers"), *rig.running("crm")):
            await rig.end(program)
        told: set[tuple[str | None, str, str]] = set()
        for plant, kind, expected in PLANTS:
            remote_id = left[kind].pop()
            await plant(rig, remote_id)
            judged = await rig.judge()

            new = {(d.remote_id, d.kind, d.field) for d in judged.differences} - told
            told |= new
            found = {(kind, field) for where, kind, field in new if where == remote_id}
            assert expected <= found, plant.__name__


async def _newest(rig: Rig, topic: str, remote_id: str) -> KafkaRecord:
    entity_id = await rig.db.fetchval("SELECT id FROM record WHERE remote_id = $1", remote_id)
    assert entity_id is not None
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
