"""What documents refer to: tax rates, items, tracking, currencies, themes, payment services.

Plain state, as model.py. Rules live in tax_rates.py, items.py, tracking.py and currencies.py,
accounts in chart.py; what a new organisation begins with, in furnishing.py.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from simulator.model import Account
from simulator.shelf import Shelf

ACTIVE, ARCHIVED, DELETED = "ACTIVE", "ARCHIVED", "DELETED"
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class TaxComponent:
    """One of the taxes of a rate, in percent; a compound one is levied on the others too."""

    name: str
    rate: Decimal
    is_compound: bool = False
    is_non_recoverable: bool = False


@dataclass(slots=True)
class TaxRate:
    """A tax rate; `id` is its TaxType. Those that come with the organisation are fixed."""

    id: str
    name: str
    components: list[TaxComponent]
    report_type: str
    applies: frozenset[str]
    status: str = ACTIVE
    is_fixed: bool = False
    updated_ms: int = 0

    @property
    def displayed(self) -> Decimal:
        """The plain sum of its components."""
        return sum((each.rate for each in self.components), Decimal(0))

    @property
    def effective(self) -> Decimal:
        """What a net amount is taxed with, compound components on top of the others."""
        simple = sum((each.rate for each in self.components if not each.is_compound), Decimal(0))
        compound = self.displayed - simple
        return simple + compound + compound * simple / _HUNDRED


@dataclass(slots=True)
class ItemSide:
    """How an item is sold, or bought. `cost_code` is for purchases of tracked items."""

    unit_price: Decimal | None = None
    account_code: str | None = None
    cost_code: str | None = None
    tax_type: str | None = None


@dataclass(slots=True)
class Item:
    """An item; one with an inventory account is tracked."""

    id: str
    code: str
    name: str = ""
    description: str | None = None
    purchase_description: str | None = None
    is_sold: bool = True
    is_purchased: bool = True
    sales: ItemSide = field(default_factory=ItemSide)
    purchase: ItemSide = field(default_factory=ItemSide)
    inventory_code: str | None = None
    quantity: Decimal = Decimal(0)
    cost_pool: Decimal = Decimal(0)
    updated_ms: int = 0


@dataclass(slots=True)
class Option:
    """One choice of a tracking category."""

    id: str
    name: str
    status: str = ACTIVE


@dataclass(slots=True)
class Category:
    """A tracking category with its options."""

    id: str
    name: str
    status: str = ACTIVE
    options: list[Option] = field(default_factory=list)
    updated_ms: int = 0


@dataclass(slots=True)
class Currency:
    """A currency that the organisation may use; `id` is its code."""

    id: str
    description: str
    updated_ms: int = 0


@dataclass(slots=True)
class PaymentService:
    """A way to pay that a branding theme can offer."""

    id: str
    name: str
    url: str
    pay_now: str
    kind: str = "Custom"
    updated_ms: int = 0


@dataclass(slots=True)
class Theme:
    """A branding theme; the default one has the order 0."""

    id: str
    name: str
    order: int
    created_ms: int
    services: list[str] = field(default_factory=list)
    updated_ms: int = 0


@dataclass(slots=True)
class Reference:
    """All of it, for one organisation. Without a stamp of Xero's, shelves keep the order of ids."""

    accounts: Shelf[Account] = field(default_factory=Shelf)
    tax_rates: Shelf[TaxRate] = field(default_factory=Shelf)
    items: Shelf[Item] = field(default_factory=Shelf)
    categories: Shelf[Category] = field(default_factory=Shelf)
    currencies: Shelf[Currency] = field(default_factory=Shelf)
    themes: Shelf[Theme] = field(default_factory=Shelf)
    services: Shelf[PaymentService] = field(default_factory=Shelf)

    def item(self, code: str) -> Item | None:
        """The item of a code."""
        return next((each for each in self.items.by_id.values() if each.code == code), None)
