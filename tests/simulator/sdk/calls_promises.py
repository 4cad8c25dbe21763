"""Purchase orders, quotes and repeating invoices through the SDK."""

from datetime import date
from typing import Any

from xero_python.accounting import (
    Contact,
    PurchaseOrder,
    PurchaseOrders,
    Quote,
    Quotes,
    QuoteStatusCodes,
    RepeatingInvoice,
    RepeatingInvoices,
    Schedule,
)

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import DAY, World

LATER = date(2099, 1, 31)


def order(world: World, **more: Any) -> Any:
    """A new purchase order."""
    made = PurchaseOrder(
        contact=Contact(contact_id=world.contact().contact_id),
        date=DAY,
        delivery_date=LATER,
        line_items=[world.line(80, account_code="429")],
        **more,
    )
    return world.api.create_purchase_orders(
        world.tenant, PurchaseOrders(purchase_orders=[made])
    ).purchase_orders[0]


def quote(world: World, **more: Any) -> Any:
    """A new quote."""
    made = Quote(
        contact=Contact(contact_id=world.contact().contact_id),
        date=DAY,
        expiry_date=LATER,
        line_items=[world.line(70)],
        **more,
    )
    return world.api.create_quotes(world.tenant, Quotes(quotes=[made])).quotes[0]


def template(world: World, **more: Any) -> Any:
    """A new template of invoices that runs in a far month."""
    sent = RepeatingInvoices(repeating_invoices=[_template(world, **more)])
    return world.api.create_repeating_invoices(world.tenant, sent).repeating_invoices[0]


def _template(world: World, **more: Any) -> Any:
    told = {"type": "ACCREC", "status": "DRAFT", "approved_for_sending": True, **more}
    return RepeatingInvoice(
        contact=Contact(contact_id=world.contact().contact_id),
        schedule=Schedule(
            period=1,
            unit="MONTHLY",
            due_date=20,
            due_date_type="OFFOLLOWINGMONTH",
            start_date=LATER,
        ),
        line_items=[world.line(60)],
        **told,
    )


@tries
def create_purchase_orders(world: World) -> None:
    """Numbered, as a draft."""
    made = order(world)
    assert (made.status, made.total, made.delivery_date) == ("DRAFT", 80, LATER)
    assert made.purchase_order_number.startswith("PO-")


@tries
def update_or_create_purchase_orders(world: World) -> None:
    """A known one by its number, approved."""
    known = order(world)
    sent = PurchaseOrder(purchase_order_number=known.purchase_order_number, status="AUTHORISED")
    (made,) = world.api.update_or_create_purchase_orders(
        world.tenant, PurchaseOrders(purchase_orders=[sent])
    ).purchase_orders
    assert (made.purchase_order_id, made.status) == (known.purchase_order_id, "AUTHORISED")


@tries
def update_purchase_order(world: World) -> None:
    """By its own path: who takes the delivery."""
    known = order(world)
    sent = PurchaseOrders(purchase_orders=[PurchaseOrder(attention_to="Ida", telephone="5550100")])
    (made,) = world.api.update_purchase_order(
        world.tenant, known.purchase_order_id, sent
    ).purchase_orders
    assert (made.attention_to, made.telephone, made.total) == ("Ida", "5550100", 80)


@tries
def get_purchase_orders(world: World) -> None:
    """By status and days; the pages are counted though none was asked for."""
    known = order(world, status="SUBMITTED")
    shown = world.api.get_purchase_orders(
        world.tenant,
        if_modified_since=known.updated_date_utc.replace(microsecond=0),
        status="SUBMITTED",
        date_from=DAY.isoformat(),
        date_to=DAY.isoformat(),
        order="PurchaseOrderNumber ASC",
        page=1,
        page_size=1000,
    )
    assert known.purchase_order_id in {one.purchase_order_id for one in shown.purchase_orders}
    assert shown.pagination.item_count >= 1


@tries
def get_purchase_order(world: World) -> None:
    """Singly, with unit amounts of four decimals."""
    known = order(world)
    (shown,) = world.api.get_purchase_order(world.tenant, known.purchase_order_id).purchase_orders
    assert shown.line_items[0].unit_amount == 80


@tries
def get_purchase_order_by_number(world: World) -> None:
    """By its number."""
    known = order(world)
    (shown,) = world.api.get_purchase_order_by_number(
        world.tenant, known.purchase_order_number
    ).purchase_orders
    assert shown.purchase_order_id == known.purchase_order_id


