"""Currencies of an organisation: they can be added, and never removed.

Source: Xero's "Currencies" page. Names are those by which Xero lists them.
"""

from typing import Any

from simulator.elements import Element, text
from simulator.ledger import Ledger
from simulator.reference import Currency
from simulator.refusals import Refused

NAMES = {
    "AED": "United Arab Emirates Dirham",
    "AUD": "Australian Dollar",
    "BRL": "Brazilian Real",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "CNY": "Chinese Yuan Renminbi",
    "CZK": "Czech Koruna",
    "DKK": "Danish Krone",
    "EUR": "Euro",
    "FJD": "Fijian Dollar",
    "GBP": "British Pound",
    "HKD": "Hong Kong Dollar",
    "IDR": "Indonesian Rupiah",
    "ILS": "Israeli New Shekel",
    "INR": "Indian Rupee",
    "JPY": "Japanese Yen",
    "KES": "Kenyan Shilling",
    "KRW": "South Korean Won",
    "KWD": "Kuwaiti Dinar",
    "MXN": "Mexican Peso",
    "MYR": "Malaysian Ringgit",
    "NGN": "Nigerian Naira",
    "NOK": "Norwegian Krone",
    "NZD": "New Zealand Dollar",
    "PHP": "Philippine Peso",
    "PLN": "Polish Zloty",
    "SAR": "Saudi Riyal",
    "SEK": "Swedish Krona",
    "SGD": "Singapore Dollar",
    "THB": "Thai Baht",
    "USD": "United States Dollar",
    "VND": "Vietnamese Dong",
    "XPF": "CFP Franc",
    "ZAR": "South African Rand",
}


def create(ledger: Ledger, element: Element) -> Currency:
    """Add a currency; one that is there already stays as it is. Raises Refused."""
    code = (text(element, "Code") or "").upper()
    if code not in NAMES:
        raise Refused(f"Currency code '{code}' is not valid")
    known = ledger.reference.currencies.get(code)
    if known is None:
        known = Currency(code, NAMES[code])
        ledger.reference.currencies.put(known, 0)
    return known


def wire(currency: Currency) -> dict[str, Any]:
    """The currency as Xero shows it."""
    return {"Code": currency.id, "Description": currency.description}
