"""An order, a quote and a template in the world of `records`. Raw objects and records stand side by
side, each by hand. Today is 22 November 2026.
"""

from tests.oracle import records as r
from tests.oracle.records import Json, common, ms, ref
from tests.oracle.world import World, agreeing

ORDER = "a7a7a7a7-1111-4111-8111-000000000001"
QUOTE = "a7a7a7a7-2222-4222-8222-000000000001"
TEMPLATE = "a7a7a7a7-3333-4333-8333-000000000001"
LINE = "a7a7a7a7-4444-4444-8444-000000000001"
THEME = "a7a7a7a7-5555-4555-8555-000000000001"

RAW_LINE: Json = {
    "Description": "Onsite project management",
    "UnitAmount": 50.0000,
    "TaxType": "OUTPUT2",
    "TaxAmount": 20.00,
    "LineAmount": 200.00,
    "AccountCode": "200",
    "Tracking": [],
    "Quantity": 4.0000,
    "LineItemID": LINE,
}
_LINES: list[Json] = [
    {
        **r.NO_LINE,
        "id": LINE,
        "line_number": 1,
        "description": "Onsite project management",
        "quantity": "4",
        "unit_price": "50.00",
        "account": {"id": None, "remote_id": None, "code": "200"},
        "tax_rate": ref("tax_rate", "OUTPUT2"),
        "tax_amount": "20.00",
        "line_amount": "200.00",
        "net_amount": "200.00",
        "gross_amount": "220.00",
    }
]
_RAW_TOTALS: Json = {
    "LineItems": [RAW_LINE],
    "SubTotal": 200.00,
    "TotalTax": 20.00,
    "Total": 220.00,
    "CurrencyCode": "NZD",
}
_MONEY: Json = {
    "currency": "NZD",
    "base_currency": "NZD",
    "exchange_rate_to_base": "1",
    "provider_exchange_rate": None,
    "tax_mode": "exclusive",
    "remote_tax_mode": None,
    "subtotal": "200.00",
    "subtotal_base": "200.00",
    "total_tax": "20.00",
    "total_tax_base": "20.00",
    "total": "220.00",
    "total_base": "220.00",
    "total_discount": None,
    "total_discount_base": None,
    "line_items": _LINES,
    "branding_theme": ref("branding_theme", THEME),
}
RAW_ORDER: Json = {
    "PurchaseOrderID": ORDER.upper(),
    "PurchaseOrderNumber": "PO-0006",
    "Date": ms("2026-11-01"),
    "DeliveryDate": ms("2026-11-21"),
    "ExpectedArrivalDate": ms("2026-11-25"),
    "DeliveryAddress": "12 Dock Road\nLyttelton",
    "AttentionTo": "Ida",
    "SentToContact": True,
    "Reference": "REQ-88",
    "Type": "PURCHASEORDER",
    "Contact": {"ContactID": r.VENDOR, "Name": "Boots"},
    "BrandingThemeID": THEME,
    "Status": "AUTHORISED",
    "LineAmountTypes": "Exclusive",
    **_RAW_TOTALS,
    "UpdatedDateUTC": ms("2026-11-20"),
    "HasAttachments": False,
}
ORDER_RECORD: Json = {
    **common("purchase_order", ORDER, "open", "AUTHORISED"),
    **_MONEY,
    "reference": "REQ-88",
    "contact": ref("contact", r.VENDOR, name="Boots"),
    "number": "PO-0006",
    "issue_date": "2026-11-01",
    "delivery_date": "2026-11-21",
    "expected_arrival_date": "2026-11-25",
    "is_delivery_overdue": True,
    "delivery": {
        "address": "12 Dock Road\nLyttelton",
        "attention": "Ida",
        "phone": None,
        "instructions": None,
    },
    "is_sent": True,
    "has_attachments": False,
}
RAW_QUOTE: Json = {
    "QuoteID": QUOTE,
    "QuoteNumber": "QU-0007",
    "Reference": "",
    "Terms": "Half in advance",
    "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
    "Date": ms("2026-11-01"),
    "ExpiryDate": ms("2026-11-22"),
    "Status": "SENT",
    **_RAW_TOTALS,
    "Title": "Offer",
    "Summary": "",
    "BrandingThemeID": THEME,
    "UpdatedDateUTC": ms("2026-11-20"),
    "LineAmountTypes": "EXCLUSIVE",
}
QUOTE_RECORD: Json = {
    **common("quote", QUOTE, "sent", "SENT"),
    **_MONEY,
    "reference": None,
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "number": "QU-0007",
    "issue_date": "2026-11-01",
    "expiry_date": "2026-11-22",
    "is_expired": False,
    "title": "Offer",
    "summary": None,
    "terms": "Half in advance",
}
RAW_TEMPLATE: Json = {
    "Schedule": {
        "Period": 2,
        "Unit": "WEEKLY",
        "DueDate": 10,
        "DueDateType": "OFFOLLOWINGMONTH",
        "StartDate": ms("2026-11-08"),
        "EndDate": ms("2026-11-22"),
        "NextScheduledDate": ms("2026-11-22"),
    },
    "RepeatingInvoiceID": TEMPLATE,
    "Type": "ACCREC",
    "Reference": "Plan 7",
    "HasAttachments": True,
    "ApprovedForSending": True,
    "SendCopy": False,
    "MarkAsSent": False,
    "IncludePDF": True,
    "ID": TEMPLATE,
    "Contact": {"ContactID": r.CUSTOMER, "Name": "Ridgeway University"},
    "BrandingThemeID": THEME,
    "Status": "DRAFT",
    "LineAmountTypes": "Exclusive",
    **_RAW_TOTALS,
}
TEMPLATE_RECORD: Json = {
    **common("repeating_transaction", TEMPLATE, "active", "DRAFT"),
    **_MONEY,
    "reference": "Plan 7",
    "contact": ref("contact", r.CUSTOMER, name="Ridgeway University"),
    "target_type": "invoice",
    "remote_type": None,
    "generates_status": "draft",
    "schedule": {
        "interval": 2,
        "unit": "week",
        "remote_unit": None,
        "start_date": "2026-11-08",
        "next_date": "2026-11-22",
        "end_date": "2026-11-22",
        "due_rule": {"day": 10, "basis": "of_following_month", "remote_basis": None},
    },
    "is_run_due": True,
    "auto_send": {"send": True, "send_copy": False, "mark_as_sent": False, "include_pdf": True},
    "has_attachments": True,
}


def promised() -> World:
    """The world without a difference, with one of each that promises money and moves none."""
    world = agreeing()
    held: Json = world.books["tenants"][0]
    for key, raw, resource, record in (
        ("PurchaseOrders", RAW_ORDER, "purchase_order", ORDER_RECORD),
        ("Quotes", RAW_QUOTE, "quote", QUOTE_RECORD),
        ("RepeatingInvoices", RAW_TEMPLATE, "repeating_transaction", TEMPLATE_RECORD),
    ):
        held[key] = [{**raw}]
        world.publish(record, ops="r", resource=resource)
    return world
