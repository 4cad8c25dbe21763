"""What `tail` prints: events and the records of all other topics, one line each."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledgerwire.cli.columns import columns
from ledgerwire.failures import WrongUsage
from ledgerwire.lines import event_line, record_line
from ledgerwire.tailing import Message, Wanted, topics_by_name

TENANT = "2b5acf8a-bcfd-4664-9110-367c150ffabe"
AT = datetime(2026, 11, 22, 18, 15, 36, 50_000, tzinfo=UTC)


def _event(**changes: Any) -> dict[str, Any]:
    event = {
        "op": "u",
        "facts": ["invoice.paid"],
        "tenant": {"id": TENANT, "name": "Harbour Roasters"},
        "entity": {"resource": "invoice", "type": "bill", "id": "9c11", "number": "B-7"},
        "sequence": 3,
        "after": {"name": None},
        "changed_fields": ["/total", "/line_items/1/quantity", "/line_items/1/amount"],
        "cause": {"kind": "webhook"},
        "timing": {"published_at": "2026-11-22T18:15:36.050Z"},
    }
    return event | changes


def test_event_tells_when_whose_what_which_and_why() -> None:
    """All that a person asks of a change, in words rather than letters."""
    line = event_line(_event())

    assert line.startswith("2026-11-22T18:15:36.050Z  Harbour Roasters    updated  bill  ")
    assert "B-7" in line
    assert line.endswith("#3   webhook    invoice.paid")
    assert event_line(_event(), short=True).startswith("18:15:36.050  Harbour Roasters")


def test_event_without_facts_tells_its_fields() -> None:
    """Elements of one list are one field, and too many are cut."""
    assert event_line(_event(facts=[])).endswith("total, line_items")
    many = [f"/field_{number}" for number in range(6)]
    assert event_line(_event(facts=[], changed_fields=many)).endswith("field_3, …")


def test_event_of_an_unknown_operation_is_still_shown() -> None:
    """A later version's events must not end a tail."""
    assert " z " in event_line(_event(op="z"))


def test_tombstone_is_told_as_one() -> None:
    """A null value on a compacted topic says: forget this key."""
    topic = "xero.accounting.contacts.state.v1"

    line = record_line(topic, f"{TENANT}:contact:9c11", None, kind=None, at=AT)

    assert line == (
        f"2026-11-22T18:15:36.050Z  contacts-state         {TENANT}:contact:9c11 (tombstone)"
    )


def test_control_message_tells_its_kind_and_its_fields() -> None:
    """What the key says already is not said again."""
    value = {"tenant_id": TENANT, "resource": "invoice", "read": 5, "total": None, "state": "done"}

    line = record_line("xero.control.v1", TENANT, value, kind="backfill_progress", at=AT)

    assert line.endswith(f"{TENANT} backfill_progress resource=invoice read=5 state=done")


def test_topics_are_known_by_their_telling_part() -> None:
    """Nobody types `xero.crm.invoice-payment-status.v1`, and whoever does is understood."""
    known = topics_by_name("books")

    assert known["invoices"] == "books.accounting.invoices.events.v1"
    assert known["dead"] == "books.dead.v1"
    wanted = Wanted(topics=("invoices", "books.accounting.invoices.events.v1", "control"))
    assert wanted.names("books") == ["books.accounting.invoices.events.v1", "books.control.v1"]
    with pytest.raises(WrongUsage, match=r"no topic bills: take one of accounts, .*company-info"):
        Wanted(topics=("bills",)).names("books")


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (Wanted(), True),
        (Wanted(tenant=TENANT, entity="invoice"), True),
        (Wanted(entity="contact"), False),
        (Wanted(tenant="0d1f"), False),
    ],
)
def test_records_are_chosen_by_key(wanted: Wanted, *, answer: bool) -> None:
    """Every topic's key begins with the tenant, so the choice works on all of them."""
    assert wanted.matches(f"{TENANT}:invoice:9c11") is answer


def test_json_of_a_tombstone_names_its_key() -> None:
    """A line `null` would tell nothing."""
    message = Message("xero.accounting.contacts.state.v1", "a:contact:b", None, None, AT)

    assert message.as_json() == '{"key":"a:contact:b","tombstone":true}'


def test_columns_are_aligned_and_nothing_is_cut() -> None:
    """Ids are there to be copied."""
    assert columns(("name", "tenant"), [("Li", TENANT), ("Harbour Roasters", None)]) == (
        f"name              tenant\nLi                {TENANT}\nHarbour Roasters  -"
    )
