r"""How Xero writes: dates, numbers, pretty-printed JSON with `\/` and CRLF, and XML.

Source: Xero's "Requests and responses" page and recorded answers of April 2026. Records
are rendered alone, as fragments already indented for their place in an envelope, so that
a page is a join of cached bytes. What a record contains is decided elsewhere.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_DAY_MS = 86_400_000

_SINGULAR = {
    "Addresses": "Address",
    "InvoiceAddresses": "InvoiceAddress",
    "Elements": "DataContractBase",
    "Tracking": "TrackingCategory",
}

LISTS = frozenset(
    {
        "Accounts", "Actions", "Addresses", "Allocations", "Attachments", "BankTransactions",
        "BrandingThemes", "BudgetBalances", "BudgetLines", "Budgets", "ContactGroups",
        "ContactPersons", "Contacts", "CreditNotes",
        "Currencies", "Elements", "HistoryRecords", "InvoiceAddresses", "InvoicePaymentServices",
        "InvoiceReminders", "Invoices", "Items", "LineItems", "OnlineInvoices", "Options",
        "Organisations", "Overpayments", "Payments", "Phones", "Prepayments",
        "PurchaseOrders", "PurchasesTrackingCategories", "Quotes", "RepeatingInvoices",
        "SalesTrackingCategories", "TaxComponents", "TaxRates",
        "Tracking", "TrackingCategories", "ValidationErrors", "Warnings",
    }
)  # fmt: skip
"""Names under which XML has a list of elements. (BatchPayments of a contact is an object.)"""


@dataclass(frozen=True)
class Pagination:
    """The answer's `pagination` object; `item_count` is the total over all pages."""

    page: int
    page_size: int
    item_count: int

    def body(self) -> dict[str, int]:
        """The object as Xero names it."""
        pages = -(-self.item_count // self.page_size)
        return {
            "page": self.page,
            "pageSize": self.page_size,
            "pageCount": pages,
            "itemCount": self.item_count,
        }


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970 of an aware instant."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC instant of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def moment(ms: int) -> datetime:
    """The UTC instant without a zone, as callers write it in queries."""
    return from_ms(ms).replace(tzinfo=None)


def ms_instant(ms: int) -> str:
    """An instant with offset, as in UpdatedDateUTC."""
    return f"/Date({ms}+0000)/"


def ms_instant_bare(ms: int) -> str:
    """An instant without offset, as in the envelope and Organisation.CreatedDateUTC."""
    return f"/Date({ms})/"


@functools.lru_cache(maxsize=4096)
def ms_day(day: date) -> str:
    """A calendar day: midnight UTC of that day, never shifted."""
    return f"/Date({(day - _EPOCH_DAY).days * _DAY_MS}+0000)/"


@functools.lru_cache(maxsize=4096)
def day_string(day: date) -> str:
    """The twin of a day, as in DateString."""
    return f"{day.isoformat()}T00:00:00"


def instant_string(ms: int) -> str:
    """UpdatedDateUTCString: whole seconds with Z."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def seven_digits(instant: datetime) -> str:
    """Dates of /connections: seven fraction digits, no zone."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def decode(body: bytes) -> Any:
    """Parse JSON, numbers with a point as Decimal. Raises msgspec.DecodeError."""
    return _DECODER.decode(body)


def compact(value: object) -> bytes:
    """Bare compact JSON, as identity answers have it."""
    return _ENCODER.encode(value)


def pretty(value: object, depth: int = 0) -> bytes:
    r"""Two blanks, CRLF, `\/` for every slash; lines after the first indented by `depth` steps."""
    text = msgspec.json.format(_ENCODER.encode(value), indent=2)
    # A raw line break can't occur inside a JSON string, and a slash only there.
    return text.replace(b"/", b"\\/").replace(b"\n", b"\r\n" + b"  " * depth)


def fragment(record: Mapping[str, Any]) -> bytes:
    """One record, indented for its place in an envelope's list."""
    return pretty(record, 2)


def envelope(
    head: Mapping[str, Any], collection: str, fragments: Sequence[bytes], *, tail: bytes = b""
) -> bytes:
    """A whole answer: head keys, then the collection, always a list."""
    opening = pretty(head)[:-3]  # without the closing CRLF and brace
    name = collection.encode()
    if not fragments:
        return opening + b',\r\n  "' + name + b'": []' + tail + b"\r\n}"
    body = b",\r\n    ".join(fragments)
    return opening + b',\r\n  "' + name + b'": [\r\n    ' + body + b"\r\n  ]" + tail + b"\r\n}"


def xml(answer: Mapping[str, Any], root: str = "Response") -> bytes:
    """The same data as XML, for callers who did not ask for JSON."""
    parts = [
        f'<{root} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    ]
    for key, value in answer.items():
        _element(key, value, parts)
    parts.append(f"</{root}>")
    return "".join(parts).encode()


def _element(key: str, value: object, parts: list[str]) -> None:
    if isinstance(value, Mapping):
        parts.append(f"<{key}>")
        for name, inner in value.items():
            _element(name, inner, parts)
        parts.append(f"</{key}>")
    elif isinstance(value, list):
        name = _singular(key)
        parts.append(f"<{key}>")
        for inner in value:
            _element(name, inner, parts)
        parts.append(f"</{key}>")
    elif value is not None:
        parts.append(f"<{key}>{escape(_text(value))}</{key}>")


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return _SINGULAR.get(name, name.removesuffix("s"))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith("/Date("):
        ms = int(value[6:-2].removesuffix("+0000"))
        stamp = from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return stamp.removesuffix(".000")
    return str(value)
