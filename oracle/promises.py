"""What records of purchase orders, quotes and repeating templates should say, from the raw ones.

Sources in words: Xero's pages on the three; the README for what unified fields mean. What is late,
expired, begun or ended is told by the organisation's calendar.
"""

from datetime import date
from typing import Any

from oracle.common import Setting, flag, identity, iso, ref, removed
from oracle.documents import MODES, Raw, contact_of, lines, money
from oracle.parties import known
from oracle.wire import day, guid, number, text

_ORDER_STATUSES = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "open",
    "BILLED": "billed",
    "DELETED": "deleted",
}
_QUOTE_STATUSES = {
    name.upper(): name for name in ("draft", "sent", "accepted", "declined", "invoiced", "deleted")
}
_DELIVERY = {
    "address": "DeliveryAddress",
    "attention": "AttentionTo",
    "phone": "Telephone",
    "instructions": "DeliveryInstructions",
}
_SENDING = {
    "send": "ApprovedForSending",
    "send_copy": "SendCopy",
    "mark_as_sent": "MarkAsSent",
    "include_pdf": "IncludePDF",
}
_BASES = {
    "DAYSAFTERBILLDATE": "days_after_bill_date",
    "DAYSAFTERBILLMONTH": "days_after_bill_month",
    "DAYSAFTERINVOICEDATE": "days_after_invoice_date",
    "DAYSAFTERINVOICEMONTH": "days_after_invoice_month",
    "OFCURRENTMONTH": "of_current_month",
    "OFFOLLOWINGMONTH": "of_following_month",
}


def purchase_order(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    status = known(_ORDER_STATUSES, raw.get("Status"))
    awaited = day(raw.get("DeliveryDate"))
    delivery = {name: text(raw.get(key)) for name, key in _DELIVERY.items()}
    return {
        **_document(raw, setting, "purchase_order", "PurchaseOrderID"),
        **removed("deleted" if status == "deleted" else None),
        "status": status,
        "number": text(raw.get("PurchaseOrderNumber")),
        "issue_date": iso(day(raw.get("Date"))),
        "delivery_date": iso(awaited),
        "expected_arrival_date": iso(day(raw.get("ExpectedArrivalDate"))),
        "is_delivery_overdue": (
            status == "open" and awaited is not None and awaited < setting.today
        ),
        "delivery": delivery if any(delivery.values()) else None,
        "is_sent": flag(raw.get("SentToContact")),
        "has_attachments": flag(raw.get("HasAttachments")),
    }


def quote(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    status = known(_QUOTE_STATUSES, raw.get("Status"))
    until = day(raw.get("ExpiryDate"))
    return {
        **_document(raw, setting, "quote", "QuoteID"),
        **removed("deleted" if status == "deleted" else None),
        "status": status,
        "number": text(raw.get("QuoteNumber")),
        "issue_date": iso(day(raw.get("Date"))),
        "expiry_date": iso(until),
        "is_expired": status == "sent" and until is not None and until < setting.today,
        "title": text(raw.get("Title")),
        "summary": text(raw.get("Summary")),
        "terms": text(raw.get("Terms")),
    }


def repeating_transaction(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    made = text(raw.get("Status"))
    gone = made == "DELETED"
    schedule = raw.get("Schedule") or {}
    start, end, run = (
        day(schedule.get(key)) for key in ("StartDate", "EndDate", "NextScheduledDate")
    )
    to_come = run is not None and (end is None or run <= end)
    sending = {name: raw.get(key) for name, key in _SENDING.items()}
    untold = all(value is None for value in sending.values())
    return {
        **_document(raw, setting, "repeating_transaction", "RepeatingInvoiceID"),
        **removed("deleted" if gone else None),
        "status": "deleted" if gone else _phase(start, end, setting.today),
        "target_type": known({"ACCREC": "invoice", "ACCPAY": "bill"}, raw.get("Type")),
        "generates_status": (
            None if gone else known({"DRAFT": "draft", "AUTHORISED": "open"}, made)
        ),
        "schedule": _schedule(schedule) if schedule else None,
        "is_run_due": not gone and to_come and run is not None and run <= setting.today,
        "auto_send": None if untold else sending,
        "has_attachments": flag(raw.get("HasAttachments")),
    }


def _phase(start: date | None, end: date | None, today: date) -> str:
    if end is not None and end < today:
        return "ended"
    return "scheduled" if start is not None and today < start else "active"


def _schedule(held: Raw) -> dict[str, Any]:
    due_day, period = number(held.get("DueDate")), number(held.get("Period"))
    basis = known(_BASES, held.get("DueDateType"))
    told = due_day is not None or basis is not None
    return {
        "interval": None if period is None else int(period),
        "unit": known({"WEEKLY": "week", "MONTHLY": "month"}, held.get("Unit")),
        "start_date": iso(day(held.get("StartDate"))),
        "next_date": iso(day(held.get("NextScheduledDate"))),
        "end_date": iso(day(held.get("EndDate"))),
        "due_rule": (
            {"day": None if due_day is None else int(due_day), "basis": basis} if told else None
        ),
    }


def _document(raw: Raw, setting: Setting, resource: str, id_key: str) -> dict[str, Any]:
    """What all three have in common."""
    totals = {
        "subtotal": raw.get("SubTotal"),
        "total_tax": raw.get("TotalTax"),
        "total": raw.get("Total"),
        "total_discount": raw.get("TotalDiscount"),
    }
    theme = guid(raw.get("BrandingThemeID"))
    return {
        **identity(setting, resource, str(guid(raw[id_key]))),
        "merged_into": None,
        "remote_status": text(raw.get("Status")),
        "extensions": {},
        "reference": text(raw.get("Reference")),
        "contact": ref(setting.tenant, "contact", contact_of(raw)),
        **money(raw, setting, totals),
        "tax_mode": known(MODES, raw.get("LineAmountTypes")),
        "line_items": lines(raw, setting),
        "branding_theme": ref(setting.tenant, "branding_theme", theme),
    }
