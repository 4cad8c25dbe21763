"""Journals of the general ledger: journal entries of the kind `system`, where they may be read.

Xero gives them to few apps since 2 March 2026; a refusal leaves manual entries as they are. They
are only ever added to, and read on by number (Xero: Journals). One read alone does not say what it
came from, so lists are read.
"""

from collections.abc import Mapping
from typing import Any, Final

from unified.account_refs import ACCOUNT_KEYS, LINE_ACCOUNT
from unified.codecs import (
    DATE,
    GUID,
    TEXT,
    Codec,
    CodecError,
    Scope,
    choice,
    read_guid,
    read_text,
    to_decimal,
)
from unified.journal_lines import side_of
from unified.money import AMOUNT
from unified.parts import id_ref
from unified.refs import make_ref
from unified.resource import Endpoint, Pace, Resource
from unified.resources.journal_entry import JournalEntry
from unified.shape import (
    ALL,
    PAGES,
    Constant,
    Derived,
    Field,
    Read,
    Shape,
    decode_list,
    sorted_by_id,
)
from unified.tracking import TRACKING

_SOURCES: Final = {
    "ACCREC": "invoice",
    "ACCPAY": "bill",
    "ACCRECCREDIT": "credit_note",
    "ACCPAYCREDIT": "credit_note",
    "ACCRECPAYMENT": "payment",
    "ACCPAYPAYMENT": "payment",
    "ARCREDITPAYMENT": "payment",
    "APCREDITPAYMENT": "payment",
    "ARPREPAYMENT": "prepayment",
    "APPREPAYMENT": "prepayment",
    "AROVERPAYMENT": "overpayment",
    "APOVERPAYMENT": "overpayment",
    "CASHREC": "receive",
    "CASHPAID": "spend",
    "EXTERNALSPENDMONEY": "spend",
    "TRANSFER": "transfer",
    "MANJOURNAL": "manual_journal",
    "EXPCLAIM": "expense_claim",
    "EXPPAYMENT": "expense_claim",
    "PAYSLIP": "payroll",
    "WAGEPAYABLE": "payroll",
    "INTEGRATEDPAYROLLPE": "payroll",
    "INTEGRATEDPAYROLLPT": "payroll",
    "INTEGRATEDPAYROLLPTPAYMENT": "payroll",
    "INTEGRATEDPAYROLLCN": "payroll",
}
_SOURCE_TYPE: Final = choice("Journal.SourceType", _SOURCES)
#: The resources that these are to us; expense claims and payroll are not carried.
_RESOURCES: Final = {
    "invoice": "invoice",
    "bill": "invoice",
    "credit_note": "credit_note",
    "payment": "payment",
    "prepayment": "prepayment",
    "overpayment": "overpayment",
    "receive": "transaction",
    "spend": "transaction",
    "transfer": "transaction",
    "manual_journal": "journal_entry",
}
_SEEN: Final = frozenset({Read.PAGED, Read.UNPAGED})


def _read_source(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    kind = _SOURCE_TYPE.decode(raw.get("SourceType"), scope)
    remote_id = read_guid(raw.get("SourceID"), scope)
    if kind is None and remote_id is None:
        return None
    resource = _RESOURCES.get(kind or "")
    ref: dict[str, Any] | None = None
    if remote_id is not None and resource is not None:
        ref = make_ref(scope, resource, remote_id)
    elif remote_id is not None:
        ref = {"id": None, "remote_id": remote_id}
    remote_type = read_text(raw.get("SourceType"), scope) if kind == "unknown" else None
    return {
        "resource": resource,
        "ref": ref,
        "type": kind or "unknown",
        "remote_type": remote_type,
    }


_LINE: Final = Shape(
    "JournalLine",
    (
        Field("id", "JournalLineID", GUID),
        Derived("line_number", volatile=True),
        Derived("side"),
        Field("description", "Description", TEXT),
        Field("account", ACCOUNT_KEYS, LINE_ACCOUNT),
        Field("net_amount", "NetAmount", AMOUNT),
        Field("tax_rate", "TaxType", id_ref("tax_rate", read_text)),
        Field("tax_amount", "TaxAmount", AMOUNT),
        Field("gross_amount", "GrossAmount", AMOUNT),
        Field("tracking", "TrackingCategories", TRACKING),
    ),
    ignored=("AccountType", "AccountName", "TaxName"),
)


def _read_lines(value: Any, scope: Scope) -> list[dict[str, Any]]:
    lines = decode_list(value, scope, _LINE.decode)
    for number, line in enumerate(lines):
        try:
            line["side"] = side_of(to_decimal(line["net_amount"]))
        except CodecError as error:
            raise error.under("NetAmount").under(str(number)) from None
        line["line_number"] = number + 1
    return lines


_LINES: Final = Codec(
    _read_lines,
    None,
    lambda lines: sorted_by_id([_LINE.canon(line) for line in lines]),
    lambda lines: [_LINE.brief(line) for line in sorted_by_id(lines)],
)

LEDGER_JOURNAL: Final = Resource(
    name="journal_entry",
    plural="journal_entries",
    topic_part="journal-entries",
    space="accounting",
    model=JournalEntry,
    endpoint=Endpoint(
        path="Journals",
        item_key="Journals",
        id_key="JournalID",
        modified_since=True,
        page_size=100,
        offset_key="JournalNumber",
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.journals",
        scope_broad="accounting.journals",
        gated=True,
        pace=Pace(changes_per_hour=0.05),
    ),
    webhook_category=None,
    updated_key=None,
    created_key="CreatedDateUTC",
    permanent=True,
    fields=(
        Constant("status", lambda: "posted"),
        Constant("kind", lambda: "system"),
        Field("number", "JournalNumber", TEXT),
        Field("date", "JournalDate", DATE),
        Field("memo", "Reference", TEXT),
        Field("currency", (), Codec(lambda _raw, scope: scope.base_currency), ALL),
        Constant("tax_mode"),
        Constant("remote_tax_mode"),
        Field("lines", "JournalLines", _LINES, PAGES, always=True),
        Field("source", ("SourceType", "SourceID"), Codec(_read_source), _SEEN),
        Constant("show_on_cash_basis"),
        Constant("source_url"),
        Constant("has_attachments"),
    ),
)
