"""Quotes: what was offered to a customer, for a time. Nobody announces anything about them."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from unified.codecs import DATE, TEXT, choice
from unified.commands import creates, moves, updates
from unified.drafted import DRAFTED_IGNORED, Drafted, derive_drafted, drafted_fields
from unified.model import Day
from unified.money_block import look_at_tax_mode
from unified.resource import Endpoint, Resource, Timer
from unified.shape import Derived, Field

_STATUS: Final = choice(
    "Quote.Status",
    {
        "DRAFT": "draft",
        "SENT": "sent",
        "ACCEPTED": "accepted",
        "DECLINED": "declined",
        "INVOICED": "invoiced",
        "DELETED": "deleted",
    },
    written={
        "draft": "DRAFT",
        "sent": "SENT",
        "accepted": "ACCEPTED",
        "declined": "DECLINED",
        "invoiced": "INVOICED",
        "deleted": "DELETED",
    },
)
#: Quotes write it in upper case (Xero: Quotes, Quote line amount types).
_TAX_MODE: Final = choice(
    "Quote.LineAmountTypes",
    {"EXCLUSIVE": "exclusive", "INCLUSIVE": "inclusive", "NOTAX": "none", "NONE": "none"},
    written={"exclusive": "EXCLUSIVE", "inclusive": "INCLUSIVE", "none": "NOTAX"},
)
_TOLD: Final = frozenset({"sent", "accepted", "declined", "invoiced", "deleted"})
_EXPIRED: Final = "quote.expired"


# --- what follows from its values --------------------------------------------------------------


def _open_until(record: Mapping[str, Any]) -> date | None:
    """The last day on which the customer may accept; None: no day ends the offer."""
    told = record["expiry_date"]
    return None if told is None or record["status"] != "sent" else date.fromisoformat(told)


def _timed(record: Mapping[str, Any], business_date: date | None) -> dict[str, Any]:
    until = _open_until(record)
    gone = until is not None and business_date is not None and business_date > until
    return {"is_expired": gone}


def _next_timer(record: Mapping[str, Any]) -> Timer | None:
    until = _open_until(record)
    if until is None or record["is_expired"]:
        return None
    return Timer(_EXPIRED, until + timedelta(days=1))


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    facts: list[str] = []
    status = after["status"]
    if status in _TOLD and status != before["status"]:
        facts.append(f"quote.{status}")
    if after["is_expired"] and not before["is_expired"]:
        facts.append(_EXPIRED)
    return facts


# --- schema ------------------------------------------------------------------------------------


class Quote(Drafted):
    """A quote. Amounts are in `currency` unless `_base`."""

    number: str | None
    issue_date: Day | None
    expiry_date: Day | None
    is_expired: bool
    title: str | None
    summary: str | None
    terms: str | None


QUOTE: Final = Resource(
    name="quote",
    plural="quotes",
    topic_part="quotes",
    space="accounting",
    model=Quote,
    endpoint=Endpoint(
        path="Quotes",
        item_key="Quotes",
        id_key="QuoteID",
        modified_since=True,
        page_size=100,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,  # they always come with 4 decimals
        list_params={},
        order="QuoteID",
        single=True,
        scope_granular="accounting.invoices",
        scope_broad="accounting.transactions",
    ),
    webhook_category=None,
    gone_status="deleted",
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    derive=derive_drafted,
    timed=_timed,
    timer_of=_next_timer,
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=_facts,
    operations=(
        creates("quotes", summarizes=True),
        updates("a quote", "POST {one}", "POST {list}"),
        moves("send", "Mark a quote as sent", word="SENT", becomes="sent", legal_in=("draft",)),
        moves(
            "accept",
            "Mark a quote as accepted by the customer",
            word="ACCEPTED",
            becomes="accepted",
            legal_in=("sent",),
        ),
        moves(
            "decline",
            "Mark a quote as declined by the customer",
            word="DECLINED",
            becomes="declined",
            legal_in=("sent",),
        ),
        moves(
            "invoice",
            "Mark an accepted quote as invoiced; the invoice is made by itself",
            word="INVOICED",
            becomes="invoiced",
            legal_in=("accepted",),
        ),
        moves(
            "delete",
            "Delete a quote",
            word="DELETED",
            becomes="deleted",
            legal_in=("draft", "sent", "accepted", "declined", "invoiced"),
            ends="deleted",
        ),
    ),
    required=("contact", "issue_date", "line_items"),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        *drafted_fields(tax_mode=_TAX_MODE),
        Field("number", "QuoteNumber", TEXT, write=True),
        Field("issue_date", "Date", DATE, write=True),
        Field("expiry_date", "ExpiryDate", DATE, write=True),
        Derived("is_expired", timed=True),
        Field("title", "Title", TEXT, write=True),
        Field("summary", "Summary", TEXT, write=True),
        Field("terms", "Terms", TEXT, write=True, cosmetic=True),
    ),
    ignored=(*DRAFTED_IGNORED, "ExpiryDateString", "UpdatedDateUTCString", "HasAttachments"),
)