@tries
def get_purchase_order_as_pdf(world: World) -> None:
    """A file that is a PDF."""
    path = world.api.get_purchase_order_as_pdf(world.tenant, order(world).purchase_order_id)
    with open(path, "rb") as file:  # noqa: PTH123  # the SDK gives a path as text
        assert file.read(5) == b"%PDF-"


@tries
def create_quotes(world: World) -> None:
    """Numbered, as a draft."""
    made = quote(world, title="Offer", terms="As agreed")
    assert (made.status, made.total, made.title) == (QuoteStatusCodes.DRAFT, 70, "Offer")
    assert made.quote_number.startswith("QU-")


@tries
def update_or_create_quotes(world: World) -> None:
    """A known one by its number, sent."""
    known = quote(world)
    contact = Contact(contact_id=known.contact.contact_id)
    sent = Quote(
        quote_number=known.quote_number, contact=contact, date=DAY, status=QuoteStatusCodes.SENT
    )
    (made,) = world.api.update_or_create_quotes(world.tenant, Quotes(quotes=[sent])).quotes
    assert (made.quote_id, made.status) == (known.quote_id, QuoteStatusCodes.SENT)


@tries
def update_quote(world: World) -> None:
    """By its own path."""
    known = quote(world)
    contact = Contact(contact_id=known.contact.contact_id)
    sent = Quotes(quotes=[Quote(contact=contact, date=DAY, summary="Shorter")])
    (made,) = world.api.update_quote(world.tenant, known.quote_id, sent).quotes
    assert (made.summary, made.total) == ("Shorter", 70)


@tries
def get_quotes(world: World) -> None:
    """Every filter the SDK knows, at once."""
    known = quote(world)
    shown = world.api.get_quotes(
        world.tenant,
        if_modified_since=known.updated_date_utc.replace(microsecond=0),
        date_from=DAY,
        date_to=DAY,
        expiry_date_from=LATER,
        expiry_date_to=LATER,
        contact_id=known.contact.contact_id,
        status="DRAFT",
        page=1,
        order="Status ASC",
        quote_number=known.quote_number,
    )
    assert [one.quote_id for one in shown.quotes] == [known.quote_id]


@tries
def get_quote(world: World) -> None:
    """Singly, with its lines."""
    known = quote(world)
    (shown,) = world.api.get_quote(world.tenant, known.quote_id).quotes
    assert shown.line_items[0].line_amount == 70


@tries
def get_quote_as_pdf(world: World) -> None:
    """A file that is a PDF."""
    path = world.api.get_quote_as_pdf(world.tenant, quote(world).quote_id)
    with open(path, "rb") as file:  # noqa: PTH123  # the SDK gives a path as text
        assert file.read(5) == b"%PDF-"


@tries
def create_repeating_invoices(world: World) -> None:
    """With the day on which it will run first."""
    made = template(world)
    assert (made.status, made.total) == ("DRAFT", 60)
    assert made.schedule.next_scheduled_date == LATER


@tries
def update_or_create_repeating_invoices(world: World) -> None:
    """A new one of bills by POST."""
    sent = RepeatingInvoices(repeating_invoices=[_template(world, type="ACCPAY")])
    (made,) = world.api.update_or_create_repeating_invoices(world.tenant, sent).repeating_invoices
    assert made.type == "ACCPAY"


@tries
def update_repeating_invoice(world: World) -> None:
    """Deleted by its own path, which is all that there is to change."""
    known = template(world)
    sent = RepeatingInvoices(repeating_invoices=[RepeatingInvoice(status="DELETED")])
    (made,) = world.api.update_repeating_invoice(
        world.tenant, known.repeating_invoice_id, sent
    ).repeating_invoices
    assert made.status == "DELETED"


@tries
def get_repeating_invoices(world: World) -> None:
    """By where, all in one piece."""
    known = template(world)
    shown = world.api.get_repeating_invoices(
        world.tenant,
        where=f'Contact.ContactID==Guid("{known.contact.contact_id}") AND Status=="DRAFT"',
        order="Total ASC",
    )
    assert [one.repeating_invoice_id for one in shown.repeating_invoices] == [
        known.repeating_invoice_id
    ]


@tries
def get_repeating_invoice(world: World) -> None:
    """Singly, with its lines."""
    known = template(world)
    (shown,) = world.api.get_repeating_invoice(
        world.tenant, known.repeating_invoice_id
    ).repeating_invoices
    assert shown.line_items[0].line_amount == 60
