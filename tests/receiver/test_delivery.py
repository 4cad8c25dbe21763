"""Reading deliveries: which events hint at something, and what is said of the others."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.delivery import Delivery, read_delivery
from storage.deliveries import Hint
from tests.receiver.service import delivery, event
from tests.receiver.vectors import CREDIT_NOTE_TENANT, EVENTS, INVOICE_TENANT, VALIDATION
from unified.ids import RemoteId, TenantId

TENANT = "0f6d1c1e-6d3c-4b1e-9a55-7a1f2f1f8a11"
THING = "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11"


def one(**changed: Any) -> Delivery:
    """Read a delivery of one event with these changes."""
    return read_delivery(delivery(event(TENANT, **{"resourceId": THING, **changed})))


def test_example_of_two_organisations_is_read() -> None:
    """The invoice becomes a hint of its own tenant; the credit note is no resource of ours."""
    assert read_delivery(EVENTS) == Delivery(
        first_sequence=1207,
        last_sequence=1208,
        event_count=2,
        hints=(
            Hint(
                tenant_id=TenantId(INVOICE_TENANT),
                endpoint="Invoices",
                remote_id=RemoteId(THING),
                created=False,
                hinted_at=datetime(2026, 11, 3, 4, 17, 52, 310_000, tzinfo=UTC),
            ),
            Hint(
                tenant_id=TenantId(CREDIT_NOTE_TENANT),
                endpoint="CreditNotes",
                remote_id=RemoteId("0a6b7c31-91d4-4a5e-8c07-7be0a5b3d2f0"),
                created=True,
                hinted_at=datetime(2026, 11, 3, 4, 17, 53, 2_000, tzinfo=UTC),
            ),
        ),
        ignored={},
    )


def test_validation_call_is_told_apart() -> None:
    """No event and both numbers 0: Xero is only checking the address."""
    assert read_delivery(VALIDATION).is_validation
    assert not read_delivery(EVENTS).is_validation
    assert not read_delivery(delivery(first=0, last=5)).is_validation
    assert not read_delivery(b"{}").is_validation


@pytest.mark.parametrize(
    ("category", "endpoint"),
    [
        ("INVOICE", "Invoices"),
        ("CONTACT", "Contacts"),
        ("CREDITNOTE", "CreditNotes"),
        ("PREPAYMENT", "Prepayments"),
        ("OVERPAYMENT", "Overpayments"),
        ("PAYMENT", "Payments"),
    ],
)
def test_category_leads_to_the_endpoint(category: str, endpoint: str) -> None:
    """What to read follows from the category, never from the address in the event."""
    read = one(eventCategory=category, resourceUrl="https://evil.example/api")

    assert [hint.endpoint for hint in read.hints] == [endpoint]
    assert read.ignored == {}


def test_creation_is_noted() -> None:
    """It decides between a created and an observed event later on."""
    assert [hint.created for hint in one(eventType="CREATE").hints] == [True]
    assert [hint.created for hint in one(eventType="UPDATE").hints] == [False]


ODDITIES: dict[str, tuple[dict[str, Any], dict[str, int], int]] = {
    "category nobody told of": ({"eventCategory": "QUOTE"}, {"unknown_category": 1}, 0),
    "category in lower case": ({"eventCategory": "invoice"}, {"unknown_category": 1}, 0),
    "category missing": ({"eventCategory": None}, {"bad_event": 1}, 0),
    "category not a text": ({"eventCategory": ["INVOICE"]}, {"bad_event": 1}, 0),
    "subscription of the app": (
        {"eventCategory": "SUBSCRIPTION", "tenantType": "APPLICATION"},
        {"not_carried": 1},
        0,
    ),
    "overpayment, with data": (
        {"eventCategory": "OVERPAYMENT", "data": {"Status": "PAID"}},
        {},
        1,
    ),
    "type nobody told of": ({"eventType": "DELETE"}, {"unknown_type": 1}, 1),
    "type missing": ({"eventType": None}, {"unknown_type": 1}, 1),
    "type not a text": ({"eventType": {"a": 1}}, {"unknown_type": 1}, 1),
    "a new key": ({"severity": "high"}, {"unknown_field": 1}, 1),
    "a new key and a new type": (
        {"severity": "high", "eventType": "MERGE"},
        {"unknown_field": 1, "unknown_type": 1},
        1,
    ),
    "tenant type nobody told of": ({"tenantType": "PRACTICE"}, {}, 1),
    "tenant missing": ({"tenantId": None}, {"bad_event": 1}, 0),
    "tenant not a uuid": ({"tenantId": "everyone"}, {"bad_event": 1}, 0),
    "tenant a number": ({"tenantId": 7}, {"bad_event": 1}, 0),
    "tenant with a newline": ({"tenantId": f"{TENANT}\n"}, {"bad_event": 1}, 0),
    "id missing": ({"resourceId": None}, {"bad_event": 1}, 0),
    "id with a NUL": ({"resourceId": f"{THING}\0"}, {"bad_event": 1}, 0),
}


@pytest.mark.parametrize(("changed", "ignored", "hints"), ODDITIES.values(), ids=ODDITIES)
def test_oddity_is_counted(changed: dict[str, Any], ignored: dict[str, int], hints: int) -> None:
    """Nothing unknown is dropped in silence, and nothing unknown stops what is known."""
    made = event(TENANT, resourceId=THING) | changed
    read = read_delivery(delivery({key: made[key] for key in made if made[key] is not None}))

    assert read.ignored == ignored
    assert len(read.hints) == hints
    assert not read.unreadable


@pytest.mark.parametrize("strange", [None, 7, "INVOICE", [], [1], True, 1.5])
def test_event_that_is_no_object_is_counted(strange: Any) -> None:
    """Its neighbours are hints all the same."""
    read = read_delivery(delivery(strange, event(TENANT)))

    assert read.ignored == {"bad_event": 1}
    assert (read.event_count, len(read.hints)) == (2, 1)


def test_new_key_of_the_delivery_is_counted_once() -> None:
    """It is about the delivery, not about its events."""
    read = read_delivery(delivery(event(TENANT), event(TENANT), region="AU"))

    assert read.ignored == {"unknown_field": 1}
    assert len(read.hints) == 2


def test_ids_are_spelled_our_way() -> None:
    """Upper and lower case are one thing, or one invoice would have two notices."""
    read = read_delivery(delivery(event(TENANT.upper(), resourceId=THING.upper())))

    assert [(hint.tenant_id, hint.remote_id) for hint in read.hints] == [(TENANT, THING)]


INSTANTS = {
    "2026-11-03T04:17:52.310": datetime(2026, 11, 3, 4, 17, 52, 310_000, tzinfo=UTC),
    "2026-11-03T04:17:52": datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC),
    "2026-11-03T04:17:52.3101234": datetime(2026, 11, 3, 4, 17, 52, 310_123, tzinfo=UTC),
    "2026-11-03T04:17:52Z": datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC),
    "2026-11-03T04:17:52+13:00": datetime(
        2026, 11, 3, 4, 17, 52, tzinfo=timezone(timedelta(hours=13))
    ),
    "0001-01-01T00:00:00+13:00": None,  # before the calendar begins
    "/Date(1518685950940+0000)/": None,
    "yesterday": None,
    "": None,
}


@pytest.mark.parametrize(("text", "instant"), INSTANTS.items(), ids=list(INSTANTS))
def test_event_date_is_utc(text: str, instant: datetime | None) -> None:
    """It comes without a zone and is named UTC; one that can't be read is left out."""
    read = one(eventDateUtc=text)

    assert [hint.hinted_at for hint in read.hints] == [instant]
    assert all(hint.hinted_at is None or hint.hinted_at.tzinfo is UTC for hint in read.hints)


