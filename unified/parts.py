"""Nested objects that several resources share: references, addresses, phones, tracking, terms.

Each is one line per field, as a resource is. Lines of documents stand in `lines`.
"""

from collections.abc import Mapping
from typing import Any, Final

from unified.codecs import (
    INTEGER,
    TEXT,
    Choice,
    Codec,
    CodecError,
    Decode,
    Scope,
    choice,
    read_guid,
    read_text,
    remote_of,
)
from unified.refs import brief_ref, canon_ref, make_ref, read_ref
from unified.shape import Field, Shape, decode_list, one

# --- references ------------------------------------------------------------------------------


def id_ref(resource: str, read: Decode = read_guid) -> Codec:
    """A reference that Xero writes as a bare id (or as a code, read by `read_text`)."""

    def decode(value: Any, scope: Scope) -> dict[str, Any] | None:
        return make_ref(scope, resource, read(value, scope))

    return Codec(decode, lambda ref, _record: ref.get("remote_id"), canon_ref, brief_ref)


def object_ref(resource: str, id_key: str, *, name_key: str = "Name") -> Codec:
    """A reference that Xero writes as an object; only its id is ever written back.

    Sending more than the id of a nested object edits that object (Xero: Invoices, Contact).
    """

    def decode(value: Any, scope: Scope) -> dict[str, Any] | None:
        if not value:
            return None
        if value.__class__ is not dict:
            raise CodecError("not an object")
        return read_ref(scope, resource, value.get(id_key), name=value.get(name_key))

    def encode(ref: Any, _record: Mapping[str, Any]) -> dict[str, Any] | None:
        remote_id = ref.get("remote_id")
        return None if remote_id is None else {id_key: remote_id}

    return Codec(decode, encode, canon_ref, brief_ref)


