"""The change event and its headers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from tests.unified.books import CONNECTION, NZ, finished, invoice
from unified.envelope import (
    MAPPING_VERSION,
    Cause,
    EventTooLarge,
    Op,
    build_event,
    event_headers,
    event_model,
    event_schema,
    event_type,
    event_value,
    record_schema,
    state_headers,
)
from unified.ids import event_id
from unified.resources import RESOURCES
from unified.resources.company_info import COMPANY_INFO
from unified.resources.invoice import INVOICE
from unified.topics import key

EPOCH = 1_790_000_000_000_000
AT = datetime(2026, 11, 3, 1, 2, 5, 20_000, tzinfo=UTC)
WEBHOOK = Cause(
    kind="webhook",
    detected_by="notice",
    webhook={
        "delivery_id": "0b3a6a52-6a5c-4f0e-9a53-3f3d4c3a9d11",
        "first_sequence": 215,
        "last_sequence": 216,
        "event_type": "UPDATE",
        "event_at": "2026-11-03T01:02:03.198Z",
    },
    coalesced=2,
)
TIME = Cause(
    kind="time",
    detected_by="clock",
    time={
        "rule": "invoice.due",
        "due_at": "2026-10-30T11:00:00.000Z",
        "timezone": "Pacific/Auckland",
    },
)
BEFORE = finished(INVOICE, invoice(AmountPaid=0, Payments=[], AmountCredited=0), version=6)
AFTER = finished(INVOICE, invoice(AmountCredited=0), version=7)


def event(**changes: Any) -> dict[str, Any]:
    """An event of an invoice that was partly paid, with some arguments changed."""
    given: dict[str, Any] = {
        "resource": INVOICE,
        "tenant_id": NZ.tenant_id,
        "tenant_name": "Kauri Joinery",
        "connection_id": CONNECTION,
        "op": "u",
        "before": BEFORE,
        "after": AFTER,
        "epoch": EPOCH,
        "sequence": 7,
        "tenant_sequence": 18_233,
        "cause": WEBHOOK.as_dict(),
        "received_at": AT,
        "detected_at": AT,
        "fetched_at": AT + timedelta(milliseconds=390),
        "normalized_at": AT + timedelta(milliseconds=395),
    }
    return build_event(**{**given, **changes})


def headers(**changes: Any) -> dict[str, str]:
    """The headers of such an event."""
    return {name: text.decode() for name, text in event_headers(event(**changes))}


def test_update_says_what_changed_why_and_when() -> None:
    """Everything a consumer needs stands in one document."""
    change = event()
    before, after = change.pop("before"), change.pop("after")
    payment = "81aa0c3e-55d1-4b0e-8a3f-0f9e8d7c6b5a"

    assert (before, after) == (BEFORE, AFTER)
    assert change == {
        "schema_version": "1.0.0",
        "mapping_version": MAPPING_VERSION,
        "event_id": event_id(
            NZ.tenant_id, "invoice", AFTER["remote_id"], EPOCH, 7, AFTER["content_hash"]
        ),
        "type": "io.ledgerwire.accounting.invoice.updated.v1",
        "op": "u",
        "facts": ["invoice.partially_paid"],
        "tenant": {
            "id": NZ.tenant_id,
            "provider": "xero",
            "connection_id": CONNECTION,
            "name": "Kauri Joinery",
        },
        "entity": {
            "resource": "invoice",
            "id": AFTER["id"],
            "remote_id": AFTER["remote_id"],
            "type": "invoice",
            "number": "INV-0042",
        },
        "sequence": 7,
        "epoch": EPOCH,
        "tenant_sequence": 18_233,
        "changed_fields": [
            "/payment_status",
            "/amount_paid",
            "/amount_paid_base",
            f"/payments/{payment}",
        ],
        "change_class": "material",
        "cause": WEBHOOK.as_dict(),
        "source": {
            "system": "xero",
            "api": "accounting",
            "endpoint": "Invoices",
            "remote_updated_at": "2026-10-17T00:01:02.147Z",
            "snapshot": False,
            "completeness": "full",
            "raw_hash": None,
        },
        "links": {
            "self": f"/v1/accounting/invoices/{AFTER['id']}",
            "proxy": f"/v1/proxy/api.xro/2.0/Invoices/{AFTER['remote_id']}",
        },
        "timing": {
            "source_changed_at": "2026-10-17T00:01:02.147Z",
            "source_event_at": "2026-11-03T01:02:03.198Z",
            "received_at": "2026-11-03T01:02:05.020Z",
            "detected_at": "2026-11-03T01:02:05.020Z",
            "fetched_at": "2026-11-03T01:02:05.410Z",
            "normalized_at": "2026-11-03T01:02:05.415Z",
        },
    }
    assert set(change["changed_fields"]) == set(INVOICE.changed_fields(BEFORE, AFTER))


def test_relay_can_add_its_stamp_by_splicing() -> None:
    """`timing` ends the document, with or without raw data, so no event is parsed to be sent."""
    for change in (event(), event(remote_data={"InvoiceID": "x"}, raw_hash="ab")):
        text = msgspec.json.encode(change)
        assert text.endswith(b"}}")
        spliced = json.loads(text[:-2] + b',"published_at":"2026-11-03T01:02:05.441Z"}}')

        assert spliced["timing"]["published_at"] == "2026-11-03T01:02:05.441Z"
        event_model(INVOICE).model_validate(spliced)


@pytest.mark.parametrize("op", list(Op))
def test_every_operation_obeys_the_schema(op: Op) -> None:
    """Before is kept for updates and deletions only; facts too."""
    change = event(op=op)
    known = op in {Op.UPDATED, Op.DELETED}

    event_model(INVOICE).model_validate(change)
    assert (change["before"] is not None) is known
    assert bool(change["facts"]) is bool(change["changed_fields"]) is known
    assert change["source"]["snapshot"] is (op is Op.OBSERVED)
    assert change["type"] == event_type(INVOICE, op)
    assert change["change_class"] == "material"


def test_erasure_has_no_after() -> None:
    """The id says so, the entity is that of what was known."""
    change = event(op="d", after=None, tenant_name=None, normalized_at=None)

    assert change["after"] is None
    assert change["event_id"] == event_id(
        NZ.tenant_id, "invoice", AFTER["remote_id"], EPOCH, 7, None
    )
    assert change["changed_fields"] == []
    assert "name" not in change["tenant"]
    assert change["timing"]["normalized_at"] is None
    event_model(INVOICE).model_validate(change)
    with pytest.raises(ValueError, match="before or after"):
        event(before=None, after=None)


def test_time_alone_is_derived_and_dated_when_it_was_due() -> None:
    """Xero changed nothing; the event is as old as the midnight that caused it."""
    open_ = finished(INVOICE, INVOICE.at_date(invoice(), datetime(2026, 10, 30, tzinfo=UTC).date()))
    due = finished(INVOICE, INVOICE.at_date(open_, datetime(2026, 10, 31, tzinfo=UTC).date()))
    change = event(before=open_, after=due, cause=TIME.as_dict(), received_at=None, fetched_at=None)

    assert change["facts"] == ["invoice.became_due"]
    assert change["change_class"] == "derived"
    assert change["timing"]["source_changed_at"] is None
    assert dict(event_headers(change))["ce_time"] == b"2026-10-30T11:00:00.000Z"
    assert "ce_correlationid" not in dict(event_headers(change))


def test_headers_are_cloudevents_in_binary_mode() -> None:
    """Routing and filtering need no look into the value."""
    assert headers() == {
        "ce_specversion": "1.0",
        "ce_id": event()["event_id"],
        "ce_source": f"/xero/{NZ.tenant_id}",
        "ce_type": "io.ledgerwire.accounting.invoice.updated.v1",
        "ce_subject": f"invoice/{AFTER['id']}",
        "ce_time": "2026-11-03T01:02:03.198Z",
        "ce_dataschema": "https://ledgerwire.io/schemas/accounting.invoice.v1.0.0.json",
        "ce_partitionkey": key(NZ.tenant_id, "invoice", AFTER["id"]).decode(),
        "ce_sequence": "00000000000000018233",
        "ce_entityseq": "00001790000000000000.00000000000000000007",
        "ce_tenantid": NZ.tenant_id,
        "ce_connectionid": CONNECTION,
        "ce_cause": "webhook",
        "ce_facts": "invoice.partially_paid",
        "ce_correlationid": "0b3a6a52-6a5c-4f0e-9a53-3f3d4c3a9d11",
        "content-type": "application/json",
    }


@pytest.mark.parametrize(
    ("cause", "time", "correlation"),
    [
        (
            Cause(kind="poll", detected_by="sweep", poll={"run_id": "r1", "since": None}),
            "changed",
            "r1",
        ),
        (
            Cause(kind="backfill", detected_by="backfill", backfill={"job_id": "j1"}),
            "changed",
            "j1",
        ),
        (Cause(kind="api_write", detected_by="api", api_write={"request_id": "q"}), "changed", "q"),
        (Cause(kind="reconcile", detected_by="audit"), "changed", None),
    ],
)
def test_headers_tell_the_cause(cause: Cause, time: str, correlation: str | None) -> None:
    """What belongs together carries one id; without a webhook Xero's stamp is the best time."""
    found = headers(cause=cause.as_dict(), op="r")

    assert found["ce_cause"] == cause.kind
    assert found.get("ce_correlationid") == correlation
    assert found["ce_time"] == {"changed": "2026-10-17T00:01:02.147Z"}[time]
    assert "ce_facts" not in found
    nothing = {**AFTER, "updated_at": None}
    assert headers(cause=cause.as_dict(), after=nothing)["ce_time"] == "2026-11-03T01:02:05.020Z"


