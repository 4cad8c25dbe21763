"""The words in which a resource says where each of its fields comes from, and their compiler.

A table is a tuple of `Field`, `Derived` and `Constant`, one line per unified field. `Shape` turns
it into closures once, at import; decoding a record then walks flat tuples. It stays a table
reader: what cannot be said in a line gets a codec of its own, in code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final

from unified.codecs import TEXT, Codec, CodecError, Drift, Scope, read_text


class Read(StrEnum):
    """Which kind of answer a raw object stood in; kinds differ in what they carry."""

    SINGLE = "single"  #: GET of one thing
    PAGED = "paged"  #: a list asked for with `page`
    UNPAGED = "unpaged"  #: a list asked for without `page`
    STUB = "stub"  #: nested in another object, or the `data` of a webhook event


ALL: Final = frozenset(Read)
LISTS: Final = frozenset({Read.SINGLE, Read.PAGED, Read.UNPAGED})
PAGES: Final = frozenset({Read.SINGLE, Read.PAGED})  #: what an unpaged list leaves out


class ResourceDefinitionError(Exception):
    """A resource file contradicts itself; nothing that imports it can start."""


@dataclass(frozen=True, slots=True)
class Field:
    """One unified field and where Xero keeps it.

    Attributes:
        name: unified name.
        xero: Xero's key; several keys, or none, for a codec that reads the whole object.
        codec: how the value is written.
        reads: the kinds of answer that carry it.
        write: whether it goes into a write body.
        always: Xero sends the key even when there is nothing to say (an empty list, 0.00), so an
            answer without the key does not carry the field, whatever `reads` says.
        volatile: may move without the thing having changed: out of every comparison.
        cosmetic: a change of it alone matters to nobody's books.
    """

    name: str
    xero: str | tuple[str, ...]
    codec: Codec = TEXT
    reads: frozenset[Read] = LISTS
    write: bool = False
    always: bool = False
    volatile: bool = False
    cosmetic: bool = False


@dataclass(frozen=True, slots=True)
class Derived:
    """A field that we compute from others; Xero neither sends nor takes it.

    `timed` ones move with the calendar.
    """

    name: str
    timed: bool = False
    volatile: bool = False
    codec: Codec | None = None  #: only for its `canon`


@dataclass(frozen=True, slots=True)
class Constant:
    """A field of the model that no read of Xero's fills: null, or what `make` builds."""

    name: str
    make: Callable[[], Any] | None = None


Entry = Field | Derived | Constant


