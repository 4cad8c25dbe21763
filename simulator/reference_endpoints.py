"""The endpoints of what documents refer to, and of an organisation's settings beside it.

None of them has pages: `page` is not looked at, and every list is whole.
"""

from collections.abc import Callable, Mapping

from simulator import chart, currencies, history, items, tax_rates, themes, tracking
from simulator.elements import Element
from simulator.endpoints import Endpoint, Found, Nested, Query, Wire
from simulator.ledger import Ledger
from simulator.listing import Catalogue
from simulator.model import Account
from simulator.plain_lists import listed, one, timeless
from simulator.reference import ARCHIVED, Category, Currency, Item, TaxRate, Theme
from simulator.wire import fragment, moment


def _applies_to(kind: str) -> Callable[[TaxRate], bool]:
    return lambda rate: kind in rate.applies


_ACCOUNTS: Catalogue[Account] = Catalogue(
    id_key="AccountID",
    fields={
        "accountid": lambda account: account.id,
        "code": lambda account: account.code,
        "name": lambda account: account.name,
        "type": lambda account: account.type,
        "status": lambda account: account.status,
        "taxtype": lambda account: account.tax_type,
        "class": lambda account: chart.CLASSES[account.type],
        "systemaccount": lambda account: account.system or None,
        "enablepaymentstoaccount": lambda account: account.takes_payments,
        "bankaccounttype": lambda account: account.bank_kind or None,
        "currencycode": lambda account: account.currency or None,
        "updateddateutc": lambda account: moment(account.updated_ms),
    },
    orders={"code": lambda account: account.code, "name": lambda account: account.name.lower()},
    filters={},
)
_TAX_RATES: Catalogue[TaxRate] = Catalogue(
    id_key="TaxType",
    fields={
        "taxtype": lambda rate: rate.id,
        "name": lambda rate: rate.name,
        "status": lambda rate: rate.status,
        "reporttaxtype": lambda rate: rate.report_type,
        "effectiverate": lambda rate: rate.effective,
        "displaytaxrate": lambda rate: rate.displayed,
        **{f"canapplyto{kind.lower()}": _applies_to(kind) for kind in tax_rates.KINDS},
    },
    orders={"name": lambda rate: rate.name, "effectiverate": lambda rate: rate.effective},
    filters={},
)
_ITEMS: Catalogue[Item] = Catalogue(
    id_key="ItemID",
    fields={
        "itemid": lambda item: item.id,
        "code": lambda item: item.code,
        "name": lambda item: item.name,
        "description": lambda item: item.description,
        "issold": lambda item: item.is_sold,
        "ispurchased": lambda item: item.is_purchased,
        "istrackedasinventory": lambda item: item.inventory_code is not None,
        "updateddateutc": lambda item: moment(item.updated_ms),
    },
    orders={"code": lambda item: item.code, "name": lambda item: item.name.lower()},
    filters={},
)
_CATEGORIES: Catalogue[Category] = Catalogue(
    id_key="TrackingCategoryID",
    fields={
        "trackingcategoryid": lambda category: category.id,
        "name": lambda category: category.name,
        "status": lambda category: category.status,
    },
    orders={"name": lambda category: category.name},
    filters={},
    hidden=lambda category: category.status == ARCHIVED,
)
_CURRENCIES: Catalogue[Currency] = Catalogue(
    id_key="Code",
    fields={
        "code": lambda currency: currency.id,
        "description": lambda currency: currency.description,
    },
    orders={"description": lambda currency: currency.description},
    filters={},
)
_THEMES: Catalogue[Theme] = Catalogue(id_key="BrandingThemeID", fields={}, orders={}, filters={})


# --- accounts ----------------------------------------------------------------------------------


def _account_list(ledger: Ledger, query: Query) -> Found:
    accounts = ledger.reference.accounts
    return listed(accounts, _ACCOUNTS, query, lambda account: chart.wire(ledger, account))


def _save_account(ledger: Ledger, _query: Query, element: Element, _create_only: bool) -> Wire:
    return chart.wire(ledger, chart.create(ledger, element))


def _change_account(ledger: Ledger, _query: Query, key: str, element: Element) -> Wire:
    return chart.wire(ledger, chart.update(ledger, chart.find(ledger, key), element))


# --- tax rates ---------------------------------------------------------------------------------


def _tax_rate_list(ledger: Ledger, query: Query) -> Found:
    return listed(ledger.reference.tax_rates, _TAX_RATES, timeless(query), tax_rates.wire)


def _save_tax_rate(ledger: Ledger, _query: Query, element: Element, create_only: bool) -> Wire:
    return tax_rates.wire(tax_rates.save(ledger, element, create_only=create_only))


# --- items -------------------------------------------------------------------------------------


def _item_list(ledger: Ledger, query: Query) -> Found:
    return listed(
        ledger.reference.items, _ITEMS, query, lambda item: items.wire(ledger, item, query.decimals)
    )


def _save_item(ledger: Ledger, query: Query, element: Element, create_only: bool) -> Wire:
    item = items.save(ledger, element, create_only=create_only, decimals=query.decimals)
    return items.wire(ledger, item, query.decimals)


def _change_item(ledger: Ledger, query: Query, key: str, element: Element) -> Wire:
    item = items.update(ledger, items.find(ledger, key), element, decimals=query.decimals)
    return items.wire(ledger, item, query.decimals)


def _remove_item(ledger: Ledger, _query: Query, key: str) -> None:
    items.delete(ledger, items.find(ledger, key))