def test_missing_event_date_is_no_reason_to_ignore() -> None:
    """Only the order of hints is lost with it."""
    assert [hint.hinted_at for hint in one(eventDateUtc=None).hints] == [None]
    never = ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999")
    assert [one(eventDateUtc=text).hints[0].hinted_at for text in never] == [None, None]
    assert [hint.hinted_at for hint in one(eventDateUtc=1762143472310).hints] == [None]


@pytest.mark.parametrize("number", ["7", 7.0, True, None, -1, 2**63, 10**30, [], {}])
def test_unusable_sequence_number_is_left_out(number: Any) -> None:
    """Numbers only help to notice gaps; without them the events count all the same."""
    read = read_delivery(delivery(event(TENANT), first=number, last=number))

    assert (read.first_sequence, read.last_sequence) == (None, None)
    assert len(read.hints) == 1


UNREADABLE = {
    "nothing": b"",
    "text": b"hello",
    "cut short": EVENTS[:-3],
    "two values": EVENTS + EVENTS,
    "not UTF-8": b'{"events":["\xff\xfe"]}',
    "byte order mark": b"\xef\xbb\xbf" + EVENTS,
    "list": b"[]",
    "number": b"7",
    "null": b"null",
    "no events": b'{"firstEventSequence": 0,"lastEventSequence": 0}',
    "events null": b'{"events":null}',
    "events an object": b'{"events":{}}',
    "too deep": b'{"events":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_body_that_is_no_delivery_is_unreadable(body: bytes) -> None:
    """It is kept as it came, since sending it again could not mend it."""
    assert read_delivery(body) == Delivery(unreadable=True)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(body: bytes) -> None:
    """A genuine delivery is never answered with a failure of ours."""
    read_delivery(body)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(event(TENANT))), _VALUES), more=_VALUES)
def test_any_event_is_a_hint_or_has_a_reason(changes: dict[str, Any], more: Any) -> None:
    """Every event is accounted for, and the sound one beside it is never lost."""
    read = read_delivery(delivery({**event(TENANT), **changes}, event(TENANT), first=more))

    without = sum(
        read.ignored.get(reason, 0) for reason in ("unknown_category", "not_carried", "bad_event")
    )
    assert read.event_count == 2
    assert len(read.hints) + without == 2
    assert len(read.hints) >= 1
