"""Tax rates: custom ones are made, changed and removed; those of the country are fixed.

Source: Xero's "Tax Rates" page. A rate is known by its TaxType, or by its name when written.
"""

from decimal import Decimal
from typing import Any

from simulator import usage
from simulator.elements import Element, decimal, flag, parts, text
from simulator.ledger import Ledger
from simulator.reference import ACTIVE, ARCHIVED, DELETED, TaxComponent, TaxRate
from simulator.refusals import NotFound, Refused

KINDS = ("Assets", "Equity", "Expenses", "Liabilities", "Revenue")
SALES = frozenset({"Assets", "Equity", "Liabilities", "Revenue"})
PURCHASES = frozenset({"Assets", "Equity", "Expenses", "Liabilities"})
ANYWHERE = frozenset(KINDS)
_STATUSES = frozenset({ACTIVE, ARCHIVED, DELETED})
_FOUR = Decimal("0.0001")


def find(ledger: Ledger, key: str) -> TaxRate:
    """The rate of a TaxType. Raises NotFound."""
    known = ledger.reference.tax_rates.get(key.upper())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> TaxRate:
    """Make a custom rate; its TaxType is the next free of TAX001 and on. Raises Refused."""
    name = text(element, "Name")
    if not name:
        raise Refused("A Name is required for the tax rate")
    components = _components(element)
    if not components:
        raise Refused("At least one TaxComponent is required")
    _check_name(ledger, name, None)
    report = text(element, "ReportTaxType") or "INPUT"
    rate = TaxRate(
        id=_next_type(ledger),
        name=name,
        components=components,
        report_type=report,
        applies=SALES if "OUTPUT" in report else PURCHASES if "INPUT" in report else ANYWHERE,
    )
    ledger.reference.tax_rates.put(rate, 0)
    return rate


def save(ledger: Ledger, element: Element, *, create_only: bool) -> TaxRate:
    """Make a rate, or change the one of that TaxType or name. Raises Refused."""
    known = None if create_only else _named(ledger, element)
    return create(ledger, element) if known is None else update(ledger, known, element)


def update(ledger: Ledger, rate: TaxRate, element: Element) -> TaxRate:
    """Change a custom rate. Raises Refused."""
    if rate.is_fixed:
        raise Refused("System tax rates cannot be modified")
    status = (text(element, "Status") or rate.status).upper()
    if status not in _STATUSES:
        raise Refused(f"The tax rate status '{status}' is not valid")
    if rate.status == DELETED:
        raise Refused("The tax rate has been deleted")
    if status == DELETED and usage.of_tax(ledger, rate.id):
        raise Refused("The tax rate cannot be deleted as it is in use")
    name = text(element, "Name") or rate.name
    _check_name(ledger, name, rate)
    components = _components(element) or rate.components
    rate.status, rate.name, rate.components = status, name, components
    return rate


def wire(rate: TaxRate) -> dict[str, Any]:
    """The rate as Xero shows it."""
    return {
        "Name": rate.name,
        "TaxType": rate.id,
        "ReportTaxType": rate.report_type,
        **{f"CanApplyTo{kind}": kind in rate.applies for kind in KINDS},
        "DisplayTaxRate": rate.displayed.quantize(_FOUR),
        "EffectiveRate": rate.effective.quantize(_FOUR),
        "Status": rate.status,
        "TaxComponents": [
            {
                "Name": each.name,
                "Rate": each.rate.quantize(_FOUR),
                "IsCompound": each.is_compound,
                "IsNonRecoverable": each.is_non_recoverable,
            }
            for each in rate.components
        ],
    }


def _named(ledger: Ledger, element: Element) -> TaxRate | None:
    tax_type, name = text(element, "TaxType"), text(element, "Name")
    if tax_type:
        known = ledger.reference.tax_rates.get(tax_type.upper())
        if known is None:
            raise Refused(f"The TaxType code '{tax_type}' does not exist")
        return known
    rates = ledger.reference.tax_rates
    return next((each for each in rates if each.name == name and each.status != DELETED), None)


def _components(element: Element) -> list[TaxComponent]:
    components = []
    for sent in parts(element, "TaxComponents") or []:
        name, rate = text(sent, "Name"), decimal(sent, "Rate")
        if not name or rate is None or not 0 <= rate <= 100:
            raise Refused("A TaxComponent must have a Name and a Rate from 0 to 100")
        compound, lost = flag(sent, "IsCompound"), flag(sent, "IsNonRecoverable")
        components.append(TaxComponent(name, rate.quantize(_FOUR), bool(compound), bool(lost)))
    if sum(each.is_compound for each in components) > 1:
        raise Refused("Only one TaxComponent can be compound")
    return components


def _check_name(ledger: Ledger, name: str, rate: TaxRate | None) -> None:
    for other in ledger.reference.tax_rates:
        if other is not rate and other.name == name and other.status != DELETED:
            raise Refused("The Tax Rate Name must be unique")


def _next_type(ledger: Ledger) -> str:
    taken = ledger.reference.tax_rates
    return next(code for n in range(1, 1000) if taken.get(code := f"TAX{n:03d}") is None)
