"""Xero's values as they stand in raw books, read by the oracle's own rules.

Sources in words: Xero's "Requests and responses" page. Days are midnight UTC of a calendar day
and are never shifted; milliseconds are UTC whatever offset stands beside them; numbers may be
JSON numbers or texts; an absent key and an empty text both mean that there is no value.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

_MS = re.compile(r"/Date\((-?[0-9]+)(?:[+-][0-9]{4})?\)/")
_START = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadableBooks(ValueError):
    """The books hold a value that Xero would not send."""


def instant(value: Any) -> str | None:
    """An instant as RFC 3339 text, UTC with milliseconds. Raises UnreadableBooks."""
    if not value:
        return None
    found = _MS.fullmatch(value)
    moment = _START + timedelta(milliseconds=int(found[1])) if found else _iso(value)
    whole = moment.astimezone(UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{whole.microsecond // 1000:03d}Z"


def day(value: Any) -> date | None:
    """A calendar day. Raises UnreadableBooks."""
    if not value:
        return None
    found = _MS.fullmatch(value)
    if found:
        return (_START + timedelta(milliseconds=int(found[1]))).date()
    return _iso(value).date()


def _iso(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise UnreadableBooks("not a date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def number(value: Any) -> Decimal | None:
    """A number, exactly as written; None when there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise UnreadableBooks("a number is true or false")
    return Decimal(str(value))


def text(value: Any) -> str | None:
    """A text; None when it is empty or absent."""
    return str(value) if value not in (None, "") else None


def guid(value: Any) -> str | None:
    """An id in lower case; None when absent."""
    return str(value).lower() if value else None
