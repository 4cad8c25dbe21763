"""Journal entries: what accountants book by hand (kind `manual`).

A line's amount is a debit above zero and a credit below; the lines of an entry add up to zero, tax
included (Xero: Manual journals). Entries of the general ledger, kind `system`, have this shape too.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from unified.codecs import DATE, TEXT, Codec, choice, flag, remote_of
from unified.commands import creates, moves, updates
from unified.journal_lines import MANUAL_LINES, JournalLine
from unified.model import Currency, Day, FreeText, NoExtensions, OneOf, Part, Record, Ref
from unified.money_block import TAX_MODE, look_at_tax_mode
from unified.resource import DenormalizeError, Endpoint, Pace, Resource
from unified.shape import ALL, PAGES, Constant, Field

_STATUS: Final = choice(
    "ManualJournal.Status",
    {
        "DRAFT": "draft",
        "POSTED": "posted",
        "VOIDED": "void",
        "DELETED": "deleted",
        "ARCHIVED": "archived",
    },
    written={"draft": "DRAFT", "posted": "POSTED", "void": "VOIDED", "deleted": "DELETED"},
)
#: Which amount of a line is the whole of it, by tax mode: what Xero's LineAmount says there.
_BALANCED: Final[Mapping[str, str]] = {"none": "net_amount", "inclusive": "gross_amount"}


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A manual journal: one that does not balance is refused here, where tax leaves no doubt."""
    if record.get("kind") not in {None, "manual"}:
        raise DenormalizeError("/kind", "only manual entries are written")
    if not record.get("memo"):
        raise DenormalizeError("/memo", "a journal entry must say what it is for")
    amounts = [
        Decimal(line.get(_BALANCED.get(record.get("tax_mode") or "none", "")) or 0)
        for line in record.get("lines") or ()
    ]
    if sum(amounts):
        raise DenormalizeError("/lines", "debits and credits are not equal")
    return body()


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    if before["status"] == after["status"]:
        return []
    fact = {"posted": "posted", "void": "voided", "deleted": "deleted"}.get(after["status"])
    return [] if fact is None else [f"journal_entry.{fact}"]


class JournalSource(Part):
    """What a system entry was booked for; `remote_type` is Xero's word where ours is unknown."""

    resource: str | None
    ref: Ref | None
    type: Annotated[
        str,
        OneOf(
            "invoice",
            "bill",
            "credit_note",
            "payment",
            "prepayment",
            "overpayment",
            "receive",
            "spend",
            "transfer",
            "manual_journal",
            "expense_claim",
            "payroll",
        ),
    ]
    remote_type: str | None


class JournalEntry(Record):
    """A journal entry. Amounts are in `currency`, the organisation's own."""

    extensions: NoExtensions
    kind: Annotated[str, OneOf("manual", "system")]
    number: str | None
    date: Day | None
    memo: FreeText | None
    currency: Currency | None
    tax_mode: Annotated[str, OneOf("exclusive", "inclusive", "none")] | None
    remote_tax_mode: str | None
    lines: list[JournalLine] | None
    source: JournalSource | None
    show_on_cash_basis: bool | None
    source_url: str | None
    has_attachments: bool | None


MANUAL_JOURNAL: Final = Resource(
    name="journal_entry",
    plural="journal_entries",
    topic_part="journal-entries",
    space="accounting",
    model=JournalEntry,
    endpoint=Endpoint(
        path="ManualJournals",
        item_key="ManualJournals",
        id_key="ManualJournalID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        # Ordered, Xero forgets the pages and answers everything (a known fault of this endpoint).
        order=None,
        single=True,
        scope_granular="accounting.manualjournals",
        scope_broad="accounting.transactions",
        # Standard users need a permission of their own for it since 29 June 2026.
        gated=True,
        pace=Pace(changes_per_hour=0.01),
    ),
    webhook_category=None,
    prepare=look_at_tax_mode,
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=_facts,
    written=_written,
    operations=(
        creates("manual journals", summarizes=True),
        updates("a manual journal", "POST {one}", "POST {list}", legal_in=("draft", "posted")),
        moves(
            "post",
            "Post a manual journal",
            word="POSTED",
            becomes="posted",
            legal_in=("draft",),
        ),
        moves(
            "void",
            "Void a posted manual journal; it stays on the books",
            word="VOIDED",
            becomes="void",
            legal_in=("posted",),
            ends="void",
        ),
        moves(
            "delete",
            "Delete a manual journal that is not posted yet",
            word="DELETED",
            becomes="deleted",
            legal_in=("draft",),
            ends="deleted",
        ),
    ),
    required=("memo", "lines"),
    sent_along=("Narration",),
    fields=(
        Field("status", "Status", _STATUS, ALL, write=True),
        Field("remote_status", "Status", TEXT, ALL),
        Constant("kind", lambda: "manual"),
        Constant("number"),
        Field("date", "Date", DATE, write=True),
        Field("memo", "Narration", TEXT, write=True),
        Field("currency", (), Codec(lambda _raw, scope: scope.base_currency), ALL),
        Field("tax_mode", "LineAmountTypes", TAX_MODE, write=True),
        Field("remote_tax_mode", "LineAmountTypes", remote_of(TAX_MODE)),
        Field("lines", "JournalLines", MANUAL_LINES, PAGES, write=True, always=True),
        Constant("source"),
        Field("show_on_cash_basis", "ShowOnCashBasisReports", flag(absent=True), write=True),
        Field("source_url", "Url", TEXT, write=True),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    ignored=("Attachments", "StatusAttributeString", "ValidationErrors", "Warnings"),
)
