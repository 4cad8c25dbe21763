"""What purchase orders, quotes and templates of repeating invoices look like on the wire.

Source: Xero's pages on the three and their published examples. Key order is Xero's. Orders and
quotes have four decimals always, templates two.
"""

from typing import Any

from simulator import amounts, attachments, contact_view, invoice_view
from simulator.ledger import Ledger
from simulator.model import Contact, Document
from simulator.promises import PurchaseOrder, Quote, Schedule, Template
from simulator.purchase_orders import DECIMALS
from simulator.shapes import Shape, cached
from simulator.wire import day_string, ms_day, ms_instant


def order_rendered(ledger: Ledger, order: PurchaseOrder, shape: Shape) -> bytes:
    """The order's fragment."""
    return cached(
        order,
        (shape, DECIMALS),
        _revisions(ledger, order),
        build=lambda: order_wire(ledger, order, shape),
    )


def quote_rendered(ledger: Ledger, quote: Quote, shape: Shape) -> bytes:
    """The quote's fragment."""
    return cached(
        quote, (shape, DECIMALS), _revisions(ledger, quote), build=lambda: quote_wire(ledger, quote)
    )


def template_rendered(ledger: Ledger, template: Template, shape: Shape) -> bytes:
    """The template's fragment."""
    return cached(
        template,
        (shape, 2),
        _revisions(ledger, template),
        build=lambda: template_wire(ledger, template, shape),
    )


def order_wire(ledger: Ledger, order: PurchaseOrder, shape: Shape) -> dict[str, Any]:
    """The order as Xero's keys and values."""
    out: dict[str, Any] = {
        "PurchaseOrderID": order.id,
        "PurchaseOrderNumber": order.number,
        "DateString": day_string(order.date),
        "Date": ms_day(order.date),
    }
    if order.delivery_date is not None:
        out["DeliveryDateString"] = day_string(order.delivery_date)
        out["DeliveryDate"] = ms_day(order.delivery_date)
    if order.arrival_date is not None:
        out["ExpectedArrivalDate"] = ms_day(order.arrival_date)
    texts = {
        "DeliveryAddress": order.address,
        "AttentionTo": order.attention,
        "Telephone": order.telephone,
        "DeliveryInstructions": order.instructions,
    }
    out.update((key, text) for key, text in texts.items() if text)
    out |= {
        "HasErrors": False,
        "IsDiscounted": order.total_discount != 0,
        "TotalDiscount": order.total_discount,
        "SentToContact": order.sent_to_contact or False,
    }
    if order.reference:
        out["Reference"] = order.reference
    out |= {
        "Type": order.type,
        "CurrencyRate": order.rate.quantize(amounts.RATE),
        "CurrencyCode": order.currency,
        "Contact": contact_view.embedded(ledger.contact_of(order)),
    }
    out |= _theme(order)
    out |= {
        "Status": order.status,
        "LineAmountTypes": order.line_amount_types,
        "LineItems": _lines(ledger, order, DECIMALS),
        **_totals(order),
        "UpdatedDateUTC": ms_instant(order.updated_ms),
        "HasAttachments": ledger.filing.has_files(order.id),
    }
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, order, "PurchaseOrders")
    return out


def quote_wire(ledger: Ledger, quote: Quote) -> dict[str, Any]:
    """The quote as Xero's keys and values; nothing in it tells of attachments."""
    out: dict[str, Any] = {
        "QuoteID": quote.id,
        "QuoteNumber": quote.number,
        "Reference": quote.reference,
        "Terms": quote.terms,
        "Contact": _customer(ledger.contact_of(quote)),
        "LineItems": _lines(ledger, quote, DECIMALS),
        "Date": ms_day(quote.date),
        "DateString": day_string(quote.date),
    }
    if quote.expiry_date is not None:
        out["ExpiryDate"] = ms_day(quote.expiry_date)
        out["ExpiryDateString"] = day_string(quote.expiry_date)
    out |= {
        "Status": quote.status,
        "CurrencyRate": quote.rate.quantize(amounts.RATE),
        "CurrencyCode": quote.currency,
        **_totals(quote),
        "TotalDiscount": quote.total_discount,
        "Title": quote.title,
        "Summary": quote.summary,
    }
    return out | {
        **_theme(quote),
        "UpdatedDateUTC": ms_instant(quote.updated_ms),
        "LineAmountTypes": quote.line_amount_types.upper(),
    }


def template_wire(ledger: Ledger, template: Template, shape: Shape) -> dict[str, Any]:
    """The template as Xero's keys and values; single reads were seen without how it is sent."""
    out: dict[str, Any] = {}
    if template.schedule is not None:
        out["Schedule"] = _schedule(template.schedule, template)
    out |= {"RepeatingInvoiceID": template.id, "Type": template.type}
    if template.is_sale:
        out["Reference"] = template.reference
    out["HasAttachments"] = ledger.filing.has_files(template.id)
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, template, "RepeatingInvoices")
    elif template.is_sale:
        out |= {
            "ApprovedForSending": template.approved_for_sending,
            "SendCopy": template.send_copy,
            "MarkAsSent": template.mark_as_sent,
            "IncludePDF": template.include_pdf,
        }
    return out | {
        "ID": template.id,
        "Contact": contact_view.stub(ledger.contact_of(template)),
        **_theme(template),
        "Status": template.status,
        "LineAmountTypes": template.line_amount_types,
        "LineItems": _lines(ledger, template, 2),
        **_totals(template),
        "CurrencyCode": template.currency,
    }


def _revisions(ledger: Ledger, document: Document) -> tuple[int, int, int, int]:
    contact = ledger.contact_of(document)
    return document.revision, contact.revision, contact.updated_ms, document.updated_ms


def _lines(ledger: Ledger, document: Document, decimals: int) -> list[dict[str, Any]]:
    return [invoice_view.line_wire(ledger, line, decimals) for line in document.lines]


def _totals(document: Document) -> dict[str, Any]:
    return {
        "SubTotal": document.sub_total,
        "TotalTax": document.total_tax,
        "Total": document.total,
    }


def _theme(document: Document) -> dict[str, Any]:
    theme = document.branding_theme_id
    return {} if theme is None else {"BrandingThemeID": theme}


def _customer(contact: Contact) -> dict[str, Any]:
    out = {"ContactID": contact.id, "Name": contact.name}
    names = ("EmailAddress", "FirstName", "LastName")
    return out | {key: contact.fields[key] for key in names if key in contact.fields}


def _schedule(schedule: Schedule, template: Template) -> dict[str, Any]:
    out: dict[str, Any] = {
        "Period": schedule.period,
        "Unit": schedule.unit,
        "DueDate": schedule.due_day,
        "DueDateType": schedule.due_kind,
        "StartDate": ms_day(schedule.start),
    }
    if schedule.end is not None:
        out["EndDate"] = ms_day(schedule.end)
    if template.next_run is not None and template.status != "DELETED":
        out["NextScheduledDate"] = ms_day(template.next_run)
    return out
