"""Tax rates: what a line is taxed with, by the only key that never changes, its TaxType.

Rates are percentages (15 is fifteen in a hundred), never fractions. Names can be edited, so
nothing is keyed by them.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final

from unified.codecs import NUMBER, TEXT, Codec, Scope, choice, flag
from unified.commands import creates, moves, updates
from unified.model import Label, Number, OneOf, Part, Record
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Derived, Field, Shape, many

_STATUS: Final = choice(
    "TaxRate.Status",
    {"ACTIVE": "active", "ARCHIVED": "archived", "DELETED": "deleted", "PENDING": "pending"},
    written={"active": "ACTIVE", "archived": "ARCHIVED", "deleted": "DELETED"},
)
_APPLIES: Final = MappingProxyType(
    {
        "CanApplyToAssets": "asset",
        "CanApplyToEquity": "equity",
        "CanApplyToExpenses": "expense",
        "CanApplyToLiabilities": "liability",
        "CanApplyToRevenue": "revenue",
    }
)
_COMPONENT: Final = Shape(
    "TaxComponent",
    (
        Field("name", "Name", TEXT, write=True),
        Field("rate", "Rate", NUMBER, write=True),
        Field("is_compound", "IsCompound", flag(absent=False), write=True),
        Field("is_non_recoverable", "IsNonRecoverable", flag(absent=False), write=True),
    ),
)


_APPLICABLE: Final = flag(absent=False).decode


def _read_applies(raw: Mapping[str, Any], scope: Scope) -> list[str]:
    return [kind for key, kind in _APPLIES.items() if _APPLICABLE(raw.get(key), scope)]


def _direction(record: Mapping[str, Any]) -> str:
    """By the accounts that it may be used with; the family of its type where these are both."""
    applies = record["applies_to"] or ()
    sales, purchases = "revenue" in applies, "expense" in applies
    if sales is purchases:
        family = record["report_tax_type"] or record["remote_id"]
        told = "OUTPUT" in family, "INPUT" in family or "EXPENSE" in family
        if True in told and told != (True, True):
            sales, purchases = told
    if sales and purchases:
        return "both"
    return "sales" if sales else "purchases" if purchases else "none"


def _derive(record: dict[str, Any]) -> None:
    record["code"] = record["remote_id"]
    record["direction"] = _direction(record)


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "deleted" else None


class TaxRateComponent(Part):
    """One of the taxes that a rate is made of; a compound one is levied on the others too."""

    name: Label | None
    rate: Number | None
    is_compound: bool
    is_non_recoverable: bool


class TaxRate(Record):
    """A tax rate; `code` is its TaxType, which is its remote id too."""

    code: str
    name: Label | None
    effective_rate: Number | None
    display_rate: Number | None
    components: list[TaxRateComponent] | None
    applies_to: (
        list[Annotated[str, OneOf("asset", "equity", "expense", "liability", "revenue")]] | None
    )
    report_tax_type: str | None
    direction: Annotated[str, OneOf("sales", "purchases", "both", "none")]


TAX_RATE: Final = Resource(
    name="tax_rate",
    plural="tax_rates",
    topic_part="tax-rates",
    space="accounting",
    model=TaxRate,
    endpoint=Endpoint(
        path="TaxRates",
        item_key="TaxRates",
        id_key="TaxType",
        coded=True,
        modified_since=False,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
        # Rates change with laws, some times a year.
        pace=Pace(changes_per_hour=0.0005, longest=timedelta(hours=24)),
    ),
    webhook_category=None,
    gone_status="deleted",
    updated_key=None,
    derive=_derive,
    removed_as=_removed_as,
    operations=(
        creates("a tax rate", one=True),
        updates("a tax rate of the organisation's own", "POST {list}"),
        moves(
            "delete",
            "Delete a tax rate of the organisation's own that nothing uses",
            "POST {list}",
            word="DELETED",
            becomes="deleted",
            legal_in=("active", "archived"),
            ends="deleted",
        ),
    ),
    required=("name", "components"),
    sent_along=("Name", "TaxComponents"),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        Derived("code"),
        Field("name", "Name", TEXT, write=True),
        Field("effective_rate", "EffectiveRate", NUMBER),
        Field("display_rate", "DisplayTaxRate", NUMBER),
        Field("components", "TaxComponents", many(_COMPONENT), write=True),
        Field("applies_to", tuple(_APPLIES), Codec(_read_applies)),
        Field("report_tax_type", "ReportTaxType", TEXT, write=True),
        Derived("direction"),
    ),
    ignored=("ValidationErrors", "StatusAttributeString", "Warnings"),
)
