"""Repeating transactions: templates from which Xero makes invoices and bills on a schedule.

Xero stamps and announces nothing of them. Its `Status` is the one given to what a template makes,
so `status` follows from the schedule's days. An invoice names the template that made it, and so
leads to a fresh look at the template. Xero's API makes and deletes templates; it changes none.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from unified.codecs import TEXT, Codec, Scope, choice, flag, remote_of
from unified.commands import creates, moves
from unified.drafted import DRAFTED_IGNORED, Drafted, derive_drafted, drafted_fields
from unified.model import OneOf, Part
from unified.money_block import look_at_tax_mode
from unified.resource import DenormalizeError, Endpoint, Resource
from unified.schedule import RAN_OR_MISSED, SCHEDULE, Schedule, next_turn, timed_state
from unified.shape import Derived, Field

_TYPE: Final = choice(
    "RepeatingInvoice.Type",
    {"ACCREC": "invoice", "ACCPAY": "bill"},
    written={"invoice": "ACCREC", "bill": "ACCPAY"},
)
_GENERATES: Final = choice(
    "RepeatingInvoice.Status",
    {"DRAFT": "draft", "AUTHORISED": "open"},
    written={"draft": "DRAFT", "open": "AUTHORISED"},
)
_SENDING: Final[Mapping[str, str]] = {
    "send": "ApprovedForSending",
    "send_copy": "SendCopy",
    "mark_as_sent": "MarkAsSent",
    "include_pdf": "IncludePDF",
}
_DELETED: Final = "DELETED"
_FLAG: Final = flag()


# --- codecs of this resource alone -------------------------------------------------------------


def _read_generated(value: Any, scope: Scope) -> str | None:
    """A deleted template makes nothing."""
    if isinstance(value, str) and value.upper() == _DELETED:
        return None
    found: str | None = _GENERATES.decode(value, scope)
    return found


def _read_sending(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    sending = {name: _FLAG.decode(raw.get(key), scope) for name, key in _SENDING.items()}
    return None if all(value is None for value in sending.values()) else sending


def _write_sending(value: Mapping[str, Any], _record: Mapping[str, Any]) -> dict[str, Any] | None:
    told = {key: value.get(name) for name, key in _SENDING.items()}
    return {key: held for key, held in told.items() if held is not None} or None


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What Xero takes: a whole new template, or the deletion of one (Xero: Repeating invoices).

    Raises:
        DenormalizeError: one that is there would be changed, or a new one lacks its schedule.
    """
    if record.get("remote_id") is not None:
        if record.get("status") != "deleted":
            raise DenormalizeError("", "Xero changes no template: delete it and make another")
        return {"RepeatingInvoiceID": record["remote_id"], "Status": _DELETED}
    if not record.get("schedule"):
        raise DenormalizeError("/schedule", "a template needs one")
    # What it makes has the rate of its own day.
    return {key: value for key, value in body().items() if key != "CurrencyRate"}


# --- meaning -----------------------------------------------------------------------------------


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    facts: list[str] = []
    was, status = before["status"], after["status"]
    if was == "scheduled" and status == "active":
        facts.append("repeating_transaction.started")
    if was != status and status in {"ended", "deleted"}:
        facts.append(f"repeating_transaction.{status}")
    if after["is_run_due"] and not before["is_run_due"]:
        facts.append(RAN_OR_MISSED)
    if _moved_on(before, after):
        facts.append("repeating_transaction.moved_on")
    return facts


def _moved_on(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether Xero went on to a later day, or to none, under the same schedule."""
    old, new = before["schedule"] or {}, after["schedule"] or {}
    if old.get("next_date") is None or after["status"] == "deleted":
        return False
    if any(old.get(name) != new.get(name) for name in ("interval", "unit")):
        return False
    return new.get("next_date") is None or new["next_date"] > old["next_date"]


# --- schema ------------------------------------------------------------------------------------


class AutoSend(Part):
    """What Xero does with what the template makes: sales invoices only."""

    send: bool | None
    send_copy: bool | None
    mark_as_sent: bool | None
    include_pdf: bool | None


class RepeatingTransaction(Drafted):
    """A template. Amounts are in `currency` unless `_base`; it has no rate of its own.

    `is_run_due`: the day of its next document has come, and since then it has not been seen anew.
    """

    target_type: Annotated[str, OneOf("invoice", "bill")] | None
    remote_type: str | None
    generates_status: Annotated[str, OneOf("draft", "open")] | None
    schedule: Schedule | None
    is_run_due: bool
    auto_send: AutoSend | None
    has_attachments: bool | None


REPEATING_TRANSACTION: Final = Resource(
    name="repeating_transaction",
    plural="repeating_transactions",
    topic_part="repeating-transactions",
    space="accounting",
    model=RepeatingTransaction,
    endpoint=Endpoint(
        path="RepeatingInvoices",
        item_key="RepeatingInvoices",
        id_key="RepeatingInvoiceID",
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.invoices",
        scope_broad="accounting.transactions",
    ),
    webhook_category=None,
    gone_status="deleted",
    updated_key=None,
    currency_key="CurrencyCode",
    prepare=look_at_tax_mode,
    derive=derive_drafted,
    timed=timed_state,
    timer_of=next_turn,
    removed_as=lambda record: (
        "deleted" if (record["remote_status"] or "").upper() == _DELETED else None
    ),
    facts_of=_facts,
    written=_written,
    operations=(
        creates("templates of repeating invoices and bills", summarizes=True),
        moves(
            "delete",
            "Delete a template; what it made stays",
            "POST {one}",
            "POST {list}",
            word=_DELETED,
            becomes="deleted",
            legal_in=("scheduled", "active", "ended"),
            ends="deleted",
        ),
    ),
    required=("target_type", "contact", "schedule", "line_items"),
    fields=(
        Derived("status", timed=True),
        Field("remote_status", "Status", TEXT),
        *drafted_fields(),
        Field("target_type", "Type", _TYPE, write=True),
        Field("remote_type", "Type", remote_of(_TYPE)),
        Field("generates_status", "Status", Codec(_read_generated, _GENERATES.encode), write=True),
        Field("schedule", "Schedule", SCHEDULE, write=True),
        Derived("is_run_due", timed=True),
        Field(
            "auto_send",
            tuple(_SENDING.values()),
            Codec(_read_sending, _write_sending),
            write=True,
            # Single reads were seen without it (Xero: Repeating invoices, examples).
            always=True,
        ),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    ignored=(*DRAFTED_IGNORED, "ID"),
)
