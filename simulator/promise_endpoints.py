"""The endpoints of purchase orders, quotes and templates of repeating invoices.

What their lists can be asked (Xero's pages on the three): orders are paged always and take no
`where`; quotes take no `where` and no `pageSize`, and say nothing of how many pages there are;
templates take `where`, have no pages, and no stamp to ask by.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from simulator import (
    history,
    printing,
    promise_view,
    purchase_orders,
    quotes,
    repeating,
)
from simulator.elements import Element, day
from simulator.endpoints import Endpoint, Found, Query, Wire
from simulator.ledger import Ledger
from simulator.listing import Catalogue, select, uuids_in, words_in
from simulator.model import Document
from simulator.promises import PurchaseOrder, Quote, Template
from simulator.query import Getter, Test
from simulator.refusals import PostUnreadable, QueryUnreadable
from simulator.shapes import Shape

D = TypeVar("D", bound=Document)

_ORDERS: Catalogue[PurchaseOrder] = Catalogue(
    id_key="PurchaseOrderID",
    fields={},
    orders={
        "purchaseordernumber": lambda order: order.number,
        "date": lambda order: order.date,
        "deliverydate": lambda order: order.delivery_date,
        "status": lambda order: order.status,
        "total": lambda order: order.total,
    },
    filters={
        "status": lambda sent: _among(lambda order: order.status, sent),
        "datefrom": lambda sent: _from(lambda order: order.date, sent),
        "dateto": lambda sent: _to(lambda order: order.date, sent),
    },
    is_paged=True,
)
_QUOTES: Catalogue[Quote] = Catalogue(
    id_key="QuoteID",
    fields={},
    orders={
        "quotenumber": lambda quote: quote.number,
        "date": lambda quote: quote.date,
        "expirydate": lambda quote: quote.expiry_date,
        "status": lambda quote: quote.status,
        "total": lambda quote: quote.total,
    },
    filters={
        "status": lambda sent: _among(lambda quote: quote.status, sent),
        "quotenumber": lambda sent: _among(lambda quote: quote.number, sent),
        "contactid": lambda sent: _of_contacts(uuids_in(sent)),
        "datefrom": lambda sent: _from(lambda quote: quote.date, sent),
        "dateto": lambda sent: _to(lambda quote: quote.date, sent),
        "expirydatefrom": lambda sent: _from(lambda quote: quote.expiry_date, sent),
        "expirydateto": lambda sent: _to(lambda quote: quote.expiry_date, sent),
    },
)
_UNKNOWN_TO = {"quotes": {"where", "pagesize"}, "orders": {"where"}, "templates": {"page"}}


def _template_catalogue(ledger: Ledger) -> Catalogue[Template]:
    fields: dict[str, Getter[Template]] = {
        "repeatinginvoiceid": lambda template: template.id,
        "type": lambda template: template.type,
        "status": lambda template: template.status,
        "reference": lambda template: template.reference,
        "total": lambda template: template.total,
        "currencycode": lambda template: template.currency,
        "contact.contactid": lambda template: template.contact_id,
        "contact.name": lambda template: ledger.contact_of(template).name,
    }
    return Catalogue(
        id_key="RepeatingInvoiceID",
        fields=fields,
        orders={"total": lambda template: template.total},
        filters={},
    )


def _order_list(ledger: Ledger, query: Query) -> Found:
    params = _known(query, "orders")
    chosen = select(ledger.promises.orders, _ORDERS, params, since_ms=query.since_ms)
    rendered = [promise_view.order_rendered(ledger, order, Shape.PAGED) for order in chosen.records]
    return Found(rendered, chosen.pagination)


def _order(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    order = purchase_orders.find(ledger, key)
    return Found([promise_view.order_rendered(ledger, order, Shape.SINGLE)])


def _save_order(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    del query
    order = purchase_orders.save(ledger, element, create_only=create_only)
    out = promise_view.order_wire(ledger, order, Shape.SINGLE)
    warnings = purchase_orders.warnings(element, order)
    return {**out, "Warnings": [{"Message": text} for text in warnings]} if warnings else out


def _change_order(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    order = purchase_orders.find(ledger, key)
    return _save_order(ledger, query, {**element, "PurchaseOrderID": order.id}, False)


def _quote_list(ledger: Ledger, query: Query) -> Found:
    params = _known(query, "quotes")
    chosen = select(ledger.promises.quotes, _QUOTES, params, since_ms=query.since_ms)
    shown = [promise_view.quote_rendered(ledger, quote, chosen.shape) for quote in chosen.records]
    return Found(shown)


def _quote(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    return Found([promise_view.quote_rendered(ledger, quotes.find(ledger, key), Shape.SINGLE)])


def _save_quote(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    del query
    return promise_view.quote_wire(ledger, quotes.save(ledger, element, create_only=create_only))


def _change_quote(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    quote = quotes.find(ledger, key)
    return _save_quote(ledger, query, {**element, "QuoteID": quote.id}, False)


def _template_list(ledger: Ledger, query: Query) -> Found:
    params = _known(query, "templates")
    chosen = select(ledger.promises.templates, _template_catalogue(ledger), params, since_ms=None)
    shown = [promise_view.template_rendered(ledger, one, chosen.shape) for one in chosen.records]
    return Found(shown)


def _template(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    template = repeating.find(ledger, key)
    return Found([promise_view.template_rendered(ledger, template, Shape.SINGLE)])


def _save_template(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    del query
    template = repeating.save(ledger, element, create_only=create_only)
    return promise_view.template_wire(ledger, template, Shape.UNPAGED)


def _change_template(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    template = repeating.find(ledger, key)
    return _save_template(ledger, query, {**element, "RepeatingInvoiceID": template.id}, False)


def _known(query: Query, kind: str) -> dict[str, str]:
    """The parameters without those that Xero does not know here, and so passes over."""
    return {name: held for name, held in query.params.items() if name not in _UNKNOWN_TO[kind]}


def _among(get: Callable[[D], str], sent: str) -> Test[D]:
    wanted = words_in(sent)
    return lambda document: get(document) in wanted


def _of_contacts(wanted: frozenset[str]) -> Test[Any]:
    return lambda document: document.contact_id in wanted


def _from(get: Callable[[D], date | None], sent: str) -> Test[D]:
    first = _day(sent)
    return lambda document: (held := get(document)) is not None and held >= first


def _to(get: Callable[[D], date | None], sent: str) -> Test[D]:
    last = _day(sent)
    return lambda document: (held := get(document)) is not None and held <= last


def _day(sent: str) -> date:
    try:
        found = day({"Date": sent}, "Date")
    except PostUnreadable:
        found = None
    if found is None:
        raise QueryUnreadable(f"'{sent}' is not a date")
    return found


def _printed_order(ledger: Ledger, key: str) -> bytes:
    order = purchase_orders.find(ledger, key)
    return printing.document(ledger, order, f"Purchase order {order.number}")


def _printed_quote(ledger: Ledger, key: str) -> bytes:
    quote = quotes.find(ledger, key)
    return printing.document(ledger, quote, f"Quote {quote.number}")


ENDPOINTS: Mapping[str, Endpoint] = {
    "purchaseorders": Endpoint(
        "PurchaseOrders",
        "PurchaseOrderID",
        _order_list,
        _order,
        _save_order,
        _change_order,
        nested={"history": history.below(purchase_orders.find)},
        files=purchase_orders.find,
        printed=_printed_order,
    ),
    "quotes": Endpoint(
        "Quotes",
        "QuoteID",
        _quote_list,
        _quote,
        _save_quote,
        _change_quote,
        error_flag="HasErrors",
        nested={"history": history.below(quotes.find)},
        files=quotes.find,
        printed=_printed_quote,
    ),
    "repeatinginvoices": Endpoint(
        "RepeatingInvoices",
        "RepeatingInvoiceID",
        _template_list,
        _template,
        _save_template,
        _change_template,
        nested={"history": history.below(repeating.find)},
        files=repeating.find,
    ),
}
