"""What Xero takes for an app, by tier: fees, caps and what they include. A pure calculation.

Since 2 March 2026, in AUD per month and app, without tax (Xero: Pricing, and its FAQ). Custom
connections are paid per organisation instead. Egress is what answers carry, GET Organisation left
out; whether answers to writes count is not known, so they do here. Xero does not say whether a
started GB is a whole one, nor whether a GB has 10^9 or 2^30 bytes: the dearer reading of each is
taken, so that no forecast is too low.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final

CURRENCY: Final = "AUD"
GB: Final = 10**9
OVERAGE_PER_GB: Final = Decimal("2.40")
FREE_OF_EGRESS: Final = frozenset({"Organisation"})  #: endpoints whose answers are not counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One row of Xero's price list.

    Attributes:
        fee: None: by quote.
        connections: most organisations linked at once; None: no cap.
        egress_gb: included in a month; None: no end, or by quote where the fee is.
        calls_a_day: of each organisation.
    """

    name: str
    fee: Decimal | None
    connections: int | None
    egress_gb: int | None
    calls_a_day: int = 5_000


TIERS: Final = (
    Tier(name="starter", fee=Decimal(0), connections=5, egress_gb=None, calls_a_day=1_000),
    Tier(name="core", fee=Decimal(35), connections=50, egress_gb=10),
    Tier(name="plus", fee=Decimal(245), connections=1_000, egress_gb=50),
    Tier(name="advanced", fee=Decimal(1_445), connections=10_000, egress_gb=250),
    Tier(name="enterprise", fee=None, connections=None, egress_gb=None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One month at one tier.

    Attributes:
        fits: as many connections as are needed are allowed: caps are hard.
        overage_gb: started GB beyond what is included.
        total: None: by quote.
    """

    tier: Tier
    fits: bool
    overage_gb: int
    overage: Decimal
    total: Decimal | None


def bill(tier: Tier, *, connections: int, egress: int) -> Bill:
    """What a month with so many connections and bytes of egress costs."""
    beyond = 0
    if tier.egress_gb is not None:
        beyond = max(ceil(egress / GB) - tier.egress_gb, 0)
    overage = beyond * OVERAGE_PER_GB
    return Bill(
        tier=tier,
        fits=tier.connections is None or connections <= tier.connections,
        overage_gb=beyond,
        overage=overage,
        total=None if tier.fee is None else tier.fee + overage,
    )


def tier_named(name: str) -> Tier:
    """The tier of that name. Raises KeyError."""
    return {each.name: each for each in TIERS}[name]
