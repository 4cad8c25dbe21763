"""How single values are written by Xero, and how we write them: dates, numbers, texts, choices.

A codec is a pair of functions. Decoding is lenient where Xero is loose (an empty text is no
value, numbers may be texts) and strict where a guess could change the books: what cannot be read
is an error that never repeats the value, since that may be somebody's money or name.
Money stands in `money`, nested objects in `parts`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from unified.ids import Parent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_CLOCK = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
#: No amount or rate of any books has more digits on either side of the point; a number that does
#: would be written out in plain notation at its full length.
_MOST_DIGITS = 40
UNKNOWN: Final = "unknown"  #: what an open enum says for a value that we do not know


class CodecError(ValueError):
    """A value that cannot be read. `path` leads to it, `reason` says why without showing it."""

    def __init__(self, reason: str, path: tuple[str, ...] = ()) -> None:
        super().__init__("/".join((*path, reason)))
        self.reason = reason
        self.path = path

    def under(self, step: str) -> "CodecError":
        """The same error, seen from one level further out."""
        return CodecError(self.reason, (step, *self.path))


@dataclass(frozen=True, slots=True)
class Drift:
    """Something in Xero's answer that this version does not know; counted, never fatal.

    Attributes:
        kind: "field" for a key, "value" for a value of an open enum.
        path: where, such as "Invoice.Status" or "Invoice.NewKey": safe as a label.
        value: the unknown enum value, cut to 64 characters; None for a key.
    """

    kind: str
    path: str
    value: str | None = None


@dataclass(slots=True)
class Scope:
    """What decoding one record needs beside the value at hand, and what it noticed on the way."""

    tenant_id: str
    base_currency: str | None = None
    digits: int = 2  #: minor digits of the record's currency
    base_digits: int = 2  #: minor digits of the organisation's base currency
    inclusive: bool = False  #: line amounts of this document contain the tax
    parent: Parent | None = None  #: what it belongs to, where it is read below that
    drift: list[Drift] = field(default_factory=list)


Decode = Callable[[Any, Scope], Any]
Encode = Callable[[Any, Mapping[str, Any]], Any]
Canon = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Codec:
    """One way of writing a value.

    Attributes:
        decode: Xero's value (None when the key is absent) to ours.
        encode: our value to Xero's, given the whole record beside it; None: never written.
        canon: our value without what must not count as a change; None: all of it counts.
        brief: the same without keys, for the fingerprint alone; None: as `canon`.
        inside: the table of what it holds, or of each thing in its list; empty: it has none.
    """

    decode: Decode
    encode: Encode | None = None
    canon: Canon | None = None
    brief: Canon | None = None
    inside: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice(Codec):
    """An open enum; `known` holds Xero's values in upper case, `words` these with ours."""

    known: frozenset[str] = frozenset()
    words: tuple[tuple[str, str], ...] = ()


# --- instants and days -----------------------------------------------------------------------


def parse_instant(value: Any) -> datetime | None:
    """An instant in any form that Xero uses (Xero: Requests and responses, dates).

    `/Date(ms)/` with or without an offset (the milliseconds are UTC already, so the offset is
    only decoration; they may be negative), or ISO 8601 with `Z`, an offset, or no zone (UTC).

    Raises:
        CodecError: it is none of these.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise CodecError("not a date")
    try:
        if value[:6] == "/Date(":
            return _EPOCH + timedelta(0, 0, 0, _milliseconds(value))
        instant = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise CodecError("not a date") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def instant_text(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`; `instant` is aware."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    # By hand, since isoformat takes twice as long and an event holds ten instants.
    clock = _CLOCK[instant.hour * 60 + instant.minute]
    seconds = f"{instant.second:02d}.{instant.microsecond // 1000:03d}"
    return f"{_day_text(instant.toordinal())}T{clock}:{seconds}Z"


@lru_cache(maxsize=4_096)
def _day_text(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def parse_date(value: Any) -> str | None:
    """A calendar day as `YYYY-MM-DD`.

    Xero writes midnight UTC of the day, whatever zone it names beside it: a day is never shifted.

    Raises:
        CodecError: it is no date in a form that Xero uses.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise CodecError("not a date")
    return _day(value)


def read_date(value: Any, _scope: Scope) -> str | None:
    """Decode a calendar day."""
    return _day(value) if value.__class__ is str and value else parse_date(value)


