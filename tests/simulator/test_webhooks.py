"""Webhooks: bytes, signatures, delivery, retries, disabling, replay, intent to receive."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from starlette.responses import Response

from simulator import webhooks
from simulator.config import DeliveryPolicy
from simulator.webhooks import Event
from simulator.wire import to_ms
from tests.simulator.callers import OK, Caller, Sink
from tests.simulator.conftest import Link, Start

KEY = "kXp2sQ7Lr0vB1mN4tY8uW3eZ6aC9dF5gH2jK7lP0oI4xS1qR8wT3yU6vE9bA5cDnM2fG7hJ0kL4zX1pQ8sV3rw=="
QUICK = DeliveryPolicy(spacing_s=(0.0, 0.01), retry_schedule_s=(0.0, 0.02), hold_s=0.5)
PATIENT = DeliveryPolicy(spacing_s=(0.0, 0.01), retry_schedule_s=(60.0,))


@pytest.mark.behaviour("Webhooks", "the signature is over the raw bytes, with the key as text")
def test_empty_payload_has_the_known_bytes_and_signature() -> None:
    """The key is used as text; decoding it first would give another result."""
    body = webhooks.serialise([], 0, 0, "QWMTKZPLHBXVAERDYNCU")

    assert body == (
        b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
        b'"entropy": "QWMTKZPLHBXVAERDYNCU"}'
    )
    assert webhooks.sign(KEY, body) == "dyy0mFIHpNCCyWIrqUko9vJAY1PqQA8DdG9+2Nks+hM="


@pytest.mark.behaviour("Webhooks", "payloads have the key order and blanks of the wire")
def test_full_payload_has_the_known_bytes_and_signature() -> None:
    """789 bytes, key order and blanks as observed."""
    first = Event(
        resource_id="5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11",
        tenant_id="9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901",
        category="INVOICE",
        kind="UPDATE",
        at_ms=to_ms(datetime(2026, 11, 3, 4, 17, 52, 310_000, tzinfo=UTC)),
    )
    second = Event(
        resource_id="0a6b7c31-91d4-4a5e-8c07-7be0a5b3d2f0",
        tenant_id="c47a1e90-08f2-4b7d-a1c3-5e2f90b7d664",
        category="CREDITNOTE",
        kind="CREATE",
        at_ms=to_ms(datetime(2026, 11, 3, 4, 17, 53, 2_000, tzinfo=UTC)),
        data={"Type": "ACCRECCREDIT", "Status": "AUTHORISED"},
    )

    body = webhooks.serialise([first.body(), second.body()], 1207, 1208, "ZHRQVNAXWTKYBMLDCEPU")

    assert len(body) == 789
    assert webhooks.sign(KEY, body) == "SKnuD+owGViTwcZP5gLSni5B1v0gdPZcrRJIJJVyT3c="


async def started(start: Start, sink: Sink, **wishes: object) -> Caller:
    """A simulator that delivers to the sink; the caller has no token."""
    running = await start(**{"webhook_url": sink.url, "delivery": QUICK, **wishes})
    return Caller(running)


async def flush(caller: Caller, timeout_s: float = 10) -> int:
    """Deliver everything; returns what is still pending."""
    return await caller.running.simulation.courier.flush(timeout_s)


@pytest.fixture
async def caller(start: Start, sink: Sink) -> AsyncIterator[Caller]:
    """A quick simulator that delivers to the sink."""
    made = await started(start, sink)
    yield made
    await made.http.aclose()


@pytest.mark.behaviour("Webhooks", "CREATE and UPDATE, never DELETE, signed and in order")
async def test_changes_are_delivered_signed_and_in_order(caller: Caller, sink: Sink) -> None:
    """Create, update, archive: CREATE then UPDATE; never DELETE."""
    tenant = next(iter(caller.running.books))
    contact = tenant.create_contact(Name="Ada")
    tenant.rename_contact(contact.id, "Bo")
    tenant.archive_contact(contact.id)

    assert await flush(caller) == 0

    assert all(one.right for one in sink.received)
    assert [(e["eventCategory"], e["eventType"]) for e in sink.events] == [
        ("CONTACT", "CREATE"), ("CONTACT", "UPDATE"), ("CONTACT", "UPDATE")
    ]  # fmt: skip
    assert {e["resourceId"] for e in sink.events} == {contact.id}


@pytest.mark.behaviour("Webhooks", "no header but those of the wire")
async def test_headers_are_xeros_and_no_more(caller: Caller, sink: Sink) -> None:
    """No User-Agent, no delivery id, no time."""
    next(iter(caller.running.books)).create_contact(Name="Ada")
    await flush(caller)

    assert set(sink.received[0].headers) <= {
        "host", "accept", "accept-encoding", "content-type", "content-length",
        "x-xero-signature", "connection",
    }  # fmt: skip


@pytest.mark.behaviour("Webhooks", "an event is stamped a little after its record")
async def test_event_is_stamped_a_little_after_its_record(caller: Caller, sink: Sink) -> None:
    """Milliseconds, no zone, some fifty behind."""
    contact = next(iter(caller.running.books)).create_contact(Name="Ada")
    await flush(caller)

    (event,) = sink.events
    assert re.fullmatch(r"2026-03-10T02:30:00\.0[3-6]\d", event["eventDateUtc"])
    assert event["resourceUrl"] == f"https://api.xero.com/api.xro/2.0/Contacts/{contact.id}"


@pytest.mark.behaviour("Webhooks", "sequence numbers rise over all organisations")
async def test_sequences_rise_without_gaps_over_all_tenants(start: Start, sink: Sink) -> None:
    """One payload may mix organisations."""
    caller = await started(start, sink, tenants=2)
    for number in range(30):
        for tenant in caller.running.books:
            tenant.create_contact(Name=f"c{number}")
    await flush(caller)
    await caller.http.aclose()

    payloads = sorted(
        (json.loads(one.body) for one in sink.received), key=lambda p: p["firstEventSequence"]
    )
    expected = 1
    for payload in payloads:
        assert payload["firstEventSequence"] == expected
        assert payload["lastEventSequence"] == expected + len(payload["events"]) - 1
        expected = payload["lastEventSequence"] + 1
    assert expected == 61
    assert any(len({e["tenantId"] for e in p["events"]}) == 2 for p in payloads)


@pytest.mark.behaviour("Webhooks", "a retry repeats the payload byte by byte")
async def test_failed_delivery_is_repeated_byte_by_byte(caller: Caller, sink: Sink) -> None:
    """A retry is the same payload with the same signature."""
    sink.answers = [Response(status_code=503), Response(status_code=200)]
    next(iter(caller.running.books)).create_contact(Name="Ada")

    await sink.wait_for(2)
    await flush(caller)

    first, second = sink.received
    assert (first.body, first.headers["x-xero-signature"]) == (
        second.body, second.headers["x-xero-signature"]
    )  # fmt: skip
    counts = caller.running.simulation.courier.counts
    assert (counts.posts, counts.acknowledged, counts.failures) == (2, 1, {"503": 1})


@pytest.mark.parametrize(
    "broken",
    [Response("OK"), Response(headers={"set-cookie": "a=b"}), Response(status_code=302)],
    ids=["body", "cookie", "redirect"],
)
@pytest.mark.behaviour("Webhooks", "answers with bodies, cookies or redirects count as failed")
async def test_answers_with_bodies_cookies_or_redirects_count_as_failed(
    caller: Caller, sink: Sink, broken: Response
) -> None:
    """200 alone is not enough."""
    sink.answers = [broken]
    next(iter(caller.running.books)).create_contact(Name="Ada")

    await flush(caller)

    assert len(sink.received) == 2


@pytest.mark.behaviour(
    "Webhooks",
    "disabled after the last retry, and replayed in order once healthy",
)
async def test_disabled_after_the_schedule_and_replayed_once_healthy(
    caller: Caller, sink: Sink
) -> None:
    """What came meanwhile is kept and sent in order after a passed validation."""
    tenant = next(iter(caller.running.books))
    courier = caller.running.simulation.courier
    sink.broken = Response(status_code=500)
    tenant.create_contact(Name="one")
    await sink.wait_for(3)
    await flush(caller)
    disabled = courier.state
    tenant.create_contact(Name="two")
    tenant.create_contact(Name="three")
    stored = courier.stored
    sink.broken = None
    sink.received.clear()

    result = await caller.control("webhook", {"url": sink.url})
    await flush(caller)

    assert (disabled, stored) == ("disabled", 3)
    assert (result["message"], result["state"]) == (OK, "enabled")
    sequences = [json.loads(one.body)["firstEventSequence"] for one in sink.received]
    assert [number for number in sequences if number] == [1, 2, 3]


@pytest.mark.behaviour("Webhooks", "retries that wait go as soon as the receiver is back")
async def test_success_lets_waiting_retries_go_at_once(start: Start, sink: Sink) -> None:
    """Nobody waits a quarter of an hour for a receiver that is back."""
    caller = await started(start, sink, delivery=PATIENT)
    tenant = next(iter(caller.running.books))
    sink.answers = [Response(status_code=503)]
    tenant.create_contact(Name="one")
    await sink.wait_for(1)

    pending = await flush(caller)
    await caller.http.aclose()

    assert pending == 0
    assert len(sink.received) == 2


@pytest.mark.parametrize(
    ("kind", "posts", "events"),
    [("lose", 0, 0), ("repeat", 2, 2), ("delay", 1, 1), ("reorder", 1, 1)],
)
@pytest.mark.behaviour("Faults", "deliveries that are lost, repeated or delayed")
async def test_delivery_faults(
    caller: Caller, sink: Sink, kind: str, posts: int, events: int
) -> None:
    """Lost ones leave a gap in the sequence; the others arrive in the end."""
    await caller.control("faults", {"deliveries": {"next": {kind: 1}, "delay_s": 30}})
    tenant = next(iter(caller.running.books))
    tenant.create_contact(Name="one")

    assert await flush(caller) == 0
    assert (len(sink.received), len(sink.events)) == (posts, events)
    tenant.create_contact(Name="two")
    await flush(caller)
    assert json.loads(sink.received[-1].body)["firstEventSequence"] == 2


@pytest.mark.behaviour("Faults", "deliveries that overtake each other")
async def test_reordered_payload_is_overtaken(caller: Caller, sink: Sink) -> None:
    """The later one arrives first."""
    await caller.control("faults", {"deliveries": {"next": {"reorder": 1}}})
    tenant = next(iter(caller.running.books))
    courier = caller.running.simulation.courier
    tenant.create_contact(Name="one")
    while courier.counts.reordered == 0:
        await _turn()
    tenant.create_contact(Name="two")
    await sink.wait_for(2)

    order = [json.loads(one.body)["firstEventSequence"] for one in sink.received]
    assert order == [2, 1]


async def _turn() -> None:
    """Let other tasks run."""
    await asyncio.sleep(0)


@pytest.mark.behaviour("Webhooks", "intent to receive: signatures wrong by one character want 401")
async def test_intent_to_receive_passes_a_right_receiver(caller: Caller, sink: Sink) -> None:
    """Four empty calls; the wrong ones differ by one character at the first or middle place."""
    result = await caller.control("webhook", {"url": sink.url})

    assert result["message"] == OK
    assert len(sink.received) == 4
    assert {one.right for one in sink.received} == {True, False}
    for one in sink.received:
        right = webhooks.sign(sink.key, one.body)
        sent = one.headers["x-xero-signature"]
        wrong_at = [at for at in range(44) if right[at] != sent[at]]
        assert len(one.body) == 95
        assert len(sent) == 44
        assert wrong_at in ([], [0], [22])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Response(status_code=401), "Response not 200"),
        (Response(status_code=200), "Response to incorrectly signed payload not 401"),
    ],
)
@pytest.mark.behaviour("Webhooks", "one wrong answer fails the validation, in the portal's words")
async def test_intent_to_receive_fails_wrong_receivers(
    caller: Caller, sink: Sink, broken: Response, message: str
) -> None:
    """One wrong answer fails the run, in the portal's words."""
    sink.broken = broken

    result = await caller.control("webhook", {"url": sink.url})

    assert (result["message"], result["state"]) == (message, "intent to receive required")


