"""A table of fields, compiled: it decodes, encodes and canonizes one kind of object.

`Shape` stays a table reader: what cannot be said in a line of its table gets a codec of its own,
in code. The words of a table come from `entries`, and can be had from here.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from unified.codecs import Codec, CodecError, Drift, Scope
from unified.compiling import abbreviator, canonizer, decoder
from unified.entries import (
    ALL,
    LISTS,
    PAGES,
    Constant,
    Derived,
    Entry,
    Field,
    Read,
    ResourceDefinitionError,
    keys_of,
)

__all__ = [
    "ALL",
    "LISTS",
    "PAGES",
    "Constant",
    "Derived",
    "Entry",
    "Field",
    "Read",
    "ResourceDefinitionError",
    "Shape",
    "decode_list",
    "keys_of",
    "many",
    "one",
    "sorted_by_id",
]


class Shape:
    """A compiled table: decodes, encodes and canonizes one kind of object.

    Attributes:
        decode: Xero's object as ours, with every field of the table in its order; CodecError if a
            value cannot be read.
        canon: what counts of a record when two are compared.
        brief: the values of `canon` without their keys, for digests of our own.
    """

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
        self.entries = tuple(entries)
        self.names = tuple(entry.name for entry in entries)
        if len(set(self.names)) != len(self.names):
            raise ResourceDefinitionError(f"{path}: a field is declared twice")
        self._mapped = tuple(entry for entry in entries if isinstance(entry, Field))
        self._writers = tuple(
            (entry.name, entry.xero, _encoder(path, entry)) for entry in self._mapped if entry.write
        )
        self.keys = tuple(key for entry in self._mapped for key in keys_of(entry))
        self.writes = bool(self._writers)
        known = frozenset((*self.keys, *ignored))

        def note_unknown(raw: Mapping[str, Any], scope: Scope) -> None:
            for key in sorted(raw.keys() - known):
                scope.drift.append(Drift("field", f"{path}.{key[:64]}"))

        self.decode = decoder(
            path,
            self.entries,
            unknown=None if partial else (known, note_unknown),
            locate=self._located,
        )
        self.canon = canonizer(path, self.entries)
        self.brief = abbreviator(path, self.entries)

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


def one(shape: Shape) -> Codec:
    """A nested object, or null."""
    return Codec(
        lambda value, scope: None if not value else shape.decode(value, scope),
        lambda value, _record: shape.encode(value),
        shape.canon,
        shape.brief,
        shape.entries,
    )


def many(shape: Shape, *, keyed: bool = False) -> Codec:
    """A list of nested objects; `keyed` ones carry an `id`, and their order does not count."""
    decode_one, canon_one, brief_one = shape.decode, shape.canon, shape.brief

    def decode(value: Any, scope: Scope) -> list[dict[str, Any]]:
        return decode_list(value, scope, decode_one)

    def canon(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [canon_one(item) for item in value]
        return sorted_by_id(kept) if keyed else kept

    def brief(value: list[dict[str, Any]]) -> list[Any]:
        items = sorted_by_id(value) if keyed else value
        return [brief_one(item) for item in items]

    def encode(value: list[dict[str, Any]], _record: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [shape.encode(item) for item in value]

    return Codec(decode, encode, canon, brief, shape.entries)


_ID: Final = itemgetter("id")


def sorted_by_id(items: list[Any]) -> list[Any]:
    """Elements in the order of their ids; those without one keep their order, first."""
    if len(items) < 2:
        return items
    try:
        return sorted(items, key=_ID)
    except (KeyError, TypeError):  # one of them has none
        return sorted(items, key=lambda item: item.get("id") or "")


def decode_list(value: Any, scope: Scope, decode: Callable[[Any, Scope], Any]) -> list[Any]:
    """Decode every element; no list is an empty one.

    Raises:
        CodecError: not a list, or an element cannot be read; its path begins with the index.
    """
    if not value:
        return []
    if not isinstance(value, list):
        raise CodecError("not a list")
    decoded: list[Any] = []
    try:
        for item in value:
            decoded.append(decode(item, scope))  # noqa: PERF401  # its length says which one failed
    except CodecError as error:
        raise error.under(str(len(decoded))) from None
    return decoded


def _encoder(path: str, entry: Field) -> Callable[[Any, Mapping[str, Any]], Any]:
    if entry.codec.encode is None:
        raise ResourceDefinitionError(f"{path}.{entry.name}: writable, but its codec cannot encode")
    return entry.codec.encode
