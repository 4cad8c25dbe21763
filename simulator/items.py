"""Items: creating, changing and deleting what is sold and bought, with Xero's refusals.

Source: Xero's "Items" page. An item with an inventory account is tracked: its purchases name a
cost account instead of an account, and it cannot be deleted once used.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from simulator import amounts, usage
from simulator.elements import Element, decimal, flag, identifier, part, text
from simulator.ledger import Ledger
from simulator.reference import Item, ItemSide
from simulator.refusals import NotFound, Refused
from simulator.wire import ms_instant

_FOUR = Decimal("0.0001")


def find(ledger: Ledger, key: str) -> Item:
    """The item of an id or a code. Raises NotFound."""
    known = ledger.reference.items.get(key.lower()) or ledger.reference.item(key)
    if known is None:
        raise NotFound(key)
    return known


def save(ledger: Ledger, element: Element, *, create_only: bool, decimals: int) -> Item:
    """Make an item, or change the one of that id or code. Raises Refused."""
    known = _named(ledger, element)
    if known is None:
        return create(ledger, element, decimals=decimals)
    if create_only:
        raise Refused(f"Price List Item with Code '{known.code}' already exists")
    return update(ledger, known, element, decimals=decimals)


def create(ledger: Ledger, element: Element, *, decimals: int = 4) -> Item:
    """Make an item. Raises Refused."""
    code = text(element, "Code")
    if not code:
        raise Refused("Price List Item Code must be supplied")
    item = Item(ledger.new_id(), code, name=text(element, "Name") or code)
    _apply(ledger, item, element, decimals=decimals)
    ledger.stamp(ledger.reference.items, item, None, "CREATE")
    return item


def update(ledger: Ledger, item: Item, element: Element, *, decimals: int = 4) -> Item:
    """Change an item. Raises Refused."""
    _apply(ledger, item, element, decimals=decimals)
    ledger.stamp(ledger.reference.items, item, None, "UPDATE")
    return item


def delete(ledger: Ledger, item: Item) -> None:
    """Remove an item for good. Raises Refused."""
    if item.inventory_code is not None and usage.of_item(ledger, item):
        raise Refused("Item cannot be deleted as it has been used on transactions")
    ledger.reference.items.drop(item.id)


def filled_in(ledger: Ledger, element: Element, *, is_sale: bool) -> Element:
    """A line's element with what its item says where the line itself says nothing.

    Raises:
        Refused: there is no such item.
    """
    code = text(element, "ItemCode", 30)
    if not code:
        return element
    item = ledger.reference.item(code)
    if item is None:
        raise Refused(f"Item code '{code}' is not valid")
    side = item.sales if is_sale else item.purchase
    defaults = {
        "Description": (item.description if is_sale else item.purchase_description) or item.name,
        "UnitAmount": side.unit_price,
        "AccountCode": side.account_code or side.cost_code,
        "TaxType": side.tax_type,
    }
    left_out = {k: v for k, v in defaults.items() if v is not None and element.get(k) is None}
    if "AccountID" in element:
        left_out.pop("AccountCode", None)
    return {**element, **left_out}


def wire(ledger: Ledger, item: Item, decimals: int) -> dict[str, Any]:
    """The item as Xero shows it; unit prices in 2 or 4 decimals."""
    out: dict[str, Any] = {"ItemID": item.id, "Code": item.code}
    if item.description:
        out["Description"] = item.description
    if item.purchase_description:
        out["PurchaseDescription"] = item.purchase_description
    out |= {
        "UpdatedDateUTC": ms_instant(item.updated_ms),
        "PurchaseDetails": _side(item.purchase, decimals),
        "SalesDetails": _side(item.sales, decimals),
        "Name": item.name,
        "IsTrackedAsInventory": item.inventory_code is not None,
    }
    if item.inventory_code is not None:
        quantity, cost_pool = usage.stock(ledger, item)
        out |= {
            "InventoryAssetAccountCode": item.inventory_code,
            "TotalCostPool": cost_pool,
            "QuantityOnHand": quantity.quantize(_FOUR),
        }
    out |= {"IsSold": item.is_sold, "IsPurchased": item.is_purchased}
    return out


def _named(ledger: Ledger, element: Element) -> Item | None:
    item_id = identifier(element, "ItemID")
    if item_id is not None:
        known = ledger.reference.items.get(item_id)
        if known is None:
            raise Refused("Item could not be found")
        return known
    code = text(element, "Code")
    return ledger.reference.item(code) if code else None


def _apply(ledger: Ledger, item: Item, element: Element, *, decimals: int) -> None:
    """Set what the element carries, all of it or, when refused, nothing."""
    code = text(element, "Code") or item.code
    if len(code) > 30:
        raise Refused("Price List Item Code must be 30 characters or less")
    owner = ledger.reference.item(code)
    if owner is not None and owner is not item:
        raise Refused(f"Price List Item with Code '{code}' already exists")
    name = text(element, "Name", 50)
    description = text(element, "Description", 4000)
    purchase_description = text(element, "PurchaseDescription", 4000)
    inventory = text(element, "InventoryAssetAccountCode") or item.inventory_code
    if inventory != item.inventory_code:
        _check_code(ledger, inventory, {"INVENTORY"})
        if usage.of_item(ledger, item):
            raise Refused("An item that has been used on transactions cannot become tracked")
    sales = _read_side(ledger, item.sales, part(element, "SalesDetails"), decimals)
    purchase = _read_side(ledger, item.purchase, part(element, "PurchaseDetails"), decimals)
    if inventory is not None:
        if purchase.cost_code is None or purchase.account_code is not None:
            raise Refused("A tracked item's purchase details must have a COGSAccountCode")
        _check_code(ledger, purchase.cost_code, {"DIRECTCOSTS"})
    elif purchase.cost_code is not None:
        raise Refused("COGSAccountCode can only be given for a tracked item")
    if item.code != code:
        usage.recode(ledger, "item_code", item.code, code)
    item.code, item.inventory_code, item.sales, item.purchase = code, inventory, sales, purchase
    item.name = item.name if name is None else name
    item.description = item.description if description is None else description
    if purchase_description is not None:
        item.purchase_description = purchase_description
    sold, purchased = flag(element, "IsSold"), flag(element, "IsPurchased")
    item.is_sold = item.is_sold if sold is None else sold
    item.is_purchased = item.is_purchased if purchased is None else purchased


def _read_side(ledger: Ledger, held: ItemSide, sent: Element | None, decimals: int) -> ItemSide:
    if sent is None:
        return held
    price = decimal(sent, "UnitPrice")
    account, cost = text(sent, "AccountCode"), text(sent, "COGSAccountCode")
    tax_type = text(sent, "TaxType")
    if account:
        _check_code(ledger, account, None)
    if tax_type and not ledger.may_tax(tax_type):
        raise Refused(f"The TaxType code '{tax_type}' does not exist or cannot be used here")
    return replace(
        held,
        unit_price=held.unit_price if price is None else amounts.unit(price, decimals),
        account_code=account or held.account_code,
        cost_code=cost or held.cost_code,
        tax_type=tax_type or held.tax_type,
    )


def _check_code(ledger: Ledger, code: str | None, kinds: set[str] | None) -> None:
    account = ledger.account(code=code) if code else None
    if account is None or account.status != "ACTIVE" or account.type == "BANK":
        raise Refused(f"Account code '{code or ''}' is not a valid code for this item.")
    if kinds is not None and account.type not in kinds:
        raise Refused(f"Account code '{code}' is not of the type that this item needs.")


def _side(side: ItemSide, decimals: int) -> dict[str, Any]:
    price = side.unit_price
    held = {
        "UnitPrice": None if price is None else price.quantize(Decimal(1).scaleb(-decimals)),
        "COGSAccountCode": side.cost_code,
        "AccountCode": side.account_code,
        "TaxType": side.tax_type,
    }
    return {key: value for key, value in held.items() if value is not None}
