"""Every kind of mistake, planted one at a time into a world that agrees, is found and named."""

from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from oracle.difference import KINDS
from tests.oracle import money as m
from tests.oracle import records as r
from tests.oracle.world import CONTACT_STATUS, Break, Kafka, Row, World, agreeing, finished


class Planted(NamedTuple):
    """One mistake and all that must be said about it: (kind, field) pairs."""

    name: str
    plant: Break
    found: set[tuple[str, str]]


def in_mirror(remote_id: str, **changes: Any) -> Break:
    """Change fields of a record in the mirror, and wherever it was published from."""

    def plant(world: World) -> None:
        targets = [world.row(remote_id).record, world.state(remote_id).value]
        targets.append(world.history(remote_id)[-1].value["after"])
        for target in targets:
            for name, value in changes.items():
                target[name] = deepcopy(value)
        world.reseal(remote_id)

    return plant


def in_line(line: int, name: str, value: Any) -> Break:
    """Change a line of the open invoice, everywhere alike, so that only the books differ."""

    def plant(world: World) -> None:
        history = [
            event.value[side] for event in world.history(r.OPEN) for side in ("before", "after")
        ]
        for record in (world.row(r.OPEN).record, world.state(r.OPEN).value, *history):
            if record is not None:
                record["line_items"][line][name] = deepcopy(value)
        world.reseal(r.OPEN)

    return plant


def in_books(kind: str, remote_id: str, **changes: Any) -> Break:
    """Change a raw object, as if nobody had noticed the change."""
    return lambda world: world.raw(kind, remote_id).update(changes)


def in_value(remote_id: str, index: int, **changes: Any) -> Break:
    """Change the value of one event of a thing."""
    return lambda world: world.history(remote_id)[index].value.update(deepcopy(changes))


def header(name: str, text: str) -> Break:
    """Change one header of one event."""
    return lambda world: world.history(r.CUSTOMER)[0].set_header(name, text)


def forget(world: World, remote_id: str) -> None:
    """Take a thing out of the mirror, as if it had never been read."""
    world.mirror.remove(world.row(remote_id))


def missing_in_mirror(world: World) -> None:
    """Nothing of ours knows the draft."""
    forget(world, r.DRAFT)
    world.states.remove(world.state(r.DRAFT))
    last = world.history(r.DRAFT)[0]
    world.events.remove(last)
    for event in world.events:
        if event.value["tenant_sequence"] > last.value["tenant_sequence"]:
            event.value["tenant_sequence"] -= 1
            event.set_header("ce_sequence", f"{event.value['tenant_sequence']:020d}")


def extra_contact(world: World) -> None:
    """A contact that no books hold, announced rightly."""
    stranger = "11111111-aaaa-4aaa-8aaa-00000000000f"
    record = {**r.VENDOR_RECORD, "remote_id": stranger, "id": r.uid("contact", stranger)}
    world.publish(record, ops="c", resource="contact")


def unfounded_event(world: World) -> None:
    """An update of the bill in which nothing moved but clocks and a name in a reference."""
    before = world.row(r.BILL).record
    after = finished({**before, "updated_at": "2026-11-22T00:00:00.000Z"}, 2)
    after["contact"]["name"] = "Boots Ltd"
    world.append_event("invoice", "u", before, after, 2).value["changed_fields"] = []
    state = world.state(r.BILL)
    world.row(r.BILL).record, world.row(r.BILL).sequence = after, 2
    state.value = deepcopy(after)
    state.set_header("ce_entityseq", "1.2")
    world.status(r.BILL).value["sequence"] = 2


def number_beyond(world: World) -> None:
    """One update more than the mirror knows of."""
    before = world.row(r.DRAFT).record
    world.append_event("invoice", "u", before, finished({**before, "number": "INV-X"}, 2), 2)


def differing_duplicate(world: World) -> None:
    """The same event id and number a second time, with another amount in it."""
    copy = world.repeat(world.history(r.OPEN)[1])
    copy.value["after"]["amount_due"] = "231.00"


def two_with_one_number(world: World) -> None:
    """A second event that took the number of the first, under an id of its own."""
    copy = world.repeat(world.history(r.OPEN)[1])
    copy.value["event_id"] = "00000000-0000-5000-8000-000000000001"


def lost_event(world: World) -> None:
    """An event in the middle of a history never arrived."""
    world.events.remove(world.history(r.OPEN)[1])


def lost_last_event(world: World) -> None:
    """The last event of a history never arrived."""
    world.events.remove(world.history(r.OPEN)[2])