class Shape:
    """A compiled table: decodes, encodes and canonizes one kind of object."""

    def __init__(
        self,
        path: str,
        entries: Sequence[Entry],
        *,
        ignored: Sequence[str] = (),
        partial: bool = False,
    ) -> None:
        """Compile a table.

        `path` names the object in drift; `ignored` are keys known and not mapped; a `partial`
        table covers some keys of an object that another table covers too.
        """
        self.path = path
        self.entries = tuple(entries)
        self.names = tuple(entry.name for entry in entries)
        if len(set(self.names)) != len(self.names):
            raise ResourceDefinitionError(f"{path}: a field is declared twice")
        mapped = [entry for entry in entries if isinstance(entry, Field)]
        self._mapped = tuple(mapped)
        self._decode = _compiled(path, self.entries)
        self._writers = tuple(
            (entry.name, entry.xero, _encoder(path, entry)) for entry in mapped if entry.write
        )
        self.keys = tuple(key for entry in mapped for key in keys_of(entry))
        self.writes = bool(self._writers)
        self._known = frozenset((*self.keys, *ignored))
        self._partial = partial
        self._canon = canonizer(entries)
        self._brief = _abbreviator(entries)

    def decode(self, raw: Any, scope: Scope) -> dict[str, Any]:
        """Xero's object as ours, with every field of the table in its order.

        Raises:
            CodecError: a value cannot be read.
        """
        if raw.__class__ is not dict:
            raise CodecError("not an object")
        if not self._partial and not self._known.issuperset(raw):
            self._note_unknown(raw, scope)
        try:
            return self._decode(raw, scope)
        except CodecError as error:
            raise self._located(raw, scope, error) from None

    def _located(self, raw: dict[str, Any], scope: Scope, error: CodecError) -> CodecError:
        """The same error with the key under which it happened.

        Decoding doesn't keep track of keys, since nearly all objects are sound: the field that
        failed is found by asking each again.
        """
        for entry in self._mapped:
            try:
                if isinstance(entry.xero, str):
                    entry.codec.decode(raw.get(entry.xero), scope)
                else:
                    entry.codec.decode(raw, scope)
            except CodecError as again:
                # A codec that reads several keys may have said itself which one it was.
                several = isinstance(entry.xero, tuple)
                return again if several and again.path else again.under("|".join(keys_of(entry)))
        return error

    def encode(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The write body of a record: its writable fields that have a value."""
        body: dict[str, Any] = {}
        for name, keys, encode in self._writers:
            value = record.get(name)
            if value is None:
                continue
            written = encode(value, record)
            if written is None:
                continue
            if isinstance(keys, str):
                body[keys] = written
            else:
                body.update(written)
        return body

    def canon(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """What counts when two records are compared."""
        return self._canon(record)

    def brief(self, record: Mapping[str, Any]) -> list[Any]:
        """The values of `canon` without their keys, for digests of our own."""
        return self._brief(record)

    def _note_unknown(self, raw: Mapping[str, Any], scope: Scope) -> None:
        for key in sorted(raw.keys() - self._known):
            scope.drift.append(Drift("field", f"{self.path}.{key[:64]}"))


def canonizer(entries: Sequence[Entry]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function that keeps what counts of a record: no volatile field, no name in a reference."""
    plain = tuple(e.name for e in entries if not _volatile(e) and _canon_of(e) is None)
    special = tuple(
        (entry.name, canon)
        for entry in entries
        if not _volatile(entry) and (canon := _canon_of(entry)) is not None
    )

    def canon_record(record: Mapping[str, Any]) -> dict[str, Any]:
        get = record.get
        kept = {name: get(name) for name in plain}
        for name, canon in special:
            value = get(name)
            kept[name] = None if value is None else canon(value)
        return kept

    return canon_record


def _abbreviator(entries: Sequence[Entry]) -> Callable[[Mapping[str, Any]], list[Any]]:
    counted = [entry for entry in entries if not _volatile(entry)]
    plain = tuple(entry.name for entry in counted if _canon_of(entry) is None)
    special = tuple(
        (entry.name, brief) for entry in counted if (brief := _brief_of(entry)) is not None
    )
    pick: Callable[[Mapping[str, Any]], Any] = itemgetter(*plain) if plain else _no_values
    blank = dict.fromkeys(plain)

    def abbreviate(record: Mapping[str, Any]) -> list[Any]:
        try:
            brief = [pick(record)]
        except KeyError:  # a record of an older version lacks newer fields
            brief = [pick({**blank, **record})]
        for name, shorten in special:
            value = record.get(name)
            brief.append(None if value is None else shorten(value))
        return brief

    return abbreviate


def _compiled(path: str, entries: Sequence[Entry]) -> Callable[[Any, Scope], dict[str, Any]]:
    """One function that builds the whole object of a table, as one would write it by hand.

    A loop over the table costs twice as much, and normalizing is what our processor time goes to.
    """
    names: dict[str, Any] = {}
    parts = []
    for number, entry in enumerate(entries):
        if not entry.name.isidentifier():
            raise ResourceDefinitionError(f"{path}: {entry.name!r} is no name for a field")
        value = "None"
        if isinstance(entry, Constant) and entry.make is not None:
            names[f"make_{number}"] = entry.make
            value = f"make_{number}()"
        elif isinstance(entry, Field):
            names[f"read_{number}"] = entry.codec.decode
            value = _expression(entry, f"read_{number}")
        parts.append(f"{entry.name!r}: {value}")
    source = f"def decode(raw, scope):\n    get = raw.get\n    return {{{', '.join(parts)}}}\n"
    exec(compile(source, f"<table of {path}>", "exec"), names)  # noqa: S102  # made of our own table
    decode: Callable[[Any, Scope], dict[str, Any]] = names["decode"]
    return decode


def _expression(entry: Field, reader: str) -> str:
    if isinstance(entry.xero, tuple):
        return f"{reader}(raw, scope)"
    if not _is_optional(entry.codec.decode):
        return f"{reader}(get({entry.xero!r}), scope)"
    # Most keys are absent from most objects: codecs that make null of nothing aren't asked.
    absent = f"None if (v := get({entry.xero!r})) is None else"
    if entry.codec.decode is read_text:  # and texts go by without a call
        return f"{absent} (v if v and v.__class__ is str else {reader}(v, scope))"
    return f"{absent} {reader}(v, scope)"


def _is_optional(decode: Callable[[Any, Scope], Any]) -> bool:
    """Whether a codec makes null of an absent key; asked once, at import."""
    try:
        return decode(None, Scope("", "XXX")) is None
    except CodecError:
        return False


def keys_of(entry: Field) -> tuple[str, ...]:
    """Xero's keys that a field reads."""
    return (entry.xero,) if isinstance(entry.xero, str) else entry.xero


def _canon_of(entry: Entry) -> Callable[[Any], Any] | None:
    if isinstance(entry, Constant) or entry.codec is None:
        return None
    return entry.codec.canon


def _brief_of(entry: Entry) -> Callable[[Any], Any] | None:
    if isinstance(entry, Constant) or entry.codec is None:
        return None
    return entry.codec.brief or entry.codec.canon


def _no_values(_record: Mapping[str, Any]) -> tuple[()]:
    return ()


def _volatile(entry: Entry) -> bool:
    return not isinstance(entry, Constant) and entry.volatile


def _encoder(path: str, entry: Field) -> Callable[[Any, Mapping[str, Any]], Any]:
    if entry.codec.encode is None:
        raise ResourceDefinitionError(f"{path}.{entry.name}: writable, but its codec cannot encode")
    return entry.codec.encode


def one(shape: Shape) -> Codec:
    """A nested object, or null."""
    return Codec(
        lambda value, scope: None if not value else shape.decode(value, scope),
        lambda value, _record: shape.encode(value),
        shape.canon,
        shape.brief,
    )


def many(shape: Shape, *, keyed: bool = False) -> Codec:
    """A list of nested objects; `keyed` ones carry an `id`, and their order does not count."""

    def decode(value: Any, scope: Scope) -> list[dict[str, Any]]:
        return decode_list(value, scope, shape.decode)

    def canon(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [shape.canon(item) for item in value]
        return sorted(kept, key=by_id) if keyed else kept

    def brief(value: list[dict[str, Any]]) -> list[Any]:
        items = sorted(value, key=by_id) if keyed else value
        return [shape.brief(item) for item in items]

    def encode(value: list[dict[str, Any]], _record: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [shape.encode(item) for item in value]

    return Codec(decode, encode, canon, brief)


def by_id(item: Mapping[str, Any]) -> str:
    """Sort key of elements that carry an id; those without one keep their order, first."""
    return item.get("id") or ""


def decode_list(value: Any, scope: Scope, decode: Callable[[Any, Scope], Any]) -> list[Any]:
    """Decode every element; no list is an empty one.

    Raises:
        CodecError: not a list, or an element cannot be read; its path begins with the index.
    """
    if not value:
        return []
    if not isinstance(value, list):
        raise CodecError("not a list")
    decoded = []
    for index, item in enumerate(value):
        try:
            decoded.append(decode(item, scope))
        except CodecError as error:
            raise error.under(str(index)) from None
    return decoded
