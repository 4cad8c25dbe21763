"""What the record of an invoice or a bill should say, from the raw document.

Sources in words: Xero's invoices page for statuses, amounts and line amount types; the README
for what unified fields mean.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from oracle.common import Setting, code_ref, flag, identity, iso, name_ref, ref, removed
from oracle.match import AnyOf, Bag, Number
from oracle.money import amount, in_base, inverse, quantity
from oracle.parties import known, plain_address
from oracle.wire import day, guid, number, text

_TYPES = {"ACCREC": "invoice", "ACCPAY": "bill"}
_STATUSES = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "deleted",
}
_MODES = {"EXCLUSIVE": "exclusive", "INCLUSIVE": "inclusive", "NOTAX": "none"}
_MONEY = {
    "subtotal": "SubTotal",
    "total_tax": "TotalTax",
    "total": "Total",
    "total_discount": "TotalDiscount",
    "amount_due": "AmountDue",
    "amount_paid": "AmountPaid",
    "amount_credited": "AmountCredited",
}
_CREDITS = {
    "CreditNotes": ("credit_note", "CreditNoteID"),
    "Prepayments": ("prepayment", "PrepaymentID"),
    "Overpayments": ("overpayment", "OverpaymentID"),
}

Raw = Mapping[str, Any]


def invoice(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    tenant = setting.tenant
    status = status_of(raw)
    when = timing(raw, setting.today)
    contact = raw.get("Contact") or {}
    currency = currency_of(raw, setting.base_currency)
    return {
        **identity(setting, "invoice", str(guid(raw["InvoiceID"]))),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
        "type": type_of(raw),
        "number": text(raw.get("InvoiceNumber")),
        "reference": text(raw.get("Reference")),
        "contact": ref(tenant, "contact", guid(contact.get("ContactID"))),
        "issue_date": iso(day(raw.get("Date"))),
        "due_date": iso(day(raw.get("DueDate"))),
        "expected_payment_date": iso(
            day(raw.get("ExpectedPaymentDate")) or day(raw.get("PlannedPaymentDate"))
        ),
        "paid_on": iso(day(raw.get("FullyPaidOnDate"))),
        "payment_status": settlement(raw),
        "timing": when,
        "is_overdue": when == "overdue",
        **_money(raw, setting),
        "tax_mode": known(_MODES, raw.get("LineAmountTypes")),
        "line_items": _lines(raw, setting),
        "payments": _payments(raw, setting),
        "credits": _credits(raw, setting),
        "is_sent": flag(raw.get("SentToContact")),
        "source_url": text(raw.get("Url")),
        "repeating_transaction": ref(
            tenant, "repeating_transaction", guid(raw.get("RepeatingInvoiceID"))
        ),
        "branding_theme": ref(tenant, "branding_theme", guid(raw.get("BrandingThemeID"))),
        "withholding": _withholding(raw, setting),
        "billing_address": None,
        "shipping_address": plain_address(_address(raw, "TO")),
        "has_attachments": flag(raw.get("HasAttachments")),
        "memo": None,
        "extensions": {
            "xero": {
                "is_discounted": flag(raw.get("IsDiscounted")),
                "entered_total": amount(raw.get("EnteredTotal"), currency),
                "rounding_amount": amount(raw.get("RoundingAmount"), currency),
                "origin_address": plain_address(_address(raw, "FROM")),
            }
        },
    }


def type_of(raw: Raw) -> str | None:
    """Whether it is owed to us or by us."""
    return known(_TYPES, raw.get("Type"))


def status_of(raw: Raw) -> str | None:
    """The document's own status."""
    return known(_STATUSES, raw.get("Status"))


def currency_of(raw: Raw, base: str | None) -> str | None:
    """The document's currency: the organisation's where none is named."""
    return text(raw.get("CurrencyCode")) or base


def settlement(raw: Raw) -> str:
    """How far it is paid; paying by credit counts."""
    status = status_of(raw)
    if status == "paid":
        return "paid"
    if status != "open":
        return "none"
    settled = sum((number(raw.get(key)) or Decimal(0)) for key in ("AmountPaid", "AmountCredited"))
    return "partially_paid" if settled > 0 else "unpaid"


def owes(raw: Raw) -> bool:
    """Whether money is still to come."""
    return status_of(raw) == "open" and (number(raw.get("AmountDue")) or 0) > 0


def timing(raw: Raw, today: date) -> str:
    """Where today stands against the due date, by the organisation's calendar."""
    due = day(raw.get("DueDate"))
    if due is None or not owes(raw):
        return "none"
    if today > due:
        return "overdue"
    return "due" if today == due else "not_due"


def _money(raw: Raw, setting: Setting) -> dict[str, Any]:
    base = setting.base_currency
    currency = currency_of(raw, base)
    given = number(raw.get("CurrencyRate"))
    rate = Decimal(1) if given is None and base is not None and currency == base else given
    block: dict[str, Any] = {
        "currency": currency,
        "base_currency": base,
        "provider_exchange_rate": None if given is None else Number(given),
        "exchange_rate_to_base": inverse(rate),
    }
    for name, key in _MONEY.items():
        value = _credited(raw) if key == "AmountCredited" else raw.get(key)
        block[name] = amount(value, currency)
        block[f"{name}_base"] = in_base(value, rate, base)
    return block


