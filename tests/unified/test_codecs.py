"""Single values: every form in which Xero writes dates, numbers, texts and choices."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.codecs import (
    DATE,
    FLAG,
    GUID,
    INTEGER,
    NUMBER,
    REQUIRED_ID,
    TEXT,
    Codec,
    CodecError,
    Drift,
    Scope,
    choice,
    flag,
    instant_text,
    parse_date,
    parse_instant,
    plain,
    remote_of,
    to_decimal,
)

SCOPE = Scope("t")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(-62_000_000_000_000, 253_000_000_000_000).map(
    lambda milliseconds: EPOCH + timedelta(milliseconds=milliseconds)
)


def decode(codec: Codec, value: Any) -> Any:
    """Decode outside of any record."""
    return codec.decode(value, Scope("t"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/Date(1572566400000+0000)/", "2019-11-01T00:00:00.000Z"),
        ("/Date(1574275974000)/", "2019-11-20T18:52:54.000Z"),
        ("/Date(0)/", "1970-01-01T00:00:00.000Z"),
        ("/Date(0+0000)/", "1970-01-01T00:00:00.000Z"),
        ("/Date(-1+0000)/", "1969-12-31T23:59:59.999Z"),
        ("/Date(-2208988800000)/", "1900-01-01T00:00:00.000Z"),
        ("/Date(1572566400147+1300)/", "2019-11-01T00:00:00.147Z"),
        ("/Date(1572566400147-0800)/", "2019-11-01T00:00:00.147Z"),
        ("2019-11-20T00:00:00", "2019-11-20T00:00:00.000Z"),
        ("2018-11-02T16:36:32Z", "2018-11-02T16:36:32.000Z"),
        ("2026-11-03T01:02:03.198", "2026-11-03T01:02:03.198Z"),
        ("2026-11-03T01:02:03.1989999", "2026-11-03T01:02:03.198Z"),
        ("2026-11-03T14:02:03.198+13:00", "2026-11-03T01:02:03.198Z"),
    ],
)
def test_every_form_of_an_instant_is_read(written: str, meant: str) -> None:
    """The milliseconds are UTC already: an offset beside them is decoration."""
    instant = parse_instant(written)

    assert instant is not None
    assert meant == instant_text(instant)


@pytest.mark.parametrize(
    "written",
    [
        "/Date()/",
        "/Date(12a)/",
        "/Date(12",
        "/Date(12+00x0)/",
        "/Date(1_000)/",
        "/Date(\u0661\u0662+0000)/",
        "/Date(12+\u0660\u0660\u0660\u0660)/",
        "/Date(99999999999999999)/",
        "yesterday",
        "2026-13-01T00:00:00",
        5,
        True,
        ["2026-11-03"],
    ],
)
def test_what_is_no_date_is_refused(written: Any) -> None:
    """A date is never guessed, and the error never shows what was there."""
    for read in (parse_instant, parse_date):
        with pytest.raises(CodecError) as caught:
            read(written)
        assert caught.value.reason == "not a date"


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_date_is_null(nothing: Any) -> None:
    """Xero leaves dates out, or empty."""
    assert parse_instant(nothing) is None
    assert parse_date(nothing) is None
    assert decode(DATE, nothing) is None


@given(INSTANTS, st.sampled_from(["", "+0000", "+1300", "-0930"]))
def test_instants_survive_the_round_trip(instant: datetime, offset: str) -> None:
    """No millisecond is lost between year 1 and year 9999, on either side of 1970."""
    milliseconds = (instant - EPOCH) // timedelta(milliseconds=1)

    assert instant == parse_instant(f"/Date({milliseconds}{offset})/")
    assert instant == parse_instant(instant_text(instant))


def test_instants_are_written_in_utc() -> None:
    """Whatever zone an instant was given in."""
    eastern = datetime(2026, 11, 3, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=13)))

    assert instant_text(eastern) == "2026-11-02T12:02:03.999Z"


@given(st.dates(), st.sampled_from(["", "+0000", "+1300", "-0800"]))
def test_days_never_shift(day: date, offset: str) -> None:
    """A document's date is midnight UTC of its day, whatever zone stands beside it."""
    milliseconds = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000

    assert day.isoformat() == parse_date(f"/Date({milliseconds}{offset})/")
    assert day.isoformat() == parse_date(f"{day.isoformat()}T00:00:00")
    assert day.isoformat() == parse_date(day.isoformat())
    assert day.isoformat() == decode(DATE, f"/Date({milliseconds})/")


