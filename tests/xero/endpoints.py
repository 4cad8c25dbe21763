"""Endpoints to ask for in tests: one of each kind, as Xero's reference describes them."""

from typing import Any

from unified.resource import Endpoint


def _endpoint(path: str, id_key: str, **differing: Any) -> Endpoint:
    usual: dict[str, Any] = {
        "path": path,
        "item_key": path,
        "id_key": id_key,
        "modified_since": True,
        "page_size": 1000,
        "ids_filter": False,
        "sends_unitdp": False,
        "list_params": {},
        "order": None,
        "single": True,
        "scope_granular": "accounting.invoices",
        "scope_broad": "accounting.transactions",
        "where_id_or": False,
    }
    return Endpoint(**{**usual, **differing})


INVOICES = _endpoint("Invoices", "InvoiceID", ids_filter=True, sends_unitdp=True, where_id_or=True)
CONTACTS = _endpoint(
    "Contacts",
    "ContactID",
    ids_filter=True,
    list_params={"includeArchived": "true"},
    scope_granular="accounting.contacts",
    scope_broad="accounting.contacts",
)
PAYMENTS = _endpoint(
    "Payments", "PaymentID", where_id_or=True, scope_granular="accounting.payments"
)
QUOTES = _endpoint("Quotes", "QuoteID", page_size=100)
ORGANISATION = _endpoint(
    "Organisation",
    "OrganisationID",
    item_key="Organisations",
    modified_since=False,
    page_size=None,
    single=False,
    scope_granular="accounting.settings",
    scope_broad="accounting.settings",
)