def object_refs(resource: str, id_key: str) -> Codec:
    """A list of references; their order does not count."""
    each = object_ref(resource, id_key)

    def decode(value: Any, scope: Scope) -> list[Any]:
        return [ref for ref in decode_list(value, scope, each.decode) if ref is not None]

    def canon(refs: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return sorted((canon_ref(ref) for ref in refs), key=lambda ref: ref["id"] or "")

    return Codec(decode, None, canon)


def code_ref(resource: str) -> Codec:
    """A reference that Xero knows by code only, such as a contact's default account."""

    def decode(value: Any, scope: Scope) -> dict[str, Any] | None:
        return make_ref(scope, resource, None, code=read_text(value, scope))

    return Codec(decode, lambda ref, _record: ref.get("code"), canon_ref, brief_ref)


def left_over(key: str, enum: Choice) -> Codec:
    """The sibling of an open enum, read from the object beside it: Xero's value if unknown."""
    decode = remote_of(enum).decode
    return Codec(lambda raw, scope: decode(raw.get(key), scope))


# --- addresses, phones -------------------------------------------------------------------------

_ADDRESS_TYPE: Final = choice(
    "Address.AddressType",
    {"POBOX": "postal", "STREET": "street", "DELIVERY": "delivery"},
    written={"postal": "POBOX", "street": "STREET", "delivery": "DELIVERY"},
)
_PHONE_TYPE: Final = choice(
    "Phone.PhoneType",
    {"DEFAULT": "default", "DDI": "direct", "MOBILE": "mobile", "FAX": "fax", "OFFICE": "office"},
    written={
        "default": "DEFAULT",
        "direct": "DDI",
        "mobile": "MOBILE",
        "fax": "FAX",
        "office": "OFFICE",
    },
)

_ADDRESS_LINES: Final = (
    Field("line_1", "AddressLine1", TEXT, write=True),
    Field("line_2", "AddressLine2", TEXT, write=True),
    Field("line_3", "AddressLine3", TEXT, write=True),
    Field("line_4", "AddressLine4", TEXT, write=True),
    Field("city", "City", TEXT, write=True),
    Field("region", "Region", TEXT, write=True),
    Field("postal_code", "PostalCode", TEXT, write=True),
    Field("country", "Country", TEXT, write=True),
)
_ADDRESS: Final = Shape(
    "Address",
    (
        Field("type", "AddressType", _ADDRESS_TYPE, write=True),
        Field("remote_type", ("AddressType",), left_over("AddressType", _ADDRESS_TYPE)),
        *_ADDRESS_LINES,
        Field("attention", "AttentionTo", TEXT, write=True),
    ),
)
#: An address without type or attention, for the places where the key says which one it is.
PLAIN_ADDRESS: Final = Shape("Address", _ADDRESS_LINES, ignored=("InvoiceAddressType",))


def _e164(raw: Mapping[str, Any], scope: Scope) -> str | None:
    """The number in E.164, only where its parts leave no doubt.

    A national number that begins with 0 is doubtful: most countries drop that digit abroad, some
    keep it.
    """
    country, area, number = (
        read_text(raw.get(key), scope) or ""
        for key in ("PhoneCountryCode", "PhoneAreaCode", "PhoneNumber")
    )
    if number.strip().startswith("+"):
        digits = _digits(number)
    else:
        national = _digits(area + number)
        digits = _digits(country) + national
        if not _digits(country) or not _digits(number) or national.startswith("0"):
            return None
    return f"+{digits}" if 8 <= len(digits) <= 15 and digits[0] != "0" else None


def _digits(text: str) -> str:
    return "".join(letter for letter in text if "0" <= letter <= "9")


_PHONE: Final = Shape(
    "Phone",
    (
        Field("type", "PhoneType", _PHONE_TYPE, write=True),
        Field("remote_type", ("PhoneType",), left_over("PhoneType", _PHONE_TYPE)),
        Field("number", "PhoneNumber", TEXT, write=True),
        Field("area_code", "PhoneAreaCode", TEXT, write=True),
        Field("country_code", "PhoneCountryCode", TEXT, write=True),
        Field("e164", ("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"), Codec(_e164)),
    ),
)


def _typed(shape: Shape, key: str, blanks: Mapping[str, tuple[str, ...]]) -> Codec:
    """A list with one entry per type.

    Xero fills it up with empty entries and keeps no order: empty ones are dropped, and types
    stand in a fixed order. On writing, the empty ones of `blanks` are put back, since an entry
    that is not sent stays as it was.
    """

    def decode(value: Any, scope: Scope) -> list[dict[str, Any]]:
        items = decode_list(value, scope, shape.decode)
        held = [item for item in items if any(item[name] for name in item if name not in _TYPES)]
        return sorted(held, key=lambda item: (item["type"] or "", item["remote_type"] or ""))

    def encode(items: list[Mapping[str, Any]], _record: Mapping[str, Any]) -> list[dict[str, Any]]:
        written = [_with_type(shape.encode(item), key, item) for item in items]
        sent = {item.get(key) for item in written}
        empty = [
            {key: kind, **dict.fromkeys(names, "")}
            for kind, names in blanks.items()
            if kind not in sent
        ]
        return written + empty

    return Codec(decode, encode, inside=shape.entries)


_TYPES: Final = frozenset({"type", "remote_type"})


def _with_type(body: dict[str, Any], key: str, item: Mapping[str, Any]) -> dict[str, Any]:
    if key not in body and item.get("remote_type"):
        return {key: item["remote_type"], **body}
    return body


_ADDRESS_KEYS: Final = (*(str(field.xero) for field in _ADDRESS_LINES), "AttentionTo")
_PHONE_KEYS: Final = ("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode")

ADDRESSES: Final = _typed(
    _ADDRESS, "AddressType", {"POBOX": _ADDRESS_KEYS, "STREET": _ADDRESS_KEYS}
)
PHONES: Final = _typed(
    _PHONE, "PhoneType", {kind: _PHONE_KEYS for kind in ("DEFAULT", "DDI", "FAX", "MOBILE")}
)

# --- payment terms -----------------------------------------------------------------------------

_BASIS: Final = choice(
    "PaymentTerms.Type",
    {
        "DAYSAFTERBILLDATE": "days_after_bill_date",
        "DAYSAFTERBILLMONTH": "days_after_bill_month",
        "OFCURRENTMONTH": "of_current_month",
        "OFFOLLOWINGMONTH": "of_following_month",
    },
    written={
        "days_after_bill_date": "DAYSAFTERBILLDATE",
        "days_after_bill_month": "DAYSAFTERBILLMONTH",
        "of_current_month": "OFCURRENTMONTH",
        "of_following_month": "OFFOLLOWINGMONTH",
    },
)
_TERM: Final = Shape(
    "PaymentTerms",
    (
        Field("days", "Day", INTEGER, write=True),
        Field("basis", "Type", _BASIS, write=True),
        Field("remote_basis", ("Type",), left_over("Type", _BASIS)),
    ),
)
_TERMS: Final = Shape(
    "PaymentTerms",
    (
        Field("sales", "Sales", one(_TERM), write=True),
        Field("bills", "Bills", one(_TERM), write=True),
    ),
)


def _read_terms(value: Any, scope: Scope) -> dict[str, Any]:
    return _TERMS.decode(value or {}, scope)


PAYMENT_TERMS: Final = Codec(
    _read_terms,
    lambda terms, _record: _TERMS.encode(terms) or None,
    _TERMS.canon,
    _TERMS.brief,
    _TERMS.entries,
)
