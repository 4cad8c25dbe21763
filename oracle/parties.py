"""What contacts and organisations share: addresses, telephone numbers, terms of payment."""

from collections.abc import Mapping
from typing import Any

from oracle.match import Bag
from oracle.wire import number, text

_ADDRESS_TYPES = {"POBOX": "postal", "STREET": "street", "DELIVERY": "delivery"}
_PHONE_TYPES = {
    "DEFAULT": "default",
    "DDI": "direct",
    "MOBILE": "mobile",
    "FAX": "fax",
    "OFFICE": "office",
}
_ADDRESS_PARTS = {
    "line_1": "AddressLine1",
    "line_2": "AddressLine2",
    "line_3": "AddressLine3",
    "line_4": "AddressLine4",
    "city": "City",
    "region": "Region",
    "postal_code": "PostalCode",
    "country": "Country",
}
_PHONE_PARTS = {
    "number": "PhoneNumber",
    "area_code": "PhoneAreaCode",
    "country_code": "PhoneCountryCode",
}
_TERMS = {
    "DAYSAFTERBILLDATE": "days_after_bill_date",
    "DAYSAFTERBILLMONTH": "days_after_bill_month",
    "OFCURRENTMONTH": "of_current_month",
    "OFFOLLOWINGMONTH": "of_following_month",
}

Raw = Mapping[str, Any]


def known(table: Mapping[str, str], value: Any) -> str | None:
    """A word of Xero's in unified words: "unknown" where the table has none for it."""
    found = text(value)
    return None if found is None else table.get(found.upper(), "unknown")


def addresses(raw: Raw) -> Bag:
    """Addresses that say something; Xero fills the list up with empty ones."""
    parts = {**_ADDRESS_PARTS, "attention": "AttentionTo"}
    return _typed(raw.get("Addresses"), parts, "AddressType", _ADDRESS_TYPES)


def phones(raw: Raw) -> Bag:
    """Telephone numbers that say something."""
    return _typed(raw.get("Phones"), _PHONE_PARTS, "PhoneType", _PHONE_TYPES)


def plain_address(raw: Raw | None) -> dict[str, Any] | None:
    """An address without a kind."""
    return (
        None if raw is None else {ours: text(raw.get(key)) for ours, key in _ADDRESS_PARTS.items()}
    )


def _typed(items: Any, parts: Mapping[str, str], key: str, types: Mapping[str, str]) -> Bag:
    found = []
    for item in items or ():
        values = {ours: text(item.get(theirs)) for ours, theirs in parts.items()}
        if any(values.values()):
            found.append({"type": known(types, item.get(key)), **values})
    return Bag(found, lambda item: str(item.get("type")))


def terms(raw: Raw) -> dict[str, Any]:
    """Terms of payment for sales and bills."""
    held = raw.get("PaymentTerms") or {}
    return {"sales": _term(held.get("Sales")), "bills": _term(held.get("Bills"))}


def _term(held: Raw | None) -> dict[str, Any] | None:
    if not held:
        return None
    days = number(held.get("Day"))
    return {"days": None if days is None else int(days), "basis": known(_TERMS, held.get("Type"))}
