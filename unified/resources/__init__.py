"""Every resource that is carried: one line each, and the ways to find one.

A new resource is a file beside this one and its line in `RESOURCES`, which is the order in which
they are read at first: what documents refer to before the documents.
"""

from collections.abc import Mapping
from typing import Final

from unified.resource import Resource
from unified.resources.account import ACCOUNT
from unified.resources.company_info import COMPANY_INFO
from unified.resources.contact import CONTACT
from unified.resources.credit_note import CREDIT_NOTE
from unified.resources.currency import CURRENCY
from unified.resources.invoice import INVOICE
from unified.resources.item import ITEM
from unified.resources.overpayment import OVERPAYMENT
from unified.resources.payment import PAYMENT
from unified.resources.prepayment import PREPAYMENT
from unified.resources.tax_rate import TAX_RATE
from unified.resources.tracking_category import TRACKING_CATEGORY
from unified.shape import ResourceDefinitionError

RESOURCES: Final[tuple[Resource, ...]] = (
    COMPANY_INFO,
    CURRENCY,
    ACCOUNT,
    TAX_RATE,
    TRACKING_CATEGORY,
    ITEM,
    CONTACT,
    INVOICE,
    CREDIT_NOTE,
    PREPAYMENT,
    OVERPAYMENT,
    PAYMENT,
)


def _index(pairs: list[tuple[str, Resource]]) -> Mapping[str, Resource]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ResourceDefinitionError(f"two resources share a name: {[name for name, _ in pairs]}")
    return found


_BY_NAME = _index([(each.name, each) for each in RESOURCES])
_BY_PLURAL = _index([(each.plural, each) for each in RESOURCES])
_BY_ENDPOINT = _index([(each.endpoint.path, each) for each in RESOURCES])
_BY_CATEGORY = _index(
    [(each.webhook_category, each) for each in RESOURCES if each.webhook_category is not None]
)


def resource(name: str) -> Resource:
    """The resource of a singular name such as "invoice".

    Raises:
        KeyError: no such resource is carried.
    """
    return _BY_NAME[name]


def by_plural(plural: str) -> Resource | None:
    """The resource of a plural as in our addresses, such as "invoices"."""
    return _BY_PLURAL.get(plural)


def by_endpoint(path: str) -> Resource | None:
    """The resource of a Xero endpoint such as "Invoices"."""
    return _BY_ENDPOINT.get(path)


def by_category(category: str) -> Resource | None:
    """The resource of a webhook's event category such as "INVOICE"."""
    return _BY_CATEGORY.get(category)
