"""The expected record of any thing in the books."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from oracle.attachments import attachment
from oracle.bank import batch_payment, transaction
from oracle.common import Setting
from oracle.contacts import contact
from oracle.credits import credit_note, overpayment, prepayment
from oracle.invoices import invoice
from oracle.journals import journal_entry
from oracle.organisation import organisation
from oracle.payments import payment
from oracle.people import budget, contact_group, employee, user
from oracle.promises import purchase_order, quote, repeating_transaction
from oracle.reference import account, currency, item, tax_rate, tracking_category
from oracle.reports import report

_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Setting], dict[str, Any]]]] = (
    MappingProxyType(
        {
            "company_info": organisation,
            "contact": contact,
            "invoice": invoice,
            "credit_note": credit_note,
            "prepayment": prepayment,
            "overpayment": overpayment,
            "payment": payment,
            "account": account,
            "tax_rate": tax_rate,
            "item": item,
            "tracking_category": tracking_category,
            "currency": currency,
            "purchase_order": purchase_order,
            "quote": quote,
            "repeating_transaction": repeating_transaction,
            "transaction": transaction,
            "batch_payment": batch_payment,
            "journal_entry": journal_entry,
            "attachment": attachment,
            "report": report,
            "user": user,
            "contact_group": contact_group,
            "budget": budget,
            "employee": employee,
        }
    )
)
#: Resources that are judged, and the part of a topic's name that is theirs.
TOPIC_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "company_info": "company-info",
        "contact": "contacts",
        "invoice": "invoices",
        "credit_note": "credit-notes",
        "prepayment": "prepayments",
        "overpayment": "overpayments",
        "payment": "payments",
        "account": "accounts",
        "tax_rate": "tax-rates",
        "item": "items",
        "tracking_category": "tracking-categories",
        "currency": "currencies",
        "purchase_order": "purchase-orders",
        "quote": "quotes",
        "repeating_transaction": "repeating-transactions",
        "transaction": "transactions",
        "batch_payment": "batch-payments",
        "journal_entry": "journal-entries",
        "user": "users",
        "contact_group": "contact-groups",
        "budget": "budgets",
        "employee": "employees",
        "attachment": "attachments",
        "report": "reports",
    }
)


def expected_record(resource: str, raw: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    """What the mirror should hold of a raw object. Raises UnreadableBooks."""
    return _READERS[resource](raw, setting)


def space_of(resource: str) -> str:
    """The first word of a resource's topics and types: people are a directory, no books."""
    return "directory" if resource == "user" else "accounting"


def topic_fits(topic: str, resource: str, kind: str) -> bool:
    """Whether a topic is the one for `kind` ("events", "state") records of a resource."""
    part = TOPIC_PARTS.get(resource)
    return part is not None and topic.endswith(f".{space_of(resource)}.{part}.{kind}.v1")
