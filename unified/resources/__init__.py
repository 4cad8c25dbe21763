"""Every resource that is carried: one line each, and the ways to find one.

A new resource is a file beside this one and its line in `RESOURCES`, which is the order in which
they are read at first: what documents refer to before the documents. A resource that Xero keeps
in several endpoints has several lines, one for each source: they share its name and its model.
"""

from collections.abc import Mapping
from typing import Final

from unified.commands import Command
from unified.history import NOTE, WITH_HISTORY
from unified.resource import Resource
from unified.resources.account import ACCOUNT
from unified.resources.attachment import ATTACHMENT, PARENTS, UPLOAD
from unified.resources.batch_payment import BATCH_PAYMENT
from unified.resources.budget import BUDGET
from unified.resources.company_info import COMPANY_INFO
from unified.resources.contact import CONTACT
from unified.resources.contact_group import CONTACT_GROUP
from unified.resources.credit_note import CREDIT_NOTE
from unified.resources.currency import CURRENCY
from unified.resources.employee import (
    EMPLOYEE_AU,
    EMPLOYEE_NZ,
    EMPLOYEE_OLD,
    EMPLOYEE_UK,
)
from unified.resources.invoice import INVOICE
from unified.resources.item import ITEM
from unified.resources.journal_entry import MANUAL_JOURNAL
from unified.resources.ledger_journal import LEDGER_JOURNAL
from unified.resources.overpayment import OVERPAYMENT
from unified.resources.payment import PAYMENT
from unified.resources.prepayment import PREPAYMENT
from unified.resources.purchase_order import PURCHASE_ORDER
from unified.resources.quote import QUOTE
from unified.resources.repeating_transaction import REPEATING_TRANSACTION
from unified.resources.report import REPORTS
from unified.resources.tax_rate import TAX_RATE
from unified.resources.tracking_category import TRACKING_CATEGORY
from unified.resources.transaction import BANK_TRANSACTION, BANK_TRANSFER
from unified.resources.user import USER
from unified.shape import ResourceDefinitionError

RESOURCES: Final[tuple[Resource, ...]] = (
    COMPANY_INFO,
    USER,
    CURRENCY,
    ACCOUNT,
    TAX_RATE,
    TRACKING_CATEGORY,
    BUDGET,
    ITEM,
    CONTACT,
    CONTACT_GROUP,
    INVOICE,
    CREDIT_NOTE,
    PREPAYMENT,
    OVERPAYMENT,
    BATCH_PAYMENT,
    PAYMENT,
    BANK_TRANSACTION,
    BANK_TRANSFER,
    MANUAL_JOURNAL,
    LEDGER_JOURNAL,
    PURCHASE_ORDER,
    QUOTE,
    REPEATING_TRANSACTION,
    EMPLOYEE_AU,
    EMPLOYEE_NZ,
    EMPLOYEE_UK,
    EMPLOYEE_OLD,
    ATTACHMENT,  # the last, since it belongs to the others
)

#: All sources, those too that are read on demand only.
SOURCES: Final[tuple[Resource, ...]] = (*RESOURCES, *REPORTS)


def _index(pairs: list[tuple[str, Resource]]) -> Mapping[str, Resource]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ResourceDefinitionError(f"two resources share a name: {[name for name, _ in pairs]}")
    return found


def by_name(resources: tuple[Resource, ...]) -> Mapping[str, tuple[Resource, ...]]:
    """The sources of each resource, in their order.

    Raises:
        ResourceDefinitionError: sources of one resource differ in what consumers see of it.
    """
    found: dict[str, list[Resource]] = {}
    for each in resources:
        found.setdefault(each.name, []).append(each)
    for name, of in found.items():
        if len({(each.plural, each.topic_part, each.space, each.model) for each in of}) > 1:
            raise ResourceDefinitionError(f"the sources of {name} are not of one kind")
    return {name: tuple(of) for name, of in found.items()}


_BY_NAME = by_name(SOURCES)
#: One for each resource, however many sources it has: for names, topics and schemas.
KINDS: Final[tuple[Resource, ...]] = tuple(of[0] for of in _BY_NAME.values())
_BY_PLURAL = _index([(each.plural, each) for each in KINDS])
_BY_ENDPOINT = _index([(each.endpoint.path, each) for each in SOURCES])
_BY_CATEGORY = _index(
    [(each.webhook_category, each) for each in RESOURCES if each.webhook_category is not None]
)


def resource(name: str) -> Resource:
    """The resource of a singular name such as "invoice"; its first source, where it has several.

    Raises:
        KeyError: no such resource is carried.
    """
    return _BY_NAME[name][0]


def sources(name: str) -> tuple[Resource, ...]:
    """All sources of a resource: mostly one.

    Raises:
        KeyError: no such resource is carried.
    """
    return _BY_NAME[name]


def source_of(name: str, path: str | None) -> Resource:
    """The source from which a record of this resource came; `path` is None for records that were
    stored before that was kept, whose resources had one.

    Raises:
        KeyError: no such resource is carried.
    """
    return next((each for each in _BY_NAME[name] if each.endpoint.path == path), resource(name))


def operations_of(source: Resource) -> tuple[Command, ...]:
    """All that can be done with the things of a source: what its file says, and what Xero lets one
    do with many kinds of things alike."""
    path = source.endpoint.path
    alike = ((UPLOAD, path in PARENTS), (NOTE, path in WITH_HISTORY))
    return (*source.operations, *(command for command, has in alike if has))


def by_plural(plural: str) -> Resource | None:
    """The resource of a plural as in our addresses, such as "invoices"."""
    return _BY_PLURAL.get(plural)


def by_endpoint(path: str) -> Resource | None:
    """The resource of a Xero endpoint such as "Invoices"."""
    return _BY_ENDPOINT.get(path)


def by_category(category: str) -> Resource | None:
    """The resource of a webhook's event category such as "INVOICE"."""
    return _BY_CATEGORY.get(category)
