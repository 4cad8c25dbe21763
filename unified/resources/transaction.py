"""Transactions of bank accounts: money spent and received, and transfers between two of them.

Two endpoints of Xero's, one resource. A transfer is a record of its own with its two `legs`, which
Xero keeps as bank transactions beside it: these are records too, marked `is_leg`, so that money is
counted once by leaving out either them or the transfer. Prepayments and overpayments are made by
bank transactions, whose `linked` leads to them. Statement lines are not here, nor payments of
documents.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from unified.account_refs import ACCOUNT_OBJECT, object_of
from unified.bank_facts import bank_facts
from unified.codecs import (
    DATE,
    FLAG,
    TEXT,
    UNKNOWN,
    Codec,
    Scope,
    choice,
    flag,
    read_currency,
    read_guid,
    remote_of,
)
from unified.commands import After, creates, moves, updates
from unified.lines import LINES, Line
from unified.model import (
    Amount,
    Currency,
    Day,
    FreeText,
    NoExtensions,
    OneOf,
    Part,
    Rate,
    Record,
    Ref,
)
from unified.money import AMOUNT
from unified.money_block import (
    BASE_CURRENCY,
    base_twins,
    derive_base,
    look_at_tax_mode,
    money_fields,
    rate_fields,
)
from unified.parts import object_ref
from unified.refs import canon_ref, make_ref
from unified.resource import DenormalizeError, Endpoint, Pace, Resource
from unified.shape import ALL, PAGES, Constant, Derived, Field
from unified.transfer_legs import BOTH_RECONCILED, LEG_KEYS, LEGS, RECONCILED_KEYS, TransferLeg

TRANSFER: Final = "transfer"
#: (Type, direction) by Xero's type of bank transaction.
_TYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "SPEND": ("spend", "outbound"),
        "RECEIVE": ("receive", "inbound"),
        "SPEND-PREPAYMENT": ("spend_prepayment", "outbound"),
        "RECEIVE-PREPAYMENT": ("receive_prepayment", "inbound"),
        "SPEND-OVERPAYMENT": ("spend_overpayment", "outbound"),
        "RECEIVE-OVERPAYMENT": ("receive_overpayment", "inbound"),
        "SPEND-TRANSFER": (TRANSFER, "outbound"),
        "RECEIVE-TRANSFER": (TRANSFER, "inbound"),
    }
)
_TYPE: Final = choice(
    "BankTransaction.Type",
    {xeros: ours for xeros, (ours, _) in _TYPES.items()},
    written={ours: xeros for xeros, (ours, _) in _TYPES.items() if ours != TRANSFER},
)
_STATUS: Final = choice(
    "BankTransaction.Status",
    {"AUTHORISED": "posted", "VOIDED": "void", "DELETED": "deleted"},
    written={"posted": "AUTHORISED", "deleted": "DELETED"},
)
_TRANSFER_STATUS: Final = choice(
    "BankTransfer.Status",
    {"AUTHORISED": "posted", "DELETED": "deleted"},
    written={"posted": "AUTHORISED", "deleted": "DELETED"},
)
_OVERPAYMENTS: Final = frozenset({"spend_overpayment", "receive_overpayment"})
#: Resource and key of what a bank transaction made beside itself.
_MADE: Final = (("prepayment", "PrepaymentID"), ("overpayment", "OverpaymentID"))
_TWINS: Final = base_twins("subtotal", "total_tax", "total", "total_discount")
_TRANSFER_TWINS: Final = base_twins("total")


# --- reading -----------------------------------------------------------------------------------


def _read_direction(value: Any, _scope: Scope) -> str | None:
    if value.__class__ is not str or not value:
        return None
    return _TYPES.get(value.upper(), (UNKNOWN, UNKNOWN))[1]


def _read_is_leg(value: Any, _scope: Scope) -> bool:
    return value.__class__ is str and _TYPES.get(value.upper(), (None,))[0] == TRANSFER


def _read_linked(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    for resource, key in _MADE:
        ref = make_ref(scope, resource, read_guid(raw.get(key), scope))
        if ref is not None:
            return {"resource": resource, "ref": ref}
    return None


def _canon_linked(linked: Mapping[str, Any]) -> dict[str, Any]:
    return {**linked, "ref": canon_ref(linked["ref"])}


def _read_from_currency(value: Any, scope: Scope) -> str | None:
    held = object_of(value)
    return None if held is None else read_currency(held.get("CurrencyCode"), scope)


def _derive_transfer(record: dict[str, Any]) -> None:
    """A transfer names no currency: it is the organisation's, unless a rate says that it is not.

    Then nobody can say which one it is: the two bank transactions name it.
    """
    base = record["base_currency"]
    if record["provider_exchange_rate"] in {None, "1"}:
        record["currency"] = record["currency"] or base
    elif record["currency"] == base:
        record["currency"] = None
    derive_base(record, _TRANSFER_TWINS)


def _link(record: Mapping[str, Any], short_code: str) -> str:
    # Xero: Deep link to Xero.
    return (
        f"https://go.xero.com/organisationlogin/default.aspx?shortcode={short_code}"
        f"&redirecturl=/Bank/ViewTransaction.aspx?bankTransactionID={record['remote_id']}"
    )


# --- writing -----------------------------------------------------------------------------------


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A bank transaction, or that it is deleted; reconciled ones stay as they are (Xero: Bank
    transactions)."""
    if record.get("type") == TRANSFER:
        raise DenormalizeError("/type", "Xero makes the two sides of a transfer itself")
    known = record.get("remote_id")
    if known is not None and record.get("is_reconciled"):
        raise DenormalizeError("/is_reconciled", "what is reconciled is not changed")
    if known is not None and record.get("status") == "deleted":
        return {"BankTransactionID": known, "Status": "DELETED"}
    for name in ("type", "contact", "account", "line_items"):
        if known is None and not record.get(name):
            raise DenormalizeError(f"/{name}", "a bank transaction must have it")
    written = body()
    if record.get("type") not in _OVERPAYMENTS:
        # It is in the bank account's currency: Xero takes another for overpayments alone.
        written.pop("CurrencyCode", None)
    return written