def tenant_number_skipped(world: World) -> None:
    """The last event of all took a number too high."""
    last = max(world.events, key=lambda one: int(one.value["tenant_sequence"]))
    last.value["tenant_sequence"] += 1
    last.set_header("ce_sequence", f"{last.value['tenant_sequence']:020d}")


def tenant_number_twice(world: World) -> None:
    """Two events of different things took one number of the tenant."""
    first, second = world.history(r.DRAFT)[0], world.history(r.DELETED)[0]
    second.value["tenant_sequence"] = first.value["tenant_sequence"]
    second.set_header("ce_sequence", f"{first.value['tenant_sequence']:020d}")


def swapped(world: World) -> None:
    """A key's second and third event came in the wrong order."""
    second, third = world.history(r.OPEN)[1:]
    one, other = world.events.index(second), world.events.index(third)
    world.events[one], world.events[other] = third, second


def tenant_swapped(world: World) -> None:
    """Two things' events of one topic came in the wrong order."""
    first, second = world.history(r.BILL)[0], world.history(r.DRAFT)[0]
    one, other = world.events.index(first), world.events.index(second)
    world.events[one], world.events[other] = second, first


def stale_state(world: World) -> None:
    """The state topic stopped at the second of three events."""
    world.state(r.OPEN).value = deepcopy(world.history(r.OPEN)[1].value["after"])


def superseded(world: World) -> None:
    """An older state record came again after the newest one."""
    old = deepcopy(world.state(r.OPEN))
    old.value, old.offset = deepcopy(world.history(r.OPEN)[1].value["after"]), 99
    world.states.append(old)


def tombstone(world: World) -> None:
    """A deleted draft was taken off the state topic, where it should stay as flagged."""
    world.state(r.DELETED).value = None


def kept_though_missing(world: World) -> None:
    """A thing announced as missing still stands on its state topic."""
    in_mirror(r.DRAFT, is_deleted=True, deletion_kind="missing")(world)
    world.history(r.DRAFT)[0].value["op"] = "r"
    kind = "io.ledgerwire.accounting.invoice.observed.v1"
    world.history(r.DRAFT)[0].value["type"] = kind
    world.history(r.DRAFT)[0].set_header("ce_type", kind)
    world.books["tenants"][0]["Invoices"].remove(world.raw("Invoices", r.DRAFT))
    world.invoice_statuses.remove(world.status(r.DRAFT))


def foreign_state(world: World) -> None:
    """A state record of something that the mirror does not hold."""
    stranger = "22222222-bbbb-4bbb-8bbb-00000000000f"
    copy = deepcopy(world.state(r.DRAFT))
    copy.value |= {"remote_id": stranger, "id": r.uid("invoice", stranger)}
    copy.key = f"{r.TENANT}:invoice:{copy.value['id']}"
    copy.headers = []
    world.states.append(copy)


def foreign_status(world: World) -> None:
    """A payment status of a contact that no invoice names."""
    key = f"{r.TENANT}:contact:{r.uid('contact', r.MERGED)}"
    world.contact_statuses.append(Kafka(CONTACT_STATUS, 9, key, deepcopy(m.VENDOR_STATUS)))


def wrong_bucket(world: World) -> None:
    """What is open was added up wrongly."""
    world.status(r.CUSTOMER).value["buckets"][0]["open"] = "229.99"


def void_credit_offered(world: World) -> None:
    """What Xero says is left of a void credit note was added to what could be used."""
    bucket = world.status(r.CUSTOMER).value["buckets"][1]
    bucket["unapplied_credit"], bucket["unapplied_by"]["credit_note"] = "75.00", "60.00"


def extra_bucket(world: World) -> None:
    """A draft made a bucket though it is owed by nobody."""
    held = world.status(r.CUSTOMER).value["buckets"]
    held.append({**held[0], "currency": "NZD"})


def stray(world: World) -> None:
    """One event went to another partition."""
    world.history(r.VENDOR)[0].partition = 7


def off_topic(world: World) -> None:
    """A contact's event went to the topic of invoices."""
    world.history(r.VENDOR)[0].topic = "xero.accounting.invoices.events.v1"


def off_state_topic(world: World) -> None:
    """A contact's state went to the topic of invoices."""
    world.state(r.VENDOR).topic = "xero.accounting.invoices.state.v1"


def wrong_key(world: World) -> None:
    """An event has the key of another thing."""
    world.history(r.VENDOR)[0].key = world.history(r.CUSTOMER)[0].key


