"""Work out every payment status anew from the state topics, and compare it with what is published.

A check on the consumer that shares its rules but none of its tables, offsets or marks. Reads
only. Holds every document in memory: for tests, the demo and occasional audits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from aiokafka import ConsumerRecord

from crm.contact_status import ContactName, contact_document, credit_group_of, group_of
from crm.intake import from_state
from crm.kit import Key, Version, each_once, read_key
from crm.payment_status import Companions, Document, digest, invoice_document
from crm.snapshot import all_partitions, snapshot
from crm.states import CreditState, InvoiceState, PaymentState, State
from crm.topics import crm_topics
from unified.broker import BrokerSettings

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Statuses:
    """Every payment status there is, by key."""

    invoices: dict[Key, Document] = field(default_factory=dict)
    contacts: dict[Key, Document] = field(default_factory=dict)


async def rebuilt(broker: BrokerSettings, as_of: datetime) -> Statuses:
    """Return what the statuses have to be, worked out from the state topics as they stand now.

    Raises:
        KafkaError: the broker is away.
        Unreadable: a state topic holds what is no state.
    """
    topics = crm_topics(broker.prefix)
    known: dict[Key, Version] = {}
    newest: dict[Key, State] = {}
    async for batch in snapshot(broker, all_partitions(broker.partitions, *topics.state)):
        states = [topics.source_of(each.topic).keep(from_state(each)) for each in batch]
        for state in each_once(states, known):
            newest[state.key] = state
    return computed(newest.values(), as_of)


def computed(states: Iterable[State], as_of: datetime) -> Statuses:
    """Return the statuses that follow from the newest state of each thing."""
    statuses = Statuses()
    rates = {}
    by_contact: dict[Key, list[InvoiceState | CreditState]] = defaultdict(list)
    by_target: dict[str | None, list[PaymentState]] = defaultdict(list)
    states = list(states)
    for state in states:
        if isinstance(state, PaymentState):
            by_target[state.target_id].append(state)
        elif state.contact_id is not None:
            by_contact[Key(state.tenant_id, "contact", state.contact_id)].append(state)
        if not isinstance(state, InvoiceState) and state.rate is not None:
            rates[state.key.entity_id] = state.rate
    for state in states:
        if isinstance(state, InvoiceState):
            paid = by_target[state.invoice_id]
            undone = tuple(payment for payment in paid if payment.document == "deleted")
            document = invoice_document(state, as_of, Companions(rates, undone))
            if document is not None:
                statuses.invoices[state.key] = document
    for key, theirs in by_contact.items():
        last = max(theirs, key=lambda state: (state.updated_at or _NEVER, state.key.entity_id))
        document = contact_document(
            key.tenant_id,
            ContactName(key.entity_id, last.contact_remote_id, last.contact_name),
            groups=[group_of(state) for state in theirs if isinstance(state, InvoiceState)],
            credits_=[
                credit_group_of(state, by_target[state.credit_id])
                for state in theirs
                if isinstance(state, CreditState)
            ],
            as_of=as_of,
        )
        if document is not None:
            statuses.contacts[key] = document
    return statuses


async def published(broker: BrokerSettings) -> Statuses:
    """Return what the two status topics say now, the last word of each key.

    Raises:
        KafkaError: the broker is away.
    """
    topics = crm_topics(broker.prefix)
    statuses = Statuses()
    partitions = all_partitions(broker.partitions, topics.invoice_status, topics.contact_status)
    async for batch in snapshot(broker, partitions):
        for record in batch:
            is_invoice = record.topic == topics.invoice_status
            _note(statuses.invoices if is_invoice else statuses.contacts, record)
    return statuses


def differences(expected: Statuses, found: Statuses) -> list[str]:
    """Return one line for each status that is missing, too many or other than it has to be.

    `as_of` is left out. Lines name keys and no content.
    """
    return [
        *_differences("invoice", expected.invoices, found.invoices),
        *_differences("contact", expected.contacts, found.contacts),
    ]


def _differences(
    kind: str, expected: Mapping[Key, Document], found: Mapping[Key, Document]
) -> Iterable[str]:
    for key in sorted(expected.keys() | found.keys()):
        name = f"{kind} status {key.tenant_id}:{key.entity_id}"
        if key not in found:
            yield f"{name} is missing"
        elif key not in expected:
            yield f"{name} should not be there"
        elif digest(expected[key]) != digest(found[key]):
            fields = sorted(
                field
                for field in expected[key].keys() | found[key].keys()
                if field != "as_of" and expected[key].get(field) != found[key].get(field)
            )
            yield f"{name} differs in {', '.join(fields)}"


def _note(documents: dict[Key, Document], record: ConsumerRecord) -> None:
    if record.value is None:
        documents.pop(read_key(record.key), None)
    else:
        documents[read_key(record.key)] = msgspec.json.decode(record.value)