def test_days_of_other_hours_stay_their_day() -> None:
    """Also where Xero writes an hour into a document's date."""
    assert parse_date("/Date(1572652799999+1300)/") == "2019-11-01"
    assert parse_date("2019-11-01T23:59:59+13:00") == "2019-11-01"
    assert parse_date("/Date(-1+0000)/") == "1969-12-31"


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20
    )
)
def test_numbers_survive_the_round_trip(number: Decimal) -> None:
    """As JSON number, as text, in plain notation: the same number."""
    text = plain(number)

    assert number == to_decimal(text)
    assert number == to_decimal(number)
    assert text == decode(NUMBER, str(number)) == decode(NUMBER, number)
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (Decimal("1.0000"), "1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0"),
        (12, "12"),
        (0, "0"),
        (0.1, "0.1"),
        ("81.0005", "81.0005"),
        (" 7 ", "7"),
        ("", None),
        (None, None),
    ],
)
def test_numbers_come_as_numbers_or_texts(written: Any, meant: str | None) -> None:
    """Never through a binary float."""
    assert meant == decode(NUMBER, written)


@pytest.mark.parametrize(
    "written",
    [
        True,
        "twelve",
        "1,000.00",
        "1_000",
        [],
        "NaN",
        "Infinity",
        Decimal("NaN"),
        Decimal("sNaN"),
        float("inf"),
        "1E+999999999",
        "1E-999999999",
        Decimal("1E+41"),
        "0E+99",
    ],
)
def test_what_is_no_number_is_refused(written: Any) -> None:
    """Least of all one that would fill the memory in plain notation."""
    with pytest.raises(CodecError):
        to_decimal(written)
    with pytest.raises(CodecError):
        decode(NUMBER, written)


def test_whole_numbers_have_no_fraction() -> None:
    """A day of the month is no 20.5."""
    assert decode(INTEGER, Decimal("20.0")) == 20
    assert decode(INTEGER, "7") == 7
    assert decode(INTEGER, None) is None
    with pytest.raises(CodecError, match="not a whole number"):
        decode(INTEGER, "20.5")


def test_empty_texts_are_null() -> None:
    """Xero writes "" where there is nothing; numbers in text fields are texts."""
    assert decode(TEXT, "") is None
    assert decode(TEXT, None) is None
    assert decode(TEXT, " ") == " "
    assert decode(TEXT, 42) == "42"
    assert decode(TEXT, Decimal("4.20")) == "4.20"
    wrongs: tuple[Any, ...] = (True, [], {})
    for wrong in wrongs:
        with pytest.raises(CodecError, match="not a text"):
            decode(TEXT, wrong)


def test_ids_compare_equal_however_written() -> None:
    """Some of Xero's answers have ids in upper case."""
    assert decode(GUID, "AA11-BB") == "aa11-bb"
    assert decode(GUID, "") is None
    assert decode(GUID, None) is None
    with pytest.raises(CodecError, match="not an id"):
        decode(GUID, 5)
    with pytest.raises(CodecError, match="missing"):
        decode(REQUIRED_ID, "")


def test_flags_are_true_false_or_absent() -> None:
    """What absence means is said per field."""
    assert decode(FLAG, True) is True
    assert decode(FLAG, "False") is False
    assert decode(FLAG, "true") is True
    assert decode(FLAG, None) is None
    assert decode(FLAG, "") is None
    assert decode(flag(absent=False), None) is False
    wrongs: tuple[Any, ...] = ("yes", 1, [])
    for wrong in wrongs:
        with pytest.raises(CodecError, match="not true or false"):
            decode(FLAG, wrong)


def test_unknown_choices_pass_and_are_counted() -> None:
    """Xero adds values without notice; the raw one is kept beside, and nothing breaks."""
    status = choice("Thing.Status", {"OPEN": "open"}, written={"open": "OPEN"})
    scope = Scope("t")

    assert [status.decode(value, scope) for value in ("OPEN", "Open", "FROZEN", "", None)] == [
        "open",
        "open",
        "unknown",
        None,
        None,
    ]
    assert [Drift("value", "Thing.Status", "FROZEN")] == scope.drift
    assert [decode(remote_of(status), v) for v in ("OPEN", "open", "FROZEN", "", None, 5)] == [
        None,
        None,
        "FROZEN",
        None,
        None,
        None,
    ]
    assert status.encode is not None
    assert status.encode("open", {}) == "OPEN"
    assert status.encode("unknown", {}) is None
    with pytest.raises(CodecError, match="not a text"):
        status.decode(["OPEN"], scope)
    with pytest.raises(CodecError, match="not a text"):
        status.decode(5, scope)


def test_long_unknown_choices_are_cut() -> None:
    """A label of a metric must not become a payload."""
    scope = Scope("t")
    choice("Thing.Status", {}).decode("x" * 500, scope)

    assert [Drift("value", "Thing.Status", "x" * 64)] == scope.drift


def test_errors_know_their_way_but_not_the_value() -> None:
    """The path grows outwards; whatever stood there is somebody's money or name."""
    error = CodecError("not a number").under("Quantity").under("0").under("LineItems")

    assert error.path == ("LineItems", "0", "Quantity")
    assert str(error) == "LineItems/0/Quantity/not a number"
