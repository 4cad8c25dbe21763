"""Items: what is sold and bought again and again, with its default prices and accounts.

Quantities on hand move with every document that names a tracked item, so they are kept but never
compared. Accounts come by code only, and a code is not looked up.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from unified.codecs import FLAG, NUMBER, TEXT, Codec, CodecError, Scope, read_text
from unified.commands import After, creates, removes, updates
from unified.model import Amount, Currency, Label, Number, OneOf, Part, Record, Ref
from unified.money import AMOUNT, BASE_AMOUNT
from unified.parts import code_ref, id_ref
from unified.refs import brief_ref, canon_ref, make_ref
from unified.resource import Endpoint, Resource
from unified.shape import Field, Shape

_INVENTORY: Final = "inventory"


# --- codecs of this resource alone -------------------------------------------------------------


def _read_type(value: Any, scope: Scope) -> str:
    tracked = FLAG.decode(value, scope)
    if tracked is None:
        return "unknown"
    return _INVENTORY if tracked else "non_inventory"


def _read_cost_account(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    # A tracked item is expensed when it is sold, so its account has another name (Xero: Items).
    code = raw.get("AccountCode") or raw.get("COGSAccountCode")
    return make_ref(scope, "account", None, code=read_text(code, scope))


def _trade(account: Field) -> Shape:
    return Shape(
        "Item.Details",
        (
            Field("unit_price", "UnitPrice", AMOUNT, write=True),
            account,
            Field("tax_rate", "TaxType", id_ref("tax_rate", read_text), write=True),
        ),
    )


_SALES: Final = _trade(Field("account", "AccountCode", code_ref("account"), write=True))
_PURCHASE: Final = _trade(
    Field(
        "account",
        ("AccountCode", "COGSAccountCode"),
        Codec(_read_cost_account, None, canon_ref, brief_ref),
    )
)


def _side(shape: Shape) -> Codec:
    """One side of the trade; an empty one is none."""

    def decode(value: Any, scope: Scope) -> dict[str, Any] | None:
        if not value:
            return None
        if value.__class__ is not dict:
            raise CodecError("not an object")
        return shape.decode(value, scope)

    return Codec(
        decode,
        lambda value, _record: shape.encode(value) or None,
        shape.canon,
        shape.brief,
        shape.entries,
    )


def _write_purchase(value: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any] | None:
    body = _PURCHASE.encode(value)
    code = (value.get("account") or {}).get("code")
    if code is not None:
        tracked = record.get("inventory_account") is not None
        body["COGSAccountCode" if tracked else "AccountCode"] = code
    return body or None


_BOUGHT: Final = Codec(
    _side(_PURCHASE).decode, _write_purchase, _PURCHASE.canon, _PURCHASE.brief, _PURCHASE.entries
)
_BASE_CURRENCY: Final = Codec(lambda _raw, scope: scope.base_currency)


# --- derived fields ---------------------------------------------------------------------------


def _derive(record: dict[str, Any]) -> None:
    record["status"] = "active"  # Xero gives items none: one that it lists is there


# --- schema ------------------------------------------------------------------------------------


class ItemDetails(Part):
    """What a line of this item begins with, on one side of the trade; in base currency."""

    unit_price: Amount | None
    account: Ref | None
    tax_rate: Ref | None


class Item(Record):
    """Something that is sold or bought. Amounts are in `currency`, the organisation's own."""

    code: str | None
    name: Label | None
    description: str | None
    purchase_description: str | None
    type: Annotated[str, OneOf(_INVENTORY, "non_inventory", "service")] | None
    is_sold: bool | None
    is_purchased: bool | None
    sales: ItemDetails | None
    purchase: ItemDetails | None
    inventory_account: Ref | None
    quantity_on_hand: Number | None
    total_cost_pool: Amount | None
    currency: Currency | None


ITEM: Final = Resource(
    name="item",
    plural="items",
    topic_part="items",
    space="accounting",
    model=Item,
    endpoint=Endpoint(
        path="Items",
        item_key="Items",
        id_key="ItemID",
        modified_since=True,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=True,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
    ),
    webhook_category=None,
    gone_status="deleted",
    derive=_derive,
    operations=(
        creates("items", summarizes=True),
        updates("an item", "POST {one}", "POST {list}"),
        removes("Delete an item; a tracked one only while it is unused", after=After.GONE),
    ),
    required=("code",),
    sent_along=("Code",),
    fields=(
        Field("code", "Code", TEXT, write=True),
        Field("name", "Name", TEXT, write=True),
        Field("description", "Description", TEXT, write=True),
        Field("purchase_description", "PurchaseDescription", TEXT, write=True),
        Field("type", "IsTrackedAsInventory", Codec(_read_type)),
        Field("is_sold", "IsSold", FLAG, write=True),
        Field("is_purchased", "IsPurchased", FLAG, write=True),
        Field("sales", "SalesDetails", _side(_SALES), write=True),
        Field("purchase", "PurchaseDetails", _BOUGHT, write=True),
        Field("inventory_account", "InventoryAssetAccountCode", code_ref("account"), write=True),
        Field("quantity_on_hand", "QuantityOnHand", NUMBER, volatile=True),
        Field("total_cost_pool", "TotalCostPool", BASE_AMOUNT, volatile=True),
        Field("currency", (), _BASE_CURRENCY),
    ),
    ignored=(
        "QuantityAvailable",
        "QuantityOnBackOrder",
        "ValidationErrors",
        "StatusAttributeString",
        "Warnings",
    ),
)