# --- tracking ----------------------------------------------------------------------------------


def _archived(query: Query) -> bool:
    return query.params.get("includearchived", "").lower() == "true"


def _category_list(ledger: Ledger, query: Query) -> Found:
    archived = _archived(query)
    return listed(
        ledger.reference.categories,
        _CATEGORIES,
        timeless(query),
        lambda category: tracking.wire(category, archived=archived),
    )


def _category(ledger: Ledger, query: Query, key: str) -> Found:
    return one(tracking.wire(tracking.find(ledger, key), archived=_archived(query)))


def _save_category(ledger: Ledger, _query: Query, element: Element, _create_only: bool) -> Wire:
    return tracking.wire(tracking.create(ledger, element), archived=True)


def _change_category(ledger: Ledger, _query: Query, key: str, element: Element) -> Wire:
    category = tracking.update(ledger, tracking.find(ledger, key), element)
    return tracking.wire(category, archived=True)


def _add_option(ledger: Ledger, _query: Query, key: str, element: Element) -> Wire:
    option = tracking.create_option(ledger, tracking.find(ledger, key), element)
    return tracking.option_wire(option)


def _change_option(
    ledger: Ledger, _query: Query, key: str, option_id: str, element: Element
) -> Wire:
    category = tracking.find(ledger, key)
    option = tracking.find_option(category, option_id)
    return tracking.option_wire(tracking.update_option(category, option, element))


def _remove_option(ledger: Ledger, _query: Query, key: str, option_id: str) -> Wire:
    category = tracking.find(ledger, key)
    return tracking.delete_option(ledger, category, tracking.find_option(category, option_id))


# --- currencies, themes, payment services, actions ---------------------------------------------


def _currency_list(ledger: Ledger, query: Query) -> Found:
    return listed(ledger.reference.currencies, _CURRENCIES, timeless(query), currencies.wire)


def _save_currency(ledger: Ledger, _query: Query, element: Element, _create_only: bool) -> Wire:
    return currencies.wire(currencies.create(ledger, element))


def _theme_list(ledger: Ledger, query: Query) -> Found:
    return listed(ledger.reference.themes, _THEMES, timeless(query), themes.wire)


def _services(ledger: Ledger, ids: list[str]) -> Found:
    held = [ledger.reference.services.by_id[each] for each in ids]
    return Found([fragment(themes.service_wire(each)) for each in held])


def _theme_services(ledger: Ledger, _query: Query, key: str) -> Found:
    return _services(ledger, themes.find(ledger, key).services)


def _offer_service(ledger: Ledger, _query: Query, key: str, element: Element) -> Wire:
    return themes.service_wire(themes.offer(ledger, themes.find(ledger, key), element))


def _save_service(ledger: Ledger, _query: Query, element: Element, _create_only: bool) -> Wire:
    return themes.service_wire(themes.create_service(ledger, element))


def _actions(_ledger: Ledger, _query: Query) -> Found:
    return Found([fragment(action) for action in themes.actions()])


_PUT = frozenset({"PUT"})
_FLAG = "HasValidationErrors"

ENDPOINTS: Mapping[str, Endpoint] = {
    "accounts": Endpoint(
        "Accounts",
        "AccountID",
        _account_list,
        lambda ledger, _query, key: one(chart.wire(ledger, chart.find(ledger, key))),
        _save_account,
        _change_account,
        lambda ledger, _query, key: chart.delete(ledger, chart.find(ledger, key)),
        list_methods=_PUT,
        most=1,
        error_flag=_FLAG,
        files=chart.find,
    ),
    "taxrates": Endpoint(
        "TaxRates",
        "TaxType",
        _tax_rate_list,
        lambda ledger, _query, key: one(tax_rates.wire(tax_rates.find(ledger, key))),
        _save_tax_rate,
        most=1,
        error_flag=_FLAG,
    ),
    "items": Endpoint(
        "Items",
        "ItemID",
        _item_list,
        lambda ledger, query, key: one(items.wire(ledger, items.find(ledger, key), query.decimals)),
        _save_item,
        _change_item,
        _remove_item,
        most=500,
        error_flag=_FLAG,
        nested={"history": history.below(items.find)},
    ),
    "trackingcategories": Endpoint(
        "TrackingCategories",
        "TrackingCategoryID",
        _category_list,
        _category,
        _save_category,
        _change_category,
        lambda ledger, _query, key: tracking.delete(ledger, tracking.find(ledger, key)),
        list_methods=_PUT,
        most=1,
        error_flag=_FLAG,
        nested={
            "options": Nested(
                "Options",
                put=_add_option,
                change=_change_option,
                remove=_remove_option,
                error_flag=_FLAG,
            )
        },
    ),
    "currencies": Endpoint(
        "Currencies", "Code", _currency_list, None, _save_currency, list_methods=_PUT, most=1
    ),
    "brandingthemes": Endpoint(
        "BrandingThemes",
        "BrandingThemeID",
        _theme_list,
        lambda ledger, _query, key: one(themes.wire(themes.find(ledger, key))),
        nested={"paymentservices": Nested("PaymentServices", _theme_services, post=_offer_service)},
    ),
    "paymentservices": Endpoint(
        "PaymentServices",
        "PaymentServiceID",
        lambda ledger, _query: _services(ledger, ledger.reference.services.ids()),
        None,
        _save_service,
        list_methods=_PUT,
        error_flag=_FLAG,
    ),
    "organisation/actions": Endpoint("Actions", "Name", _actions),
}
