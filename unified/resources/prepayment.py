"""Prepayments: money received or spent before there is a document to pay with it.

They are born as bank transactions and used by allocation to invoices or bills; what is paid back
is a refund, a `payment` of that kind. Xero takes nothing of them but allocations.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from unified.allocations import ALLOCATE, DEALLOCATE
from unified.codecs import DATE, TEXT, choice
from unified.credits import (
    CREDIT_IGNORED,
    Credit,
    credit_facts,
    credit_fields,
    credit_links,
    derive_credit,
)
from unified.model import Day, NoExtensions
from unified.money_block import look_at_tax_mode
from unified.refunds import REFUND
from unified.resource import DenormalizeError, Endpoint, Resource
from unified.shape import ALL, Field

#: Xero names the kind by where it was met: as a bank transaction or as a document.
_TYPE: Final = choice(
    "Prepayment.Type",
    {
        "RECEIVE-PREPAYMENT": "receivable",
        "ARPREPAYMENT": "receivable",
        "SPEND-PREPAYMENT": "payable",
        "APPREPAYMENT": "payable",
    },
    written={},
)
_STATUS: Final = choice(
    "Prepayment.Status",
    {"AUTHORISED": "open", "PAID": "paid", "VOIDED": "void"},
    written={},
)


def _refuse(_record: Mapping[str, Any], _body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    raise DenormalizeError("", "Xero takes only allocations of a prepayment")


class Prepayment(Credit):
    """A prepayment. Amounts are in `currency` unless `_base`."""

    extensions: NoExtensions
    number: str | None
    reference: str | None
    date: Day | None


PREPAYMENT: Final = Resource(
    name="prepayment",
    plural="prepayments",
    topic_part="prepayments",
    space="accounting",
    model=Prepayment,
    endpoint=Endpoint(
        path="Prepayments",
        item_key="Prepayments",
        id_key="PrepaymentID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=True,
        list_params={},
        order="PrepaymentID",
        single=True,
        scope_granular="accounting.payments",
        scope_broad="accounting.transactions",
    ),
    webhook_category="PREPAYMENT",
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    derive=derive_credit,
    facts_of=credit_facts("prepayment"),
    linked_to=credit_links,
    written=_refuse,
    operations=(ALLOCATE, DEALLOCATE, REFUND),
    fields=(
        # Lists of them were seen without the rate: then it stays as a single read told it.
        *credit_fields(kind=_TYPE, status=_STATUS, rate_in_every_read=False),
        Field("number", "InvoiceNumber", TEXT, ALL),
        Field("reference", "Reference", TEXT),
        Field("date", "Date", DATE),
    ),
    # A branding theme shows in single reads only, and matters to nobody's books.
    ignored=(*CREDIT_IGNORED, "BrandingThemeID"),
)
