"""Attacks on the other organisation, made from the api's own list of operations.

Each operation is asked in every way in which a request can name something: the organisation's
header, each parameter of its address, its query and its headers, and ids in its body. What these
can name stands in tables here; an operation with a parameter that none of them knows fails the
test until somebody says what it can name.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from api.operation import Operation
from api.parameters import Parameter
from api.reading.collections import COLLECTIONS
from tests.isolation.rig import Side

#: Parameters that choose among words, dates and numbers, or name things of the caller's own: they
#: lead to nothing of anybody's.
HARMLESS = frozenset({
    "as_of", "basis", "changed_after", "changed_before", "consistency", "created_after",
    "date_from", "date_to", "deleted", "dry_run", "due_before", "end_date", "erase", "fields",
    "include", "include_with_document", "is_overdue", "kind", "layout", "limit", "operation",
    "payment_status", "period_unit", "periods", "resource", "resources", "since", "sort",
    "start_date", "state", "status", "type", "types", "updated_after", "updated_before", "wait",
    "Idempotency-Key", "If-Match", "X-Correlation-Id", "X-Tenant-Id",
})  # fmt: skip
#: What a reference in a body, by the field that holds it, refers to.
REFERRED = {
    "account": "account", "bank_account": "account", "contact": "contact", "invoice": "invoice",
    "item": "item", "parent_account": "account", "contacts": "contact", "members": "contact",
    "from_account": "account", "to_account": "account", "credit": "credit_note",
    "credit_note": "credit_note", "document": "invoice", "payments": "payment",
}  # fmt: skip
_LISTED = {each.name: each.kind.name for each in COLLECTIONS}


class UnknownParameter(AssertionError):
    """A parameter of which nobody has said what it can name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What else an attacker has got hold of.

    Attributes:
        cursors: of the other's lists, by id of the operation; `after` of its feed.
        names: values of the other's, by name of a parameter.
    """

    cursors: Mapping[str, str]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attack:
    """One request.

    Attributes:
        refused: it must not succeed; otherwise it may, with nothing of the other's.
        way: how it tries, for whoever reads of a leak.
    """

    operation: Operation
    way: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    refused: bool = True

    @property
    def said(self) -> str:
        """All that the request itself says: an answer may repeat it."""
        body = "" if self.content is None else self.content.decode("utf-8", "replace")
        return " ".join([self.path, *self.query.values(), *(v for _, v in self.headers), body])


def attacks(operation: Operation, mine: Side, other: Side, known: Known) -> Iterator[Attack]:
    """All attacks by one operation."""
    yield from _by_header(operation, mine, other, known)
    yield from _by_address(operation, mine, other, known)
    yield from _by_query(operation, mine, known)
    yield from _by_body(operation, mine, other)


def own(operation: Operation, side: Side) -> Attack | None:
    """A good request for what is the caller's own; None where its books have no such thing."""
    path = _path(operation, side, side, named={})
    return None if path is None else Attack(operation, "own", path)


def named(parameters: tuple[Parameter, ...], known: Known) -> Iterator[tuple[Parameter, str]]:
    """Parameters that can name something, with values of the other's."""
    for each in parameters:
        if each.where == "path" or each.name in HARMLESS:
            continue
        value = known.names.get(each.name)
        if value is None and each.name not in ("cursor", "after", "Last-Event-ID"):
            raise UnknownParameter(f"{each.name}: say in tests/isolation what it can name")
        if value is not None:
            yield each, value


def _by_header(operation: Operation, mine: Side, other: Side, known: Known) -> Iterator[Attack]:
    body = _example(operation)
    both = (*_header(mine.tenant), *_header(other.tenant))
    forged = (*_header(mine.tenant), ("Xero-Tenant-Id", other.tenant))
    for whose, side in (("the other's", other), ("its own", mine)):
        path = _path(operation, side, side, named=known.names if side is other else {})
        if path is None or (side is mine and _harms(operation)):
            continue
        refused = operation.of_tenant or (side is other and "{" in operation.path)
        for way, headers, must in (
            ("the other's header", _header(other.tenant), refused),
            ("both headers", both, refused),
            ("Xero's own header, too", forged, side is other and "{" in operation.path),
            ("Xero's own header", forged[1:], side is other and "{" in operation.path),
        ):
            yield Attack(
                operation, f"{way}, {whose} address", path, headers=headers, content=body,
                refused=must,
            )  # fmt: skip


def _harms(operation: Operation) -> bool:
    """Whether asking for what is the attacker's own would leave nothing to attack with."""
    return operation.changes and "{" in operation.path


def _by_address(operation: Operation, mine: Side, other: Side, known: Known) -> Iterator[Attack]:
    names = _names(operation)
    for form, live in itertools.product(("id", "remote"), (False, True)):
        for attacked in range(len(names)):
            # The first ids are the attacker's own, from one of them on they are the other's.
            path = _path(operation, other, mine, named=known.names, own=attacked, form=form)
            if path is None or names[attacked] == "file_name":
                continue  # nothing there, or a name of the attacker's own choosing
            if live and not _takes(operation, "consistency"):
                continue
            yield Attack(
                operation, f"the other's {names[attacked]} ({form}{', live' if live else ''})",
                path, query={"consistency": "live"} if live else {},
                headers=_header(mine.tenant), content=_example(operation),
            )  # fmt: skip


