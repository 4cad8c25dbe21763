"""Send payment statuses that are marked dirty, and clear the marks Kafka's acknowledgement earns.

A crash anywhere in here leaves marks standing, so the next process sends again. A repetition is
harmless: the topics are compacted, and it says the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaProducer

from crm import pending
from crm.contact_status import contact_document
from crm.partitions import Partitions
from crm.payment_status import Document, digest, invoice_document
from crm.topics import CrmTopics
from storage.database import Database
from unified.broker import BrokerSettings
from unified.partition import partition_of
from unified.topics import MAX_RECORD_BYTES, key

BATCH = 500  #: statuses of each kind in one round

#: Called at named points; does nothing in production, lets a test stop the program there.
Reached = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Published:
    """What one round did.

    Attributes:
        sent: records that Kafka acknowledged.
        more: as many were dirty as fit in a round, so there may be more.
    """

    sent: int
    more: bool


def new_producer(broker: BrokerSettings) -> AIOKafkaProducer:
    """Return a producer, not yet started, whose own retries neither repeat nor reorder."""
    return AIOKafkaProducer(
        **broker.client_options(),
        enable_idempotence=True,
        acks="all",
        max_request_size=MAX_RECORD_BYTES,  # a status names every payment that settled it
    )


@dataclass(frozen=True, slots=True)
class Publisher:
    """One session's way out. After any failure throw it away with its producer."""

    db: Database
    producer: AIOKafkaProducer
    topics: CrmTopics
    reached: Reached

    async def publish(self, partitions: Partitions, as_of: datetime) -> Published:
        """Publish up to a batch of what is dirty in these partitions.

        Raises:
            KafkaError: not everything was acknowledged; the marks stand.
            StorageError: the marks stand.
        """
        if not partitions.owned:
            return Published(sent=0, more=False)
        invoices = await pending.dirty_invoices(self.db, partitions, BATCH)
        contacts = await pending.dirty_contacts(self.db, partitions, BATCH)
        if not invoices and not contacts:
            return Published(sent=0, more=False)
        acknowledgements: list[asyncio.Future[object]] = []
        settled_invoices = []
        for invoice in invoices:
            document = invoice_document(invoice.state, as_of, invoice.companions)
            moved = digest(document)
            settled_invoices.append((invoice, moved))
            if invoice.sent.needs(moved):
                topic, state = self.topics.invoice_status, invoice.state
                acknowledgements.append(
                    await self._send(topic, state.tenant_id, state.invoice_id, document)
                )
        settled_contacts = []
        for contact in contacts:
            document = contact_document(
                contact.tenant_id,
                contact.contact,
                groups=contact.groups,
                credits_=contact.credits,
                as_of=as_of,
            )
            moved = digest(document)
            settled_contacts.append((contact, moved))
            if contact.sent.needs(moved):
                topic = self.topics.contact_status
                acknowledgements.append(
                    await self._send(topic, contact.tenant_id, contact.contact.id, document)
                )
        await self.reached("sent")
        await asyncio.gather(*acknowledgements)
        await self.reached("acknowledged")
        await pending.clear(self.db, settled_invoices, settled_contacts)
        await self.reached("cleared")
        return Published(
            sent=len(acknowledgements), more=len(invoices) == BATCH or len(contacts) == BATCH
        )

    async def _send(
        self, topic: str, tenant_id: str, entity_id: str, document: Document | None
    ) -> "asyncio.Future[object]":
        partitions = await self.producer.partitions_for(topic)
        entity = "invoice" if topic == self.topics.invoice_status else "contact"
        sent: asyncio.Future[object] = await self.producer.send(
            topic,
            key=key(tenant_id, entity, entity_id),
            value=None if document is None else msgspec.json.encode(document),
            partition=partition_of(tenant_id, len(partitions)),
        )
        return sent
