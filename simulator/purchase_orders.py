"""Purchase orders: creating, changing, approving, billing, deleting.

Source: Xero's page on purchase orders. The contact must be there already; the four living statuses
can follow one another in any order (Xero does not say which may not); a deleted order is final. An
order is marked as sent only once it is approved or billed: before, Xero warns and leaves it be.
"""

from simulator import contacts, invoice_fields, promising
from simulator.elements import Element, day, flag, identifier, text
from simulator.ledger import Ledger
from simulator.promises import PurchaseOrder
from simulator.refusals import NotFound, Refused

TYPE = "PURCHASEORDER"
DECIMALS = 4
_LIVING = frozenset({"DRAFT", "SUBMITTED", "AUTHORISED", "BILLED"})
_SENDABLE = frozenset({"AUTHORISED", "BILLED"})
UNSENDABLE = "Only AUTHORISED and BILLED purchase orders may have SentToContact updated."
_TEXTS = (
    ("Reference", "reference", 255),
    ("DeliveryAddress", "address", 4000),
    ("AttentionTo", "attention", 255),
    ("Telephone", "telephone", 50),
    ("DeliveryInstructions", "instructions", 500),
)


def find(ledger: Ledger, key: str) -> PurchaseOrder:
    """The order of an id or a number. Raises NotFound."""
    held = ledger.promises
    known = held.orders.get(held.order_numbers.owner(key) or key.lower())
    if known is None:
        raise NotFound(key)
    return known


def save(ledger: Ledger, element: Element, *, create_only: bool = False) -> PurchaseOrder:
    """Create an order, or change the one the element names by id or number. Raises Refused."""
    known = None if create_only else _named(ledger, element)
    return create(ledger, element) if known is None else update(ledger, known, element)


def create(ledger: Ledger, element: Element) -> PurchaseOrder:
    """Make an order. Raises Refused."""
    known, write = promising.who(ledger, element)
    if known is None:
        raise Refused("The contact with the specified contact details could not be found")
    order = PurchaseOrder(
        id=ledger.new_id(),
        type=TYPE,
        contact_id=known.id,
        currency=promising.currency_of(ledger, element, known),
        date=ledger.today(),
    )
    _fill(ledger, order, element)
    contacts.resolved(ledger, known, write)
    ledger.promises.order_numbers.give(order)
    promising.changed(ledger, ledger.promises.orders, order)
    return order


def update(ledger: Ledger, order: PurchaseOrder, element: Element) -> PurchaseOrder:
    """Change what the element carries; lines, when sent, replace. Raises Refused."""
    held = ledger.promises
    if order.status == "DELETED":
        raise Refused("Purchase order is not of valid status for modification")
    if text(element, "Status") == "DELETED":
        order.status = "DELETED"
        held.order_numbers.free(order)
        promising.changed(ledger, held.orders, order)
        return order
    trial = invoice_fields.trial_of(order)
    _fill(ledger, trial, element)
    held.order_numbers.give(trial, former=order.number)
    promising.adopt(ledger, order, trial, element)
    promising.changed(ledger, held.orders, order)
    return order


def warnings(element: Element, order: PurchaseOrder) -> list[str]:
    """What Xero says to a write that it took, but not all of it."""
    return [UNSENDABLE] if flag(element, "SentToContact") and not order.sent_to_contact else []


def _fill(ledger: Ledger, order: PurchaseOrder, element: Element) -> None:
    status = text(element, "Status") or order.status
    if status not in _LIVING:
        raise Refused(f"Purchase order status '{status}' is not valid")
    wished = text(element, "PurchaseOrderNumber", 255)
    numbers = ledger.promises.order_numbers
    promising.numbered(numbers, order, wished, taken="Order number must be unique")
    order.date = day(element, "Date") or order.date
    order.delivery_date = day(element, "DeliveryDate") or order.delivery_date
    order.arrival_date = day(element, "ExpectedArrivalDate") or order.arrival_date
    for key, name, limit in _TEXTS:
        sent = text(element, key, limit)
        if sent is not None:
            setattr(order, name, sent)
    promising.price(ledger, order, element, status=status, decimals=DECIMALS)
    order.status = status
    sent_to_contact = flag(element, "SentToContact")
    if sent_to_contact is not None and status in _SENDABLE:
        order.sent_to_contact = sent_to_contact


def _named(ledger: Ledger, element: Element) -> PurchaseOrder | None:
    order_id = identifier(element, "PurchaseOrderID")
    if order_id is not None:
        known = ledger.promises.orders.get(order_id)
        if known is None:
            raise Refused("The purchase order with the specified PurchaseOrderID was not found")
        return known
    named = ledger.promises.order_numbers.owner(text(element, "PurchaseOrderNumber", 255))
    return None if named is None else ledger.promises.orders.by_id[named]
