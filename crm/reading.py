"""Values of unified records as payment status needs them. Pure; it knows no resource.

Whatever is not what its name promises is refused: a status built on it would be wrong in silence.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm.kit import Unreadable

#: One spelling only: ids are compared as text.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def lower_uuid(text: Any, name: str) -> str:
    """Return `text` if it is a UUID in lower case.

    Raises:
        Unreadable: it is not; the message calls it `name`.
    """
    if not isinstance(text, str) or _UUID.fullmatch(text) is None:
        raise Unreadable(f"the {name} id is not a lower-case UUID")
    return text


def optional_uuid(reference: Any, name: str) -> str | None:
    """Return the unified id inside a reference; None where there is no reference, or no id in it.

    Raises:
        Unreadable: it is no reference, or its id is no lower-case UUID.
    """
    held = as_object(reference, name).get("id")
    return None if held is None else lower_uuid(held, name)


def as_object(value: Any, name: str) -> Mapping[str, Any]:
    """Return an object; an empty one for null.

    Raises:
        Unreadable: it is neither.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unreadable(f"{name} is not an object")
    return value


def as_objects(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Return a list of objects; an empty one for null.

    Raises:
        Unreadable: it is neither.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(held, Mapping) for held in value):
        raise Unreadable(f"{name} is not a list of objects")
    return value


def decimal(text: Any, name: str) -> Decimal | None:
    """Return a finite decimal; None for null.

    Raises:
        Unreadable: it is neither.
    """
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise Unreadable(f"{name} is not a decimal") from error
    if not amount.is_finite():
        raise Unreadable(f"{name} is not a finite decimal")
    return amount


def calendar_day(text: Any, name: str) -> date | None:
    """Return a calendar day; None for null.

    Raises:
        Unreadable: it is neither.
    """
    try:
        return None if text is None else date.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Unreadable(f"{name} is not a date") from error


def moment(text: Any, name: str) -> datetime | None:
    """Return an aware instant; None for null.

    Raises:
        Unreadable: it is neither.
    """
    try:
        found = None if text is None else datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Unreadable(f"{name} is not an instant") from error
    if found is not None and found.tzinfo is None:
        raise Unreadable(f"{name} has no offset from UTC")
    return found


def rate_of(record: Mapping[str, Any]) -> Decimal | None:
    """Return the rate of a record: its currency per unit of base currency; 1 in base currency.

    None where the record does not say, or says what no rate can be.

    Raises:
        Unreadable: it is no decimal.
    """
    given = decimal(record.get("provider_exchange_rate"), "provider_exchange_rate")
    if given is None:
        currency, base = record.get("currency"), record.get("base_currency")
        return Decimal(1) if base is not None and currency == base else None
    return given if given > 0 else None
