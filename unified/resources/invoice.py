"""Invoices and bills: one Xero endpoint, told apart by `type`.

A state has two axes here, since Xero's one mixes them: `status` is the document's, and
`payment_status` the money's. `timing` moves with the calendar alone.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from unified.applied import (
    CREDIT_ENDPOINTS,
    CREDITS,
    PAYMENTS,
    AppliedCredit,
    AppliedPayment,
)
from unified.codecs import (
    DATE,
    FLAG,
    NUMBER,
    TEXT,
    Codec,
    CodecError,
    Scope,
    choice,
    flag,
    parse_date,
    remote_of,
)
from unified.commands import After, Command, creates, updates
from unified.invoice_rules import (
    derive_invoice,
    invoice_facts,
    invoice_links,
    next_timer,
    timing_of,
)
from unified.lines import LINES, Line
from unified.model import Address, Amount, Currency, Day, Number, OneOf, Part, Rate, Record, Ref
from unified.money import AMOUNT
from unified.money_block import look_at_tax_mode, money_fields
from unified.parts import PLAIN_ADDRESS, id_ref, object_ref
from unified.resource import DenormalizeError, Endpoint, Resource
from unified.shape import ALL, PAGES, Constant, Derived, Field, decode_list
from unified.statuses import document_moves, document_status

_TYPE: Final = choice(
    "Invoice.Type",
    {"ACCREC": "invoice", "ACCPAY": "bill"},
    written={"invoice": "ACCREC", "bill": "ACCPAY"},
)
_STATUS: Final = document_status("Invoice.Status")
# --- codecs of this resource alone -------------------------------------------------------------


def _read_expected(raw: Mapping[str, Any], _scope: Scope) -> str | None:
    return parse_date(raw.get("ExpectedPaymentDate")) or parse_date(raw.get("PlannedPaymentDate"))


def _write_expected(value: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    planned = record.get("type") == "bill"
    return {"PlannedPaymentDate" if planned else "ExpectedPaymentDate": value}


def _read_withholding(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    amount = AMOUNT.decode(raw.get("CISDeduction"), scope)
    rate = NUMBER.decode(raw.get("CISRate"), scope)
    return None if amount is None and rate is None else {"amount": amount, "rate": rate}


def _address_of(kind: str) -> Codec:
    """One of the addresses by which Xero computes US sales tax: FROM origin or TO destination."""

    def decode(value: Any, scope: Scope) -> dict[str, Any] | None:
        for address in decode_list(value, scope, _whole_address):
            if address["kind"] == kind:
                return PLAIN_ADDRESS.decode(address["raw"], scope)
        return None

    return Codec(decode)


def _whole_address(value: Any, _scope: Scope) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise CodecError("not an object")
    return {"kind": value.get("InvoiceAddressType"), "raw": value}


def _link(record: Mapping[str, Any], short_code: str) -> str:
    # Xero: Deep linking into Xero.
    page = "AccountsPayable/Edit" if record["type"] == "bill" else "AccountsReceivable/View"
    return (
        f"https://go.xero.com/organisationlogin/default.aspx?shortcode={short_code}"
        f"&redirecturl=/{page}.aspx?InvoiceID={record['remote_id']}"
    )


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A document as Xero takes it.

    Raises:
        DenormalizeError: a bill has a reference, which Xero would drop (Xero: Invoices, Reference).
    """
    if record.get("type") == "bill" and record.get("reference"):
        raise DenormalizeError("/reference", "a bill's number is the supplier's reference")
    return body()


# --- schema ------------------------------------------------------------------------------------


class Withholding(Part):
    """Tax withheld by the customer (Xero: UK construction industry scheme)."""

    amount: Amount | None
    rate: Number | None


class XeroInvoiceExtensions(Part):
    """Provider-only fields of an invoice."""

    is_discounted: bool | None
    entered_total: Amount | None
    rounding_amount: Amount | None
    origin_address: Address | None


class InvoiceExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroInvoiceExtensions


class Invoice(Record):
    """An invoice (receivable) or a bill (payable). Amounts are in `currency` unless `_base`."""

    extensions: InvoiceExtensions
    type: Annotated[str, OneOf("invoice", "bill")] | None
    remote_type: str | None
    number: str | None
    reference: str | None
    contact: Ref | None
    issue_date: Day | None
    due_date: Day | None
    expected_payment_date: Day | None
    paid_on: Day | None
    payment_status: Annotated[str, OneOf("none", "unpaid", "partially_paid", "paid")]
    timing: Annotated[str, OneOf("none", "not_due", "due", "overdue")]
    is_overdue: bool
    currency: Currency | None
    base_currency: Currency | None
    exchange_rate_to_base: Rate | None
    provider_exchange_rate: Rate | None
    tax_mode: Annotated[str, OneOf("exclusive", "inclusive", "none")] | None
    remote_tax_mode: str | None
    subtotal: Amount | None
    subtotal_base: Amount | None
    total_tax: Amount | None
    total_tax_base: Amount | None
    total: Amount | None
    total_base: Amount | None
    total_discount: Amount | None
    total_discount_base: Amount | None
    line_items: list[Line] | None
    amount_due: Amount | None
    amount_due_base: Amount | None
    amount_paid: Amount | None
    amount_paid_base: Amount | None
    amount_credited: Amount | None
    amount_credited_base: Amount | None
    realised_gain_base: Amount | None
    payments: list[AppliedPayment] | None
    credits: list[AppliedCredit] | None
    is_sent: bool | None
    source_url: str | None
    online_url: str | None
    repeating_transaction: Ref | None
    branding_theme: Ref | None
    withholding: Withholding | None
    billing_address: Address | None
    shipping_address: Address | None
    has_attachments: bool | None
    memo: str | None


