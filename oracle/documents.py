"""What documents with lines share: currency and rate, amounts and their worth in base, lines.

Sources in words: Xero's pages on invoices, credit notes, prepayments and overpayments; the README
for what unified fields mean.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from oracle.common import Setting, code_ref, iso, name_ref, ref
from oracle.match import AnyOf, Bag, Number
from oracle.money import amount, in_base, inverse, quantity
from oracle.parties import known
from oracle.wire import day, guid, number, text

MODES = {"EXCLUSIVE": "exclusive", "INCLUSIVE": "inclusive", "NOTAX": "none"}
STATUSES = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "deleted",
}

Raw = Mapping[str, Any]


def status_of(raw: Raw) -> str | None:
    """The document's own status."""
    return known(STATUSES, raw.get("Status"))


def currency_of(raw: Raw, base: str | None) -> str | None:
    """The document's currency: the organisation's where none is named."""
    return text(raw.get("CurrencyCode")) or base


def rate_of(raw: Raw, currency: str | None, base: str | None) -> Decimal | None:
    """Units of `currency` for one of base: as given, else 1 where nothing is converted."""
    given = number(raw.get("CurrencyRate"))
    return Decimal(1) if given is None and base is not None and currency == base else given


def rates(raw: Raw, currency: str | None, base: str | None) -> dict[str, Any]:
    """The rate both ways."""
    given = number(raw.get("CurrencyRate"))
    return {
        "currency": currency,
        "base_currency": base,
        "provider_exchange_rate": None if given is None else Number(given),
        "exchange_rate_to_base": inverse(rate_of(raw, currency, base)),
    }


def money(raw: Raw, setting: Setting, amounts: Mapping[str, Any]) -> dict[str, Any]:
    """Currency, rate, and amounts by our name, each with its worth in base currency."""
    base = setting.base_currency
    currency = currency_of(raw, base)
    rate = rate_of(raw, currency, base)
    block = rates(raw, currency, base)
    for name, value in amounts.items():
        block[name] = amount(value, currency)
        block[f"{name}_base"] = in_base(value, rate, base)
    return block


def contact_of(raw: Raw) -> str | None:
    """Xero's id of the document's contact."""
    return guid((raw.get("Contact") or {}).get("ContactID"))


def lines(raw: Raw, setting: Setting) -> Bag:
    """Its lines: net and gross by whether line amounts contain the tax."""
    currency = currency_of(raw, setting.base_currency)
    inclusive = known(MODES, raw.get("LineAmountTypes")) == "inclusive"
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
                "account": line_account(line, setting.tenant),
                "tax_rate": ref(setting.tenant, "tax_rate", text(line.get("TaxType"))),
                "tax_amount": amount(line.get("TaxAmount"), currency),
                "discount_percent": quantity(line.get("DiscountRate")),
                "discount_amount": amount(line.get("DiscountAmount"), currency),
                "line_amount": amount(value, currency),
                "net_amount": amount(net, currency),
                "gross_amount": amount(gross, currency),
                "tracking": tracking(line.get("Tracking"), setting.tenant),
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


def line_account(line: Raw, tenant: str) -> dict[str, Any] | None:
    """The account of a line: by id and code, or by what there is of both."""
    by_id = ref(tenant, "account", guid(line.get("AccountID")))
    code = text(line.get("AccountCode"))
    if by_id is None:
        return code_ref(code)
    return by_id if code is None else {**by_id, "code": code}


def tracking(chosen: Any, tenant: str) -> list[dict[str, Any]]:
    """Categories and the options chosen in them: by id, else by name."""
    return [
        {
            "category": _named(tenant, "tracking_category", held.get("TrackingCategoryID"),
                               held.get("Name")),
            "option": _named(tenant, "tracking_option", held.get("TrackingOptionID"),
                             held.get("Option")),
        }
        for held in chosen or ()
    ]  # fmt: skip


def _named(tenant: str, resource: str, remote_id: Any, name: Any) -> dict[str, Any] | None:
    by_id = ref(tenant, resource, guid(remote_id))
    return by_id or name_ref(text(name))


def payments(raw: Raw, setting: Setting) -> Bag:
    """The payments that a document lists."""
    currency = currency_of(raw, setting.base_currency)
    found = [
        {
            "id": guid(paid["PaymentID"]),
            "ref": ref(setting.tenant, "payment", guid(paid["PaymentID"])),
            "date": iso(day(paid.get("Date"))),
            "amount": amount(paid.get("Amount"), currency),
            "provider_exchange_rate": quantity(paid.get("CurrencyRate")),
        }
        for paid in raw.get("Payments") or ()
    ]
    return Bag(found, lambda paid: str(paid.get("id")))