def test_state_records_have_headers_of_their_own() -> None:
    """Same order and place as the event, another type, schema and id: two records of one source."""
    mine, theirs = dict(event_headers(event())), dict(state_headers(event_headers(event())))
    different = {"ce_id", "ce_type", "ce_dataschema"}

    assert {name for name in mine if mine[name] != theirs[name]} == different
    assert theirs["ce_type"] == b"io.ledgerwire.accounting.invoice.state.v1"
    assert theirs["ce_dataschema"].decode() == record_schema(INVOICE)
    assert mine["ce_dataschema"].decode() == event_schema(INVOICE)
    assert theirs["ce_id"] == mine["ce_id"] + b"-state"


def test_the_cloudevents_library_reads_our_headers() -> None:
    """Tools of the ecosystem, not only ours."""
    change = event()
    message = KafkaMessage(
        headers=dict(event_headers(change)),
        key=key(NZ.tenant_id, "invoice", AFTER["id"]),
        value=msgspec.json.encode(change),
    )
    read = from_binary_event(message, JSONFormat())

    assert read.get_id() == change["event_id"]
    assert read.get_type() == "io.ledgerwire.accounting.invoice.updated.v1"
    assert read.get_extension("entityseq") == "00001790000000000000.00000000000000000007"


def test_organisation_is_linked_without_an_id_at_xero() -> None:
    """Its endpoint has no single read."""
    record = finished(COMPANY_INFO, COMPANY_INFO.missing({"id": "a", "remote_id": "b"}))
    links = event(resource=COMPANY_INFO, before=None, op="r", after=record)["links"]

    assert links == {
        "self": "/v1/accounting/company_info/a",
        "proxy": "/v1/proxy/api.xro/2.0/Organisation",
    }