INVOICE: Final = Resource(
    name="invoice",
    plural="invoices",
    topic_part="invoices",
    space="accounting",
    model=Invoice,
    endpoint=Endpoint(
        path="Invoices",
        item_key="Invoices",
        id_key="InvoiceID",
        modified_since=True,
        page_size=1000,
        ids_filter=True,
        where_id_or=True,
        sends_unitdp=True,
        list_params={"includeArchived": "true"},
        order="InvoiceID",
        single=True,
        scope_granular="accounting.invoices",
        scope_broad="accounting.transactions",
        # Xero: Invoices, optimised use of filters.
        narrowed={"contact": "ContactIDs", "number": "InvoiceNumbers", "status": "Statuses"},
    ),
    webhook_category="INVOICE",
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    link=_link,
    derive=derive_invoice,
    timed=timing_of,
    timer_of=next_timer,
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=invoice_facts,
    linked_to=invoice_links,
    written=_written,
    operations=(
        creates("invoices and bills", summarizes=True),
        updates("an invoice or bill", "POST {one}", "POST {list}"),
        *document_moves("document"),
        Command(
            name="email",
            summary="Send an invoice to its contact by e-mail, as Xero words it",
            xero=("POST {one}/Email",),
            at="email",
            legal_in=frozenset({"submitted", "open", "paid"}),
            after=After.SINGLE,
        ),
    ),
    required=("type", "contact", "line_items"),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        Field("type", "Type", _TYPE, ALL, write=True),
        Field("remote_type", "Type", remote_of(_TYPE), ALL),
        Field("number", "InvoiceNumber", TEXT, ALL, write=True),
        Field("reference", "Reference", TEXT, write=True),
        Field("contact", "Contact", object_ref("contact", "ContactID"), ALL, write=True),
        Field("issue_date", "Date", DATE, write=True),
        Field("due_date", "DueDate", DATE, write=True),
        Field(
            "expected_payment_date",
            ("ExpectedPaymentDate", "PlannedPaymentDate"),
            Codec(_read_expected, _write_expected),
            PAGES,
            write=True,
        ),
        Field("paid_on", "FullyPaidOnDate", DATE),
        Derived("payment_status"),
        Derived("timing", timed=True),
        Derived("is_overdue", timed=True),
        *money_fields(rate_in_every_read=True),
        Field("line_items", "LineItems", LINES, PAGES, write=True, always=True),
        Field("amount_due", "AmountDue", AMOUNT, always=True),
        Derived("amount_due_base"),
        Field("amount_paid", "AmountPaid", AMOUNT, always=True),
        Derived("amount_paid_base"),
        Field("amount_credited", "AmountCredited", AMOUNT),
        Derived("amount_credited_base"),
        Derived("realised_gain_base"),
        Field("payments", "Payments", PAYMENTS, always=True),
        Field("credits", tuple(CREDIT_ENDPOINTS.values()), CREDITS, always=True),
        Field("is_sent", "SentToContact", flag(absent=False), PAGES, write=True),
        Field("source_url", "Url", TEXT, PAGES, write=True, cosmetic=True),
        Constant("online_url"),
        Field("repeating_transaction", "RepeatingInvoiceID", id_ref("repeating_transaction")),
        Field(
            "branding_theme",
            "BrandingThemeID",
            id_ref("branding_theme"),
            write=True,
            cosmetic=True,
        ),
        Field("withholding", ("CISDeduction", "CISRate"), Codec(_read_withholding), PAGES),
        Constant("billing_address"),
        Field("shipping_address", "InvoiceAddresses", _address_of("TO"), PAGES),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
        Constant("memo"),
    ),
    extensions=(
        Field("is_discounted", "IsDiscounted", FLAG),
        Field("entered_total", "EnteredTotal", AMOUNT, PAGES),
        Field("rounding_amount", "RoundingAmount", AMOUNT, PAGES),
        Field("origin_address", "InvoiceAddresses", _address_of("FROM"), PAGES),
    ),
    ignored=(
        "DateString",
        "DueDateString",
        "UpdatedDateUTCString",
        "PlannedPaymentDateString",
        "ExpectedPaymentDateString",
        "FullyPaidOnDateString",
        "Attachments",
        "InvoicePaymentServices",
        "HasErrors",
        "HasValidationErrors",
        "StatusAttributeString",
        "ValidationErrors",
        "Warnings",
        "ID",
    ),
)
