"""What changes of purchase orders, quotes and repeating templates mean, by their two sides."""

from collections.abc import Iterator, Mapping
from typing import Any

Body = Mapping[str, Any]


def of_order(before: Body, after: Body) -> Iterator[str]:
    """The facts of an order."""
    was, now = before.get("status"), after.get("status")
    if was in {"draft", "submitted"} and now in {"open", "billed"}:
        yield "purchase_order.approved"
    if now in {"billed", "deleted"} and was != now:
        yield f"purchase_order.{now}"
    if after.get("is_sent") and not before.get("is_sent"):
        yield "purchase_order.sent"
    if _became(before, after, "is_delivery_overdue"):
        yield "purchase_order.delivery_overdue"


def of_quote(before: Body, after: Body) -> Iterator[str]:
    """The facts of a quote: any status but that of a draft, and the end of its time."""
    now = after.get("status")
    if now != before.get("status") and now not in {"draft", "unknown", None}:
        yield f"quote.{now}"
    if _became(before, after, "is_expired"):
        yield "quote.expired"


def of_template(before: Body, after: Body) -> Iterator[str]:
    """The facts of a template: its phases, the days of its documents, and their passing."""
    was, now = before.get("status"), after.get("status")
    if (was, now) == ("scheduled", "active"):
        yield "repeating_transaction.started"
    if now in {"ended", "deleted"} and was != now:
        yield f"repeating_transaction.{now}"
    if _became(before, after, "is_run_due"):
        yield "repeating_transaction.ran_or_missed"
    old, new = before.get("schedule") or {}, after.get("schedule") or {}
    same = [old.get(name) for name in ("interval", "unit")] == [
        new.get(name) for name in ("interval", "unit")
    ]
    left, next_one = old.get("next_date"), new.get("next_date")
    if same and left and now != "deleted" and (next_one is None or next_one > left):
        yield "repeating_transaction.moved_on"


def _became(before: Body, after: Body, name: str) -> bool:
    return bool(after.get(name)) and not before.get(name)
