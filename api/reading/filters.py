"""By what lists are narrowed: declared once, for lists, the OpenAPI document and capabilities.

Which resource has which filter follows from its model and its sources; along which index each goes
stands in `storage.listing`.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_args

from api.parameters import Parameter
from api.reading.values import (
    REMOTE,
    as_uuid,
    listed,
    read_day,
    read_flag,
    read_id,
    read_instant,
    read_text,
)
from storage import listing
from storage.listing import Clause, Order
from unified.codecs import Choice
from unified.entries import Field
from unified.ids import EntityId, TenantId, record_id
from unified.model import OneOf
from unified.resource import Resource
from unified.resources import KINDS, resource, sources

MOST_VALUES: Final = 100  #: of one parameter that may be repeated

_INSTANT: Final = {"type": "string", "format": "date-time"}
_DAY: Final = {"type": "string", "format": "date"}
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 207}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 200}
#: Resources of one model whose records differ by `kind`.
_KINDS: Final = frozenset({"journal_entry", "payment"})
#: Statuses that we work out ourselves.
_DERIVED: Final = {"repeating_transaction": ("scheduled", "active", "ended")}
_EXAMPLE_ID: Final = "0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One way to narrow a list.

    Attributes:
        parameter: the query parameter, with what it may say.
        field: the field of the record that it goes by.
        clause: the condition, given the organisation and what the caller sent.
    """

    parameter: Parameter
    field: str
    clause: Callable[[TenantId, Any], Clause]


@cache
def filters_of(kind: Resource) -> tuple[Filter, ...]:
    """All filters of a resource, in the order of its documents."""
    return tuple(_filters(kind))


@cache
def orders_of(kind: Resource) -> dict[str, Order]:
    """By which of its fields a list of a resource may be ordered."""
    fields = kind.model.model_fields
    found = {"id": Order.ID, "changed_at": Order.CHANGED_AT}
    if _stamped(kind):
        found["updated_at"] = Order.UPDATED_AT
    dated = {"issue_date": Order.DATE, "date": Order.DATE, "due_date": Order.DUE_DATE}
    more = {**dated, "number": Order.NUMBER}
    found.update({name: order for name, order in more.items() if name in fields})
    return found


def _filters(kind: Resource) -> Iterator[Filter]:
    fields = kind.model.model_fields
    if _stamped(kind):
        yield from _stamps("updated", Order.UPDATED_AT, "Xero last stamped it")
    yield from _stamps("changed", Order.CHANGED_AT, "its content was last seen to differ")
    if any(each.created_key for each in sources(kind.name)):
        yield Filter(
            parameter=_parameter("created_after", _INSTANT, read_instant,
                "Xero says that it was made later than this; things of which Xero tells no such "
                "time are left out.", example="2026-11-01T00:00:00Z"),
            field="created_at",
            clause=lambda _, at: listing.created_after(at),
        )  # fmt: skip
    yield Filter(
        parameter=_parameter("remote_id", _TEXT, read_text, "Xero's own id.", repeated=True),
        field="remote_id",
        clause=lambda tenant_id, of: _by_remote_ids(tenant_id, kind, of),
    )
    for name, column in (
        ("status", "status"),
        ("type", "type"),
        ("payment_status", "payment_status"),
    ):
        known = words_of(kind, name)
        if known:
            yield _words(name, column, known)
    if kind.name in _KINDS:
        yield _words("kind", "facet", words_of(kind, "kind"))
    if "is_overdue" in fields:
        yield Filter(
            parameter=_parameter("is_overdue", {"type": "boolean"}, read_flag,
                "Whether it is overdue today, in the organisation's own time zone."),
            field="is_overdue",
            clause=lambda _, is_so: listing.overdue(is_so=is_so),
        )  # fmt: skip
    if "contact" in fields:
        yield Filter(
            parameter=_parameter("contact", _ID, read_id,
                f"The contact: its id, or `{REMOTE}` with Xero's.", repeated=True,
                example=_EXAMPLE_ID),
            field="contact",
            clause=_by_contacts,
        )  # fmt: skip
    if "number" in fields:
        yield Filter(
            parameter=_parameter("number", _TEXT, read_text, "The number, letter by letter."),
            field="number",
            clause=lambda _, text: listing.number(text),
        )
    yield from _days(kind)
    if kind.name == "attachment":
        yield Filter(
            parameter=_parameter("parent", _ID, _parent_id,
                "What the files are kept with: its id, or `{resource}:` with Xero's, such as "
                f"`invoice:{_EXAMPLE_ID}`.", repeated=True, example=_EXAMPLE_ID),
            field="parent",
            clause=_by_parents,
        )  # fmt: skip


def words_of(kind: Resource, name: str) -> tuple[str, ...]:
    """The words that a field of closed choices may hold; none where it has no such field."""
    if name == "status":
        return _statuses(kind)
    field = kind.model.model_fields.get(name)
    if field is None:
        return ()
    found = [each for each in (*field.metadata, *_metadata(field.annotation)) if _is_choice(each)]
    return tuple(dict.fromkeys(word for each in found for word in each.values))


def _statuses(kind: Resource) -> tuple[str, ...]:
    found: list[str] = []
    for source in sources(kind.name):
        if source.endpoint.asked is not None:
            return ()  # an answer to a question has none
        [entry] = [each for each in source.entries if each.name == "status"]
        if isinstance(entry, Field) and isinstance(entry.codec, Choice):
            found += [ours for _, ours in entry.codec.words]
            found.append("unknown")
        else:
            found += _DERIVED.get(kind.name, ("active",))
        if source.gone_status is not None:
            found.append(source.gone_status)
    return tuple(dict.fromkeys(found))


