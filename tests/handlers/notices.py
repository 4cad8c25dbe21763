"""Notices made by hand, for tests that need no database."""

from typing import Any

from storage.notices import Notice
from tests.handlers.answers import NOW, remote_id


def notice(name: str = "one", **changes: Any) -> Notice:
    """An invoice's notice, by a webhook at NOW."""
    fields: dict[str, Any] = {
        "endpoint": "Invoices",
        "remote_id": remote_id(name),
        "version": 7,
        "origin": "webhook",
        "created_hint": False,
        "hinted_at": NOW,
        "received_at": NOW,
        "delivery_id": None,
        "first_sequence": None,
        "last_sequence": None,
        "coalesced": 1,
        "single_read": False,
        "stale_reads": 0,
        "attempts": 0,
    }
    return Notice(**{**fields, **changes})
