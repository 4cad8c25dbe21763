"""How a bookkeeper looks after what documents refer to, by seeded chance: now and then, a little.

Each function does one thing if it can and says whether it did. Only what the generator itself
added is archived, so that its documents keep finding their accounts. Deleting leaves no trace at
Xero and is asked for apart.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from simulator import chart, currencies, items, tax_rates, tracking, usage
from simulator.ledger import Ledger
from simulator.reference import ACTIVE, ARCHIVED, Category
from simulator.tenant import Tenant

_Step = Callable[[Ledger, random.Random], bool]

_FIRST_CODE, _LAST_CODE = 500, 599  #: of the accounts that are added
_MOST_IDLE = 3  #: items that no line names, before one is deleted
_EXPENSES = ("Travel", "Training", "Software", "Cleaning", "Insurance", "Couriers", "Catering")
_WARES = ("Widget", "Bracket", "Lamp", "Chair", "Cable", "Monitor", "Workshop", "Survey")
_PLACES = ("Harbour", "Airport", "City", "Valley", "Lakes", "Coast", "Hills")


def keep_up(tenant: Tenant, rng: random.Random, *, deleting: bool) -> bool:
    """Do one small thing, or nothing where nothing fits. Raises Refused as Xero would."""
    steps = _STEPS + _DELETIONS if deleting else _STEPS
    return rng.choice(steps)(tenant.ledger, rng)


def _add_account(ledger: Ledger, rng: random.Random) -> bool:
    code = str(rng.randint(_FIRST_CODE, _LAST_CODE))
    element = {
        "Code": code,
        "Name": f"{rng.choice(_EXPENSES)} {code}",
        "Type": rng.choice(("EXPENSE", "OVERHEADS", "REVENUE")),
        "Description": "Added in passing",
        "EnablePaymentsToAccount": rng.random() < 0.2,
    }
    chart.create(ledger, element)
    return True


def _edit_account(ledger: Ledger, rng: random.Random) -> bool:
    account = rng.choice([each for each in ledger.accounts if each.status == ACTIVE])
    edit = rng.choice(
        (
            {"Name": f"{account.name.partition(',')[0]}, part {rng.randint(1, 999)}"},
            {"Description": f"As agreed on page {rng.randint(1, 99)}"},
            {"AddToWatchlist": not account.is_watched},
            {"ShowInExpenseClaims": not account.in_expense_claims},
        )
    )
    chart.update(ledger, account, edit)
    return True


def _move_account(ledger: Ledger, rng: random.Random) -> bool:
    added = [each for each in ledger.accounts if _is_added(each.code)]
    if not added:
        return False
    account = rng.choice(added)
    status = ARCHIVED if account.status == ACTIVE else ACTIVE
    chart.update(ledger, account, {"Status": status})
    return True


def _add_tax_rate(ledger: Ledger, rng: random.Random) -> bool:
    number = rng.randint(1, 9999)
    parts: list[dict[str, Any]] = [
        {"Name": "Levy", "Rate": str(Decimal(rng.randint(25, 900)).scaleb(-2))}
    ]
    if rng.random() < 0.4:
        parts.append({"Name": "Surcharge", "Rate": "1.5", "IsCompound": rng.random() < 0.5})
    element = {
        "Name": f"Levy {number}",
        "TaxComponents": parts,
        "ReportTaxType": rng.choice(("INPUT", "OUTPUT")),
    }
    tax_rates.create(ledger, element)
    return True


def _edit_tax_rate(ledger: Ledger, rng: random.Random) -> bool:
    own = [each for each in ledger.reference.tax_rates if not each.is_fixed]
    if not own:
        return False
    rate = rng.choice(own)
    edit = rng.choice(
        (
            {"Name": f"{rate.name.partition(',')[0]}, revised {rng.randint(1, 999)}"},
            {"TaxComponents": [{"Name": "Levy", "Rate": str(rng.randint(1, 12))}]},
            {"Status": ARCHIVED if rate.status == ACTIVE else ACTIVE},
        )
    )
    tax_rates.update(ledger, rate, edit)
    return True


def _add_item(ledger: Ledger, rng: random.Random) -> bool:
    ware, number = rng.choice(_WARES), rng.randint(100, 9999)
    price = Decimal(rng.randint(500, 99_999)).scaleb(-2)
    element = {
        "Code": f"{ware[:4].upper()}-{number}",
        "Name": f"{ware} {number}",
        "Description": f"{ware}, model {number}",
        "SalesDetails": {"UnitPrice": str(price), "AccountCode": "200"},
        "IsPurchased": False,
    }
    items.create(ledger, element)
    return True


def _edit_item(ledger: Ledger, rng: random.Random) -> bool:
    sold = [each for each in ledger.reference.items if each.sales.unit_price is not None]
    if not sold:
        return False
    item = rng.choice(sold)
    price = Decimal(rng.randint(5_000, 999_999)).scaleb(-rng.choice((2, 4)))
    edit = rng.choice(
        (
            {"SalesDetails": {"UnitPrice": str(price)}},
            {"Description": f"{item.name}, edition {rng.randint(2, 99)}"},
        )
    )
    items.update(ledger, item, edit)
    return True


def _add_option(ledger: Ledger, rng: random.Random) -> bool:
    category = _category(ledger, rng)
    if category is None or len(category.options) > 20:
        return False
    element = {"Name": f"{rng.choice(_PLACES)} {rng.randint(1, 999)}"}
    tracking.create_option(ledger, category, element)
    return True


def _edit_option(ledger: Ledger, rng: random.Random) -> bool:
    category = _category(ledger, rng)
    if category is None:
        return False
    option = rng.choice(category.options)
    renamed = {"Name": f"{option.name.partition(',')[0]}, {rng.randint(1, 999)}"}
    moved = {"Status": ARCHIVED if option.status == ACTIVE else ACTIVE}
    tracking.update_option(category, option, rng.choice((renamed, moved)))
    return True


def _rename_category(ledger: Ledger, rng: random.Random) -> bool:
    category = _category(ledger, rng)
    if category is None:
        return False
    name = f"{category.name.partition(',')[0]}, {rng.randint(1, 99)}"
    tracking.update(ledger, category, {"Name": name})
    return True


def _add_currency(ledger: Ledger, rng: random.Random) -> bool:
    held = ledger.reference.currencies
    fresh = [code for code in currencies.NAMES if held.get(code) is None]
    if not fresh:
        return False
    currencies.create(ledger, {"Code": rng.choice(fresh)})
    return True


def _delete_item(ledger: Ledger, rng: random.Random) -> bool:
    # Lines keep the codes of items that are gone, and lose their ids, which nothing stamps.
    idle = [each for each in ledger.reference.items if not usage.of_item(ledger, each)]
    if len(idle) < _MOST_IDLE:
        return False
    items.delete(ledger, rng.choice(idle))
    return True


def _delete_account(ledger: Ledger, rng: random.Random) -> bool:
    added = [each for each in ledger.accounts if _is_added(each.code)]
    if not added:
        return False
    chart.delete(ledger, rng.choice(added))
    return True


def _category(ledger: Ledger, rng: random.Random) -> Category | None:
    held = [each for each in ledger.reference.categories if each.options]
    return rng.choice(held) if held else None


def _is_added(code: str) -> bool:
    return code.isdecimal() and _FIRST_CODE <= int(code) <= _LAST_CODE


_STEPS: tuple[_Step, ...] = (
    _add_account,
    _edit_account,
    _move_account,
    _add_tax_rate,
    _edit_tax_rate,
    _add_item,
    _edit_item,
    _edit_item,
    _add_option,
    _edit_option,
    _rename_category,
    _add_currency,
)
_DELETIONS: tuple[_Step, ...] = (_delete_item, _delete_account)