def unmapped_id(world: World) -> None:
    """Event and record carry an id that is not the one promised."""
    world.history(r.VENDOR)[0].value["entity"]["id"] = r.uid("contact", r.CUSTOMER)


def never_announced(world: World) -> None:
    """A thing stands in the mirror and on its state topic, and no event told of it."""
    stranger = "11111111-aaaa-4aaa-8aaa-00000000000e"
    ids = {"remote_id": stranger, "id": r.uid("contact", stranger)}
    record = finished({**r.VENDOR_RECORD, **ids}, 1)
    raw = {**r.RAW_VENDOR, "ContactID": record["remote_id"]}
    world.books["tenants"][0]["Contacts"].append(raw)
    world.mirror.append(Row(r.TENANT, "contact", record["remote_id"], record, 1))
    key = f"{r.TENANT}:contact:{record['id']}"
    topic = "xero.accounting.contacts.state.v1"
    world.states.append(Kafka(topic, 50, key, deepcopy(record)))


def wrong_side(world: World) -> None:
    """What an event says was before is not what the event before it said."""
    world.history(r.OPEN)[2].value["before"]["reference"] = "PO 8"


WRONG = "wrong_value"
CASES = [
    Planted("a changed amount", in_mirror(r.OPEN, amount_due="229.99"),
            {(WRONG, "amount_due"), ("wrong_changed_fields", "changed_fields")}),
    Planted("a changed amount in the books", in_books("Invoices", r.BILL, AmountPaid=114.99),
            {(WRONG, "amount_paid"), (WRONG, "amount_paid_base"),
             ("crm_wrong_value", "amount_paid")}),
    Planted("a changed line quantity", in_line(0, "quantity", "5"),
            {(WRONG, f"line_items/{r.LINE_1}/quantity")}),
    Planted("a changed unit price", in_line(1, "unit_price", "100.01"),
            {(WRONG, f"line_items/{r.LINE_2}/unit_price")}),
    Planted("a wrong net amount", in_line(0, "net_amount", "180.00"),
            {(WRONG, f"line_items/{r.LINE_1}/net_amount")}),
    Planted("a wrong tracking option", in_line(1, "tracking", []),
            {(WRONG, f"line_items/{r.LINE_2}/tracking")}),
    Planted("lost trailing digits", in_line(0, "line_amount", "200"),
            {(WRONG, f"line_items/{r.LINE_1}/line_amount")}),
    Planted("a number where a text is promised", in_line(0, "quantity", 4),
            {(WRONG, f"line_items/{r.LINE_1}/quantity")}),
    Planted("a line that Xero deleted", in_mirror(r.BILL, line_items=[]),
            {(WRONG, f"line_items/{r.LINE_3}")}),
    Planted("a payment that vanished", in_mirror(r.BILL, payments=[]),
            {(WRONG, f"payments/{r.PAYMENT_2}")}),
    Planted("a base amount from the rounded inverse", in_mirror(r.BILL, total_base="115.01"),
            {(WRONG, "total_base")}),
    Planted("the rate the wrong way round", in_mirror(r.BILL, exchange_rate_to_base="0.92"),
            {(WRONG, "exchange_rate_to_base")}),
    Planted("a day shifted by a zone", in_mirror(r.BILL, issue_date="2026-10-31"),
            {(WRONG, "issue_date")}),
    Planted("a wrong status", in_mirror(r.BILL, status="open"), {(WRONG, "status")}),
    Planted("a wrong payment status", in_mirror(r.BILL, payment_status="partially_paid"),
            {(WRONG, "payment_status")}),
    Planted("a wrong timing", in_mirror(r.DRAFT, timing="overdue", is_overdue=True),
            {(WRONG, "timing"), (WRONG, "is_overdue")}),
    Planted("a day nobody noticed", lambda world: world.today.update(
        {r.TENANT: world.today[r.TENANT].replace(day=1)}),
            {(WRONG, "timing"), (WRONG, "is_overdue"), ("crm_wrong_value", "timing"),
             ("crm_wrong_value", "status"), ("crm_wrong_value", "buckets/invoice AUD/overdue"),
             ("crm_wrong_value", "buckets/invoice AUD/overdue_count"),
             ("crm_wrong_value", "base_totals/invoice/overdue")}),
    Planted("a wrong role", in_mirror(r.CUSTOMER, roles=["customer", "vendor"]),
            {(WRONG, "roles")}),
    Planted("a bank account in clear", in_mirror(r.CUSTOMER, bank_details="12-3456-7890123-00"),
            {(WRONG, "bank_details")}),
    Planted("a merge not seen", in_mirror(r.MERGED, deletion_kind=None, is_deleted=False),
            {(WRONG, "deletion_kind"), (WRONG, "is_deleted"), ("wrong_op", "op"),
             ("wrong_changed_fields", "changed_fields"), ("wrong_facts", "facts")}),
    Planted("a wrong e-mail", in_mirror(r.CUSTOMER, email=None), {(WRONG, "email")}),
    Planted("a wrong telephone number", in_mirror(r.CUSTOMER, phones=[]),
            {(WRONG, "phones/mobile")}),
    Planted("an address too many", in_mirror(r.VENDOR, addresses=r.CUSTOMER_RECORD["addresses"]),
            {(WRONG, "addresses/postal")}),
    Planted("a zone of other clocks", in_mirror(r.TENANT, timezone="Pacific/Apia"),
            {(WRONG, "timezone")}),
    Planted("a wrong lock date", in_mirror(r.TENANT, locked_until=None),
            {(WRONG, "locked_until")}),
    Planted("an organisation without books", lambda world: world.books["tenants"].clear(),
            {("missing_tenant", "")}),
    Planted("a missing invoice in the mirror", missing_in_mirror, {("missing_in_mirror", "")}),
    Planted("missing on the state topic",
            lambda world: world.states.remove(world.state(r.BILL)), {("missing_on_state", "")}),
    Planted("an extra contact", extra_contact, {("extra_in_mirror", "")}),
    Planted("an extra event without a difference", unfounded_event,
            {("no_difference", ""), ("no_changed_fields", "")}),
    Planted("an extra event beyond the mirror", number_beyond,
            {("sequence_beyond_mirror", "sequence")}),
    Planted("a thing never announced", never_announced, {("sequence_beyond_mirror", "sequence")}),
    Planted("a lost last event", lost_last_event,
            {("sequence_beyond_mirror", "sequence"), ("tenant_sequence_gap", "epoch 1")}),
    Planted("a duplicate with other content", differing_duplicate,
            {("duplicate_differs", "after")}),
    Planted("two events with one number", two_with_one_number,
            {("sequence_conflict", "2")}),
    Planted("a sequence gap", lost_event,
            {("sequence_gap", "sequence"), ("tenant_sequence_gap", "epoch 1")}),
    Planted("a tenant sequence gap", tenant_number_skipped, {("tenant_sequence_gap", "epoch 1")}),
    Planted("one tenant number twice", tenant_number_twice,
            {("tenant_sequence_conflict", "10"), ("tenant_sequence_gap", "epoch 1")}),
    Planted("a key out of order", swapped, {("wrong_order", "sequence")}),
    Planted("a tenant out of order", tenant_swapped, {("tenant_order", "tenant_sequence")}),
    Planted("a record with another version", in_value(r.VENDOR, 0, sequence=1, after={
        **finished(r.VENDOR_RECORD, 1), "version": 2}), {("wrong_version", "after/version")}),
    Planted("a hash that nobody can recompute", lambda world: [
        target.update({"content_hash": "0" * 64})
        for target in (world.row(r.BILL).record, world.state(r.BILL).value)],
            {("wrong_content_hash", "content_hash")}),
    Planted("a mirror row with another version",
            lambda world: world.row(r.BILL).record.update({"version": 7}),
            {("wrong_version", "version")}),
    Planted("no changed fields", in_value(r.OPEN, 2, changed_fields=[]),
            {("no_changed_fields", "")}),
    Planted("wrong changed fields", in_value(r.OPEN, 2, changed_fields=["/total"]),
            {("wrong_changed_fields", "changed_fields")}),
    Planted("a broken chain", wrong_side,
            {("broken_chain", "reference"), ("wrong_changed_fields", "changed_fields")}),
    Planted("a last event that is not the mirror",
            lambda world: world.history(r.BILL)[0].value["after"].update({"number": "7782"}),
            {("last_event_not_mirror", "number")}),
    Planted("a wrong operation", in_value(r.DELETED, 1, op="u", type="io.ledgerwire.accounting."
                                          "invoice.updated.v1"),
            {("wrong_op", "op"), ("wrong_header", "ce_type")}),
    Planted("a wrong event id", in_value(r.VENDOR, 0, event_id="x"),
            {("wrong_event_id", "event_id"), ("wrong_header", "ce_id")}),
    Planted("a wrong entity id", unmapped_id, {("wrong_entity", "entity/id")}),
    Planted("a wrong topic", off_topic, {("wrong_topic", "")}),
    Planted("a wrong state topic", off_state_topic,
            {("wrong_topic", ""), ("missing_on_state", "")}),
    Planted("a wrong key", wrong_key, {("wrong_key", "key")}),
    Planted("a header of another type", header("ce_type", "io.ledgerwire.x"),
            {("wrong_header", "ce_type")}),
    Planted("a header of another subject", header("ce_subject", "contact/x"),
            {("wrong_header", "ce_subject")}),
    Planted("a header of another source", header("ce_source", "/xero/x"),
            {("wrong_header", "ce_source")}),
    Planted("a sequence header without zeros", header("ce_sequence", "2"),
            {("wrong_header", "ce_sequence")}),
    Planted("an absent header", lambda world: setattr(world.history(r.CUSTOMER)[0], "headers", [
        held for held in world.history(r.CUSTOMER)[0].headers if held[0] != "ce_time"]),
            {("wrong_header", "ce_time")}),
    Planted("a state header of an older number",
            lambda world: world.state(r.OPEN).set_header("ce_entityseq", "1.2"),
            {("wrong_header", "ce_entityseq")}),
    Planted("a wrong partition", stray,
            {("wrong_partition", "xero.accounting.contacts.events.v1")}),
    Planted("a stale state record", stale_state,
            {("stale_state", "version"), ("wrong_state", "timing"), ("wrong_state", "is_overdue"),
             ("wrong_state", "content_hash")}),
    Planted("a state record overtaken by an older one", superseded,
            {("stale_state", "version"), ("wrong_state", "timing"), ("wrong_state", "is_overdue"),
             ("wrong_state", "content_hash")}),
    Planted("a tombstone where a record belongs", tombstone, {("wrong_tombstone", "")}),
    Planted("a record where a tombstone belongs", kept_though_missing, {("wrong_tombstone", "")}),
    Planted("an extra state record", foreign_state, {("extra_on_state", "")}),
    Planted("an unreadable event",
            lambda world: setattr(world.repeat(world.events[0]), "value", b"{"),
            {("unreadable", "xero.accounting.company-info.events.v1")}),
    Planted("a missing payment status",
            lambda world: world.invoice_statuses.remove(world.status(r.BILL)),
            {("crm_missing", "")}),
    Planted("a payment status wrongly a tombstone",
            lambda world: setattr(world.status(r.VENDOR), "value", None), {("crm_missing", "")}),
    Planted("an extra payment status", foreign_status, {("crm_extra", "")}),
    Planted("a wrong bucket", wrong_bucket,
            {("crm_wrong_value", "buckets/invoice AUD/open")}),
    Planted("an extra bucket", extra_bucket, {("crm_wrong_value", "buckets/invoice NZD")}),
    Planted("a wrong settlement",
            lambda world: world.status(r.OPEN).value.update({"settlement": "paid"}),
            {("crm_wrong_value", "settlement")}),
    Planted("a payment by the rate the wrong way round",
            in_mirror(r.PAYMENT_1, amount_base="95.00"), {(WRONG, "amount_base")}),
    Planted("a gain taken for a loss", in_mirror(r.BILL, realised_gain_base="3.44"),
            {(WRONG, "realised_gain_base")}),
    Planted("a refund taken for a payment", in_mirror(m.REFUND, kind="payment"),
            {(WRONG, "kind")}),
    Planted("a refund looked up among invoices", in_mirror(m.REFUND, applied_to=[
        {**m.REFUND_RECORD["applied_to"][0], "resource": "invoice",
         "ref": r.ref("invoice", m.OVERPAID)}]),
            {(WRONG, "applied_to/0/resource"), (WRONG, "applied_to/0/ref/id")}),
    Planted("a payment of the other direction", in_mirror(r.PAYMENT_2, direction="inbound"),
            {(WRONG, "direction")}),
    Planted("a payment not known to be undone",
            in_books("Payments", r.PAYMENT_2, Status="DELETED"),
            {(WRONG, "status"), (WRONG, "remote_status"), (WRONG, "is_deleted"),
             (WRONG, "deletion_kind"),
             ("crm_wrong_value", f"undone_payments/{r.uid('payment', r.PAYMENT_2)}")}),
    Planted("a credit used up in the books alone",
            in_books("Overpayments", m.OVERPAID, RemainingCredit=0, Status="PAID"),
            {(WRONG, "remaining_credit"), (WRONG, "remaining_credit_base"), (WRONG, "status"),
             (WRONG, "remote_status"), ("crm_wrong_value", "payable_status"),
             ("crm_wrong_value", "buckets/bill NZD/unapplied_credit"),
             ("crm_wrong_value", "buckets/bill NZD/unapplied_by/overpayment"),
             ("crm_wrong_value", "base_totals/bill/unapplied_credit")}),
    Planted("a credit applied in full and called partial",
            in_books("CreditNotes", m.VOID_NOTE, Status="PAID", AppliedAmount=50,
                     RemainingCredit=0),
            {(WRONG, "allocation_status"), (WRONG, "applied_amount"), (WRONG, "status"),
             (WRONG, "applied_amount_base"), (WRONG, "remaining_credit"),
             (WRONG, "remaining_credit_base"), (WRONG, "remote_status")}),
    Planted("an allocation that vanished", in_mirror(m.PREPAID, allocations=[]),
            {(WRONG, f"allocations/{m.ALLOCATION_2}")}),
    Planted("an allocation to another invoice", in_mirror(m.PREPAID, allocations=[
        {**m.PREPAID_RECORD["allocations"][0], "target": r.ref("invoice", r.OPEN)}]),
            {(WRONG, f"allocations/{m.ALLOCATION_2}/target/id"),
             (WRONG, f"allocations/{m.ALLOCATION_2}/target/remote_id")}),
    Planted("a credit of the other side", in_mirror(m.PREPAID, type="payable"),
            {(WRONG, "type")}),
    Planted("a credit in the wrong currency's worth",
            in_mirror(m.PREPAID, remaining_credit_base="7.50"),
            {(WRONG, "remaining_credit_base")}),
    Planted("a fact that was not told", in_value(m.NOTE, 1, facts=[]),
            {("wrong_facts", "facts"), ("wrong_header", "ce_facts")}),
    Planted("a fact that is none", in_value(m.UNDONE, 1, facts=["payment.deleted", "payment.x"]),
            {("wrong_facts", "facts"), ("wrong_header", "ce_facts")}),
    Planted("credit offered though void", void_credit_offered,
            {("crm_wrong_value", "buckets/invoice USD/unapplied_credit"),
             ("crm_wrong_value", "buckets/invoice USD/unapplied_by/credit_note")}),
    Planted("currencies added up", lambda world: world.status(r.CUSTOMER).value["buckets"][0]
            .update({"unapplied_credit": "25.00"}),
            {("crm_wrong_value", "buckets/invoice AUD/unapplied_credit")}),
    Planted("a base total at other rates", lambda world: world.status(r.CUSTOMER)
            .value["base_totals"][0].update({"unapplied_credit": "40.00"}),
            {("crm_wrong_value", "base_totals/invoice/unapplied_credit")}),
    Planted("a basis of no name", lambda world: world.status(r.OPEN).value["base"].pop("basis"),
            {("crm_wrong_value", "base/basis")}),
    Planted("a refund forgotten", lambda world: world.status(r.VENDOR).value["buckets"][0]
            .update({"refunded": "0.00"}),
            {("crm_wrong_value", "buckets/bill NZD/refunded")}),
    Planted("a gain without the credits", lambda world: world.status(m.SOLD).value["base"]
            .update({"realised_gain": "0.00"}), {("crm_wrong_value", "base/realised_gain")}),
    Planted("a settlement at the document's own rate",
            lambda world: world.status(m.SOLD).value["settled_by"][1].update({"rate": "0.6"}),
            {("crm_wrong_value",
              f"settled_by/credit_note {r.uid('credit_note', m.NOTE)}/rate")}),
    Planted("an undone payment forgotten",
            lambda world: world.status(r.OPEN).value.update({"undone_payments": []}),
            {("crm_wrong_value", f"undone_payments/{r.uid('payment', m.UNDONE)}")}),
    Planted("a payment status of an older number",
            lambda world: world.status(r.OPEN).value.update({"sequence": 2}),
            {("crm_wrong_value", "sequence")}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_planted_mistake_is_found_and_named(case: Planted) -> None:
    """One mistake gives exactly the differences that name it, and no others beside them."""
    world = agreeing()
    case.plant(world)

    assert case.found == {(one.kind, one.field) for one in world.judge()}


def test_every_kind_of_difference_is_planted() -> None:
    """A kind that nobody ever found may be a check that finds nothing."""
    assert set(KINDS) == {kind for case in CASES for kind, _ in case.found}
