"""Tracking categories and their options, and what lines say of them.

Source: Xero's "Tracking Categories" page: two active categories at most, four in all, names of at
most 100 characters. Archived ones are shown to who asks for them; deleted ones to nobody.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from simulator import usage
from simulator.elements import Element, identifier, text
from simulator.ledger import Ledger
from simulator.reference import ACTIVE, ARCHIVED, Category, Option
from simulator.refusals import NotFound, Refused

MOST_ACTIVE = 2
MOST = 4
MOST_ON_LINE = 2


class _Named(Protocol):
    name: str
    status: str


def find(ledger: Ledger, key: str) -> Category:
    """The category of an id. Raises NotFound."""
    known = ledger.reference.categories.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def find_option(category: Category, key: str) -> Option:
    """The option of an id. Raises NotFound."""
    for option in category.options:
        if option.id == key.lower():
            return option
    raise NotFound(key)


def create(ledger: Ledger, element: Element) -> Category:
    """Make a category. Raises Refused."""
    held = list(ledger.reference.categories)
    name = _name(element, held)
    if len(held) >= MOST or sum(each.status == ACTIVE for each in held) >= MOST_ACTIVE:
        raise Refused("The maximum number of tracking categories has been reached")
    category = Category(ledger.new_id(), name)
    ledger.reference.categories.put(category, 0)
    return category


def update(ledger: Ledger, category: Category, element: Element) -> Category:
    """Rename a category, archive it or make it active again. Raises Refused."""
    others = [each for each in ledger.reference.categories if each is not category]
    status = _status(element, category)
    if status == ACTIVE != category.status:
        active = sum(each.status == ACTIVE for each in others)
        if active >= MOST_ACTIVE:
            raise Refused("The maximum number of tracking categories has been reached")
    name = _name(element, others, held=category.name)
    category.name, category.status = name, status
    return category


def delete(ledger: Ledger, category: Category) -> dict[str, Any]:
    """Remove a category that no line has; its last form. Raises Refused."""
    if usage.of_tracking(ledger, "TrackingCategoryID", category.id):
        raise Refused("The tracking category cannot be deleted as it has been used")
    ledger.reference.categories.drop(category.id)
    return {**wire(category, archived=True), "Status": "DELETED"}


def create_option(ledger: Ledger, category: Category, element: Element) -> Option:
    """Add an option. Raises Refused."""
    option = Option(ledger.new_id(), _name(element, category.options))
    category.options.append(option)
    return option


def update_option(category: Category, option: Option, element: Element) -> Option:
    """Rename an option, archive it or make it active again. Raises Refused."""
    others = [each for each in category.options if each is not option]
    name, status = _name(element, others, held=option.name), _status(element, option)
    option.name, option.status = name, status
    return option


def delete_option(ledger: Ledger, category: Category, option: Option) -> dict[str, Any]:
    """Remove an option that no line has; its last form. Raises Refused."""
    if usage.of_tracking(ledger, "TrackingOptionID", option.id):
        raise Refused("The tracking option cannot be deleted as it has been used")
    category.options.remove(option)
    return {**option_wire(option), "Status": "DELETED", "IsDeleted": True, "IsActive": False}


def on_line(ledger: Ledger, sent: list[Element]) -> list[dict[str, Any]]:
    """What a line keeps of the tracking that was sent, by ids or by names. Raises Refused."""
    if len(sent) > MOST_ON_LINE:
        raise Refused("A line can have at most two tracking categories")
    kept = [_chosen(ledger, element) for element in sent]
    if len({each["TrackingCategoryID"] for each in kept}) < len(kept):
        raise Refused("A line can have one option of a tracking category only")
    return kept


def wire(category: Category, *, archived: bool) -> dict[str, Any]:
    """The category as Xero shows it, with archived options or without."""
    return {
        "Name": category.name,
        "Status": category.status,
        "TrackingCategoryID": category.id,
        "Options": [
            option_wire(option)
            for option in category.options
            if archived or option.status == ACTIVE
        ],
    }


def option_wire(option: Option) -> dict[str, Any]:
    """The option as Xero shows it."""
    return {
        "TrackingOptionID": option.id,
        "Name": option.name,
        "Status": option.status,
        "HasValidationErrors": False,
        "IsDeleted": False,
        "IsArchived": option.status == ARCHIVED,
        "IsActive": option.status == ACTIVE,
    }


def _chosen(ledger: Ledger, element: Element) -> dict[str, Any]:
    category_id, name = identifier(element, "TrackingCategoryID"), text(element, "Name")
    option_id, choice = identifier(element, "TrackingOptionID"), text(element, "Option")
    category = next(
        (
            each
            for each in ledger.reference.categories
            if (each.id == category_id if category_id else each.name == name)
        ),
        None,
    )
    if category is None or category.status != ACTIVE:
        raise Refused("The TrackingCategory does not exist or is not active")
    option = next(
        (
            each
            for each in category.options
            if (each.id == option_id if option_id else each.name == choice)
        ),
        None,
    )
    if option is None or option.status != ACTIVE:
        raise Refused("The TrackingOption does not exist or is not active")
    return {
        "Name": category.name,
        "Option": option.name,
        "TrackingCategoryID": category.id,
        "TrackingOptionID": option.id,
    }


def _name(element: Element, others: Iterable[_Named], *, held: str | None = None) -> str:
    name = text(element, "Name") or text(element, "name") or held
    if not name:
        raise Refused("A Name is required")
    if len(name) > 100:
        raise Refused("The Name field must be 100 characters or less")
    if any(each.name.lower() == name.lower() for each in others):
        raise Refused(f"The name '{name}' is already used")
    return name


def _status(element: Element, held: _Named) -> str:
    status = (text(element, "Status") or held.status).upper()
    if status not in {ACTIVE, ARCHIVED}:
        raise Refused(f"The status '{status}' is not valid")
    return status
