"""A world that agrees with itself: books, mirror, events, states and payment statuses.

Tests take a copy, break one thing in it and ask the judge. Every part is a copy of its own, so
breaking one breaks no other.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from oracle.content import content_hash
from oracle.difference import Difference
from oracle.judge import Verdict, examine
from tests.oracle import money as m
from tests.oracle import records as r

EPOCH = 1
PARTITION = 5
TODAY = date(2026, 11, 22)
PARTS = {
    "invoice": "invoices",
    "contact": "contacts",
    "company_info": "company-info",
    "credit_note": "credit-notes",
    "prepayment": "prepayments",
    "overpayment": "overpayments",
    "payment": "payments",
    "account": "accounts",
    "user": "users",
    "employee": "employees",
    "contact_group": "contact-groups",
    "budget": "budgets",
    "tax_rate": "tax-rates",
    "item": "items",
    "tracking_category": "tracking-categories",
    "currency": "currencies",
    "transaction": "transactions",
    "batch_payment": "batch-payments",
    "journal_entry": "journal-entries",
    "purchase_order": "purchase-orders",
    "quote": "quotes",
    "repeating_transaction": "repeating-transactions",
    "attachment": "attachments",
}
VERBS = {"c": "created", "u": "updated", "d": "deleted", "r": "observed"}
INVOICE_STATUS = "xero.crm.invoice-payment-status.v1"
CONTACT_STATUS = "xero.crm.contact-payment-status.v1"

Json = dict[str, Any]
Headers = list[tuple[str, bytes]]


@dataclass
class Row:
    """A record of the mirror that may be changed."""

    tenant_id: str
    resource: str
    remote_id: str
    record: Json
    sequence: int
    epoch: int = EPOCH

    def plain(self) -> tuple[Any, ...]:
        """As the judge takes it."""
        return (
            self.tenant_id,
            self.resource,
            self.remote_id,
            self.record,
            self.sequence,
            self.epoch,
        )


@dataclass
class Kafka:
    """A Kafka record that may be changed."""

    topic: str
    offset: int
    key: str
    value: Any
    headers: Headers = field(default_factory=list)
    partition: int = PARTITION

    def plain(self) -> tuple[Any, ...]:
        """As the judge takes it."""
        return (
            self.topic,
            self.partition,
            self.offset,
            self.key.encode(),
            self.headers,
            self.value,
        )

    def set_header(self, name: str, text: str) -> None:
        """Replace one header, or add it."""
        self.headers = [held for held in self.headers if held[0] != name]
        self.headers.append((name, text.encode()))


class World:
    """All that the judge is given."""

    def __init__(self) -> None:
        self.books: Json = copied(m.BOOKS)
        self.mirror: list[Row] = []
        self.events: list[Kafka] = []
        self.states: list[Kafka] = []
        self.invoice_statuses: list[Kafka] = []
        self.contact_statuses: list[Kafka] = []
        self.today = {r.TENANT: TODAY}
        self.complete = True
        self._tenant_sequence = 0

    def examine(self) -> Verdict:
        """The verdict."""
        return examine(
            self.books,
            [row.plain() for row in self.mirror],
            [one.plain() for one in self.events],
            [one.plain() for one in self.states],
            [one.plain() for one in self.invoice_statuses],
            [one.plain() for one in self.contact_statuses],
            today=self.today,
            complete=self.complete,
        )

    def judge(self) -> list[Difference]:
        """The differences."""
        return self.examine().differences

    # --- finding things

    def raw(self, kind: str, remote_id: str) -> Json:
        """A raw object of the books: kind is a key of theirs, such as `Invoices`."""
        held: list[Json] = self.books["tenants"][0][kind]
        return next(raw for raw in held if remote_id in raw.values())

    def row(self, remote_id: str) -> Row:
        """A row of the mirror."""
        return next(row for row in self.mirror if row.remote_id == remote_id)

    def state(self, remote_id: str) -> Kafka:
        """A state record."""
        return next(one for one in self.states if one.value and one.value["remote_id"] == remote_id)

    def history(self, remote_id: str) -> list[Kafka]:
        """The events of one thing."""
        return [one for one in self.events if one.value["entity"]["remote_id"] == remote_id]

    def status(self, remote_id: str) -> Kafka:
        """A payment status."""
        held = [*self.invoice_statuses, *self.contact_statuses]
        return next(
            one for one in held if one.key.endswith(r.uid(one.key.split(":")[1], remote_id))
        )

    # --- making it

    def publish(self, *history: Json, ops: str, resource: str, facts: tuple[str, ...] = ()) -> None:
        """Let a thing go through these records; the last one stands in mirror and state.

        `facts` are those of the updates, one each, without the resource's name.
        """
        before: Json | None = None
        told = iter(facts)
        for sequence, (record, op) in enumerate(zip(history, ops, strict=True), start=1):
            after = finished(record, sequence)
            event = self.append_event(resource, op, before, after, sequence)
            if op in "ud":
                event.value["facts"] = [f"{resource}.{next(told)}"]
                event.set_header("ce_facts", event.value["facts"][0])
            before = after
        assert before is not None
        last = copied(before)
        self.mirror.append(Row(r.TENANT, resource, known_by(last), last, len(history)))
        topic = f"xero.{space_of(resource)}.{PARTS[resource]}.state.v1"
        key = f"{r.TENANT}:{resource}:{last['id']}"
        number = f"{EPOCH:020d}.{len(history):020d}".encode()
        self.states.append(
            Kafka(topic, len(self.states), key, copied(last), [("ce_entityseq", number)])
        )

    def append_event(
        self, resource: str, op: str, before: Json | None, after: Json, sequence: int
    ) -> Kafka:
        """Add one event with right numbers and headers."""
        self._tenant_sequence += 1
        key = f"{r.TENANT}:{resource}:{after['id']}"
        known = None if op in "cr" else before
        value = {
            "schema_version": "1.0.0",
            "event_id": "",
            "type": f"io.ledgerwire.{space_of(resource)}.{resource}.{VERBS[op]}.v1",
            "op": op,
            "facts": [],
            "tenant": {"id": r.TENANT, "provider": "xero", "connection_id": r.CONNECTION},
            "entity": {"resource": resource, "id": after["id"], "remote_id": after["remote_id"]},
            "sequence": sequence,
            "epoch": EPOCH,
            "tenant_sequence": self._tenant_sequence,
            "before": copied(known),
            "after": copied(after),
            "changed_fields": [] if known is None else changed(known, after),
            "cause": {"kind": "webhook", "coalesced": 1},
            "timing": {"detected_at": "2026-11-20T01:02:04.000Z"},
        }
        value["event_id"] = event_id_of(value)
        topic = f"xero.{space_of(resource)}.{PARTS[resource]}.events.v1"
        event = Kafka(topic, len(self.events), key, value, headers_of(value, key))
        self.events.append(event)
        return event

    def reseal(self, remote_id: str) -> None:
        """Make the hashes and event ids of a thing right again after changing its records."""
        for record in (self.row(remote_id).record, self.state(remote_id).value):
            record["content_hash"] = content_hash(record)
        for event in self.history(remote_id):
            event.value["after"]["content_hash"] = content_hash(event.value["after"])
            event.value["event_id"] = event_id_of(event.value)
            event.set_header("ce_id", event.value["event_id"])

    def repeat(self, event: Kafka) -> Kafka:
        """Deliver an event again, as after an unacknowledged send."""
        copy = deepcopy(event)
        copy.offset = len(self.events)
        copy.value["timing"]["published_at"] = "2026-11-22T00:00:00.000Z"
        copy.set_header("ce_recordedtime", "2026-11-22T00:00:00.000Z")
        self.events.append(copy)
        return copy


def space_of(resource: str) -> str:
    """The first word of its topics: people with access are a directory."""
    return "directory" if resource == "user" else "accounting"


def copied(value: Any) -> Any:
    """A copy of plain JSON, much quicker than copying object by object."""
    return msgspec.json.decode(msgspec.json.encode(value))


def known_by(record: Json) -> str:
    """What tells a record apart in the mirror: a file by its parent's id, too."""
    if record["resource"] == "attachment":
        parent = record["parent"]
        return f"{parent['resource']}:{parent['remote_id']}:{record['remote_id']}"
    return str(record["remote_id"])


