"""What a new organisation comes with: accounts, taxes, currencies, tracking, items, themes.

Values and one function; the rules for changing them stand with each.
"""

from decimal import Decimal

from simulator import currencies, tax_rates
from simulator.countries import DOLLARS
from simulator.ledger import Ledger
from simulator.model import Account
from simulator.reference import (
    Category,
    Currency,
    Item,
    ItemSide,
    Option,
    PaymentService,
    TaxComponent,
    TaxRate,
    Theme,
)

#: Code, name, type, and Xero's word for what it keeps the account for.
_CHART = (
    ("200", "Sales", "REVENUE", ""),
    ("260", "Other Revenue", "REVENUE", ""),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS", ""),
    ("400", "Advertising", "EXPENSE", ""),
    ("429", "General Expenses", "EXPENSE", ""),
    ("461", "Printing & Stationery", "EXPENSE", ""),
    ("469", "Rent", "EXPENSE", ""),
    ("090", "Business Bank Account", "BANK", ""),
    ("091", "Savings Account", "BANK", ""),
    ("092", "Company Credit Card", "BANK", ""),
    ("970", "Owner A Funds Introduced", "EQUITY", ""),
    ("416", "Depreciation", "DEPRECIATN", ""),
    ("497", "Bank Revaluations", "EXPENSE", "BANKCURRENCYGAIN"),
    ("498", "Unrealised Currency Gains", "EXPENSE", "UNREALISEDCURRENCYGAIN"),
    ("499", "Realised Currency Gains", "EXPENSE", "REALISEDCURRENCYGAIN"),
    ("610", "Accounts Receivable", "CURRENT", "DEBTORS"),
    ("620", "Prepayments", "PREPAYMENT", ""),
    ("630", "Inventory", "INVENTORY", ""),
    ("710", "Office Equipment", "FIXED", ""),
    ("800", "Accounts Payable", "CURRLIAB", "CREDITORS"),
    ("820", "Sales Tax", "CURRLIAB", "GST"),
    ("840", "Historical Adjustment", "CURRLIAB", "HISTORICAL"),
    ("860", "Rounding", "CURRLIAB", "ROUNDING"),
    ("877", "Tracking Transfers", "CURRLIAB", "TRACKINGTRANSFERS"),
    ("900", "Loan", "TERMLIAB", ""),
    ("960", "Retained Earnings", "EQUITY", "RETAINEDEARNINGS"),
)
_PAYABLE = frozenset({"090", "091", "970"})
_CARD = "092"

_TRACKING = (
    ("Region", ("North", "South", "East", "West")),
    ("Salesperson", ("Amara Osei", "Lena Fischer", "Tom Whitaker")),
)
#: Code, name, price when sold, price when bought; the last one is tracked.
_ITEMS = (
    ("CONSULT", "Consulting, per hour", "145.00", None),
    ("SUPPORT", "Support plan, monthly", "89.50", None),
    ("PAPER-A4", "Copy paper A4, box", None, "38.2500"),
    ("DESK-01", "Standing desk", "649.00", "410.0000"),
)
_TRACKED = "DESK-01"
_THEMES = ("Standard", "Very orange invoice!")
_TYPE_NAMES = {
    "NONE": "Tax Exempt",
    "BASEXCLUDED": "Outside the Scope of Tax",
    "EXEMPTOUTPUT": "Tax Free Income",
    "EXEMPTEXPENSES": "Tax Free Expenses",
    "ZERORATED": "Zero Rated",
    "ZERORATEDOUTPUT": "Zero Rated Income",
    "ZERORATEDINPUT": "Zero Rated Expenses",
}
_REPORT_TYPES = {"ZERORATED": "ZERORATEDOUTPUT", "RROUTPUT": "OUTPUT", "RRINPUT": "INPUT"}


def furnish(ledger: Ledger) -> None:
    """Fill the reference data of an organisation that has none."""
    _accounts(ledger)
    for tax_type, percent in ledger.country.taxes.items():
        ledger.reference.tax_rates.put(_tax_rate(tax_type, percent), 0)
    for code in sorted({ledger.country.currency, *DOLLARS}):
        ledger.reference.currencies.put(Currency(code, currencies.NAMES[code]), 0)
    for name, choices in _TRACKING:
        options = [Option(ledger.new_id(), choice) for choice in choices]
        ledger.reference.categories.put(Category(ledger.new_id(), name, options=options), 0)
    for row in _ITEMS:
        ledger.reference.items.put(_item(ledger, *row), ledger.created_ms)
    service = PaymentService(ledger.new_id(), "Pay by card", "https://pay.example/", "Pay now")
    ledger.reference.services.put(service, 0)
    for order, name in enumerate(_THEMES):
        theme = Theme(ledger.new_id(), name, order, ledger.created_ms)
        ledger.reference.themes.put(theme, order)


def _accounts(ledger: Ledger) -> None:
    country = ledger.country
    taxes = {"REVENUE": country.output, "EXPENSE": country.input, "DIRECTCOSTS": country.input}
    for code, name, kind, system in _CHART:
        account = Account(ledger.new_id(), code, name, kind, takes_payments=code in _PAYABLE)
        account.system = system
        account.tax_type = "NONE" if system else taxes.get(kind, "NONE")
        if kind == "BANK":
            account.bank_kind = "CREDITCARD" if code == _CARD else "BANK"
            account.bank_number = f"0209087654{code}50"
            account.currency = country.currency
        ledger.reference.accounts.put(account, ledger.created_ms)


def _tax_rate(tax_type: str, percent: Decimal) -> TaxRate:
    sale = "OUTPUT" in tax_type or tax_type == "ZERORATED"
    purchase = "INPUT" in tax_type or "EXPENSES" in tax_type
    plain = f"{percent.normalize():f}% Tax on {'Income' if sale else 'Expenses'}"
    applies = tax_rates.SALES if sale else tax_rates.PURCHASES if purchase else tax_rates.ANYWHERE
    return TaxRate(
        id=tax_type,
        name=_TYPE_NAMES.get(tax_type, plain),
        components=[TaxComponent("Tax", percent)],
        report_type=_REPORT_TYPES.get(tax_type, tax_type.rstrip("23")),
        applies=applies,
        is_fixed=True,
    )


def _item(ledger: Ledger, code: str, name: str, sold: str | None, bought: str | None) -> Item:
    country = ledger.country
    item = Item(ledger.new_id(), code, name, is_sold=sold is not None)
    item.is_purchased = bought is not None
    if sold is not None:
        item.description = name
        item.sales = ItemSide(Decimal(sold), "200", None, country.output)
    if bought is not None:
        item.purchase_description = name
        tracked = code == _TRACKED
        item.purchase = ItemSide(
            Decimal(bought),
            None if tracked else "461",
            "310" if tracked else None,
            country.input,
        )
    if code == _TRACKED:
        item.inventory_code, item.quantity, item.cost_pool = (
            "630", Decimal(12), Decimal("4920.00")
        )  # fmt: skip
    return item