def test_models_give_json_schema() -> None:
    """For every resource, with open enums and privacy classes."""
    for resource in RESOURCES:
        schema = event_model(resource).model_json_schema()
        assert event_model(resource) is event_model(resource)
        assert {"before", "after", "changed_fields", "timing"} <= set(schema["required"])
    text = json.dumps(event_model(INVOICE).model_json_schema())
    assert '"x-known-values": ["none", "not_due", "due", "overdue", "unknown"]' in text
    contacts = json.dumps([each.model.model_json_schema() for each in RESOURCES])
    assert '"x-privacy": "bank_detail"' in contacts
    assert '"x-privacy": "personal"' in contacts
    with pytest.raises(ValueError, match="not a known value"):
        INVOICE.model.model_validate({**AFTER, "timing": "soon"})


def test_event_that_is_too_large_leaves_out_what_stands_elsewhere() -> None:
    """First `before`, then Xero's own JSON; and `timing` stays last, for the relay."""
    whole = event(remote_data={"Invoice": "x" * 5000})
    full = len(event_value(whole))
    without_before = len(event_value({**whole, "before": None, "before_omitted": True}))

    assert msgspec.json.decode(event_value(whole, most_bytes=full)) == whole
    first = msgspec.json.decode(event_value(whole, most_bytes=full - 1))
    second = msgspec.json.decode(event_value(whole, most_bytes=without_before - 1))

    assert first == {**whole, "before": None, "before_omitted": True}
    assert "remote_data" not in second
    assert second["after"] == whole["after"]
    assert [list(each)[-1] for each in (first, second)] == ["timing", "timing"]
    event_model(INVOICE).model_validate_json(event_value(second))
    with pytest.raises(EventTooLarge) as refused:
        event_value(second, most_bytes=1000)
    assert "Kauri" not in str(refused.value)