def _metadata(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for each in get_args(annotation):
        yield from _metadata(each)


def _is_choice(each: Any) -> bool:
    return isinstance(each, OneOf)


def _stamped(kind: Resource) -> bool:
    return any(each.updated_key for each in sources(kind.name))


def _stamps(name: str, order: Order, when: str) -> Iterator[Filter]:
    yield Filter(
        parameter=_parameter(f"{name}_after", _INSTANT, read_instant, f"Later than this {when}.",
                             example="2026-11-01T00:00:00Z"),
        field=order.value,
        clause=lambda _, at: listing.after(order, at),
    )  # fmt: skip
    yield Filter(
        parameter=_parameter(f"{name}_before", _INSTANT, read_instant,
                             f"Earlier than this {when}.", example="2026-12-01T00:00:00Z"),
        field=order.value,
        clause=lambda _, at: listing.before(order, at),
    )  # fmt: skip


def _days(kind: Resource) -> Iterator[Filter]:
    fields = kind.model.model_fields
    dated = next((name for name in ("issue_date", "date") if name in fields), None)
    if dated is not None:
        yield Filter(
            parameter=_parameter("date_from", _DAY, read_day, f"Its `{dated}` is this or later.",
                                 example="2026-11-01"),
            field=dated,
            clause=lambda _, day: listing.from_day(Order.DATE, day),
        )  # fmt: skip
        yield Filter(
            parameter=_parameter("date_to", _DAY, read_day, f"Its `{dated}` is this or earlier.",
                                 example="2026-11-30"),
            field=dated,
            clause=lambda _, day: listing.to_day(Order.DATE, day),
        )  # fmt: skip
    if "due_date" in fields:
        yield Filter(
            parameter=_parameter("due_before", _DAY, read_day, "It falls due before this day.",
                                 example="2026-12-01"),
            field="due_date",
            clause=lambda _, day: listing.before(Order.DUE_DATE, day),
        )  # fmt: skip


def _words(name: str, column: str, known: Collection[str]) -> Filter:
    read = listed(known, name.replace("_", " "))
    joined = "|".join(known)
    schema = {
        "type": "string",
        "pattern": f"^({joined})(,({joined}))*$",
        "x-known-values": [*known],
    }

    def clause(_: TenantId, given: tuple[tuple[str, ...], ...]) -> Clause:
        return listing.words(column, {word for each in given for word in each})

    return Filter(
        parameter=_parameter(name, schema, read,
            "One of its words, or several with commas between them.", repeated=True,
            example=next(iter(known))),
        field=name,
        clause=clause,
    )  # fmt: skip


def _parameter(  # a parameter's own words
    name: str, schema: dict[str, Any], read: Callable[[str], Any], about: str, *,
    repeated: bool = False, example: Any = None,
) -> Parameter:  # fmt: skip
    return Parameter(
        name=name, about=about, schema=schema, read=read, repeated=repeated, example=example
    )


# --- ids -----------------------------------------------------------------------------------------


def entity_id(tenant_id: TenantId, kind: Resource, given: str) -> EntityId:
    """The unified id of `remote:…`, or the id itself, as `read_id` gives them."""
    if not given.startswith(REMOTE):
        return EntityId(given)
    return _of_remote(tenant_id, kind, given.removeprefix(REMOTE))


def by_id(tenant_id: TenantId, kind: Resource, given: str) -> Clause:
    """The condition that finds one record, named as `read_id` gives it."""
    if kind.name == "attachment" and given.startswith(REMOTE):
        return listing.attachment_ids([given.removeprefix(REMOTE).lower()])
    return listing.ids("id", [entity_id(tenant_id, kind, given)])


def _of_remote(tenant_id: TenantId, kind: Resource, remote_id: str) -> EntityId:
    # Xero writes uuids in either case; codes mean what they say.
    coded = any(each.endpoint.coded for each in sources(kind.name))
    return record_id(tenant_id, kind.name, remote_id if coded else remote_id.lower())


def _by_remote_ids(tenant_id: TenantId, kind: Resource, of: tuple[str, ...]) -> Clause:
    if kind.name == "attachment":
        return listing.attachment_ids({each.lower() for each in of})
    return listing.ids("id", {_of_remote(tenant_id, kind, each) for each in of})


def _by_contacts(tenant_id: TenantId, of: tuple[str, ...]) -> Clause:
    contact = resource("contact")
    return listing.ids("contact_id", {entity_id(tenant_id, contact, each) for each in of})


_PARENTS: Final = {each.name: each for each in KINDS}


def _parent_id(text: str) -> str:
    """A unified id, or the name of a resource, a colon and Xero's id.

    Raises:
        ValueError: it is neither.
    """
    name, colon, remote_id = text.partition(":")
    if not colon:
        return as_uuid(text)
    if name not in _PARENTS:
        raise ValueError(f"{name!r} is no resource: send an id, or such as `invoice:` and Xero's")
    return f"{name}:{read_text(remote_id)}"


def _by_parents(tenant_id: TenantId, of: tuple[str, ...]) -> Clause:
    found = set()
    for each in of:
        name, colon, remote_id = each.partition(":")
        found.add(_of_remote(tenant_id, _PARENTS[name], remote_id) if colon else EntityId(each))
    return listing.ids("parent_id", found)
