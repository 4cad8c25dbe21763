"""What follows from an invoice's own values: states of its money, its days, its facts and links.

Pure functions of records. How Xero's words become those values stands in `resources.invoice`.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from unified.applied import CREDIT_ENDPOINTS, gain_of_payments
from unified.money import amount_text, minor_digits
from unified.money_block import base_twins, derive_base
from unified.vocabulary import Timer

_BASE_TWINS: Final = base_twins(
    "subtotal",
    "total_tax",
    "total",
    "total_discount",
    "amount_due",
    "amount_paid",
    "amount_credited",
)
_ZERO = Decimal(0)
_NOTHING = frozenset({None, "0", "0.00"})  #: a shortcut only: any other zero adds up too


# --- derived fields ----------------------------------------------------------------------------


def derive_invoice(record: dict[str, Any]) -> None:
    """Fill the derived fields of an invoice in place, less those that the calendar moves."""
    if record["amount_credited"] is None:
        record["amount_credited"] = _credited(record)
    derive_base(record, _BASE_TWINS)
    record["realised_gain_base"] = _gain(record)
    record["payment_status"] = _payment_status(record)


def _gain(record: Mapping[str, Any]) -> str | None:
    if record["type"] not in {"invoice", "bill"}:
        return None
    return gain_of_payments(record, receivable=record["type"] == "invoice")


def _credited(record: Mapping[str, Any]) -> str | None:
    """Xero leaves the key out of some answers: total = due + paid + credited, unless voided."""
    parts = record["total"], record["amount_due"], record["amount_paid"]
    if record["status"] in {None, "void"} or None in parts:
        return None
    total, due, paid = (Decimal(part) for part in parts)
    return amount_text(total - due - paid, minor_digits(record["currency"]))


def _payment_status(record: Mapping[str, Any]) -> str:
    status = record["status"]
    if status == "paid":
        return "paid"
    if status != "open":
        return "none"
    nothing = record["amount_paid"] in _NOTHING and record["amount_credited"] in _NOTHING
    return "unpaid" if nothing or _settled(record) <= _ZERO else "partially_paid"


def _settled(record: Mapping[str, Any]) -> Decimal:
    return Decimal(record["amount_paid"] or 0) + Decimal(record["amount_credited"] or 0)


def _is_collectable(record: Mapping[str, Any]) -> bool:
    due = record["amount_due"]
    return record["status"] == "open" and due is not None and Decimal(due) > _ZERO


def timing_of(record: Mapping[str, Any], business_date: date | None) -> dict[str, Any]:
    """The fields that the calendar moves, as they are on a day; None: the day is not known yet."""
    timing = "none"
    due_date = record["due_date"]
    if business_date is not None and due_date is not None and _is_collectable(record):
        today = business_date.isoformat()  # compares as text as it does as a date
        timing = "overdue" if today > due_date else "due" if today == due_date else "not_due"
    return {"timing": timing, "is_overdue": timing == "overdue"}


def next_timer(record: Mapping[str, Any]) -> Timer | None:
    """When the calendar moves them next; None: never."""
    if record["due_date"] is None or not _is_collectable(record):
        return None
    due = date.fromisoformat(record["due_date"])
    if record["timing"] == "overdue":
        return None
    if record["timing"] == "due":
        return Timer("invoice.overdue", due + timedelta(days=1))
    return Timer("invoice.due", due)  # also where no business date was known yet


# --- meaning -----------------------------------------------------------------------------------


def invoice_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a change means to a bookkeeper."""
    facts: list[str] = []
    status = after["status"]
    if before["status"] != status:
        if before["status"] in {"draft", "submitted"} and status in {"open", "paid"}:
            facts.append("invoice.approved")
        fact = {"paid": "paid", "void": "voided", "deleted": "deleted"}.get(status)
        if fact is not None:
            facts.append(f"invoice.{fact}")
    if after["payment_status"] == "partially_paid" and _settled(after) > _settled(before):
        facts.append("invoice.partially_paid")
    if status not in {"void", "deleted"} and _payment_removed(before, after):
        facts.append("invoice.payment_removed")
    if status not in {"void", "deleted"} and _credit_removed(before, after):
        facts.append("invoice.credit_removed")
    if after["timing"] == "due" and before["timing"] in {"none", "not_due"}:
        facts.append("invoice.became_due")
    if after["is_overdue"] and not before["is_overdue"]:
        facts.append("invoice.became_overdue")
    if after["is_sent"] and not before["is_sent"]:
        facts.append("invoice.sent")
    return facts


def _payment_removed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    left = {payment["id"] for payment in after["payments"] or ()}
    gone = any(payment["id"] not in left for payment in before["payments"] or ())
    return gone or Decimal(after["amount_paid"] or 0) < Decimal(before["amount_paid"] or 0)


def _credit_removed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    left = {credit["id"] for credit in after["credits"] or ()}
    gone = any(credit["id"] not in left for credit in before["credits"] or ())
    return gone or Decimal(after["amount_credited"] or 0) < Decimal(before["amount_credited"] or 0)


def invoice_links(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What settles it, and the template that made it: (endpoint path, remote id) of each.

    Nobody announces that a template ran but what it made.
    """
    template = (record["repeating_transaction"] or {}).get("remote_id")
    made_by = [] if template is None else [("RepeatingInvoices", template)]
    payments = [("Payments", payment["id"]) for payment in record["payments"] or ()]
    applied = [(CREDIT_ENDPOINTS[item["resource"]], item["id"]) for item in record["credits"] or ()]
    return payments + applied + made_by
