"""Branding themes, the payment services that they offer, and what an organisation may do.

Source: Xero's "Branding Themes", "Payment Services" and "Organisation" (actions) pages.
"""

from typing import Any

from simulator.elements import Element, identifier, text
from simulator.ledger import Ledger
from simulator.reference import PaymentService, Theme
from simulator.refusals import NotFound, Refused
from simulator.wire import ms_instant

#: What every organisation of ours may do.
_ALLOWED = (
    "CreateApprovedInvoice",
    "CreateApprovedBill",
    "AttachFilesIntoInvoice",
    "UseMulticurrency",
    "CreateDraftInvoice",
    "CreateInvoicePayment",
    "CreateDraftBill",
    "CreateBankTransaction",
    "CreateCreditNote",
)
#: What none of them has, since their endpoints are not served.
_REFUSED = (
    "CreateRepeatingInvoice",
    "CreateRepeatingBill",
    "CreateDraftPurchaseOrder",
    "CreateApprovedPurchaseOrder",
    "CreateDraftQuote",
    "CreateSentQuote",
)


def find(ledger: Ledger, key: str) -> Theme:
    """The theme of an id. Raises NotFound."""
    known = ledger.reference.themes.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def wire(theme: Theme) -> dict[str, Any]:
    """The theme as Xero shows it."""
    return {
        "BrandingThemeID": theme.id,
        "Name": theme.name,
        "Type": "INVOICE",
        "SortOrder": theme.order,
        "CreatedDateUTC": ms_instant(theme.created_ms),
    }


def create_service(ledger: Ledger, element: Element) -> PaymentService:
    """Make a custom payment service. Raises Refused."""
    name, url = text(element, "PaymentServiceName"), text(element, "PaymentServiceUrl")
    if not name or not url:
        raise Refused("A PaymentServiceName and a PaymentServiceUrl are required")
    if any(each.name == name for each in ledger.reference.services):
        raise Refused("Payment service name must be unique")
    pay_now = text(element, "PayNowText") or "Pay Now"
    service = PaymentService(ledger.new_id(), name, url, pay_now)
    ledger.reference.services.put(service, 0)
    return service


def offer(ledger: Ledger, theme: Theme, element: Element) -> PaymentService:
    """Let a theme offer a payment service. Raises Refused."""
    service_id = identifier(element, "PaymentServiceID")
    known = ledger.reference.services.get(service_id) if service_id else None
    if known is None:
        raise Refused("The payment service could not be found")
    if known.id not in theme.services:
        theme.services.append(known.id)
    return known


def service_wire(service: PaymentService) -> dict[str, Any]:
    """The service as Xero shows it."""
    return {
        "PaymentServiceID": service.id,
        "PaymentServiceName": service.name,
        "PaymentServiceUrl": service.url,
        "PaymentServiceType": service.kind,
        "PayNowText": service.pay_now,
    }


def actions() -> list[dict[str, Any]]:
    """What the organisation may do, and what not."""
    allowed = [{"Name": name, "Status": "ALLOWED"} for name in _ALLOWED]
    return [*allowed, *({"Name": name, "Status": "NOT-ALLOWED"} for name in _REFUSED)]