def _by_query(operation: Operation, mine: Side, known: Known) -> Iterator[Attack]:
    path = _path(operation, mine, mine, named={})
    if path is None or _harms(operation):
        return
    headers, body = _header(mine.tenant), _example(operation)
    for each, value in named(operation.parameters, known):
        if each.where == "header":
            more = (*headers, (each.name, value))
            yield Attack(operation, f"header {each.name}", path, headers=more, content=body,
                         refused=False)  # fmt: skip
            continue
        for live in {False, _takes(operation, "consistency")}:
            query = {each.name: value, **({"consistency": "live"} if live else {})}
            yield Attack(operation, f"?{each.name}{', live' if live else ''}", path,
                         query=query, headers=headers, content=body, refused=False)  # fmt: skip
    for name in ("cursor", "after"):
        if _takes(operation, name) and operation.id in known.cursors:
            query = {name: known.cursors[operation.id], "limit": "1"}
            yield Attack(operation, f"the other's {name}", path, query=query, headers=headers)
    if _takes(operation, "Last-Event-ID"):
        more = (*headers, ("Last-Event-ID", known.cursors[operation.id]))
        yield Attack(operation, "the other's Last-Event-ID", path, headers=more)
    everything = {
        each.name: ",".join(each.schema.get("items", each.schema).get("enum", ()))
        for each in operation.parameters
        if each.name == "include"
    }
    if any(everything.values()):
        yield Attack(operation, "all that can be included", path, query=everything,
                     headers=headers, refused=False)  # fmt: skip


def _by_body(operation: Operation, mine: Side, other: Side) -> Iterator[Attack]:
    if operation.body is None or not isinstance(operation.body.example, (dict, list)):
        return
    path = _path(operation, mine, mine, named={})
    if path is None:
        return
    for form in ("id", "remote"):
        body, changed = _referring(operation.body.example, other, form)
        if changed:
            yield Attack(
                operation, f"a body that refers to the other's ({form})", path,
                headers=_header(mine.tenant), content=json.dumps(body).encode(),
            )  # fmt: skip


def _referring(node: Any, other: Side, form: str, under: str = "") -> tuple[Any, bool]:
    """The body with each reference put on a thing of the other's, and whether there was any."""
    if isinstance(node, list):
        parts = [_referring(each, other, form, under) for each in node]
        return [part for part, _ in parts], any(changed for _, changed in parts)
    if not isinstance(node, dict):
        return node, False
    resource = REFERRED.get(under)
    if resource and ("id" in node or "code" in node or "remote_id" in node):
        record = _record(other, resource)
        if record is not None:
            key = "id" if form == "id" else "remote_id"
            return {key: record[key]}, True
    made, changed = {}, False
    for name, each in node.items():
        made[name], one = _referring(each, other, form, name)
        changed |= one
    return made, changed


def _path(  # whose things stand where
    operation: Operation,
    side: Side,
    mine: Side,
    *,
    named: Mapping[str, str],
    own: int = 0,
    form: str = "id",
) -> str | None:
    """The address with ids in it: the first `own` of `mine`, the others of `side`."""
    path = operation.path
    for place, name in enumerate(_names(operation)):
        whose = mine if place < own else side
        value = _value(operation, name, whose, mine=mine, named=named, form=form)
        if value is None:
            return None
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    return path


def _value(  # whose thing, and what else is known
    operation: Operation,
    name: str,
    side: Side,
    *,
    mine: Side,
    named: Mapping[str, str],
    form: str,
) -> str | None:
    if name == "tenant":
        return side.tenant
    if name == "key":
        return named.get("key", side.key.key.id)
    if name in ("session", "file_name", "path"):
        return named.get(name, _PLACEHOLDERS[name])
    resource = {
        "id": _LISTED.get(operation.path.split("/")[3]),
        "contact_id": "contact",
        "tracking_option_id": "tracking_category",
        "allocation_id": "credit_note",
    }.get(name)
    if resource is None:
        raise UnknownParameter(f"{{{name}}} of {operation.path}: say in tests/isolation what it is")
    record = _record(side, resource, mine)
    if record is None:
        return None
    if name == "tracking_option_id":
        record = (record.get("options") or [record])[0]
    if name == "allocation_id":
        record = (record.get("allocations") or [record])[0]
    if form == "remote":
        return f"remote:{record['remote_id']}" if record.get("remote_id") else None
    return str(record.get("id") or uuid4())


_PLACEHOLDERS = {
    "session": str(uuid4()),
    "file_name": "receipt.png",
    "path": "api.xro/2.0/Invoices",
}


def _record(side: Side, resource: str, mine: Side | None = None) -> dict[str, Any] | None:
    """The first of its things, of those that `mine` has not, too: both know the same currencies."""
    own = [] if mine is None or mine is side else mine.records.get(resource, [])
    known = {each["remote_id"] for each in own}
    held = [each for each in side.records.get(resource, ()) if each["remote_id"] not in known]
    return held[0] if held else None


def _names(operation: Operation) -> list[str]:
    return [
        part.strip("{}").removesuffix(":path")
        for part in operation.path.split("/")
        if part.startswith("{")
    ]


def _takes(operation: Operation, name: str) -> bool:
    return any(each.name == name for each in operation.parameters)


def _header(tenant_id: str) -> tuple[tuple[str, str], ...]:
    return (("X-Tenant-Id", tenant_id),)


def _example(operation: Operation) -> bytes | None:
    body = operation.body
    if body is None:
        return None
    if body.schema is None:
        return b"\x89PNG\r\n\x1a\n0123"
    return json.dumps(body.example).encode()
