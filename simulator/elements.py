"""Reading the elements callers send: text, decimals, days, ids, each with Xero's refusals.

Not here: rules between fields; those live with their resource.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.refusals import PostUnreadable, Refused
from simulator.wire import from_ms

Element = Mapping[str, Any]

_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_NO_ID = str(uuid.UUID(int=0))
_MS_DATE = re.compile(r"^/Date\((-?\d+)([+-]\d{4})?\)/$")


def text(element: Element, key: str, limit: int = 4000) -> str | None:
    """The text under a key; None when absent or null."""
    value = element.get(key)
    if value is None:
        return None
    if isinstance(value, bool | dict | list):
        raise PostUnreadable(f"The value of {key} is not text")
    found = str(value)
    if len(found) > limit:
        raise Refused(f"The {key} field must be {limit} characters or less")
    return found


def decimal(element: Element, key: str) -> Decimal | None:
    """The number under a key (a number or numeric text); None when absent or null."""
    value = element.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise PostUnreadable(f"The value of {key} is not a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise PostUnreadable(f"The value of {key} is not a number") from None
    if not number.is_finite():
        raise PostUnreadable(f"The value of {key} is not a number")
    return number


def flag(element: Element, key: str) -> bool | None:
    """The truth value under a key; None when absent or null."""
    value = element.get(key)
    if value is None or isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    raise PostUnreadable(f"The value of {key} is not a boolean")


def day(element: Element, key: str) -> date | None:
    """The calendar day under a key: YYYY-MM-DD, an ISO instant or Xero's millisecond form."""
    value = element.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        found = _MS_DATE.match(value)
        if found:
            return from_ms(int(found[1])).date()
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            pass
    raise PostUnreadable(f"The value of {key} is not a date")


def identifier(element: Element, key: str) -> str | None:
    """The uuid under a key in lower case with hyphens; None when absent, null or all zeros."""
    value = element.get(key)
    if value is None or value == "":
        return None
    found = as_uuid(str(value))
    if found is None:
        raise PostUnreadable(f"The value of {key} is not a valid identifier")
    return None if found == _NO_ID else found


def as_uuid(value: str) -> str | None:
    """A uuid's usual text, or None when it is none."""
    if _UUID.match(value):
        return value
    try:
        return str(uuid.UUID(value))
    except ValueError:
        return None


def part(element: Element, key: str) -> Element | None:
    """The object under a key; None when absent or null."""
    value = element.get(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise PostUnreadable(f"The value of {key} is not an object")
    return value


def parts(element: Element, key: str) -> list[Element] | None:
    """The list of objects under a key; None when absent or null."""
    value = element.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise PostUnreadable(f"The value of {key} is not a list of objects")
    return value
