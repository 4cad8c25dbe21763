"""What one kind of Xero object is to us, and everything that can be asked about one record.

A `Resource` is declared in one file under `resources/` and is pure data and pure functions: it
fetches nothing, stores nothing and never asks what time it is. Which answers are believed is
decided in handlers/compare.py; how an event is worded, in `envelope`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from unified.carrying import Carrying, extensions_field
from unified.codecs import (
    CodecError,
    Scope,
    instant_text,
    parse_instant,
    read_guid,
    read_text,
)
from unified.commands import Command, Kind
from unified.diff import changed_paths, content_hash_of, fingerprint_of, is_same
from unified.emptying import emptied
from unified.ids import RemoteId, record_id
from unified.money import minor_digits
from unified.shape import Constant, Derived, Entry, Field, Read, ResourceDefinitionError, Shape
from unified.vocabulary import (
    COMMON,
    ENVELOPE_MINOR,
    FULL,
    PROVIDER,
    SCHEMA_MAJOR,
    STAMPED,
    DenormalizeError,
    Endpoint,
    Normalized,
    NormalizeError,
    Pace,
    TenantContext,
    Timer,
    Told,
)

__all__ = [
    "COMMON",
    "PROVIDER",
    "STAMPED",
    "DenormalizeError",
    "Endpoint",
    "NormalizeError",
    "Normalized",
    "Pace",
    "Read",
    "Resource",
    "ResourceDefinitionError",
    "TenantContext",
    "Timer",
    "Told",
]

#: Of the common block, what may differ between two reads of the same content.
_VOLATILE = frozenset(
    {"connection_id", "remote_url", "created_at", "updated_at", "completeness", *STAMPED}
)

Record = Mapping[str, Any]


def _no_link(_record: Record, _short_code: str) -> str | None:
    return None


def _nothing_derived(_record: dict[str, Any]) -> None:
    return


def _nothing_follows(_known: Record, _record: dict[str, Any]) -> None:
    return


def _not_timed(_record: Record, _business_date: date | None) -> dict[str, Any]:
    return {}


def _no_timer(_record: Record) -> Timer | None:
    return None


def _not_removed(_record: Record) -> str | None:
    return None


def _no_facts(_before: Record, _after: Record) -> list[str]:
    return []


def _not_linked(_record: Record) -> list[tuple[str, str]]:
    return []


def _whole(_record: Record, body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    return body()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Resource:
    """One kind of Xero object.

    Attributes:
        name, plural, topic_part: "invoice", "invoices", "invoices".
        space: "accounting" or "directory".
        model: the schema of a whole record; tests hold every record to it.
        fields: a line per field of the model beyond the common block, and of it `status`,
            `remote_status` and whatever else Xero fills there.
        extensions: provider-only fields that are worth a schema.
        ignored: keys of Xero's that are known and not mapped.
        withheld: the same, of what is nobody's business here: not kept with Xero's own JSON either.
        updated_key, created_key: Xero's stamps, where it has them.
        permanent: Xero never removes one, so one that is not listed was only not read.
        gone_status: `status` of a thing that is no longer listed, where Xero says none itself.
        currency_key: whose minor digits amounts have; None: the organisation's base currency.
        prepare: sets what decoding needs to know of the whole object beforehand.
        derive: fills the derived fields of a record in place.
        timed: the derived fields that move with the calendar, as they are on a day.
        removed_as: "deleted" or "merged" if the record says that the thing is gone.
        facts_of: the business meaning of a change, given both sides.
        placed: where Xero shows a thing below its API, if that is not the endpoint's own place.
        follow: mends a record that an answer has moved, given what was known before.
        told: what a record says about others that nobody else says; None: nothing.
        linked_to: (endpoint path, remote id) of things worth a look when they appear or vanish.
        written: what Xero takes of a record, given what makes its whole write body; raises
            DenormalizeError for what it would refuse.
        operations: what Xero lets one do with such a thing beside reading it, in the order of its
            life.
        required: fields without which Xero makes none.
        sent_along: Xero's keys that a change must repeat, though they stay as they are.
        schema_minor: how often the model gained fields since its schema was first published.
    """

    name: str
    plural: str
    topic_part: str
    space: str
    model: type[BaseModel]
    endpoint: Endpoint
    webhook_category: str | None
    fields: tuple[Entry, ...]
    extensions: tuple[Field, ...] = ()
    ignored: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    updated_key: str | None = "UpdatedDateUTC"
    created_key: str | None = None
    permanent: bool = False
    gone_status: str | None = None
    currency_key: str | None = None
    prepare: Callable[[Mapping[str, Any], Scope], None] | None = None
    link: Callable[[Record, str], str | None] = _no_link
    derive: Callable[[dict[str, Any]], None] = _nothing_derived
    timed: Callable[[Record, date | None], dict[str, Any]] = _not_timed
    timer_of: Callable[[Record], Timer | None] = _no_timer
    removed_as: Callable[[Record], str | None] = _not_removed
    facts_of: Callable[[Record, Record], list[str]] = _no_facts
    placed: Callable[[Record], str] | None = None
    follow: Callable[[Record, dict[str, Any]], None] = _nothing_follows
    linked_to: Callable[[Record], list[tuple[str, str]]] = _not_linked
    told: Callable[[Record], Told] | None = None
    written: Callable[[Record, Callable[[], dict[str, Any]]], dict[str, Any]] = _whole
    operations: tuple[Command, ...] = ()
    required: tuple[str, ...] = ()
    sent_along: tuple[str, ...] = ()
    schema_minor: int = 0
    _shape: Shape = field(init=False)
    _names: tuple[str, ...] = field(init=False)
    _carrying: Mapping[Read, "Carrying"] = field(init=False)
    _timed_names: frozenset[str] = field(init=False)
    _cosmetic_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Compile the table.

        Raises:
            ResourceDefinitionError: the table and the model disagree.
        """
        entries = self._entries()
        own = tuple(name for name in self.model.model_fields if name not in COMMON)
        names = (*COMMON, *own)
        if tuple(self.model.model_fields) != names:
            raise ResourceDefinitionError(f"{self.name}: the model's common block is out of order")
        declared = {entry.name: entry for entry in entries}
        if len(declared) != len(entries) or set(declared) != set(names) - set(STAMPED):
            odd = sorted(set(declared) ^ (set(names) - set(STAMPED))) or "a field twice"
            raise ResourceDefinitionError(f"{self.name}: table and model disagree about {odd}")
        ordered = tuple(declared[name] for name in names if name in declared)
        stamps = tuple(key for key in (self.updated_key, self.created_key) if key)
        known = (*self.ignored, *self.withheld, self.endpoint.id_key, *stamps)
        put = object.__setattr__  # frozen for everybody else
        put(self, "_names", names)
        put(self, "_shape", Shape(self.endpoint.item_key, ordered, ignored=known))
        put(self, "_carrying", {read: Carrying.of(ordered, read) for read in Read})
        put(
            self,
            "_timed_names",
            frozenset(e.name for e in ordered if isinstance(e, Derived) and e.timed),
        )
        put(
            self,
            "_cosmetic_names",
            frozenset(e.name for e in ordered if isinstance(e, Field) and e.cosmetic),
        )

    def __repr__(self) -> str:
        return f"<Resource {self.name}>"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The line of each field, those of the common block first."""
        return self._shape.entries

    @property
    def writable(self) -> tuple[Field, ...]:
        """The fields that go into a write body, by unified name in `entries`."""
        return tuple(each for each in self.entries if isinstance(each, Field) and each.write)

    def operation(self, name: str) -> Command | None:
        """What is called so, such as "approve"; None: Xero does not let one do it."""
        return next((each for each in self.operations if each.name == name), None)

    def removals(self) -> tuple[Command, ...]:
        """The ways in which one can go, each from its own statuses."""
        return tuple(each for each in self.operations if each.ends is not None)

    @property
    def commands(self) -> tuple[Command, ...]:
        """What is reached by a path of its own below a thing."""
        return tuple(each for each in self.operations if each.kind is Kind.COMMAND)

    @property
    def schema_version(self) -> str:
        """The version of its records and events: grows with its model, and with the envelope."""
        return f"{SCHEMA_MAJOR}.{ENVELOPE_MINOR + self.schema_minor}.0"

    def _entries(self) -> tuple[Entry, ...]:
        """The declared fields and those of the common block that are the same everywhere."""
        declared = {entry.name for entry in self.fields}
        common: list[Entry] = [
            Derived(name, volatile=name in _VOLATILE)
            for name in COMMON
            if name not in declared and name not in STAMPED
        ]
        common = [
            Constant("custom_fields", list) if entry.name == "custom_fields" else entry
            for entry in common
            if entry.name != "extensions"
        ]
        if "extensions" in declared:
            return (*common, *self.fields)
        return (*common, extensions_field(self.endpoint.item_key, self.extensions), *self.fields)

    # --- Xero to unified and back

    def normalize(self, raw: Mapping[str, Any], context: TenantContext, read: Read) -> Normalized:
        """Xero's object in unified words.

        Raises:
            NormalizeError: it cannot be read.
        """
        remote_id = self._remote_id(raw)
        scope = self._scope(raw, context)
        try:
            record = self._shape.decode(raw, scope)
            updated_at = self._stamp(raw, self.updated_key)
            created_at = self._stamp(raw, self.created_key)
        except CodecError as error:
            raise NormalizeError(self.name, remote_id, "/".join(error.path), error.reason) from None
        carrying = self._carrying[read]
        key = remote_id if context.parent is None else f"{context.parent.below}{remote_id}"
        record["id"] = record_id(context.tenant_id, self.name, key)
        record["remote_id"] = remote_id
        record["resource"] = self.name
        record["provider"] = PROVIDER
        record["tenant_id"] = context.tenant_id
        record["connection_id"] = context.connection_id
        if context.short_code is not None:
            record["remote_url"] = self.link(record, context.short_code)
        record["created_at"] = None if created_at is None else instant_text(created_at)
        record["updated_at"] = None if updated_at is None else instant_text(updated_at)
        record["completeness"] = carrying.completeness
        carried = carrying.carried(raw, record)
        for name in carrying.thin:
            if name not in carried:
                record[name] = None  # not told is not the same as empty
        self._compute(record, context.business_date)
        return Normalized(
            remote_id=RemoteId(key),
            updated_at=updated_at,
            created_at=created_at,
            record=record,
            completeness=carrying.completeness,
            carried=carried,
            business_date=context.business_date,
            drift=tuple(scope.drift),
        )

    def denormalize(self, record: Record) -> dict[str, Any]:
        """Xero's write body of a record: its writable fields that have a value, and its id.

        Raises:
            DenormalizeError: Xero would refuse or misread it.
        """
        return self.written(record, lambda: self._body(record))

    def change(self, known: Record, wished: Record) -> dict[str, Any]:
        """Xero's write body of what is to be other, with the id; a text that goes is emptied.

        Raises:
            DenormalizeError: Xero would refuse it, or nothing can take that value away.
        """
        body = self.denormalize(wished)
        try:
            was = self._body(known)
        except DenormalizeError:
            was = {}  # what is there already is Xero's own
        kept = {self.endpoint.id_key, *self.sent_along}
        changed = {
            key: value for key, value in body.items() if key in kept or value != was.get(key)
        }
        return {**changed, **emptied(self.writable, known, wished)}

    def _body(self, record: Record) -> dict[str, Any]:
        body = self._shape.encode(record)
        if record.get("remote_id") is not None:
            body = {self.endpoint.id_key: record["remote_id"], **body}
        return body

    # --- one record against another

    def overlay(self, known: Record | None, fresh: Normalized) -> dict[str, Any]:
        """What is known after an answer: what it carried, else what was known.

        Keeps the fields of `STAMPED` of what was known, so an answer with nothing new gives a
        record that differs from it in clocks at most. Time-derived fields are those of
        `fresh.business_date`.
        """
        if known is None:
            return dict(fresh.record)
        if tuple(known) == self._names:  # finished by this version, as nearly all are
            record = dict(known)
            for name in fresh.carried:
                record[name] = fresh.record[name]
        else:
            told = {name: fresh.record[name] for name in fresh.carried}
            whole = {**fresh.record, **known, **told}
            record = {name: whole[name] for name in self._names if name in whole}
        if FULL in (fresh.completeness, known.get("completeness")):
            record["completeness"] = FULL
        self.follow(known, record)
        self._compute(record, fresh.business_date)
        return record

    def at_date(self, record: dict[str, Any], business_date: date) -> dict[str, Any]:
        """The record as it is on a day; the same object if no time-derived field moved."""
        timed = self.timed(record, business_date)
        if all(record.get(name) == value for name, value in timed.items()):
            return record
        return {**record, **timed}

    def next_timer(self, record: Record) -> Timer | None:
        """When the calendar will change this record next; None: it will not."""
        return self.timer_of(record)

    def fingerprint(self, record: Record) -> bytes:
        """A 16-byte digest: equal for records between which nothing happened.

        Leaves out names inside references, the connection, clocks, the sequence and the hash,
        links, balances, and the order of elements that carry ids.
        """
        return fingerprint_of(self._shape.brief(record))

    def content_hash(self, record: Record) -> str:
        """SHA-256, in hexadecimal, of the canonical JSON of what the fingerprint covers."""
        return content_hash_of(self._shape.canon(record))

    def changed_fields(self, before: Record, after: Record) -> list[str]:
        """JSON pointers of what differs, of what the fingerprint covers."""
        # Most fields are as they were, and what is equal need not be made comparable first.
        moved = [name for name in self._names if not is_same(before.get(name), after.get(name))]
        old, new = ({name: side.get(name) for name in moved} for side in (before, after))
        return changed_paths(self._shape.canon(old), self._shape.canon(new))

    def change_class(self, changed: list[str]) -> str:
        """One of derived (only the calendar's fields moved), cosmetic (only trifles), material."""
        roots = {path.split("/", 2)[1] for path in changed}
        if roots and roots <= self._timed_names:
            return "derived"
        if roots and roots <= self._cosmetic_names:
            return "cosmetic"
        return "material"

    def facts(self, before: Record | None, after: Record | None) -> list[str]:
        """What the change means to a bookkeeper; nothing where there is no before or no after."""
        if before is None or after is None:
            return []
        return self.facts_of(before, after)

    def removal(self, record: Record) -> str | None:
        """Why the record counts as removed: "deleted", "merged", "missing"; None: it does not."""
        kind = record.get("deletion_kind")
        return kind if isinstance(kind, str) else None

    def place(self, record: Record) -> str:
        """Where Xero shows the thing, below its API: by itself, or in a list."""
        if self.placed is not None:
            return self.placed(record)
        parts = self.endpoint.parts
        return "/".join((*parts, record["remote_id"]) if self.endpoint.single else parts)

    def linked(self, record: Record) -> list[tuple[str, str]]:
        """(endpoint path, remote id) of things that deserve a look when they come or go."""
        return self.linked_to(record)

    def missing(self, record: Record) -> dict[str, Any]:
        """The record of a thing that Xero no longer lists."""
        gone = {**record, "is_deleted": True, "deletion_kind": "missing"}
        if self.gone_status is not None:
            gone["status"] = self.gone_status
        return gone

    def finish(  # noqa: PLR0913  # the six values that absorbing owns
        self,
        record: Record,
        *,
        first_seen_at: datetime,
        changed_at: datetime,
        verified_at: datetime,
        version: int,
        content_hash: str,
        deleted_at: datetime | None,
    ) -> dict[str, Any]:
        """The whole record, in the model's order, as it is stored and published."""
        whole = dict.fromkeys(self._names)
        whole.update(record)
        whole["first_seen_at"] = instant_text(first_seen_at)
        whole["changed_at"] = instant_text(changed_at)
        whole["verified_at"] = instant_text(verified_at)
        whole["version"] = version
        whole["content_hash"] = content_hash
        whole["deleted_at"] = None if deleted_at is None else instant_text(deleted_at)
        return whole

    # --- inside

    def _compute(self, record: dict[str, Any], business_date: date | None) -> None:
        self.derive(record)
        kind = self.removed_as(record)
        record["deletion_kind"] = kind
        record["is_deleted"] = kind is not None
        if self._timed_names:
            record.update(self.timed(record, business_date))

    def _remote_id(self, raw: Mapping[str, Any]) -> str:
        if raw.__class__ is not dict:
            raise NormalizeError(self.name, None, "", "not an object")
        key = self.endpoint.id_key
        read = read_text if self.endpoint.coded else read_guid
        try:
            remote_id = read(raw.get(key), _NO_SCOPE)
        except CodecError as error:
            raise NormalizeError(self.name, None, key, error.reason) from None
        if remote_id is None:
            raise NormalizeError(self.name, None, key, "missing")
        return remote_id

    def _scope(self, raw: Mapping[str, Any], context: TenantContext) -> Scope:
        base_digits = minor_digits(context.base_currency)
        digits = base_digits
        if self.currency_key is not None:
            currency = raw.get(self.currency_key)
            if isinstance(currency, str) and currency:
                digits = minor_digits(currency)
        scope = Scope(
            context.tenant_id, context.base_currency, digits, base_digits, parent=context.parent
        )
        if self.prepare is not None:
            self.prepare(raw, scope)
        return scope

    @staticmethod
    def _stamp(raw: Mapping[str, Any], key: str | None) -> datetime | None:
        if key is None:
            return None
        try:
            return parse_instant(raw.get(key))
        except CodecError as error:
            raise error.under(key) from None


_NO_SCOPE = Scope("")