def finished(record: Json, sequence: int) -> Json:
    """A record with its number and the hash of its content."""
    whole: Json = {**copied(record), "version": sequence}
    return {**whole, "content_hash": content_hash(whole)}


def event_id_of(value: Json) -> str:
    """The id that the README promises for an event."""
    entity, after = value["entity"], value["after"]
    space = uuid5(NAMESPACE_URL, "urn:ledgerwire:event")
    about = f"{r.TENANT}|{entity['resource']}|{entity['remote_id']}"
    return str(
        uuid5(space, f"{about}|{value['epoch']}|{value['sequence']}|{after['content_hash']}")
    )


def changed(before: Json, after: Json) -> list[str]:
    """The paths of what differs, by plain comparison."""
    loose = {"version", "content_hash", "updated_at", "deleted_at"}
    return [f"/{name}" for name in after if name not in loose and before[name] != after[name]]


def headers_of(value: Json, key: str) -> Headers:
    """The headers of an event."""
    tenant, resource, entity = key.split(":")
    number = f"{value['epoch']:020d}.{value['sequence']:020d}"
    headers = {
        "ce_specversion": "1.0",
        "ce_id": value["event_id"],
        "ce_source": f"/xero/{tenant}",
        "ce_type": value["type"],
        "ce_subject": f"{resource}/{entity}",
        "ce_time": "2026-11-20T01:02:03.147Z",
        "ce_partitionkey": key,
        "ce_sequence": f"{value['tenant_sequence']:020d}",
        "ce_entityseq": number,
        "ce_tenantid": tenant,
        "ce_connectionid": r.CONNECTION,
        "ce_cause": value["cause"]["kind"],
        "content-type": "application/json",
    }
    return [(name, text.encode()) for name, text in headers.items()]