@lru_cache(maxsize=32_768)
def _day(value: str) -> str:
    # Cached: a year of books holds some hundred different days, repeated on every document.
    try:
        if value.startswith("/Date("):
            return date.fromordinal(_EPOCH_DAY + _milliseconds(value) // _DAY_MS).isoformat()
        datetime.fromisoformat(value)
        return date.fromisoformat(value[:10]).isoformat()
    except (ValueError, OverflowError):
        raise CodecError("not a date") from None


def _milliseconds(value: str) -> int:
    if value[-7:] == "+0000)/" and (inner := value[6:-7]).isdigit() and inner.isascii():
        return int(inner)  # as nearly all are
    inner = value[6:-2]
    if value[-2:] != ")/":
        raise ValueError
    if inner[-5:-4] in {"+", "-"} and len(inner) > 5:
        if not inner[-4:].isascii() or not inner[-4:].isdigit():
            raise ValueError
        inner = inner[:-5]
    if not inner.removeprefix("-").isdecimal() or not inner.isascii():
        raise ValueError
    return int(inner)


def write_date(value: Any, _record: Mapping[str, Any]) -> Any:
    """A day as Xero likes it in requests: `YYYY-MM-DD`, which is how we hold it."""
    return value


# --- numbers ---------------------------------------------------------------------------------


def to_decimal(value: Any) -> Decimal | None:
    """A number, from a JSON number or a text; None for no value.

    Raises:
        CodecError: not a finite number, or one with more digits than any books have.
    """
    kind = value.__class__
    number: Decimal
    if kind is Decimal:
        number = value
    elif value is None or value == "":
        return None
    elif kind is int:
        number = Decimal(value)
    elif kind is str and "_" not in value:
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            raise CodecError("not a number") from None
    elif kind is float:
        number = Decimal(repr(value))
    else:
        raise CodecError("not a number")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise CodecError("not a finite number")
    if exponent < -_MOST_DIGITS or (number and number.adjusted() > _MOST_DIGITS) or exponent > 40:
        raise CodecError("a number of too many digits")
    return number


def plain(number: Decimal) -> str:
    """Plain notation without trailing zeros: no exponent, no negative zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def read_number(value: Any, _scope: Scope) -> str | None:
    """Decode a quantity or a percentage."""
    if value.__class__ is Decimal:
        return _plain_of(str(value))
    number = to_decimal(value)
    return None if number is None else plain(number)


@lru_cache(maxsize=4_096)
def _plain_of(text: str) -> str:
    # Cached: most quantities of most books are one, ten or a half.
    return plain(to_decimal(text) or Decimal(0))


def write_number(value: Any, _record: Mapping[str, Any]) -> Any:
    """A decimal text goes out as it is: Xero takes numeric texts, and no digit is lost."""
    return value


def read_integer(value: Any, _scope: Scope) -> int | None:
    """Decode a whole number such as a day of the month."""
    number = to_decimal(value)
    if number is None:
        return None
    if number != int(number):
        raise CodecError("not a whole number")
    return int(number)


# --- texts, flags, choices -------------------------------------------------------------------


def read_text(value: Any, _scope: Scope) -> str | None:
    """Decode a text; an empty one is no value."""
    if value.__class__ is str:
        return value or None
    if value is None:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise CodecError("not a text")


def read_guid(value: Any, _scope: Scope) -> str | None:
    """Decode an id: lower case, so that it compares equal however it was written."""
    if value.__class__ is str:
        return value.lower() or None
    if value is None:
        return None
    raise CodecError("not an id")


def read_required_id(value: Any, scope: Scope) -> str:
    """Decode an id without which the object means nothing."""
    found = read_guid(value, scope)
    if found is None:
        raise CodecError("missing")
    return found


def read_currency(value: Any, scope: Scope) -> str | None:
    """Decode an ISO 4217 code; an amount in anything else would be in no currency at all."""
    code = read_text(value, scope)
    if code is None or (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        return code
    raise CodecError("not a currency")


def as_it_is(value: Any, _record: Mapping[str, Any]) -> Any:
    """Encode a value that Xero writes as we do."""
    return value


def flag(*, absent: bool | None = None) -> Codec:
    """A boolean; `absent` is what a missing key means."""

    def decode(value: Any, _scope: Scope) -> bool | None:
        if value is True or value is False:
            return value is True
        if value is None or value == "":
            return absent
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise CodecError("not true or false")

    return Codec(decode, as_it_is)


def choice(
    path: str, values: Mapping[str, str], *, written: Mapping[str, str] | None = None
) -> Choice:
    """An open enum: Xero's values in upper case to ours; others become "unknown" and are counted.

    `path` names it for the count. `written` maps ours back to Xero's; None: read only.
    """
    known = dict(values)

    def decode(value: Any, scope: Scope) -> str | None:
        if value.__class__ is not str:
            if value is None:
                return None
            raise CodecError("not a text")
        found = known.get(value) or known.get(value.upper())
        if found is None and value:
            scope.drift.append(Drift("value", path, value[:64]))
            return UNKNOWN
        return found

    if written is None:
        return Choice(decode, known=frozenset(known), words=tuple(known.items()))
    back = dict(written)
    return Choice(
        decode,
        lambda value, _record: back.get(value),
        known=frozenset(known),
        words=tuple(known.items()),
    )


def remote_of(enum: Choice) -> Codec:
    """The sibling of an open enum: Xero's own value where ours is "unknown", else null."""
    known = enum.known

    def decode(value: Any, _scope: Scope) -> str | None:
        if value.__class__ is not str or value in known or value.upper() in known:
            return None
        return value or None

    return Codec(decode)


TEXT: Final = Codec(read_text, as_it_is)
GUID: Final = Codec(read_guid, as_it_is)
REQUIRED_ID: Final = Codec(read_required_id)
CURRENCY: Final = Codec(read_currency, as_it_is)
DATE: Final = Codec(read_date, write_date)
NUMBER: Final = Codec(read_number, write_number)
INTEGER: Final = Codec(read_integer, as_it_is)
FLAG: Final = flag()
