"""Credit notes: credit given to customers (receivable) or by suppliers (payable).

Crediting an invoice is an allocation, not a payment; what is paid back is a refund, a `payment`
of that kind. A credit note is voided only after both were taken back.
"""

from collections.abc import Mapping
from typing import Any, Final

from unified.allocations import ALLOCATE, DEALLOCATE
from unified.codecs import DATE, NUMBER, TEXT, Codec, Scope, choice, flag
from unified.commands import creates, updates
from unified.credits import (
    CREDIT_IGNORED,
    Credit,
    credit_facts,
    credit_fields,
    credit_links,
    derive_credit,
)
from unified.model import Amount, Day, Number, Part, Ref
from unified.money import AMOUNT
from unified.money_block import look_at_tax_mode
from unified.parts import id_ref
from unified.refunds import REFUND
from unified.resource import Endpoint, Resource
from unified.shape import ALL, PAGES, Field
from unified.statuses import document_moves, document_status

_TYPE: Final = choice(
    "CreditNote.Type",
    {"ACCRECCREDIT": "receivable", "ACCPAYCREDIT": "payable"},
    written={"receivable": "ACCRECCREDIT", "payable": "ACCPAYCREDIT"},
)
_STATUS: Final = document_status("CreditNote.Status")


def _write_reference(value: Any, record: Mapping[str, Any]) -> Any:
    # Suppliers' credit notes have none (Xero: Credit notes, Reference).
    return None if record.get("type") == "payable" else value


def _read_cis(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    amount = AMOUNT.decode(raw.get("CISDeduction"), scope)
    rate = NUMBER.decode(raw.get("CISRate"), scope)
    return None if amount is None and rate is None else {"amount": amount, "rate": rate}


def _link(record: Mapping[str, Any], short_code: str) -> str:
    # Xero: Deep linking into Xero.
    side = "AccountsPayable" if record["type"] == "payable" else "AccountsReceivable"
    return (
        f"https://go.xero.com/organisationlogin/default.aspx?shortcode={short_code}"
        f"&redirecturl=/{side}/ViewCreditNote.aspx?creditNoteID={record['remote_id']}"
    )


_ENTITY_FACTS: Final = credit_facts("credit_note")


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    facts = _ENTITY_FACTS(before, after)
    if after["is_sent"] and not before["is_sent"]:
        facts.append("credit_note.sent")
    return facts


class ConstructionTax(Part):
    """Tax withheld under the UK's construction industry scheme."""

    amount: Amount | None
    rate: Number | None


class XeroCreditNoteExtensions(Part):
    """Provider-only fields of a credit note."""

    branding_theme: Ref | None
    cis: ConstructionTax | None


class CreditNoteExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroCreditNoteExtensions


class CreditNote(Credit):
    """A credit note. Amounts are in `currency` unless `_base`."""

    extensions: CreditNoteExtensions
    number: str | None
    reference: str | None
    issue_date: Day | None
    due_date: Day | None
    paid_on: Day | None
    is_sent: bool | None


CREDIT_NOTE: Final = Resource(
    name="credit_note",
    plural="credit_notes",
    topic_part="credit-notes",
    space="accounting",
    model=CreditNote,
    endpoint=Endpoint(
        path="CreditNotes",
        item_key="CreditNotes",
        id_key="CreditNoteID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=True,
        list_params={},
        order="CreditNoteID",
        single=True,
        scope_granular="accounting.invoices",
        scope_broad="accounting.transactions",
    ),
    webhook_category="CREDITNOTE",
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    link=_link,
    derive=derive_credit,
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=_facts,
    linked_to=credit_links,
    operations=(
        creates("credit notes", summarizes=True),
        updates("a credit note", "POST {one}", "POST {list}"),
        *document_moves("credit note"),
        ALLOCATE,
        DEALLOCATE,
        REFUND,
    ),
    required=("type", "contact", "line_items"),
    fields=(
        *credit_fields(kind=_TYPE, status=_STATUS, rate_in_every_read=True),
        Field("number", "CreditNoteNumber", TEXT, ALL, write=True),
        Field("reference", "Reference", Codec(TEXT.decode, _write_reference), write=True),
        Field("issue_date", "Date", DATE, write=True),
        Field("due_date", "DueDate", DATE, write=True),
        Field("paid_on", "FullyPaidOnDate", DATE),
        Field("is_sent", "SentToContact", flag(absent=False), PAGES),
    ),
    extensions=(
        Field("branding_theme", "BrandingThemeID", id_ref("branding_theme")),
        Field("cis", ("CISDeduction", "CISRate"), Codec(_read_cis), PAGES),
    ),
    ignored=(*CREDIT_IGNORED, "DueDateString", "FullyPaidOnDateString"),
)
