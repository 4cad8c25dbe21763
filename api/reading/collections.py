"""What is read under which address: every resource under its plural, and some under a second name
that narrows it, such as `/bills`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from storage.listing import Clause, words
from unified.resource import Resource
from unified.resources import KINDS, resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One address with what can be read there.

    Attributes:
        name: the last part of the address, in the plural.
        singular: of one of it, as ids of operations have it.
        clauses: what narrows it; none of an address that has all of a resource.
        settled: parameters that it leaves no choice of.
        about: what narrows it, in words.
    """

    name: str
    singular: str
    kind: Resource
    clauses: tuple[Clause, ...] = ()
    settled: frozenset[str] = frozenset()
    about: str = ""

    @property
    def path(self) -> str:
        """Its address."""
        return f"/v1/{self.kind.space}/{self.name}"

    @property
    def tag(self) -> str:
        """The heading under which its operations stand."""
        return tag_of(self.kind)


def tag_of(kind: Resource) -> str:
    """The heading under which operations of a resource stand, such as `Credit notes`."""
    return kind.plural.replace("_", " ").capitalize()


def _alias(  # a name, its singular, and how it narrows what
    name: str, singular: str, of: str, clause: Clause, settled: str, about: str
) -> Collection:
    return Collection(
        name=name,
        singular=singular,
        kind=resource(of),
        clauses=(clause,),
        settled=frozenset({settled} - {""}),
        about=about,
    )


COLLECTIONS: Final[tuple[Collection, ...]] = (
    *(Collection(name=each.plural, singular=each.name, kind=each) for each in KINDS),
    _alias(
        "sales_invoices", "sales_invoice", "invoice", words("type", ["invoice"]), "type",
        "Invoices of `type` `invoice` alone.",
    ),
    _alias(
        "bills", "bill", "invoice", words("type", ["bill"]), "type",
        "Invoices of `type` `bill` alone.",
    ),
    _alias(
        "vendor_credits", "vendor_credit", "credit_note", words("type", ["payable"]), "type",
        "Credit notes of `type` `payable` alone.",
    ),
    _alias(
        "customers", "customer", "contact", words("facet", ["customer", "customer_vendor"]), "",
        "Contacts with `customer` among their `roles`: Xero gives it with the first sales invoice, "
        "so a contact without any document is in neither `customers` nor `vendors`.",
    ),
    _alias(
        "vendors", "vendor", "contact", words("facet", ["vendor", "customer_vendor"]), "",
        "Contacts with `vendor` among their `roles`: Xero gives it with the first bill, so a "
        "contact without any document is in neither `customers` nor `vendors`.",
    ),
)  # fmt: skip
_BY_NAME: Final[Mapping[str, Collection]] = {each.name: each for each in COLLECTIONS}


def collection(name: str) -> Collection:
    """The collection of a plural.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[name]
