"""What purchase orders, quotes and repeating templates have in common: documents that promise money
and move none, so that nothing is ever paid or allocated on them.

Each is a resource of its own; here are the lines of their tables that are the same, and the schema.
"""

from typing import Annotated, Any, Final

from unified.codecs import TEXT, Choice
from unified.lines import LINES, Line
from unified.model import Amount, Currency, OneOf, Rate, Record, Ref
from unified.money_block import TAX_MODE, base_twins, derive_base, money_fields
from unified.parts import id_ref, object_ref
from unified.shape import ALL, Entry, Field

_TWINS: Final = base_twins("subtotal", "total_tax", "total", "total_discount")

#: Keys of each that are known and not mapped.
DRAFTED_IGNORED: Final = (
    "Attachments",
    "DateString",
    "HasErrors",
    "HasValidationErrors",
    "StatusAttributeString",
    "ValidationErrors",
    "Warnings",
)


def drafted_fields(*, tax_mode: Choice = TAX_MODE) -> tuple[Entry, ...]:
    """The lines of a table that are the same for all three.

    Their lists carry lines and whole contacts whether they are asked for by page or not (Xero:
    Purchase orders, Quotes, Repeating invoices).
    """
    return (
        Field("reference", "Reference", TEXT, write=True),
        Field("contact", "Contact", object_ref("contact", "ContactID"), ALL, write=True),
        *money_fields(rate_in_every_read=True, tax_mode=tax_mode),
        Field("line_items", "LineItems", LINES, write=True, always=True),
        Field(
            "branding_theme",
            "BrandingThemeID",
            id_ref("branding_theme"),
            write=True,
            cosmetic=True,
        ),
    )


def derive_drafted(record: dict[str, Any]) -> None:
    """Fill the derived fields of its money in place."""
    derive_base(record, _TWINS)


class Drafted(Record):
    """What every such record holds. Amounts are in `currency` unless `_base`."""

    reference: str | None
    contact: Ref | None
    currency: Currency | None
    base_currency: Currency | None
    exchange_rate_to_base: Rate | None
    provider_exchange_rate: Rate | None
    tax_mode: Annotated[str, OneOf("exclusive", "inclusive", "none")] | None
    remote_tax_mode: str | None
    subtotal: Amount | None
    subtotal_base: Amount | None
    total_tax: Amount | None
    total_tax_base: Amount | None
    total: Amount | None
    total_base: Amount | None
    total_discount: Amount | None
    total_discount_base: Amount | None
    line_items: list[Line] | None
    branding_theme: Ref | None
