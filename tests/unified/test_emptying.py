"""A null in a change is honoured or refused, however deep it stands: it is never passed by."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import pytest

from unified.commands import Kind
from unified.emptying import emptied
from unified.model import Part, Ref
from unified.resource import DenormalizeError, Resource
from unified.resources import SOURCES, operations_of

#: What Xero lets be emptied below a record's own fields, by the endpoint's path.
HONOURED: Mapping[str, Mapping[str, str]] = {
    "PurchaseOrders": {
        "/delivery/address": "DeliveryAddress",
        "/delivery/attention": "AttentionTo",
        "/delivery/phone": "Telephone",
        "/delivery/instructions": "DeliveryInstructions",
    }
}
#: Words of Xero's that stand beside ours where we know none; they are read only.
BESIDE = frozenset({"remote_kind", "remote_tax_mode", "remote_basis"})
#: Only sales have a discount.
NEVER_HELD = ("purchase_defaults", "discount_percent")


def object_in(kind: Any) -> type[Part] | None:
    """The object that a field holds; None: it holds a value, a list or a reference."""
    if isinstance(kind, type) and issubclass(kind, Part) and not issubclass(kind, Ref):
        return kind
    if get_origin(kind) is list:
        return None
    return next((found for each in get_args(kind) if (found := object_in(each))), None)


def places(part: type[Part], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every place below an object, itself apart."""
    for name, info in part.model_fields.items():
        yield (*above, name)
        below = object_in(info.annotation)
        if below is not None:
            yield from places(below, (*above, name))


def cases() -> Iterator[Any]:
    """Each place below an object of each record that can be changed."""
    for source in SOURCES:
        if not any(each.kind is Kind.UPDATE for each in operations_of(source)):
            continue
        for entry in source.writable:
            part = object_in(source.model.model_fields[entry.name].annotation)
            if part is None or entry.once:
                continue
            for place in places(part, (entry.name,)):
                if place == NEVER_HELD:
                    continue
                pointer = "".join(f"/{step}" for step in place)
                yield pytest.param(source, place, id=f"{source.endpoint.path}:{pointer}")


def at(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A record with this value there."""
    held = value
    for step in reversed(place):
        held = {step: held}
    found: dict[str, Any] = held
    return found


@pytest.mark.parametrize(("source", "place"), [*cases()])
def test_null_below_an_object_is_honoured_or_refused(
    source: Resource, place: tuple[str, ...]
) -> None:
    """Else a caller is told 200, and what should be gone stands."""
    pointer = "".join(f"/{step}" for step in place)
    key = HONOURED.get(source.endpoint.path, {}).get(pointer)
    known, wished = at(place, "held"), at(place, None)

    if place[-1] in BESIDE:
        assert emptied(source.writable, known, wished) == {}
    elif key is not None:
        assert emptied(source.writable, known, wished) == {key: ""}
    else:
        with pytest.raises(DenormalizeError) as refused:
            emptied(source.writable, known, wished)
        assert refused.value.path == pointer
    assert emptied(source.writable, wished, wished) == {}


def test_object_that_goes_with_all_it_holds_is_refused() -> None:
    """As every field of which Xero has no empty value."""
    [contacts] = [each for each in SOURCES if each.endpoint.path == "Contacts"]
    known = at(("payment_terms", "sales", "days"), 20)

    with pytest.raises(DenormalizeError) as refused:
        emptied(contacts.writable, known, {"payment_terms": None})

    assert refused.value.path == "/payment_terms"
