"""Overpayments: what was received or spent beyond what was owed.

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
from unified.shape import Field

#: Xero names the kind by where it was met: as a bank transaction or as a document.
_TYPE: Final = choice(
    "Overpayment.Type",
    {
        "RECEIVE-OVERPAYMENT": "receivable",
        "AROVERPAYMENT": "receivable",
        "SPEND-OVERPAYMENT": "payable",
        "APOVERPAYMENT": "payable",
    },
    written={},
)
_STATUS: Final = choice(
    "Overpayment.Status",
    {"AUTHORISED": "open", "PAID": "paid", "VOIDED": "void"},
    written={},
)


def _refuse(_record: Mapping[str, Any], _body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    raise DenormalizeError("", "Xero takes only allocations of an overpayment")


class Overpayment(Credit):
    """An overpayment. Amounts are in `currency` unless `_base`."""

    extensions: NoExtensions
    reference: str | None
    date: Day | None


OVERPAYMENT: Final = Resource(
    name="overpayment",
    plural="overpayments",
    topic_part="overpayments",
    space="accounting",
    model=Overpayment,
    endpoint=Endpoint(
        path="Overpayments",
        item_key="Overpayments",
        id_key="OverpaymentID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=True,
        list_params={},
        order="OverpaymentID",
        single=True,
        scope_granular="accounting.payments",
        scope_broad="accounting.transactions",
    ),
    webhook_category="OVERPAYMENT",
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    derive=derive_credit,
    facts_of=credit_facts("overpayment"),
    linked_to=credit_links,
    written=_refuse,
    operations=(ALLOCATE, DEALLOCATE, REFUND),
    fields=(
        # Lists of them were seen without the rate: then it stays as a single read told it.
        *credit_fields(kind=_TYPE, status=_STATUS, rate_in_every_read=False),
        Field("reference", "Reference", TEXT),
        Field("date", "Date", DATE),
    ),
    ignored=CREDIT_IGNORED,
)
