"""Which fields of a record an answer really tells: thin answers must never erase.

Each field declares the kinds of read that carry it; here that becomes, for one kind of read, a set
that is nearly always the same. What is done with it stands in `resource` (overlay).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unified.codecs import Codec
from unified.entries import LISTS, PAGES, Entry, Field, Read, keys_of
from unified.shape import Shape
from unified.vocabulary import FULL, SUMMARY

IDENTITY = frozenset({"id", "remote_id", "resource", "provider", "tenant_id", "connection_id"})


@dataclass(frozen=True, slots=True)
class Carrying:
    """Which fields one kind of read carries."""

    declared: frozenset[str]
    always: tuple[tuple[str, str], ...]  #: (field, key): not carried if the key is absent
    always_keys: frozenset[str]  #: the keys of `always`
    shown: tuple[tuple[str, str], ...]  #: (field, key): not declared, believed if it has a value
    thin: tuple[str, ...]  #: fields that this kind of read leaves out
    from_context: tuple[str, ...]  #: not carried while they are unknown
    completeness: str
    #: (field, keys), of an answer of which nobody says what it holds: carried by any of its keys.
    by_keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: What is carried when nothing is silent, by which of `from_context` are known: few tuples.
    usual: dict[tuple[bool, ...], frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: tuple[Entry, ...], read: Read) -> "Carrying":
        mapped = [entry for entry in entries if isinstance(entry, Field)]
        if read is Read.WRITE:
            return cls._of_write(mapped)
        declared = [entry for entry in mapped if read in entry.reads]
        rest = [entry for entry in mapped if read not in entry.reads]
        # A stub names what it likes, and repeats defaults that mean nothing; an unpaged list only
        # leaves things out, so what it does show is true.
        certain = [entry for entry in declared if entry.always or read is Read.STUB]
        shown = rest if read is Read.UNPAGED else []
        return cls(
            declared=IDENTITY | {entry.name for entry in declared},
            always=tuple((entry.name, key) for entry in certain for key in keys_of(entry)),
            always_keys=frozenset(key for entry in certain for key in keys_of(entry)),
            shown=tuple((e.name, e.xero) for e in shown if isinstance(e.xero, str)),
            thin=tuple(entry.name for entry in rest if entry.name != "extensions"),
            from_context=(
                "remote_url",
                "created_at",
                "updated_at",
                *(entry.name for entry in declared if not keys_of(entry)),
            ),
            completeness=SUMMARY if rest else FULL,
        )

    @classmethod
    def _of_write(cls, mapped: list[Field]) -> "Carrying":
        """What a write is answered with: Xero promises no more than the thing, so a key that is
        not there says nothing. A thing just made is known by nothing else, and is whole."""
        keyed = [entry for entry in mapped if keys_of(entry)]
        return cls(
            declared=IDENTITY,
            always=(),
            always_keys=frozenset(),
            shown=(),
            thin=(),
            from_context=(
                "remote_url",
                "created_at",
                "updated_at",
                *(entry.name for entry in mapped if not keys_of(entry)),
            ),
            completeness=FULL,
            by_keys=tuple((entry.name, keys_of(entry)) for entry in keyed),
        )

    def carried(self, raw: Mapping[str, Any], record: Mapping[str, Any]) -> frozenset[str]:
        """The fields that this object tells."""
        if self.by_keys:
            known = {name for name in self.from_context if record[name] is not None}
            shown = {name for name, keys in self.by_keys if any(key in raw for key in keys)}
            return IDENTITY | known | shown
        told = tuple([record[name] is not None for name in self.from_context])
        usual = self.usual.get(told)
        if usual is None:
            known = {n for n, is_told in zip(self.from_context, told, strict=True) if is_told}
            usual = (self.declared - set(self.from_context)) | known
            self.usual[told] = usual
        if raw.keys() >= self.always_keys and not self.shown:
            return usual  # as nearly all answers are
        silent = [name for name, key in self.always if key not in raw]
        more = [name for name, key in self.shown if raw.get(key)]
        return usual.difference(silent).union(more)


def extensions_field(item_key: str, fields: tuple[Field, ...]) -> Field:
    """The field `extensions`: {"xero": {…}}, or an empty object where there is no field."""
    shape = Shape(item_key, fields, partial=True)
    if not fields:
        return Field("extensions", (), Codec(lambda _raw, _scope: {}), reads=frozenset(Read))
    codec = Codec(
        lambda raw, scope: {"xero": shape.decode(raw, scope)},
        lambda value, _record: shape.encode(value.get("xero") or {}),
        inside=shape.entries,
    )
    reads = PAGES if any(entry.reads != LISTS for entry in fields) else LISTS
    return Field("extensions", shape.keys, codec, reads=reads, write=shape.writes)