def agreeing() -> World:
    """A world without a difference: 17 things, one of them with a history of three events."""
    world = World()
    unpaid = {
        **r.OPEN_RECORD,
        "payment_status": "unpaid",
        "timing": "not_due",
        "is_overdue": False,
        "amount_due": "330.00",
        "amount_due_base": "358.70",
        "amount_paid": "0.00",
        "amount_paid_base": "0.00",
        "payments": [],
        "realised_gain_base": "0.00",
    }
    paid_in_part = {**r.OPEN_RECORD, "timing": "not_due", "is_overdue": False}
    undone = {
        **r.DELETED_RECORD,
        "status": "draft",
        "remote_status": "DRAFT",
        "is_deleted": False,
        "deletion_kind": None,
        "deleted_at": None,
    }
    unmerged = {
        **r.MERGED_RECORD,
        "status": "active",
        "remote_status": "ACTIVE",
        "is_deleted": False,
        "deletion_kind": None,
        "deleted_at": None,
        "merged_into": None,
    }
    world.publish(r.ORGANISATION, ops="r", resource="company_info")
    world.publish(r.CUSTOMER_RECORD, ops="r", resource="contact")
    world.publish(r.VENDOR_RECORD, ops="c", resource="contact")
    world.publish(unmerged, r.MERGED_RECORD, ops="rd", resource="contact", facts=("merged",))
    world.publish(
        unpaid,
        paid_in_part,
        r.OPEN_RECORD,
        ops="ruu",
        resource="invoice",
        facts=("partially_paid", "became_overdue"),
    )
    world.publish(r.BILL_RECORD, ops="r", resource="invoice")
    world.publish(r.DRAFT_RECORD, ops="c", resource="invoice")
    world.publish(undone, r.DELETED_RECORD, ops="cd", resource="invoice", facts=("deleted",))
    _publish_money(world)
    statuses = (m.OPEN_STATUS, m.BILL_STATUS, m.DRAFT_STATUS, m.DELETED_STATUS, m.SOLD_STATUS)
    for offset, status in enumerate(statuses):
        key = f"{r.TENANT}:invoice:{status['invoice']['id']}"
        world.invoice_statuses.append(Kafka(INVOICE_STATUS, offset, key, copied(status)))
    for offset, status in enumerate((m.CUSTOMER_STATUS, m.VENDOR_STATUS)):
        key = f"{r.TENANT}:contact:{status['contact']['id']}"
        world.contact_statuses.append(Kafka(CONTACT_STATUS, offset, key, copied(status)))
    return world


def _publish_money(world: World) -> None:
    """Payments and credits; the void note and the undone payment with their ends."""
    standing = {
        **m.UNDONE_RECORD,
        "status": "completed",
        "remote_status": "AUTHORISED",
        "is_deleted": False,
        "deletion_kind": None,
        "deleted_at": None,
    }
    valid = {**m.VOID_NOTE_RECORD, "status": "open", "remote_status": "AUTHORISED"}
    unused = {
        **m.NOTE_RECORD,
        "allocation_status": "none",
        "remaining_credit": "50.00",
        "remaining_credit_base": "78.13",
        "applied_amount": "0.00",
        "applied_amount_base": "0.00",
        "allocations": [],
    }
    world.publish(m.SOLD_RECORD, ops="r", resource="invoice")
    world.publish(unused, m.NOTE_RECORD, ops="cu", resource="credit_note", facts=("allocated",))
    world.publish(valid, m.VOID_NOTE_RECORD, ops="cu", resource="credit_note", facts=("voided",))
    world.publish(m.PREPAID_RECORD, ops="r", resource="prepayment")
    world.publish(m.OVERPAID_RECORD, ops="r", resource="overpayment")
    world.publish(m.PAYMENT_1_RECORD, ops="r", resource="payment")
    world.publish(m.PAYMENT_2_RECORD, ops="r", resource="payment")
    world.publish(standing, m.UNDONE_RECORD, ops="rd", resource="payment", facts=("deleted",))
    world.publish(m.REFUND_RECORD, ops="r", resource="payment")


Break = Callable[[World], object]
