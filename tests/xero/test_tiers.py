"""Xero's bill by tier: fees, caps, and what lies beyond what is included."""

from decimal import Decimal

import pytest

from xero.tiers import GB, TIERS, bill, tier_named


@pytest.mark.parametrize(
    ("tier", "egress", "total"),
    [
        ("starter", 900 * GB, "0"),
        ("core", 10 * GB, "35"),
        ("core", 10 * GB + 1, "37.40"),
        ("core", 12 * GB + GB // 2, "42.20"),
        ("plus", 49 * GB, "245"),
        ("advanced", 251 * GB, "1447.40"),
    ],
)
def test_bill_is_the_fee_and_what_lies_beyond(tier: str, egress: int, total: str) -> None:
    """A started GB is taken for a whole one, so that no forecast is too low."""
    assert bill(tier_named(tier), connections=1, egress=egress).total == Decimal(total)


def test_enterprise_is_by_quote() -> None:
    """Nobody knows what it costs before asking."""
    told = bill(tier_named("enterprise"), connections=99_999, egress=9_999 * GB)

    assert (told.total, told.fits, told.overage_gb) == (None, True, 0)


def test_caps_on_connections_are_hard() -> None:
    """A tier that is too small is none that could be paid for."""

    def fitting(connections: int) -> list[str]:
        return [each.name for each in TIERS if bill(each, connections=connections, egress=0).fits]

    names = [each.name for each in TIERS]
    assert [fitting(needed) for needed in (5, 6, 51, 1_001, 10_001)] == [
        names,
        names[1:],
        names[2:],
        names[3:],
        names[4:],
    ]
