"""What the product makes of a thing in the simulator's raw books."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unified.ids import Parent
from unified.resource import Normalized, Resource, TenantContext
from unified.resources import by_endpoint
from unified.shape import Read


def normalized(
    kind: Resource, thing: Mapping[str, Any], context: TenantContext, read: Read
) -> Normalized:
    """The thing in unified words; what belongs to another one is read below that."""
    if kind.endpoint.children:
        above = by_endpoint(thing["Parent"])
        assert above is not None
        parent = Parent(above.name, above.endpoint.path, thing["ParentID"])
        told = {key: value for key, value in thing.items() if key not in {"Parent", "ParentID"}}
        return kind.normalize(told, replace(context, parent=parent), Read.SINGLE)
    return kind.normalize(thing, context, read)
