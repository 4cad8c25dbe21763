"""What records of people have in common: a name put together from its parts."""

from collections.abc import Mapping
from typing import Any


def full_name(record: Mapping[str, Any]) -> str | None:
    """First and last name as one, whichever is known; None where neither is."""
    parts = [record[key] for key in ("first_name", "last_name") if record[key]]
    return " ".join(part.strip() for part in parts) or None
