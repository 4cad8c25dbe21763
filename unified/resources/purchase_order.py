"""Purchase orders: what was ordered of a supplier and is to be delivered.

No bill says which order it came from (Xero: Purchase orders), and nobody announces anything about
them, so they are swept. Whether a delivery is late is the calendar's to say.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from unified.codecs import DATE, TEXT, Codec, Scope, choice, flag
from unified.commands import creates, moves, updates
from unified.drafted import DRAFTED_IGNORED, Drafted, derive_drafted, drafted_fields
from unified.model import Day, Part, Personal
from unified.money_block import look_at_tax_mode
from unified.resource import DenormalizeError, Endpoint, Resource, Timer
from unified.shape import Derived, Field, Shape

_STATUS: Final = choice(
    "PurchaseOrder.Status",
    {
        "DRAFT": "draft",
        "SUBMITTED": "submitted",
        "AUTHORISED": "open",
        "BILLED": "billed",
        "DELETED": "deleted",
    },
    written={
        "draft": "DRAFT",
        "submitted": "SUBMITTED",
        "open": "AUTHORISED",
        "billed": "BILLED",
        "deleted": "DELETED",
    },
)
_DELIVERY: Final = Shape(
    "PurchaseOrder",
    (
        Field("address", "DeliveryAddress", TEXT, write=True),
        Field("attention", "AttentionTo", TEXT, write=True),
        Field("phone", "Telephone", TEXT, write=True),
        Field("instructions", "DeliveryInstructions", TEXT, write=True),
    ),
    partial=True,
)
_UNAPPROVED: Final = frozenset({"draft", "submitted"})
_APPROVED: Final = frozenset({"open", "billed"})
_OVERDUE: Final = "purchase_order.delivery_overdue"


# --- codecs of this resource alone -------------------------------------------------------------


def _read_delivery(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    delivery = _DELIVERY.decode(raw, scope)
    return delivery if any(delivery.values()) else None


def _write_delivery(value: Mapping[str, Any], _record: Mapping[str, Any]) -> dict[str, Any] | None:
    return _DELIVERY.encode(value) or None


def _write_sent(value: Any, record: Mapping[str, Any]) -> Any:
    # Xero warns where an order that is not approved is to be sent (Xero: Purchase orders).
    return value if record.get("status") in _APPROVED else None


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What Xero takes: it makes no contact on the way, as it does for invoices.

    Raises:
        DenormalizeError: a new order is for a contact that Xero cannot know.
    """
    known = (record.get("contact") or {}).get("remote_id") is not None
    if record.get("remote_id") is None and not known:
        raise DenormalizeError("/contact", "an order needs a contact that Xero has")
    return body()


# --- what follows from its values --------------------------------------------------------------


def _awaited(record: Mapping[str, Any]) -> date | None:
    """The day by which the delivery is awaited; None: it is not."""
    told = record["delivery_date"]
    return None if told is None or record["status"] != "open" else date.fromisoformat(told)


def _timed(record: Mapping[str, Any], business_date: date | None) -> dict[str, Any]:
    by = _awaited(record)
    late = by is not None and business_date is not None and business_date > by
    return {"is_delivery_overdue": late}


def _next_timer(record: Mapping[str, Any]) -> Timer | None:
    by = _awaited(record)
    if by is None or record["is_delivery_overdue"]:
        return None
    return Timer(_OVERDUE, by + timedelta(days=1))


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    was, status = before["status"], after["status"]
    facts: list[str] = []
    if was in _UNAPPROVED and status in _APPROVED:
        facts.append("purchase_order.approved")
    if was != status and status in {"billed", "deleted"}:
        facts.append(f"purchase_order.{status}")
    if after["is_sent"] and not before["is_sent"]:
        facts.append("purchase_order.sent")
    if after["is_delivery_overdue"] and not before["is_delivery_overdue"]:
        facts.append(_OVERDUE)
    return facts


# --- schema ------------------------------------------------------------------------------------


class Delivery(Part):
    """Where the goods are to go; Xero keeps the address as one text."""

    address: Personal | None
    attention: Personal | None
    phone: Personal | None
    instructions: str | None


class PurchaseOrder(Drafted):
    """A purchase order. Amounts are in `currency` unless `_base`."""

    number: str | None
    issue_date: Day | None
    delivery_date: Day | None
    expected_arrival_date: Day | None
    is_delivery_overdue: bool
    delivery: Delivery | None
    is_sent: bool | None
    has_attachments: bool | None


PURCHASE_ORDER: Final = Resource(
    name="purchase_order",
    plural="purchase_orders",
    topic_part="purchase-orders",
    space="accounting",
    model=PurchaseOrder,
    endpoint=Endpoint(
        path="PurchaseOrders",
        item_key="PurchaseOrders",
        id_key="PurchaseOrderID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,  # they always come with 4 decimals
        list_params={},
        order="PurchaseOrderID",
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
    written=_written,
    operations=(
        creates("purchase orders", summarizes=True),
        updates(
            "a purchase order",
            "POST {one}",
            "POST {list}",
            legal_in=("draft", "submitted", "open", "billed"),
        ),
        moves(
            "submit",
            "Submit a purchase order for approval",
            word="SUBMITTED",
            becomes="submitted",
            legal_in=("draft",),
        ),
        moves(
            "approve",
            "Approve a purchase order",
            word="AUTHORISED",
            becomes="open",
            legal_in=("draft", "submitted"),
        ),
        moves(
            "bill",
            "Mark an approved purchase order as billed",
            word="BILLED",
            becomes="billed",
            legal_in=("open",),
        ),
        moves(
            "delete",
            "Delete a purchase order",
            word="DELETED",
            becomes="deleted",
            legal_in=("draft", "submitted", "open", "billed"),
            ends="deleted",
        ),
    ),
    required=("contact", "line_items"),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        *drafted_fields(),
        Field("number", "PurchaseOrderNumber", TEXT, write=True),
        Field("issue_date", "Date", DATE, write=True),
        Field("delivery_date", "DeliveryDate", DATE, write=True),
        Field("expected_arrival_date", "ExpectedArrivalDate", DATE, write=True),
        Derived("is_delivery_overdue", timed=True),
        Field(
            "delivery",
            _DELIVERY.keys,
            Codec(_read_delivery, _write_delivery, inside=_DELIVERY.entries),
            write=True,
        ),
        Field(
            "is_sent", "SentToContact", Codec(flag(absent=False).decode, _write_sent), write=True
        ),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    ignored=(
        *DRAFTED_IGNORED,
        "Type",
        "IsDiscounted",  # as total_discount says
        "DeliveryDateString",
        "ExpectedArrivalDateString",
        "UpdatedDateUTCString",
    ),
)