@pytest.mark.behaviour("Webhooks", "nothing is delivered before a passed validation")
async def test_nothing_is_delivered_before_validation_when_asked(start: Start, sink: Sink) -> None:
    """Events before the subscription works are not kept."""
    caller = await started(start, sink, intent_to_receive=True)
    tenant = next(iter(caller.running.books))
    tenant.create_contact(Name="one")
    assert (await flush(caller), sink.received) == (0, [])

    await caller.control("webhook", {"url": sink.url})
    tenant.create_contact(Name="two")
    await flush(caller)
    await caller.http.aclose()

    assert len(sink.events) == 1


@pytest.mark.parametrize(("switch", "events"), [(True, 2), (False, 1)])
@pytest.mark.behaviour("Webhooks", "whether a payment fires INVOICE UPDATE is a switch")
async def test_payment_fires_invoice_update_by_switch(
    start: Start, sink: Sink, switch: bool, events: int
) -> None:
    """Either way the invoice is stamped, so that a sweep finds it."""
    caller = await started(start, sink, payment_fires_invoice_update=switch)
    tenant = next(iter(caller.running.books))
    contact = tenant.create_contact(Name="Ada")
    made = tenant.create_invoice(
        Type="ACCREC",
        Status="AUTHORISED",
        Contact={"ContactID": contact.id},
        DueDate="2026-04-01",
        LineItems=[{"Description": "x", "UnitAmount": 10, "AccountCode": "200"}],
    )
    stamp = made.updated_ms

    tenant.pay(made.id)
    await flush(caller)
    await caller.http.aclose()

    assert len([e for e in sink.events if e["resourceId"] == made.id]) == events
    assert made.updated_ms > stamp


@pytest.mark.behaviour("Webhooks", "events of category PAYMENT are opt-in")
async def test_payment_category_is_opt_in(start: Start, link: Link, sink: Sink) -> None:
    """Unconfirmed at Xero, so off unless asked for."""
    caller = await started(start, sink, payment_events=True)
    tenant = next(iter(caller.running.books))
    contact = tenant.create_contact(Name="Ada")
    made = tenant.create_invoice(
        Type="ACCPAY",
        Status="AUTHORISED",
        Contact={"ContactID": contact.id},
        DueDate="2026-04-01",
        LineItems=[{"Description": "x", "UnitAmount": 10, "AccountCode": "400"}],
    )

    payment = tenant.pay(made.id)
    await flush(caller)
    await caller.http.aclose()

    (event,) = [e for e in sink.events if e["eventCategory"] == "PAYMENT"]
    assert event["resourceId"] == payment.id
