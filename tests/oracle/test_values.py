"""The oracle's own rules for single values, against examples worked out by hand."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from oracle import wire
from oracle.difference import Difference, short
from oracle.ids import change_id, thing_id
from oracle.invoices import settlement, timing
from oracle.match import ABSENT, AnyOf, Bag, Masked, Mismatch, Number, mismatches
from oracle.money import in_base, inverse
from oracle.zones import ZONES, same_zone, zone_of


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("/Date(1572566400000+0000)/", date(2019, 11, 1)),
        ("/Date(-86400000+0000)/", date(1969, 12, 31)),
        ("/Date(0+0000)/", date(1970, 1, 1)),
        ("/Date(1572566400000+1300)/", date(2019, 11, 1)),
        ("/Date(1572566400000)/", date(2019, 11, 1)),
        ("2019-11-01T00:00:00", date(2019, 11, 1)),
        ("2019-11-01", date(2019, 11, 1)),
        ("", None),
        (None, None),
    ],
)
def test_day_is_never_shifted(written: str | None, day: date | None) -> None:
    """A document's date is a calendar day, whatever zone stands beside it."""
    assert day == wire.day(written)


def test_instant_is_utc_with_milliseconds() -> None:
    """The offset is decoration: the milliseconds are UTC already."""
    assert wire.instant("/Date(1574275974123+1300)/") == "2019-11-20T18:52:54.123Z"
    assert wire.instant("2018-11-02T16:36:32Z") == "2018-11-02T16:36:32.000Z"


def test_what_xero_would_not_send_is_refused() -> None:
    """Books that cannot be read are no verdict."""
    with pytest.raises(wire.UnreadableBooks):
        wire.day("yesterday")
    with pytest.raises(wire.UnreadableBooks):
        wire.number(True)


def test_base_amount_is_divided_and_rounded_half_up() -> None:
    """Xero: base amount = amount / rate; half a cent goes up, also below zero away from it."""
    assert Number(Decimal("326.09"), 2) == in_base("300.00", Decimal("0.92"), "NZD")
    assert Number(Decimal("0.13"), 2) == in_base("0.25", Decimal(2), "NZD")
    assert Number(Decimal("-0.13"), 2) == in_base("-0.25", Decimal(2), "NZD")
    assert Number(Decimal(125), 0) == in_base("249.00", Decimal(2), "JPY")
    assert Number(Decimal("1.086956522")) == inverse(Decimal("0.92"))


def test_ids_are_those_promised() -> None:
    """Fixed examples, so that a changed name space is noticed."""
    tenant = "9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901"
    thing = "5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11"

    assert thing_id(tenant, "invoice", thing) == "943b76c2-b8c8-5bd0-afec-829fb912756e"
    assert (
        change_id(tenant, "invoice", thing, epoch=1, sequence=1, content=None)
        == "dea3b100-9ee3-5e2a-b58b-941707b7ab7b"
    )


@pytest.mark.parametrize(
    ("found", "fits"),
    [("10.00", True), ("10.0000", True), ("10.0", False), ("10", False), ("1E1", False),
     ("+10.00", False), (Decimal("10.00"), False), (10, False), (None, False), ("10.01", False)],
)  # fmt: skip
def test_amount_is_a_plain_text_with_minor_digits(found: Any, fits: bool) -> None:
    """An equal value in another form breaks whoever parses it."""
    assert fits == Number(Decimal(10), 2).fits(found)


def test_masked_text_shows_only_its_end() -> None:
    """A bank account in clear, or nearly, is a difference."""
    hidden = Masked("12-3456-7890123-00")

    assert hidden.fits("****2300")
    assert not hidden.fits("12-3456-7890123-00")
    assert not hidden.fits("****123456789012300")
    assert not hidden.fits("****9999")


def test_bag_names_what_is_absent_and_what_is_too_much() -> None:
    """Lines are told apart by id, so that re-ordering is no difference."""
    expected = Bag([{"id": "a", "n": 1}, {"id": "b", "n": 2}], lambda item: str(item.get("id")))

    found = list(mismatches(expected, [{"id": "c"}, {"id": "b", "n": 3}], "lines"))

    assert [
        Mismatch("lines/a", "(present)", ABSENT),
        Mismatch("lines/b/n", 2, 3),
        Mismatch("lines/c", ABSENT, "(present)"),
    ] == found


def test_element_twice_is_a_mismatch() -> None:
    """Two lines with one id count once when they are told apart by it."""
    expected = Bag([{"id": "a"}], lambda item: str(item.get("id")))

    assert [one.field for one in mismatches(expected, [{"id": "a"}, {"id": "a"}])] == [""]


def test_types_count() -> None:
    """True is not 1, and a null is not an absent field."""
    assert list(mismatches(AnyOf((False, None)), None)) == []
    assert [one.field for one in mismatches({"a": True, "b": None}, {"a": 1})] == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ({"Status": "AUTHORISED", "AmountPaid": 0, "AmountCredited": 0}, "unpaid"),
        ({"Status": "AUTHORISED", "AmountPaid": 0, "AmountCredited": 1}, "partially_paid"),
        ({"Status": "PAID", "AmountPaid": 0, "AmountCredited": 5}, "paid"),
        ({"Status": "VOIDED"}, "none"),
        ({"Status": "SUBMITTED"}, "none"),
        ({"Status": "NEWSTATUS"}, "none"),
    ],
)
def test_settlement_follows_money_not_status_alone(raw: dict[str, Any], status: str) -> None:
    """Approved says nothing about how much was paid."""
    assert status == settlement(raw)


@pytest.mark.parametrize(
    ("today", "expected"),
    [(date(2026, 10, 31), "not_due"), (date(2026, 11, 1), "due"), (date(2026, 11, 2), "overdue")],
)
def test_timing_turns_at_the_organisations_midnight(today: date, expected: str) -> None:
    """Due on its day, overdue from the next."""
    raw = {"Status": "AUTHORISED", "AmountDue": 1, "DueDate": "2026-11-01"}

    assert expected == timing(raw, today)
    assert timing({**raw, "AmountDue": 0}, today) == "none"
    assert timing({**raw, "Status": "PAID"}, today) == "none"


def test_every_zone_of_the_table_exists() -> None:
    """A misspelt place would judge nothing."""
    assert len(ZONES) > 130
    assert all(ZoneInfo(zone) for zone in ZONES.values())
    assert not same_zone("Pacific/Auckland", "Pacific/Nowhere")
    assert same_zone("Asia/Kolkata", "Asia/Calcutta")
    assert zone_of("CENTRALSTANDARDTIME(MEXICO)") == "America/Mexico_City"


def test_difference_keeps_no_whole_value() -> None:
    """Values are cut where they are made, not only where they are printed."""
    one = Difference("wrong_value", None, None, None, "", {"a": 1, "b": 2}, "x" * 500)

    assert (one.expected, len(one.found)) == ("object of 2 fields", 80)
    assert short(list(range(9))) == "list of 9"
    with pytest.raises(ValueError, match="no such kind"):
        Difference("surprise", None, None, None, "", None, None)