def _write_transfer(
    record: Mapping[str, Any], body: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """A new transfer whole, a known one only to delete it: Xero changes none (Xero: Bank
    transfers)."""
    if record.get("remote_id") is not None:
        if record.get("status") != "deleted":
            raise DenormalizeError("/status", "a transfer is never changed: delete it")
        return {"BankTransferID": record["remote_id"], "Status": "DELETED"}
    for name in ("account", "counter_account", "total"):
        if not record.get(name):
            raise DenormalizeError(f"/{name}", "a transfer must have it")
    written = body()
    written.pop("CurrencyRate", None)  # Xero only tells it
    return written


# --- meaning -----------------------------------------------------------------------------------


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "deleted" else None


# --- schema ------------------------------------------------------------------------------------


class LinkedCredit(Part):
    """The prepayment or overpayment that a bank transaction made: the same money, as a credit."""

    resource: Annotated[str, OneOf("prepayment", "overpayment")]
    ref: Ref


class Transaction(Record):
    """A bank transaction, or a transfer. Amounts are in `currency` unless `_base`.

    `is_leg`: one side of a transfer, which is a record of its own. A transfer has `total` alone, no
    lines, and is reconciled when both its `legs` are.
    """

    extensions: NoExtensions
    type: (
        Annotated[
            str,
            OneOf(
                "spend",
                "receive",
                "spend_prepayment",
                "receive_prepayment",
                "spend_overpayment",
                "receive_overpayment",
                "transfer",
            ),
        ]
        | None
    )
    remote_type: str | None
    direction: Annotated[str, OneOf("inbound", "outbound", "internal")] | None
    is_leg: bool
    date: Day | None
    contact: Ref | None
    account: Ref | None
    counter_account: Ref | None
    number: str | None
    reference: FreeText | None
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
    is_reconciled: bool | None
    legs: list[TransferLeg] | None
    linked: LinkedCredit | None
    source_url: str | None
    has_attachments: bool | None


BANK_TRANSACTION: Final = Resource(
    name="transaction",
    plural="transactions",
    topic_part="transactions",
    space="accounting",
    model=Transaction,
    endpoint=Endpoint(
        path="BankTransactions",
        item_key="BankTransactions",
        id_key="BankTransactionID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=True,
        list_params={},
        order="BankTransactionID",
        single=True,
        scope_granular="accounting.banktransactions",
        scope_broad="accounting.transactions",
        # No webhook tells of them, and most books move here every day.
        pace=Pace(changes_per_hour=0.2),
    ),
    webhook_category=None,
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    link=_link,
    derive=lambda record: derive_base(record, _TWINS),
    removed_as=_removed_as,
    facts_of=bank_facts("transaction"),
    written=_written,
    operations=(
        creates("bank transactions", summarizes=True),
        updates("a bank transaction", "POST {one}", "POST {list}", legal_in=("posted",)),
        moves(
            "delete",
            "Delete a bank transaction that is not reconciled",
            word="DELETED",
            becomes="deleted",
            legal_in=("posted",),
            ends="deleted",
        ),
    ),
    required=("type", "contact", "account", "line_items"),
    fields=(
        Field("status", "Status", _STATUS, ALL, write=True),
        Field("remote_status", "Status", TEXT, ALL),
        Field("type", "Type", _TYPE, ALL, write=True),
        Field("remote_type", "Type", remote_of(_TYPE), ALL),
        Field("direction", "Type", Codec(_read_direction), ALL),
        Field("is_leg", "Type", Codec(_read_is_leg), ALL),
        Field("date", "Date", DATE, write=True),
        Field("contact", "Contact", object_ref("contact", "ContactID"), write=True),
        Field("account", "BankAccount", ACCOUNT_OBJECT, write=True),
        Constant("counter_account"),
        Constant("number"),
        Field("reference", "Reference", TEXT, write=True),
        # Lists were published without the rate: then it stays as a single read told it.
        *money_fields(rate_in_every_read=False),
        Field("line_items", "LineItems", LINES, PAGES, write=True, always=True),
        Field("is_reconciled", "IsReconciled", FLAG, write=True),
        Constant("legs", list),
        Field(
            "linked",
            tuple(key for _, key in _MADE),
            Codec(_read_linked, None, _canon_linked),
        ),
        Field("source_url", "Url", TEXT, write=True),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    ignored=(
        "Attachments",
        "BatchPayment",  # its payments tell of it
        "DateString",
        "StatusAttributeString",
        "ValidationErrors",
        "Warnings",
    ),
)

BANK_TRANSFER: Final = Resource(
    name="transaction",
    plural="transactions",
    topic_part="transactions",
    space="accounting",
    model=Transaction,
    endpoint=Endpoint(
        path="BankTransfers",
        item_key="BankTransfers",
        id_key="BankTransferID",
        # By the time of creation (Xero tells no other): what changes later shows on the two bank
        # transactions, which are stamped, and in the daily whole list.
        modified_since=True,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={"includeDeleted": "true"},
        order=None,
        single=True,
        scope_granular="accounting.banktransactions",
        scope_broad="accounting.transactions",
        pace=Pace(changes_per_hour=0.02),
    ),
    webhook_category=None,
    updated_key=None,
    created_key="CreatedDateUTC",
    derive=_derive_transfer,
    removed_as=_removed_as,
    facts_of=bank_facts("transaction"),
    written=_write_transfer,
    operations=(
        creates("transfers between bank accounts"),
        moves(
            "delete",
            "Delete a transfer and both its legs",
            "POST {one}",
            "POST {list}",
            word="DELETED",
            becomes="deleted",
            legal_in=("posted",),
            ends="deleted",
            alone=True,
            after=After.SINGLE,  # the answer names few of its fields
        ),
    ),
    required=("account", "counter_account", "total"),
    fields=(
        Field("status", "Status", _TRANSFER_STATUS, ALL),
        Field("remote_status", "Status", TEXT, ALL),
        Constant("type", lambda: TRANSFER),
        Constant("remote_type"),
        Constant("direction", lambda: "internal"),
        Constant("is_leg", lambda: False),
        Field("date", "Date", DATE, write=True),
        Constant("contact"),
        Field("account", "FromBankAccount", ACCOUNT_OBJECT, write=True),
        Field("counter_account", "ToBankAccount", ACCOUNT_OBJECT, write=True),
        Constant("number"),
        Field("reference", "Reference", TEXT, write=True),
        Field("currency", "FromBankAccount", Codec(_read_from_currency)),
        BASE_CURRENCY,
        *rate_fields(in_every_read=False),
        Constant("tax_mode"),
        Constant("remote_tax_mode"),
        Constant("subtotal"),
        Constant("subtotal_base"),
        Constant("total_tax"),
        Constant("total_tax_base"),
        Field("total", "Amount", AMOUNT, write=True),
        Derived("total_base"),
        Constant("total_discount"),
        Constant("total_discount_base"),
        Constant("line_items", list),
        Field("is_reconciled", RECONCILED_KEYS, BOTH_RECONCILED),
        Field("legs", LEG_KEYS, LEGS, write=True),
        Constant("linked"),
        Constant("source_url"),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    ignored=(
        "Attachments",
        "CreatedDateUTCString",
        "DateString",
        "StatusAttributeString",
        "ValidationErrors",
    ),
)