def _credited(raw: Raw) -> Any:
    """Xero leaves the key out of some answers: total = due + paid + credited on live documents."""
    total, due, paid = (number(raw.get(key)) for key in ("Total", "AmountDue", "AmountPaid"))
    live = status_of(raw) in {"open", "paid"}
    if "AmountCredited" in raw or not live or total is None or due is None or paid is None:
        return raw.get("AmountCredited")
    return total - due - paid


def _lines(raw: Raw, setting: Setting) -> Bag:
    currency = currency_of(raw, setting.base_currency)
    inclusive = known(_MODES, raw.get("LineAmountTypes")) == "inclusive"
    found = []
    for position, line in enumerate(raw.get("LineItems") or (), start=1):
        value = number(line.get("LineAmount"))
        tax = number(line.get("TaxAmount")) or Decimal(0)
        net = gross = value
        if value is not None:
            net, gross = (value - tax, value) if inclusive else (value, value + tax)
        found.append(
            {
                "id": guid(line.get("LineItemID")),
                "line_number": position,
                "description": text(line.get("Description")),
                "quantity": quantity(line.get("Quantity")),
                "unit_price": amount(line.get("UnitAmount"), currency),
                "item": _item(line, setting.tenant),
                "account": _account(line, setting.tenant),
                "tax_rate": ref(setting.tenant, "tax_rate", text(line.get("TaxType"))),
                "tax_amount": amount(line.get("TaxAmount"), currency),
                "discount_percent": quantity(line.get("DiscountRate")),
                "discount_amount": amount(line.get("DiscountAmount"), currency),
                "line_amount": amount(value, currency),
                "net_amount": amount(net, currency),
                "gross_amount": amount(gross, currency),
                "tracking": _tracking(line, setting.tenant),
                "repeating_line_source": guid(line.get("RepeatingInvoiceID")),
                "extensions": _line_extensions(line),
            }
        )
    return Bag(found, lambda line: str(line.get("id")))


def _line_extensions(line: Raw) -> Any:
    held = {
        "taxability": text(line.get("Taxability")),
        "sales_tax_code_id": quantity(line.get("SalesTaxCodeId")),
    }
    return {"xero": held} if any(held.values()) else AnyOf(({},))


def _item(line: Raw, tenant: str) -> dict[str, Any] | None:
    held = line.get("Item") or {}
    by_id = ref(tenant, "item", guid(held.get("ItemID")))
    return by_id or code_ref(text(held.get("Code")) or text(line.get("ItemCode")))


def _account(line: Raw, tenant: str) -> dict[str, Any] | None:
    by_id = ref(tenant, "account", guid(line.get("AccountID")))
    code = text(line.get("AccountCode"))
    if by_id is None:
        return code_ref(code)
    return by_id if code is None else {**by_id, "code": code}


def _tracking(line: Raw, tenant: str) -> list[dict[str, Any]]:
    return [
        {
            "category": _named(tenant, "tracking_category", held.get("TrackingCategoryID"),
                               held.get("Name")),
            "option": _named(tenant, "tracking_option", held.get("TrackingOptionID"),
                             held.get("Option")),
        }
        for held in line.get("Tracking") or ()
    ]  # fmt: skip


def _named(tenant: str, resource: str, remote_id: Any, name: Any) -> dict[str, Any] | None:
    by_id = ref(tenant, resource, guid(remote_id))
    return by_id or name_ref(text(name))


def _payments(raw: Raw, setting: Setting) -> Bag:
    currency = currency_of(raw, setting.base_currency)
    found = [
        {
            "id": guid(paid["PaymentID"]),
            "ref": ref(setting.tenant, "payment", guid(paid["PaymentID"])),
            "date": iso(day(paid.get("Date"))),
            "amount": amount(paid.get("Amount"), currency),
        }
        for paid in raw.get("Payments") or ()
    ]
    return Bag(found, lambda paid: str(paid.get("id")))


def _credits(raw: Raw, setting: Setting) -> Bag:
    currency = currency_of(raw, setting.base_currency)
    found = [
        {
            "id": guid(credit[id_key]),
            "resource": resource,
            "ref": ref(setting.tenant, resource, guid(credit[id_key])),
            "amount": amount(credit.get("AppliedAmount"), currency),
            "date": iso(day(credit.get("Date"))),
        }
        for key, (resource, id_key) in _CREDITS.items()
        for credit in raw.get(key) or ()
    ]
    return Bag(found, lambda credit: str(credit.get("id")))


def _withholding(raw: Raw, setting: Setting) -> dict[str, Any] | None:
    held = amount(raw.get("CISDeduction"), currency_of(raw, setting.base_currency))
    rate = quantity(raw.get("CISRate"))
    return None if held is None and rate is None else {"amount": held, "rate": rate}


def _address(raw: Raw, kind: str) -> Raw | None:
    for held in raw.get("InvoiceAddresses") or ():
        if held.get("InvoiceAddressType") == kind:
            return dict(held)
    return None
